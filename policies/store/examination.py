"""What an examination of the log reads: everything, page by page, in order."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow

from policies.database import Tx
from policies.events import RecordedEdge, RecordedEvent


def logged_events(tx: Tx, start: int, *, limit: int) -> list[tuple[RecordedEvent, bytes]]:
    """Events with the hashes of their leaves, from leaf `start` on, in the order of the log."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index,
               leaf_hash
          FROM policies.leaves
          JOIN policies.events ON id = event_id
         WHERE leaf_index >= %(start)s
         ORDER BY leaf_index
         LIMIT %(limit)s
        """,
        {"start": start, "limit": limit},
    )
    return [(_event(row), row["leaf_hash"]) for row in rows]


def events_without_leaf(tx: Tx, *, limit: int) -> list[tuple[RecordedEvent, bool]]:
    """Events without a leaf, by id, and whether the sequencer knows of them."""
    rows = tx.execute(
        """
        SELECT id, kind, at, actor_id, organization_id, dataset_id, subject_id, body, leaf_index,
               unsequenced_events.event_id IS NOT NULL AS is_waiting
          FROM policies.events
          LEFT JOIN policies.leaves ON leaves.event_id = id
          LEFT JOIN policies.unsequenced_events ON unsequenced_events.event_id = id
         WHERE leaf_index IS NULL
         ORDER BY is_waiting, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [(_event(row), row["is_waiting"]) for row in rows]


def edges_of_events(tx: Tx, event_ids: Sequence[int]) -> list[RecordedEdge]:
    """The edges kept for some events."""
    rows = tx.execute(
        """
        SELECT event_id, source, target, made_by
          FROM policies.lineage_edges
         WHERE event_id = ANY(%(event_ids)s)
         ORDER BY event_id, source, target
        """,
        {"event_ids": list(event_ids)},
    )
    return [
        RecordedEdge(row["event_id"], row["source"], row["target"], row["made_by"]) for row in rows
    ]


def personal_of_events(tx: Tx, event_ids: Sequence[int]) -> list[tuple[int, bytes, str]]:
    """Event id, salt and text of the personal fields that some events still have."""
    rows = tx.execute(
        """
        SELECT event_id, salt, body
          FROM policies.event_personal
         WHERE event_id = ANY(%(event_ids)s)
         ORDER BY event_id
        """,
        {"event_ids": list(event_ids)},
    )
    return [(row["event_id"], row["salt"], row["body"]) for row in rows]


def altered_agreements(tx: Tx, *, limit: int) -> list[str]:
    """Ids of agreements whose terms no longer have the hash that was concluded."""
    rows = tx.execute(
        """
        SELECT agreements.id
          FROM policies.agreements
          LEFT JOIN policies.events
                 ON subject_id = agreements.id
                AND events.kind = 'agreement.concluded'
         WHERE terms_sha256 <> encode(sha256(convert_to(terms, 'UTF8')), 'hex')
            OR events.body IS NULL
            OR terms_sha256 IS DISTINCT FROM
               CASE WHEN pg_input_is_valid(events.body, 'jsonb')
                    THEN events.body::jsonb #>> '{facts,terms_sha256}'
               END
         ORDER BY agreements.id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [str(row["id"]) for row in rows]


def tokens_that_outlive(tx: Tx, *, limit: int) -> list[str]:
    """Ids of tokens that end after their agreement, program's key, wider token or signing key."""
    rows = tx.execute(
        """
        SELECT token.id
          FROM policies.tokens AS token
          LEFT JOIN policies.signing_keys AS key ON key.kid = token.kid
          LEFT JOIN policies.agreements AS agreement ON agreement.id = token.agreement_id
          LEFT JOIN policies.clients AS client ON client.id = token.client_id
          LEFT JOIN policies.tokens AS wider ON wider.id = token.parent_id
         WHERE key.kid IS NULL
            OR token.expires_at
               > LEAST(key.retire_at, agreement.ends_at, client.ends_at, wider.expires_at)
         ORDER BY token.id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [str(row["id"]) for row in rows]


def settled_by_one_person(tx: Tx, *, limit: int) -> list[str]:
    """Ids of freezes and changes of keys that one person began and another should have settled."""
    rows = tx.execute(
        """
        SELECT id
          FROM policies.freezes
         WHERE placed_by IN (confirmed_by, lifted_by)
         UNION ALL
        SELECT id
          FROM policies.key_acts
         WHERE state = 'confirmed'
           AND settled_by IS NOT DISTINCT FROM proposed_by
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [str(row["id"]) for row in rows]


def _event(row: DictRow) -> RecordedEvent:
    return RecordedEvent(
        id=row["id"],
        kind=row["kind"],
        at=row["at"],
        actor_id=row["actor_id"],
        organization_id=row["organization_id"],
        dataset_id=row["dataset_id"],
        subject_id=row["subject_id"],
        body=row["body"],
        leaf_index=row["leaf_index"],
    )
