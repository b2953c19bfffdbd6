"""Which form of a thing a client wants: by its Accept header, never by what it is.

Source: RFC 9110 s. 12.5.1.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match

from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm

_PAGE_TYPES: Final = ("text/html", "application/xhtml+xml")
_RANGES_MAX: Final = 50


def wanted_form(accept: str) -> RdfForm | None:
    """The RDF form that is wanted more than a page; None where a page will do."""
    weights: dict[str, float] = {}
    for item in accept.split(",")[:_RANGES_MAX]:
        name, *parameters = (word.strip().lower() for word in item.split(";"))
        weights[name] = _weight(parameters)
    page = max((weights.get(name, 0.0) for name in _PAGE_TYPES), default=0.0)
    best: RdfForm | None = None
    for form in RdfForm:
        weight = weights.get(MEDIA_TYPES[form], 0.0)
        if weight > page:
            best, page = form, weight
    return best


class WhereRdfIsWanted(APIRoute):
    """A route that is not there for who wants a page, so that the page's own route answers."""

    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        """Match only with an Accept header that prefers RDF."""
        match, child = super().matches(scope)
        if match is Match.FULL and wanted_form(Headers(scope=scope).get("accept", "")) is None:
            return Match.NONE, {}
        return match, child


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
