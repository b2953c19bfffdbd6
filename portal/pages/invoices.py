"""The page of an invoice, to be read, printed and proven; finance issues and corrects it here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from exchange import issue_invoice
from exchange.invoice import Invoice, InvoiceNumber
from policies.errors import Refusal
from policies.identity.people import organization_named
from policies.roles import can_top_up
from policies.terms import Text
from portal.pages.buy.usage_view import month_choices
from portal.pages.finance import PAGE, finance_page
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303


@router.post(f"{PAGE}/invoices")
def issue(
    request: Request,
    billed: Annotated[str, Form(max_length=200)] = "",
    month: Annotated[str, Form(max_length=7)] = "",
) -> Response:
    """Issue an organisation's invoice of a month."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {"billed": billed, "month": month}
    day = dict(month_choices(wiring.now())).get(month)
    if day is None:
        errors = {"month": say.gettext("Choose a month.")}
        return finance_page(request, typed=typed, errors=errors, status=400)
    try:
        with wiring.pool.connection() as tx:
            owner = organization_named(tx, billed.strip())
            issued = issue_invoice.issue_invoice(
                tx, wiring.keys, owner.id, day, by=actor, at=wiring.now()
            )
    except Refusal as refusal:
        errors = {"billed": say.refusal(refusal)}
        return finance_page(request, typed=typed, errors=errors, status=status_of(refusal))
    return RedirectResponse(_address(issued), _SEE_OTHER)


@router.get("/invoice/{number}.jsonl")
def export_invoice(request: Request, number: str) -> StreamingResponse:
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


@router.get("/invoice/{number}")
def show_invoice(request: Request, number: str) -> Response:
    """One invoice or credit note."""
    return _page(request, number)


@router.post("/invoice/{number}/correct")
def correct(
    request: Request, number: str, reason: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Take off an invoice what was given back of its month since."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            note = issue_invoice.credit_invoice(
                tx,
                wiring.keys,
                InvoiceNumber.read(number),
                reason=reason,
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        return _page(request, number, reason=reason, refusal=refusal)
    return RedirectResponse(_address(note), _SEE_OTHER)


def _address(invoice: Invoice) -> str:
    return f"/invoice/{invoice.number}"


def _page(
    request: Request, number: str, *, reason: str = "", refusal: Refusal | None = None
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        invoice, notes = issue_invoice.invoice_numbered(tx, InvoiceNumber.read(number), by=actor)
    told = json.loads(invoice.body)
    return render(
        request,
        "my/invoice.html",
        status=status_of(refusal) if refusal else 200,
        invoice=invoice,
        told=told,
        month=say.month(invoice.month),
        buyer=Text(**told["buyer"]),
        titles=[Text(**line["title"]) for line in told["lines"] if "title" in line],
        notes=notes,
        left=invoice.amount - sum(note.amount for note in notes),
        may_correct=can_top_up(actor) and invoice.corrects_id is None,
        typed={"reason": reason},
        errors={"reason": say.refusal(refusal)} if refusal else {},
    )
