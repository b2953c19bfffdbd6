"""Graphs to text and back, through pyoxigraph.

Source: W3C RDF 1.1 Turtle, RDF/XML, JSON-LD 1.1, N-Triples.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import pyoxigraph as ox

from catalog.formats.graph import PREFIXES, Literal, Triple


class RdfForm(StrEnum):
    """The forms in which a graph is handed out, named by their usual file name endings."""

    TURTLE = "ttl"
    RDF_XML = "rdf"
    JSON_LD = "jsonld"
    N_TRIPLES = "nt"


MEDIA_TYPES: Final = {
    RdfForm.TURTLE: "text/turtle",
    RdfForm.RDF_XML: "application/rdf+xml",
    RdfForm.JSON_LD: "application/ld+json",
    RdfForm.N_TRIPLES: "application/n-triples",
}
_FORMATS: Final = {
    RdfForm.TURTLE: ox.RdfFormat.TURTLE,
    RdfForm.RDF_XML: ox.RdfFormat.RDF_XML,
    RdfForm.JSON_LD: ox.RdfFormat.JSON_LD,
    RdfForm.N_TRIPLES: ox.RdfFormat.N_TRIPLES,
}


def write(triples: Iterable[Triple], form: RdfForm) -> bytes:
    """The graph as text; subjects that stand together are written together."""
    out = io.BytesIO()
    ox.serialize(
        (_triple(one) for one in triples), out, format=_FORMATS[form], prefixes=dict(PREFIXES)
    )
    return out.getvalue()


def _triple(one: Triple) -> ox.Triple:
    subject, predicate, value = one
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), _term(value))


def _term(value: str | Literal) -> ox.NamedNode | ox.Literal:
    if isinstance(value, str):
        return ox.NamedNode(value)
    if value.language:
        return ox.Literal(value.text, language=value.language)
    if value.datatype:
        return ox.Literal(value.text, datatype=ox.NamedNode(value.datatype))
    return ox.Literal(value.text)
