"""Reading `policies.events` by several things at once, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from policies.database import Tx
from policies.events import EventKind, RecordedEvent


def events_about(
    tx: Tx,
    kinds: Sequence[EventKind],
    *,
    dataset_ids: Sequence[UUID],
    subject_ids: Sequence[UUID],
    actor_ids: Sequence[UUID],
    before: int | None,
    limit: int,
) -> list[RecordedEvent]:
    """Events of these kinds about any of these datasets or subjects, or by any of these people."""
    rows = tx.execute(
        """
        SELECT event.id, event.kind, event.at, event.actor_id, event.organization_id,
               event.dataset_id, event.subject_id, event.body, leaf.leaf_index
          FROM policies.events AS event
          LEFT JOIN policies.leaves AS leaf ON leaf.event_id = event.id
         WHERE event.kind = ANY (%(kinds)s)
           AND (%(before)s::bigint IS NULL OR event.id < %(before)s)
           AND (event.dataset_id = ANY (%(dataset_ids)s)
                OR event.subject_id = ANY (%(subject_ids)s)
                OR event.actor_id = ANY (%(actor_ids)s))
         ORDER BY event.id DESC
         LIMIT %(limit)s
        """,
        {
            "kinds": list(kinds),
            "dataset_ids": list(dataset_ids),
            "subject_ids": list(subject_ids),
            "actor_ids": list(actor_ids),
            "before": before,
            "limit": limit,
        },
    )
    return [RecordedEvent(**row) for row in rows]


def newest_events(
    tx: Tx, kinds: Sequence[EventKind], *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events of these kinds, whatever they are about."""
    rows = tx.execute(
        """
        SELECT event.id, event.kind, event.at, event.actor_id, event.organization_id,
               event.dataset_id, event.subject_id, event.body, leaf.leaf_index
          FROM policies.events AS event
          LEFT JOIN policies.leaves AS leaf ON leaf.event_id = event.id
         WHERE event.kind = ANY (%(kinds)s)
           AND (%(before)s::bigint IS NULL OR event.id < %(before)s)
         ORDER BY event.id DESC
         LIMIT %(limit)s
        """,
        {"kinds": list(kinds), "before": before, "limit": limit},
    )
    return [RecordedEvent(**row) for row in rows]
