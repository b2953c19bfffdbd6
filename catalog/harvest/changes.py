"""Compare what a source says now with what it said last: what came, changed, went, looks odd.

Identifiers change their scheme (http to https, another host, another portal), so a record is known
again by several keys, the surest first. Addresses shared by several records name none of them.
What only the title suggests is told, not acted on, unless the identifiers changed altogether.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from catalog.harvest.remote_record import (
    Finding,
    FindingKind,
    Reading,
    ReadRecord,
    RefusedRecord,
    RemoteRecord,
)
from catalog.harvest.source import Matching
from catalog.view import Json
from policies.terms import DatasetId

SHOWN_CHARACTERS: Final = 500
"""Of a value in a difference."""
ROUND_NUMBERS: Final = frozenset({100, 250, 500, 1_000, 2_000, 5_000, 10_000})
"""Counts that look like the bound of a page rather than the size of a catalogue."""
RENUMBERED_PERMILLE: Final = 500
"""Where sure keys know fewer than this many again, titles are believed."""


class Act(StrEnum):
    """What is to be done about a record."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"
    """It is gone at the source."""
    RETURN = "return"
    """It was gone and is back."""
    SUSPECT = "suspect"
    """Nothing is done; somebody should look."""
    REFUSE = "refuse"
    """It could not be read."""


class Key(StrEnum):
    """By what a record was known again, the surest first."""

    IDENTIFIER = "identifier"
    NORMALISED = "normalised"
    """The identifier but for scheme, capital letters and what stands at its ends."""
    ITEM = "item"
    """The item's own name at the end of the identifier."""
    LANDING_PAGE = "landing_page"
    DISTRIBUTIONS = "distributions"
    TITLE = "title"
    """Title and publisher."""


class Kind(StrEnum):
    """What became different."""

    RETITLED = "retitled"
    REDATED = "redated"
    REDESCRIBED = "redescribed"
    REKEYED = "rekeyed"
    """Keywords or themes."""
    LICENCE = "licence"
    CONTACT = "contact"
    PUBLISHER = "publisher"
    COVERAGE = "coverage"
    DISTRIBUTIONS = "distributions"
    MOVED = "moved"
    """Only addresses, and only in what does not tell things apart."""
    OTHER = "other"


class Suspicion(StrEnum):
    """Why somebody should look."""

    TWIN = "twin"
    """One that went and one that came bear the same title."""
    WENT_BACK = "went_back"
    """Its date is earlier than before."""
    EMPTIED = "emptied"
    """It has lost its description or all its distributions."""
    WEAK_MATCH = "weak_match"
    """It was known again by its title alone."""
    ELSEWHERE = "elsewhere"
    """Another source brings the same record."""


