"""Files of resources at the addresses that CKAN's clients know, byte for byte as they came.

Source: CKAN 2.12, `/dataset/ID/resource/ID/download/NAME`; RFC 9110 s. 14 (ranges).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response

from catalog.curation.deposit_errors import FileNotOpen
from catalog.dataset import DistributionId
from catalog.errors import DistributionNotFound
from catalog.raw_file import is_document_for, raw_file
from portal.api.ckan.call import uuid_of
from portal.api.ckan.envelope import caller_of
from portal.api.ckan.resource_reading import media_type_of
from portal.api.v1.documents import hand_out_document
from portal.handing_out import file_answer
from portal.settings import Publication
from portal.wiring import wiring_of

OTHERWISE: Final = "application/octet-stream"

router = APIRouter(include_in_schema=False)


@router.api_route("/dataset/{dataset}/resource/{resource}/download", methods=["GET", "HEAD"])
@router.api_route(
    "/dataset/{dataset}/resource/{resource}/download/{file_name}", methods=["GET", "HEAD"]
)
def download(request: Request, dataset: str, resource: str, file_name: str = "") -> Response:
    """Hand a resource's file out."""
    del dataset, file_name
    wiring = wiring_of(request)
    found = uuid_of(resource)
    if found is None:
        raise DistributionNotFound(resource)
    actor = caller_of(request)
    try:
        with wiring.pool.connection() as tx:
            file = raw_file(
                tx,
                DistributionId(found),
                by=actor,
                is_direct=wiring.settings.publication is Publication.DIRECT,
                at=wiring.now(),
            )
    except FileNotOpen:
        with wiring.pool.connection() as tx:
            is_kept = is_document_for(tx, DistributionId(found), by=actor)
        if not is_kept or actor.is_anonymous:
            raise
        # Shared or bought like a table, and handed out with its receipt.
        return hand_out_document(request, str(found))
    # A file of a publisher never opens as a page of ours.
    return file_answer(
        request,
        wiring.folders.blob(file.sha256),
        media_type=file.distribution.media_type or media_type_of(file.file_name) or OTHERWISE,
        sha256=file.sha256,
        file_name=file.file_name,
        headers={
            "Cache-Control": "public, max-age=60" if file.is_open else "private, no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
