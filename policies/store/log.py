"""Events, their personal fields and edges, leaves, tree nodes and tree heads."""

from __future__ import annotations

from policies.database import Tx
from policies.events import Event


def insert_event(tx: Tx, event: Event, body: str) -> int:
    """Insert an event, its edges, and the mark that it still needs a leaf; return its id."""
    row = tx.execute(
        """
        WITH recorded AS (
            INSERT INTO policies.events
                (kind, at, actor_id, organization_id, dataset_id, subject_id, body)
            VALUES
                (%(kind)s, %(at)s, %(actor_id)s, %(organization_id)s, %(dataset_id)s,
                 %(subject_id)s, %(body)s)
            RETURNING id
        ), drawn AS (
            INSERT INTO policies.lineage_edges (event_id, source, target, made_by)
            SELECT recorded.id, edge.source, edge.target, edge.made_by
              FROM recorded,
                   unnest(%(sources)s::text[], %(targets)s::text[], %(made_by)s::text[])
                       AS edge (source, target, made_by)
        )
        INSERT INTO policies.unsequenced_events (event_id)
        SELECT id
          FROM recorded
        RETURNING event_id
        """,
        {
            "kind": event.kind,
            "at": event.at,
            "actor_id": event.actor.user_id,
            "organization_id": event.organization_id,
            "dataset_id": event.dataset_id,
            "subject_id": event.subject_id,
            "body": body,
            "sources": [edge.source for edge in event.edges],
            "targets": [edge.target for edge in event.edges],
            "made_by": [edge.by for edge in event.edges],
        },
    ).fetchone()
    assert row is not None
    event_id: int = row["event_id"]
    return event_id


def insert_personal(tx: Tx, event_id: int, *, salt: bytes, body: str) -> None:
    """Keep the personal fields of an event beside it."""
    tx.execute(
        """
        INSERT INTO policies.event_personal (event_id, salt, body)
        VALUES (%(event_id)s, %(salt)s, %(body)s)
        """,
        {"event_id": event_id, "salt": salt, "body": body},
    )


def delete_personal(tx: Tx, event_id: int) -> bool:
    """Erase the personal fields of an event; False where there were none."""
    deleted = tx.execute(
        """
        DELETE FROM policies.event_personal
         WHERE event_id = %(event_id)s
        """,
        {"event_id": event_id},
    )
    return deleted.rowcount == 1
