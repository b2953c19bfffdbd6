"""How a dataset is used: snippets for programs, and a box for SQL that shows the price first."""

from __future__ import annotations

import json
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response

from catalog.result import ResultFormat
from exchange.allow import Ask
from exchange.deliver import deliver_query, estimate
from exchange.delivery import (
    OPEN_DELIVERIES_PER_DAY,
    PAGE_ROWS_MAX,
    QUERY_ROWS_MAX,
    Delivered,
    Estimate,
    SqlQuestion,
)
from policies.errors import Refusal
from portal.handing_out import parts_of
from portal.pages.dataset.frame import DatasetFrame
from portal.pages.dataset.look import look_of
from portal.pages.dataset.reader import Look, refused_words
from portal.pages.dataset.rows import read_rows, table_of
from portal.pages.drawing.table import DataTable
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import actor_of, begin_form, keep_form
from portal.wiring import wiring_of

router = APIRouter()

RESULT_ROWS_SHOWN: Final = 200
RESULT_BYTES_SHOWN: Final = 4 << 20

Text = Annotated[str, Form()]


@router.get("/dataset/{slug}/use")
def show_use(request: Request, slug: str) -> Response:
    """How programs read it, and a box for SQL."""
    look, frame, _ = look_of(request, slug)
    return _use_page(request, look, frame, sql=_first_sql(look))


@router.post("/dataset/{slug}/use")
def ask_in_sql(
    request: Request, slug: str, sql: Text = "", step: Text = "price", key: Text = ""
) -> Response:
    """Tell what a statement costs at most, then run it; sent twice under one key it runs once."""
    look, frame, say = look_of(request, slug)
    question = SqlQuestion(sql, ResultFormat.JSON)
    parts = parts_of(wiring_of(request))
    actor = actor_of(request)
    try:
        if step == "run":
            given = key if _is_uuid(key) else str(uuid4())
            delivered = deliver_query(parts, question, Ask(actor, idempotency_key=given))
            return _use_page(request, look, frame, sql=sql, delivered=delivered)
        told = estimate(parts, question, (), Ask(actor))
    except Refusal as refusal:
        words = {"sql": say.refusal(refusal)}
        return _use_page(request, look, frame, sql=sql, errors=words, status=status_of(refusal))
    return _use_page(request, look, frame, sql=sql, told=told)


def _use_page(
    request: Request,
    look: Look,
    frame: DatasetFrame,
    *,
    sql: str,
    errors: dict[str, str] | None = None,
    told: Estimate | None = None,
    delivered: Delivered | None = None,
    status: int = 200,
) -> Response:
    begin_form(request)
    say = speech_of(request)
    response = render(
        request,
        "dataset/use.html",
        status=status,
        dataset=frame,
        table_name=_table_name(look),
        snippets=_snippets(request, look, say),
        endpoints=_endpoints(request, look, say),
        sql=sql,
        key=str(uuid4()),
        estimate={"cost": told.ceiling, "rows": told.rows_at_most} if told else None,
        result=_result_table(delivered, say) if delivered else None,
        cost=delivered.charge if delivered else None,
        receipt_href=f"/receipt/{delivered.receipt_id}" if delivered else None,
        errors=errors or {},
        may_query=look.may_download,
        refused=refused_words(look.download, say),
        limits=[
            (say.gettext("Rows an answer"), say.number(QUERY_ROWS_MAX)),
            (say.gettext("Rows a page"), say.number(PAGE_ROWS_MAX)),
            (say.gettext("Open deliveries a day"), say.number(OPEN_DELIVERIES_PER_DAY)),
        ],
    )
    keep_form(request, response)
    return response


def _result_table(delivered: Delivered, say: Speech) -> DataTable | None:
    """The answer as a table; None where it is too large to show here."""
    if delivered.size_bytes > RESULT_BYTES_SHOWN:
        return None
    rows = read_rows(delivered.path.read_bytes(), rows_max=RESULT_ROWS_SHOWN)
    return table_of(
        rows,
        caption=say.gettext(
            "{shown} of {total} rows",
            shown=say.number(len(rows.cells)),
            total=say.number(delivered.row_count),
        ),
        types={},
        pictures={},
        query=None,
        say=say,
    )


def _table_name(look: Look) -> str:
    return look.overview.dataset.slug.replace("-", "_")


def _first_sql(look: Look) -> str:
    columns = look.shown_columns
    if not columns:
        return f"SELECT count(*) FROM {_table_name(look)}"  # noqa: S608  shown only
    name = columns[-1].name.replace('"', '""')
    return (
        f'SELECT "{name}", count(*) AS rows\n  FROM {_table_name(look)}\n'  # noqa: S608  shown only
        " GROUP BY 1\n ORDER BY rows DESC\n LIMIT 10"
    )


def _snippets(request: Request, look: Look, say: Speech) -> list[dict[str, str]]:
    site = wiring_of(request).settings.site_url
    slug, sql = look.overview.dataset.slug, " ".join(_first_sql(look).split())
    is_public = look.download is not None and look.download.is_public and look.may_download
    header = "" if is_public else " -H 'Authorization: Bearer TOKEN'"
    python_header = "" if is_public else ', headers={"Authorization": "Bearer TOKEN"}'
    body = json.dumps({"sql": sql}, ensure_ascii=False).replace("'", "'\\''")
    return [
        {
            "id": "snippet-curl",
            "label": say.gettext("curl: a page of rows"),
            "text": f"curl{header} '{site}/api/v1/datasets/{slug}/rows?limit=100'",
        },
        {
            "id": "snippet-curl-sql",
            "label": say.gettext("curl: SQL"),
            "text": f"curl{header} -H 'Content-Type: application/json' \\\n"
            f"  -d '{body}' \\\n  {site}/api/v1/query",
        },
        {
            "id": "snippet-python",
            "label": "Python",
            "text": "import requests\n\n"
            f'answer = requests.get("{site}/api/v1/datasets/{slug}/rows",\n'
            f'                      params={{"limit": 100}}{python_header})\n'
            'rows = answer.json()["rows"]',
        },
    ]


def _endpoints(request: Request, look: Look, say: Speech) -> list[dict[str, str]]:
    site, slug = wiring_of(request).settings.site_url, look.overview.dataset.slug
    return [
        {
            "label": say.gettext("Pages of rows"),
            "url": f"{site}/api/v1/datasets/{slug}/rows",
            "note": say.gettext("Filtered and sorted, as JSON"),
        },
        {
            "label": "SQL",
            "url": f"{site}/api/v1/query",
            "note": say.gettext("POST; the price first at /estimate"),
        },
        {
            "label": say.gettext("Files"),
            "url": f"{site}/api/v1/datasets/{slug}/download.parquet",
            "note": "CSV, Parquet, JSON",
        },
    ]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
