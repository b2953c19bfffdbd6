"""The pages of one dataset: overview, rows, columns, quality, versions, lineage, use."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.result import ResultFormat
from catalog.version import Column, Version
from catalog.view import Condition, Operator
from exchange import trace
from exchange.deliver import Ask, deliver_page, deliver_query, estimate
from exchange.delivery import (
    OPEN_DELIVERIES_PER_DAY,
    PAGE_ROWS_MAX,
    QUERY_ROWS_MAX,
    Delivered,
    Estimate,
    PageQuestion,
    SqlQuestion,
)
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import Refusal
from portal.handing_out import parts_of
from portal.pages import dataset_frame, dataset_quality
from portal.pages.dataset_cards import quality_state
from portal.pages.dataset_frame import DatasetFrame, Look, frame_of, look_at
from portal.pages.dataset_lineage import drawable
from portal.pages.dataset_rows import (
    Rows,
    RowsQuery,
    condition_words,
    filters_text,
    operator_choices,
    picture_of,
    pictures_of,
    read_filters,
    read_objects,
    read_rows,
    read_sort,
    table_of,
    type_words,
)
from portal.pages.histogram import sparkline
from portal.pages.lineage_layout import lay_out
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.table import DataTable
from portal.problems import status_of
from portal.sign_in import actor_of, begin_form, keep_form
from portal.wiring import wiring_of
from quality.errors import NotAssessed
from quality.profile import Profile
from quality.reports import reports_with_ids
from quality.rules import read_profile

router = APIRouter()

PREVIEW_ROWS: Final = 14
PAGE_ROWS: Final = 100
RESULT_ROWS_SHOWN: Final = 200
RESULT_BYTES_SHOWN: Final = 4 << 20
LINEAGE_DEPTH: Final = 5
FILTERS_LENGTH_CHARACTERS: Final = 20_000
SPARK_WIDTH, SPARK_HEIGHT = 120, 32

_SEE_OTHER: Final = 303
Text = Annotated[str, Form()]


@router.get("/dataset/{slug}")
def show_overview(request: Request, slug: str) -> Response:
    """What it is, its first rows where the reader may see them, and where the rest is."""
    look, frame, say = _look(request, slug)
    preview, reason = _preview(request, look, say)
    version, dataset = look.version, look.overview.dataset
    return render(
        request,
        "dataset/overview.html",
        dataset=frame,
        facts=_facts(look, say),
        preview=preview,
        preview_reason=reason,
        data_href=f"{frame.href}/data",
        downloads=_downloads(look, say),
        related=[
            (say.text(one.entry.title), f"/dataset/{one.slug}") for one in look.overview.inputs
        ],
        citation=_citation(request, look, say) if version else dataset.slug,
    )


@router.get("/dataset/{slug}/data")
def show_data(
    request: Request,
    slug: str,
    filters: Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)] = "",
    sort: str = "",
    cursor: str | None = None,
    first: Annotated[int, Query(ge=1)] = 1,
    column: str = "",
    operator: Operator | None = None,
    value: str = "",
) -> Response:
    """All rows, a page at a time; what is paid for is read only when the reader says so."""
    look, frame, _ = _look(request, slug)
    query = RowsQuery(f"{frame.href}/data", read_filters(filters), read_sort(sort), cursor, first)
    if column and operator is not None:
        has_value = operator not in (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
        added = Condition(column, operator, value if has_value else None)
        return RedirectResponse(query.href(filters=[*query.filters, added]), _SEE_OTHER)
    if look.is_charged and look.may_download:
        return _data_page(request, look, frame, query, rows=None)
    return _rows_or_refusal(request, look, frame, query)


@router.post("/dataset/{slug}/data")
def buy_data(
    request: Request, slug: str, filters: Text = "", sort: Text = "", cursor: Text = ""
) -> Response:
    """Read a page that costs credits, after its price was shown."""
    look, frame, _ = _look(request, slug)
    query = RowsQuery(
        f"{frame.href}/data", read_filters(filters), read_sort(sort), cursor or None
    )
    return _rows_or_refusal(request, look, frame, query)


@router.get("/dataset/{slug}/columns")
def show_columns(request: Request, slug: str) -> Response:
    """Every column that the reader may know of, with what it holds where they may see values."""
    look, frame, say = _look(request, slug)
    with wiring_of(request).pool.connection() as tx:
        profile = _profile(tx, look)
    profiles = {one.name: one for one in profile.columns} if profile else {}
    masked = frozenset(look.preview.view.masks) if look.preview else frozenset()
    rows = profile.row_count if profile else 0
    return render(
        request,
        "dataset/columns.html",
        dataset=frame,
        columns=[
            {
                "name": column.name,
                "type": type_words(column.type, say),
                "unit": "",
                "sensitivity": "",
                "picture": picture_of(profiles[column.name], rows, None, say)
                if column.name in profiles
                else None,
                "example": _example(profiles[column.name]) if column.name in profiles else "",
                "is_masked": column.name in masked,
            }
            for column in _shown_columns(look)
        ],
    )


@router.get("/dataset/{slug}/quality")
def show_quality(
    request: Request, slug: str, version: Annotated[int | None, Query(ge=1)] = None
) -> Response:
    """What was checked and what was found, of the newest version or of an earlier one."""
    look, frame, say = _look(request, slug)
    versions = look.distribution.versions if look.distribution else ()
    shown = next((one for one in versions if version in (None, one.number)), None)
    with wiring_of(request).pool.connection() as tx:
        reports = reports_with_ids(tx, [one.report_id for one in versions[:50]])
    report = reports.get(shown.report_id) if shown and shown.report_id else None
    scores = [
        float(reports[one.report_id].score.total or 0)
        for one in reversed(versions[:50])
        if one.report_id and one.report_id in reports
    ]
    dataset = look.overview.dataset
    described, missing = dataset_quality.missing_of(dataset, say)
    edit = f"/publish/{slug}" if look.overview.may_change else None
    return render(
        request,
        "dataset/quality.html",
        dataset=frame,
        description_score=described,
        data_score=report.score.total if report else None,
        data_state=frame.quality_state if shown is look.version else _verdict_state(shown),
        history=sparkline(scores, SPARK_WIDTH, SPARK_HEIGHT) if len(scores) > 1 else "",
        history_label=say.gettext("Quality over versions"),
        dimensions=dataset_quality.dimensions_of(report, say) if report else [],
        rules=dataset_quality.rules_of(report, _seen_values(look), say) if report else [],
        missing=[(label, edit) for label in missing],
        checked_at=report.finished_at if report else None,
        version=shown.number if shown else 0,
        suite=report.suite_sha256[:12] if report else "",
        promise=dataset_quality.promise_of(
            dataset, look.version, dataset_frame.cycle_words(look, say), _now(request), say
        ),
        report_href=None,
    )


@router.get("/dataset/{slug}/versions")
def show_versions(request: Request, slug: str) -> Response:
    """The versions that exist for the reader."""
    look, frame, say = _look(request, slug)
    versions = look.distribution.versions if look.distribution else ()
    following = [*versions[1:], None]
    return render(
        request,
        "dataset/versions.html",
        dataset=frame,
        versions=[
            {
                "number": one.number,
                "href": f"{frame.href}/quality?version={one.number}",
                "created_at": one.created_at,
                "by": say.text(look.overview.publisher.title),
                "rows": one.row_count,
                "change": _change(one, before, say),
                "state": _verdict_state(one),
                "digest": one.digest,
                "is_shown": one is look.version,
            }
            for one, before in zip(versions, following, strict=True)
        ],
        changes=_column_changes(versions[0], versions[1], say) if len(versions) > 1 else [],
    )


@router.get("/dataset/{slug}/lineage")
def show_lineage(
    request: Request, slug: str, depth: Annotated[int, Query(ge=1, le=10)] = LINEAGE_DEPTH
) -> Response:
    """Where it comes from and where it went, as far as the reader may know."""
    look, frame, say = _look(request, slug)
    wiring = wiring_of(request)
    asset = f"dataset:{look.overview.dataset.id}"
    with wiring.pool.connection() as tx:
        graph = trace.lineage_of(
            tx, asset, depth=depth, by=actor_of(request), at=wiring.now()
        )
    return render(
        request,
        "dataset/lineage.html",
        dataset=frame,
        layout=lay_out(drawable(graph, say)),
        columns=[],
        column="",
        depth=depth,
        on=china_day(wiring.now()),
        export_href=None,
    )


@router.get("/dataset/{slug}/use")
def show_use(request: Request, slug: str) -> Response:
    """How programs read it, and a box for SQL."""
    look, frame, _ = _look(request, slug)
    return _use_page(request, look, frame, sql=_first_sql(look))


@router.post("/dataset/{slug}/use")
def ask_in_sql(
    request: Request, slug: str, sql: Text = "", step: Text = "price", key: Text = ""
) -> Response:
    """Tell what a statement costs at most, then run it; sent twice under one key it runs once."""
    look, frame, say = _look(request, slug)
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
        return _use_page(
            request, look, frame, sql=sql, errors=words, status=status_of(refusal)
        )
    return _use_page(request, look, frame, sql=sql, told=told)


# Looking ------------------------------------------------------------------------------------------


def _look(request: Request, slug: str) -> tuple[Look, DatasetFrame, Speech]:
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
    return look, frame_of(look, by=actor, say=say), say


def _now(request: Request) -> datetime:
    return wiring_of(request).now()


def _shown_columns(look: Look) -> list[Column]:
    """The columns that exist for the reader, in order."""
    if look.version is None:
        return []
    if look.preview is None:
        return list(look.version.columns)
    names = look.preview.view.visible([column.name for column in look.version.columns])
    by_name = {column.name: column for column in look.version.columns}
    return [by_name[name] for name in names]


def _seen_values(look: Look) -> frozenset[str]:
    """The columns whose values the reader may see, unmasked and of every row."""
    if look.preview is None or not look.may_preview or look.preview.view.rows:
        return frozenset()
    masked = set(look.preview.view.masks)
    return frozenset(column.name for column in _shown_columns(look)) - masked


def _profile(tx: Tx, look: Look) -> Profile | None:
    """What the columns hold, without the values that the reader may not see.

    A view of chosen rows hides the profile altogether: it counts rows that are not in the view.
    """
    if look.version is None or (look.preview is not None and look.preview.view.rows):
        return None
    try:
        profile = read_profile(tx, look.version.id)
    except NotAssessed:
        return None
    hidden = frozenset(column.name for column in profile.columns) - _seen_values(look)
    return profile.without_values_of(hidden)


# Rows ---------------------------------------------------------------------------------------------


def _preview(request: Request, look: Look, say: Speech) -> tuple[DataTable | None, str]:
    """The first rows; a reason where there are none to show."""
    if look.version is None:
        return None, say.gettext("There is no data here for you yet.")
    if not look.may_preview:
        return None, _refused_words(look, say)
    if look.is_charged:
        return None, say.gettext("Each row costs credits, so none is shown before you ask.")
    question = PageQuestion(limit=PREVIEW_ROWS)
    try:
        rows, _ = _deliver(request, look, question)
    except Refusal as refusal:
        return None, say.refusal(refusal)
    with wiring_of(request).pool.connection() as tx:
        profile = _profile(tx, look)
    table = table_of(
        rows,
        caption=say.gettext(
            "The first {shown} of {total} rows",
            shown=say.number(len(rows.cells)),
            total=say.number(rows.total),
        ),
        types={column.name: column for column in look.version.columns},
        pictures=pictures_of(profile, None, say),
        query=None,
        say=say,
    )
    return table, ""


def _refused_words(look: Look, say: Speech) -> str:
    assert look.preview is not None
    reasons = [say.text(reason.text) for reason in look.preview.decision.reasons]
    return " ".join(reasons) or say.gettext("You may not see rows of this data.")


def _deliver(
    request: Request, look: Look, question: PageQuestion
) -> tuple[Rows, Delivered | None]:
    """The rows, and what was delivered where a receipt was written.

    Raises: what `deliver_page` raises.
    """
    parts, ask = parts_of(wiring_of(request)), Ask(actor_of(request))
    got = deliver_page(parts, look.overview.dataset.slug, question, ask)
    if isinstance(got, bytes):
        return read_rows(got), None
    return read_rows(got.path.read_bytes()), got


def _rows_or_refusal(
    request: Request, look: Look, frame: DatasetFrame, query: RowsQuery
) -> Response:
    say = speech_of(request)
    if look.version is None:
        return _data_page(
            request, look, frame, query, rows=None,
            reason=say.gettext("There is no data here for you yet."),
        )  # fmt: skip
    if not look.may_preview:
        return _data_page(request, look, frame, query, rows=None, reason=_refused_words(look, say))
    question = PageQuestion(
        filters=query.filters,
        sort=(query.sort,) if query.sort else (),
        limit=PAGE_ROWS,
        after=query.cursor,
    )
    try:
        rows, delivered = _deliver(request, look, question)
    except Refusal as refusal:
        return _data_page(
            request, look, frame, query, rows=None, reason=say.refusal(refusal),
            status=status_of(refusal),
        )  # fmt: skip
    return _data_page(request, look, frame, query, rows=rows, delivered=delivered)


def _data_page(
    request: Request,
    look: Look,
    frame: DatasetFrame,
    query: RowsQuery,
    *,
    rows: Rows | None,
    delivered: Delivered | None = None,
    reason: str | None = None,
    status: int = 200,
) -> Response:
    say = speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        profile = _profile(tx, look)
    last = query.first + len(rows.cells) - 1 if rows else 0
    is_offered = look.is_charged and look.may_download and rows is None and reason is None
    return render(
        request,
        "dataset/data.html",
        status=status,
        dataset=frame,
        table=_data_table(look, rows, profile, query, say) if rows else None,
        chips=[
            (
                condition_words(condition, say),
                query.href(filters=[one for one in query.filters if one is not condition]),
            )
            for condition in query.filters
        ],
        clear_href=query.path,
        total=rows.total if rows else (look.version.row_count if look.version else 0),
        previous_href=query.href() if query.cursor else None,
        next_href=(
            query.href(cursor=rows.next_cursor, first=last + 1)
            if rows and rows.next_cursor and not look.is_charged
            else None
        ),
        first=query.first if rows and rows.cells else 0,
        last=last,
        export_links=_export_links(look, query, say) if rows else [],
        cost_note=_cost_note(delivered, say) if delivered else None,
        reason=reason or say.gettext("Each row costs credits, so none is shown before you ask."),
        columns=[column.name for column in _shown_columns(look)] if rows else [],
        operators=operator_choices(say),
        kept={
            "filters": filters_text(query.filters) if query.filters else "",
            "sort": _sort_text(query),
        },
        buy_note=_buy_note(look, say) if is_offered else None,
        cursor=query.cursor or "",
        next_cursor=rows.next_cursor if rows and look.is_charged else None,
    )


def _data_table(
    look: Look, rows: Rows, profile: Profile | None, query: RowsQuery, say: Speech
) -> DataTable:
    assert look.version is not None, "rows were read from it"
    # What costs is not read again by clicking a heading or a bar.
    links = None if look.is_charged else query
    return table_of(
        rows,
        caption=say.gettext("Version {number}", number=say.number(look.version.number)),
        types={column.name: column for column in look.version.columns},
        pictures=pictures_of(profile, links, say),
        query=links,
        say=say,
    )


def _sort_text(query: RowsQuery) -> str:
    if query.sort is None:
        return ""
    return query.sort.column + (" desc" if query.sort.is_descending else "")


def _buy_note(look: Look, say: Speech) -> str:
    assert look.download is not None
    price = look.download.price
    highest = dataset_frame.ceiling_words(price, PAGE_ROWS, say)
    return say.gettext(
        "{price}. This page of {rows} rows costs at most {amount} credits.",
        price=dataset_frame.price_words(price, say),
        rows=say.number(PAGE_ROWS),
        amount=highest,
    )


def _cost_note(delivered: Delivered, say: Speech) -> str:
    if delivered.is_replay:
        return say.gettext("Read again from the same receipt, free of charge.")
    if delivered.charge:
        return say.gettext("It cost {amount} credits.", amount=say.credits(delivered.charge))
    return say.gettext("Free. A receipt was written.")


def _export_links(look: Look, query: RowsQuery, say: Speech) -> list[tuple[str, str]]:
    slug = look.overview.dataset.slug
    page = RowsQuery(f"/api/v1/datasets/{slug}/rows", query.filters, query.sort)
    links = [(say.gettext("This page as JSON"), page.href())] if not look.is_charged else []
    if look.may_download and not look.is_charged:
        links.append((say.gettext("All as CSV"), f"/api/v1/datasets/{slug}/download.csv"))
    return links


# Overview -----------------------------------------------------------------------------------------


def _facts(look: Look, say: Speech) -> list[tuple[str, str]]:
    dataset, version = look.overview.dataset, look.version
    facts = [(say.gettext("Identifier"), dataset.slug)]
    if version is not None:
        is_whole = look.preview is None or not look.preview.view.rows
        facts += [(say.gettext("Rows"), say.number(version.row_count))] if is_whole else []
        facts += [
            (say.gettext("Columns"), say.number(len(_shown_columns(look)))),
            (say.gettext("Version"), say.number(version.number)),
            (say.gettext("Digest (SHA-256)"), version.digest[:16] + "…"),
        ]
    facts.append((say.gettext("Update cycle"), dataset_frame.cycle_words(look, say)))
    if dataset.issued:
        facts.append((say.gettext("First published"), say.day(dataset.issued)))
    facts.append((say.gettext("Updated"), say.day(dataset.modified_at)))
    if dataset.entry.keywords:
        facts.append((say.gettext("Keywords"), " · ".join(dataset.entry.keywords)))
    return facts


def _downloads(look: Look, say: Speech) -> list[dict[str, str]]:
    if not look.may_download or look.is_charged:
        return []
    place = f"/api/v1/datasets/{look.overview.dataset.slug}/download"
    return [
        {"label": "CSV", "href": f"{place}.csv", "note": say.gettext("for any spreadsheet")},
        {"label": "Parquet", "href": f"{place}.parquet", "note": say.gettext("typed, compact")},
        {"label": "JSON", "href": f"{place}.json", "note": say.gettext("for programs")},
    ]


def _citation(request: Request, look: Look, say: Speech) -> str:
    dataset, version = look.overview.dataset, look.version
    assert version is not None
    year = (version.published_at or version.created_at).year
    return (
        f"{say.text(look.overview.publisher.title)} ({year}): {say.text(dataset.entry.title)}. "
        f"v{version.number}. sha256:{version.digest}. "
        f"{wiring_of(request).settings.site_url}/dataset/{dataset.slug}"
    )


def _example(column: object) -> str:
    frequent = getattr(column, "frequent", ())
    return str(frequent[0].value) if frequent else ""


# Versions -----------------------------------------------------------------------------------------


def _verdict_state(version: Version | None) -> str:
    return quality_state(version.verdict if version else None)


def _change(version: Version, before: Version | None, say: Speech) -> str:
    if before is None:
        return say.gettext("First data")
    difference = version.row_count - before.row_count
    if difference == 0:
        return say.gettext("As many rows as before")
    if difference > 0:
        return say.gettext("{number} rows more", number=say.number(difference))
    return say.gettext("{number} rows fewer", number=say.number(-difference))


def _column_changes(version: Version, before: Version, say: Speech) -> list[str]:
    now = {column.name: column for column in version.columns}
    then = {column.name: column for column in before.columns}
    return [
        *(say.gettext("Column “{name}” is new.", name=name) for name in now if name not in then),
        *(say.gettext("Column “{name}” is gone.", name=name) for name in then if name not in now),
        *(
            say.gettext(
                "Column “{name}” became {type}.", name=name, type=type_words(now[name].type, say)
            )
            for name in now
            if name in then and now[name].type is not then[name].type
        ),
    ]


# Use ----------------------------------------------------------------------------------------------


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
        receipt_href=f"/audit/receipt/{delivered.receipt_id}" if delivered else None,
        errors=errors or {},
        may_query=look.may_download,
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
    rows = read_objects(delivered.path.read_bytes(), rows_max=RESULT_ROWS_SHOWN)
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
    columns = _shown_columns(look)
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
