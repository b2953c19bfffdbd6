"""Questions to the public records, in SPARQL; nothing is ever changed.

Source: W3C SPARQL 1.1 Protocol s. 2.1 (query operation).
"""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm, ResultForm
from catalog.graphs import QUERY_LENGTH_CHARACTERS, ask
from catalog.interchange_errors import MalformedSparql
from portal.public_graphs import graphs_of
from portal.sign_in import actor_of
from portal.wiring import wiring_of

router = APIRouter(tags=["feeds"])

BODY_BYTES_MAX: Final = 100_000
_QUERY_TYPE: Final = "application/sparql-query"
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_NAMES: Final = {
    "json": ResultForm.JSON,
    "application/json": ResultForm.JSON,
    "xml": ResultForm.XML,
    "csv": ResultForm.CSV,
    "tsv": ResultForm.TSV,
    **{form.value: form for form in ResultForm},
}


@router.get("/sparql", response_class=Response)
def ask_by_address(
    request: Request,
    query: Annotated[str, Query(max_length=QUERY_LENGTH_CHARACTERS)] = "",
    format: Annotated[str, Query(max_length=100)] = "",  # noqa: A002 - what clients send
) -> Response:
    """Answer a question that stands in the address."""
    return _answer(request, query, format)


@router.post("/sparql", response_class=Response)
async def ask_by_body(request: Request) -> Response:
    """Answer a question that is the body, or the field `query` of a form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise MalformedSparql(f"it has more than {BODY_BYTES_MAX} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise MalformedSparql("it is not UTF-8") from None
    sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = ""
    if sent_as == _FORM_TYPE:
        fields = dict(parse_qsl(text, keep_blank_values=True))
        if "update" in fields:
            raise MalformedSparql("nothing is changed here")
        text, wanted = fields.get("query", ""), fields.get("format", "")
    elif sent_as != _QUERY_TYPE:
        raise MalformedSparql(f"send it as {_QUERY_TYPE} or {_FORM_TYPE}")
    return await run_in_threadpool(_answer, request, text, wanted)


def _answer(request: Request, query: str, wanted: str) -> Response:
    if not query.strip():
        raise MalformedSparql("there is no query")
    wiring, actor = wiring_of(request), actor_of(request)
    accept = wanted or request.headers.get("accept", "")
    address = request.client.host if request.client else ""
    found = ask(
        graphs_of(wiring),
        wiring.confinement,
        query,
        result_form=_result_form(accept),
        graph_form=_graph_form(accept),
        caller=str(actor.user_id or address),
    )
    return Response(
        found.text,
        media_type=found.media_type,
        headers={"Vary": "Accept", "Cache-Control": "no-cache"},
    )


def _result_form(accept: str) -> ResultForm:
    return next((_NAMES[one] for one in _types(accept) if one in _NAMES), ResultForm.JSON)


def _graph_form(accept: str) -> RdfForm:
    forms = {media_type: form for form, media_type in MEDIA_TYPES.items()}
    return next((forms[one] for one in _types(accept) if one in forms), RdfForm.TURTLE)


def _types(accept: str) -> list[str]:
    return [one.partition(";")[0].strip().lower() for one in accept.split(",")]
