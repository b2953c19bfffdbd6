"""Record a payment and confirm it: one person of finance writes down what came in, another one sees
it on the bank's statement too, and only then is it credited.

Source: exchange design X120, X121.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from exchange import settle
from exchange.credit import TOP_UP_MAX
from exchange.errors import AmountOutOfBounds, NotYourPart
from exchange.payments import store
from exchange.payments.errors import (
    OwnMoney,
    PaymentNotFound,
    PaymentSettled,
    SecondPayerNeeded,
)
from exchange.payments.payment import (
    SHOWN_MAX,
    Payment,
    PaymentState,
    check_paid_on,
    check_reference,
)
from policies.calendar import china_day
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_confirm_money, can_top_up, is_member_of
from policies.terms import MicroCredits, OrganizationId, UserId


def record_payment(
    tx: Tx,
    organization_id: OrganizationId,
    amount: MicroCredits,
    *,
    reference: str,
    paid_on: date,
    by: Actor,
    at: datetime,
) -> Payment:
    """Write down what an organisation paid; nothing is credited yet.

    Raises: NotYourPart, AmountOutOfBounds, MalformedReference, PaidOnOutOfBounds, PaymentKnown.
    """
    if not can_top_up(by) or by.user_id is None:
        raise NotYourPart(Role.FINANCE)
    if not 0 < amount <= TOP_UP_MAX:
        raise AmountOutOfBounds(TOP_UP_MAX)
    payment = Payment(
        uuid4(),
        organization_id,
        amount,
        check_reference(reference),
        check_paid_on(paid_on, china_day(at)),
        PaymentState.RECORDED,
        by.user_id,
        at,
    )
    store.insert_payment(tx, payment)
    _tell(tx, EventKind.PAYMENT_RECORDED, payment, by=by, at=at)
    return payment


def confirm_payment(tx: Tx, payment_id: UUID, *, by: Actor, at: datetime) -> Payment:
    """Credit what somebody else recorded.

    Raises: NotYourPart, PaymentNotFound, PaymentSettled, SecondPayerNeeded, OwnMoney.
    """
    confirming = check_confirms(by)
    payment = _waiting(tx, payment_id)
    if payment.recorded_by == confirming:
        raise SecondPayerNeeded(payment_id)
    if is_member_of(by, payment.organization_id):
        raise OwnMoney
    transfer_id = settle.top_up(
        tx, payment.organization_id, payment.amount, reference=payment.reference, at=at
    )
    confirmed = replace(
        payment,
        state=PaymentState.CONFIRMED,
        settled_by=confirming,
        settled_at=at,
        transfer_id=transfer_id,
    )
    store.settle_payment(tx, confirmed)
    _tell(tx, EventKind.CREDIT_TOPPED_UP, confirmed, by=by, at=at)
    return confirmed


def withdraw_payment(tx: Tx, payment_id: UUID, *, reason: str, by: Actor, at: datetime) -> Payment:
    """Let a payment fall that was recorded by mistake; its reference is free again.

    Raises: NotYourPart, ReasonMissing, PaymentNotFound, PaymentSettled.
    """
    withdrawing, reason = check_confirms(by), check_reason(reason)
    withdrawn = replace(
        _waiting(tx, payment_id),
        state=PaymentState.WITHDRAWN,
        settled_by=withdrawing,
        settled_at=at,
        reason=reason,
    )
    store.settle_payment(tx, withdrawn)
    _tell(tx, EventKind.PAYMENT_WITHDRAWN, withdrawn, by=by, at=at)
    return withdrawn


def payments(tx: Tx, *, state: PaymentState | None = None, by: Actor) -> list[Payment]:
    """What was recorded, newest first, at most `SHOWN_MAX`; of one state where it is named.

    Raises: NotYourPart.
    """
    check_confirms(by)
    return store.newest_payments(tx, state, limit=SHOWN_MAX)


def check_confirms(by: Actor) -> UserId:
    """The person, who may confirm money that others recorded or asked for.

    Raises: NotYourPart.
    """
    if not can_confirm_money(by) or by.user_id is None:
        raise NotYourPart(Role.FINANCE)
    return by.user_id


def _waiting(tx: Tx, payment_id: UUID) -> Payment:
    payment = store.lock_payment(tx, payment_id)
    if payment is None:
        raise PaymentNotFound
    if payment.state is not PaymentState.RECORDED:
        raise PaymentSettled(payment_id)
    return payment


def _tell(tx: Tx, kind: EventKind, payment: Payment, *, by: Actor, at: datetime) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=payment.organization_id,
            subject_id=payment.id,
            facts={
                "amount_microcredits": payment.amount,
                "reference": payment.reference,
                "paid_on": payment.paid_on.isoformat(),
                "transfer_id": str(payment.transfer_id) if payment.transfer_id else None,
                "reason": payment.reason,
            },
        ),
    )
