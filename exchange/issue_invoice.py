"""Issue the invoice of a month, and the credit note for what was given back of it.

Source: exchange design, 6.3 (11, 17).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from uuid import UUID, uuid4

from catalog.find import dataset_with_id
from exchange.attest_statement import receipts_between, statement_of
from exchange.errors import (
    InvoiceNotFound,
    MonthGoesOn,
    NothingCharged,
    NothingGivenBack,
    NotYourPart,
)
from exchange.invoice import (
    INVOICES_SHOWN_MAX,
    Billed,
    Invoice,
    InvoiceNumber,
    credit_note_body,
    invoice_body,
    text_as_json,
)
from exchange.statement_file import EDGE, Sums
from exchange.store import invoices as store
from policies.calendar import CHINA, china_day
from policies.canonical import Plain
from policies.database import Tx
from policies.events import Event, EventKind, moment_text
from policies.evidence.bundle import SignedReceipt, statement_line
from policies.evidence.signing_key import KeyPurpose
from policies.identity.people import organization_with_id
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import SYSTEM, can_confirm_money, can_see_books_of, can_top_up
from policies.seal import KeyRing
from policies.terms import DatasetId, MicroCredits, OrganizationId, UserId


def issue_invoice(
    tx: Tx, keys: KeyRing, organization_id: OrganizationId, month: date, *, by: Actor, at: datetime
) -> Invoice:
    """Issue what the organisation was charged in the month of that day.

    Raises: NotYourPart, MonthGoesOn, NothingCharged, InvoiceStands, SigningKeyAway.
    """
    issuing = _check_issues(by)
    since, until = month_bounds(month)
    # A delivery that began in the month may be receipted a little after its end.
    if at < until + EDGE:
        raise MonthGoesOn
    sums, billed = Sums(), Billed()
    for receipt in receipts_between(tx, organization_id, since, until):
        items = json.loads(receipt.body)["items"]
        sums.add(receipt.body, receipt.charge, sum(item["fee_microcredits"] for item in items))
        billed.add(items)
    lines = billed.lines()
    if not lines:
        raise NothingCharged
    titles = {
        line.dataset_id: dataset_with_id(
            tx, DatasetId(UUID(line.dataset_id)), by=SYSTEM
        ).entry.title
        for line in lines
    }
    number = store.take_number(tx, china_day(at).year)
    told = {
        **_who(tx, organization_id, number, at),
        "since": moment_text(since),
        "until": moment_text(until),
        "receipts": sums.receipts,
        "receipts_sha256": sums.digest,
    }
    body = invoice_body(told, lines, titles)
    signer = keys.signer(tx, KeyPurpose.RECEIPT, at)
    invoice = Invoice(
        uuid4(),
        number,
        organization_id,
        china_day(since),
        None,
        MicroCredits(sums.charge),
        body,
        signer.kid,
        signer.sign(body.encode()),
        issuing,
        at,
    )
    store.insert_invoice(tx, invoice)
    _tell(tx, EventKind.INVOICE_ISSUED, invoice, by=by, at=at)
    return invoice


def credit_invoice(
    tx: Tx, keys: KeyRing, number: InvoiceNumber, *, reason: str, by: Actor, at: datetime
) -> Invoice:
    """Take off an invoice what was given back of its month and no credit note told of yet.

    Raises: NotYourPart, ReasonMissing, InvoiceNotFound, NothingGivenBack, SigningKeyAway.
    """
    issuing, reason = _check_issues(by), check_reason(reason)
    invoice = store.lock_invoice(tx, number)
    if invoice is None or invoice.corrects_id is not None:
        raise InvoiceNotFound
    since, until = month_bounds(invoice.month)
    given_back = store.refunds_to_credit(tx, invoice.organization_id, since, until)
    if not given_back:
        raise NothingGivenBack
    credit_number = store.take_number(tx, china_day(at).year)
    told = {
        **_who(tx, invoice.organization_id, credit_number, at),
        "invoice": str(invoice.number),
        "reason": reason,
    }
    body = credit_note_body(told, given_back)
    signer = keys.signer(tx, KeyPurpose.RECEIPT, at)
    credit_note = Invoice(
        uuid4(),
        credit_number,
        invoice.organization_id,
        invoice.month,
        invoice.id,
        MicroCredits(sum(one.amount for one in given_back)),
        body,
        signer.kid,
        signer.sign(body.encode()),
        issuing,
        at,
    )
    store.insert_invoice(tx, credit_note)
    store.insert_credited_refunds(tx, credit_note.id, [one.refund_id for one in given_back])
    _tell(tx, EventKind.CREDIT_NOTE_ISSUED, credit_note, by=by, at=at)
    return credit_note


def invoices_of(tx: Tx, organization_id: OrganizationId, *, by: Actor) -> list[Invoice]:
    """Invoices and credit notes of one buyer, newest first, at most `INVOICES_SHOWN_MAX`.

    Raises: NotYourPart.
    """
    if not can_see_books_of(by, organization_id):
        raise NotYourPart(Role.FINANCE)
    return store.invoices_of(tx, organization_id, limit=INVOICES_SHOWN_MAX)


def newest_invoices(tx: Tx, *, by: Actor) -> list[Invoice]:
    """All invoices and credit notes, newest first, at most `INVOICES_SHOWN_MAX`.

    Raises: NotYourPart.
    """
    if not can_confirm_money(by):
        raise NotYourPart(Role.FINANCE)
    return store.newest_invoices(tx, limit=INVOICES_SHOWN_MAX)


def invoice_numbered(tx: Tx, number: InvoiceNumber, *, by: Actor) -> tuple[Invoice, list[Invoice]]:
    """An invoice with its credit notes in their order; or a credit note alone.

    Raises: InvoiceNotFound, also where the reader may not see it.
    """
    invoice = store.invoice_numbered(tx, number)
    if invoice is None or not (
        can_see_books_of(by, invoice.organization_id) or can_confirm_money(by)
    ):
        raise InvoiceNotFound
    return invoice, store.credit_notes_of(tx, invoice.id)


def invoice_to_prove(tx: Tx, number: InvoiceNumber, *, by: Actor) -> tuple[Invoice, list[Invoice]]:
    """An invoice with its credit notes, which are proven beside it and not alone.

    Raises: InvoiceNotFound.
    """
    invoice, credit_notes = invoice_numbered(tx, number, by=by)
    if invoice.corrects_id is not None:
        raise InvoiceNotFound
    return invoice, credit_notes


def invoice_file(
    tx: Tx, keys: KeyRing, number: InvoiceNumber, *, by: Actor, at: datetime
) -> Iterator[bytes]:
    """The invoice and its credit notes with every receipt of the month, for `weir verify`.

    Raises: InvoiceNotFound, SigningKeyAway.
    """
    invoice, credit_notes = invoice_to_prove(tx, number, by=by)
    since, until = month_bounds(invoice.month)
    yield from statement_of(tx, keys, invoice.organization_id, since, until, at=at)
    for one in (invoice, *credit_notes):
        yield statement_line("invoice", SignedReceipt(one.body, one.kid, one.signature))


def month_bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of that day's month in China, and of the next month."""
    months = day.year * 12 + day.month
    since = datetime(day.year, day.month, 1, tzinfo=CHINA)
    return since, datetime(months // 12, months % 12 + 1, 1, tzinfo=CHINA)


def _check_issues(by: Actor) -> UserId:
    if not can_top_up(by) or by.user_id is None:
        raise NotYourPart(Role.FINANCE)
    return by.user_id


def _who(
    tx: Tx, organization_id: OrganizationId, number: InvoiceNumber, at: datetime
) -> dict[str, Plain]:
    owner = organization_with_id(tx, organization_id)
    return {
        "number": str(number),
        "organization_id": str(organization_id),
        "buyer": text_as_json(owner.title),
        "credit_code": owner.credit_code,
        "issued_at": moment_text(at),
    }


def _tell(tx: Tx, kind: EventKind, invoice: Invoice, *, by: Actor, at: datetime) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=invoice.organization_id,
            subject_id=invoice.id,
            facts={
                "number": str(invoice.number),
                "month": invoice.month.isoformat(),
                "amount_microcredits": invoice.amount,
            },
        ),
    )
