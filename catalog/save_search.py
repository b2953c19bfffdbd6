"""Keep a search, look at what is new in it, and forget it; each person only their own.

Keeping a search is no change of the catalogue, so the log does not hold it.
"""

from __future__ import annotations

from datetime import datetime

from catalog.saved_search import (
    NAME_LENGTH_CHARACTERS,
    QUERY_LENGTH_CHARACTERS,
    SAVED_MAX,
    SavedSearch,
    SavedSearchId,
)
from catalog.saved_search_errors import (
    NothingToSave,
    SavedSearchNotFound,
    SearchNameUnfit,
    TooManySavedSearches,
)
from catalog.store import saved_searches as store
from policies.database import Tx
from policies.identity.authenticate import check_signed_in
from policies.party import Actor
from policies.roles import check_person


def save(tx: Tx, name: str, query: str, *, by: Actor, at: datetime) -> SavedSearchId:
    """Keep a search; the same search once more only gets the new name.

    Raises: SignInNeeded, PersonNeeded, SearchNameUnfit, NothingToSave, TooManySavedSearches.
    """
    user_id = check_signed_in(by)
    check_person(by)
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_LENGTH_CHARACTERS or not name.isprintable():
        raise SearchNameUnfit(NAME_LENGTH_CHARACTERS)
    if not query or len(query) > QUERY_LENGTH_CHARACTERS or not query.isprintable():
        raise NothingToSave
    store.lock_searches(tx, user_id)
    known = store.rename_search(tx, user_id, query, name=name)
    if known is not None:
        return known
    if store.count_searches(tx, user_id) >= SAVED_MAX:
        raise TooManySavedSearches(SAVED_MAX)
    return store.insert_search(tx, user_id, name=name, query=query, at=at)


def saved_by(tx: Tx, *, by: Actor) -> list[SavedSearch]:
    """The actor's own searches, the last saved first; none for who did not sign in."""
    return [] if by.user_id is None else store.searches_of(tx, by.user_id, limit=SAVED_MAX)


def look_at(tx: Tx, search_id: SavedSearchId, *, by: Actor, at: datetime) -> SavedSearch:
    """The search, whose news count from now on.

    Raises: SignInNeeded, SavedSearchNotFound.
    """
    seen = store.update_seen(tx, check_signed_in(by), search_id, at=at)
    if seen is None:
        raise SavedSearchNotFound
    return seen


def forget(tx: Tx, search_id: SavedSearchId, *, by: Actor) -> None:
    """Keep it no longer.

    Raises: SignInNeeded, SavedSearchNotFound.
    """
    if not store.delete_search(tx, check_signed_in(by), search_id):
        raise SavedSearchNotFound
