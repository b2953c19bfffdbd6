"""Monthly budgets, and what of each month is spent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from exchange.budget import Budget
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId, UserId

Row = dict[str, Any]


def put_budget(
    tx: Tx,
    organization_id: OrganizationId,
    *,
    cap: MicroCredits,
    is_hard_stop: bool,
    by: UserId,
    at: datetime,
) -> None:
    """Set the organisation's budget; its row is held until the transaction ends."""
    tx.execute(
        """
        INSERT INTO exchange.budgets
               (organization_id, cap_microcredits, is_hard_stop, set_by, set_at)
        VALUES (%(id)s, %(cap)s, %(is_hard_stop)s, %(by)s, %(at)s)
            ON CONFLICT (organization_id) DO UPDATE
               SET cap_microcredits = EXCLUDED.cap_microcredits,
                   is_hard_stop = EXCLUDED.is_hard_stop,
                   set_by = EXCLUDED.set_by,
                   set_at = EXCLUDED.set_at
        """,
        {"id": organization_id, "cap": cap, "is_hard_stop": is_hard_stop, "by": by, "at": at},
    )


def remove_budget(tx: Tx, organization_id: OrganizationId) -> None:
    """Take the budget away, with what was counted for it."""
    tx.execute(
        """
        DELETE FROM exchange.budgets
         WHERE organization_id = %(id)s
        """,
        {"id": organization_id},
    )


def start_month(tx: Tx, organization_id: OrganizationId, month: date) -> None:
    """Count the month from the receipts that there are; alerts of before are told again."""
    tx.execute(
        """
        INSERT INTO exchange.budget_months (organization_id, month, spent_microcredits)
        SELECT %(id)s, %(month)s, coalesce(sum(charge_microcredits), 0)
          FROM exchange.receipts
         WHERE consumer_id = %(id)s
           AND created_at >= %(month)s::timestamp AT TIME ZONE 'Asia/Shanghai'
           AND created_at < (%(month)s::date + interval '1 month') AT TIME ZONE 'Asia/Shanghai'
            ON CONFLICT (organization_id, month) DO UPDATE
               SET spent_microcredits = EXCLUDED.spent_microcredits,
                   told_percent = 0,
                   told_at = NULL
        """,
        {"id": organization_id, "month": month},
    )


def budget_of(tx: Tx, organization_id: OrganizationId, month: date) -> Budget | None:
    """The budget with what the month has used of it; None where none is set."""
    row = tx.execute(
        """
        SELECT budget.organization_id, budget.cap_microcredits, budget.is_hard_stop,
               spent.spent_microcredits, spent.told_percent, spent.told_at
          FROM exchange.budgets AS budget
          LEFT JOIN exchange.budget_months AS spent
            ON spent.organization_id = budget.organization_id
           AND spent.month = %(month)s
         WHERE budget.organization_id = %(id)s
        """,
        {"id": organization_id, "month": month},
    ).fetchone()
    return _budget(row) if row else None


def lock_budgets(
    tx: Tx, organization_ids: Collection[OrganizationId], month: date
) -> dict[OrganizationId, Budget]:
    """The budgets of these organisations that have one, held in one order."""
    held = tx.execute(
        """
        SELECT organization_id
          FROM exchange.budgets
         WHERE organization_id = ANY(%(ids)s)
         ORDER BY organization_id
           FOR UPDATE
        """,
        {"ids": list(organization_ids)},
    ).fetchall()
    # Read after they are held, so that what others added before is seen.
    return {
        row["organization_id"]: budget
        for row in held
        if (budget := budget_of(tx, row["organization_id"], month)) is not None
    }


def set_spent(
    tx: Tx,
    organization_id: OrganizationId,
    month: date,
    *,
    spent: int,
    told_percent: int,
    told_at: datetime | None,
) -> None:
    """Write what the month has used; the budget is held."""
    tx.execute(
        """
        INSERT INTO exchange.budget_months
               (organization_id, month, spent_microcredits, told_percent, told_at)
        VALUES (%(id)s, %(month)s, %(spent)s, %(told_percent)s, %(told_at)s)
            ON CONFLICT (organization_id, month) DO UPDATE
               SET spent_microcredits = EXCLUDED.spent_microcredits,
                   told_percent = EXCLUDED.told_percent,
                   told_at = EXCLUDED.told_at
        """,
        {
            "id": organization_id,
            "month": month,
            "spent": spent,
            "told_percent": told_percent,
            "told_at": told_at,
        },
    )


def _budget(row: Row) -> Budget:
    return Budget(
        cap=MicroCredits(row["cap_microcredits"]),
        is_hard_stop=row["is_hard_stop"],
        spent=MicroCredits(row["spent_microcredits"] or 0),
        told_percent=row["told_percent"] or 0,
        told_at=row["told_at"],
    )
