"""Rows of one dataset: typed pages, and the whole of it as a file."""

from __future__ import annotations

import csv
import json
import threading
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from catalog.find import dataset_named
from catalog.page_mark import ROWS_SKIPPED_MAX
from catalog.result import PLAIN, Manner, ResultFormat
from catalog.view import Condition, Operator
from catalog.warehouse import Sort
from exchange.access import table_name
from exchange.deliver import deliver_file, deliver_page, estimate, file_facts, page_at_hand
from exchange.delivery import MEDIA_TYPES, PAGE_MEDIA_TYPE, FileQuestion, PageQuestion
from policies.terms import Purpose
from portal.api.v1.query import EstimateBody, estimate_body
from portal.api.v1.result_forms import Form, IsGuarded, WithMark, form_of, manner_of
from portal.errors import MalformedFilters, MarkNeedsJson
from portal.gone import while_there
from portal.handing_out import (
    COST_HEADER,
    ask_of,
    content_disposition,
    file_answer,
    hand_out,
    is_continuation,
    parts_of,
)
from portal.sign_in import actor_at_hand, actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets", tags=["data"])

FILTERS_LENGTH_CHARACTERS = 20_000

_Distribution = Annotated[
    str | None, Query(description="Slug of the distribution; none means the first one.")
]
_Version = Annotated[
    str | None, Query(description="Number or digest of a version; none means the newest one.")
]
_Purpose = Annotated[Purpose | None, Query(description="None takes the agreement's own.")]
_Columns = Annotated[str | None, Query(description="Names, separated by commas.")]
_Filters = Annotated[
    str | None,
    Query(
        max_length=FILTERS_LENGTH_CHARACTERS,
        description='JSON: {"column": value or [values]} or '
        '[{"column": ..., "operator": ..., "value": ...}].',
    ),
]
_Sort = Annotated[str | None, Query(description='Such as "line desc, name".')]


@router.get("/{slug}/rows")
async def page(
    request: Request,
    slug: str,
    *,
    columns: _Columns = None,
    filters: _Filters = None,
    sort: _Sort = None,
    limit: Annotated[int, Query(ge=0)] = 100,
    offset: Annotated[int, Query(ge=0, lt=ROWS_SKIPPED_MAX)] = 0,
    cursor: Annotated[str | None, Query(description="`next` of the last page; JSON only.")] = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
    version: _Version = None,
    named: Form = None,
    with_mark: WithMark = False,
    is_guarded: IsGuarded = False,
) -> Response:
    """A page of rows: `columns` with their types, `total`, `next` (a cursor or null), `rows`.

    In another form than JSON it is the rows alone.
    """
    question = PageQuestion(
        columns=columns_of(columns),
        filters=conditions_of(filters),
        sort=order_of(sort),
        limit=limit,
        offset=offset,
        after=cursor,
    )
    form = form_of(request, named)
    manner = manner_of(with_mark=with_mark, is_guarded=is_guarded)
    name = table_name(slug, distribution, version)
    actor = actor_at_hand(request) if form is ResultFormat.JSON else None
    if actor is not None:
        parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose)
        at_hand = page_at_hand(parts, name, question, ask)
        if at_hand is not None:
            return _open_page(at_hand)
    # Anything that may wait for a disk, the engine or the database does so in a thread. A page of
    # JSON is too quick to be cut short.
    if form is ResultFormat.JSON:
        written = (form, manner)
        return await run_in_threadpool(_page, request, name, slug, question, written, purpose)
    return await while_there(
        request, lambda gone: _page(request, name, slug, question, (form, manner), purpose, gone)
    )


