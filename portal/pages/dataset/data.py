"""The rows of a dataset, a page at a time; what costs is read only when the reader says so."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.formats.row_workbook import SHEET_ROWS_MAX
from catalog.result import ResultFormat
from catalog.view import Condition, Operator
from exchange.allow import Ask
from exchange.deliver import deliver_file
from exchange.delivery import Delivered, FileQuestion, PageQuestion
from policies.errors import Refusal
from portal.gone import while_there
from portal.handing_out import hand_out, parts_of
from portal.pages.dataset import frame as dataset_frame
from portal.pages.dataset.frame import DatasetFrame
from portal.pages.dataset.look import (
    ChosenDistribution,
    KeptDistribution,
    deliver_rows,
    look_of,
)
from portal.pages.dataset.picture import filters_query
from portal.pages.dataset.reader import Look, profile_for, refused_words
from portal.pages.dataset.rows import (
    Rows,
    RowsQuery,
    condition_words,
    operator_choices,
    pictures_of,
    read_columns,
    read_filters,
    read_sort,
    table_of,
)
from portal.pages.drawing.table import DataTable
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.profile import Profile

router = APIRouter()

PAGE_ROWS: Final = 100
FILTERS_LENGTH_CHARACTERS: Final = 20_000

_SEE_OTHER: Final = 303
Text = Annotated[str, Form()]


@router.get("/dataset/{slug}/data")
def show_data(
    request: Request,
    slug: str,
    filters: Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)] = "",
    sort: str = "",
    cursor: str | None = None,
    first: Annotated[int, Query(ge=1)] = 1,
    columns: Annotated[str, Query(max_length=FILTERS_LENGTH_CHARACTERS)] = "",
    show: Annotated[list[str] | None, Query()] = None,
    column: str = "",
    operator: Operator | None = None,
    value: str = "",
    distribution: ChosenDistribution = "",
) -> Response:
    """All rows, a page at a time; what is paid for is read only when the reader says so."""
    look, frame, _ = look_of(request, slug, distribution)
    query = RowsQuery(
        f"{frame.href}/data",
        read_filters(filters),
        read_sort(sort),
        cursor,
        first,
        read_columns(columns),
        look.place,
    )
    if show:
        is_all = len(show) == len(look.shown_columns)
        chosen = replace(query, columns=() if is_all else tuple(show))
        return RedirectResponse(chosen.href(), _SEE_OTHER)
    if column and operator is not None:
        has_value = operator not in (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
        added = Condition(column, operator, value if has_value else None)
        return RedirectResponse(query.href(filters=[*query.filters, added]), _SEE_OTHER)
    if look.is_charged and look.may_download:
        return _data_page(request, look, frame, query, rows=None)
    return _rows_or_refusal(request, look, frame, query)


@router.post("/dataset/{slug}/data")
def buy_data(
    request: Request,
    slug: str,
    filters: Text = "",
    sort: Text = "",
    columns: Text = "",
    cursor: Text = "",
    distribution: KeptDistribution = "",
) -> Response:
    """Read a page that costs credits, after its price was shown."""
    look, frame, _ = look_of(request, slug, distribution)
    query = RowsQuery(
        f"{frame.href}/data",
        read_filters(filters),
        read_sort(sort),
        cursor or None,
        columns=read_columns(columns),
        distribution=look.place,
    )
    return _rows_or_refusal(request, look, frame, query)


@router.post("/dataset/{slug}/data/file")
async def buy_view(
    request: Request,
    slug: str,
    form: Annotated[ResultFormat, Form()],
    filters: Text = "",
    sort: Text = "",
    columns: Text = "",
    distribution: KeptDistribution = "",
) -> Response:
    """The whole view as a file, where it costs credits: sent by a form, never by a link."""
    kept = (filters, sort, columns, distribution)
    return await while_there(request, lambda gone: _sell_view(request, slug, form, kept, gone))


def _sell_view(
    request: Request,
    slug: str,
    form: ResultFormat,
    kept: tuple[str, str, str, str],
    gone: threading.Event,
) -> Response:
    filters, sort, columns, distribution = kept
    look, frame, say = look_of(request, slug, distribution)
    order, chosen = read_sort(sort), read_columns(columns)
    question = FileQuestion(
        form,
        columns=chosen or None,
        filters=read_filters(filters),
        sort=(order,) if order else (),
    )
    actor = actor_of(request)
    try:
        ask = Ask(actor, cancelled=gone)
        delivered = deliver_file(parts_of(wiring_of(request)), look.table, question, ask)
    except Refusal as refusal:
        query = RowsQuery(
            f"{frame.href}/data",
            question.filters,
            order,
            columns=chosen,
            distribution=look.place,
        )
        return _data_page(
            request, look, frame, query, rows=None, reason=say.refusal(refusal),
            status=status_of(refusal),
        )  # fmt: skip
    file_name = f"{say.text(look.overview.dataset.entry.title)}.{form.value}"
    return hand_out(request, actor, delivered, file_name=file_name)


def _rows_or_refusal(
    request: Request, look: Look, frame: DatasetFrame, query: RowsQuery
) -> Response:
    say = speech_of(request)
    if look.version is None:
        is_document = look.distribution is not None and look.distribution.document is not None
        reason = (
            say.gettext("It is a document and no table. It is not rated.")
            if is_document
            else say.gettext("There is no data here for you yet.")
        )
        return _data_page(request, look, frame, query, rows=None, reason=reason)
    if not look.may_preview:
        return _data_page(
            request, look, frame, query, rows=None, reason=refused_words(look.preview, say)
        )
    question = PageQuestion(
        columns=query.columns or None,
        filters=query.filters,
        sort=(query.sort,) if query.sort else (),
        limit=PAGE_ROWS,
        after=query.cursor,
    )
    try:
        rows, delivered = deliver_rows(request, look, question)
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
        profile = profile_for(tx, look, wiring_of(request))
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
        clear_href=RowsQuery(query.path, distribution=look.place).href(),
        total=rows.total if rows else (look.version.row_count if look.version else 0),
        previous_href=query.href() if query.cursor else None,
        next_href=(
            query.href(cursor=rows.next_cursor, first=last + 1)
            if rows and rows.next_cursor and not look.is_charged
            else None
        ),
        first=query.first if rows and rows.cells else 0,
        last=last,
        export_links=_export_links(look, query, rows.total, say) if rows else [],
        sheet_note=_sheet_note(rows.total, say) if rows else None,
        view_url=_view_url(request, query) if rows else None,
        chart_href=f"{frame.href}/explore{filters_query(query.filters, look.place)}",
        use_href=replace(query, path=f"{frame.href}/use").href(),
        picker=_picker(look, query) if rows else [],
        file_forms=_file_forms(say) if is_offered else [],
        cost_note=_cost_note(delivered, say) if delivered else None,
        reason=reason or say.gettext("Each row costs credits, so none is shown before you ask."),
        columns=[column.name for column in look.shown_columns] if rows else [],
        operators=operator_choices(say),
        kept=dict(query.pairs()),
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


def _buy_note(look: Look, say: Speech) -> str:
    assert look.download is not None
    price = look.download.price
    highest = dataset_frame.ceiling_words(price, PAGE_ROWS, say)
    if highest is None:
        return say.gettext("{price}.", price=dataset_frame.price_words(price, say))
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


def _export_links(
    look: Look, query: RowsQuery, total: int, say: Speech
) -> list[tuple[str, str, str]]:
    """The view in every form: label, address, what it is for."""
    if not look.may_download or look.is_charged:
        return []
    place = f"/api/v1/datasets/{look.overview.dataset.slug}/download"
    for_excel = [("bom", "true"), ("guard", "true")]
    links = [
        (words, f"{place}.{form.value}{_query([*query.pairs(), *more])}", note)
        for form, words, note, more in (
            (ResultFormat.CSV, "CSV", say.gettext("for any spreadsheet or program"), []),
            (ResultFormat.XLSX, "Excel", say.gettext("a workbook; long numbers stay whole"), []),
            (
                ResultFormat.CSV,
                say.gettext("CSV for Excel"),
                say.gettext("with the UTF-8 mark, formulas made harmless"),
                for_excel,
            ),
            (ResultFormat.TSV, "TSV", say.gettext("with tabs between"), []),
            (ResultFormat.JSON, "JSON", say.gettext("for programs"), []),
            (ResultFormat.NDJSON, "NDJSON", say.gettext("a row a line"), []),
            (ResultFormat.PARQUET, "Parquet", say.gettext("typed, compact"), []),
            (ResultFormat.ARROW, "Arrow", say.gettext("typed, as a stream"), []),
        )
    ]
    return [link for link in links if link[0] != "Excel" or total <= SHEET_ROWS_MAX]


def _sheet_note(total: int, say: Speech) -> str | None:
    if total <= SHEET_ROWS_MAX:
        return None
    return say.gettext(
        "A worksheet holds {rows} rows. Filter the view, and it is there as a workbook too.",
        rows=say.number(SHEET_ROWS_MAX),
    )


def _file_forms(say: Speech) -> list[tuple[str, str]]:
    """The forms in which a view can be bought."""
    return [
        (ResultFormat.CSV.value, "CSV"),
        (ResultFormat.XLSX.value, say.gettext("Excel workbook")),
        (ResultFormat.JSON.value, "JSON"),
        (ResultFormat.PARQUET.value, "Parquet"),
    ]


def _picker(look: Look, query: RowsQuery) -> list[tuple[str, bool]]:
    """Every column with whether it is shown."""
    return [
        (column.name, not query.columns or column.name in query.columns)
        for column in look.shown_columns
    ]


def _view_url(request: Request, query: RowsQuery) -> str:
    return wiring_of(request).settings.site_url + query.href()


def _query(pairs: list[tuple[str, str]]) -> str:
    return f"?{urlencode(pairs)}" if pairs else ""
