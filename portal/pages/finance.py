"""The page of finance: what came in and waits for a second person, what is to be sent, balances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange.errors import AmountOutOfBounds, ReceiptNotFound
from exchange.issue_invoice import newest_invoices
from exchange.payments import give_back, pay_in, pay_out
from exchange.payments.errors import (
    MalformedReference,
    PaidOnOutOfBounds,
    PaymentKnown,
    RefundWaits,
)
from exchange.payments.payment import (
    PAID_BEFORE_MAX,
    Payment,
    PaymentState,
    Payout,
    PayoutState,
)
from exchange.payments.refund import RefundState
from exchange.settle import balance_of
from policies.calendar import china_day
from policies.errors import N_, OrganizationNotFound, ReasonMissing, Refusal
from policies.identity.people import list_organizations, organization_named, user_with_id
from policies.roles import can_top_up
from policies.terms import UserId
from portal.pages.buy.usage import microcredits_of
from portal.pages.buy.usage_view import month_choices
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.pages.typed import day_of, id_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

PAGE: Final = "/finance"
SETTLED_SHOWN: Final = 20
_SEE_OTHER = 303
_FIELD_OF: Final[Mapping[type[Refusal], str]] = {
    AmountOutOfBounds: "amount",
    OrganizationNotFound: "organization",
    MalformedReference: "reference",
    PaymentKnown: "reference",
    PaidOnOutOfBounds: "paid_on",
}
_REFUND_FIELD_OF: Final[Mapping[type[Refusal], str]] = {
    AmountOutOfBounds: "refund",
    ReceiptNotFound: "receipt",
    RefundWaits: "receipt",
    ReasonMissing: "why",
}
_DONE: Final[Mapping[str, str]] = {
    "recorded": N_("The payment is recorded. A second person confirms it."),
    "confirmed": N_("The payment is confirmed and credited."),
    "withdrawn": N_("The payment is withdrawn; nothing was credited."),
    "proposed": N_("The refund is proposed. A second person confirms it."),
    "given": N_("The refund is given back."),
    "kept": N_("The refund is withdrawn; nothing was given back."),
    "sent": N_("The payout is recorded as sent."),
    "refused": N_("The payout is refused; the amount is back among the earnings."),
}
Line = Annotated[str, Form(max_length=200)]
Words = Annotated[str, Form(max_length=2000)]


@router.get(PAGE)
def show_finance(request: Request, done: Annotated[str, Query(max_length=20)] = "") -> Response:
    """What waits, and what every organisation has; for finance and the bureau."""
    return finance_page(request, done=done)


@router.post(PAGE)
def record_payment(
    request: Request,
    organization: Line = "",
    amount: Line = "",
    reference: Line = "",
    paid_on: Line = "",
) -> Response:
    """Record what an organisation paid."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {
        "organization": organization,
        "amount": amount,
        "reference": reference,
        "paid_on": paid_on,
    }
    microcredits, day = microcredits_of(amount), day_of(paid_on)
    errors = {}
    if microcredits is None:
        errors["amount"] = say.gettext("Write an amount such as 1000 or 12.50.")
    if not reference.strip():
        errors["reference"] = say.gettext("Name the payment, so that it can be found again.")
    if day is None:
        errors["paid_on"] = say.gettext("Choose the day on which the money came in.")
    if errors or microcredits is None or day is None:
        return finance_page(request, typed=typed, errors=errors, status=400)
    try:
        with wiring.pool.connection() as tx:
            pay_in.record_payment(
                tx,
                organization_named(tx, organization.strip()).id,
                microcredits,
                reference=reference,
                paid_on=day,
                by=actor,
                at=wiring.now(),
            )
    except tuple(_FIELD_OF) as refusal:
        return _refused(request, refusal, typed=typed)
    return _done("recorded")


@router.post(f"{PAGE}/payments/{{payment_id}}/confirm")
def confirm_payment(request: Request, payment_id: UUID) -> Response:
    """Credit what somebody else recorded."""
    act = partial(pay_in.confirm_payment, payment_id=payment_id)
    return _settled(request, "confirmed", act)


@router.post(f"{PAGE}/payments/{{payment_id}}/withdraw")
def withdraw_payment(request: Request, payment_id: UUID, reason: Words = "") -> Response:
    """Let a payment fall that was recorded by mistake."""
    act = partial(pay_in.withdraw_payment, payment_id=payment_id, reason=reason)
    return _settled(request, "withdrawn", act)


@router.post(f"{PAGE}/payouts/{{payout_id}}/send")
def send_payout(request: Request, payout_id: UUID, bank_reference: Line = "") -> Response:
    """Say by which transfer of the bank a payout was sent."""
    act = partial(pay_out.send_payout, payout_id=payout_id, bank_reference=bank_reference)
    return _settled(request, "sent", act)


@router.post(f"{PAGE}/payouts/{{payout_id}}/refuse")
def refuse_payout(request: Request, payout_id: UUID, reason: Words = "") -> Response:
    """Let a payout fall, with a reason."""
    act = partial(pay_out.refuse_payout, payout_id=payout_id, reason=reason)
    return _settled(request, "refused", act)


