"""Table `quality.contracts`."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import DatasetId, UserId
from quality.contract import Contract
from quality.rule import RuleId


def put_contract(
    tx: Tx, dataset_id: DatasetId, contract: Contract, *, by: UserId | None, at: datetime
) -> None:
    """Keep a dataset's contract, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO quality.contracts
            (dataset_id, body, rule_ids, unchecked, taken_in_by, taken_in_at)
        VALUES (%(dataset_id)s, %(body)s, %(rule_ids)s, %(unchecked)s, %(by)s, %(at)s)
        ON CONFLICT (dataset_id)
        DO UPDATE SET body = EXCLUDED.body, rule_ids = EXCLUDED.rule_ids,
                      unchecked = EXCLUDED.unchecked, taken_in_by = EXCLUDED.taken_in_by,
                      taken_in_at = EXCLUDED.taken_in_at
        """,
        {
            "dataset_id": dataset_id,
            "body": Jsonb(dict(contract.body)),
            "rule_ids": list(contract.rule_ids),
            "unchecked": list(contract.unchecked),
            "by": by,
            "at": at,
        },
    )


def contract_of(tx: Tx, dataset_id: DatasetId) -> Contract | None:
    """The contract that was taken in for a dataset; None where there is none."""
    row = tx.execute(
        """
        SELECT body, rule_ids, unchecked
          FROM quality.contracts
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    if row is None:
        return None
    rule_ids = tuple(RuleId(one) for one in row["rule_ids"])
    return Contract(row["body"], rule_ids, tuple(row["unchecked"]))
