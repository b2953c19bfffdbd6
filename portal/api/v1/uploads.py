"""Uploads: files for a distribution, and how far the reading of each has come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from catalog import find, ingest
from catalog.version import Upload, UploadId, UploadState
from policies.terms import Language
from portal.accept_upload import accept, place_of
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
    idempotency_key: Annotated[str | None, Header()] = None,
) -> UploadBody:
    """Send a file: as the body, named by `?file_name=`, or as the file of a form.

    It is accepted once this answers; reading it goes on behind.
    """
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    place = await run_in_threadpool(place_of, wiring, actor, slug, distribution)
    incoming = await receive_file(request, wiring.folders.blobs)
    if incoming.fields.keys() - {"csrf_token"}:
        raise MalformedForm
    accepted = await run_in_threadpool(accept, wiring, actor, place, incoming, idempotency_key)
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
) -> UploadBody:
    """Send a file as the body, as `curl --upload-file` does."""
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    place = await run_in_threadpool(place_of, wiring, actor, slug, distribution)
    sent = await receive_file(request, wiring.folders.blobs)
    incoming = IncomingFile(file_name, sent.blob, {})
    accepted = await run_in_threadpool(accept, wiring, actor, place, incoming, idempotency_key)
    return _body(accepted, None, language_of(request))


@router.get("/uploads/{upload_id}")
def show(request: Request, upload_id: UUID) -> UploadBody:
    """How far the reading of a file has come; for the publisher's own people."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
        made = find.version_of_upload(tx, found)
    return _body(found, None if made is None else made.id, language_of(request))


def _body(found: Upload, version_id: UUID | None, language: Language) -> UploadBody:
    failure = None
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
        version_id=version_id,
    )
