"""A bare file server to compare with: plain ASGI, one file, in pieces of 1 MiB.

WEIR_BENCH_FILE=... uvicorn bench.bare_files:app
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

PIECE_BYTES = 1 << 20

Message = MutableMapping[str, Any]


async def app(
    scope: Message,
    _receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer everything with the file."""
    if scope["type"] != "http":
        return
    path = Path(os.environ["WEIR_BENCH_FILE"])
    length = str(path.stat().st_size).encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]}
    )
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
