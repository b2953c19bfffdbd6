"""Decisions about access, allowed or refused, with the facts that they were made on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from exchange.decision import StoredDecision
from policies.access import Decision
from policies.canonical import to_plain
from policies.database import Tx
from policies.party import Actor

Row = dict[str, Any]

DECISIONS_PAGE_MAX = 500


def insert_decision(tx: Tx, decision: Decision, actor: Actor) -> UUID:
    """Write down a decision and give its id."""
    asked = decision.facts
    row = tx.execute(
        """
        INSERT INTO exchange.decisions
               (at, user_id, organization_id, token_id, action, dataset_id, listing_id,
                agreement_id, is_allowed, rule_ids, reasons, facts, profile_id, profile_hash,
                policy_hash)
        VALUES (%(at)s, %(user_id)s, %(organization_id)s, %(token_id)s, %(action)s, %(dataset_id)s,
                %(listing_id)s, %(agreement_id)s, %(is_allowed)s, %(rule_ids)s, %(reasons)s,
                %(facts)s, %(profile_id)s, %(profile_hash)s, %(policy_hash)s)
        RETURNING id
        """,
        {
            "at": decision.at,
            "user_id": actor.user_id,
            "organization_id": actor.organization.id if actor.organization else None,
            "token_id": actor.token_id,
            "action": asked.action,
            "dataset_id": asked.asset.dataset_id,
            "listing_id": asked.face.listing_id if asked.face else None,
            "agreement_id": asked.grant.agreement_id if asked.grant else None,
            "is_allowed": decision.is_allowed,
            "rule_ids": list(decision.rule_ids),
            "reasons": Jsonb(to_plain(decision.reasons)),
            "facts": Jsonb(to_plain(asked)),
            "profile_id": decision.profile_id,
            "profile_hash": decision.profile_hash,
            "policy_hash": decision.policy_hash,
        },
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def get_decision(tx: Tx, decision_id: UUID) -> StoredDecision | None:
    """The decision of that id; None where there is none."""
    row = tx.execute(
        "SELECT * FROM exchange.decisions WHERE id = %(id)s", {"id": decision_id}
    ).fetchone()
    return _decision(row) if row else None


def search_decisions(
    tx: Tx,
    *,
    dataset_id: UUID | None,
    organization_id: UUID | None,
    is_allowed: bool | None,
    before: datetime,
    limit: int,
) -> list[StoredDecision]:
    """Decisions before a moment, newest first; a condition that is None does not count."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.decisions
         WHERE at < %(before)s
           AND (%(dataset_id)s::uuid IS NULL OR dataset_id = %(dataset_id)s)
           AND (%(organization_id)s::uuid IS NULL OR organization_id = %(organization_id)s)
           AND (%(is_allowed)s::boolean IS NULL OR is_allowed = %(is_allowed)s)
         ORDER BY at DESC, id
         LIMIT %(limit)s
        """,
        {
            "before": before,
            "dataset_id": dataset_id,
            "organization_id": organization_id,
            "is_allowed": is_allowed,
            "limit": min(limit, DECISIONS_PAGE_MAX),
        },
    )
    return [_decision(row) for row in rows]


def _decision(row: Row) -> StoredDecision:
    return StoredDecision(
        id=row["id"],
        at=row["at"],
        user_id=row["user_id"],
        organization_id=row["organization_id"],
        action=row["action"],
        dataset_id=row["dataset_id"],
        listing_id=row["listing_id"],
        agreement_id=row["agreement_id"],
        is_allowed=row["is_allowed"],
        rule_ids=tuple(row["rule_ids"]),
        reasons=row["reasons"],
        facts=row["facts"],
        profile_id=row["profile_id"],
        profile_hash=row["profile_hash"],
        policy_hash=row["policy_hash"],
    )
