"""A record of another catalogue, in the words of DCAT, with everything that it said.

What has no word of its own travels in `extras`, so that nothing is lost on the way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

from catalog.view import Json

RECORDS_MAX: Final = 100_000
"""Records that one source may have."""
DISTRIBUTIONS_MAX: Final = 1_000
TEXT_LENGTH_CHARACTERS: Final = 1_000_000
IDENTIFIER_LENGTH_CHARACTERS: Final = 2_000
EXTRAS_MAX: Final = 400
FINDINGS_MAX: Final = 50


class FindingKind(StrEnum):
    """What is not as it should be with a record; it is taken in all the same where it can be."""

    TITLE_MISSING = "title_missing"
    IDENTIFIER_MISSING = "identifier_missing"
    IDENTIFIER_TWICE = "identifier_twice"
    NOT_A_RECORD = "not_a_record"
    WRONG_TYPE = "wrong_type"
    NOT_AN_ADDRESS = "not_an_address"
    NOT_A_DATE = "not_a_date"
    VALUE_MISSING = "value_missing"
    SHORTENED = "shortened"
    UNWRITABLE = "unwritable"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader of the record should know."""

    kind: FindingKind
    field: str
    value: str = ""
    """The beginning of what stood there."""

    def as_json(self) -> dict[str, str]:
        """The stored form."""
        return {"kind": self.kind.value, "field": self.field, "value": self.value}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Finding:
        """Read the stored form."""
        return cls(
            FindingKind(str(stored["kind"])), str(stored["field"]), str(stored.get("value", ""))
        )


@dataclass(frozen=True, slots=True)
class RemoteDistribution:
    """One form of the data, somewhere else."""

    url: str
    title: str = ""
    description: str = ""
    format: str = ""
    media_type: str = ""
    kind: str = ""
    """What a CKAN calls the kind of resource."""
    details: tuple[tuple[str, str], ...] = ()
    """Whatever else was said of it."""


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    """What a source says of one dataset. Texts are as they came; empty says nothing came."""

    identifier: str
    title: str
    summary: str = ""
    title_zh: str = ""
    """Where the source says both languages; else the language is seen in the words."""
    summary_zh: str = ""
    name: str = ""
    """The name in addresses at the source, where it has one."""
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    licence: str = ""
    rights: str = ""
    access_level: str = ""
    publisher: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    author: str = ""
    author_email: str = ""
    issued: str = ""
    modified: str = ""
    update_cycle: str = ""
    landing_page: str = ""
    spatial: str = ""
    temporal_start: str = ""
    temporal_end: str = ""
    version_label: str = ""
    conforms_to: str = ""
    provenance: str = ""
    source_system: str = ""
    languages: tuple[str, ...] = ()
    other_identifiers: tuple[str, ...] = ()
    distributions: tuple[RemoteDistribution, ...] = ()
    extras: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Json]:
        """The stored form: only what was said."""
        plain: dict[str, Json] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value in ("", ()):
                continue
            if each.name == "distributions":
                plain[each.name] = [_distribution_json(one) for one in value]
            elif each.name == "extras":
                plain[each.name] = [list(pair) for pair in value]
            else:
                plain[each.name] = list(value) if isinstance(value, tuple) else value
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> RemoteRecord:
        """Read the stored form, which `as_json` wrote."""
        texts = {name: str(stored.get(name, "")) for name in _TEXTS}
        lists = {name: _strings(stored.get(name)) for name in _LISTS}
        held = stored.get("distributions")
        return cls(
            **texts,  # type: ignore[arg-type]  # names and kinds are told apart below
            **lists,  # type: ignore[arg-type]
            distributions=tuple(
                _distribution(one)
                for one in (held if isinstance(held, Sequence) else ())
                if isinstance(one, Mapping)
            ),
            extras=_pairs(stored.get("extras")),
        )


_TEXTS: Final = tuple(each.name for each in fields(RemoteRecord) if each.type == "str")
_LISTS: Final = ("keywords", "themes", "languages", "other_identifiers")


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record that was read, with what was found about it."""

    record: RemoteRecord
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """Something that stands where a record should and cannot be taken in."""

    position: int
    """From 1."""
    title: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a source says now."""

    records: tuple[ReadRecord, ...]
    refused: tuple[RefusedRecord, ...] = ()
    removed: tuple[str, ...] = ()
    """Identifiers that the source itself says were deleted."""


def plain_text(value: Json) -> str:
    """Any JSON value as a text that says the same."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def writable(text: str) -> str:
    """The text without what cannot be stored."""
    if "\0" not in text and text.isascii():
        return text
    return "".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff")


def is_address(text: str) -> bool:
    """Whether the text is an address that a browser could follow."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.lower() not in ("http", "https", "ftp", "ftps", "s3"):
        return False
    host = rest.split("/", 1)[0]
    return bool(host) and not any(character.isspace() for character in host)


def _distribution_json(one: RemoteDistribution) -> dict[str, Json]:
    plain: dict[str, Json] = {
        each.name: getattr(one, each.name)
        for each in fields(one)
        if each.name != "details" and getattr(one, each.name)
    }
    if one.details:
        plain["details"] = [list(pair) for pair in one.details]
    return plain


def _distribution(stored: Mapping[str, Json]) -> RemoteDistribution:
    return RemoteDistribution(
        url=str(stored.get("url", "")),
        title=str(stored.get("title", "")),
        description=str(stored.get("description", "")),
        format=str(stored.get("format", "")),
        media_type=str(stored.get("media_type", "")),
        kind=str(stored.get("kind", "")),
        details=_pairs(stored.get("details")),
    )


def _strings(value: Json) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(str(item) for item in value)


def _pairs(value: Json) -> tuple[tuple[str, str], ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return ()
    return tuple(
        (str(pair[0]), str(pair[1]))
        for pair in value
        if isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
    )
