"""Check foreign graphs as one's own are checked.

Source: W3C SHACL; DCAT-AP 3.0.1.
"""

from __future__ import annotations

import threading
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from catalog.formats.oxigraph import MEDIA_TYPES, triples_of
from catalog.formats.shape_finding import Severity, ShapeFinding
from catalog.interchange_errors import CheckerBusy, GraphTooLarge, UnknownRdfForm, UnreadableGraph

router = APIRouter(prefix="/api/validate", tags=["feeds"])

BODY_BYTES_MAX: Final = 500_000
WAIT_S: Final = 20.0
# The checker keeps a processor to itself for seconds; more at once would starve everybody else.
_AT_ONCE: Final = threading.Semaphore(1)


class FindingBody(BaseModel):
    """One thing that a shape finds wrong."""

    severity: Severity
    node: str
    path: str
    value: str
    words: dict[str, str]


class ReportBody(BaseModel):
    """What was found; `conforms` where there is no violation, whatever the advice."""

    conforms: bool
    violations: int
    findings: list[FindingBody]


@router.post("/dcat-ap")
async def validate_dcat_ap(request: Request) -> ReportBody:
    """Check a graph that is sent as the body against DCAT-AP 3.0.1.

    The body's media type says its form: Turtle, RDF/XML, JSON-LD or N-Triples.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    forms = {media: form for form, media in MEDIA_TYPES.items()}
    if media_type not in forms:
        raise UnknownRdfForm(media_type[:100], ", ".join(forms))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise GraphTooLarge(BODY_BYTES_MAX)
    try:
        triples = triples_of(bytes(body), forms[media_type])
    except ValueError as fault:
        raise UnreadableGraph(media_type, str(fault)[:300]) from None
    found = await run_in_threadpool(_checked, triples)
    violations = sum(one.severity is Severity.VIOLATION for one in found)
    return ReportBody(
        conforms=violations == 0,
        violations=violations,
        findings=[
            FindingBody(
                severity=one.severity,
                node=one.node,
                path=one.path,
                value=one.value[:500],
                words=one.words.as_map(),
            )
            for one in found
        ],
    )


def _checked(triples: bytes) -> list[ShapeFinding]:
    # Takes long to load, and is asked for rarely.
    from catalog.formats.shacl import check

    if not _AT_ONCE.acquire(timeout=WAIT_S):
        raise CheckerBusy
    try:
        return check(triples)
    finally:
        _AT_ONCE.release()
