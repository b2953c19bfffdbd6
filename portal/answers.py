"""Refusals and failures as answers: RFC 9457 problems for programs, a page that says what to do
for people.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import DataError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from exchange.errors import FairUseSpent
from policies.errors import N_, Invalid, NotSignedIn, ProofNonceNeeded, ProofRefused, Refusal
from policies.identity.possession import nonce_at
from policies.terms import Language
from portal.body_bound import BODY_BYTES_MAX, CONTENT_TOO_LARGE
from portal.field_words import field_words
from portal.key_file import nonce_key
from portal.languages import HTML_LANGUAGE, translator
from portal.note_refused import note_refused
from portal.pages.rendering import language_of, render
from portal.problems import STATUS, code_of, status_of, words_of
from portal.rate_limit import rate_limit_headers
from portal.wiring import wiring_of

UNPROCESSABLE: Final = 422
"""A body whose shape does not fit the documented one."""

_TITLES: Final[Mapping[int, str]] = {
    400: N_("This cannot be understood"),
    401: N_("Please sign in"),
    402: N_("Not enough credits"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("This address cannot do that"),
    409: N_("Not possible in this state"),
    413: N_("Too large"),
    422: N_("Some fields are not right"),
    429: N_("Too often"),
    500: N_("Something broke on our side"),
    503: N_("Busy or not ready"),
}
_NOT_FOUND_DETAIL: Final = N_("There is nothing at this address, or nothing that you may see.")
_TOO_LARGE_DETAIL: Final = N_(
    "What is sent here has at most {bytes_max} bytes. Files go where files are uploaded."
)
_HTTP_DETAILS: Final[Mapping[int, str]] = {
    400: N_("The body cannot be read: send it whole, as its Content-Type says, in UTF-8."),
    404: _NOT_FOUND_DETAIL,
    405: N_("This address takes other methods: {allow}."),
    CONTENT_TOO_LARGE: _TOO_LARGE_DETAIL,
}
_BROKEN_DETAIL: Final = N_(
    "It is not your fault and nothing was lost. Try again; if it stays, give the number below "
    "to the operators."
)
METHOD_NOT_ALLOWED: Final = 405
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_HALF_CHARACTER: Final = "surrogates not allowed"
_FIELDS_DETAIL: Final = N_("See `errors`: each names a field and what is wrong with it.")
_PAGE_FIELDS_DETAIL: Final = N_("The address or the form holds something that does not fit.")
_UNWRITABLE_DETAIL: Final = N_(
    "A text that was sent holds a character that cannot be stored, such as NUL. Take it out."
)
_UNWRITABLE: Final = (None, "22021", "22P05")
"""What PostgreSQL or its client says of NUL and of what is no UTF-8. Other data errors are ours.

Source: PostgreSQL, appendix A (character_not_in_repertoire, untranslatable_character).
"""

log = logging.getLogger("weir.problems")


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer that is not the one wanted. Source: RFC 9457 s. 3."""

    status: int
    code: str
    """Stable name of the refusal, for programs; the last part of `type`."""
    title: str
    detail: str
    instance: str
    """The number to quote."""
    facts: Mapping[str, object]


def install(app: FastAPI) -> None:
    """Answer every refusal and every failure of `app` in the caller's language and form."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DataError, _unstorable)
    app.add_exception_handler(UnicodeEncodeError, _unstorable)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    note_refused(request, error)
    language = language_of(request)
    status = status_of(error)
    return _answer(
        request,
        Problem(
            status=status,
            code=code_of(error),
            title=_title(status, language),
            detail=words_of(error, language),
            instance=uuid4().hex[:12],
            facts={name: value for name, value in vars(error).items() if _is_plain(value)},
        ),
        headers=headers_of(request, error, status),
    )


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    language = language_of(request)
    say = translator(language).gettext
    fields = [
        {
            "field": ".".join(str(part) for part in found["loc"][1:]) or str(found["loc"][0]),
            "code": found["type"],
            "detail": field_words(found["type"], found.get("ctx", {}), say),
        }
        for found in error.errors()
    ]
    return _answer(
        request,
        Problem(
            status=UNPROCESSABLE,
            code="malformed-request",
            title=_title(UNPROCESSABLE, language),
            detail=say(_PAGE_FIELDS_DETAIL if wants_page(request) else _FIELDS_DETAIL),
            instance=uuid4().hex[:12],
            facts={"errors": fields},
        ),
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    language = language_of(request)
    say = translator(language).gettext
    headers = dict(error.headers or {})
    if error.status_code == METHOD_NOT_ALLOWED:
        headers["Allow"] = _methods_at(request)
    return _answer(
        request,
        Problem(
            status=error.status_code,
            code=f"http-{error.status_code}",
            title=_title(error.status_code, language),
            # The framework's own text may repeat what was sent; ours never does.
            detail=say(_HTTP_DETAILS[error.status_code]).format(
                bytes_max=BODY_BYTES_MAX, allow=headers.get("Allow", "")
            )
            if error.status_code in _HTTP_DETAILS
            else "",
            instance=uuid4().hex[:12],
            facts={},
        ),
        headers=headers,
    )


def _methods_at(request: Request) -> str:
    """What the address takes; the framework's own list is that of its first route alone."""
    scope, routes = dict(request.scope), request.app.routes
    return ", ".join(
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    )


