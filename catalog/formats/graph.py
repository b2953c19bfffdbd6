"""RDF in plain values: names, literals, triples, and the vocabularies that the catalogue speaks.

Source: W3C RDF 1.1 Concepts; RFC 3987 (which characters an IRI may hold).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NewType, TypeAlias
from urllib.parse import quote

from policies.terms import Text

Iri = NewType("Iri", str)


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal: plain, in a language, or of a datatype."""

    text: str
    language: str = ""
    datatype: Iri | None = None
    """None: a plain text."""


Triple: TypeAlias = tuple[Iri, Iri, Iri | Literal]

PREFIXES: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "locn": "http://www.w3.org/ns/locn#",
    "oa": "http://www.w3.org/ns/oa#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
LEGAL_RESOURCE: Final = Iri("http://data.europa.eu/eli/ontology#LegalResource")

# Characters that XML 1.0 cannot hold, so that every graph can be written in every form.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ADDRESS: Final = re.compile(
    r"(?P<start>(?:https?|ftp)://[\w.-]+(?::[0-9]{1,5})?)(?P<rest>[/?#].*)?", re.IGNORECASE
)
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_IRI_CHARACTERS: Final = "/?&=:@+$,;~!*'()%-._"
ADDRESS_LENGTH_CHARACTERS: Final = 8_000


def term(name: str) -> Iri:
    """The whole name of `prefix:local`."""
    prefix, _, local = name.partition(":")
    return Iri(PREFIXES[prefix] + local)


def web_address(text: str) -> Iri | None:
    """An address of the web as a name that every RDF reader takes; None where it is none.

    Addresses with a user's name in them count as none: they may hold a password.
    """
    found = _ADDRESS.fullmatch(text.strip())
    if found is None or len(text) > ADDRESS_LENGTH_CHARACTERS:
        return None
    start = found["start"]
    if not start.isascii():
        try:
            scheme, _, host = start.partition("://")
            start = f"{scheme}://{host.encode('idna').decode('ascii')}"
        except UnicodeError:
            return None
    rest, mark, fragment = (found["rest"] or "").partition("#")
    return Iri(start + _quoted(rest) + mark + _quoted(fragment))


def part(text: str) -> str:
    """A text as one part of an address or a fragment."""
    return quote(_UNWRITABLE.sub("", text), safe="-._~")


def plain(text: str) -> Literal:
    """A text in no particular language."""
    return Literal(_UNWRITABLE.sub("", text))


def in_languages(text: Text) -> list[Literal]:
    """A text in each language in which it is given."""
    return [
        Literal(_UNWRITABLE.sub("", words), language)
        for language, words in text.as_map().items()
        if words.strip()
    ]


def moment(at: datetime) -> Literal:
    """A point in time."""
    return Literal(at.astimezone(UTC).isoformat(timespec="seconds"), datatype=term("xsd:dateTime"))


def day(on: date) -> Literal:
    """A day."""
    return Literal(on.isoformat(), datatype=term("xsd:date"))


def _quoted(text: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", text), safe=_IRI_CHARACTERS)
