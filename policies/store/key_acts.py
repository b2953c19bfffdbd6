"""Changes of signing keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from psycopg.rows import DictRow

from policies.database import Tx
from policies.evidence.signing_key import KeyPurpose
from policies.key_act import KeyAct, KeyActKind, KeyActState


def insert_act(tx: Tx, act: KeyAct) -> bool:
    """Keep a proposal; False where another one for the same purpose waits."""
    inserted = tx.execute(
        """
        INSERT INTO policies.key_acts
            (id, kind, purpose, kid, reason, proposed_by, proposed_at, state)
        VALUES
            (%(id)s, %(kind)s, %(purpose)s, %(kid)s, %(reason)s, %(proposed_by)s,
             %(proposed_at)s, 'proposed')
        ON CONFLICT DO NOTHING
        """,
        {
            "id": act.id,
            "kind": act.kind,
            "purpose": act.purpose,
            "kid": act.kid,
            "reason": act.reason,
            "proposed_by": act.proposed_by,
            "proposed_at": act.proposed_at,
        },
    )
    return inserted.rowcount == 1


def is_proposed(tx: Tx, purpose: KeyPurpose) -> bool:
    """Whether a proposal for this purpose waits."""
    row = tx.execute(
        """
        SELECT 1
          FROM policies.key_acts
         WHERE purpose = %(purpose)s
           AND state = 'proposed'
        """,
        {"purpose": purpose},
    ).fetchone()
    return row is not None


def lock_act(tx: Tx, act_id: UUID) -> KeyAct | None:
    """The act of that id, held until the transaction ends; None where there is none."""
    row = tx.execute(
        """
        SELECT id, kind, purpose, kid, reason, proposed_by, proposed_at, state, settled_by,
               settled_at
          FROM policies.key_acts
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": act_id},
    ).fetchone()
    return _act(row) if row else None


def settle_act(tx: Tx, act_id: UUID, state: KeyActState, *, by: UUID, at: datetime) -> None:
    """Write how a proposal ended."""
    tx.execute(
        """
        UPDATE policies.key_acts
           SET state = %(state)s,
               settled_by = %(by)s,
               settled_at = %(at)s
         WHERE id = %(id)s
        """,
        {"id": act_id, "state": state, "by": by, "at": at},
    )


def newest_acts(tx: Tx, *, limit: int) -> list[KeyAct]:
    """Acts, newest first; at most `limit`."""
    rows = tx.execute(
        """
        SELECT id, kind, purpose, kid, reason, proposed_by, proposed_at, state, settled_by,
               settled_at
          FROM policies.key_acts
         ORDER BY proposed_at DESC, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [_act(row) for row in rows]


def _act(row: DictRow) -> KeyAct:
    return KeyAct(
        id=row["id"],
        kind=KeyActKind(row["kind"]),
        purpose=KeyPurpose(row["purpose"]),
        kid=row["kid"],
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        state=KeyActState(row["state"]),
        settled_by=row["settled_by"],
        settled_at=row["settled_at"],
    )
