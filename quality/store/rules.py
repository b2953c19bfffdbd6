"""Table `quality.rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import DatasetId, UserId
from quality.rule import OWN_RULES_MAX, OwnRule, Rule, RuleId
from quality.rule_format import parse_rule, rule_as_json


def insert_rule(
    tx: Tx, dataset_id: DatasetId, rule: Rule, *, by: UserId | None, at: datetime
) -> None:
    """Keep a rule; its id is the rule's own."""
    tx.execute(
        """
        INSERT INTO quality.rules (id, dataset_id, body, created_by, created_at)
        VALUES (%(id)s, %(dataset_id)s, %(body)s, %(by)s, %(at)s)
        """,
        {
            "id": UUID(rule.id),
            "dataset_id": dataset_id,
            "body": Jsonb(rule_as_json(rule)),
            "by": by,
            "at": at,
        },
    )


def rules_of(tx: Tx, dataset_id: DatasetId) -> list[OwnRule]:
    """The rules that a dataset has now, the oldest first."""
    rows = tx.execute(
        """
        SELECT id, body, created_by, created_at
          FROM quality.rules
         WHERE dataset_id = %(dataset_id)s
           AND removed_at IS NULL
         ORDER BY created_at, id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "limit": OWN_RULES_MAX},
    )
    return [_own_rule(row) for row in rows]


def lock_rules_of(tx: Tx, dataset_id: DatasetId) -> int:
    """How many rules a dataset has; nobody else counts or adds until this transaction ends."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))",
        {"name": f"quality.rules:{dataset_id}"},
    )
    row = tx.execute(
        """
        SELECT count(*) AS rules
          FROM quality.rules
         WHERE dataset_id = %(dataset_id)s
           AND removed_at IS NULL
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    return int(row["rules"]) if row else 0


def mark_rule_removed(tx: Tx, dataset_id: DatasetId, rule_id: RuleId, *, at: datetime) -> bool:
    """Take a rule out of use; False where the dataset has no such rule now."""
    removed = tx.execute(
        """
        UPDATE quality.rules
           SET removed_at = %(at)s
         WHERE id = %(rule_id)s
           AND dataset_id = %(dataset_id)s
           AND removed_at IS NULL
        """,
        {"at": at, "rule_id": rule_id, "dataset_id": dataset_id},
    )
    return removed.rowcount == 1


def _own_rule(row: Mapping[str, object]) -> OwnRule:
    body = row["body"]
    assert isinstance(body, dict), "jsonb of an object"
    created_at = row["created_at"]
    assert isinstance(created_at, datetime), "timestamptz"
    created_by = row["created_by"]
    return OwnRule(
        id=RuleId(UUID(str(row["id"]))),
        rule=parse_rule(body),
        created_by=UserId(created_by) if isinstance(created_by, UUID) else None,
        created_at=created_at,
    )
