"""Invoices and credit notes: issued by finance, read by the buyer, proven by anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from exchange import issue_invoice
from exchange.invoice import Invoice, InvoiceNumber
from policies.canonical import Plain
from policies.database import Tx
from policies.identity.people import organization_named
from policies.reason import REASON_LENGTH_CHARACTERS
from portal.act_once import act_once
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["credits"])


class NewInvoice(BaseModel):
    """Which month is to be invoiced."""

    model_config = ConfigDict(extra="forbid")

    month: Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]
    """Such as 2026-03, in China's time."""


class Correction(BaseModel):
    """Why an invoice is corrected."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=REASON_LENGTH_CHARACTERS)]


class InvoiceBody(BaseModel):
    """An invoice, or a credit note that corrects one."""

    id: UUID
    number: str
    organization_id: UUID
    month: str
    corrects_id: UUID | None
    amount_microcredits: int
    issued_at: datetime
    said: dict[str, object]
    """What was signed: lines by dataset and agreement, or the refunds that are taken off."""
    kid: str
    signature: str


@router.post("/organizations/{slug}/invoices", status_code=201, response_model=InvoiceBody)
def issue(request: Request, slug: str, wanted: NewInvoice) -> Plain:
    """Issue the invoice of a month that is over; for finance."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()

    def act(tx: Tx) -> InvoiceBody:
        owner = organization_named(tx, slug)
        month = date.fromisoformat(f"{wanted.month}-01")
        return _body(issue_invoice.issue_invoice(tx, wiring.keys, owner.id, month, by=actor, at=at))

    return act_once(request, actor, wanted, act)


@router.get("/organizations/{slug}/invoices")
def list_invoices(request: Request, slug: str) -> list[InvoiceBody]:
    """Invoices and credit notes of an organisation, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        owner = organization_named(tx, slug)
        return [_body(one) for one in issue_invoice.invoices_of(tx, owner.id, by=actor)]


@router.get("/invoices/{number}")
def show_invoice(request: Request, number: str) -> InvoiceBody:
    """One invoice or credit note."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        told, _ = issue_invoice.invoice_numbered(tx, InvoiceNumber.read(number), by=actor)
    return _body(told)


@router.get("/invoices/{number}/proof")
def prove_invoice(request: Request, number: str) -> StreamingResponse:
    """The invoice, its credit notes and every receipt of the month, for `weir verify`."""
    actor, wiring = signed_in(request), wiring_of(request)
    at, wanted = wiring.now(), InvoiceNumber.read(number)
    with wiring.pool.connection() as tx:
        issue_invoice.invoice_to_prove(tx, wanted, by=actor)

    def lines() -> Iterator[bytes]:
        with wiring.pool.connection() as tx:
            yield from issue_invoice.invoice_file(tx, wiring.keys, wanted, by=actor, at=at)

    return StreamingResponse(
        lines(),
        media_type="application/x-ndjson",
        headers={
            "Content-Disposition": f'attachment; filename="invoice-{wanted}.jsonl"',
            "Cache-Control": "private, no-store",
        },
    )


@router.post("/invoices/{number}/credit-notes", status_code=201, response_model=InvoiceBody)
def correct(request: Request, number: str, wanted: Correction) -> Plain:
    """Take off an invoice what was given back of its month since; for finance."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()

    def act(tx: Tx) -> InvoiceBody:
        return _body(
            issue_invoice.credit_invoice(
                tx,
                wiring.keys,
                InvoiceNumber.read(number),
                reason=wanted.reason,
                by=actor,
                at=at,
            )
        )

    return act_once(request, actor, wanted, act)


def _body(told: Invoice) -> InvoiceBody:
    return InvoiceBody(
        id=told.id,
        number=str(told.number),
        organization_id=told.organization_id,
        month=f"{told.month:%Y-%m}",
        corrects_id=told.corrects_id,
        amount_microcredits=told.amount,
        issued_at=told.issued_at,
        said=json.loads(told.body),
        kid=told.kid,
        signature=told.signature.hex(),
    )
