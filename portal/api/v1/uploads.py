"""Uploads: files for a distribution, and how far the reading of each has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from catalog import find, ingest, upload
from catalog.files.wish import Wish
from catalog.version import ColumnType, Upload, UploadId, UploadState, Version
from catalog.view import COLUMNS_MAX
from catalog.way_in import Way
from policies.terms import Language
from portal.accept_upload import accept, load, place_of, read_again
from portal.body_bound import takes_bytes
from portal.errors import MalformedForm
from portal.incoming_file import INCOMING_BYTES_MAX, IncomingFile, receive_file
from portal.pages.rendering import language_of
from portal.problems import code_of, words_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["uploads"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


class FailureBody(BaseModel):
    """Why a file was not read."""

    code: str
    detail: str
    """What is wrong and what to do, in the caller's language."""
    facts: dict[str, object]


class WishBody(BaseModel, extra="forbid"):
    """How a file is to be read; what is left out is decided from the file."""

    encoding: str | None = None
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1)] = None
    has_header: bool | None = None
    header_row: Annotated[int | None, Field(ge=1, le=1000)] = None
    part: Annotated[str | None, Field(max_length=1000)] = None
    """The sheet, member, list or layer of a file with several."""
    types: Annotated[dict[str, ColumnType], Field(max_length=COLUMNS_MAX)] = {}
    """Column → its type; values that do not fit are set aside."""

    def as_wish(self) -> Wish:
        """The choices as the readers know them."""
        return Wish(**self.model_dump())


class LookBody(BaseModel):
    """How a file would be read."""

    reading: dict[str, object]
    columns: list[str]
    rows: list[list[str | None]]
    """The first rows as text, long cells cut."""


class ChangeBody(BaseModel):
    """How the version of a file differs from the one before, in rows."""

    base_number: int
    added: int
    changed: int
    """Of rows that are known by the key; without one a changed row is one gone and one added."""
    unchanged: int
    removed: int
    key: list[str]
    columns_added: list[str]
    columns_removed: list[str]


class UploadBody(BaseModel):
    """An upload and how far it has come."""

    id: UUID
    file_name: str
    sha256: str
    size_bytes: int
    uploaded_at: datetime
    state: UploadState
    stage: str
    done_permille: int
    failure: FailureBody | None
    version_id: UUID | None
    """Set once the file has been read."""
    way: Way
    change: ChangeBody | None
    """What the file changed of the table; null before it is read, and where nothing was there."""


@router.post(
    "/datasets/{slug}/distributions/{distribution}/uploads",
    status_code=202,
    openapi_extra=_BODY,
)
@takes_bytes(INCOMING_BYTES_MAX)
async def send(
    request: Request,
    slug: str,
    distribution: str,
    file_name: Annotated[str, Query(description="Of a file that is sent as the body.")] = "",
    idempotency_key: Annotated[str | None, Header()] = None,
    hold: Annotated[bool, Query()] = False,  # noqa: FBT002  a query parameter
    way: Annotated[Way, Query()] = Way.REPLACE,
) -> UploadBody:
    """Send a file: as the body, named by `?file_name=`, or as the file of a form.

    It is accepted once this answers; reading it goes on behind. With `hold` it waits until
    `/load` says how, after `/look` has shown what that gives. Its rows replace those that are
    there, are appended to them, or upsert them by the declared key: `?way=`, or the field `way`.
    """
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    place = await run_in_threadpool(place_of, wiring, actor, slug, distribution)
    sent = await receive_file(request, wiring.folders.blobs)
    incoming = sent if sent.file_name else replace(sent, file_name=file_name)
    if incoming.fields.keys() - {"csrf_token", "way"}:
        raise MalformedForm
    wished = incoming.fields.get("way", way.value)
    if wished not in set(Way):
        raise MalformedForm
    accepted = await run_in_threadpool(
        lambda: accept(
            wiring, actor, place, incoming, idempotency_key, is_held=hold, way=Way(wished)
        )
    )
    return _body(accepted, None, language_of(request))


@router.put(
    "/datasets/{slug}/distributions/{distribution}/uploads/{file_name}",
    status_code=202,
    openapi_extra=_BODY,
)
@takes_bytes(INCOMING_BYTES_MAX)
async def put(
    request: Request,
    slug: str,
    distribution: str,
    file_name: str,
    idempotency_key: Annotated[str | None, Header()] = None,
    way: Annotated[Way, Query()] = Way.REPLACE,
) -> UploadBody:
    """Send a file as the body, as `curl --upload-file` does."""
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    place = await run_in_threadpool(place_of, wiring, actor, slug, distribution)
    sent = await receive_file(request, wiring.folders.blobs)
    incoming = IncomingFile(file_name, sent.blob, {})
    accepted = await run_in_threadpool(
        lambda: accept(wiring, actor, place, incoming, idempotency_key, way=way)
    )
    return _body(accepted, None, language_of(request))


@router.get("/uploads/{upload_id}")
def show(request: Request, upload_id: UUID) -> UploadBody:
    """How far the reading of a file has come; for the publisher's own people."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
        made = find.version_of_upload(tx, found)
    return _body(found, made, language_of(request))


@router.post("/uploads/{upload_id}/look")
def look(request: Request, upload_id: UUID, wish: WishBody) -> LookBody:
    """How a file would be read under these choices; nothing is loaded."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
    with TemporaryDirectory(dir=wiring.settings.results_folder) as work:
        seen = upload.look(
            wiring.confinement, wiring.folders, found, wish.as_wish(), work=Path(work)
        )
    return LookBody(
        reading=dict(seen.reading.as_json()),
        columns=list(seen.names),
        rows=[list(row) for row in seen.rows],
    )


@router.post("/uploads/{upload_id}/load", status_code=202)
def load_held(request: Request, upload_id: UUID, wish: WishBody) -> UploadBody:
    """Let a held file be read as chosen."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
    return _body(load(wiring, actor, found, wish.as_wish()), None, language_of(request))


@router.post("/uploads/{upload_id}/read-again", status_code=202)
def read_once_more(request: Request, upload_id: UUID, wish: WishBody) -> UploadBody:
    """Read the same bytes in another way, as a new upload."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
    return _body(read_again(wiring, actor, found, wish.as_wish()), None, language_of(request))


def _body(found: Upload, made: Version | None, language: Language) -> UploadBody:
    failure, change = None, None
    if made is not None and made.change is not None:
        counted = made.change.as_json()
        change = ChangeBody.model_validate({k: v for k, v in counted.items() if k != "way"})
    if found.failure is not None:
        refusal = ingest.refusal_of(found.failure)
        failure = FailureBody(
            code=code_of(refusal),
            detail=words_of(refusal, language),
            facts=dict(found.failure.facts),
        )
    return UploadBody(
        id=found.id,
        file_name=found.file_name,
        sha256=found.blob_sha256,
        size_bytes=found.size_bytes,
        uploaded_at=found.uploaded_at,
        state=found.state,
        stage=found.stage,
        done_permille=found.done_permille,
        failure=failure,
        version_id=None if made is None else made.id,
        way=found.way,
        change=change,
    )