def _unstorable(request: Request, error: Exception) -> Response:
    """No text of ours holds such a character, so it was sent; nothing of it was kept."""
    if isinstance(error, DataError) and error.sqlstate not in _UNWRITABLE:
        return _broken(request, error)
    if isinstance(error, UnicodeEncodeError) and error.reason != _HALF_CHARACTER:
        return _broken(request, error)
    language = language_of(request)
    return _answer(
        request,
        Problem(
            status=STATUS[Invalid],
            code="text-unwritable",
            title=_title(STATUS[Invalid], language),
            detail=translator(language).gettext(_UNWRITABLE_DETAIL),
            instance=uuid4().hex[:12],
            facts={},
        ),
    )


def _broken(request: Request, error: Exception) -> Response:
    language = language_of(request)
    number = uuid4().hex[:12]
    log.error("failure %s at %s", number, request.url.path, exc_info=error)
    return _answer(
        request,
        Problem(
            status=500,
            code="failure",
            title=_title(500, language),
            detail=translator(language).gettext(_BROKEN_DETAIL),
            instance=number,
            facts={},
        ),
        # The server closes the connection after it: a client that is not told sends on into it.
        {"Connection": "close"},
    )


def _answer(
    request: Request, problem: Problem, headers: Mapping[str, str] | None = None
) -> Response:
    if wants_page(request):
        response: Response = render(request, "error.html", status=problem.status, problem=problem)
    else:
        response = _ProblemResponse(
            {
                "type": f"/help/problems#{problem.code}",
                "title": problem.title,
                "status": problem.status,
                "detail": problem.detail,
                "instance": f"urn:weir:problem:{problem.instance}",
                "code": problem.code,
                **problem.facts,
            },
            status_code=problem.status,
            media_type="application/problem+json",
            headers={"Content-Language": HTML_LANGUAGE[language_of(request)]},
        )
    response.headers.update(headers or {})
    return response


class _ProblemResponse(JSONResponse):
    """A refusal may repeat what was sent, with half characters that cannot be written down."""

    def render(self, content: object) -> bytes:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace")


def wants_page(request: Request) -> bool:
    """Whether a person waits for this answer in a browser."""
    path = request.url.path
    if path.startswith(("/api/", "/log/", "/.well-known/", "/oauth/")) or path == "/openapi.json":
        return False
    return "text/html" in request.headers.get("Accept", "")


def headers_of(request: Request, refusal: Refusal, status: int) -> dict[str, str]:
    """What an answer to a refused request says beside its body."""
    if isinstance(refusal, ProofRefused | ProofNonceNeeded):
        # Source: RFC 9449 s. 7.1, s. 9.
        asks = isinstance(refusal, ProofNonceNeeded)
        error = "use_dpop_nonce" if asks else "invalid_dpop_proof"
        return {
            "WWW-Authenticate": f'DPoP error="{error}", algs="EdDSA ES256 RS256"',
            "DPoP-Nonce": nonce_of(request),
        }
    if status == STATUS[NotSignedIn]:
        return {"WWW-Authenticate": 'Bearer realm="weir"'}
    wait_s = getattr(refusal, "wait_s", None)
    if isinstance(refusal, FairUseSpent):
        spent = rate_limit_headers(refusal.policy, refusal.queries_max, 0, refusal.wait_s)
        return {"Retry-After": str(refusal.wait_s), **spent}
    return {"Retry-After": str(wait_s)} if isinstance(wait_s, int) else {}


def nonce_of(request: Request) -> str:
    """The nonce for the caller's next proof."""
    wiring = wiring_of(request)
    return nonce_at(nonce_key(wiring), wiring.now())


def _title(status: int, language: Language) -> str:
    return str(
        translator(language).gettext(_TITLES.get(status, _TITLES[500 if status >= 500 else 400]))
    )


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | bool | list | tuple) or value is None
