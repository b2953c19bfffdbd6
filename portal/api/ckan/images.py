"""Pictures of organisations, groups and people: taken in with a call, handed out to everybody."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import PlainTextResponse

from policies.identity.image import HEAD_BYTES, IMAGE_BYTES_MAX, add_image, image_type
from policies.presentation_errors import NoImage
from policies.terms import Language
from portal.api.ckan.call import Call
from portal.api.ckan.errors import wrong
from portal.handing_out import file_answer
from portal.problems import words_of
from portal.wiring import wiring_of

router = APIRouter(include_in_schema=False)

UPLOAD_FIELD: Final = "image_upload"
CLEAR_FIELD: Final = "clear_upload"
NAME: Final = re.compile(r"([0-9a-f]{64})\.(?:png|jpg|gif|webp)")


@router.get("/uploads/{area}/{name}")
def show_image(request: Request, area: str, name: str) -> Response:
    """Hand a picture out under the name that it was given."""
    wiring = wiring_of(request)
    named = NAME.fullmatch(name)
    media_type = None
    if named is not None and area in ("group", "user"):
        with wiring.pool.connection() as tx:
            media_type = image_type(tx, named.group(1))
    if named is None or media_type is None:
        return PlainTextResponse("Not found", status_code=404)
    sha256 = named.group(1)
    return file_answer(
        request,
        wiring.folders.blob(sha256),
        media_type=media_type,
        sha256=sha256,
        file_name=None,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


def image_of(call: Call, before: str) -> str:
    """The address of a picture after the call: uploaded, named, cleared, or as it was.

    A name of ours is an uploaded picture; everything else is an address elsewhere.

    Raises: ValidationFailed.
    """
    if UPLOAD_FIELD in call.files:
        return _taken_in(call)
    if call.flag(CLEAR_FIELD):
        return ""
    return call.text("image_url") if call.has("image_url") else before


def display_url(site_url: str, image_url: str, area: str) -> str:
    """Where a browser finds the picture."""
    if NAME.fullmatch(image_url):
        return f"{site_url}/uploads/{area}/{image_url}"
    return image_url


def _taken_in(call: Call) -> str:
    file = call.files[UPLOAD_FIELD]
    # A file that is too large begins like no picture.
    head = b""
    if file.blob.size_bytes <= IMAGE_BYTES_MAX:
        with call.wiring.folders.blob(file.blob.sha256).open("rb") as opened:
            head = opened.read(HEAD_BYTES)
    try:
        return add_image(call.tx, file.blob.sha256, head, by=call.actor, at=call.at)
    except NoImage as refusal:
        raise wrong(UPLOAD_FIELD, words_of(refusal, Language.EN)) from refusal
