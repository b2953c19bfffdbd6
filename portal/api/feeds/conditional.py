"""Answers that are not sent again to whoever has them.

Source: RFC 9110 s. 8.8.3 (ETag), s. 13.1.2 (If-None-Match, compared weakly).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fastapi import Request, Response


def tag_of(*parts: object, is_weak: bool = False) -> str:
    """A validator for what is made of these parts; a weak one where bytes may differ."""
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    return f'W/"{digest}"' if is_weak else f'"{digest}"'


def known(request: Request, headers: Mapping[str, str]) -> Response | None:
    """The short answer to a client that has what `headers` tag; None where it is to be sent."""
    tag = headers["ETag"].removeprefix("W/")
    given = request.headers.get("If-None-Match", "")
    held = [one.strip().removeprefix("W/") for one in given.split(",")]
    if tag in held or "*" in held:
        return Response(status_code=304, headers=dict(headers))
    return None


def whole(
    request: Request, content: bytes, *, media_type: str, headers: Mapping[str, str]
) -> Response:
    """A body with its digest as validator, unless the client has it."""
    tagged = {**headers, "ETag": tag_of(content)}
    return known(request, tagged) or Response(content, media_type=media_type, headers=tagged)
