"""Templates to responses: the one place that knows the template engine.

A route calls `render(request, "home.html", numbers=numbers)`. It reads from `request.state`, where
set: `actor` (policies.party.Actor), `csrf_token`, `waiting` (decisions in the reader's inbox) and
`log_head` (frame.LogHead). What a template wants besides is written at its top.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from policies.party import ANONYMOUS
from policies.terms import Language
from portal import party_words
from portal.languages import (
    LANGUAGE_COOKIE,
    LANGUAGE_PARAMETER,
    choose_language,
    formats,
    translator,
)
from portal.pages.assets import asset_url, is_present
from portal.pages.frame import THEME_COOKIE, THEME_PARAMETER, Frame, Theme

TEMPLATES: Final = Path(__file__).parent.parent / "templates"
REMEMBERED_S: Final = 365 * 24 * 3600


def render(
    request: Request, template: str, /, *, status: int = 200, **context: object
) -> HTMLResponse:
    """A page in the reader's language, or the part of one that has a template of its own."""
    frame = frame_of(request)
    page = environment(frame.language).get_template(template)
    return _respond(request, frame, page.render(frame=frame, **context), status)


def wants_part(request: Request) -> bool:
    """Whether htmx asks for a piece of the page that is already on the screen."""
    return request.headers.get("HX-Request-Type") == "partial"


def language_of(request: Request) -> Language:
    """The language to answer this request in."""
    return choose_language(
        request.query_params.get(LANGUAGE_PARAMETER),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("Accept-Language"),
    )


def frame_of(request: Request) -> Frame:
    """What surrounds the page that answers this request."""
    state = request.state
    return Frame(
        path=request.url.path,
        query=request.url.query,
        language=language_of(request),
        theme=_theme_of(request),
        actor=getattr(state, "actor", ANONYMOUS),
        csrf_token=getattr(state, "csrf_token", ""),
        waiting=getattr(state, "waiting", 0),
        unread=getattr(state, "unread", 0),
        log_head=getattr(state, "log_head", None),
    )


def _theme_of(request: Request) -> Theme:
    for choice in (request.query_params.get(THEME_PARAMETER), request.cookies.get(THEME_COOKIE)):
        if choice in set(Theme):
            return Theme(str(choice))
    return Theme.SYSTEM


def _respond(request: Request, frame: Frame, body: str, status: int) -> HTMLResponse:
    response = HTMLResponse(body, status_code=status)
    response.headers["Content-Language"] = frame.html_language
    response.headers["Vary"] = "Cookie, Accept-Language, HX-Request-Type"
    # What a signed-in reader sees stays in no cache, not even after the back button.
    response.headers["Cache-Control"] = (
        "private, no-cache" if frame.actor.is_anonymous else "private, no-store"
    )
    for parameter, cookie, value in (
        (LANGUAGE_PARAMETER, LANGUAGE_COOKIE, frame.language.value),
        (THEME_PARAMETER, THEME_COOKIE, frame.theme.value),
    ):
        if request.query_params.get(parameter) == value:
            response.set_cookie(
                cookie,
                value,
                max_age=REMEMBERED_S,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
    return response


@cache
def environment(language: Language) -> Environment:
    """The template engine with the words and number formats of one language."""
    engine = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    messages = translator(language)
    engine.install_gettext_callables(  # type: ignore[attr-defined]
        messages.gettext, messages.ngettext, newstyle=True
    )
    engine.filters.update(formats(language))
    engine.globals.update(asset_url=asset_url, is_present=is_present, party_words=party_words)
    return engine
