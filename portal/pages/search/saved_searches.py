"""A reader's saved searches: keep one, see what is new in each, open it, forget it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog import save_search
from catalog.saved_search import SavedSearch, SavedSearchId
from catalog.search.errors import IndexNotReady
from catalog.search.query import Search, Span
from policies.database import Tx
from policies.errors import Refusal
from policies.party import Actor
from portal.pages.rendering import render
from portal.pages.search.facets import Counting, chips_of, filters_of, query_of
from portal.pages.search.finding import counting_for
from portal.pages.search.state import (
    ADDRESS_LENGTH_CHARACTERS,
    SearchState,
    state_of_query,
)
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
_SAVED_PLACE: Final = "/my#searches"
Words = Annotated[str, Form(max_length=1_000)]
Address = Annotated[str, Form(max_length=ADDRESS_LENGTH_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class SavedSearchShown:
    """One line of the list."""

    id: SavedSearchId
    name: str
    href: str
    filters: str
    """The chosen filters in a line."""
    number: int | None
    """How many datasets fit now; None while the search is being prepared."""
    new: int


@router.get("/my/searches/new")
def show_form(
    request: Request, query: Annotated[str, Query(max_length=ADDRESS_LENGTH_CHARACTERS)] = ""
) -> Response:
    """The form that names a search to be kept."""
    return _form(request, query, name=None, errors={})


@router.post("/my/searches")
def save(request: Request, query: Address = "", name: Words = "") -> Response:
    """Keep a search."""
    actor, wiring = signed_in(request), wiring_of(request)
    state = state_of_query(query)
    kept = state.query if state.is_narrowed else ""
    try:
        with wiring.pool.connection() as tx:
            save_search.save(tx, name, kept, by=actor, at=wiring.now())
    except Refusal as refusal:
        errors = {
            str(getattr(refusal, "field", "")) or "query": speech_of(request).refusal(refusal)
        }
        return _form(request, query, name=name, errors=errors, status=status_of(refusal))
    return RedirectResponse(_SAVED_PLACE, _SEE_OTHER)


@router.post("/my/searches/{search_id}/open")
def open_search(request: Request, search_id: UUID) -> Response:
    """Show what fits, the newest first, and count news from now on."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        seen = save_search.look_at(tx, SavedSearchId(search_id), by=actor, at=wiring.now())
    return RedirectResponse(state_of_query(seen.query).href, _SEE_OTHER)


@router.post("/my/searches/{search_id}/delete")
def delete_search(request: Request, search_id: UUID) -> Response:
    """Keep it no longer."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        save_search.forget(tx, SavedSearchId(search_id), by=actor)
    return RedirectResponse(_SAVED_PLACE, _SEE_OTHER)


def saved_searches_of(tx: Tx, wiring: Wiring, *, by: Actor, say: Speech) -> list[SavedSearchShown]:
    """The reader's own searches with how much fits each, and how much of it is new."""
    counting = counting_for(wiring, tx, by=by, say=say)
    return [_shown(counting, saved) for saved in save_search.saved_by(tx, by=by)]


def _shown(counting: Counting, saved: SavedSearch) -> SavedSearchShown:
    state = state_of_query(saved.query)
    published_since = Span("issued", saved.seen_at, None, includes_low=False)
    number, new = None, 0
    try:
        number = counting.found(state)
        new = counting.live.search(
            counting.tx,
            Search(counting.labels, query_of(state), (*filters_of(state), published_since), rows=0),
        ).count
    except IndexNotReady:
        # The list is of use without its numbers.
        pass
    return SavedSearchShown(
        id=saved.id,
        name=saved.name,
        href=state.href,
        filters=_filters(counting, state),
        number=number,
        new=new,
    )


def _filters(counting: Counting, state: SearchState) -> str:
    words = [f"“{state.words}”"] if state.words else []
    return " · ".join([*words, *(chip.value for chip in chips_of(counting, state))])


def _form(
    request: Request,
    query: str,
    *,
    name: str | None,
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    state = state_of_query(query)
    with wiring.pool.connection() as tx:
        described = _filters(counting_for(wiring, tx, by=actor, say=say), state)
    return render(
        request,
        "search/save.html",
        status=status,
        query=state.query,
        described=described,
        name=described.replace("“", "").replace("”", "")[:200] if name is None else name,
        back_href=state.href,
        errors=errors,
    )
