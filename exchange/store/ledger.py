"""Accounts and transfers. The rules of the ledger are constraints and triggers in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import errors

from exchange.credit import (
    STATEMENT_LINES_MAX,
    Account,
    AccountKind,
    Asset,
    StatementLine,
    Transfer,
    TransferKind,
)
from exchange.errors import AlreadyResolved, InsufficientCredits, TransferNotPermitted
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId

Row = dict[str, Any]


def ensure_account(
    tx: Tx, owner_id: OrganizationId | None, kind: AccountKind, *, asset: Asset, at: datetime
) -> UUID:
    """The id of the owner's account of that kind, opened if there is none yet."""
    found = _account_id(tx, owner_id, kind, asset)
    if found is not None:
        return found
    tx.execute(
        """
        INSERT INTO exchange.accounts (owner_id, asset, kind, has_floor, opened_at)
        VALUES (%(owner_id)s, %(asset)s, %(kind)s, %(has_floor)s, %(at)s)
            ON CONFLICT ON CONSTRAINT one_account_a_kind DO NOTHING
        """,
        {"owner_id": owner_id, "asset": asset, "kind": kind, "has_floor": kind.has_floor, "at": at},
    )
    opened = _account_id(tx, owner_id, kind, asset)
    assert opened is not None, "the account was just opened"
    return opened


def account(
    tx: Tx, owner_id: OrganizationId | None, kind: AccountKind, *, asset: Asset
) -> Account | None:
    """The owner's account of that kind; None where none was opened."""
    row = tx.execute(
        """
        SELECT id, owner_id, asset, kind, has_floor,
               debits_pending, debits_posted, credits_pending, credits_posted
          FROM exchange.accounts
         WHERE owner_id IS NOT DISTINCT FROM %(owner_id)s
           AND asset = %(asset)s
           AND kind = %(kind)s
        """,
        {"owner_id": owner_id, "asset": asset, "kind": kind},
    ).fetchone()
    return account_of_row(row) if row else None


def all_accounts(tx: Tx) -> list[Account]:
    """Every account, for the recount of the books."""
    rows = tx.execute(
        """
        SELECT id, owner_id, asset, kind, has_floor,
               debits_pending, debits_posted, credits_pending, credits_posted
          FROM exchange.accounts
         ORDER BY id
        """
    )
    return [account_of_row(row) for row in rows]


def lock_accounts(tx: Tx, account_ids: Iterable[UUID]) -> None:
    """Take all accounts of a transaction in one order, so that no two wait in a ring."""
    tx.execute(
        """
        SELECT id
          FROM exchange.accounts
         WHERE id = ANY(%(ids)s)
         ORDER BY id
           FOR UPDATE
        """,
        {"ids": sorted(set(account_ids))},
    )


def available(tx: Tx, account_id: UUID) -> int:
    """What the account can still spend."""
    row = tx.execute(
        """
        SELECT credits_posted - debits_posted - debits_pending AS available
          FROM exchange.accounts
         WHERE id = %(id)s
        """,
        {"id": account_id},
    ).fetchone()
    return int(row["available"]) if row else 0


def move(
    tx: Tx,
    *,
    debit: UUID,
    credit: UUID,
    amount: int,
    reason: str,
    receipt_id: UUID | None,
    at: datetime,
) -> UUID:
    """Move an amount at once.

    Raises: InsufficientCredits, TransferNotPermitted.
    """
    return _insert(
        tx,
        {
            "kind": TransferKind.DIRECT,
            "debit": debit,
            "credit": credit,
            "amount": amount,
            "reason": reason,
            "receipt_id": receipt_id,
            "at": at,
            "expires_at": None,
            "pending_id": None,
        },
    )


def hold(
    tx: Tx,
    *,
    debit: UUID,
    credit: UUID,
    amount: int,
    reason: str,
    expires_at: datetime,
    at: datetime,
) -> UUID:
    """Hold an amount until it is settled, released, or `expires_at`.

    Raises: InsufficientCredits, TransferNotPermitted.
    """
    return _insert(
        tx,
        {
            "kind": TransferKind.PENDING,
            "debit": debit,
            "credit": credit,
            "amount": amount,
            "reason": reason,
            "receipt_id": None,
            "at": at,
            "expires_at": expires_at,
            "pending_id": None,
        },
    )


def post(tx: Tx, held: Transfer, *, amount: int, receipt_id: UUID, at: datetime) -> UUID:
    """Charge at most what is held; what is not charged goes back at the same moment.

    Raises: AlreadyResolved.
    """
    return _insert(
        tx,
        {
            "kind": TransferKind.POST,
            "debit": held.debit_account_id,
            "credit": held.credit_account_id,
            "amount": amount,
            "reason": held.reason,
            "receipt_id": receipt_id,
            "at": at,
            "expires_at": None,
            "pending_id": held.id,
        },
    )


