"""DCAT-US `data.json`: keep of each record what can be kept, and tell what is wrong with it.

Real files hold nulls, texts where lists belong, addresses that are none. A record falls away only
where it has neither title nor identifier.

Source: Project Open Data Metadata Schema v1.1 (DCAT-US 1.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from catalog.harvest.errors import TooManyRecords, UnreadableCatalogue
from catalog.harvest.remote_record import (
    DISTRIBUTIONS_MAX,
    EXTRAS_MAX,
    IDENTIFIER_LENGTH_CHARACTERS,
    RECORDS_MAX,
    TEXT_LENGTH_CHARACTERS,
    Finding,
    FindingKind,
    Reading,
    ReadRecord,
    RefusedRecord,
    RemoteDistribution,
    RemoteRecord,
    is_address,
    plain_text,
    writable,
)
from catalog.view import Json

_NAME: Final = "data.json"
_VALUE_SHOWN: Final = 200
_REQUIRED: Final = (
    "title",
    "description",
    "keyword",
    "modified",
    "publisher",
    "contactPoint",
    "identifier",
    "accessLevel",
)
"""Fields that the standard demands of every record."""
_KNOWN: Final = frozenset(
    {
        *_REQUIRED,
        "@type",
        "license",
        "rights",
        "spatial",
        "temporal",
        "issued",
        "accrualPeriodicity",
        "landingPage",
        "language",
        "theme",
        "conformsTo",
        "distribution",
    }
)
_KNOWN_OF_DISTRIBUTION: Final = frozenset(
    {"@type", "accessURL", "downloadURL", "title", "description", "format", "mediaType"}
)


def read_data_json(content: bytes) -> Reading:
    """Read a whole file; JSON lines of records are read as well.

    Raises: UnreadableCatalogue, TooManyRecords.
    """
    records: list[ReadRecord] = []
    refused: list[RefusedRecord] = []
    for position, one in enumerate(_entries(content), start=1):
        if position > RECORDS_MAX:
            raise TooManyRecords(RECORDS_MAX)
        read = _read(one, position)
        if isinstance(read, ReadRecord):
            records.append(read)
        else:
            refused.append(read)
    return Reading(tuple(records), tuple(refused))


def _entries(content: bytes) -> Sequence[Json]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise UnreadableCatalogue(_NAME, f"UTF-8, byte {fault.start}") from None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as fault:
        lines = _lines(text)
        if lines is None:
            raise UnreadableCatalogue(_NAME, f"{fault.msg}, line {fault.lineno}") from None
        return lines
    except RecursionError:
        raise UnreadableCatalogue(_NAME, "too deep") from None
    if isinstance(document, Mapping):
        held = document.get("dataset")
        if isinstance(held, list):
            return held
        if "title" in document:
            return [document]
    if isinstance(document, list):
        return document
    raise UnreadableCatalogue(_NAME, "“dataset” is no list")


def _lines(text: str) -> list[Json] | None:
    """Records one a line; None where the text is something else."""
    found: list[Json] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            return None
        if not isinstance(one, dict):
            return None
        found.append(one)
    return found or None


class _Fields:
    """The fields of one record, read with care; what is wrong is told in `findings`."""

    def __init__(self, of: Mapping[str, Json]) -> None:
        self._of = of
        self.findings: list[Finding] = []

    def tell(self, kind: FindingKind, name: str, value: Json = "") -> None:
        self.findings.append(Finding(kind, name, plain_text(value)[:_VALUE_SHOWN]))

    def text(self, name: str) -> str:
        value = self._of.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.tell(FindingKind.WRONG_TYPE, name, value)
        text = writable(plain_text(value)).strip()
        if len(text) > TEXT_LENGTH_CHARACTERS:
            self.tell(FindingKind.SHORTENED, name)
        return text[:TEXT_LENGTH_CHARACTERS]

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._of.get(name)
        if value is None:
            return ()
        if isinstance(value, str):
            self.tell(FindingKind.WRONG_TYPE, name, value)
            value = list(value.split(","))
        if not isinstance(value, Sequence):
            self.tell(FindingKind.WRONG_TYPE, name, value)
            value = [value]
        found = (writable(plain_text(one)).strip() for one in value if one is not None)
        return tuple(dict.fromkeys(text for text in found if text))

    def address(self, name: str) -> str:
        text = self.text(name)
        if text and not is_address(text):
            self.tell(FindingKind.NOT_AN_ADDRESS, name, text)
        return text


def _read(one: Json, position: int) -> ReadRecord | RefusedRecord:
    if not isinstance(one, Mapping):
        finding = Finding(FindingKind.NOT_A_RECORD, "dataset", plain_text(one)[:_VALUE_SHOWN])
        return RefusedRecord(position, "", finding)
    given = _Fields(one)
    title = given.text("title")
    identifier = given.text("identifier")[:IDENTIFIER_LENGTH_CHARACTERS]
    landing_page = given.address("landingPage")
    if not title:
        return RefusedRecord(
            position, identifier[:200], Finding(FindingKind.TITLE_MISSING, "title")
        )
    if not identifier:
        if not landing_page:
            finding = Finding(FindingKind.IDENTIFIER_MISSING, "identifier")
            return RefusedRecord(position, title[:200], finding)
        identifier = landing_page
    for name in _REQUIRED:
        if one.get(name) in (None, "", [], {}):
            given.tell(FindingKind.VALUE_MISSING, name)
    name_of_publisher, publisher_extra = _publisher(one.get("publisher"))
    contact, email, phone, contact_extra = _contact(one.get("contactPoint"))
    start, end, temporal_extra = _temporal(given.text("temporal"))
    licence = given.text("license")
    if licence and not is_address(licence):
        given.tell(FindingKind.NOT_AN_ADDRESS, "license", licence)
    extras = {
        **publisher_extra,
        **contact_extra,
        **temporal_extra,
        **{
            key: writable(plain_text(value))
            for key, value in one.items()
            if key not in _KNOWN and value is not None
        },
    }
    return ReadRecord(
        RemoteRecord(
            identifier=identifier,
            title=title,
            summary=given.text("description"),
            keywords=given.texts("keyword"),
            themes=given.texts("theme"),
            licence=licence,
            rights=given.text("rights"),
            access_level=given.text("accessLevel"),
            publisher=name_of_publisher,
            contact_name=contact,
            contact_email=email,
            contact_phone=phone,
            issued=given.text("issued"),
            modified=given.text("modified"),
            update_cycle=given.text("accrualPeriodicity"),
            landing_page=landing_page,
            spatial=given.text("spatial"),
            temporal_start=start,
            temporal_end=end,
            conforms_to=given.address("conformsTo"),
            languages=given.texts("language"),
            distributions=_distributions(one.get("distribution"), given),
            extras=tuple(list(extras.items())[:EXTRAS_MAX]),
        ),
        tuple(given.findings),
    )


def _publisher(value: Json) -> tuple[str, dict[str, str]]:
    """The publisher's name; whatever else was said of it is kept."""
    if isinstance(value, Mapping):
        name = value.get("name") or value.get("source") or ""
        rest = {
            key: held
            for key, held in value.items()
            if key not in ("name", "source", "@type") and held is not None
        }
        return writable(plain_text(name)), _kept("publisher", rest)
    return writable(plain_text(value)), {}


