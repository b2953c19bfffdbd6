"""Freezes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from policies.database import Tx
from policies.freeze_order import Freeze, FreezeTarget


def lock_target(tx: Tx, target_id: UUID) -> None:
    """Wait until nobody else is freezing this target; held until the transaction ends."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('freeze:' || %s::text, 0))", (target_id,)
    )


def insert_freeze(tx: Tx, freeze: Freeze) -> None:
    """Insert a freeze that was just placed."""
    tx.execute(
        """
        INSERT INTO policies.freezes
            (id, target_kind, target_id, reason, placed_by, placed_at, lapses_at)
        VALUES
            (%(id)s, %(target_kind)s, %(target_id)s, %(reason)s, %(placed_by)s, %(placed_at)s,
             %(lapses_at)s)
        """,
        {
            "id": freeze.id,
            "target_kind": freeze.target_kind,
            "target_id": freeze.target_id,
            "reason": freeze.reason,
            "placed_by": freeze.placed_by,
            "placed_at": freeze.placed_at,
            "lapses_at": freeze.lapses_at,
        },
    )


def lock_freeze(tx: Tx, freeze_id: UUID) -> Freeze | None:
    """The freeze of that id, held until the transaction ends; None where there is none."""
    row = tx.execute(
        """
        SELECT id, target_kind, target_id, reason, placed_by, placed_at, lapses_at, confirmed_by,
               confirmed_at, lifted_by, lifted_at, lift_reason
          FROM policies.freezes
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": freeze_id},
    ).fetchone()
    return _freeze(row) if row else None


def confirm_freeze(tx: Tx, freeze_id: UUID, *, confirmed_by: UUID, at: datetime) -> None:
    """Let a freeze last until it is lifted."""
    tx.execute(
        """
        UPDATE policies.freezes
           SET confirmed_by = %(confirmed_by)s,
               confirmed_at = %(at)s
         WHERE id = %(id)s
        """,
        {"id": freeze_id, "confirmed_by": confirmed_by, "at": at},
    )


def lift_freeze(tx: Tx, freeze_id: UUID, *, lifted_by: UUID, reason: str, at: datetime) -> None:
    """Let a freeze hold no longer."""
    tx.execute(
        """
        UPDATE policies.freezes
           SET lifted_by = %(lifted_by)s,
               lifted_at = %(at)s,
               lift_reason = %(reason)s
         WHERE id = %(id)s
        """,
        {"id": freeze_id, "lifted_by": lifted_by, "reason": reason, "at": at},
    )


def frozen_targets(tx: Tx, target_ids: Collection[UUID], at: datetime) -> frozenset[UUID]:
    """Those of `target_ids` on which a freeze is in force."""
    rows = tx.execute(
        """
        SELECT DISTINCT target_id
          FROM policies.freezes
         WHERE target_id = ANY(%(target_ids)s)
           AND lifted_at IS NULL
           AND (confirmed_at IS NOT NULL OR lapses_at > %(at)s)
         ORDER BY target_id
        """,
        {"target_ids": list(target_ids), "at": at},
    )
    return frozenset(row["target_id"] for row in rows)


def freezes_of_target(tx: Tx, target_id: UUID, *, limit: int) -> list[Freeze]:
    """Every freeze there was of one target, newest first."""
    rows = tx.execute(
        """
        SELECT id, target_kind, target_id, reason, placed_by, placed_at, lapses_at, confirmed_by,
               confirmed_at, lifted_by, lifted_at, lift_reason
          FROM policies.freezes
         WHERE target_id = %(target_id)s
         ORDER BY placed_at DESC, id
         LIMIT %(limit)s
        """,
        {"target_id": target_id, "limit": limit},
    )
    return [_freeze(row) for row in rows]


def freezes_in_force(tx: Tx, at: datetime, *, limit: int) -> list[Freeze]:
    """Every freeze that holds now: those that lapse soonest first, then the confirmed ones."""
    rows = tx.execute(
        """
        SELECT id, target_kind, target_id, reason, placed_by, placed_at, lapses_at, confirmed_by,
               confirmed_at, lifted_by, lifted_at, lift_reason
          FROM policies.freezes
         WHERE lifted_at IS NULL
           AND (confirmed_at IS NOT NULL OR lapses_at > %(at)s)
         ORDER BY confirmed_at IS NOT NULL, lapses_at, id
         LIMIT %(limit)s
        """,
        {"at": at, "limit": limit},
    )
    return [_freeze(row) for row in rows]


def _freeze(row: DictRow) -> Freeze:
    return Freeze(
        id=row["id"],
        target_kind=FreezeTarget(row["target_kind"]),
        target_id=row["target_id"],
        reason=row["reason"],
        placed_by=row["placed_by"],
        placed_at=row["placed_at"],
        lapses_at=row["lapses_at"],
        confirmed_by=row["confirmed_by"],
        confirmed_at=row["confirmed_at"],
        lifted_by=row["lifted_by"],
        lifted_at=row["lifted_at"],
        lift_reason=row["lift_reason"] or "",
    )
