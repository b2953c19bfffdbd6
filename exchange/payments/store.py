# ruff: noqa: S608  What statements are put together with are the lists of columns of this file.
"""Tables `exchange.payments`, `exchange.payouts` and `exchange.refunds`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import errors

from exchange.payments.errors import PaymentKnown
from exchange.payments.payment import Payment, PaymentState, Payout, PayoutState
from exchange.payments.refund import Refund, RefundState
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId, UserId

Row = dict[str, Any]
_PAYMENT = (
    "id, organization_id, amount_microcredits, reference, paid_on, state, recorded_by, "
    "recorded_at, settled_by, settled_at, reason, transfer_id"
)
"""What `_payment` reads of `exchange.payments`."""
_PAYOUT = (
    "id, organization_id, amount_microcredits, bank_account, state, asked_by, asked_at, "
    "asked_transfer_id, settled_by, settled_at, settled_transfer_id, bank_reference, reason"
)
"""What `_payout` reads of `exchange.payouts`."""
_REFUND = (
    "refund.id, refund.receipt_id, receipt.consumer_id, refund.amount_microcredits, "
    "refund.reason, refund.state, refund.proposed_by, refund.proposed_at, refund.settled_by, "
    "refund.settled_at"
)
"""What `_refund` reads of `exchange.refunds AS refund`, with its receipt."""


def insert_payment(tx: Tx, payment: Payment) -> None:
    """Insert a recorded payment.

    Raises: PaymentKnown.
    """
    try:
        with tx.transaction():
            tx.execute(
                """
                INSERT INTO exchange.payments
                       (id, organization_id, amount_microcredits, reference, paid_on, state,
                        recorded_by, recorded_at, holds_reference)
                VALUES (%(id)s, %(organization_id)s, %(amount)s, %(reference)s, %(paid_on)s,
                        %(state)s, %(recorded_by)s, %(recorded_at)s, true)
                """,
                {
                    "id": payment.id,
                    "organization_id": payment.organization_id,
                    "amount": payment.amount,
                    "reference": payment.reference,
                    "paid_on": payment.paid_on,
                    "state": payment.state,
                    "recorded_by": payment.recorded_by,
                    "recorded_at": payment.recorded_at,
                },
            )
    except errors.UniqueViolation as breach:
        if breach.diag.constraint_name == "one_payment_a_reference":
            raise PaymentKnown(payment.reference) from None
        raise


def lock_payment(tx: Tx, payment_id: UUID) -> Payment | None:
    """The payment, held until the transaction ends."""
    row = tx.execute(
        f"""
        SELECT {_PAYMENT}
          FROM exchange.payments
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": payment_id},
    ).fetchone()
    return _payment(row) if row else None


def settle_payment(tx: Tx, payment: Payment) -> None:
    """Write what became of a payment."""
    tx.execute(
        """
        UPDATE exchange.payments
           SET state = %(state)s,
               settled_by = %(settled_by)s,
               settled_at = %(settled_at)s,
               reason = %(reason)s,
               transfer_id = %(transfer_id)s,
               holds_reference = %(holds_reference)s
         WHERE id = %(id)s
        """,
        {
            "id": payment.id,
            "state": payment.state,
            "settled_by": payment.settled_by,
            "settled_at": payment.settled_at,
            "reason": payment.reason,
            "transfer_id": payment.transfer_id,
            "holds_reference": payment.state is not PaymentState.WITHDRAWN,
        },
    )


def newest_payments(tx: Tx, state: PaymentState | None, *, limit: int) -> list[Payment]:
    """Payments of that state, or all where it is None, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_PAYMENT}
          FROM exchange.payments
         WHERE state = coalesce(%(state)s, state)
         ORDER BY recorded_at DESC, id
         LIMIT %(limit)s
        """,
        {"state": state, "limit": limit},
    )
    return [_payment(row) for row in rows]


def insert_payout(tx: Tx, payout: Payout) -> None:
    """Insert a payout that was asked for."""
    tx.execute(
        """
        INSERT INTO exchange.payouts
               (id, organization_id, amount_microcredits, bank_account, state, asked_by, asked_at,
                asked_transfer_id)
        VALUES (%(id)s, %(organization_id)s, %(amount)s, %(bank_account)s, %(state)s, %(asked_by)s,
                %(asked_at)s, %(asked_transfer_id)s)
        """,
        {
            "id": payout.id,
            "organization_id": payout.organization_id,
            "amount": payout.amount,
            "bank_account": payout.bank_account,
            "state": payout.state,
            "asked_by": payout.asked_by,
            "asked_at": payout.asked_at,
            "asked_transfer_id": payout.asked_transfer_id,
        },
    )


