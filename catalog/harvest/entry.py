"""What a foreign record says, in the words and within the bounds of our own entries.

A harvested record is open: its data is elsewhere, for whoever follows the address. Values that do
not fit whole are shortened where they are read and kept whole among the extras.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from typing import Final

from catalog.dataset import (
    ADDRESS_LENGTH_CHARACTERS,
    BASIS_LENGTH_CHARACTERS,
    KEYWORD_LENGTH_CHARACTERS,
    KEYWORDS_MAX,
    LICENCE_LENGTH_CHARACTERS,
    SUMMARY_LENGTH_CHARACTERS,
    TITLE_LENGTH_CHARACTERS,
    Entry,
)
from catalog.directory import (
    EXTRA_LENGTH_CHARACTERS,
    EXTRAS_MAX,
    LIST_MAX,
    TEXT_LENGTH_CHARACTERS,
    Directory,
)
from catalog.harvest.remote_record import RemoteDistribution, RemoteRecord
from catalog.view import Json
from policies.party import SLUG_LENGTH_CHARACTERS
from policies.terms import Grade, OpenType, ShareType, Text, UpdateCycle

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_DAY: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR: Final = re.compile(r"\d{4}")
_NOT_SLUG: Final = re.compile(r"[^a-z0-9]+")
_SLUG_BASE_CHARACTERS: Final = 70
_NON_PUBLIC: Final = ("non-public", "non_public")
_RESTRICTED: Final = ("restricted",)

_CYCLES: Final[Sequence[tuple[UpdateCycle, tuple[str, ...]]]] = (
    (UpdateCycle.REAL_TIME, ("cont", "real", "r/pt", "实时", "即時", "实時", "不間斷")),
    (UpdateCycle.DAILY, ("daily", "r/p1d", "每日", "每天")),
    (UpdateCycle.WEEKLY, ("weekly", "r/p1w", "r/p7d", "每周", "每週")),
    (UpdateCycle.MONTHLY, ("monthly", "r/p1m", "每月")),
    (UpdateCycle.QUARTERLY, ("quarterly", "r/p3m", "每季")),
    (UpdateCycle.YEARLY, ("annual", "yearly", "r/p1y", "每年")),
)
_NOT_THESE: Final = ("bi", "semi", "triennial", "half", "半")


@dataclass(frozen=True, slots=True)
class Link:
    """A distribution whose data is elsewhere, in our words."""

    title: Text
    description: Text
    access_url: str
    format: str
    media_type: str
    kind: str
    details: Mapping[str, Json]
    slug: str
    position: int


def entry_of(record: RemoteRecord) -> Entry:
    """Our entry for a foreign record."""
    extras: dict[str, str] = {}
    title = _words(record.title, record.title_zh)
    summary = _words(plain_words(record.summary), plain_words(record.summary_zh))
    if plain_words(record.summary) != record.summary:
        extras["description"] = record.summary
    open_type = _open_type(record)
    keywords = tuple(word[:KEYWORD_LENGTH_CHARACTERS] for word in record.keywords)[:KEYWORDS_MAX]
    if keywords != record.keywords:
        extras["keywords"] = "\n".join(record.keywords)
    licence = record.licence
    if len(licence) > LICENCE_LENGTH_CHARACTERS or licence != plain_words(licence):
        extras["license"] = licence
        licence = ""
    for name in ("rights", "access_level", "publisher", "issued", "modified", "name"):
        value = getattr(record, name)
        if value:
            extras[f"source_{name}"] = value
    if record.themes:
        extras["themes"] = "\n".join(record.themes)
    if record.update_cycle:
        extras["frequency"] = record.update_cycle
    fits = _Fitting(extras)
    for name in ("temporal_start", "temporal_end"):
        if getattr(record, name) and _day(getattr(record, name)) is None:
            extras[name] = getattr(record, name)
    start, end = _day(record.temporal_start), _day(record.temporal_end)
    if start and end and end < start:
        extras |= {"temporal_start": record.temporal_start, "temporal_end": record.temporal_end}
        start = end = None
    directory_texts = {
        "spatial": fits.text("spatial", record.spatial),
        "landing_page": fits.text("landing_page", record.landing_page),
        "version_label": fits.text("version", record.version_label),
        "author": fits.text("author", record.author),
        "author_email": fits.text("author_email", record.author_email),
        "maintainer": fits.text("maintainer", record.contact_name),
        "maintainer_email": fits.text("maintainer_email", record.contact_email),
        "contact_phone": fits.text("contact_phone", record.contact_phone),
        "conforms_to": fits.text("conforms_to", record.conforms_to),
        "provenance": fits.text("provenance", record.provenance),
        "source_system": fits.text("source_system", record.source_system),
    }
    for key, value in record.extras:
        # A name that this file uses itself gives way, and nothing is overwritten.
        extras[key if key not in extras else f"source_{key}"[:TEXT_LENGTH_CHARACTERS]] = value
    return Entry(
        title=fits.words("title", title, TITLE_LENGTH_CHARACTERS),
        summary=fits.words("summary", summary, SUMMARY_LENGTH_CHARACTERS),
        grade=Grade.GENERAL,
        share_type=(
            ShareType.UNCONDITIONAL
            if open_type is OpenType.UNCONDITIONAL
            else ShareType.CONDITIONAL
        ),
        open_type=open_type,
        open_basis=(
            (plain_words(record.rights) or record.access_level)[:BASIS_LENGTH_CHARACTERS]
            if open_type is OpenType.NOT_OPEN
            else ""
        ),
        update_cycle=cycle_of(record.update_cycle),
        licence=licence,
        keywords=keywords,
        directory=Directory(
            temporal_start=start,
            temporal_end=end,
            languages=record.languages[:LIST_MAX],
            identifiers=tuple(
                name[:TEXT_LENGTH_CHARACTERS]
                for name in dict.fromkeys((record.identifier, *record.other_identifiers))
            )[:LIST_MAX],
            extras=_bounded(extras),
            **directory_texts,  # type: ignore[arg-type]  # names of texts, all of them
        ),
    )


def links_of(record: RemoteRecord) -> tuple[Link, ...]:
    """Our distributions for those of a foreign record, each with a name of its own."""
    taken: set[str] = set()
    links = []
    for position, one in enumerate(record.distributions):
        base = _NOT_SLUG.sub("-", (one.format or one.media_type).lower()).strip("-")[:40] or "data"
        slug = base
        number = 2
        while slug in taken:
            slug = f"{base}-{number}"
            number += 1
        taken.add(slug)
        links.append(_link(one, slug, position))
    return tuple(links)


def slug_of(record: RemoteRecord) -> str:
    """A name for addresses: the source's own, else from the title, else from the identifier."""
    own = record.name.lower()
    if re.fullmatch(r"[a-z0-9_-]{2,100}", own):
        return own
    base = _NOT_SLUG.sub("-", record.title.lower()).strip("-")[:_SLUG_BASE_CHARACTERS].strip("-")
    return base if len(base) >= 3 else f"{base}-{_short_name(record)}".strip("-")


