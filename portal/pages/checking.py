"""Check a receipt or a delivered file: what it proves, in words, for anybody without an account.

The receipt proves itself, as with `weir verify`. A file is told by its digest: against the receipt
that came along, and against the receipts that the reader may see.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import IO, Annotated, Final

from fastapi import APIRouter, File, Request, Response, UploadFile

from exchange.trace import receipts_of_file
from policies.errors import UnreadableProof
from policies.evidence.bundle import FILE_LENGTH_BYTES_MAX, read_bundle
from policies.evidence.proof import verify_receipt_file
from policies.evidence.verification import Verification
from portal.body_bound import takes_bytes
from portal.pages.audit.receipt_view import CheckLine, check_lines
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.sign_in import actor_of, begin_form, keep_form
from portal.wiring import Wiring, wiring_of

router = APIRouter()

CHECKED_BYTES_MAX: Final = 256 << 20
"""A receipt and a file together; larger files are hashed at home and compared by eye."""
_PIECE_BYTES: Final = 1 << 20

Sent = Annotated[UploadFile | None, File()]


@dataclass(frozen=True, slots=True)
class ReceiptFound:
    """What a receipt proved."""

    is_valid: bool
    is_of_this_log: bool
    number: str
    at: str
    rows: int
    result_sha256: str
    checks: tuple[CheckLine, ...]


@dataclass(frozen=True, slots=True)
class FileFound:
    """What a file's digest says."""

    sha256: str
    fits_receipt: bool | None
    """None where no receipt came along."""
    receipts: tuple[tuple[str, str], ...]
    """Number and address of the receipts of just these bytes that the reader may see."""


@router.get("/check")
def show_form(request: Request) -> Response:
    """The form."""
    return _page(request, None, None, errors={})


@router.post("/check")
@takes_bytes(CHECKED_BYTES_MAX)
def do_check(request: Request, receipt: Sent = None, file: Sent = None) -> Response:
    """What the files that were sent prove; nothing of them is kept."""
    say, wiring = speech_of(request), wiring_of(request)
    errors: dict[str, str] = {}
    told = None
    proof = receipt.file.read(FILE_LENGTH_BYTES_MAX + 1) if receipt and receipt.filename else b""
    has_file = file is not None and bool(file.filename)
    if not proof and not has_file:
        errors["receipt"] = say.gettext("Choose a receipt, a delivered file, or both.")
    if proof:
        try:
            told = _receipt(wiring, proof, say)
        except UnreadableProof as refusal:
            errors["receipt"] = say.refusal(refusal)
    found = _file(request, file.file, told) if file is not None and has_file else None
    return _page(request, told, found, errors=errors)


def _receipt(wiring: Wiring, data: bytes, say: Speech) -> ReceiptFound:
    """Raises: UnreadableProof."""
    verified: Verification = verify_receipt_file(data, trusted_kid=_log_id(wiring))
    said = _said(data)
    rows, receipt_id = said.get("rows", said.get("row_count")), str(said.get("id", ""))
    return ReceiptFound(
        is_valid=verified.is_valid,
        is_of_this_log=verified.log_id == _log_id(wiring),
        number=f"W-{receipt_id.replace('-', '')[-8:].upper()}",
        at=str(said.get("created_at", said.get("at", ""))),
        rows=rows if isinstance(rows, int) else 0,
        result_sha256=str(said.get("result_sha256", "")),
        checks=tuple(check_lines(verified, say)),
    )


def _said(data: bytes) -> dict[str, object]:
    try:
        said = json.loads(read_bundle(data).receipt.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _log_id(wiring: Wiring) -> str | None:
    """The name of this exchange's log; None before its first key."""
    with wiring.pool.connection() as tx:
        keys = wiring.keys.public_keys(tx)
    return next((key.kid for key in keys if key.endorsed_by == key.kid), None)


def _file(request: Request, content: IO[bytes], told: ReceiptFound | None) -> FileFound:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE_BYTES):
        digest.update(piece)
    sha256 = digest.hexdigest()
    with wiring_of(request).pool.connection() as tx:
        held = receipts_of_file(tx, sha256, by=actor_of(request))
    fits = None if told is None else told.is_valid and told.result_sha256 == sha256
    links = tuple((number_of("W", one.id), f"/receipt/{one.id}") for one in held)
    return FileFound(sha256, fits, links)


def _page(
    request: Request,
    told: ReceiptFound | None,
    found: FileFound | None,
    *,
    errors: dict[str, str],
) -> Response:
    begin_form(request)
    response = render(
        request,
        "audit/check.html",
        status=400 if errors else 200,
        told=told,
        found=found,
        is_anonymous=actor_of(request).is_anonymous,
        errors=errors,
    )
    keep_form(request, response)
    return response
