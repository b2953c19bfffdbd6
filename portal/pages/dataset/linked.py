"""What a dataset's page tells search engines, and where its other forms are."""

from __future__ import annotations

import orjson
from fastapi import Request
from markupsafe import Markup

from catalog.formats.schema_org import dataset_json
from catalog.interchange import projection_named
from policies.party import ANONYMOUS
from portal.open_files import given_of
from portal.pages.rendering import language_of
from portal.wiring import wiring_of


def linked_data_of(request: Request, slug: str) -> Markup | None:
    """The record as schema.org has it, ready for a script element; None where it is not public."""
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        told = projection_named(tx, slug, given_of(wiring), by=ANONYMOUS)
    if told is None:
        return None
    body = dataset_json(told, wiring.settings.site_url, language_of(request))
    text = orjson.dumps(body).decode()
    # Nothing in it may end the element or begin a comment.
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704
