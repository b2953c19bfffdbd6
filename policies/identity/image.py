"""Pictures by which organisations, themes and people are known.

A picture is told by its first bytes, never by its name: what a browser would run, such as SVG, is
none. Whoever may hand a picture in may have it shown to everybody.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from policies.database import Tx
from policies.identity.authenticate import check_signed_in
from policies.party import Actor
from policies.presentation_errors import NoImage
from policies.roles import check_person
from policies.store import images as store

IMAGE_BYTES_MAX: Final = 2 << 20
HEAD_BYTES: Final = 16
"""How many bytes tell what a picture is."""

SUFFIXES: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
}


def add_image(tx: Tx, sha256: str, head: bytes, *, by: Actor, at: datetime) -> str:
    """Keep a stored blob as a picture, and return the name it is handed out under.

    Raises: SignInNeeded, PersonNeeded, NoImage.
    """
    user_id = check_signed_in(by)
    check_person(by)
    media_type = media_type_of_bytes(head)
    if media_type is None:
        raise NoImage(IMAGE_BYTES_MAX)
    store.insert_image(tx, sha256, media_type=media_type, added_by=user_id, at=at)
    return f"{sha256}.{SUFFIXES[media_type]}"


def image_type(tx: Tx, sha256: str) -> str | None:
    """The media type of a picture; None where there is none of that digest."""
    return store.media_type_of(tx, sha256)


def media_type_of_bytes(head: bytes) -> str | None:
    """What kind of picture begins like that; None where none does."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None
