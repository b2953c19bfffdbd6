"""Delivered files by link: no token is shown, the address itself is what opens them.

Each fetch, of whole or part, is decided anew for the reader for whom the link was made.

Source: exchange design, Delta Sharing ("file reads: plain GET, HEAD, ranged GET, without the bearer
token"), trap 1; RFC 9110 s. 14.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from exchange.hand_link import OpenedLink, count_fetch, open_link
from exchange.read_again import is_still_allowed
from portal.handing_out import RECEIPT_HEADER, Stands, file_answer, parts_of
from portal.key_file import link_key
from portal.sign_in import address_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/files", tags=["data"])

SIGNATURE_LENGTH_CHARACTERS = 100

Signature = Annotated[str, Query(max_length=SIGNATURE_LENGTH_CHARACTERS)]


@router.get("/{link_id}")
def fetch(request: Request, link_id: UUID, s: Signature = "") -> Response:
    """The file, or the part of it that `Range` names."""
    opened = _open(request, link_id, s)
    asked_bytes = _asked_bytes(request, opened.delivered.size_bytes)
    count_fetch(parts_of(wiring_of(request)), opened.link, asked_bytes)
    return _answer(request, opened)


@router.head("/{link_id}")
def look(request: Request, link_id: UUID, s: Signature = "") -> Response:
    """Size and digest of the file; counts as a first use, and as no bytes."""
    opened = _open(request, link_id, s)
    count_fetch(parts_of(wiring_of(request)), opened.link, 0)
    return _answer(request, opened)


def _open(request: Request, link_id: UUID, signature: str) -> OpenedLink:
    wiring = wiring_of(request)
    key = link_key(wiring)
    return open_link(parts_of(wiring), link_id, signature, key=key, address=address_of(request))


def _answer(request: Request, opened: OpenedLink) -> Response:
    parts, delivered = parts_of(wiring_of(request)), opened.delivered
    return file_answer(
        request,
        delivered.path,
        media_type=delivered.media_type,
        sha256=delivered.sha256,
        file_name=None,
        headers={
            RECEIPT_HEADER: str(delivered.receipt_id),
            "Cache-Control": "private, no-store",
            # The address is a secret, so no page that holds it tells it on.
            "Referrer-Policy": "no-referrer",
        },
        stands=Stands(parts, lambda: is_still_allowed(parts, opened.link.receipt_id, opened.ask)),
    )


def _asked_bytes(request: Request, size_bytes: int) -> int:
    """How much a request asks for: one range, or all of it."""
    unit, _, told = request.headers.get("Range", "").partition("=")
    first, _, last = told.partition("-")
    if unit.strip() != "bytes" or not (first.isdecimal() or last.isdecimal()) or "," in told:
        return size_bytes
    if not first.isdecimal():
        return min(int(last), size_bytes)
    end = int(last) + 1 if last.isdecimal() else size_bytes
    return max(0, min(end, size_bytes) - int(first))
