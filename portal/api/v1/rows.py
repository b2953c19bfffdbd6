"""Rows of one dataset: typed pages, and the whole of it as a file."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from catalog.find import dataset_named
from catalog.view import Condition, Operator
from catalog.warehouse import Sort
from exchange.access import DISTRIBUTION_MARK
from exchange.deliver import deliver_file, deliver_page, estimate, file_facts, page_at_hand
from exchange.delivery import PAGE_MEDIA_TYPE, FileForm, FileQuestion, PageQuestion
from policies.terms import Purpose
from portal.api.v1.query import EstimateBody, estimate_body
from portal.errors import MalformedFilters
from portal.handing_out import (
    COST_HEADER,
    ask_of,
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
_Purpose = Annotated[Purpose | None, Query(description="None takes the agreement's own.")]


@router.get("/{slug}/rows")
async def page(
    request: Request,
    slug: str,
    columns: Annotated[str | None, Query(description="Names, separated by commas.")] = None,
    filters: Annotated[
        str | None,
        Query(
            max_length=FILTERS_LENGTH_CHARACTERS,
            description='JSON: {"column": value or [values]} or '
            '[{"column": ..., "operator": ..., "value": ...}].',
        ),
    ] = None,
    sort: Annotated[str | None, Query(description='Such as "line desc, name".')] = None,
    limit: Annotated[int, Query(ge=0)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
    cursor: Annotated[str | None, Query(description="`next` of the last page.")] = None,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> Response:
    """A page of rows: `columns` with their types, `total`, `next` (a cursor or null), `rows`."""
    question = PageQuestion(
        columns=tuple(columns.split(",")) if columns else None,
        filters=conditions_of(filters),
        sort=order_of(sort),
        limit=limit,
        offset=offset,
        after=cursor,
    )
    name = table_name(slug, distribution)
    actor = actor_at_hand(request)
    if actor is not None:
        parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose)
        at_hand = page_at_hand(parts, name, question, ask)
        if at_hand is not None:
            return _open_page(at_hand)
    # Anything that may wait for a disk, the engine or the database does so in a thread.
    return await run_in_threadpool(_page, request, name, question, purpose)


def _page(request: Request, name: str, question: PageQuestion, purpose: Purpose | None) -> Response:
    actor = actor_of(request)
    got = deliver_page(
        parts_of(wiring_of(request)), name, question, ask_of(request, actor, purpose)
    )
    return _open_page(got) if isinstance(got, bytes) else hand_out(request, actor, got)


def _open_page(data: bytes) -> Response:
    return Response(data, media_type=PAGE_MEDIA_TYPE, headers={COST_HEADER: "0"})


@router.get("/{slug}/download.{form}")
def download(
    request: Request,
    slug: str,
    form: FileForm,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> Response:
    """All permitted rows as a file, with ranges; asking again within a day is free."""
    actor, name = actor_of(request), table_name(slug, distribution)
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose)
    file_name = _file_name(request, slug, form)
    if is_continuation(request):
        facts = file_facts(parts, name, form, ask)
        if facts is not None and facts.is_public:
            return file_answer(
                request,
                facts.path,
                media_type=facts.media_type,
                sha256=facts.sha256,
                file_name=file_name,
                headers={COST_HEADER: "0"},
            )
    delivered = deliver_file(parts, name, FileQuestion(form), ask)
    return hand_out(request, actor, delivered, file_name=file_name)


@router.head("/{slug}/download.{form}")
def look_at_download(
    request: Request,
    slug: str,
    form: FileForm,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> Response:
    """Type, size and digest of the file for whoever may have it; nothing is delivered.

    A JSON file is made when it is asked for, so its size is not known before.
    """
    actor = actor_of(request)
    facts = file_facts(
        parts_of(wiring_of(request)),
        table_name(slug, distribution),
        form,
        ask_of(request, actor, purpose),
    )
    if facts is None:
        return Response(media_type=form.media_type)
    return file_answer(
        request,
        facts.path,
        media_type=facts.media_type,
        sha256=facts.sha256,
        file_name=_file_name(request, slug, form),
        headers={},
    )


@router.get("/{slug}/download.{form}/estimate")
def price_of_download(
    request: Request,
    slug: str,
    form: FileForm,
    distribution: _Distribution = None,
    purpose: _Purpose = None,
) -> EstimateBody:
    """What the file costs; nothing is delivered and nothing held."""
    told = estimate(
        parts_of(wiring_of(request)),
        FileQuestion(form),
        (table_name(slug, distribution),),
        ask_of(request, actor_of(request), purpose),
    )
    return estimate_body(told)


def table_name(slug: str, distribution: str | None) -> str:
    """The name by which a delivery knows a distribution of a dataset."""
    return f"{slug}{DISTRIBUTION_MARK}{distribution}" if distribution else slug


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


def _file_name(request: Request, slug: str, form: FileForm) -> str:
    """The dataset's title as the name of a file, in Chinese where there is one."""
    with wiring_of(request).pool.connection() as tx:
        title = dataset_named(tx, slug, by=actor_of(request)).entry.title
    words = (title.zh or title.en).replace("/", "_").replace("\\", "_").strip()
    return f"{words or slug}.{form.value}"
