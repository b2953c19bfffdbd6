"""The API's description for programs: what the routes say of themselves, and the problems.

Every operation can end in a problem, and which ones follows from its shape: said here once.

Source: OpenAPI 3.1; RFC 9457 s. 3.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"

OAUTH_TAG: Final = "oauth"

_MEANINGS: Final = {
    400: "Something in the request cannot be understood.",
    401: "Sign in first; a token is missing, expired, revoked or not one of ours.",
    402: "The credits do not cover it; nothing was delivered or charged.",
    403: "Not allowed; `detail` says why and what to do.",
    404: "No such thing, or none that the caller may know of.",
    409: "Not possible in the present state, or an idempotency key was used for something else.",
    413: "Too large: the body, the statement or the result.",
    422: "Fields or parameters do not fit; see `errors`.",
    429: "Too often or too busy; try again after `Retry-After`.",
}
_EVERYWHERE: Final = (400, 401, 403, 404, 429)
_MONEY_TAGS: Final = frozenset({"data", "query"})
_METHODS: Final = frozenset({"get", "head", "post", "put", "patch", "delete"})
_FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
_PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "RFC 9457. A refusal's facts stand beside these members under their own names.",
    "required": ["type", "title", "status", "detail", "instance", "code"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "In the language of `Accept-Language`."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong and what to do about it."},
        "instance": {"type": "string", "format": "uri", "description": "The number to quote."},
        "code": {"type": "string", "description": "Stable name of the problem, for programs."},
        "errors": {
            "type": "array",
            "description": "With 422: each field that does not fit.",
            "items": {
                "type": "object",
                "required": ["field", "code", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "additionalProperties": True,
}

_OAUTH_SCHEMA: Final = {
    "type": "object",
    "description": "RFC 6749 s. 5.2.",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "Stable name of the refusal, for programs."},
        "error_description": {"type": "string", "description": "What is wrong, in words."},
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of `app`, made once."""
    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schemas = told.setdefault("components", {}).setdefault("schemas", {})
        for name in _FRAMEWORK_SCHEMAS:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM_SCHEMA
        schemas["OAuthRefusal"] = _OAUTH_SCHEMA
        for operations in told["paths"].values():
            for method in _METHODS & operations.keys():
                _add_problems(method, operations[method])
        app.openapi_schema = told
    return app.openapi_schema


def _add_problems(method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status in _statuses(method, operation):
        responses[str(status)] = _response(_MEANINGS[status])
    responses["default"] = _response("Something broke on our side, or it is not up.")
    if OAUTH_TAG in operation.get("tags", ()):
        for code in ("400", "401", "429", "default"):
            responses[code]["content"]["application/json"] = {
                "schema": {"$ref": "#/components/schemas/OAuthRefusal"}
            }


def _statuses(method: str, operation: dict[str, Any]) -> list[int]:
    """Which problems an operation can end in, by its shape."""
    costs = not _MONEY_TAGS.isdisjoint(operation.get("tags", ()))
    takes_values = bool(operation.get("parameters")) or "requestBody" in operation
    return sorted(
        {
            *_EVERYWHERE,
            *((402,) if costs else ()),
            *((409,) if costs or method not in ("get", "head") else ()),
            *((413,) if costs or "requestBody" in operation else ()),
            *((422,) if takes_values else ()),
        }
    )


def _response(meaning: str) -> dict[str, Any]:
    return {
        "description": meaning,
        "content": {
            PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
