"""The routes of the Action API: take a request apart, call the action, wrap its answer.

Nothing here is ever redirected, whatever the address ends with, since clients refuse to follow.
An action that changes something does so only where it was asked for with POST.

Source: CKAN 2.12 API guide, "Making an API request"; ckanapi 4.11, as it was seen to ask.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from catalog.view import Json
from policies.errors import Conflict, Denied, NotFound, NotSignedIn, Refusal, SignInNeeded
from policies.party import Actor
from policies.terms import Language
from portal.api.ckan.action import Action
from portal.api.ckan.actions import ACTIONS
from portal.api.ckan.call import NO_TRANSACTION, Call
from portal.api.ckan.errors import (
    AccessDenied,
    CkanError,
    NoSuchObject,
    ValidationFailed,
    wrong,
)
from portal.api.ckan.written import write
from portal.body_bound import takes_bytes
from portal.gone import while_there
from portal.incoming_file import INCOMING_BYTES_MAX, IncomingFile, receive_form
from portal.problems import words_of
from portal.sign_in import actor_of
from portal.wiring import Wiring, wiring_of

BODY_BYTES_MAX: Final = 64 << 20
"""A JSON body or a form without files."""
STRANGERS_BODY_BYTES_MAX: Final = 1 << 20
JSON_DEPTH_MAX: Final = 60
FORM_FIELDS_MAX: Final = 1000
FIELD_BYTES_MAX: Final = 16 << 20
MEDIA_TYPE: Final = "application/json;charset=utf-8"

router = APIRouter(include_in_schema=False)
log = logging.getLogger("weir.ckan")


class _Undecodable(Exception):
    """A body that is no JSON object and no form."""


@router.api_route("/api/action/{name}", methods=["GET", "POST", "HEAD", "OPTIONS"])
@router.api_route("/api/action/{name}/", methods=["GET", "POST", "HEAD", "OPTIONS"])
@router.api_route("/api/3/action/{name}", methods=["GET", "POST", "HEAD", "OPTIONS"])
@router.api_route("/api/3/action/{name}/", methods=["GET", "POST", "HEAD", "OPTIONS"])
@takes_bytes(INCOMING_BYTES_MAX)
async def act(request: Request, name: str) -> Response:
    """Call an action by its name."""
    if request.method == "OPTIONS":
        return Response(status_code=200, headers={"Allow": "GET, HEAD, POST, OPTIONS"})
    action = ACTIONS.get(name)
    if action is None:
        return _bad_request(f"Action name not known: {name}")
    try:
        parameters, files = await _read(request, action)
    except _Undecodable as error:
        return _bad_request(f"JSON Error: {error}")
    except Refusal as refusal:
        return _failed(request, name, _as_ckan(refusal))
    if action.is_long:
        return await while_there(
            request, lambda gone: _run(request, name, action, parameters, files, gone)
        )
    return await run_in_threadpool(_run, request, name, action, parameters, files)


@router.get("/api/{version}")
@router.get("/api/{version}/")
def version_of(version: str) -> Response:
    """Say which version of the API this is."""
    if version not in ("1", "2", "3"):
        return _json(404, {"success": False, "error": {"__type": "Not Found Error"}})
    return _json(200, {"version": int(version)})


@router.get("/api")
@router.get("/api/")
def newest_version() -> Response:
    """Say which version of the API is the newest."""
    return _json(200, {"version": 3})


@router.get("/api/util/status")
@router.get("/api/{version}/util/status")
def status(request: Request, version: str = "3") -> Response:
    """Say what this installation is, at the older address."""
    del version
    answer = _run(request, "status_show", ACTIONS["status_show"], {}, {})
    return _json(200, json.loads(bytes(answer.body))["result"])


def _run(
    request: Request,
    name: str,
    action: Action,
    parameters: Mapping[str, Json],
    files: Mapping[str, IncomingFile],
    gone: threading.Event | None = None,
) -> Response:
    wiring = wiring_of(request)
    try:
        # A mark of JSONP is not honoured: another site would read what the caller may.
        result = _call(wiring, request, name, action, parameters, files, gone)
    except CkanError as error:
        return _failed(request, name, error)
    except Refusal as refusal:
        return _failed(request, name, _as_ckan(refusal))
    except Exception:
        log.exception("action %s failed", name)
        return _envelope(
            500,
            request,
            name,
            success=False,
            error={"__type": "Internal Server Error", "message": "Internal Server Error"},
        )
    return _envelope(200, request, name, success=True, result=result)


def _call(
    wiring: Wiring,
    request: Request,
    name: str,
    action: Action,
    parameters: Mapping[str, Json],
    files: Mapping[str, IncomingFile],
    gone: threading.Event | None,
) -> Json:
    if not action.is_read and request.method != "POST":
        raise AccessDenied(f"Use POST for {name}: it changes something.")
    actor = caller_of(request)
    if action.is_long:
        return action.run(
            Call(name, NO_TRANSACTION, wiring, actor, wiring.now(), parameters, files, gone)
        )
    with wiring.pool.connection() as tx:
        call = Call(name, tx, wiring, actor, wiring.now(), parameters, files)
        return action.run(call)


def caller_of(request: Request) -> Actor:
    """Who makes the request; whoever shows a token that does not count is nobody."""
    try:
        return actor_of(request)
    except NotSignedIn:
        # A token that does not count is the anonymous visitor, who may read what is public.
        address = request.client.host if request.client else ""
        request.state.actor = Actor(address=address)
        return Actor(address=address)


async def _read(
    request: Request, action: Action
) -> tuple[Mapping[str, Json], Mapping[str, IncomingFile]]:
    """The parameters and files of a request.

    Raises: _Undecodable, and what a form may refuse.
    """
    query = _merged(parse_qsl(request.url.query, keep_blank_values=True))
    if request.method != "POST":
        # The content type of a GET says nothing: clients send one without a body.
        return query, {}
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        await run_in_threadpool(_check_may_send, request)
        form = await receive_form(
            request,
            wiring_of(request).folders.blobs,
            fields_max=FORM_FIELDS_MAX,
            field_bytes_max=FIELD_BYTES_MAX,
        )
        files = {} if form.file is None else {form.file_field: form.file}
        return _form(form.pairs), files
    body = await _body(request, await run_in_threadpool(_body_bytes_max, request))
    if kind == "application/x-www-form-urlencoded":
        try:
            return _form(parse_qsl(body.decode(), keep_blank_values=True)) if body else query, {}
        except UnicodeDecodeError:
            raise _Undecodable("the form is not in UTF-8") from None
    if not body.strip():
        return (query if action.is_read else {}), {}
    return _object(body), {}


def _check_may_send(request: Request) -> None:
    """Refuse a stranger's file before a byte of it is stored.

    Raises: NotSignedIn.
    """
    if (
        actor_of(request).is_anonymous
        and not wiring_of(request).settings.ckan_options.anon_create_dataset
    ):
        raise SignInNeeded


def _body_bytes_max(request: Request) -> int:
    """How long a body may be that is held in memory; a stranger's has no rows to feed."""
    told = request.headers.get("Content-Length", "")
    if told.isdecimal() and int(told) <= STRANGERS_BODY_BYTES_MAX:
        return STRANGERS_BODY_BYTES_MAX
    return STRANGERS_BODY_BYTES_MAX if caller_of(request).is_anonymous else BODY_BYTES_MAX


