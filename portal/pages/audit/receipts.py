"""One receipt: what was delivered, why, for how much; and the file that proves it anywhere."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from exchange.faults.report_fault import agreed_about
from exchange.receipt import StoredReceipt
from exchange.trace import Trace, get_receipt, trace_receipt
from policies.attest import attest
from policies.database import Tx
from policies.evidence.bundle import SignedReceipt
from policies.evidence.proof import verify_receipt_file
from policies.freeze_order import FreezeTarget
from policies.identity.people import organization_with_id
from policies.log import sequence
from policies.roles import can_supervise
from policies.terms import OrganizationId
from portal.pages.audit.receipt_view import receipt_view
from portal.pages.fault_words import fault_notice
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.sign_in import signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter()

_SEE_OTHER = 303


@router.get("/receipt/{receipt_id}")
def show_own_receipt(request: Request, receipt_id: UUID) -> Response:
    """A receipt, for those whom it was given to and the providers of its data."""
    return _page(request, receipt_id, is_audit=False)


@router.get("/audit/receipt/{receipt_id}")
def show_audited_receipt(request: Request, receipt_id: UUID) -> Response:
    """A receipt on the regulator's desk; the look is recorded. Others see it as their own."""
    if not can_supervise(signed_in(request)):
        return RedirectResponse(f"/receipt/{receipt_id}", _SEE_OTHER)
    return _page(request, receipt_id, is_audit=True)


@router.get("/receipt/{receipt_id}/proof.json")
def download_proof(request: Request, receipt_id: UUID) -> Response:
    """The file that `weir verify` checks, with a head signed on demand."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        receipt = get_receipt(tx, receipt_id, by=actor)
        sequence(tx)
        content = _bundle(tx, wiring, receipt)
    name = f"receipt-{number_of('W', receipt_id)}.json"
    return Response(
        content,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


def _page(request: Request, receipt_id: UUID, *, is_audit: bool) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        traced = trace_receipt(tx, receipt_id, by=actor, at=wiring.now())
        # The page says what `weir verify` would say of the very file that it offers.
        verified = (
            verify_receipt_file(_bundle(tx, wiring, traced.receipt)) if traced.place else None
        )
        wrong = agreed_about(tx, [item.version.id for item in traced.items])
        freezes = _freeze_links(tx, traced, speech_of(request)) if is_audit else []
    lineage_path = "/audit/lineage" if is_audit else "/my/lineage"
    view = receipt_view(traced, verified, say, lineage_path=lineage_path)
    return render(
        request,
        "audit/receipt.html",
        receipt=view,
        is_audit=is_audit,
        freezes=freezes,
        faults=[fault_notice(one, say) for one in wrong],
        download_href=f"/receipt/{receipt_id}/proof.json",
    )


def _freeze_links(tx: Tx, traced: Trace, say: Speech) -> list[tuple[str, str]]:
    """What a supervisor may stop from here: who received it, the datasets, the agreements."""
    links = []
    if traced.receipt.consumer_id is not None:
        consumer = organization_with_id(tx, OrganizationId(traced.receipt.consumer_id))
        links.append(_freeze_link(FreezeTarget.ORGANIZATION, consumer.slug, say))
    for item in traced.items:
        links.append(_freeze_link(FreezeTarget.DATASET, item.slug, say))
        if item.agreement is not None:
            links.append(_freeze_link(FreezeTarget.AGREEMENT, str(item.agreement.id), say))
    return links


def _freeze_link(kind: FreezeTarget, target: str, say: Speech) -> tuple[str, str]:
    words = {
        FreezeTarget.ORGANIZATION: say.gettext("Freeze the receiver"),
        FreezeTarget.DATASET: say.gettext("Freeze the dataset"),
        FreezeTarget.LISTING: say.gettext("Freeze the listing"),
        FreezeTarget.AGREEMENT: say.gettext("Freeze the agreement"),
    }
    return words[kind], f"/audit/freezes?{urlencode({'kind': kind.value, 'target': target})}#place"


def _bundle(tx: Tx, wiring: Wiring, receipt: StoredReceipt) -> bytes:
    signed = SignedReceipt(receipt.body, receipt.kid, receipt.signature)
    return attest(tx, wiring.keys, signed, receipt.event_id, at=wiring.now())
