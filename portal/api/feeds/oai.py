"""OAI-PMH: the public catalogue for libraries and research bodies, with what went.

Source: Open Archives Initiative Protocol for Metadata Harvesting 2.0.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from catalog.formats import oai_pmh
from catalog.formats.dcat import SITE_TITLE
from catalog.formats.oai_pmh import Asked, Fault, Told, Verb
from catalog.interchange import (
    first_told,
    projections_of,
    public_publishers,
    told_between,
    told_of,
)
from policies.database import Tx
from policies.party import ANONYMOUS
from policies.terms import DatasetId
from portal.open_files import given_of
from portal.wiring import Wiring, wiring_of

router = APIRouter(tags=["feeds"])

PAGE_RECORDS: Final = 100
PAGE_IDENTIFIERS: Final = 500
ARGUMENTS_MAX: Final = 20
BODY_BYTES_MAX: Final = 20_000


@router.get("/oai", response_class=Response)
def ask_by_address(request: Request) -> Response:
    """One of the six requests, its arguments in the address."""
    return _answer(wiring_of(request), request.url.query)


@router.post("/oai", response_class=Response)
async def ask_by_form(request: Request) -> Response:
    """The same, its arguments in a form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            break
    text = bytes(body[:BODY_BYTES_MAX]).decode("utf-8", "replace")
    return await run_in_threadpool(_answer, wiring_of(request), text)


def _answer(wiring: Wiring, query: str) -> Response:
    site, at = wiring.settings.site_url, wiring.now()
    asked: Asked | None = None
    try:
        asked = oai_pmh.read_request(_arguments(query))
        with wiring.pool.connection() as tx:
            content = _told(tx, wiring, asked)
    except Fault as fault:
        content = oai_pmh.write_fault(site, at, asked, fault)
    return Response(
        content, media_type="text/xml; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


def _arguments(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=ARGUMENTS_MAX)
    except ValueError:
        raise Fault("badArgument", "there are too many arguments") from None


def _told(tx: Tx, wiring: Wiring, asked: Asked) -> bytes:
    site, at = wiring.settings.site_url, wiring.now()
    match asked.verb:
        case Verb.IDENTIFY:
            host = urlsplit(site).hostname or "localhost"
            return oai_pmh.write_identify(
                site,
                at,
                asked,
                earliest=first_told(tx) or at,
                name=SITE_TITLE,
                mail=f"postmaster@{host}",
            )
        case Verb.LIST_METADATA_FORMATS:
            if asked.identifier:
                _one(tx, wiring, asked)
            return oai_pmh.write_formats(site, at, asked)
        case Verb.LIST_SETS:
            return oai_pmh.write_sets(site, at, asked, public_publishers(tx))
        case Verb.GET_RECORD:
            return oai_pmh.write_records(site, at, asked, [_one(tx, wiring, asked)], None)
        case Verb.LIST_IDENTIFIERS:
            return _list(tx, wiring, asked, PAGE_IDENTIFIERS)
        case Verb.LIST_RECORDS:
            return _list(tx, wiring, asked, PAGE_RECORDS)


def _one(tx: Tx, wiring: Wiring, asked: Asked) -> Told:
    dataset_id = oai_pmh.dataset_id_of(wiring.settings.site_url, asked.identifier)
    told = told_of(tx, dataset_id)
    if told is None:
        raise Fault("idDoesNotExist", "there is no such record")
    held = projections_of(tx, [dataset_id], given_of(wiring), by=ANONYMOUS)
    return Told(DatasetId(told.dataset_id), told.changed_at, held[0] if held else None)


def _list(tx: Tx, wiring: Wiring, asked: Asked, size: int) -> bytes:
    site = wiring.settings.site_url
    found = told_between(
        tx,
        since=asked.since,
        until=asked.until,
        publisher_slug=asked.publisher_slug,
        after=asked.after,
        limit=size + 1,
    )
    if not found and asked.after is None:
        raise Fault("noRecordsMatch", "there is no such record")
    page = found[:size]
    held = {
        one.id: one
        for one in projections_of(
            tx, [one.dataset_id for one in page], given_of(wiring), by=ANONYMOUS
        )
    }
    told = [Told(one.dataset_id, one.changed_at, held.get(one.dataset_id)) for one in page]
    token = oai_pmh.next_token(asked, told[-1], len(told)) if len(found) > size else None
    return oai_pmh.write_records(site, wiring.now(), asked, told, token)
