"""Payments, payouts and refunds, each by two people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.credit import TOP_UP_MAX
from exchange.payments import give_back, pay_in, pay_out
from exchange.payments.payment import (
    REFERENCE_CHARACTERS_MAX,
    Payment,
    PaymentState,
    Payout,
    PayoutState,
)
from exchange.payments.refund import Refund, RefundState
from policies.canonical import Plain
from policies.database import Tx
from policies.identity.people import organization_named
from policies.reason import REASON_LENGTH_CHARACTERS
from policies.terms import MicroCredits
from portal.act_once import act_once
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["credits"])

_Line = Annotated[str, Field(max_length=REFERENCE_CHARACTERS_MAX)]


class NewPayment(BaseModel):
    """What an organisation paid for credits."""

    model_config = ConfigDict(extra="forbid")

    amount_microcredits: Annotated[int, Field(strict=True, ge=1, le=TOP_UP_MAX)]
    reference: _Line
    """Of the bank transfer or invoice; it counts once, however it is spaced or cased."""
    paid_on: date


class Because(BaseModel):
    """Why something is let fall."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=REASON_LENGTH_CHARACTERS)]


class NewPayout(BaseModel):
    """What a provider wants to be sent."""

    model_config = ConfigDict(extra="forbid")

    amount_microcredits: Annotated[int, Field(strict=True, ge=1, le=TOP_UP_MAX)]
    bank_account: _Line


class Sending(BaseModel):
    """How a payout was sent."""

    model_config = ConfigDict(extra="forbid")

    bank_reference: _Line
    """Of the bank's transfer; it stands for one payout."""


class NewRefund(BaseModel):
    """What is to be given back of a receipt's charge."""

    model_config = ConfigDict(extra="forbid")

    amount_microcredits: Annotated[int, Field(strict=True, ge=1, le=TOP_UP_MAX)]
    reason: Annotated[str, Field(max_length=REASON_LENGTH_CHARACTERS)]


class RefundBody(BaseModel):
    """A refund; given back once it is confirmed."""

    id: UUID
    receipt_id: UUID
    buyer_id: UUID
    amount_microcredits: int
    reason: str
    state: RefundState
    proposed_by: UUID
    proposed_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None


class PaymentBody(BaseModel):
    """A payment; credited once it is confirmed."""

    id: UUID
    organization_id: UUID
    amount_microcredits: int
    reference: str
    paid_on: date
    state: PaymentState
    recorded_by: UUID | None
    recorded_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    reason: str
    transfer_id: UUID | None


class PayoutBody(BaseModel):
    """A payout; out of the earnings as long as it is not refused."""

    id: UUID
    organization_id: UUID
    amount_microcredits: int
    bank_account: str
    state: PayoutState
    asked_by: UUID
    asked_at: datetime
    settled_by: UUID | None
    settled_at: datetime | None
    bank_reference: str
    reason: str


@router.post("/organizations/{slug}/payments", status_code=201, response_model=PaymentBody)
def record_payment(request: Request, slug: str, wanted: NewPayment) -> Plain:
    """Record what an organisation paid; for finance. Somebody else confirms it."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PaymentBody:
        return _payment_body(
            pay_in.record_payment(
                tx,
                organization_named(tx, slug).id,
                MicroCredits(wanted.amount_microcredits),
                reference=wanted.reference,
                paid_on=wanted.paid_on,
                by=actor,
                at=at,
            )
        )

    return act_once(request, actor, wanted, act)


@router.get("/payments")
def list_payments(request: Request, state: PaymentState | None = None) -> list[PaymentBody]:
    """The newest payments, of one state where it is named; for finance and the bureau."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_payment_body(one) for one in pay_in.payments(tx, state=state, by=actor)]


@router.post("/payments/{payment_id}/confirm", response_model=PaymentBody)
def confirm_payment(request: Request, payment_id: UUID) -> Plain:
    """Credit a payment that somebody else recorded; for finance and the bureau."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PaymentBody:
        return _payment_body(pay_in.confirm_payment(tx, payment_id, by=actor, at=at))

    return act_once(request, actor, None, act)


@router.post("/payments/{payment_id}/withdraw", response_model=PaymentBody)
def withdraw_payment(request: Request, payment_id: UUID, wanted: Because) -> Plain:
    """Let a payment fall that was recorded by mistake; for finance and the bureau."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PaymentBody:
        return _payment_body(
            pay_in.withdraw_payment(tx, payment_id, reason=wanted.reason, by=actor, at=at)
        )

    return act_once(request, actor, wanted, act)


