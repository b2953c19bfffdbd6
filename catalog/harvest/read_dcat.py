"""A catalogue in RDF: Turtle, RDF/XML, JSON-LD or N-Triples, page after page.

Nothing is fetched but by our fetcher: contexts of JSON-LD that are elsewhere are brought in first,
or left out where the catalogue came as a file.

Source: W3C DCAT 3; DCAT-AP 3.0.1; Hydra Core Vocabulary (`hydra:next`); JSON-LD 1.1 s. 3.1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from xml.sax import SAXException

from rdflib import Graph, URIRef
from rdflib.namespace import DCTERMS, FOAF, OWL, RDF, RDFS, SKOS, Namespace
from rdflib.term import BNode, Literal, Node

from catalog.harvest.errors import TooManyRecords, UnreadableCatalogue
from catalog.harvest.fetch import Answer, Fetcher
from catalog.harvest.remote_record import (
    DISTRIBUTIONS_MAX,
    EXTRAS_MAX,
    IDENTIFIER_LENGTH_CHARACTERS,
    RECORDS_MAX,
    Finding,
    FindingKind,
    Reading,
    ReadRecord,
    RefusedRecord,
    RemoteDistribution,
    RemoteRecord,
    is_address,
    writable,
)
from catalog.harvest.source import Validators
from catalog.view import Json

ACCEPT: Final = (
    "text/turtle, application/rdf+xml;q=0.9, application/ld+json;q=0.9, "
    "application/n-triples;q=0.8, application/json;q=0.5, */*;q=0.1"
)
PAGES_MAX: Final = 2_000
CONTEXTS_MAX: Final = 10
_NAME: Final = "DCAT"
# rdflib knows version 2 of it.
DCAT: Final = Namespace("http://www.w3.org/ns/dcat#")
_HYDRA: Final = Namespace("http://www.w3.org/ns/hydra/core#")
_VCARD: Final = Namespace("http://www.w3.org/2006/vcard/ns#")
_ADMS: Final = Namespace("http://www.w3.org/ns/adms#")
_SCHEMA: Final = Namespace("http://schema.org/")
_LOCN: Final = Namespace("http://www.w3.org/ns/locn#")
_FORMATS: Final[Mapping[str, str]] = {
    "text/turtle": "turtle",
    "application/x-turtle": "turtle",
    "text/n3": "n3",
    "application/n-triples": "nt",
    "application/rdf+xml": "xml",
    "application/ld+json": "json-ld",
}
_NOT_RDF: Final = (
    *(SyntaxError, ValueError, LookupError, AttributeError, TypeError, AssertionError),
    *(RecursionError, SAXException),
)
"""What rdflib's parsers raise at texts that are not theirs."""


def read_dcat(
    first: Answer, fetcher: Fetcher | None, *, on_progress: Callable[[int], None]
) -> Reading:
    """Read a catalogue from its first page on. Without a fetcher the page is all there is.

    Raises: UnreadableCatalogue, TooManyRecords, and what the fetcher raises.
    """
    records: dict[str, ReadRecord] = {}
    refused: list[RefusedRecord] = []
    seen: set[str] = set()
    page: Answer | None = first
    while page is not None and page.content is not None:
        seen.add(page.address)
        graph = _parsed(page, fetcher)
        for subject in _datasets(graph):
            read = _read(graph, subject, len(records) + len(refused) + 1)
            if isinstance(read, ReadRecord):
                records.setdefault(read.record.identifier, read)
            else:
                refused.append(read)
        if len(records) > RECORDS_MAX:
            raise TooManyRecords(RECORDS_MAX)
        on_progress(len(records))
        onwards = _next_page(graph, page)
        if fetcher is None or onwards is None or onwards in seen:
            break
        if len(seen) >= PAGES_MAX:
            raise UnreadableCatalogue(_NAME, f"more than {PAGES_MAX} pages")
        page = fetcher.get(onwards, accept=ACCEPT)
    if not records and not refused:
        raise UnreadableCatalogue(_NAME, "no dcat:Dataset in it")
    return Reading(tuple(records.values()), tuple(refused))