@router.get("/{slug}/rows.{form}")
async def page_in_form(
    request: Request,
    slug: str,
    form: ResultFormat,
    *,
    columns: _Columns = None,
    filters: _Filters = None,
    sort: _Sort = None,
    limit: Annotated[int, Query(ge=0)] = 100,
    offset: Annotated[int, Query(ge=0, lt=ROWS_SKIPPED_MAX)] = 0,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
    version: _Version = None,
    with_mark: WithMark = False,
    is_guarded: IsGuarded = False,
) -> Response:
    """The same page for clients that go by the ending of an address."""
    question = PageQuestion(
        columns=columns_of(columns),
        filters=conditions_of(filters),
        sort=order_of(sort),
        limit=limit,
        offset=offset,
    )
    manner = manner_of(with_mark=with_mark, is_guarded=is_guarded)
    name = table_name(slug, distribution, version)
    return await while_there(
        request, lambda gone: _page(request, name, slug, question, (form, manner), purpose, gone)
    )


def _page(
    request: Request,
    name: str,
    slug: str,
    question: PageQuestion,
    written: tuple[ResultFormat, Manner],
    purpose: Purpose | None,
    gone: threading.Event | None = None,
) -> Response:
    actor, (form, manner) = actor_of(request), written
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose, gone)
    if form is ResultFormat.JSON:
        got = deliver_page(parts, name, question, ask)
        if isinstance(got, bytes):
            return _open_page(got)
        return hand_out(request, actor, got)
    if question.after is not None:
        raise MarkNeedsJson
    file = FileQuestion(
        form,
        columns=question.columns,
        filters=question.filters,
        sort=question.sort,
        limit=question.limit,
        offset=question.offset,
        manner=manner,
    )
    delivered = deliver_file(parts, name, file, ask)
    return hand_out(
        request, actor, delivered, file_name=_file_name(request, slug, form), purpose=purpose
    )


def _open_page(data: bytes) -> Response:
    headers = {COST_HEADER: "0", "Vary": "Accept"}
    return Response(data, media_type=PAGE_MEDIA_TYPE, headers=headers)


@router.get("/{slug}/download.{form}")
async def download(
    request: Request,
    slug: str,
    form: ResultFormat,
    *,
    columns: _Columns = None,
    filters: _Filters = None,
    sort: _Sort = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
    version: _Version = None,
    with_mark: WithMark = False,
    is_guarded: IsGuarded = False,
) -> Response:
    """All permitted rows as a file, or what is left of them; asking again within a day is free."""
    manner = manner_of(with_mark=with_mark, is_guarded=is_guarded)
    question = file_question(form, columns, filters, sort, manner)
    name = table_name(slug, distribution, version)
    return await while_there(
        request, lambda gone: hand_out_file(request, slug, name, question, purpose, gone)
    )


def hand_out_file(
    request: Request,
    slug: str,
    name: str,
    question: FileQuestion,
    purpose: Purpose | None,
    gone: threading.Event,
) -> Response:
    """A file of the table `name` of a dataset, made for a client that may go meanwhile.

    Raises: as `deliver_file`.
    """
    actor, form = actor_of(request), question.form
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose, gone)
    file_name = _file_name(request, slug, form)
    if is_continuation(request):
        facts = file_facts(parts, name, question, ask)
        if facts is not None and facts.is_public:
            return file_answer(
                request,
                facts.path,
                media_type=facts.media_type,
                sha256=facts.sha256,
                file_name=file_name,
                headers={COST_HEADER: "0"},
            )
    delivered = deliver_file(parts, name, question, ask)
    return hand_out(request, actor, delivered, file_name=file_name, purpose=purpose)