@router.post("/organizations/{slug}/payouts", status_code=201, response_model=PayoutBody)
def ask_payout(request: Request, slug: str, wanted: NewPayout) -> Plain:
    """Ask for what the organisation earned; for its finance and administrators."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PayoutBody:
        return _payout_body(
            pay_out.ask_payout(
                tx,
                organization_named(tx, slug).id,
                MicroCredits(wanted.amount_microcredits),
                bank_account=wanted.bank_account,
                by=actor,
                at=at,
            )
        )

    return act_once(request, actor, wanted, act)


@router.get("/organizations/{slug}/payouts")
def list_payouts_of(request: Request, slug: str) -> list[PayoutBody]:
    """What an organisation asked to be paid out, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        owner = organization_named(tx, slug)
        return [_payout_body(one) for one in pay_out.payouts_of(tx, owner.id, by=actor)]


@router.get("/payouts")
def list_payouts(request: Request, state: PayoutState | None = None) -> list[PayoutBody]:
    """The newest payouts, of one state where it is named; for finance and the bureau."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_payout_body(one) for one in pay_out.payouts(tx, state=state, by=actor)]


@router.post("/payouts/{payout_id}/send", response_model=PayoutBody)
def send_payout(request: Request, payout_id: UUID, wanted: Sending) -> Plain:
    """Say that a payout was sent, by which transfer of the bank; for finance and the bureau."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PayoutBody:
        return _payout_body(
            pay_out.send_payout(
                tx, payout_id, bank_reference=wanted.bank_reference, by=actor, at=at
            )
        )

    return act_once(request, actor, wanted, act)


@router.post("/payouts/{payout_id}/refuse", response_model=PayoutBody)
def refuse_payout(request: Request, payout_id: UUID, wanted: Because) -> Plain:
    """Let a payout fall; for finance, the bureau, and whoever may ask for it."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> PayoutBody:
        return _payout_body(
            pay_out.refuse_payout(tx, payout_id, reason=wanted.reason, by=actor, at=at)
        )

    return act_once(request, actor, wanted, act)


@router.post("/receipts/{receipt_id}/refunds", status_code=201, response_model=RefundBody)
def propose_refund(request: Request, receipt_id: UUID, wanted: NewRefund) -> Plain:
    """Propose to give back; for the provider's approvers, finance and the bureau."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> RefundBody:
        return _refund_body(
            give_back.propose_refund(
                tx,
                receipt_id,
                MicroCredits(wanted.amount_microcredits),
                reason=wanted.reason,
                by=actor,
                at=at,
            )
        )

    return act_once(request, actor, wanted, act)


@router.get("/refunds")
def list_refunds(request: Request, state: RefundState | None = None) -> list[RefundBody]:
    """The newest refunds, of one state where it is named; for finance and the bureau."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_refund_body(one) for one in give_back.refunds(tx, state=state, by=actor)]


@router.get("/organizations/{slug}/refunds")
def list_refunds_of(request: Request, slug: str) -> list[RefundBody]:
    """What a buyer was given back, or is to be, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        owner = organization_named(tx, slug)
        return [_refund_body(one) for one in give_back.refunds_of(tx, owner.id, by=actor)]


@router.post("/refunds/{refund_id}/confirm", response_model=RefundBody)
def confirm_refund(request: Request, refund_id: UUID) -> Plain:
    """Give back what somebody else proposed; for finance and the bureau."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> RefundBody:
        return _refund_body(give_back.confirm_refund(tx, refund_id, by=actor, at=at))

    return act_once(request, actor, None, act)


@router.post("/refunds/{refund_id}/withdraw", response_model=RefundBody)
def withdraw_refund(request: Request, refund_id: UUID) -> Plain:
    """Let a proposed refund fall; for finance, the bureau, and who proposed it."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> RefundBody:
        return _refund_body(give_back.withdraw_refund(tx, refund_id, by=actor, at=at))

    return act_once(request, actor, None, act)


def _refund_body(told: Refund) -> RefundBody:
    return RefundBody(
        id=told.id,
        receipt_id=told.receipt_id,
        buyer_id=told.buyer_id,
        amount_microcredits=told.amount,
        reason=told.reason,
        state=told.state,
        proposed_by=told.proposed_by,
        proposed_at=told.proposed_at,
        settled_by=told.settled_by,
        settled_at=told.settled_at,
    )


def _payment_body(told: Payment) -> PaymentBody:
    return PaymentBody(
        id=told.id,
        organization_id=told.organization_id,
        amount_microcredits=told.amount,
        reference=told.reference,
        paid_on=told.paid_on,
        state=told.state,
        recorded_by=told.recorded_by,
        recorded_at=told.recorded_at,
        settled_by=told.settled_by,
        settled_at=told.settled_at,
        reason=told.reason,
        transfer_id=told.transfer_id,
    )


def _payout_body(told: Payout) -> PayoutBody:
    return PayoutBody(
        id=told.id,
        organization_id=told.organization_id,
        amount_microcredits=told.amount,
        bank_account=told.bank_account,
        state=told.state,
        asked_by=told.asked_by,
        asked_at=told.asked_at,
        settled_by=told.settled_by,
        settled_at=told.settled_at,
        bank_reference=told.bank_reference,
        reason=told.reason,
    )
