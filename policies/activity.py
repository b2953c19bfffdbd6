"""What happened lately to the things that somebody follows: a reading of the one log.

Whoever shows an event has to see to it that its reader may know of what it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from policies.database import Tx
from policies.events import EventKind, RecordedEvent
from policies.store import activity as store

ACTIVITY_PAGE_MOST: Final = 500


def events_about(
    tx: Tx,
    kinds: Sequence[EventKind],
    *,
    dataset_ids: Sequence[UUID] = (),
    subject_ids: Sequence[UUID] = (),
    actor_ids: Sequence[UUID] = (),
    before: int | None = None,
    limit: int = ACTIVITY_PAGE_MOST,
) -> list[RecordedEvent]:
    """Events of these kinds about any of these things, or by any of these people, newest first."""
    return store.events_about(
        tx,
        kinds,
        dataset_ids=dataset_ids,
        subject_ids=subject_ids,
        actor_ids=actor_ids,
        before=before,
        limit=min(limit, ACTIVITY_PAGE_MOST),
    )


def newest_events(
    tx: Tx,
    kinds: Sequence[EventKind],
    *,
    before: int | None = None,
    limit: int = ACTIVITY_PAGE_MOST,
) -> list[RecordedEvent]:
    """Events of these kinds, newest first."""
    return store.newest_events(tx, kinds, before=before, limit=min(limit, ACTIVITY_PAGE_MOST))
