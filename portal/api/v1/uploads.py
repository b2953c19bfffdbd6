"""Uploads: files for a distribution, and how far the reading of each has come."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from catalog import find, ingest, upload
from catalog.dataset import Distribution
from catalog.version import Upload, UploadId, UploadState
from policies import once
from policies.party import Actor
from policies.terms import Language
from portal.errors import MalformedForm
from portal.incoming_file import IncomingFile, receive_file
from portal.jobs import Queue, enqueue
from portal.pages.rendering import language_of
from portal.problems import code_of, words_of
from portal.sign_in import signed_in
from portal.wiring import Wiring, wiring_of

router = APIRouter(prefix="/api/v1", tags=["uploads"])

FILE_NAME_OTHERWISE = "upload.csv"
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
    place = await run_in_threadpool(_place, wiring, actor, slug, distribution)
    incoming = await receive_file(request, wiring.folders.blobs)
    if incoming.fields.keys() - {"csrf_token"}:
        raise MalformedForm
    accepted = await run_in_threadpool(_accept, wiring, actor, place, incoming, idempotency_key)
    return _body(accepted, None, language_of(request))


@router.put(
    "/datasets/{slug}/distributions/{distribution}/uploads/{file_name}",
    status_code=202,
    openapi_extra=_BODY,
)
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
    place = await run_in_threadpool(_place, wiring, actor, slug, distribution)
    sent = await receive_file(request, wiring.folders.blobs)
    incoming = IncomingFile(file_name, sent.blob, {})
    accepted = await run_in_threadpool(_accept, wiring, actor, place, incoming, idempotency_key)
    return _body(accepted, None, language_of(request))


@router.get("/uploads/{upload_id}")
def show(request: Request, upload_id: UUID) -> UploadBody:
    """How far the reading of a file has come; for the publisher's own people."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        found = find.upload_with_id(tx, UploadId(upload_id), by=actor)
        made = find.version_of_upload(tx, found)
    return _body(found, None if made is None else made.id, language_of(request))


def _place(wiring: Wiring, actor: Actor, slug: str, distribution: str) -> Distribution:
    """The distribution, if the caller may send a file for it."""
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        found = find.distribution_named(tx, dataset, distribution)
        upload.check_may_receive(tx, found, by=actor)
        return found


def _accept(
    wiring: Wiring,
    actor: Actor,
    distribution: Distribution,
    incoming: IncomingFile,
    key: str | None,
) -> Upload:
    """Add the upload and ask for its reading, once per key."""
    file_name = incoming.file_name or FILE_NAME_OTHERWISE
    at = wiring.now()
    owner = str(actor.user_id)
    with wiring.pool.connection() as tx:
        if key is not None:
            content = f"upload\n{distribution.id}\n{file_name}\n{incoming.blob.sha256}"
            known = once.begin(tx, owner, key, hashlib.sha256(content.encode()).hexdigest(), at)
            if known is not None:
                return find.upload_with_id(tx, UploadId(UUID(str(known))), by=actor)
        accepted = upload.receive(
            tx, distribution, incoming.blob, file_name=file_name, by=actor, at=at
        )
        enqueue(
            tx,
            "ingest",
            queue=Queue.WORK,
            lock=f"distribution:{distribution.id}",
            upload_id=str(accepted.id),
        )
        if key is not None:
            once.remember(tx, owner, key, str(accepted.id))
    return accepted


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
