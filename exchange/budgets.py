"""Set a month's budget, keep to it, and tell of it.

Locks are taken in one order: chains of receipts, then budgets, then accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime

from exchange.budget import CAP_MAX, Budget
from exchange.errors import CapOutOfBounds, NoOrganization, NotYourPart
from exchange.store import budgets as store
from policies.calendar import china_day
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor, Role
from policies.record import record
from policies.roles import SYSTEM, can_apply_for
from policies.terms import MicroCredits, OrganizationId


def set_budget(
    tx: Tx, *, cap: MicroCredits | None, is_hard_stop: bool, by: Actor, at: datetime
) -> Budget | None:
    """Set the monthly budget of the organisation that `by` acts for; a cap of None takes it away.

    Raises: NoOrganization, NotYourPart, CapOutOfBounds.
    """
    owner = by.organization
    if owner is None:
        raise NoOrganization
    if not can_apply_for(by, owner.id) or by.user_id is None:
        raise NotYourPart(Role.BUYER)
    if cap is None:
        store.remove_budget(tx, owner.id)
    else:
        if not 0 < cap <= CAP_MAX:
            raise CapOutOfBounds(CAP_MAX)
        store.put_budget(tx, owner.id, cap=cap, is_hard_stop=is_hard_stop, by=by.user_id, at=at)
        # Counted from receipts, while no other delivery of the organisation can be charged.
        store.start_month(tx, owner.id, _month(at))
    record(
        tx,
        Event(
            kind=EventKind.BUDGET_SET,
            at=at,
            actor=by,
            organization_id=owner.id,
            subject_id=owner.id,
            facts={"cap_microcredits": cap, "is_hard_stop": is_hard_stop},
        ),
    )
    return budget_of(tx, owner.id, at)


def budget_of(tx: Tx, organization_id: OrganizationId, at: datetime) -> Budget | None:
    """The organisation's budget and what of it is spent this month; None where none is set."""
    return store.budget_of(tx, organization_id, _month(at))


def lock_budgets(
    tx: Tx, organization_ids: Collection[OrganizationId], at: datetime
) -> dict[OrganizationId, Budget]:
    """The budgets of those that have one, held until the transaction ends."""
    if not organization_ids:
        return {}
    return store.lock_budgets(tx, organization_ids, _month(at))


def count_spent(
    tx: Tx,
    budgets: Mapping[OrganizationId, Budget],
    spent: Mapping[OrganizationId, int],
    at: datetime,
) -> None:
    """Add what was charged to budgets that are held, and tell of each part that it reaches."""
    for organization_id, amount in sorted(spent.items()):
        budget = budgets.get(organization_id)
        if budget is None or not amount:
            continue
        total = budget.spent + amount
        alert = budget.alert_after(total)
        store.set_spent(
            tx,
            organization_id,
            _month(at),
            spent=total,
            told_percent=budget.told_percent if alert is None else alert,
            told_at=budget.told_at if alert is None else at,
        )
        if alert is not None:
            record(
                tx,
                Event(
                    kind=EventKind.BUDGET_REACHED,
                    at=at,
                    actor=SYSTEM,
                    organization_id=organization_id,
                    subject_id=organization_id,
                    facts={
                        "percent": alert,
                        "spent_microcredits": total,
                        "cap_microcredits": budget.cap,
                        "is_hard_stop": budget.is_hard_stop,
                    },
                ),
            )


def _month(at: datetime) -> date:
    return china_day(at).replace(day=1)
