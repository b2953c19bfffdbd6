"""Credits: balance, budget, statement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange import settle
from exchange.budget import CAP_MAX, Budget
from exchange.budgets import budget_of, set_budget
from exchange.credit import Balance, Statement, StatementLine
from exchange.errors import NoOrganization, NotYourPart
from policies.canonical import Plain
from policies.database import Tx
from policies.identity.people import organization_named
from policies.party import Actor, Organization, Role
from policies.roles import can_see_books_of
from policies.terms import MicroCredits
from portal.act_once import act_once
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["credits"])

_OrganizationSlug = Annotated[
    str | None, Query(description="Slug; none means the organisation that the caller acts for.")
]


class BalanceBody(BaseModel):
    """An organisation's credits, in micro-credits (1 credit = 1,000,000)."""

    organization: str
    available_microcredits: int
    held_microcredits: int
    earned_microcredits: int


class NewBudget(BaseModel):
    """What an organisation means to spend in a month."""

    model_config = ConfigDict(extra="forbid")

    cap_microcredits: Annotated[int, Field(strict=True, ge=1, le=CAP_MAX)] | None
    """None takes the budget away."""
    is_hard_stop: bool = True


class BudgetBody(BaseModel):
    """The budget and what of it the present month has used, in micro-credits."""

    organization: str
    cap_microcredits: int | None
    is_hard_stop: bool
    spent_microcredits: int
    told_percent: int


class LineBody(BaseModel):
    """What one receipt cost or earned."""

    receipt_id: UUID
    at: datetime
    dataset_id: UUID
    counterparty_id: UUID | None
    row_count: int
    charge_microcredits: int
    fee_microcredits: int
    receipt_sha256: str


class StatementBody(BaseModel):
    """What an organisation spent and earned, from receipts alone."""

    organization: str
    since: datetime
    until: datetime
    spent_microcredits: int
    earned_microcredits: int
    spent: list[LineBody]
    earned: list[LineBody]


@router.get("/balance")
def balance(request: Request, organization: _OrganizationSlug = None) -> BalanceBody:
    """What the organisation can spend, what is held, and what it has earned."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        owner = _books_of(tx, actor, organization)
        return _balance_body(owner, settle.balance_of(tx, owner.id))


@router.get("/budget")
def budget(request: Request) -> BudgetBody:
    """The monthly budget of the organisation that the caller acts for."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        owner = _books_of(tx, actor, None)
        return _budget_body(owner, budget_of(tx, owner.id, wiring.now()))


@router.put("/budget", response_model=BudgetBody)
def put_budget(request: Request, wanted: NewBudget) -> Plain:
    """Set the monthly budget: told at 50, 80 and 100 %, and stopped there where wished."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> BudgetBody:
        cap = wanted.cap_microcredits
        told = set_budget(
            tx,
            cap=None if cap is None else MicroCredits(cap),
            is_hard_stop=wanted.is_hard_stop,
            by=actor,
            at=at,
        )
        return _budget_body(_books_of(tx, actor, None), told)

    return act_once(request, actor, wanted, act)


@router.get("/statement")
def statement(
    request: Request, since: datetime, until: datetime, organization: _OrganizationSlug = None
) -> StatementBody:
    """What the organisation spent and earned from `since` up to `until`."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        owner = _books_of(tx, actor, organization)
        return _statement_body(owner, settle.statement(tx, owner.id, since, until))


def _books_of(tx: Tx, actor: Actor, slug: str | None) -> Organization:
    """The organisation whose books are asked for.

    Raises: NoOrganization, OrganizationNotFound, NotYourPart.
    """
    owner = organization_named(tx, slug) if slug else actor.organization
    if owner is None:
        raise NoOrganization
    if not can_see_books_of(actor, owner.id):
        raise NotYourPart(Role.FINANCE)
    return owner


def _balance_body(owner: Organization, told: Balance) -> BalanceBody:
    return BalanceBody(
        organization=owner.slug,
        available_microcredits=told.available,
        held_microcredits=told.held,
        earned_microcredits=told.earned,
    )


def _budget_body(owner: Organization, told: Budget | None) -> BudgetBody:
    return BudgetBody(
        organization=owner.slug,
        cap_microcredits=told.cap if told else None,
        is_hard_stop=told is not None and told.is_hard_stop,
        spent_microcredits=told.spent if told else 0,
        told_percent=told.told_percent if told else 0,
    )


def _statement_body(owner: Organization, told: Statement) -> StatementBody:
    return StatementBody(
        organization=owner.slug,
        since=told.since,
        until=told.until,
        spent_microcredits=told.spent_total,
        earned_microcredits=told.earned_total,
        spent=[_line(line) for line in told.spent],
        earned=[_line(line) for line in told.earned],
    )


def _line(line: StatementLine) -> LineBody:
    return LineBody(
        receipt_id=line.receipt_id,
        at=line.at,
        dataset_id=line.dataset_id,
        counterparty_id=line.counterparty_id,
        row_count=line.row_count,
        charge_microcredits=line.charge,
        fee_microcredits=line.fee,
        receipt_sha256=line.body_sha256,
    )
