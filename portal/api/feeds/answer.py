"""Hand out a graph in one of the forms of RDF."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request, Response

from catalog.formats.graph import Triple
from catalog.formats.oxigraph import MEDIA_TYPES, RdfForm, write
from portal.api.feeds.conditional import known, tag_of
from portal.sign_in import actor_of


def rdf_answer(request: Request, triples: Sequence[Triple], form: RdfForm) -> Response:
    """The graph in a form; unchanged where the client has it already."""
    headers = {
        "ETag": tag_of(form, triples),
        "Vary": "Accept, Authorization, Cookie",
        "Cache-Control": "no-cache" if actor_of(request).is_anonymous else "private, no-store",
    }
    if (unchanged := known(request, headers)) is not None:
        return unchanged
    content = write(dict.fromkeys(triples), form)
    return Response(content, media_type=_content_type(form), headers=headers)


def _content_type(form: RdfForm) -> str:
    media_type = MEDIA_TYPES[form]
    return f"{media_type}; charset=utf-8" if form is RdfForm.TURTLE else media_type
