"""Give money back: somebody of the provider, finance or the bureau proposes it with a reason,
and another person of finance or the bureau confirms it.

Everybody who had of the charge gives back in proportion: provider, operator, those upstream and the
exchange. Each piece is a new transfer under the receipt, so a receipt never changes.

Source: exchange design X120, X121, 6.2 (Refund), 6.3 (11).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from exchange.credit import AccountKind, Asset
from exchange.errors import AmountOutOfBounds, NotYourPart, ReceiptNotFound
from exchange.payments import store
from exchange.payments.errors import (
    OwnMoney,
    PaymentSettled,
    RefundNotFound,
    RefundWaits,
    SecondPayerNeeded,
)
from exchange.payments.pay_in import check_confirms
from exchange.payments.payment import SHOWN_MAX
from exchange.payments.refund import Refund, RefundState, given_back
from exchange.store import ledger
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_approve_for, can_confirm_money, can_see_books_of, is_member_of
from policies.terms import MicroCredits, OrganizationId


def propose_refund(
    tx: Tx, receipt_id: UUID, amount: MicroCredits, *, reason: str, by: Actor, at: datetime
) -> Refund:
    """Propose to give back so much of a receipt's charge.

    Raises: ReasonMissing, ReceiptNotFound, NotYourPart, AmountOutOfBounds, RefundWaits.
    """
    reason = check_reason(reason)
    receipt = store.lock_receipt(tx, receipt_id)
    if receipt is None or receipt.buyer_id is None:
        raise ReceiptNotFound(str(receipt_id))
    is_provider = any(can_approve_for(by, one) for one in receipt.provider_ids)
    if not (is_provider or can_confirm_money(by)) or by.user_id is None:
        if not is_member_of(by, receipt.buyer_id):
            raise ReceiptNotFound(str(receipt_id))
        raise NotYourPart(Role.FINANCE)
    left = sum(store.left_of_receipt(tx, receipt_id).values())
    if not 0 < amount <= left:
        raise AmountOutOfBounds(left)
    refund = Refund(
        uuid4(),
        receipt_id,
        receipt.buyer_id,
        amount,
        reason,
        RefundState.PROPOSED,
        by.user_id,
        at,
    )
    if not store.insert_refund(tx, refund):
        raise RefundWaits(receipt_id)
    _tell(tx, EventKind.REFUND_PROPOSED, refund, receipt.provider_ids, by=by, at=at)
    return refund


def confirm_refund(tx: Tx, refund_id: UUID, *, by: Actor, at: datetime) -> Refund:
    """Give back what somebody else proposed.

    Raises: NotYourPart, RefundNotFound, PaymentSettled, SecondPayerNeeded, OwnMoney,
    InsufficientCredits where what was earned is paid out already.
    """
    confirming = check_confirms(by)
    refund, provider_ids = _waiting(tx, refund_id)
    if refund.proposed_by == confirming:
        raise SecondPayerNeeded(refund_id)
    if is_member_of(by, refund.buyer_id):
        raise OwnMoney
    left = store.left_of_receipt(tx, refund.receipt_id)
    if refund.amount > sum(left.values()):
        raise AmountOutOfBounds(sum(left.values()))
    buyer = ledger.ensure_account(
        tx, refund.buyer_id, AccountKind.AVAILABLE, asset=Asset.CREDIT, at=at
    )
    ledger.lock_accounts(tx, [buyer, *left])
    # All pieces or none: whoever's earnings are paid out already cannot give back.
    with tx.transaction():
        for account_id, piece in given_back(refund.amount, left).items():
            if piece:
                ledger.move(
                    tx,
                    debit=account_id,
                    credit=buyer,
                    amount=piece,
                    reason=f"refund {refund.id}",
                    receipt_id=refund.receipt_id,
                    at=at,
                )
    confirmed = replace(refund, state=RefundState.CONFIRMED, settled_by=confirming, settled_at=at)
    store.settle_refund(tx, confirmed)
    _tell(tx, EventKind.REFUND_GIVEN, confirmed, provider_ids, by=by, at=at)
    return confirmed


def withdraw_refund(tx: Tx, refund_id: UUID, *, by: Actor, at: datetime) -> Refund:
    """Let a proposed refund fall.

    Raises: NotYourPart, RefundNotFound, PaymentSettled.
    """
    refund, provider_ids = _waiting(tx, refund_id)
    withdrawing = by.user_id if by.user_id == refund.proposed_by else check_confirms(by)
    withdrawn = replace(refund, state=RefundState.WITHDRAWN, settled_by=withdrawing, settled_at=at)
    store.settle_refund(tx, withdrawn)
    _tell(tx, EventKind.REFUND_WITHDRAWN, withdrawn, provider_ids, by=by, at=at)
    return withdrawn


def refunds(tx: Tx, *, state: RefundState | None = None, by: Actor) -> list[Refund]:
    """All refunds, newest first, at most `SHOWN_MAX`; of one state where it is named.

    Raises: NotYourPart.
    """
    check_confirms(by)
    return store.newest_refunds(tx, state, limit=SHOWN_MAX)


def refunds_of(tx: Tx, organization_id: OrganizationId, *, by: Actor) -> list[Refund]:
    """What a buyer was given back, or is to be, newest first, at most `SHOWN_MAX`.

    Raises: NotYourPart.
    """
    if not can_see_books_of(by, organization_id):
        raise NotYourPart(Role.FINANCE)
    return store.refunds_of(tx, organization_id, limit=SHOWN_MAX)


def _waiting(tx: Tx, refund_id: UUID) -> tuple[Refund, tuple[OrganizationId, ...]]:
    refund = store.lock_refund(tx, refund_id)
    if refund is None:
        raise RefundNotFound
    receipt = store.lock_receipt(tx, refund.receipt_id)
    assert receipt is not None, "a refund names a receipt"
    if refund.state is not RefundState.PROPOSED:
        raise PaymentSettled(refund_id)
    return refund, receipt.provider_ids


def _tell(
    tx: Tx,
    kind: EventKind,
    refund: Refund,
    provider_ids: tuple[OrganizationId, ...],
    *,
    by: Actor,
    at: datetime,
) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=refund.buyer_id,
            subject_id=refund.id,
            facts={
                "amount_microcredits": refund.amount,
                "receipt_id": str(refund.receipt_id),
                "reason": refund.reason,
                # A receipt over several providers' data is told to the first; all see the transfer.
                "provider_id": str(provider_ids[0]) if provider_ids else None,
            },
        ),
    )
