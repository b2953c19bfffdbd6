"""Events, their personal fields and their lineage edges."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from policies.canonical import compact
from policies.database import Tx
from policies.events import Event, RecordedEdge, RecordedEvent


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


def insert_events(tx: Tx, events: Sequence[tuple[Event, str]]) -> list[int]:
    """Insert events with their bodies, their edges and their marks; their ids in that order."""
    rows = tx.execute(
        """
        WITH told AS (
            SELECT event.*, nextval(pg_get_serial_sequence('policies.events', 'id')) AS id
              FROM jsonb_to_recordset(%(events)s)
                   AS event (place integer, kind text, at timestamptz, actor_id uuid,
                             organization_id uuid, dataset_id uuid, subject_id uuid, body text,
                             edges jsonb)
        ), recorded AS (
            INSERT INTO policies.events
                (id, kind, at, actor_id, organization_id, dataset_id, subject_id, body)
            OVERRIDING SYSTEM VALUE
            SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body
              FROM told
        ), drawn AS (
            INSERT INTO policies.lineage_edges (event_id, source, target, made_by)
            SELECT told.id, edge.source, edge.target, edge.made_by
              FROM told,
                   jsonb_to_recordset(told.edges) AS edge (source text, target text, made_by text)
        ), marked AS (
            INSERT INTO policies.unsequenced_events (event_id)
            SELECT id
              FROM told
        )
        SELECT id
          FROM told
         ORDER BY place
        """,
        {
            "events": Jsonb(
                [
                    {
                        "place": place,
                        "kind": event.kind.value,
                        "at": event.at.isoformat(),
                        "actor_id": _text(event.actor.user_id),
                        "organization_id": _text(event.organization_id),
                        "dataset_id": _text(event.dataset_id),
                        "subject_id": _text(event.subject_id),
                        "body": body,
                        "edges": [
                            {"source": edge.source, "target": edge.target, "made_by": edge.by}
                            for edge in event.edges
                        ],
                    }
                    for place, (event, body) in enumerate(events)
                ],
                compact,
            )
        },
    )
    return [row["id"] for row in rows]


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


def events_of_dataset(
    tx: Tx, dataset_id: UUID, *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events that concern a dataset, newest first, of those with an id under `before`."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.events
          LEFT JOIN policies.leaves ON event_id = id
         WHERE dataset_id = %(dataset_id)s
           AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "before": before, "limit": limit},
    )
    return [_event(row) for row in rows]


def events_of_record(
    tx: Tx, dataset_id: UUID, *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events that tell of a dataset's record itself, newest first, with an id under `before`."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.events
          LEFT JOIN policies.leaves ON event_id = id
         WHERE dataset_id = %(dataset_id)s
           AND kind LIKE 'dataset.%%'
           AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "before": before, "limit": limit},
    )
    return [_event(row) for row in rows]


def events_of_organization(
    tx: Tx, organization_id: UUID, *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events that concern an organisation, newest first, of those with an id under `before`."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.events
          LEFT JOIN policies.leaves ON event_id = id
         WHERE organization_id = %(organization_id)s
           AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "before": before, "limit": limit},
    )
    return [_event(row) for row in rows]


def events_of_subject(
    tx: Tx, subject_id: UUID, *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events that tell of one thing, newest first, of those with an id under `before`."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.events
          LEFT JOIN policies.leaves ON event_id = id
         WHERE subject_id = %(subject_id)s
           AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"subject_id": subject_id, "before": before, "limit": limit},
    )
    return [_event(row) for row in rows]


def events_of_actor(
    tx: Tx, actor_id: UUID, *, before: int | None, limit: int
) -> list[RecordedEvent]:
    """Events that one person caused, newest first, of those with an id under `before`."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.events
          LEFT JOIN policies.leaves ON event_id = id
         WHERE actor_id = %(actor_id)s
           AND (%(before)s::bigint IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"actor_id": actor_id, "before": before, "limit": limit},
    )
    return [_event(row) for row in rows]


def events_from_leaf(tx: Tx, start: int, *, limit: int) -> list[RecordedEvent]:
    """Events in the order of the log, from leaf `start` on."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index
          FROM policies.leaves
          JOIN policies.events ON id = event_id
         WHERE leaf_index >= %(start)s
         ORDER BY leaf_index
         LIMIT %(limit)s
        """,
        {"start": start, "limit": limit},
    )
    return [_event(row) for row in rows]


def edges_from(tx: Tx, assets: Sequence[str], *, limit: int) -> list[RecordedEdge]:
    """Edges whose source is one of `assets`."""
    rows = tx.execute(
        """
        SELECT event_id, source, target, made_by
          FROM policies.lineage_edges
         WHERE source = ANY(%(assets)s)
         ORDER BY event_id, source, target
         LIMIT %(limit)s
        """,
        {"assets": list(assets), "limit": limit},
    )
    return [_edge(row) for row in rows]


def edges_into(tx: Tx, assets: Sequence[str], *, limit: int) -> list[RecordedEdge]:
    """Edges whose target is one of `assets`."""
    rows = tx.execute(
        """
        SELECT event_id, source, target, made_by
          FROM policies.lineage_edges
         WHERE target = ANY(%(assets)s)
         ORDER BY event_id, source, target
         LIMIT %(limit)s
        """,
        {"assets": list(assets), "limit": limit},
    )
    return [_edge(row) for row in rows]


def _event(row: DictRow) -> RecordedEvent:
    return RecordedEvent(**row)


def _edge(row: DictRow) -> RecordedEdge:
    return RecordedEdge(row["event_id"], row["source"], row["target"], row["made_by"])


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
