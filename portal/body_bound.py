"""A bound on what a request's body may hold, before anything of it is kept.

What takes files has a bound of its own, which its route names with `takes_bytes`; every other body,
JSON or form, has one bound, so that no route can forget it.

Source: RFC 9110 s. 15.5.14 (413 Content Too Large).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX: Final = 1 << 20
CONTENT_TOO_LARGE: Final = 413
_MARK: Final = "body_bytes_max"

_Route = TypeVar("_Route", bound=Callable[..., object])


def takes_bytes(count_max: int) -> Callable[[_Route], _Route]:
    """Let a route's body hold up to `count_max` bytes; the route streams it."""

    def marked(route: _Route) -> _Route:
        setattr(route, _MARK, count_max)
        return route

    return marked


class BodyBound:
    """ASGI middleware that breaks off bodies which are too large, whatever length they tell."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the body counted as it is read."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = dict(scope["headers"]).get(b"content-length", b"")
        told_bytes = int(told) if told.isdigit() else 0
        read_bytes = 0

        async def receive_bounded() -> Message:
            nonlocal read_bytes
            # Known only now: routing comes after this layer and before the body is read.
            bytes_max = getattr(scope.get("endpoint"), _MARK, BODY_BYTES_MAX)
            if told_bytes > bytes_max:
                raise HTTPException(CONTENT_TOO_LARGE)
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > bytes_max:
                raise HTTPException(CONTENT_TOO_LARGE)
            return message

        await self.app(scope, receive_bounded, send)