def page_of_file(content: bytes, file_name: str) -> Answer:
    """A file as if it had been an answer."""
    suffix = file_name.rpartition(".")[2].lower()
    media_type = {
        "ttl": "text/turtle",
        "rdf": "application/rdf+xml",
        "xml": "application/rdf+xml",
        "jsonld": "application/ld+json",
        "json": "application/ld+json",
        "nt": "application/n-triples",
        "n3": "text/n3",
    }.get(suffix, "")
    return Answer(content, "", media_type, Validators())


def _parsed(page: Answer, fetcher: Fetcher | None) -> Graph:
    assert page.content is not None
    form = _FORMATS.get(page.media_type) or _seen_format(page.content)
    content = page.content
    if form == "json-ld":
        content = _with_contexts(content, fetcher)
    if form == "xml" and _names_outside(content):
        raise UnreadableCatalogue(_NAME, "it asks for entities from elsewhere")
    graph = Graph()
    try:
        graph.parse(data=content, format=form, publicID=page.address or "urn:weir:file")
    except _NOT_RDF as fault:
        raise UnreadableCatalogue(_NAME, _first_line(fault)) from None
    return graph


def _seen_format(content: bytes) -> str:
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:400]
    if start.startswith((b"{", b"[")):
        return "json-ld"
    if start.startswith((b"<?xml", b"<rdf:", b"<!DOCTYPE")):
        return "xml"
    return "turtle"


def _names_outside(content: bytes) -> bool:
    """Whether a document type asks for something that is elsewhere."""
    head = content[: content.find(b"<rdf:RDF") if b"<rdf:RDF" in content else len(content)]
    return b"<!ENTITY" in head and (b" SYSTEM " in head or b" PUBLIC " in head)


def _with_contexts(content: bytes, fetcher: Fetcher | None) -> bytes:
    """The document with every context that is elsewhere put in, or left out without a fetcher."""
    try:
        document = json.loads(content.decode("utf-8-sig"))
        fetched: dict[str, Json] = {}
        return json.dumps(_settled(document, fetcher, fetched)).encode()
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as fault:
        raise UnreadableCatalogue(_NAME, _first_line(fault)) from None


def _settled(value: Json, fetcher: Fetcher | None, fetched: dict[str, Json]) -> Json:
    if isinstance(value, Mapping):
        kept: dict[str, Json] = {}
        for key, held in value.items():
            if key == "@import":
                continue
            kept[key] = (
                _context(held, fetcher, fetched)
                if key == "@context"
                else _settled(held, fetcher, fetched)
            )
        return kept
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_settled(one, fetcher, fetched) for one in value]
    return value


def _context(value: Json, fetcher: Fetcher | None, fetched: dict[str, Json]) -> Json:
    if isinstance(value, str):
        if fetcher is None:
            return {}
        if value not in fetched:
            if len(fetched) >= CONTEXTS_MAX:
                raise UnreadableCatalogue(_NAME, f"more than {CONTEXTS_MAX} contexts elsewhere")
            fetched[value] = {}
            answer = fetcher.get(value, accept="application/ld+json, application/json")
            document = json.loads((answer.content or b"{}").decode("utf-8-sig"))
            inner = document.get("@context") if isinstance(document, Mapping) else {}
            fetched[value] = _context(inner, fetcher, fetched)
        return fetched[value]
    if isinstance(value, Sequence):
        return [_context(one, fetcher, fetched) for one in value]
    return _settled(value, fetcher, fetched)


def _next_page(graph: Graph, page: Answer) -> str | None:
    for relation in (_HYDRA.next, _HYDRA.nextPage):
        for _, _, onwards in graph.triples((None, relation, None)):
            if is_address(str(onwards)) and str(onwards) != page.address:
                return str(onwards)
    return page.links.get("next")


def _datasets(graph: Graph) -> list[Node]:
    found = {
        subject
        for kind in (DCAT.Dataset, DCAT.DatasetSeries)
        for subject in graph.subjects(RDF.type, kind)
    }
    return sorted(found, key=str)