def other_slug_of(record: RemoteRecord, publisher_slug: str) -> str:
    """Another name, where the first is taken: nobody else's record makes the same."""
    ending = f"-{publisher_slug[:20]}-{_short_name(record)}"
    return slug_of(record)[: SLUG_LENGTH_CHARACTERS - len(ending)] + ending


def cycle_of(text: str) -> UpdateCycle:
    """How often a source promises to bring its data up to date; irregular where that is unclear.

    Source: EU Vocabularies, Frequency; ISO 8601-2 repeating intervals, as DCAT-US uses them.
    """
    said = text.strip().lower().rpartition("/authority/frequency/")[2]
    if any(part in said for part in _NOT_THESE):
        return UpdateCycle.IRREGULAR
    for cycle, names in _CYCLES:
        if any(said.startswith(name) or said.endswith(name) for name in names):
            return cycle
    return UpdateCycle.IRREGULAR


def plain_words(text: str) -> str:
    """A text without markup; what has none is as it was."""
    if "<" not in text or not re.search(r"</?[a-zA-Z][^>]*>", text):
        return text
    words = _Words()
    words.feed(text)
    words.close()
    return words.text()


class _Words(HTMLParser):
    """Collects the words of a page and where its paragraphs end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = 0

    def handle_starttag(
        self,
        tag: str,
        attrs: list[tuple[str, str | None]],  # noqa: ARG002 - the parser's shape
    ) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        elif tag in ("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4"):
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(data)

    def text(self) -> str:
        """The words, a line a paragraph."""
        lines = ("".join(self._parts)).split("\n")
        return "\n".join(line for line in (" ".join(one.split()) for one in lines) if line)


class _Fitting:
    """Shortens what is too long and keeps the whole among the extras."""

    def __init__(self, extras: dict[str, str]) -> None:
        self._extras = extras

    def text(self, name: str, value: str) -> str:
        if len(value) > TEXT_LENGTH_CHARACTERS:
            self._extras[name] = value
        return value[:TEXT_LENGTH_CHARACTERS]

    def words(self, name: str, words: Text, characters_max: int) -> Text:
        for language, value in words.as_map().items():
            if len(value) > characters_max:
                self._extras.setdefault(f"{name}_{language}", value)
        return Text(zh=_cut(words.zh, characters_max), en=_cut(words.en, characters_max))


def _cut(text: str, characters_max: int) -> str:
    return text if len(text) <= characters_max else text[: characters_max - 1] + "…"


def _words(text: str, chinese: str) -> Text:
    """A text in its languages; without a mark, Chinese characters say Chinese."""
    if chinese:
        return Text(zh=chinese, en="" if text == chinese else text)
    return Text(zh=text) if _HAN.search(text) else Text(en=text)


def _open_type(record: RemoteRecord) -> OpenType:
    level = f"{record.access_level}".lower()
    if any(level.endswith(word) for word in _NON_PUBLIC):
        return OpenType.NOT_OPEN
    if any(word in level for word in _RESTRICTED):
        return OpenType.CONDITIONAL
    return OpenType.UNCONDITIONAL


def _day(text: str) -> date | None:
    """The day that a date or moment begins with; a year alone is its first day."""
    found = _DAY.match(text.strip())
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
        if _YEAR.fullmatch(text.strip()):
            return date(int(text), 1, 1)
    except ValueError:
        return None
    return None


def _bounded(extras: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key[:TEXT_LENGTH_CHARACTERS], value[:EXTRA_LENGTH_CHARACTERS])
        for key, value in extras.items()
        if key and value
    )[:EXTRAS_MAX]


def _link(one: RemoteDistribution, slug: str, position: int) -> Link:
    title = one.title or one.format or one.url
    return Link(
        title=_fit(_words(title, ""), TITLE_LENGTH_CHARACTERS),
        description=_fit(_words(plain_words(one.description), ""), SUMMARY_LENGTH_CHARACTERS),
        access_url=one.url[:ADDRESS_LENGTH_CHARACTERS],
        format=one.format[:LICENCE_LENGTH_CHARACTERS],
        media_type=one.media_type[:LICENCE_LENGTH_CHARACTERS],
        kind=one.kind[:LICENCE_LENGTH_CHARACTERS],
        details=dict(one.details),
        slug=slug,
        position=position,
    )


def _fit(words: Text, characters_max: int) -> Text:
    return Text(zh=_cut(words.zh, characters_max), en=_cut(words.en, characters_max))


def _short_name(record: RemoteRecord) -> str:
    return hashlib.sha256(record.identifier.encode()).hexdigest()[:10]