async def _body(request: Request, bytes_max: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > bytes_max:
                raise _Undecodable(f"the body is longer than {bytes_max} bytes")
    except ClientDisconnect:
        raise _Undecodable("the body broke off") from None
    return bytes(body)


def _form(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Json]:
    pairs = list(pairs)
    if len(pairs) > FORM_FIELDS_MAX:
        raise _Undecodable(f"a form has at most {FORM_FIELDS_MAX} fields")
    if len(pairs) == 1 and pairs[0][1] in ("", "1") and pairs[0][0].lstrip().startswith(("{", "[")):
        # What old clients do: the whole JSON text is the name of the only field.
        return _object(pairs[0][0].encode())
    return _merged(pairs)


def _object(body: bytes) -> Mapping[str, Json]:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Undecodable(f"Error decoding JSON data. Error: {error}") from None
    if not isinstance(found, dict):
        raise _Undecodable("Request data JSON decoded to something else than a dictionary.")
    if _depth(found) > JSON_DEPTH_MAX:
        raise _Undecodable("the data is nested too deeply")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


def _depth(value: object) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(one, dict):
            waiting.extend((item, depth + 1) for item in one.values())
        elif isinstance(one, list):
            waiting.extend((item, depth + 1) for item in one)
    return deepest


def _merged(pairs: Iterable[tuple[str, str]]) -> dict[str, Json]:
    """Names and values; a name that comes again has a list."""
    merged: dict[str, list[str]] = {}
    for name, value in pairs:
        merged.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else list(values) for name, values in merged.items()
    }


def _as_ckan(refusal: Refusal) -> CkanError:
    """A refusal of ours as CKAN's clients know it."""
    words = words_of(refusal, Language.EN)
    if isinstance(refusal, Denied | NotSignedIn):
        return AccessDenied(words)
    if isinstance(refusal, NotFound):
        return NoSuchObject(words)
    field = getattr(refusal, "field", None)
    if isinstance(field, str):
        return wrong(field, words)
    if isinstance(refusal, Conflict):
        return wrong("state", words)
    return ValidationFailed({"message": words})


def _failed(request: Request, name: str, error: CkanError) -> Response:
    return _envelope(
        error.status,
        request,
        name,
        success=False,
        error={"__type": error.kind, **error.body()},
    )


def _envelope(status: int, request: Request, name: str, **rest: Json) -> Response:
    site_url = wiring_of(request).settings.site_url
    help_url = f"{site_url}/api/3/action/help_show?name={quote(name)}"
    return _json(status, {"help": help_url, **rest})


def _bad_request(words: str) -> Response:
    return _json(400, f"Bad request - {words}")


def _json(status: int, content: Json) -> Response:
    return Response(
        write(content),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )
