"""Files in pieces, by the open protocol tus: they go on after any break, from any browser.

    POST   …/resumable-uploads          Upload-Length, Upload-Metadata → Location, Upload-Offset
    PATCH  /resumable-uploads/{id}      bytes from Upload-Offset on, perhaps with Upload-Checksum
    HEAD   /resumable-uploads/{id}      how much is here
    DELETE /resumable-uploads/{id}      it comes no more

Upload-Metadata knows `filename`, `fingerprint` (the same one goes on with what was begun), `hold`
(wait for `/uploads/{id}/load`) and `way` (replace, append, upsert: how the rows go in). The last
piece is answered with the upload's address as `Content-Location`.

Source: tus 1.0.0 core, creation, expiration, checksum, termination.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC
from email.utils import format_datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from catalog.arrivals import arrive
from catalog.arrivals.arrival import PIECE_BYTES, Arrival, ArrivalId
from catalog.arrivals.errors import CheckedPieceTooLarge, PieceDamaged, PieceTooLong
from catalog.blobs import UPLOAD_BYTES_MAX
from catalog.way_in import Way
from policies.party import Actor
from portal.accept_upload import FILE_NAME_OTHERWISE, finished, place_of
from portal.body_bound import takes_bytes
from portal.errors import BodyCompressed, BodyCutOff, MalformedUploadHeaders
from portal.sign_in import signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter(prefix="/api/v1", tags=["uploads"])

VERSION: Final = "1.0.0"
METADATA_LENGTH_CHARACTERS: Final = 8_000
CHECKED_BYTES_MAX: Final = 64 << 20
"""Of one piece with a checksum, which is held until the whole of it is here."""
_COUNT_DIGITS_MAX: Final = 15
_PLACE: Final = "/resumable-uploads/{arrival_id}"
_PIECE_TYPE: Final = "application/offset+octet-stream"
_DIGESTS: Final = {"sha256": "sha256", "sha1": "sha1"}
"""Name in the protocol → in `hashlib`; sha1 since the protocol asks for it, against accidents."""
_NO_CONTENT, _CREATED, _UNSUPPORTED, _OTHER_VERSION, _OTHER_CHECKSUM = 204, 201, 415, 412, 460
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {_PIECE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class ArrivalBody(BaseModel):
    """A file on its way."""

    id: UUID
    file_name: str
    size_bytes: int
    arrived_bytes: int
    upload_id: UUID | None
    """Set once all of it is accepted."""


@router.options(_PLACE, include_in_schema=False)
@router.options(
    "/datasets/{slug}/distributions/{distribution}/resumable-uploads", include_in_schema=False
)
def tell_protocol() -> Response:
    """Which parts of the protocol are known."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,expiration,checksum,termination",
        "Tus-Max-Size": str(UPLOAD_BYTES_MAX),
        "Tus-Checksum-Algorithm": ",".join(_DIGESTS),
    }
    return _answer(_NO_CONTENT, headers)


@router.post("/datasets/{slug}/distributions/{distribution}/resumable-uploads", status_code=201)
def begin(
    request: Request,
    slug: str,
    distribution: str,
    upload_length: Annotated[str, Header()],
    upload_metadata: Annotated[str, Header(max_length=METADATA_LENGTH_CHARACTERS)] = "",
) -> Response:
    """Say that a file comes; one that was begun before goes on at `Upload-Offset`."""
    if not _is_known(request):
        return _other_version()
    wiring, actor = wiring_of(request), signed_in(request)
    metadata = _metadata(upload_metadata)
    told = arrive.Told(
        file_name=metadata.get("filename") or FILE_NAME_OTHERWISE,
        size_bytes=_count(upload_length, least=1),
        fingerprint=metadata.get("fingerprint", ""),
        is_held="hold" in metadata,
        way=_way(metadata),
    )
    place = place_of(wiring, actor, slug, distribution)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        begun = arrive.begin(tx, place, told, by=actor, at=at)
    if begun.is_complete:
        begun = finished(wiring, actor, begun.id)
    address = f"/api/v1/resumable-uploads/{begun.id}"
    return _answer(_CREATED, {"Location": address, **_state(begun)})


@router.head(_PLACE)
def tell_offset(request: Request, arrival_id: UUID) -> Response:
    """How much of the file is here."""
    if not _is_known(request):
        return _other_version()
    found = finished(wiring_of(request), signed_in(request), ArrivalId(arrival_id))
    return _answer(200, {"Upload-Length": str(found.size_bytes), **_state(found)})


@router.get(_PLACE)
def show(request: Request, arrival_id: UUID) -> ArrivalBody:
    """How much of the file is here, and the upload that it became."""
    found = finished(wiring_of(request), signed_in(request), ArrivalId(arrival_id))
    return ArrivalBody(
        id=found.id,
        file_name=found.file_name,
        size_bytes=found.size_bytes,
        arrived_bytes=found.arrived_bytes,
        upload_id=found.upload_id,
    )


@router.patch(_PLACE, status_code=204, openapi_extra=_BODY)
@takes_bytes(UPLOAD_BYTES_MAX)
async def add(
    request: Request,
    arrival_id: UUID,
    upload_offset: Annotated[str, Header()],
    upload_checksum: Annotated[str | None, Header()] = None,
) -> Response:
    """Add bytes. What came before a line broke is kept, unless a checksum spoke for the whole."""
    if not _is_known(request):
        return _other_version()
    if request.headers.get("Content-Type") != _PIECE_TYPE:
        return _answer(_UNSUPPORTED, {})
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BodyCompressed
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    piece = _Piece(wiring, actor, ArrivalId(arrival_id), _count(upload_offset, least=0))
    await run_in_threadpool(piece.check)
    if upload_checksum is None:
        await _take_in_parts(request, piece)
    else:
        kind, digest = _checksum(upload_checksum)
        try:
            await _take_whole(request, piece, kind, digest)
        except PieceDamaged:
            return _answer(_OTHER_CHECKSUM, {})
    found = await run_in_threadpool(finished, wiring, actor, ArrivalId(arrival_id))
    return _answer(_NO_CONTENT, _state(found))


@router.delete(_PLACE, status_code=204)
def drop(request: Request, arrival_id: UUID) -> Response:
    """Wait for the file no longer; what is here of it is thrown away."""
    if not _is_known(request):
        return _other_version()
    wiring, actor = wiring_of(request), signed_in(request)
    folders = wiring.folders
    arrive.drop(wiring.pool, folders.blobs, ArrivalId(arrival_id), by=actor, at=wiring.now())
    return _answer(_NO_CONTENT, {})


class _Piece:
    """Bytes on their way to the end of a file."""

    def __init__(self, wiring: Wiring, actor: Actor, arrival_id: ArrivalId, first: int) -> None:
        self._wiring, self._actor, self._arrival_id = wiring, actor, arrival_id
        self.first_byte = first

    def check(self) -> int:
        """Refuse early what does not begin where it has to; says how many bytes may come."""
        with self._wiring.pool.connection() as tx:
            found = arrive.arrival_of(tx, self._arrival_id, by=self._actor, at=self._wiring.now())
        arrive.check_place(found, self.first_byte)
        self.room_bytes = found.size_bytes - self.first_byte
        self.size_bytes = found.size_bytes
        return self.room_bytes

    def take(self, content: bytes) -> None:
        """Keep the next bytes."""
        arrive.take(
            self._wiring.pool,
            self._wiring.folders.blobs,
            self._arrival_id,
            content,
            first_byte=self.first_byte,
            by=self._actor,
            at=self._wiring.now(),
        )
        self.first_byte += len(content)


async def _take_in_parts(request: Request, piece: _Piece) -> None:
    """Keep what comes in parts, so that little is lost when the line breaks or the server dies."""
    waiting = bytearray()
    try:
        async for chunk in request.stream():
            waiting += chunk
            while len(waiting) >= PIECE_BYTES:
                part = bytes(waiting[:PIECE_BYTES])
                del waiting[:PIECE_BYTES]
                await run_in_threadpool(piece.take, part)
    except ClientDisconnect:
        if waiting:
            await run_in_threadpool(piece.take, bytes(waiting))
        raise BodyCutOff from None
    if waiting:
        await run_in_threadpool(piece.take, bytes(waiting))


async def _take_whole(request: Request, piece: _Piece, kind: str, digest: bytes) -> None:
    """Keep what comes only if all of it has that digest."""
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > CHECKED_BYTES_MAX:
                raise CheckedPieceTooLarge(CHECKED_BYTES_MAX)
    except ClientDisconnect:
        raise BodyCutOff from None
    found = await run_in_threadpool(lambda: hashlib.new(kind, content, usedforsecurity=False))
    if found.digest() != digest:
        raise PieceDamaged
    if len(content) > piece.room_bytes:
        raise PieceTooLong(piece.size_bytes)
    for first in range(0, len(content), PIECE_BYTES):
        await run_in_threadpool(piece.take, bytes(content[first : first + PIECE_BYTES]))


def _checksum(told: str) -> tuple[str, bytes]:
    name, _, digest = told.partition(" ")
    if name not in _DIGESTS:
        raise MalformedUploadHeaders("Upload-Checksum")
    return _DIGESTS[name], _decoded("Upload-Checksum", digest.strip())


def _metadata(told: str) -> dict[str, str]:
    """Names and values, which are written in base64; a name may stand alone."""
    pairs = [pair.strip().partition(" ") for pair in told.split(",") if pair.strip()]
    try:
        return {
            name: _decoded("Upload-Metadata", value.strip()).decode() for name, _, value in pairs
        }
    except UnicodeDecodeError:
        raise MalformedUploadHeaders("Upload-Metadata") from None


def _way(metadata: dict[str, str]) -> Way:
    told = metadata.get("way", Way.REPLACE.value)
    if told not in set(Way):
        raise MalformedUploadHeaders("Upload-Metadata")
    return Way(told)


def _decoded(header: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedUploadHeaders(header) from None


def _count(told: str, *, least: int) -> int:
    header = "Upload-Length" if least else "Upload-Offset"
    is_number = told.isascii() and told.isdecimal() and len(told) <= _COUNT_DIGITS_MAX
    if not is_number or int(told) < least:
        raise MalformedUploadHeaders(header)
    return int(told)


def _state(arrival: Arrival) -> dict[str, str]:
    headers = {
        "Upload-Offset": str(arrival.arrived_bytes),
        "Upload-Expires": format_datetime(arrival.expires_at.astimezone(UTC), usegmt=True),
    }
    if arrival.upload_id is not None:
        headers["Content-Location"] = f"/api/v1/uploads/{arrival.upload_id}"
    return headers


def _is_known(request: Request) -> bool:
    return request.headers.get("Tus-Resumable") == VERSION


def _other_version() -> Response:
    return _answer(_OTHER_VERSION, {"Tus-Version": VERSION})


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(
        status_code=status,
        headers={"Tus-Resumable": VERSION, "Cache-Control": "no-store", **headers},
    )
