"""Tables `exchange.invoices`, `exchange.invoice_years` and `exchange.credited_refunds`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import errors

from exchange.errors import InvoiceStands
from exchange.invoice import GivenBack, Invoice, InvoiceNumber
from policies.database import Tx
from policies.terms import MicroCredits, OrganizationId, UserId

Row = dict[str, Any]


def take_number(tx: Tx, year: int) -> InvoiceNumber:
    """The next number of the year; nobody else takes one until the transaction ends."""
    row = tx.execute(
        """
        INSERT INTO exchange.invoice_years AS years (year, last_serial)
        VALUES (%(year)s, 1)
            ON CONFLICT (year) DO UPDATE SET last_serial = years.last_serial + 1
        RETURNING last_serial
        """,
        {"year": year},
    ).fetchone()
    assert row is not None, "an upsert returns its row"
    return InvoiceNumber(year, row["last_serial"])


def insert_invoice(tx: Tx, invoice: Invoice) -> None:
    """Insert an invoice or credit note.

    Raises: InvoiceStands. The transaction, with the number it took, is then to be given up.
    """
    try:
        with tx.transaction():
            tx.execute(
                """
                INSERT INTO exchange.invoices
                       (id, year, serial, organization_id, month, corrects_id, amount_microcredits,
                        body, kid, signature, issued_by, issued_at)
                VALUES (%(id)s, %(year)s, %(serial)s, %(organization_id)s, %(month)s,
                        %(corrects_id)s, %(amount)s, %(body)s, %(kid)s, %(signature)s,
                        %(issued_by)s, %(issued_at)s)
                """,
                {
                    "id": invoice.id,
                    "year": invoice.number.year,
                    "serial": invoice.number.serial,
                    "organization_id": invoice.organization_id,
                    "month": invoice.month,
                    "corrects_id": invoice.corrects_id,
                    "amount": invoice.amount,
                    "body": invoice.body,
                    "kid": invoice.kid,
                    "signature": invoice.signature,
                    "issued_by": invoice.issued_by,
                    "issued_at": invoice.issued_at,
                },
            )
    except errors.UniqueViolation as breach:
        if breach.diag.constraint_name == "one_invoice_a_month":
            raise InvoiceStands from None
        raise


def invoice_numbered(tx: Tx, number: InvoiceNumber) -> Invoice | None:
    """The invoice or credit note with that number."""
    row = tx.execute(
        """
        SELECT id, year, serial, organization_id, month, corrects_id, amount_microcredits, body,
               kid, signature, issued_by, issued_at
          FROM exchange.invoices
         WHERE year = %(year)s
           AND serial = %(serial)s
        """,
        {"year": number.year, "serial": number.serial},
    ).fetchone()
    return _invoice(row) if row else None


def lock_invoice(tx: Tx, number: InvoiceNumber) -> Invoice | None:
    """The invoice; credit notes of it come one after the other until the transaction ends."""
    row = tx.execute(
        """
        SELECT id, year, serial, organization_id, month, corrects_id, amount_microcredits, body,
               kid, signature, issued_by, issued_at
          FROM exchange.invoices
         WHERE year = %(year)s
           AND serial = %(serial)s
           FOR NO KEY UPDATE
        """,
        {"year": number.year, "serial": number.serial},
    ).fetchone()
    return _invoice(row) if row else None


def credit_notes_of(tx: Tx, invoice_id: UUID) -> list[Invoice]:
    """The credit notes of an invoice, in the order of their numbers."""
    rows = tx.execute(
        """
        SELECT id, year, serial, organization_id, month, corrects_id, amount_microcredits, body,
               kid, signature, issued_by, issued_at
          FROM exchange.invoices
         WHERE corrects_id = %(id)s
         ORDER BY year, serial
        """,
        {"id": invoice_id},
    )
    return [_invoice(row) for row in rows]


def invoices_of(tx: Tx, organization_id: OrganizationId, *, limit: int) -> list[Invoice]:
    """Invoices and credit notes of one buyer, newest first."""
    rows = tx.execute(
        """
        SELECT id, year, serial, organization_id, month, corrects_id, amount_microcredits, body,
               kid, signature, issued_by, issued_at
          FROM exchange.invoices
         WHERE organization_id = %(organization_id)s
         ORDER BY year DESC, serial DESC
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [_invoice(row) for row in rows]


def newest_invoices(tx: Tx, *, limit: int) -> list[Invoice]:
    """All invoices and credit notes, newest first."""
    rows = tx.execute(
        """
        SELECT id, year, serial, organization_id, month, corrects_id, amount_microcredits, body,
               kid, signature, issued_by, issued_at
          FROM exchange.invoices
         ORDER BY year DESC, serial DESC
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [_invoice(row) for row in rows]


def refunds_to_credit(
    tx: Tx, organization_id: OrganizationId, since: datetime, until: datetime
) -> list[GivenBack]:
    """What was given back of a period's receipts and no credit note tells of, oldest first."""
    rows = tx.execute(
        """
        SELECT refund.id, refund.receipt_id, refund.amount_microcredits
          FROM exchange.refunds AS refund
          JOIN exchange.receipts AS receipt ON receipt.id = refund.receipt_id
         WHERE receipt.consumer_id = %(organization_id)s
           AND receipt.created_at >= %(since)s
           AND receipt.created_at < %(until)s
           AND refund.state = 'confirmed'
           AND NOT EXISTS (SELECT 1
                             FROM exchange.credited_refunds AS credited
                            WHERE credited.refund_id = refund.id)
         ORDER BY refund.settled_at, refund.id
        """,
        {"organization_id": organization_id, "since": since, "until": until},
    )
    return [
        GivenBack(row["id"], row["receipt_id"], MicroCredits(row["amount_microcredits"]))
        for row in rows
    ]


def insert_credited_refunds(tx: Tx, credit_note_id: UUID, refund_ids: Sequence[UUID]) -> None:
    """Write down which refunds a credit note takes off."""
    tx.execute(
        """
        INSERT INTO exchange.credited_refunds (refund_id, credit_note_id)
        SELECT refund_id, %(credit_note_id)s
          FROM unnest(%(refund_ids)s::uuid[]) AS refund_id
        """,
        {"credit_note_id": credit_note_id, "refund_ids": list(refund_ids)},
    )


def _invoice(row: Row) -> Invoice:
    return Invoice(
        id=row["id"],
        number=InvoiceNumber(row["year"], row["serial"]),
        organization_id=OrganizationId(row["organization_id"]),
        month=row["month"],
        corrects_id=row["corrects_id"],
        amount=MicroCredits(row["amount_microcredits"]),
        body=row["body"],
        kid=row["kid"],
        signature=bytes(row["signature"]),
        issued_by=UserId(row["issued_by"]),
        issued_at=row["issued_at"],
    )
