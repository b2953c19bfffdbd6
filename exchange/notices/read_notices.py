"""A person's own notices: the list, how many are new, marking them read, and how to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from exchange.notices import store
from exchange.notices.notice import Notice, Preferences
from policies.database import Tx
from policies.errors import NotSignedIn
from policies.party import Actor
from policies.terms import UserId

PAGE_MAX: Final = 50
COUNTED_MAX: Final = 100


def own_notices(tx: Tx, *, before: UUID | None = None, by: Actor) -> list[Notice]:
    """What `by` was told, the newest first; at most `PAGE_MAX`.

    Raises: NotSignedIn.
    """
    return store.notices_of(tx, _person(by), before=before, limit=PAGE_MAX)


def own_notice(tx: Tx, notice_id: UUID, *, by: Actor) -> Notice | None:
    """One of the notices of `by`; None where it is not theirs.

    Raises: NotSignedIn.
    """
    return store.get_notice(tx, notice_id, _person(by))


def count_unread(tx: Tx, *, by: Actor) -> int:
    """How many notices `by` has not read; `COUNTED_MAX` means as many or more."""
    if by.user_id is None or by.agreement_id is not None:
        return 0
    return store.count_unread(tx, by.user_id, most=COUNTED_MAX)


def mark_read(tx: Tx, notice_ids: Sequence[UUID] | None = None, *, by: Actor, at: datetime) -> int:
    """Mark these of one's notices as read, or (None) all; how many it were.

    Raises: NotSignedIn.
    """
    return store.mark_read(tx, _person(by), notice_ids, at)


def preferences(tx: Tx, *, by: Actor) -> Preferences:
    """How `by` wants to be told.

    Raises: NotSignedIn.
    """
    return store.preferences_of(tx, _person(by))


def prefer(tx: Tx, wishes: Preferences, *, by: Actor) -> None:
    """Keep how `by` wants to be told, from the next event on.

    Raises: NotSignedIn.
    """
    store.put_preferences(tx, _person(by), wishes)


def _person(by: Actor) -> UserId:
    if by.user_id is None or by.agreement_id is not None:
        raise NotSignedIn
    return by.user_id