def _contact(value: Json) -> tuple[str, str, str, dict[str, str]]:
    if not isinstance(value, Mapping):
        return writable(plain_text(value)), "", "", {}
    email = writable(plain_text(value.get("hasEmail"))).removeprefix("mailto:")
    phone = writable(plain_text(value.get("hasTelephone"))).removeprefix("tel:")
    rest = {
        key: held
        for key, held in value.items()
        if key not in ("fn", "hasEmail", "hasTelephone", "@type") and held is not None
    }
    return writable(plain_text(value.get("fn"))), email, phone, _kept("contactPoint", rest)


def _temporal(text: str) -> tuple[str, str, dict[str, str]]:
    """Start and end of `start/end`; anything else is kept as it came."""
    start, mark, end = text.partition("/")
    if not text or (mark and not start.startswith(("R", "P")) and not end.startswith("P")):
        return start, end, {}
    return "", "", {"temporal": text}


def _kept(name: str, rest: Mapping[str, Json]) -> dict[str, str]:
    return {name: writable(plain_text(dict(rest)))} if rest else {}


def _distributions(value: Json, given: _Fields) -> tuple[RemoteDistribution, ...]:
    if value is None:
        return ()
    if isinstance(value, Mapping):
        given.tell(FindingKind.WRONG_TYPE, "distribution", "object")
        value = [value]
    if isinstance(value, str) or not isinstance(value, Sequence):
        given.tell(FindingKind.WRONG_TYPE, "distribution", value)
        return ()
    if len(value) > DISTRIBUTIONS_MAX:
        given.tell(FindingKind.TOO_MANY, "distribution", str(len(value)))
    found = []
    for one in value[:DISTRIBUTIONS_MAX]:
        if not isinstance(one, Mapping):
            given.tell(FindingKind.WRONG_TYPE, "distribution", one)
            continue
        distribution = _distribution(one, given)
        if distribution is not None:
            found.append(distribution)
    return tuple(found)


def _distribution(one: Mapping[str, Json], given: _Fields) -> RemoteDistribution | None:
    download, access = (
        writable(plain_text(one.get(name))).strip() for name in ("downloadURL", "accessURL")
    )
    url = download or access
    if not url:
        given.tell(FindingKind.VALUE_MISSING, "accessURL", one.get("title"))
        return None
    if not is_address(url):
        given.tell(FindingKind.NOT_AN_ADDRESS, "downloadURL" if download else "accessURL", url)
    details: dict[str, str] = {}
    if download:
        details["is_download"] = "true"
        if access and access != download:
            details["accessURL"] = access
    details |= {
        key: writable(plain_text(value))
        for key, value in one.items()
        if key not in _KNOWN_OF_DISTRIBUTION and value is not None
    }
    title, description, form, media_type = _words(
        one.get(name) for name in ("title", "description", "format", "mediaType")
    )
    return RemoteDistribution(
        url=url,
        title=title,
        description=description,
        format=form,
        media_type=media_type,
        details=tuple(details.items()),
    )


def _words(values: Iterable[Json]) -> list[str]:
    return [writable(plain_text(value)).strip() for value in values]
