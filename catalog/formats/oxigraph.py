"""Graphs to text and back, and questions to many graphs, through pyoxigraph.

Source: W3C RDF 1.1 Turtle, RDF/XML, JSON-LD 1.1, N-Triples; SPARQL 1.1 Query Language and the
formats of its results.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyoxigraph as ox

from catalog.confine import ConfinedJob, Json
from catalog.errors import ConfinedWorkFailed
from catalog.formats.graph import PREFIXES, Iri, Literal, Triple

FAULT_LENGTH_CHARACTERS: Final = 500


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


def triples_of(text: bytes, form: RdfForm) -> bytes:
    """A foreign graph as N-Triples. Nothing is fetched, whatever it names.

    Raises: ValueError where it is not in that form.
    """
    try:
        read = (one.triple for one in ox.parse(text, format=_FORMATS[form]))
        out = io.BytesIO()
        ox.serialize(read, out, format=ox.RdfFormat.N_TRIPLES)
    except SyntaxError as fault:
        raise ValueError(str(fault)) from None
    return out.getvalue()


class GraphStore:
    """Graphs on disk, one a dataset; one process writes, others read snapshots."""

    def __init__(self, folder: Path) -> None:
        self._store = ox.Store(str(folder))

    def replace(self, name: Iri, triples: Iterable[Triple]) -> None:
        """Put a graph in the place of the one of that name; without triples, remove it."""
        graph = ox.NamedNode(name)
        self._store.remove_graph(graph)
        quads = [
            ox.Quad(one.subject, one.predicate, one.object, graph) for one in map(_triple, triples)
        ]
        if quads:
            self._store.extend(quads)

    def snapshot(self, folder: Path) -> None:
        """Write all of it to a new folder, which never changes after."""
        self._store.flush()
        self._store.backup(str(folder))


class ResultForm(StrEnum):
    """The forms of answers: tables and truth values, and graphs."""

    JSON = "application/sparql-results+json"
    XML = "application/sparql-results+xml"
    CSV = "text/csv"
    TSV = "text/tab-separated-values"


_RESULT_FORMATS: Final = {
    ResultForm.JSON: ox.QueryResultsFormat.JSON,
    ResultForm.XML: ox.QueryResultsFormat.XML,
    ResultForm.CSV: ox.QueryResultsFormat.CSV,
    ResultForm.TSV: ox.QueryResultsFormat.TSV,
}


def answer(job: ConfinedJob) -> Json:
    """Answer a question over a snapshot; runs confined.

    Takes `query`, `result_form`, `graph_form` and `bytes_max`; answers `media_type` and `text`, or
    what is wrong: `fault`, or `is_too_large`.
    """
    given = job.arguments
    out = _BoundedBytes(int(str(given["bytes_max"])))
    store = ox.Store.read_only(str(job.readable[0]))
    try:
        found = store.query(str(given["query"]), use_default_graph_as_union=True)
        if isinstance(found, ox.QueryTriples):
            media_type = MEDIA_TYPES[RdfForm(str(given["graph_form"]))]
            found.serialize(out, format=_FORMATS[RdfForm(str(given["graph_form"]))])
        else:
            media_type = str(given["result_form"])
            found.serialize(out, format=_RESULT_FORMATS[ResultForm(media_type)])
    except (SyntaxError, ValueError, RuntimeError) as fault:
        return {"fault": str(fault)[:FAULT_LENGTH_CHARACTERS]}
    except OSError as fault:
        if out.is_full:
            return {"is_too_large": True}
        raise ConfinedWorkFailed(str(fault)) from fault
    return {"media_type": media_type, "text": out.getvalue().decode()}


class _BoundedBytes(io.BytesIO):
    """Takes no more than it may."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__()
        self._bytes_max = bytes_max
        self.is_full = False

    def write(self, data: object) -> int:
        assert isinstance(data, bytes | bytearray | memoryview)
        if self.tell() + len(data) > self._bytes_max:
            self.is_full = True
            raise OSError("the answer is too large")
        return super().write(data)


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