def void(tx: Tx, held: Transfer, *, reason: str, at: datetime) -> UUID:
    """Give back all that is held.

    Raises: AlreadyResolved.
    """
    return _insert(
        tx,
        {
            "kind": TransferKind.VOID,
            "debit": held.debit_account_id,
            "credit": held.credit_account_id,
            "amount": 0,
            "reason": reason,
            "receipt_id": None,
            "at": at,
            "expires_at": None,
            "pending_id": held.id,
        },
    )


def transfers(tx: Tx, transfer_ids: Iterable[UUID]) -> list[Transfer]:
    """The transfers of those ids, oldest first."""
    rows = tx.execute(
        """
        SELECT id, kind, pending_id, debit_account_id, credit_account_id, asset, amount, reason,
               receipt_id, expires_at, created_at
          FROM exchange.transfers
         WHERE id = ANY(%(ids)s)
         ORDER BY id
        """,
        {"ids": list(transfer_ids)},
    )
    return [_transfer(row) for row in rows]


def transfers_of_receipt(tx: Tx, receipt_id: UUID) -> list[Transfer]:
    """What a receipt moved, oldest first."""
    rows = tx.execute(
        """
        SELECT id, kind, pending_id, debit_account_id, credit_account_id, asset, amount, reason,
               receipt_id, expires_at, created_at
          FROM exchange.transfers
         WHERE receipt_id = %(receipt_id)s
         ORDER BY id
        """,
        {"receipt_id": receipt_id},
    )
    return [_transfer(row) for row in rows]


def expired_holds(tx: Tx, at: datetime, *, limit: int) -> list[Transfer]:
    """Holds that nothing resolved in time, oldest first; others that sweep now are passed over."""
    rows = tx.execute(
        """
        SELECT held.id, held.kind, held.pending_id, held.debit_account_id, held.credit_account_id,
               held.asset, held.amount, held.reason, held.receipt_id, held.expires_at,
               held.created_at
          FROM exchange.transfers AS held
         WHERE held.kind = 'pending'
           AND held.expires_at <= %(at)s
           AND NOT EXISTS (SELECT 1 FROM exchange.transfers AS resolving
                            WHERE resolving.pending_id = held.id)
         ORDER BY held.expires_at, held.id
         LIMIT %(limit)s
           FOR UPDATE OF held SKIP LOCKED
        """,
        {"at": at, "limit": limit},
    )
    return [_transfer(row) for row in rows]


def recount(tx: Tx) -> list[UUID]:
    """Accounts whose running sums differ from their transfers; empty while the books balance."""
    rows = tx.execute(
        """
        WITH moved AS (
            SELECT transfer.debit_account_id AS account_id, transfer.kind, transfer.amount,
                   held.amount AS held_amount, true AS is_debit
              FROM exchange.transfers AS transfer
              LEFT JOIN exchange.transfers AS held ON held.id = transfer.pending_id
             UNION ALL
            SELECT transfer.credit_account_id, transfer.kind, transfer.amount, held.amount, false
              FROM exchange.transfers AS transfer
              LEFT JOIN exchange.transfers AS held ON held.id = transfer.pending_id
        ), summed AS (
            SELECT account_id,
                   sum(CASE WHEN kind = 'pending' THEN amount
                            WHEN kind IN ('post', 'void') THEN -held_amount ELSE 0 END)
                       FILTER (WHERE is_debit) AS debits_pending,
                   sum(CASE WHEN kind IN ('direct', 'post') THEN amount ELSE 0 END)
                       FILTER (WHERE is_debit) AS debits_posted,
                   sum(CASE WHEN kind = 'pending' THEN amount
                            WHEN kind IN ('post', 'void') THEN -held_amount ELSE 0 END)
                       FILTER (WHERE NOT is_debit) AS credits_pending,
                   sum(CASE WHEN kind IN ('direct', 'post') THEN amount ELSE 0 END)
                       FILTER (WHERE NOT is_debit) AS credits_posted
              FROM moved
             GROUP BY account_id
        )
        SELECT account.id
          FROM exchange.accounts AS account
          LEFT JOIN summed ON summed.account_id = account.id
         WHERE account.debits_pending <> coalesce(summed.debits_pending, 0)
            OR account.debits_posted <> coalesce(summed.debits_posted, 0)
            OR account.credits_pending <> coalesce(summed.credits_pending, 0)
            OR account.credits_posted <> coalesce(summed.credits_posted, 0)
         ORDER BY account.id
        """
    )
    return [row["id"] for row in rows]


def spent_lines(
    tx: Tx, organization_id: OrganizationId, since: datetime, until: datetime
) -> list[StatementLine]:
    """What the organisation's own deliveries cost, from receipts, oldest first."""
    rows = tx.execute(
        """
        SELECT receipt.id AS receipt_id, receipt.created_at, item.dataset_id,
               dataset.publisher_id AS counterparty_id, receipt.row_count,
               item.charge_microcredits, item.fee_microcredits, receipt.body_sha256
          FROM exchange.receipts AS receipt
          JOIN exchange.receipt_items AS item ON item.receipt_id = receipt.id
          JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
         WHERE receipt.consumer_id = %(organization_id)s
           AND receipt.created_at >= %(since)s
           AND receipt.created_at < %(until)s
         ORDER BY receipt.created_at, receipt.id, item.dataset_id
         LIMIT %(limit)s
        """,
        {
            "organization_id": organization_id,
            "since": since,
            "until": until,
            "limit": STATEMENT_LINES_MAX,
        },
    )
    return [_line(row) for row in rows]