@router.post(f"{PAGE}/refunds")
def propose_refund(
    request: Request, receipt: Line = "", refund: Line = "", why: Words = ""
) -> Response:
    """Propose to give back of a receipt's charge."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {"receipt": receipt, "refund": refund, "why": why}
    amount, receipt_id = microcredits_of(refund), id_of(receipt.rpartition("/")[2])
    errors = {}
    if receipt_id is None:
        errors["receipt"] = say.gettext("Paste the address of the receipt.")
    if amount is None:
        errors["refund"] = say.gettext("Write an amount such as 1000 or 12.50.")
    if errors or amount is None or receipt_id is None:
        return finance_page(request, typed=typed, errors=errors, status=400)
    try:
        with wiring.pool.connection() as tx:
            give_back.propose_refund(tx, receipt_id, amount, reason=why, by=actor, at=wiring.now())
    except tuple(_REFUND_FIELD_OF) as refusal:
        errors = {_REFUND_FIELD_OF[type(refusal)]: say.refusal(refusal)}
        return finance_page(request, typed=typed, errors=errors, status=status_of(refusal))
    return _done("proposed")


@router.post(f"{PAGE}/refunds/{{refund_id}}/confirm")
def confirm_refund(request: Request, refund_id: UUID) -> Response:
    """Give back what somebody else proposed."""
    act = partial(give_back.confirm_refund, refund_id=refund_id)
    return _settled(request, "given", act)


@router.post(f"{PAGE}/refunds/{{refund_id}}/withdraw")
def withdraw_refund(request: Request, refund_id: UUID) -> Response:
    """Let a proposed refund fall."""
    act = partial(give_back.withdraw_refund, refund_id=refund_id)
    return _settled(request, "kept", act)


def _settled(request: Request, what: str, act: Callable[..., object]) -> Response:
    """Take the second step of what takes two people; why it is refused stands on the page."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            act(tx, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _refused(request, refusal)
    return _done(what)


def _done(what: str) -> Response:
    return RedirectResponse(f"{PAGE}?done={what}", _SEE_OTHER)


def _refused(
    request: Request, refusal: Refusal, *, typed: Mapping[str, str] | None = None
) -> Response:
    # Beside a field only where the form with that field was sent.
    field = _FIELD_OF.get(type(refusal), "") if typed else ""
    return finance_page(
        request,
        typed=typed,
        errors={field: speech_of(request).refusal(refusal)},
        status=status_of(refusal),
    )


def finance_page(
    request: Request,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    """The page with what was typed and what is wrong with it; for finance and the bureau."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    today = china_day(wiring.now())
    # The month that goes on has no invoice yet.
    months = [(value, say.month(day)) for value, day in month_choices(wiring.now())[1:]]
    pay_in.check_confirms(actor)
    with wiring.pool.connection() as tx:
        payments = pay_in.payments(tx, by=actor)
        payouts = pay_out.payouts(tx, by=actor)
        waiting = pay_in.payments(tx, state=PaymentState.RECORDED, by=actor)
        to_send = pay_out.payouts(tx, state=PayoutState.ASKED, by=actor)
        to_give_back = give_back.refunds(tx, state=RefundState.PROPOSED, by=actor)
        invoices = newest_invoices(tx, by=actor)[:SETTLED_SHOWN]
        organizations = list_organizations(tx)
        accounts = [(one, balance_of(tx, one.id)) for one in organizations]
        names = {
            who: user_with_id(tx, who).name
            for who in {
                *_people(payments, payouts),
                *_people(waiting, to_send),
                *(one.proposed_by for one in to_give_back),
            }
        }
    return render(
        request,
        "my/finance.html",
        status=status,
        accounts=accounts,
        choices=[(one.slug, say.text(one.title)) for one in organizations],
        titles={one.id: one.title for one in organizations},
        names=names,
        reader_id=actor.user_id,
        may_record=can_top_up(actor),
        waiting=waiting,
        to_send=to_send,
        to_give_back=to_give_back,
        invoices=invoices,
        months=months,
        settled_payments=[one for one in payments if one.state is not PaymentState.RECORDED][
            :SETTLED_SHOWN
        ],
        settled_payouts=[one for one in payouts if one.state is not PayoutState.ASKED][
            :SETTLED_SHOWN
        ],
        today=today.isoformat(),
        first_day=(today - PAID_BEFORE_MAX).isoformat(),
        typed={
            "organization": "",
            "amount": "",
            "reference": "",
            "paid_on": today.isoformat(),
            "receipt": "",
            "refund": "",
            "why": "",
            "billed": "",
            "month": months[0][0],
            **(typed or {}),
        },
        errors=errors or {},
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )


def _people(payments: Iterable[Payment], payouts: Iterable[Payout]) -> set[UserId]:
    people = {who for one in payments for who in (one.recorded_by, one.settled_by) if who}
    return people | {who for one in payouts for who in (one.asked_by, one.settled_by) if who}