def lock_payout(tx: Tx, payout_id: UUID) -> Payout | None:
    """The payout, held until the transaction ends."""
    row = tx.execute(
        f"""
        SELECT {_PAYOUT}
          FROM exchange.payouts
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": payout_id},
    ).fetchone()
    return _payout(row) if row else None


def settle_payout(tx: Tx, payout: Payout) -> None:
    """Write what became of a payout.

    Raises: PaymentKnown where another one was sent by the same transfer of the bank.
    """
    try:
        with tx.transaction():
            tx.execute(
                """
                UPDATE exchange.payouts
                   SET state = %(state)s,
                       settled_by = %(settled_by)s,
                       settled_at = %(settled_at)s,
                       settled_transfer_id = %(settled_transfer_id)s,
                       bank_reference = %(bank_reference)s,
                       reason = %(reason)s
                 WHERE id = %(id)s
                """,
                {
                    "id": payout.id,
                    "state": payout.state,
                    "settled_by": payout.settled_by,
                    "settled_at": payout.settled_at,
                    "settled_transfer_id": payout.settled_transfer_id,
                    "bank_reference": payout.bank_reference,
                    "reason": payout.reason,
                },
            )
    except errors.UniqueViolation as breach:
        if breach.diag.constraint_name == "one_payout_a_bank_reference":
            raise PaymentKnown(payout.bank_reference) from None
        raise


def newest_payouts(tx: Tx, state: PayoutState | None, *, limit: int) -> list[Payout]:
    """Payouts of that state, or all where it is None, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_PAYOUT}
          FROM exchange.payouts
         WHERE state = coalesce(%(state)s, state)
         ORDER BY asked_at DESC, id
         LIMIT %(limit)s
        """,
        {"state": state, "limit": limit},
    )
    return [_payout(row) for row in rows]


def payouts_of(tx: Tx, organization_id: OrganizationId, *, limit: int) -> list[Payout]:
    """Payouts of one organisation, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_PAYOUT}
          FROM exchange.payouts
         WHERE organization_id = %(organization_id)s
         ORDER BY asked_at DESC, id
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [_payout(row) for row in rows]


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        organization_id=OrganizationId(row["organization_id"]),
        amount=MicroCredits(row["amount_microcredits"]),
        reference=row["reference"],
        paid_on=row["paid_on"],
        state=PaymentState(row["state"]),
        recorded_by=UserId(row["recorded_by"]) if row["recorded_by"] else None,
        recorded_at=row["recorded_at"],
        settled_by=UserId(row["settled_by"]) if row["settled_by"] else None,
        settled_at=row["settled_at"],
        reason=row["reason"],
        transfer_id=row["transfer_id"],
    )


def _payout(row: Row) -> Payout:
    return Payout(
        id=row["id"],
        organization_id=OrganizationId(row["organization_id"]),
        amount=MicroCredits(row["amount_microcredits"]),
        bank_account=row["bank_account"],
        state=PayoutState(row["state"]),
        asked_by=UserId(row["asked_by"]),
        asked_at=row["asked_at"],
        asked_transfer_id=row["asked_transfer_id"],
        settled_by=UserId(row["settled_by"]) if row["settled_by"] else None,
        settled_at=row["settled_at"],
        settled_transfer_id=row["settled_transfer_id"],
        bank_reference=row["bank_reference"],
        reason=row["reason"],
    )


@dataclass(frozen=True, slots=True)
class ChargedReceipt:
    """Whose a receipt is."""

    buyer_id: OrganizationId | None
    """None where no organisation read."""
    provider_ids: tuple[OrganizationId, ...]


def lock_receipt(tx: Tx, receipt_id: UUID) -> ChargedReceipt | None:
    """Whose the receipt is; refunds of it come one after the other until the transaction ends."""
    row = tx.execute(
        """
        SELECT receipt.consumer_id,
               ARRAY(SELECT DISTINCT dataset.publisher_id
                       FROM exchange.receipt_items AS item
                       JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
                      WHERE item.receipt_id = receipt.id
                      ORDER BY dataset.publisher_id) AS provider_ids
          FROM exchange.receipts AS receipt
         WHERE receipt.id = %(id)s
           FOR NO KEY UPDATE OF receipt
        """,
        {"id": receipt_id},
    ).fetchone()
    if row is None:
        return None
    return ChargedReceipt(row["consumer_id"], tuple(row["provider_ids"]))