def earned_lines(
    tx: Tx, organization_id: OrganizationId, since: datetime, until: datetime
) -> list[StatementLine]:
    """What others' deliveries brought the organisation, from receipts, oldest first: of its own
    data, less what went on to others, and its parts in the data of others.
    """
    rows = tx.execute(
        """
        SELECT receipt.id AS receipt_id, receipt.created_at, item.dataset_id,
               receipt.consumer_id AS counterparty_id, receipt.row_count,
               item.charge_microcredits,
               item.fee_microcredits
                   + (SELECT coalesce(sum(part.amount_microcredits), 0)::bigint
                        FROM exchange.receipt_parts AS part
                       WHERE part.receipt_id = receipt.id
                         AND part.dataset_id = item.dataset_id) AS fee_microcredits,
               receipt.body_sha256
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
          JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
         WHERE dataset.publisher_id = %(organization_id)s
           AND item.regime <> 'own'
           AND receipt.created_at >= %(since)s
           AND receipt.created_at < %(until)s
         UNION ALL
        SELECT receipt.id, receipt.created_at, part.dataset_id, receipt.consumer_id,
               receipt.row_count, part.amount_microcredits, 0, receipt.body_sha256
          FROM exchange.receipt_parts AS part
          JOIN exchange.receipts AS receipt ON receipt.id = part.receipt_id
         WHERE part.organization_id = %(organization_id)s
           AND receipt.created_at >= %(since)s
           AND receipt.created_at < %(until)s
         ORDER BY created_at, receipt_id, dataset_id
         LIMIT %(limit)s
        """,
        {
            "organization_id": organization_id,
            "since": since,
            "until": until,
            "limit": STATEMENT_LINES_MAX,
        },
    )
    return [_line(row) for row in rows]


def _insert(tx: Tx, values: Mapping[str, object]) -> UUID:
    """Write one transfer; a breach of the ledger's rules undoes only this statement."""
    try:
        with tx.transaction():
            row = tx.execute(
                """
                INSERT INTO exchange.transfers
                       (kind, pending_id, debit_account_id, credit_account_id, asset, amount,
                        reason, receipt_id, expires_at, created_at)
                SELECT %(kind)s, %(pending_id)s, %(debit)s, %(credit)s, asset, %(amount)s,
                       %(reason)s, %(receipt_id)s, %(expires_at)s, %(at)s
                  FROM exchange.accounts
                 WHERE id = %(debit)s
                RETURNING id
                """,
                values,
            ).fetchone()
    except errors.UniqueViolation as breach:
        if breach.diag.constraint_name == "transfers_pending_id_key":
            raise AlreadyResolved(str(values["pending_id"])) from None
        raise
    except errors.CheckViolation as breach:
        match breach.diag.constraint_name:
            case "above_the_floor":
                debit = values["debit"]
                assert isinstance(debit, UUID)
                assert isinstance(values["amount"], int)
                raise InsufficientCredits(values["amount"], available(tx, debit)) from None
            case "resolves_what_is_held":
                raise AlreadyResolved(str(values["pending_id"])) from None
            case "permitted_pair" | "one_asset":
                raise TransferNotPermitted from None
        raise
    assert row is not None, "the debited account exists"
    return UUID(str(row["id"]))


def _account_id(
    tx: Tx, owner_id: OrganizationId | None, kind: AccountKind, asset: Asset
) -> UUID | None:
    row = tx.execute(
        """
        SELECT id
          FROM exchange.accounts
         WHERE owner_id IS NOT DISTINCT FROM %(owner_id)s
           AND asset = %(asset)s
           AND kind = %(kind)s
        """,
        {"owner_id": owner_id, "asset": asset, "kind": kind},
    ).fetchone()
    return row["id"] if row else None


def account_of_row(row: Row) -> Account:
    """An account as its columns say."""
    return Account(**{**row, "asset": Asset(row["asset"]), "kind": AccountKind(row["kind"])})


def _transfer(row: Row) -> Transfer:
    return Transfer(**{**row, "asset": Asset(row["asset"]), "kind": TransferKind(row["kind"])})


def _line(row: Row) -> StatementLine:
    return StatementLine(
        receipt_id=row["receipt_id"],
        at=row["created_at"],
        dataset_id=row["dataset_id"],
        counterparty_id=row["counterparty_id"],
        row_count=row["row_count"],
        charge=MicroCredits(row["charge_microcredits"]),
        fee=MicroCredits(row["fee_microcredits"]),
        body_sha256=row["body_sha256"],
    )
