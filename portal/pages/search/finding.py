"""Finding datasets: facets, hits, what to try where there are none, and the tray to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from catalog import find
from catalog.dataset import Dataset
from catalog.demand.unmet import count_unmet
from catalog.errors import DatasetNotFound
from catalog.search.document import OVERSEE_LABEL, PUBLIC_LABEL
from catalog.search.errors import IndexNotReady
from catalog.search.fields import TITLE_SORT
from catalog.search.labels import labels_for
from catalog.search.query import BEST_FIRST, NEWEST_FIRST, Either, Not, Search, SortKey, Value
from exchange.usage import most_delivered
from policies.database import Tx
from policies.errors import N_
from policies.party import Actor
from policies.terms import DatasetId, Language
from portal.pages.dataset_cards import DatasetCard, cards_of
from portal.pages.rendering import render
from portal.pages.search.facets import (
    Counting,
    chips_of,
    count_facets,
    facets_of,
    filters_of,
    query_of,
)
from portal.pages.search.reasons import reason_words, reasons_for
from portal.pages.search.state import (
    COMPARED_MAX,
    Layout,
    SearchAddress,
    SearchState,
    Sort,
    compare_href,
    save_href,
)
from portal.pages.search.variants import fewer_filters, other_words
from portal.pages.speech import Speech, speech_of
from portal.search_documents import compose
from portal.sign_in import actor_of
from portal.wiring import Wiring, wiring_of

router = APIRouter()

PAGE: Final = 20
MOST_USED_MAX: Final = 200
"""Datasets that are put in order by use; what comes after them is in order of time."""
USED_DAYS: Final = 90

_SORTS: Final = (
    (Sort.BEST, N_("Best match")),
    (Sort.NEWEST, N_("Newest")),
    (Sort.TITLE, N_("Title")),
    (Sort.USED, N_("Most used")),
)
_LAYOUTS: Final = ((Layout.CARDS, N_("Cards")), (Layout.ROWS, N_("Table")))


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of datasets, and how many there are on all pages."""

    datasets: tuple[Dataset, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Tray:
    """Datasets that were put aside to be compared."""

    entries: tuple[tuple[str, str], ...]
    """Title and the address without it."""
    compare_href: str
    clear_href: str
    is_full: bool


@dataclass(frozen=True, slots=True)
class Controls:
    """What stands around the hits, whatever they are."""

    layout: str
    sorts: list[tuple[str, str, bool]]
    """Label, address, whether it is the present one."""
    layouts: list[tuple[str, str, str, bool]]
    """Name, label, address, whether it is the present one."""
    first_href: str
    clear_href: str
    save_href: str | None
    """Where the search is saved; None where nothing is looked for."""
    kept: list[tuple[str, str]]
    """What the search box keeps of the address."""


@router.get("/dataset")
def search(request: Request, address: Annotated[SearchAddress, Query()]) -> Response:
    """Datasets by words and filters, with exact counts under the reader's permissions."""
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    state = address.state()
    began = perf_counter()
    with wiring.pool.connection() as tx:
        counting = counting_for(wiring, tx, by=actor, say=say)
        try:
            found = hits_of(counting, state, by=actor)
            counts = count_facets(counting, state)
        except IndexNotReady:
            return _unready(request, tx, state, by=actor)
        took_ms = round((perf_counter() - began) * 1000)
        reasons = _reasons(tx, state, found.datasets, wiring.now(), say)
        cards = cards_of(tx, found.datasets, by=actor, language=say.language, matched=reasons)
        tray = _tray(tx, state, by=actor, say=say)
        near, fewer = [], []
        if not found.count:
            fewer = fewer_filters(counting, state)
            near = other_words(counting, state, by=actor) if state.words else []
            _note_unmet(counting, state)
        facets, chips = facets_of(counting, state, counts), chips_of(counting, state)
    first = (state.page - 1) * PAGE + 1
    last = first - 1 + len(cards)
    return render(
        request,
        "search.html",
        query=state.words,
        controls=_controls(state, say),
        total=found.count,
        took_ms=took_ms,
        datasets=cards,
        facets=facets,
        chips=chips,
        tray=tray,
        compare_hrefs=_compare_hrefs(state, cards, tray),
        near=near,
        fewer=fewer,
        first=first if cards else 0,
        last=last if cards else 0,
        previous_href=state.at_page(state.page - 1).href if state.page > 1 else None,
        next_href=state.at_page(state.page + 1).href if last < found.count and cards else None,
        is_ready=True,
    )


def counting_for(wiring: Wiring, tx: Tx, *, by: Actor, say: Speech) -> Counting:
    """With what everything that a reader sees is found and counted."""
    return Counting(tx, wiring.search, labels_for(by), say, wiring.now())


def hits_of(counting: Counting, state: SearchState, *, by: Actor, rows: int = PAGE) -> Hits:
    """One page of what a state finds.

    Raises: IndexNotReady.
    """
    start = (state.page - 1) * rows
    if state.sort is Sort.USED:
        ids, count = _most_used(counting, state, start, rows)
    else:
        ids, count = _page(counting, state, start, rows, order_of(state, counting.say.language))
    # The database has the last word on who sees what.
    datasets = find.datasets_with_ids(counting.tx, ids, by=by)
    return Hits(tuple(datasets), count - (len(ids) - len(datasets)))


def order_of(state: SearchState, language: Language) -> tuple[SortKey, ...]:
    """The order of hits in the index's words."""
    match state.sort:
        case Sort.BEST:
            return BEST_FIRST
        case Sort.TITLE:
            title = TITLE_SORT if language is Language.ZH else "title_string"
            return (SortKey(title, is_descending=False),)
        case Sort.NEWEST | Sort.USED:
            return NEWEST_FIRST


def _page(
    counting: Counting, state: SearchState, start: int, rows: int, order: tuple[SortKey, ...]
) -> tuple[Sequence[DatasetId], int]:
    found = counting.live.search(
        counting.tx,
        Search(
            counting.labels,
            query_of(state),
            filters_of(state),
            sort=order,
            start=start,
            rows=rows,
        ),
    )
    return found.ids, found.count


def _most_used(
    counting: Counting, state: SearchState, start: int, rows: int
) -> tuple[Sequence[DatasetId], int]:
    """Those that were delivered most, in this order, and after them the rest, the newest first."""
    since = counting.at - timedelta(days=USED_DAYS)
    used = most_delivered(counting.tx, since, limit=MOST_USED_MAX)
    if not used:
        return _page(counting, state, start, rows, NEWEST_FIRST)
    among = Either(tuple(Value("id", str(one)) for one in used))
    query, filters = query_of(state), filters_of(state)
    head = counting.live.search(
        counting.tx,
        Search(counting.labels, query, (*filters, among), sort=NEWEST_FIRST, rows=MOST_USED_MAX),
    )
    held = set(head.ids)
    ordered = [one for one in used if one in held]
    page = ordered[start : start + rows]
    rest = counting.live.search(
        counting.tx,
        Search(
            counting.labels,
            query,
            (*filters, Not(among)),
            sort=NEWEST_FIRST,
            start=max(0, start - len(ordered)),
            rows=rows - len(page),
        ),
    )
    return [*page, *rest.ids], head.count + rest.count


def _reasons(
    tx: Tx, state: SearchState, datasets: Sequence[Dataset], at: datetime, say: Speech
) -> dict[DatasetId, str]:
    if not state.words:
        return {}
    documents = compose(tx, [dataset.id for dataset in datasets], at=at)
    return {one.id: reason_words(reasons_for(state.words, one), say) for one in documents}


def _note_unmet(counting: Counting, state: SearchState) -> None:
    """Count words that find nothing for anybody, so that departments see what is missing."""
    if not state.words or state.chosen or state.page > 1:
        return
    everybody = replace(counting, labels=frozenset({OVERSEE_LABEL, PUBLIC_LABEL}))
    if everybody.found(state) == 0:
        count_unmet(counting.tx, state.words, at=counting.at)


def _controls(state: SearchState, say: Speech) -> Controls:
    cleared = SearchState(words=state.words, layout=state.layout, compared=state.compared)
    return Controls(
        layout=state.layout.value,
        sorts=[
            (say.gettext(label), state.in_order(order).href, state.sort is order)
            for order, label in _SORTS
            if order is not Sort.BEST or state.words
        ],
        layouts=[
            (layout.value, say.gettext(label), state.laid_out(layout).href, state.layout is layout)
            for layout, label in _LAYOUTS
        ],
        first_href=state.at_page(1).href,
        clear_href=cleared.href,
        save_href=save_href(state) if state.is_narrowed else None,
        kept=[pair for pair in state.pairs if pair[0] not in ("q", "page", "sort")],
    )


def _tray(tx: Tx, state: SearchState, *, by: Actor, say: Speech) -> Tray | None:
    """The tray; a name that does not exist for the reader is left out without a word."""
    entries = []
    for slug in state.compared:
        try:
            dataset = find.dataset_named(tx, slug, by=by)
        except DatasetNotFound:
            continue
        entries.append((dataset.slug, say.text(dataset.entry.title)))
    if not entries:
        return None
    slugs = [slug for slug, _ in entries]
    return Tray(
        entries=tuple(
            (title, state.comparing(one for one in slugs if one != slug).href)
            for slug, title in entries
        ),
        compare_href=compare_href(slugs),
        clear_href=state.comparing(()).href,
        is_full=len(entries) >= COMPARED_MAX,
    )


def _compare_hrefs(
    state: SearchState, cards: Sequence[DatasetCard], tray: Tray | None
) -> dict[str, tuple[str, bool]]:
    """For each card the address that puts it into the tray or out of it, and whether it is in."""
    held = state.compared
    hrefs = {}
    for card in cards:
        is_in = card.slug in held
        if not is_in and tray is not None and tray.is_full:
            continue
        others = [slug for slug in held if slug != card.slug]
        hrefs[card.slug] = (
            state.comparing(others if is_in else (*held, card.slug)).href,
            is_in,
        )
    return hrefs


def _unready(request: Request, tx: Tx, state: SearchState, *, by: Actor) -> Response:
    """While the index is read for the first time: the newest datasets, and why there is no more."""
    say = speech_of(request)
    listed = find.listed(tx, by=by, limit=PAGE)
    return render(
        request,
        "search.html",
        query=state.words,
        controls=_controls(state, say),
        total=listed.count,
        took_ms=0,
        datasets=cards_of(tx, listed.datasets, by=by, language=say.language),
        facets=[],
        chips=[],
        tray=None,
        compare_hrefs={},
        near=[],
        fewer=[],
        first=1 if listed.datasets else 0,
        last=len(listed.datasets),
        previous_href=None,
        next_href=None,
        is_ready=False,
    )