def _read(graph: Graph, subject: Node, position: int) -> ReadRecord | RefusedRecord:
    one = _Described(graph, subject)
    title, title_zh = one.words(DCTERMS.title)
    address = str(subject) if isinstance(subject, URIRef) else ""
    named = one.text(DCTERMS.identifier)
    # A bare number is no name outside its own portal; an address is one everywhere.
    identifier = (address or named)[:IDENTIFIER_LENGTH_CHARACTERS]
    if not title and not title_zh:
        return RefusedRecord(
            position, identifier[:200], Finding(FindingKind.TITLE_MISSING, "title")
        )
    if not identifier:
        finding = Finding(FindingKind.IDENTIFIER_MISSING, "identifier")
        return RefusedRecord(position, (title or title_zh)[:200], finding)
    summary, summary_zh = one.words(DCTERMS.description)
    contact = one.first(DCAT.contactPoint)
    period = one.first(DCTERMS.temporal)
    series = one.text(DCAT.inSeries)
    findings: list[Finding] = []
    distributions, licences = _distributions(graph, one, findings)
    licence = one.text(DCTERMS.license) or (licences[0] if len(set(licences)) == 1 else "")
    others = tuple(
        text
        for text in (
            *([named] if named and named != identifier else []),
            *(_label(graph, node) for node in graph.objects(subject, _ADMS.identifier)),
        )
        if text
    )
    extras = one.rest()
    if series:
        extras["inSeries"] = series
    return ReadRecord(
        RemoteRecord(
            identifier=identifier,
            title=title or title_zh,
            title_zh=title_zh,
            summary=summary or summary_zh,
            summary_zh=summary_zh,
            keywords=one.texts(DCAT.keyword),
            themes=one.texts(DCAT.theme),
            licence=licence,
            rights=one.text(DCTERMS.rights),
            access_level=one.text(DCTERMS.accessRights),
            publisher=one.text(DCTERMS.publisher),
            author=one.text(DCTERMS.creator),
            contact_name=_of(graph, contact, _VCARD.fn, _VCARD["organization-name"], FOAF.name),
            contact_email=_of(graph, contact, _VCARD.hasEmail, FOAF.mbox).removeprefix("mailto:"),
            contact_phone=_of(graph, contact, _VCARD.hasTelephone).removeprefix("tel:"),
            issued=one.text(DCTERMS.issued),
            modified=one.text(DCTERMS.modified),
            update_cycle=one.text(DCTERMS.accrualPeriodicity),
            landing_page=one.text(DCAT.landingPage),
            spatial=one.text(DCTERMS.spatial),
            temporal_start=_of(graph, period, DCAT.startDate, _SCHEMA.startDate),
            temporal_end=_of(graph, period, DCAT.endDate, _SCHEMA.endDate),
            version_label=one.text(DCAT.version) or one.text(OWL.versionInfo),
            conforms_to=one.text(DCTERMS.conformsTo),
            provenance=one.text(DCTERMS.provenance),
            languages=one.texts(DCTERMS.language),
            other_identifiers=tuple(dict.fromkeys(others)),
            distributions=distributions,
            extras=tuple(list(extras.items())[:EXTRAS_MAX]),
        ),
        tuple(findings),
    )


_KNOWN: Final = frozenset(
    {
        *(DCTERMS.title, DCTERMS.description, DCTERMS.identifier, DCTERMS.license, DCTERMS.rights),
        *(DCTERMS.accessRights, DCTERMS.publisher, DCTERMS.creator, DCTERMS.issued),
        *(DCTERMS.modified, DCTERMS.accrualPeriodicity, DCTERMS.spatial, DCTERMS.temporal),
        *(DCTERMS.conformsTo, DCTERMS.provenance, DCTERMS.language, DCAT.keyword, DCAT.theme),
        *(DCAT.contactPoint, DCAT.landingPage, DCAT.distribution, DCAT.version, DCAT.inSeries),
        *(OWL.versionInfo, _ADMS.identifier, RDF.type),
    }
)


class _Described:
    """What a graph says of one thing."""

    def __init__(self, graph: Graph, subject: Node) -> None:
        self._graph = graph
        self._subject = subject

    def objects(self, of: URIRef) -> Iterable[Node]:
        return self._graph.objects(self._subject, of)

    def first(self, of: URIRef) -> Node | None:
        return min(self.objects(of), key=str, default=None)

    def text(self, of: URIRef) -> str:
        found = self.texts(of)
        return found[0] if found else ""

    def texts(self, of: URIRef) -> tuple[str, ...]:
        found = (_label(self._graph, node) for node in self._graph.objects(self._subject, of))
        return tuple(sorted({text for text in found if text}))

    def words(self, of: URIRef) -> tuple[str, str]:
        """The text in English or whatever else there is, and in Chinese."""
        other, chinese = "", ""
        literals = [
            node for node in self._graph.objects(self._subject, of) if isinstance(node, Literal)
        ]
        for node in sorted(literals, key=lambda one: (one.language != "en", str(one))):
            if (node.language or "").lower().startswith("zh"):
                chinese = chinese or writable(str(node)).strip()
            else:
                other = other or writable(str(node)).strip()
        return other, chinese

    def rest(self) -> dict[str, str]:
        """Everything that has no word of its own here, under the last part of its name."""
        found: dict[str, list[str]] = {}
        for predicate, node in self._graph.predicate_objects(self._subject):
            if predicate in _KNOWN:
                continue
            name = str(predicate).rpartition("#")[2].rpartition("/")[2] or str(predicate)
            found.setdefault(name, []).append(_label(self._graph, node))
        return {name: "\n".join(sorted(filter(None, held))) for name, held in found.items()}


