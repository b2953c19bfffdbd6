"""A parameter of an address that its route does not know is refused, as a field of a body is.

Otherwise `?limt=5` would quietly be answered as if nothing had been asked.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

LANGUAGE: Final = "lang"
"""Known everywhere: the language of the answer."""


def refuse_unknown_parameters(request: Request) -> None:
    """Refuse as an unknown field is refused.

    Raises: RequestValidationError.
    """
    names = set(request.query_params) - {LANGUAGE}
    if not names:
        return
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    unknown = sorted(names - {field.alias for field in get_flat_params(route.dependant)})
    if unknown:
        raise RequestValidationError(
            [{"loc": ("query", name), "type": "extra_forbidden", "msg": ""} for name in unknown]
        )