def left_of_receipt(tx: Tx, receipt_id: UUID) -> dict[UUID, int]:
    """What each account that had of a receipt's charge still has of it."""
    rows = tx.execute(
        """
        WITH moved AS (
            SELECT credit_account_id AS account_id, amount
              FROM exchange.transfers
             WHERE receipt_id = %(receipt_id)s
               AND kind IN ('post', 'direct')
             UNION ALL
            SELECT debit_account_id, -amount
              FROM exchange.transfers
             WHERE receipt_id = %(receipt_id)s
               AND kind IN ('post', 'direct')
        )
        SELECT moved.account_id, sum(moved.amount)::bigint AS amount
          FROM moved
          JOIN exchange.accounts AS account ON account.id = moved.account_id
         WHERE account.kind IN ('payable', 'fee')
         GROUP BY moved.account_id
        HAVING sum(moved.amount) > 0
         ORDER BY moved.account_id
        """,
        {"receipt_id": receipt_id},
    )
    return {row["account_id"]: row["amount"] for row in rows}


def insert_refund(tx: Tx, refund: Refund) -> bool:
    """Insert a proposed refund; False where another one of the receipt waits."""
    done = tx.execute(
        """
        INSERT INTO exchange.refunds
               (id, receipt_id, amount_microcredits, reason, state, proposed_by, proposed_at)
        VALUES (%(id)s, %(receipt_id)s, %(amount)s, %(reason)s, %(state)s, %(proposed_by)s,
                %(proposed_at)s)
            ON CONFLICT (receipt_id) WHERE state = 'proposed' DO NOTHING
        """,
        {
            "id": refund.id,
            "receipt_id": refund.receipt_id,
            "amount": refund.amount,
            "reason": refund.reason,
            "state": refund.state,
            "proposed_by": refund.proposed_by,
            "proposed_at": refund.proposed_at,
        },
    )
    return done.rowcount == 1


def lock_refund(tx: Tx, refund_id: UUID) -> Refund | None:
    """The refund, held until the transaction ends."""
    row = tx.execute(
        f"""
        SELECT {_REFUND}
          FROM exchange.refunds AS refund
          JOIN exchange.receipts AS receipt ON receipt.id = refund.receipt_id
         WHERE refund.id = %(id)s
           FOR UPDATE OF refund
        """,
        {"id": refund_id},
    ).fetchone()
    return _refund(row) if row else None


def settle_refund(tx: Tx, refund: Refund) -> None:
    """Write what became of a refund."""
    tx.execute(
        """
        UPDATE exchange.refunds
           SET state = %(state)s,
               settled_by = %(settled_by)s,
               settled_at = %(settled_at)s
         WHERE id = %(id)s
        """,
        {
            "id": refund.id,
            "state": refund.state,
            "settled_by": refund.settled_by,
            "settled_at": refund.settled_at,
        },
    )


def newest_refunds(tx: Tx, state: RefundState | None, *, limit: int) -> list[Refund]:
    """Refunds of that state, or all where it is None, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_REFUND}
          FROM exchange.refunds AS refund
          JOIN exchange.receipts AS receipt ON receipt.id = refund.receipt_id
         WHERE refund.state = coalesce(%(state)s, refund.state)
         ORDER BY refund.proposed_at DESC, refund.id
         LIMIT %(limit)s
        """,
        {"state": state, "limit": limit},
    )
    return [_refund(row) for row in rows]


def refunds_of(tx: Tx, organization_id: OrganizationId, *, limit: int) -> list[Refund]:
    """Refunds to one buyer, newest first."""
    rows = tx.execute(
        f"""
        SELECT {_REFUND}
          FROM exchange.refunds AS refund
          JOIN exchange.receipts AS receipt ON receipt.id = refund.receipt_id
         WHERE receipt.consumer_id = %(organization_id)s
         ORDER BY refund.proposed_at DESC, refund.id
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [_refund(row) for row in rows]


def _refund(row: Row) -> Refund:
    return Refund(
        id=row["id"],
        receipt_id=row["receipt_id"],
        buyer_id=OrganizationId(row["consumer_id"]),
        amount=MicroCredits(row["amount_microcredits"]),
        reason=row["reason"],
        state=RefundState(row["state"]),
        proposed_by=UserId(row["proposed_by"]),
        proposed_at=row["proposed_at"],
        settled_by=UserId(row["settled_by"]) if row["settled_by"] else None,
        settled_at=row["settled_at"],
    )
