"""Tables `catalog.ckan_moves` and `catalog.ckan_moved`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from policies.database import Tx


def begin_move(tx: Tx, address: str, at: datetime) -> UUID:
    """The move from that address: a new one, or the one that was begun before."""
    row = tx.execute(
        """
        INSERT INTO catalog.ckan_moves (id, address, started_at)
        VALUES (%(id)s, %(address)s, %(at)s)
            ON CONFLICT (address) DO UPDATE
           SET finished_at = NULL
        RETURNING id
        """,
        {"id": uuid4(), "address": address, "at": at},
    ).fetchone()
    assert row is not None
    move_id: UUID = row["id"]
    return move_id


def finish_move(tx: Tx, move_id: UUID, at: datetime) -> None:
    """Tell that a move came to its end."""
    tx.execute(
        """
        UPDATE catalog.ckan_moves
           SET finished_at = %(at)s
         WHERE id = %(id)s
        """,
        {"id": move_id, "at": at},
    )


def moved_ids(tx: Tx, move_id: UUID, kind: str) -> set[str]:
    """What of one kind need not be moved again, by its id there."""
    rows = tx.execute(
        """
        SELECT remote_id
          FROM catalog.ckan_moved
         WHERE move_id = %(move_id)s
           AND kind = %(kind)s
           AND outcome <> 'failed'
         ORDER BY remote_id
        """,
        {"move_id": move_id, "kind": kind},
    )
    return {row["remote_id"] for row in rows}


def write_moved(
    tx: Tx, move_id: UUID, kind: str, remote_id: str, *, values: dict[str, str], at: datetime
) -> None:
    """Note what became of one thing; a later note replaces an earlier one."""
    tx.execute(
        """
        INSERT INTO catalog.ckan_moved
               (move_id, kind, remote_id, name, local_id, outcome, reason, at)
        VALUES (%(move_id)s, %(kind)s, %(remote_id)s, %(name)s, %(local_id)s, %(outcome)s,
                %(reason)s, %(at)s)
            ON CONFLICT (move_id, kind, remote_id) DO UPDATE
           SET name = excluded.name,
               local_id = excluded.local_id,
               outcome = excluded.outcome,
               reason = excluded.reason,
               at = excluded.at
        """,
        {"move_id": move_id, "kind": kind, "remote_id": remote_id, "at": at, **values},
    )


def counts_of(tx: Tx, move_id: UUID) -> list[tuple[str, str, int]]:
    """How many things of each kind had each outcome."""
    rows = tx.execute(
        """
        SELECT kind, outcome, count(*) AS things
          FROM catalog.ckan_moved
         WHERE move_id = %(move_id)s
         GROUP BY kind, outcome
         ORDER BY kind, outcome
        """,
        {"move_id": move_id},
    )
    return [(row["kind"], row["outcome"], row["things"]) for row in rows]


def failures_of(tx: Tx, move_id: UUID, *, limit: int) -> list[tuple[str, str, str]]:
    """What did not move: kind, name and reason."""
    rows = tx.execute(
        """
        SELECT kind, name, reason
          FROM catalog.ckan_moved
         WHERE move_id = %(move_id)s
           AND outcome = 'failed'
         ORDER BY kind, name
         LIMIT %(limit)s
        """,
        {"move_id": move_id, "limit": limit},
    )
    return [(row["kind"], row["name"], row["reason"]) for row in rows]
