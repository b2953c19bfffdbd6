"""Documents of datasets: files that are no tables, as they came, each with its receipt."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from exchange.access import table_name
from exchange.deliver import deliver_document, document_facts, estimate
from exchange.delivery import DocumentFacts, DocumentQuestion
from policies.terms import Purpose
from portal.api.v1.query import EstimateBody, estimate_body
from portal.handing_out import COST_HEADER, ask_of, file_answer, hand_out, is_continuation, parts_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets", tags=["data"])

_Distribution = Annotated[
    str | None, Query(description="Slug of the distribution; none means the first document.")
]
_Version = Annotated[
    str | None, Query(description="Number or digest of a version; none means the newest one.")
]
_Purpose = Annotated[Purpose | None, Query(description="None takes the agreement's own.")]


@router.get("/{slug}/document")
def download_document(
    request: Request,
    slug: str,
    *,
    distribution: _Distribution = None,
    version: _Version = None,
    purpose: _Purpose = None,
) -> Response:
    """A document as it came; asking again within a day is free."""
    return hand_out_document(request, table_name(slug, distribution, version), purpose=purpose)


@router.head("/{slug}/document")
def look_at_document(
    request: Request,
    slug: str,
    *,
    distribution: _Distribution = None,
    version: _Version = None,
    purpose: _Purpose = None,
) -> Response:
    """Type, size and digest of a document for whoever may have it; nothing is delivered."""
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor_of(request), purpose)
    return _file(request, document_facts(parts, table_name(slug, distribution, version), ask))


@router.get("/{slug}/document/estimate")
def price_of_document(
    request: Request,
    slug: str,
    *,
    distribution: _Distribution = None,
    version: _Version = None,
    purpose: _Purpose = None,
) -> EstimateBody:
    """What the document costs; nothing is delivered and nothing held."""
    name = table_name(slug, distribution, version)
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor_of(request), purpose)
    return estimate_body(estimate(parts, DocumentQuestion(), (name,), ask))


def hand_out_document(request: Request, name: str, *, purpose: Purpose | None = None) -> Response:
    """Deliver a document by the name of its dataset or distribution.

    Raises: as `deliver_document`.
    """
    actor = actor_of(request)
    parts, ask = parts_of(wiring_of(request)), ask_of(request, actor, purpose)
    facts = document_facts(parts, name, ask)
    if is_continuation(request) and facts.file.is_public:
        return _file(request, facts)
    delivered = deliver_document(parts, name, ask)
    return hand_out(request, actor, delivered, file_name=facts.file_name, purpose=purpose)


def _file(request: Request, facts: DocumentFacts) -> Response:
    return file_answer(
        request,
        facts.file.path,
        media_type=facts.file.media_type,
        sha256=facts.file.sha256,
        file_name=facts.file_name,
        headers={COST_HEADER: "0"},
    )