class NoteKind(StrEnum):
    """What is to be said of the whole."""

    MOVED_TO_HTTPS = "moved_to_https"
    MOVED_HOST = "moved_host"
    RENUMBERED = "renumbered"
    ROUND_NUMBER = "round_number"
    REFUSED = "refused"
    FINDINGS = "findings"


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the whole, with how many records it concerns."""

    kind: NoteKind
    count: int
    before: str = ""
    after: str = ""

    def as_json(self) -> dict[str, Json]:
        """The stored form."""
        return {
            "kind": self.kind.value,
            "count": self.count,
            "before": self.before,
            "after": self.after,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Note:
        """Read the stored form."""
        return cls(
            NoteKind(str(stored["kind"])),
            int(str(stored["count"])),
            str(stored.get("before", "")),
            str(stored.get("after", "")),
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that became different."""

    kind: Kind
    field: str
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        """The stored form."""
        return {
            "kind": self.kind.value,
            "field": self.field,
            "before": self.before,
            "after": self.after,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Difference:
        """Read the stored form."""
        return cls(
            Kind(str(stored["kind"])),
            str(stored["field"]),
            str(stored.get("before", "")),
            str(stored.get("after", "")),
        )


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What the source said last of a record, and whether it was there then."""

    dataset_id: DatasetId
    record: RemoteRecord
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One record and what is to be done about it."""

    act: Act
    identifier: str
    title: str
    dataset_id: DatasetId | None = None
    """None for what is new or could not be read."""
    remote: RemoteRecord | None = None
    """None for what went."""
    matched_by: Key | None = None
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    suspicion: Suspicion | None = None
    other_title: str = ""
    """For a suspicion: the other record that it is about."""


@dataclass(frozen=True, slots=True)
class Guard:
    """The bound against mass loss, and what it found."""

    known: int
    """Records that were there before."""
    gone: int
    bound_permille: int

    @property
    def stands(self) -> bool:
        """Whether more would go than the source's bound allows."""
        return self.gone > 0 and self.gone * 1000 > self.known * self.bound_permille

    @property
    def gone_permille(self) -> int:
        """How many of a thousand would go."""
        return self.gone * 1000 // self.known if self.known else 0

    def as_json(self) -> dict[str, int]:
        """The stored form."""
        return {"known": self.known, "gone": self.gone, "bound_permille": self.bound_permille}

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Guard:
        """Read the stored form."""
        return cls(*(int(str(stored[name])) for name in ("known", "gone", "bound_permille")))


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that would be done."""

    items: tuple[Item, ...]
    """What is to be done first, what is only told last; each in the source's order."""
    same: int
    """Records that are as they were."""
    notes: tuple[Note, ...]
    guard: Guard

    def counts(self) -> dict[str, int]:
        """How many records fall to each act, and how many changed in which way."""
        counted: Counter[str] = Counter({"same": self.same})
        for item in self.items:
            counted[item.act.value] += 1
            for kind in {difference.kind for difference in item.differences}:
                counted[kind.value] += 1
        return dict(counted)


def compare(
    reading: Reading,
    known: Sequence[KnownRecord],
    *,
    matching: Matching,
    guard_permille: int,
) -> Plan:
    """What the source says now against what it said last."""
    remote, twice = _without_twins(reading.records)
    pairs, is_renumbered = _match(remote, known, matching)
    items: list[Item] = []
    suspected: list[Item] = []
    same = 0
    matched = set()
    for place, read in enumerate(remote):
        found = pairs.get(place)
        record = read.record
        if found is None:
            items.append(_item(Act.ADD, read))
            continue
        old, key = found
        matched.add(old.dataset_id)
        differences = differences_of(old.record, record)
        item = _item(Act.RETURN if old.is_gone else Act.CHANGE, read, old, key, differences)
        if old.is_gone or differences:
            items.append(item)
        else:
            same += 1
        suspected += _suspicions(item, old.record, is_renumbered=is_renumbered)
    gone = [one for one in known if one.dataset_id not in matched and not one.is_gone]
    removals = [
        Item(
            act=Act.REMOVE,
            identifier=one.record.identifier,
            title=one.record.title,
            dataset_id=one.dataset_id,
        )
        for one in gone
    ]
    suspected += _twins(items, gone)
    items += removals
    there_before = sum(not one.is_gone for one in known)
    notes = _notes(reading, items, is_renumbered=is_renumbered)
    refused = [_refusal(one) for one in (*reading.refused, *twice)]
    return Plan(
        items=(*items, *suspected, *refused),
        same=same,
        notes=notes,
        guard=Guard(there_before, len(gone), guard_permille),
    )


def differences_of(before: RemoteRecord, after: RemoteRecord) -> tuple[Difference, ...]:
    """What the source says differently; addresses that only moved are told as such."""
    found: list[Difference] = []

    def tell(kind: Kind, name: str, old: str, new: str) -> None:
        found.append(Difference(kind, name, old[:SHOWN_CHARACTERS], new[:SHOWN_CHARACTERS]))

    for name, kind in _KINDS.items():
        old, new = _shown(getattr(before, name)), _shown(getattr(after, name))
        if old == new:
            continue
        is_move = name in _ADDRESSES and same_address(old, new)
        tell(Kind.MOVED if is_move else kind, name, old, new)
    _compare_distributions(before, after, tell)
    _compare_extras(before, after, tell)
    return tuple(found)


def same_address(one: str, other: str) -> bool:
    """Whether two addresses lead to one place, whatever their scheme."""
    return normalised(one) == normalised(other)


def normalised(address: str) -> str:
    """An address or identifier without what does not tell things apart: scheme, `www.`, default
    ports, capital letters of the host, percent signs, slashes and marks at its ends.
    """
    text = address.strip()
    scheme, mark, rest = text.partition("://")
    if not mark or not _SCHEME.fullmatch(scheme):
        return text.strip("/").casefold() if " " not in text else text
    rest = rest.partition("#")[0] if "#" in rest and "=" not in rest.rpartition("#")[2] else rest
    host, slash, path = rest.partition("/")
    host = host.lower().removeprefix("www.")
    host = host.removesuffix(":80").removesuffix(":443")
    return (host + slash + unquote(path)).rstrip("/?&#")


_SCHEME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*")
_ITEM: Final = re.compile(
    r"[0-9a-f]{32}(?:_\d+)?|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE
)
_ADDRESSES: Final = frozenset({"identifier", "landing_page", "licence", "conforms_to"})
_KINDS: Final[Mapping[str, Kind]] = {
    "title": Kind.RETITLED,
    "title_zh": Kind.RETITLED,
    "issued": Kind.REDATED,
    "modified": Kind.REDATED,
    "summary": Kind.REDESCRIBED,
    "summary_zh": Kind.REDESCRIBED,
    "keywords": Kind.REKEYED,
    "themes": Kind.REKEYED,
    "licence": Kind.LICENCE,
    "rights": Kind.LICENCE,
    "access_level": Kind.LICENCE,
    "publisher": Kind.PUBLISHER,
    "contact_name": Kind.CONTACT,
    "contact_email": Kind.CONTACT,
    "contact_phone": Kind.CONTACT,
    "author": Kind.CONTACT,
    "author_email": Kind.CONTACT,
    "spatial": Kind.COVERAGE,
    "temporal_start": Kind.COVERAGE,
    "temporal_end": Kind.COVERAGE,
    "identifier": Kind.OTHER,
    "name": Kind.OTHER,
    "landing_page": Kind.OTHER,
    "update_cycle": Kind.OTHER,
    "version_label": Kind.OTHER,
    "conforms_to": Kind.OTHER,
    "provenance": Kind.OTHER,
    "source_system": Kind.OTHER,
    "languages": Kind.OTHER,
    "other_identifiers": Kind.OTHER,
}

_Tell = Callable[[Kind, str, str, str], None]


def _shown(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _compare_distributions(before: RemoteRecord, after: RemoteRecord, tell: _Tell) -> None:
    if before.distributions == after.distributions:
        return
    old = [_but_for_scheme(one.url, *_rest(one)) for one in before.distributions]
    new = [_but_for_scheme(one.url, *_rest(one)) for one in after.distributions]
    kind = Kind.MOVED if old == new else Kind.DISTRIBUTIONS
    shown = [
        (left, right)
        for left, right in zip(
            [one.url for one in before.distributions] + [""] * len(new),
            [one.url for one in after.distributions] + [""] * len(old),
            strict=False,
        )
        if left != right
    ]
    left, right = shown[0] if shown else ("", "")
    tell(kind, "distributions", left, right)


def _rest(one: object) -> tuple[object, ...]:
    return (
        getattr(one, "title", ""),
        getattr(one, "description", ""),
        getattr(one, "format", ""),
        getattr(one, "media_type", ""),
        getattr(one, "kind", ""),
        getattr(one, "details", ()),
    )


def _but_for_scheme(url: str, *rest: object) -> tuple[object, ...]:
    return (normalised(url), *rest)


def _compare_extras(before: RemoteRecord, after: RemoteRecord, tell: _Tell) -> None:
    old, new = dict(before.extras), dict(after.extras)
    for key in (*old, *(key for key in new if key not in old)):
        left, right = old.get(key, ""), new.get(key, "")
        if left != right:
            tell(Kind.MOVED if same_address(left, right) else Kind.OTHER, key, left, right)


def _without_twins(
    records: Sequence[ReadRecord],
) -> tuple[list[ReadRecord], list[RefusedRecord]]:
    """Each identifier once, the first; the others are told."""
    seen: set[str] = set()
    kept: list[ReadRecord] = []
    twice: list[RefusedRecord] = []
    for place, read in enumerate(records, start=1):
        identifier = read.record.identifier
        if identifier in seen:
            finding = Finding(FindingKind.IDENTIFIER_TWICE, "identifier", identifier[:200])
            twice.append(RefusedRecord(place, read.record.title, finding))
            continue
        seen.add(identifier)
        kept.append(read)
    return kept, twice


_Pairs = dict[int, tuple[KnownRecord, Key]]


def _match(
    remote: Sequence[ReadRecord], known: Sequence[KnownRecord], matching: Matching
) -> tuple[_Pairs, bool]:
    """Which record is which; True where the identifiers changed altogether."""
    pairs: _Pairs = {}
    left_known = list(known)
    for key in (Key.IDENTIFIER,) if matching is Matching.STRICT else _SURE_KEYS:
        left_known = _pair_by(key, remote, left_known, pairs)
    live = [one for one in left_known if not one.is_gone]
    there = sum(not one.is_gone for one in known)
    is_renumbered = (
        matching is not Matching.STRICT
        and bool(pairs or remote)
        and len(live) * 1000 > there * RENUMBERED_PERMILLE
    )
    if is_renumbered:
        _pair_by(Key.TITLE, remote, left_known, pairs)
        is_renumbered = any(key is Key.TITLE for _, key in pairs.values())
    return pairs, is_renumbered


_SURE_KEYS: Final = (
    Key.IDENTIFIER,
    Key.NORMALISED,
    Key.ITEM,
    Key.LANDING_PAGE,
    Key.DISTRIBUTIONS,
)


def _pair_by(
    key: Key, remote: Sequence[ReadRecord], known: list[KnownRecord], pairs: _Pairs
) -> list[KnownRecord]:
    """Pair what has no pair yet and shares a value that no other record has; say what is left."""
    if not known:
        return known
    open_places = [place for place in range(len(remote)) if place not in pairs]
    theirs = _only_once((place, _values(key, remote[place].record)) for place in open_places)
    ours = _only_once((place, _values(key, one.record)) for place, one in enumerate(known))
    shared: defaultdict[tuple[int, int], int] = defaultdict(int)
    for value, place in theirs.items():
        if value in ours:
            shared[place, ours[value]] += 1
    taken: set[int] = set()
    for (place, at), _ in sorted(shared.items(), key=lambda one: (-one[1], one[0])):
        if place in pairs or at in taken:
            continue
        if key is Key.DISTRIBUTIONS and not _is_mostly_the_same(
            remote[place].record, known[at].record
        ):
            continue
        pairs[place] = (known[at], key)
        taken.add(at)
    return [one for at, one in enumerate(known) if at not in taken]


def _only_once(values: Iterable[tuple[int, Iterable[str]]]) -> dict[str, int]:
    """Values that one record alone has."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for place, each in values:
        for value in set(each):
            if not value or value in shared:
                continue
            if value in found:
                shared.add(value)
                del found[value]
                continue
            found[value] = place
    return found


def _values(key: Key, record: RemoteRecord) -> Iterable[str]:
    match key:
        case Key.IDENTIFIER:
            return (record.identifier,)
        case Key.NORMALISED:
            return (normalised(record.identifier), *map(normalised, record.other_identifiers))
        case Key.ITEM:
            return (item_of(record.identifier),)
        case Key.LANDING_PAGE:
            return (normalised(record.landing_page),)
        case Key.DISTRIBUTIONS:
            return [normalised(one.url) for one in record.distributions]
        case Key.TITLE:
            return (_title_key(record),)


def item_of(identifier: str) -> str:
    """The item's own name in an identifier: a long hexadecimal one anywhere, else the last part of
    an address; empty where there is none that would tell items apart.
    """
    found = _ITEM.findall(identifier)
    if found:
        return str(found[-1]).lower()
    if "://" not in identifier:
        return ""
    path = urlsplit_safely(identifier)
    last = path.rstrip("/").rpartition("/")[2]
    return unquote(last).lower() if len(last) >= 3 else ""


def urlsplit_safely(address: str) -> str:
    """The path of an address, or nothing where it is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.path if not parts.query else f"{parts.path}?{parts.query}"


def _title_key(record: RemoteRecord) -> str:
    words = " ".join((record.title or record.title_zh).casefold().split())
    return f"{words}\n{' '.join(record.publisher.casefold().split())}" if words else ""


def _is_mostly_the_same(one: RemoteRecord, other: RemoteRecord) -> bool:
    """Whether most addresses of two records are the same, so that they are forms of one thing."""
    ours = {normalised(each.url) for each in one.distributions}
    theirs = {normalised(each.url) for each in other.distributions}
    return 2 * len(ours & theirs) > max(len(ours), len(theirs))


def _item(
    act: Act,
    read: ReadRecord,
    old: KnownRecord | None = None,
    key: Key | None = None,
    differences: tuple[Difference, ...] = (),
) -> Item:
    return Item(
        act=act,
        identifier=read.record.identifier,
        title=read.record.title or read.record.title_zh,
        dataset_id=old.dataset_id if old else None,
        remote=read.record,
        matched_by=key,
        differences=differences,
        findings=read.findings,
    )


def _suspicions(item: Item, before: RemoteRecord, *, is_renumbered: bool) -> list[Item]:
    after = item.remote
    assert after is not None
    found: list[Suspicion] = []
    if item.matched_by is Key.TITLE and is_renumbered:
        found.append(Suspicion.WEAK_MATCH)
    if _is_earlier(after.modified, before.modified):
        found.append(Suspicion.WENT_BACK)
    if (before.distributions and not after.distributions) or (
        len(before.summary) > SHOWN_CHARACTERS // 10 and not after.summary
    ):
        found.append(Suspicion.EMPTIED)
    return [
        Item(
            act=Act.SUSPECT,
            identifier=item.identifier,
            title=item.title,
            dataset_id=item.dataset_id,
            matched_by=item.matched_by,
            suspicion=suspicion,
            other_title=before.title or before.title_zh,
        )
        for suspicion in found
    ]


_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?")


def _is_earlier(after: str, before: str) -> bool:
    new, old = _MOMENT.match(after), _MOMENT.match(before)
    return new is not None and old is not None and new.group()[:10] < old.group()[:10]


def _twins(items: Sequence[Item], gone: Sequence[KnownRecord]) -> list[Item]:
    """What went and came under one title: perhaps one thing, which somebody should look at."""
    went = {_title_key(one.record): one for one in gone}
    twins = []
    for item in items:
        if item.act is not Act.ADD or item.remote is None:
            continue
        old = went.get(_title_key(item.remote))
        if old is not None:
            twins.append(
                Item(
                    act=Act.SUSPECT,
                    identifier=item.identifier,
                    title=item.title,
                    dataset_id=old.dataset_id,
                    matched_by=Key.TITLE,
                    suspicion=Suspicion.TWIN,
                    other_title=old.record.identifier,
                )
            )
    return twins


def _refusal(one: RefusedRecord) -> Item:
    return Item(
        act=Act.REFUSE,
        identifier=f"#{one.position}",
        title=one.title,
        findings=(one.finding,),
    )


def _notes(reading: Reading, items: Sequence[Item], *, is_renumbered: bool) -> tuple[Note, ...]:
    notes: list[Note] = []
    secured: Counter[str] = Counter()
    rehosted: Counter[tuple[str, str]] = Counter()
    for item in items:
        if any(
            old.startswith("http://") and new.startswith("https://") for old, new in _moves(item)
        ):
            secured[""] += 1
        hosts = {(_host(old), _host(new)) for old, new in _moves(item)}
        for pair in hosts:
            if pair[0] != pair[1]:
                rehosted[pair] += 1
    if secured:
        notes.append(Note(NoteKind.MOVED_TO_HTTPS, secured[""], "http", "https"))
    notes += [
        Note(NoteKind.MOVED_HOST, count, before, after)
        for (before, after), count in rehosted.most_common(3)
    ]
    if is_renumbered:
        by_title = sum(item.matched_by is Key.TITLE for item in items)
        notes.append(Note(NoteKind.RENUMBERED, by_title))
    if len(reading.records) in ROUND_NUMBERS:
        notes.append(Note(NoteKind.ROUND_NUMBER, len(reading.records)))
    if reading.refused:
        notes.append(Note(NoteKind.REFUSED, len(reading.refused)))
    with_findings = sum(bool(read.findings) for read in reading.records)
    if with_findings:
        notes.append(Note(NoteKind.FINDINGS, with_findings))
    return tuple(notes)


def _moves(item: Item) -> list[tuple[str, str]]:
    """Pairs of addresses of one field, before and after."""
    return [
        (difference.before, difference.after)
        for difference in item.differences
        if "://" in difference.before
        and "://" in difference.after
        and (difference.kind is Kind.MOVED or difference.field in ("identifier", "landing_page"))
    ]


def _host(address: str) -> str:
    return normalised(address).partition("/")[0]
