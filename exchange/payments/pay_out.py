"""Send a provider what it earned: somebody of the provider asks, somebody of finance sends it.

What is asked for leaves the earnings at once, so nobody can ask for it twice or refund from it; it
leaves the exchange when it is sent, and goes back where it is not.

Source: exchange design X121, 6.2 (Payout).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from exchange.credit import TOP_UP_MAX, AccountKind, Asset
from exchange.errors import AmountOutOfBounds, InsufficientCredits, NotYourPart
from exchange.payments import store
from exchange.payments.errors import (
    NotEarned,
    OwnMoney,
    PaymentSettled,
    PayoutNotFound,
    SecondPayerNeeded,
)
from exchange.payments.pay_in import check_confirms
from exchange.payments.payment import (
    SHOWN_MAX,
    Payout,
    PayoutState,
    check_bank_account,
    check_reference,
)
from exchange.store import ledger
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_ask_payout, can_see_books_of, is_member_of
from policies.terms import MicroCredits, OrganizationId


def ask_payout(
    tx: Tx,
    organization_id: OrganizationId,
    amount: MicroCredits,
    *,
    bank_account: str,
    by: Actor,
    at: datetime,
) -> Payout:
    """Ask for what the organisation earned.

    Raises: NotYourPart, AmountOutOfBounds, MalformedBankAccount, NotEarned.
    """
    if not can_ask_payout(by, organization_id) or by.user_id is None:
        raise NotYourPart(Role.ADMIN)
    if not 0 < amount <= TOP_UP_MAX:
        raise AmountOutOfBounds(TOP_UP_MAX)
    bank_account = check_bank_account(bank_account)
    try:
        transfer_id = _move(
            tx,
            organization_id,
            AccountKind.PAYABLE,
            AccountKind.DUE,
            amount,
            reason="payout asked for",
            at=at,
        )
    except InsufficientCredits as refusal:
        raise NotEarned(refusal.available_microcredits) from None
    payout = Payout(
        uuid4(),
        organization_id,
        amount,
        bank_account,
        PayoutState.ASKED,
        by.user_id,
        at,
        transfer_id,
    )
    store.insert_payout(tx, payout)
    _tell(tx, EventKind.PAYOUT_ASKED, payout, by=by, at=at)
    return payout


def send_payout(tx: Tx, payout_id: UUID, *, bank_reference: str, by: Actor, at: datetime) -> Payout:
    """Say that a payout was sent, by which transfer of the bank.

    Raises: NotYourPart, MalformedReference, PayoutNotFound, PaymentSettled, SecondPayerNeeded,
    OwnMoney, PaymentKnown.
    """
    sending, bank_reference = check_confirms(by), check_reference(bank_reference)
    payout = _waiting(tx, payout_id)
    if payout.asked_by == sending:
        raise SecondPayerNeeded(payout_id)
    if is_member_of(by, payout.organization_id):
        raise OwnMoney
    cash = ledger.ensure_account(tx, None, AccountKind.CASH, asset=Asset.CREDIT, at=at)
    due = ledger.ensure_account(
        tx, payout.organization_id, AccountKind.DUE, asset=Asset.CREDIT, at=at
    )
    # The transfer falls with the payout whose number of the bank is known.
    with tx.transaction():
        transfer_id = ledger.move(
            tx,
            debit=due,
            credit=cash,
            amount=payout.amount,
            reason=f"payout {bank_reference}",
            receipt_id=None,
            at=at,
        )
        sent = replace(
            payout,
            state=PayoutState.SENT,
            settled_by=sending,
            settled_at=at,
            settled_transfer_id=transfer_id,
            bank_reference=bank_reference,
        )
        store.settle_payout(tx, sent)
    _tell(tx, EventKind.PAYOUT_SENT, sent, by=by, at=at)
    return sent


def refuse_payout(tx: Tx, payout_id: UUID, *, reason: str, by: Actor, at: datetime) -> Payout:
    """Let a payout fall, with a reason; the amount goes back to the earnings.

    Whoever asked for it may take it back too.

    Raises: NotYourPart, ReasonMissing, PayoutNotFound, PaymentSettled.
    """
    reason = check_reason(reason)
    payout = _waiting(tx, payout_id)
    refusing = by.user_id if can_ask_payout(by, payout.organization_id) else check_confirms(by)
    transfer_id = _move(
        tx,
        payout.organization_id,
        AccountKind.DUE,
        AccountKind.PAYABLE,
        payout.amount,
        reason="payout not sent",
        at=at,
    )
    refused = replace(
        payout,
        state=PayoutState.REFUSED,
        settled_by=refusing,
        settled_at=at,
        settled_transfer_id=transfer_id,
        reason=reason,
    )
    store.settle_payout(tx, refused)
    _tell(tx, EventKind.PAYOUT_REFUSED, refused, by=by, at=at)
    return refused


def payouts(tx: Tx, *, state: PayoutState | None = None, by: Actor) -> list[Payout]:
    """All payouts, newest first, at most `SHOWN_MAX`; of one state where it is named.

    Raises: NotYourPart.
    """
    check_confirms(by)
    return store.newest_payouts(tx, state, limit=SHOWN_MAX)


def payouts_of(tx: Tx, organization_id: OrganizationId, *, by: Actor) -> list[Payout]:
    """What an organisation asked for, newest first, at most `SHOWN_MAX`.

    Raises: NotYourPart.
    """
    if not can_see_books_of(by, organization_id):
        raise NotYourPart(Role.FINANCE)
    return store.payouts_of(tx, organization_id, limit=SHOWN_MAX)


def _move(
    tx: Tx,
    owner_id: OrganizationId,
    debit: AccountKind,
    credit: AccountKind,
    amount: MicroCredits,
    *,
    reason: str,
    at: datetime,
) -> UUID:
    debited, credited = (
        ledger.ensure_account(tx, owner_id, kind, asset=Asset.CREDIT, at=at)
        for kind in (debit, credit)
    )
    return ledger.move(
        tx,
        debit=debited,
        credit=credited,
        amount=amount,
        reason=reason,
        receipt_id=None,
        at=at,
    )


def _waiting(tx: Tx, payout_id: UUID) -> Payout:
    payout = store.lock_payout(tx, payout_id)
    if payout is None:
        raise PayoutNotFound
    if payout.state is not PayoutState.ASKED:
        raise PaymentSettled(payout_id)
    return payout


def _tell(tx: Tx, kind: EventKind, payout: Payout, *, by: Actor, at: datetime) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=payout.organization_id,
            subject_id=payout.id,
            facts={
                "amount_microcredits": payout.amount,
                "bank_reference": payout.bank_reference,
                "reason": payout.reason,
            },
        ),
    )
