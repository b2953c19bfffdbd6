"""Style sheets, scripts and pictures, served from addresses that change when their content does.

One digest over the whole folder stands in the address (`/static/3f2a…/css/base.css`), so that a
module or a style sheet can name its neighbour by a relative path. An address with the present
digest may be kept for a year; any other is checked again each time.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette import staticfiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

STATIC_FOLDER: Final = Path(__file__).parent.parent / "static"
STATIC_PATH: Final = "/static"
KEPT_S: Final = 365 * 24 * 3600
_DIGEST_CHARACTERS: Final = 16
_COMPRESS_FROM_BYTES: Final = 600


def asset_url(name: str) -> str:
    """The address of a file below `portal/static`."""
    return f"{STATIC_PATH}/{digest()}/{name}"


def is_present(name: str) -> bool:
    """Whether the file is there: scripts of others are missing until set-up brought them in."""
    return (STATIC_FOLDER / name).is_file()


@cache
def digest() -> str:
    """One digest over names and contents of all files below `portal/static`."""
    total = hashlib.sha256()
    for file in sorted(path for path in STATIC_FOLDER.rglob("*") if path.is_file()):
        total.update(file.relative_to(STATIC_FOLDER).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:_DIGEST_CHARACTERS]


class StaticFiles(staticfiles.StaticFiles):
    """Files of a folder, compressed; the first step of their path is the digest, not a folder."""

    def get_path(self, scope: Scope) -> str:
        """The path below the folder, without the digest."""
        path = super().get_path(scope)
        return path.partition("/")[2] or path

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long it may be kept."""
        response = await super().get_response(path, scope)
        is_current = f"/{digest()}/" in scope["path"]
        response.headers["Cache-Control"] = (
            f"public, max-age={KEPT_S}, immutable" if is_current else "no-cache"
        )
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        compressed = GZipMiddleware(super().__call__, minimum_size=_COMPRESS_FROM_BYTES)
        await compressed(scope, receive, send)
