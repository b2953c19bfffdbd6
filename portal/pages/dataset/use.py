"""How a dataset is used: snippets for programs, and a box for SQL that shows the price first."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response

from catalog.confine import QUERIES_AT_ONCE, QueryBounds
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
from exchange.own_queries import keep_query, own_queries
from exchange.own_query import OwnQuery
from exchange.statement import STATEMENT_BYTES_MAX
from policies.errors import Refusal
from portal.gone import while_there
from portal.handing_out import parts_of
from portal.pages.dataset.frame import DatasetFrame
from portal.pages.dataset.look import ChosenDistribution, KeptDistribution, look_of
from portal.pages.dataset.reader import Look, refused_words
from portal.pages.dataset.rows import (
    RowsQuery,
    condition_words,
    read_columns,
    read_filters,
    read_rows,
    read_sort,
    table_of,
)
from portal.pages.dataset.snippets import Source, snippets, sql_of
from portal.pages.drawing.table import DataTable
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import actor_of, begin_form, keep_form
from portal.wiring import wiring_of

router = APIRouter()

RESULT_ROWS_SHOWN: Final = 200
HISTORY_SHOWN: Final = 10
FILTERS_LENGTH_CHARACTERS: Final = 20_000
RESULT_BYTES_SHOWN: Final = 4 << 20

Text = Annotated[str, Form()]


@router.get("/dataset/{slug}/use")
def show_use(
    request: Request,
    slug: str,
    filters: Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)] = "",
    sort: str = "",
    columns: Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)] = "",
    again: UUID | None = None,
    distribution: ChosenDistribution = "",
) -> Response:
    """How programs read the view of the address, and a box for SQL."""
    look, frame, _ = look_of(request, slug, distribution)
    view = RowsQuery(
        f"{frame.href}/use",
        read_filters(filters),
        read_sort(sort),
        columns=read_columns(columns),
        distribution=look.place,
    )
    sql = sql_of(_table_name(look), view, look.shown_columns) if view.pairs() else _first_sql(look)
    earlier = next((one for one in _own_queries(request) if one.id == again), None)
    return _use_page(request, look, frame, view, sql=earlier.statement if earlier else sql)


@router.post("/dataset/{slug}/use")
async def ask_in_sql(
    request: Request,
    slug: str,
    sql: Text = "",
    step: Text = "price",
    key: Text = "",
    filters: Text = "",
    sort: Text = "",
    columns: Text = "",
    distribution: KeptDistribution = "",
) -> Response:
    """Tell what a statement costs at most, then run it; sent twice under one key it runs once."""
    kept = (filters, sort, columns, distribution)
    return await while_there(
        request, lambda gone: _answer(request, slug, sql, step, key, kept, gone)
    )


def _answer(
    request: Request,
    slug: str,
    sql: str,
    step: str,
    key: str,
    kept: tuple[str, str, str, str],
    gone: threading.Event,
) -> Response:
    filters, sort, columns, distribution = kept
    look, frame, say = look_of(request, slug, distribution)
    view = RowsQuery(
        f"{frame.href}/use",
        read_filters(filters),
        read_sort(sort),
        columns=read_columns(columns),
        distribution=look.place,
    )
    question = SqlQuestion(sql, ResultFormat.JSON)
    parts = parts_of(wiring_of(request))
    actor = actor_of(request)
    try:
        if step == "run":
            given = key if _is_uuid(key) else str(uuid4())
            ask = Ask(actor, idempotency_key=given, cancelled=gone)
            delivered = deliver_query(parts, question, ask)
            with wiring_of(request).pool.connection() as tx:
                keep_query(tx, sql, delivered.receipt_id, by=actor, at=wiring_of(request).now())
            return _use_page(request, look, frame, view, sql=sql, delivered=delivered)
        told = estimate(parts, question, (), Ask(actor))
    except Refusal as refusal:
        words = {"sql": say.refusal(refusal)}
        return _use_page(
            request, look, frame, view, sql=sql, errors=words, status=status_of(refusal)
        )
    return _use_page(request, look, frame, view, sql=sql, told=told)


def _use_page(
    request: Request,
    look: Look,
    frame: DatasetFrame,
    view: RowsQuery,
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
        snippets=snippets(_source(request, look), view, look.shown_columns),
        endpoints=_endpoints(request, look, view, say),
        chips=[condition_words(one, say) for one in view.filters],
        kept=dict(view.pairs()),
        view_href=replace(view, path=f"{frame.href}/data").href(),
        history=[
            {
                "sql": one.statement,
                "at": one.asked_at,
                "rows": one.row_count,
                "cost": one.charge,
                "receipt_href": f"/receipt/{one.receipt_id}",
                "again_href": f"{frame.href}/use?again={one.id}#query",
            }
            for one in _own_queries(request)[:HISTORY_SHOWN]
        ],
        sql=sql,
        key=str(uuid4()),
        estimate={"cost": told.ceiling, "rows": told.rows_at_most} if told else None,
        result=_result_table(delivered, say) if delivered else None,
        cost=delivered.charge if delivered else None,
        receipt_href=f"/receipt/{delivered.receipt_id}" if delivered else None,
        errors=errors or {},
        may_query=look.may_query,
        refused=refused_words(look.query, say),
        limits=[
            (say.gettext("Rows an answer"), say.number(QUERY_ROWS_MAX)),
            (
                say.gettext("Time a statement"),
                say.ngettext(
                    "{count} second", "{count} seconds", wiring_of(request).settings.query_s
                ),
            ),
            (say.gettext("Memory a statement"), say.bytes(QueryBounds().memory_bytes)),
            (say.gettext("Size of an answer"), say.bytes(QueryBounds().size_bytes_max)),
            (say.gettext("Length of a statement"), say.bytes(STATEMENT_BYTES_MAX)),
            (say.gettext("Statements at once"), say.number(QUERIES_AT_ONCE)),
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
    return look.table.replace("-", "_")


def _first_sql(look: Look) -> str:
    columns = look.shown_columns
    if not columns:
        return f"SELECT count(*) FROM {_table_name(look)}"  # noqa: S608  shown only
    name = columns[-1].name.replace('"', '""')
    return (
        f'SELECT "{name}", count(*) AS rows\n  FROM {_table_name(look)}\n'  # noqa: S608  shown only
        " GROUP BY 1\n ORDER BY rows DESC\n LIMIT 10"
    )


def _source(request: Request, look: Look) -> Source:
    return Source(
        site=wiring_of(request).settings.site_url,
        slug=look.overview.dataset.slug,
        table=_table_name(look),
        distribution_id=str(look.distribution.distribution.id) if look.distribution else "",
        is_public=look.download is not None and look.download.is_public and look.may_download,
    )


def _own_queries(request: Request) -> list[OwnQuery]:
    with wiring_of(request).pool.connection() as tx:
        return own_queries(tx, by=actor_of(request))


def _endpoints(
    request: Request, look: Look, view: RowsQuery, say: Speech
) -> list[dict[str, str | None]]:
    site, slug = wiring_of(request).settings.site_url, look.overview.dataset.slug
    place = f"/api/v1/datasets/{slug}"
    # A link must not cost: it is there only where reading is free.
    is_free = look.may_download and not look.is_charged
    page = replace(view, path=f"{place}/rows").href()
    return [
        {
            "label": say.gettext("Pages of rows"),
            "url": site + page,
            "note": say.gettext("Filtered and sorted; JSON, or another form by “format”"),
            "try_href": page if is_free else None,
        },
        {
            "label": "SQL",
            "url": f"{site}/api/v1/query",
            "note": say.gettext("POST; the price first at /estimate"),
            "try_href": None,
        },
        {
            "label": say.gettext("Files"),
            "url": site + replace(view, path=f"{place}/download.parquet").href(),
            "note": "CSV, TSV, JSON, NDJSON, Parquet, Arrow, XLSX",
            "try_href": None,
        },
        {
            "label": "CKAN DataStore",
            "url": f"{site}/api/3/action/datastore_search",
            "note": say.gettext("For programs that know CKAN"),
            "try_href": None,
        },
    ]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
