"""Live agreements judged under drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from exchange.replayed import Finding, OpenReplay, Replay
from policies.canonical import from_plain, to_plain
from policies.database import Tx
from policies.decision.clause import ClauseResult
from policies.terms import MicroCredits

Row = dict[str, Any]

REPLAYS_MAX = 50


def insert_replay(
    tx: Tx,
    *,
    profile_id: str,
    profile_hash: str,
    body: str,
    asked_by: UUID,
    total: int,
    at: datetime,
) -> UUID:
    """Add a replay and give its id."""
    row = tx.execute(
        """
        INSERT INTO exchange.replays (profile_id, profile_hash, body, asked_by, asked_at, total)
        VALUES (%(profile_id)s, %(profile_hash)s, %(body)s, %(asked_by)s, %(at)s, %(total)s)
        RETURNING id
        """,
        {
            "profile_id": profile_id,
            "profile_hash": profile_hash,
            "body": body,
            "asked_by": asked_by,
            "at": at,
            "total": total,
        },
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def lock_open(tx: Tx, replay_id: UUID) -> OpenReplay | None:
    """A replay that is not finished, held for this transaction; None where there is none."""
    row = tx.execute(
        """
        SELECT body, asked_at, last_agreement_id
          FROM exchange.replays
         WHERE id = %(id)s
           AND finished_at IS NULL
           FOR UPDATE
        """,
        {"id": replay_id},
    ).fetchone()
    return OpenReplay(row["body"], row["asked_at"], row["last_agreement_id"]) if row else None


def advance(tx: Tx, replay_id: UUID, agreement_id: UUID, count: int) -> None:
    """So many more agreements were judged, up to that one."""
    tx.execute(
        """
        UPDATE exchange.replays
           SET done = done + %(count)s,
               last_agreement_id = %(agreement_id)s
         WHERE id = %(id)s
        """,
        {"id": replay_id, "agreement_id": agreement_id, "count": count},
    )


def finish(tx: Tx, replay_id: UUID, *, at: datetime) -> None:
    """All were judged."""
    tx.execute(
        "UPDATE exchange.replays SET finished_at = %(at)s WHERE id = %(id)s",
        {"id": replay_id, "at": at},
    )


def insert_finding(tx: Tx, replay_id: UUID, finding: Finding) -> None:
    """Add what a draft would change for one agreement."""
    tx.execute(
        """
        INSERT INTO exchange.replay_findings
               (replay_id, agreement_id, stops, frees, worth_microcredits)
        VALUES (%(replay_id)s, %(agreement_id)s, %(stops)s, %(frees)s, %(worth)s)
        """,
        {
            "replay_id": replay_id,
            "agreement_id": finding.agreement_id,
            "stops": Jsonb(to_plain(finding.stops)),
            "frees": Jsonb(to_plain(finding.frees)),
            "worth": finding.worth,
        },
    )


def charged_since(tx: Tx, agreement_id: UUID, since: datetime) -> MicroCredits:
    """What was charged under an agreement since a moment."""
    row = tx.execute(
        """
        SELECT coalesce(sum(item.charge_microcredits), 0)::bigint AS charged
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
         WHERE item.agreement_id = %(id)s
           AND receipt.created_at >= %(since)s
        """,
        {"id": agreement_id, "since": since},
    ).fetchone()
    assert row is not None
    return MicroCredits(row["charged"])


def get_replay(tx: Tx, replay_id: UUID) -> Replay | None:
    """The replay of that id; None where there is none."""
    row = tx.execute(
        """
        SELECT replay.*,
               count(*) FILTER (WHERE jsonb_array_length(found.stops) > 0) AS stopped,
               count(*) FILTER (WHERE jsonb_array_length(found.frees) > 0) AS freed,
               coalesce(sum(found.worth_microcredits)
                        FILTER (WHERE jsonb_array_length(found.stops) > 0), 0)::bigint AS worth
          FROM exchange.replays AS replay
          LEFT JOIN exchange.replay_findings AS found ON found.replay_id = replay.id
         WHERE replay.id = %(id)s
         GROUP BY replay.id
        """,
        {"id": replay_id},
    ).fetchone()
    return _replay(row) if row else None


def replays(tx: Tx) -> list[Replay]:
    """The newest replays, newest first."""
    rows = tx.execute(
        """
        SELECT replay.*,
               count(*) FILTER (WHERE jsonb_array_length(found.stops) > 0) AS stopped,
               count(*) FILTER (WHERE jsonb_array_length(found.frees) > 0) AS freed,
               coalesce(sum(found.worth_microcredits)
                        FILTER (WHERE jsonb_array_length(found.stops) > 0), 0)::bigint AS worth
          FROM exchange.replays AS replay
          LEFT JOIN exchange.replay_findings AS found ON found.replay_id = replay.id
         GROUP BY replay.id
         ORDER BY replay.asked_at DESC, replay.id
         LIMIT %(limit)s
        """,
        {"limit": REPLAYS_MAX},
    )
    return [_replay(row) for row in rows]


def findings(tx: Tx, replay_id: UUID, *, limit: int) -> list[Finding]:
    """What a draft would change, the most costly first."""
    rows = tx.execute(
        """
        SELECT agreement_id, stops, frees, worth_microcredits
          FROM exchange.replay_findings
         WHERE replay_id = %(id)s
         ORDER BY worth_microcredits DESC, agreement_id
         LIMIT %(limit)s
        """,
        {"id": replay_id, "limit": limit},
    )
    return [
        Finding(
            agreement_id=row["agreement_id"],
            stops=tuple(from_plain(ClauseResult, one) for one in row["stops"]),
            frees=tuple(from_plain(ClauseResult, one) for one in row["frees"]),
            worth=MicroCredits(row["worth_microcredits"]),
        )
        for row in rows
    ]


def _replay(row: Row) -> Replay:
    return Replay(
        id=row["id"],
        profile_id=row["profile_id"],
        profile_hash=row["profile_hash"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        total=row["total"],
        done=row["done"],
        stopped=row["stopped"],
        freed=row["freed"],
        worth=MicroCredits(row["worth"]),
        finished_at=row["finished_at"],
    )