@router.head("/{slug}/download.{form}")
def look_at_download(
    request: Request,
    slug: str,
    form: ResultFormat,
    *,
    columns: _Columns = None,
    filters: _Filters = None,
    sort: _Sort = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
    version: _Version = None,
    with_mark: WithMark = False,
    is_guarded: IsGuarded = False,
) -> Response:
    """Type, size and digest of the file for whoever may have it; nothing is delivered.

    What is made when it is asked for has no size before.
    """
    actor = actor_of(request)
    manner = manner_of(with_mark=with_mark, is_guarded=is_guarded)
    facts = file_facts(
        parts_of(wiring_of(request)),
        table_name(slug, distribution, version),
        file_question(form, columns, filters, sort, manner),
        ask_of(request, actor, purpose),
    )
    file_name = _file_name(request, slug, form)
    if facts is None:
        headers = {"Content-Disposition": content_disposition(file_name)}
        return Response(media_type=MEDIA_TYPES[form], headers=headers)
    return file_answer(
        request,
        facts.path,
        media_type=facts.media_type,
        sha256=facts.sha256,
        file_name=file_name,
        headers={},
    )


@router.get("/{slug}/download.{form}/estimate")
def price_of_download(
    request: Request,
    slug: str,
    form: ResultFormat,
    columns: _Columns = None,
    filters: _Filters = None,
    sort: _Sort = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
    version: _Version = None,
) -> EstimateBody:
    """What the file costs; nothing is delivered and nothing held."""
    told = estimate(
        parts_of(wiring_of(request)),
        file_question(form, columns, filters, sort, PLAIN),
        (table_name(slug, distribution, version),),
        ask_of(request, actor_of(request), purpose),
    )
    return estimate_body(told)


def file_question(
    form: ResultFormat,
    columns: str | None,
    filters: str | None,
    sort: str | None,
    manner: Manner,
) -> FileQuestion:
    """The rows that the parameters of a download leave, as a question.

    Raises: MalformedFilters, MalformedView.
    """
    return FileQuestion(
        form,
        columns=columns_of(columns),
        filters=conditions_of(filters),
        sort=order_of(sort),
        manner=manner if form in (ResultFormat.CSV, ResultFormat.TSV) else PLAIN,
    )


def columns_of(columns: str | None) -> tuple[str, ...] | None:
    """Read names separated by commas, quoted as in CSV where they hold a comma themselves."""
    if not columns:
        return None
    return tuple(next(csv.reader([columns], skipinitialspace=True)))


def conditions_of(filters: str | None) -> tuple[Condition, ...]:
    """Read the conditions of a page.

    Raises: MalformedFilters, MalformedView.
    """
    if not filters:
        return ()
    try:
        told = json.loads(filters)
        # Half a character can be escaped in JSON and nowhere be written down.
        json.dumps(told, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise MalformedFilters from None
    if isinstance(told, dict):
        return tuple(_condition(column, value) for column, value in told.items())
    if not isinstance(told, list):
        raise MalformedFilters
    return tuple(Condition.from_json(condition) for condition in told)


def order_of(sort: str | None) -> tuple[Sort, ...]:
    """Read an order of rows, such as "line desc, name".

    Raises: MalformedFilters.
    """
    if not sort:
        return ()
    return tuple(_sorted_by(part) for part in sort.split(","))


def _condition(column: str, value: object) -> Condition:
    if value is None:
        return Condition(column, Operator.IS_EMPTY)
    if isinstance(value, list):
        return Condition(column, Operator.ONE_OF, tuple(value))
    if isinstance(value, str | int | float | bool):
        return Condition(column, Operator.EQUAL, value)
    raise MalformedFilters


def _sorted_by(part: str) -> Sort:
    words = part.strip().rsplit(" ", 1)
    match [words[0], *(word.lower() for word in words[1:])]:
        case [column, "desc"]:
            return Sort(column.strip(), is_descending=True)
        case [column, "asc"]:
            return Sort(column.strip())
    if not part.strip():
        raise MalformedFilters
    return Sort(part.strip())


def _file_name(request: Request, slug: str, form: ResultFormat) -> str:
    """The dataset's title as the name of a file, in Chinese where there is one."""
    with wiring_of(request).pool.connection() as tx:
        title = dataset_named(tx, slug, by=actor_of(request)).entry.title
    words = (title.zh or title.en).replace("/", "_").replace("\\", "_").strip()
    return f"{words or slug}.{form.value}"