_NAMES: Final = (
    *(SKOS.prefLabel, RDFS.label, FOAF.name, DCTERMS.title, _VCARD.fn, SKOS.notation, RDF.value),
    *(_LOCN.geometry, DCAT.bbox, DCAT.centroid),
)


def _label(graph: Graph, node: Node) -> str:
    """A value as a text: itself, its address, or what a nameless thing is called."""
    if isinstance(node, Literal | URIRef) and not (
        isinstance(node, URIRef) and (node, None, None) in graph
    ):
        return writable(str(node)).strip()
    for name in _NAMES:
        found = sorted(graph.objects(node, name), key=_chosen)
        if found:
            return writable(str(found[0])).strip()
    return "" if isinstance(node, BNode) else writable(str(node)).strip()


def _chosen(node: Node) -> tuple[bool, str]:
    return (getattr(node, "language", None) not in (None, "en"), str(node))


def _of(graph: Graph, subject: Node | None, *names: URIRef) -> str:
    if subject is None:
        return ""
    for name in names:
        for node in sorted(graph.objects(subject, name), key=str):
            text = _of(graph, node, _VCARD.hasValue) if isinstance(node, BNode) else str(node)
            if text:
                return writable(text).strip()
    return ""


def _distributions(
    graph: Graph, one: _Described, findings: list[Finding]
) -> tuple[tuple[RemoteDistribution, ...], list[str]]:
    nodes = sorted(one.objects(DCAT.distribution), key=str)
    if len(nodes) > DISTRIBUTIONS_MAX:
        findings.append(Finding(FindingKind.TOO_MANY, "distribution", str(len(nodes))))
    found, licences = [], []
    for node in nodes[:DISTRIBUTIONS_MAX]:
        held = _Described(graph, node)
        download, access = held.text(DCAT.downloadURL), held.text(DCAT.accessURL)
        licence = held.text(DCTERMS.license)
        if licence:
            licences.append(licence)
        url = download or access
        if not url:
            findings.append(
                Finding(FindingKind.VALUE_MISSING, "accessURL", held.text(DCTERMS.title)[:200])
            )
            continue
        details = {"uri": str(node)} if isinstance(node, URIRef) else {}
        if download:
            details["is_download"] = "true"
            if access and access != download:
                details["accessURL"] = access
        for name, term in _DETAILS.items():
            text = held.text(term)
            if text:
                details[name] = text
        title, title_zh = held.words(DCTERMS.title)
        description, description_zh = held.words(DCTERMS.description)
        found.append(
            RemoteDistribution(
                url=url,
                title=title or title_zh,
                description=description or description_zh,
                format=held.text(DCTERMS["format"]),
                media_type=held.text(DCAT.mediaType),
                details=tuple(details.items()),
            )
        )
    # The order of a graph means nothing; that of addresses stays the same from run to run.
    return tuple(sorted(found, key=lambda each: (each.url, each.title))), licences


_DETAILS: Final[Mapping[str, URIRef]] = {
    "license": DCTERMS.license,
    "rights": DCTERMS.rights,
    "issued": DCTERMS.issued,
    "modified": DCTERMS.modified,
    "byteSize": DCAT.byteSize,
    "compressFormat": DCAT.compressFormat,
    "packageFormat": DCAT.packageFormat,
    "conformsTo": DCTERMS.conformsTo,
}


def _first_line(fault: Exception) -> str:
    lines = str(fault).splitlines() or [type(fault).__name__]
    return " ".join(lines[:2])[:200]
