"""Credits in, held, charged and given back; and what a period cost, from its receipts.

A reservation is committed before anything is run. It is resolved in the transaction that writes the
receipt, or it is given back: by the one who made it, or by the sweep once it has expired.

Source: exchange design X118, X120-X122, X126.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from exchange.credit import (
    RESERVATION_LIFE,
    AccountKind,
    Asset,
    Balance,
    Statement,
    Transfer,
)
from exchange.errors import AlreadyResolved
from exchange.price import Price, fee_of, parts_of
from exchange.store import fair_use, ledger
from policies.calendar import china_day
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId

SWEEP_BATCH = 200


@dataclass(frozen=True, slots=True)
class Hold:
    """What is to be held for one dataset of a delivery."""

    provider_id: OrganizationId
    amount: MicroCredits
    reason: str


@dataclass(frozen=True, slots=True)
class Charge:
    """What one dataset of a delivery costs; `held` is the hold it is charged against."""

    held: Transfer
    amount: MicroCredits
    price: Price


def top_up(
    tx: Tx,
    organization_id: OrganizationId,
    amount: MicroCredits,
    *,
    reference: str,
    at: datetime,
) -> UUID:
    """Book credits against a payment that two people saw; `reference` names it."""
    cash = ledger.ensure_account(tx, None, AccountKind.CASH, asset=Asset.CREDIT, at=at)
    buyer = ledger.ensure_account(
        tx, organization_id, AccountKind.AVAILABLE, asset=Asset.CREDIT, at=at
    )
    return ledger.move(
        tx,
        debit=cash,
        credit=buyer,
        amount=amount,
        reason=f"top-up {reference}",
        receipt_id=None,
        at=at,
    )


def funds_of(tx: Tx, organization_id: OrganizationId) -> int:
    """The credits that the organisation can spend now, in micro-credits."""
    account = ledger.account(tx, organization_id, AccountKind.AVAILABLE, asset=Asset.CREDIT)
    return account.available if account else 0


def balance_of(tx: Tx, organization_id: OrganizationId) -> Balance:
    """What the organisation can spend, what is held, and what it has earned."""
    own = ledger.account(tx, organization_id, AccountKind.AVAILABLE, asset=Asset.CREDIT)
    earned = ledger.account(tx, organization_id, AccountKind.PAYABLE, asset=Asset.CREDIT)
    return Balance(
        available=MicroCredits(own.available if own else 0),
        held=MicroCredits(own.debits_pending if own else 0),
        earned=MicroCredits(earned.balance if earned else 0),
    )


def reserve(
    tx: Tx,
    payer_id: OrganizationId,
    holds: Sequence[Hold],
    *,
    life: timedelta = RESERVATION_LIFE,
    at: datetime,
) -> tuple[Transfer, ...]:
    """Hold the highest possible charges, one transfer for each of `holds`, in their order.

    `life` is how long the delivery may take.

    Raises: InsufficientCredits.
    """
    payer = ledger.ensure_account(tx, payer_id, AccountKind.AVAILABLE, asset=Asset.CREDIT, at=at)
    # Opened in one order, as they are locked: a new account is a lock too.
    payable = {
        provider_id: ledger.ensure_account(
            tx, provider_id, AccountKind.PAYABLE, asset=Asset.CREDIT, at=at
        )
        for provider_id in sorted({hold.provider_id for hold in holds})
    }
    ledger.lock_accounts(tx, [payer, *payable.values()])
    held_ids = [
        ledger.hold(
            tx,
            debit=payer,
            credit=payable[hold.provider_id],
            amount=hold.amount,
            reason=hold.reason,
            expires_at=at + life,
            at=at,
        )
        for hold in holds
    ]
    held = {transfer.id: transfer for transfer in ledger.transfers(tx, held_ids)}
    return tuple(held[transfer_id] for transfer_id in held_ids)


def settle(tx: Tx, receipt_id: UUID, charges: Sequence[Charge], *, at: datetime) -> None:
    """Charge each hold, and give back what of it is not charged; the receipt's row exists already.

    Raises: AlreadyResolved.
    """
    if not charges:
        return
    fee_account = ledger.ensure_account(tx, None, AccountKind.FEE, asset=Asset.CREDIT, at=at)
    others = {part.organization_id for charge in charges for part in charge.price.parts}
    payable = {
        owner_id: ledger.ensure_account(
            tx, owner_id, AccountKind.PAYABLE, asset=Asset.CREDIT, at=at
        )
        for owner_id in sorted(others)
    }
    touched = {
        account_id
        for charge in charges
        for account_id in (charge.held.debit_account_id, charge.held.credit_account_id)
    }
    ledger.lock_accounts(tx, touched | {fee_account} | set(payable.values()))
    for charge in charges:
        ledger.post(tx, charge.held, amount=charge.amount, receipt_id=receipt_id, at=at)
        fee = fee_of(charge.price, charge.amount)
        if fee:
            ledger.move(
                tx,
                debit=charge.held.credit_account_id,
                credit=fee_account,
                amount=fee,
                reason="exchange fee",
                receipt_id=receipt_id,
                at=at,
            )
        for part in parts_of(charge.price, charge.amount):
            if part.amount:
                ledger.move(
                    tx,
                    debit=charge.held.credit_account_id,
                    credit=payable[part.organization_id],
                    amount=part.amount,
                    reason=f"{part.role} part",
                    receipt_id=receipt_id,
                    at=at,
                )


def release(tx: Tx, held: Sequence[Transfer], *, reason: str, at: datetime) -> None:
    """Give back all that is held; a hold that the sweep gave back already stays as it is."""
    ledger.lock_accounts(
        tx,
        [
            account_id
            for transfer in held
            for account_id in (transfer.debit_account_id, transfer.credit_account_id)
        ],
    )
    for transfer in held:
        try:
            ledger.void(tx, transfer, reason=reason, at=at)
        except AlreadyResolved:
            continue


def sweep_expired(tx: Tx, at: datetime) -> int:
    """Give back holds that nothing resolved in time, at most `SWEEP_BATCH`; how many it were."""
    expired = ledger.expired_holds(tx, at, limit=SWEEP_BATCH)
    release(tx, expired, reason="expired", at=at)
    return len(expired)


def statement(
    tx: Tx, organization_id: OrganizationId, since: datetime, until: datetime
) -> Statement:
    """What the organisation spent and earned from `since` up to `until`, from receipts alone."""
    return Statement(
        organization_id,
        since,
        until,
        spent=tuple(ledger.spent_lines(tx, organization_id, since, until)),
        earned=tuple(ledger.earned_lines(tx, organization_id, since, until)),
    )


def forget_fair_use(tx: Tx, at: datetime) -> int:
    """Drop the counts of fair use of days that are over; how many it were."""
    return fair_use.forget_before(tx, china_day(at))
