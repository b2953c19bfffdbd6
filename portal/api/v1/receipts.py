"""Receipts: one's own, one of them, and the file that proves it offline."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from exchange import trace
from exchange.allow import Ask
from exchange.hand_link import make_link
from exchange.receipt import StoredReceipt
from policies.attest import attest
from policies.evidence.bundle import SignedReceipt
from policies.log import sequence
from policies.terms import Purpose
from portal.handing_out import parts_of
from portal.key_file import link_key
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/receipts", tags=["receipts"])

PAGE_DEFAULT, PAGE_MAX = 50, 500
PROOF_MEDIA_TYPE = "application/json"


class ReceiptBody(BaseModel):
    """A receipt."""

    id: UUID
    created_at: datetime
    action: str
    user_id: UUID | None
    consumer_id: UUID | None
    row_count: int
    size_bytes: int
    result_sha256: str
    charge_microcredits: int
    receipt_sha256: str
    kid: str
    signature: str
    """Ed25519 over the canonical JSON (RFC 8785) of `body`, in hexadecimal."""
    body: dict[str, Any]


@router.get("")
def list_own(
    request: Request,
    before: Annotated[datetime | None, Query(description="`created_at` of the last one.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
) -> list[ReceiptBody]:
    """What was delivered to the caller's organisation, else to the caller, newest first."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = trace.own_receipts(
            tx, before=before or wiring.now() + timedelta(seconds=1), limit=limit, by=actor
        )
        return [body_of(receipt) for receipt in found]


@router.get("/{receipt_id}")
def read(request: Request, receipt_id: UUID) -> ReceiptBody:
    """One receipt, for its consumer, the providers of its data, and supervisors."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return body_of(trace.get_receipt(tx, receipt_id, by=actor))


@router.get("/{receipt_id}/proof")
def proof(
    request: Request,
    receipt_id: UUID,
    known_size: Annotated[
        int | None, Query(ge=0, description="Size of a tree head that the reader kept.")
    ] = None,
) -> Response:
    """The file that proves the receipt offline: `weir verify` or any RFC 9162 tool checks it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        receipt = trace.get_receipt(tx, receipt_id, by=actor)
        # A delivery of a moment ago may still wait for its leaf.
        sequence(tx)
        bundle = attest(
            tx,
            wiring.keys,
            SignedReceipt(receipt.body, receipt.kid, receipt.signature),
            receipt.event_id,
            at=wiring.now(),
            known_size=known_size,
        )
    name = f"weir-receipt-{receipt_id}.json"
    return Response(
        bundle,
        media_type=PROOF_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class LinkBody(BaseModel):
    """A link to a delivered file."""

    url: str
    """Fetched without a token, also in ranges; whoever holds it may read this one file."""
    first_use_by: datetime
    """Too late for the first use after this; once used, it can be read again for an hour."""
    size_bytes_most: int
    """How much may be fetched through it in all."""
    sha256: str


@router.post("/{receipt_id}/links", status_code=201)
def link(
    request: Request, response: Response, receipt_id: UUID, purpose: Purpose | None = None
) -> LinkBody:
    """A short-lived link to one's own result, for a client that fetches files by bare address.

    It opens what its maker may read, and dies with the token, the agreement or the freeze.
    """
    actor, wiring = signed_in(request), wiring_of(request)
    made = make_link(
        parts_of(wiring),
        receipt_id,
        Ask(actor, purpose),
        first_use_within=timedelta(seconds=wiring.settings.link_s),
    )
    response.headers["Cache-Control"] = "no-store"
    return LinkBody(
        url=made.address(wiring.settings.site_url, link_key(wiring)),
        first_use_by=made.first_use_by,
        size_bytes_most=made.bytes_most,
        sha256=made.file_sha256,
    )


def body_of(receipt: StoredReceipt) -> ReceiptBody:
    """The receipt as the API writes it."""
    return ReceiptBody(
        id=receipt.id,
        created_at=receipt.created_at,
        action=receipt.action,
        user_id=receipt.user_id,
        consumer_id=receipt.consumer_id,
        row_count=receipt.row_count,
        size_bytes=receipt.size_bytes,
        result_sha256=receipt.result_sha256,
        charge_microcredits=receipt.charge,
        receipt_sha256=receipt.body_sha256,
        kid=receipt.kid,
        signature=receipt.signature.hex(),
        body=json.loads(receipt.body),
    )
