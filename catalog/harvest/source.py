"""A catalogue of others that is taken in, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType
from urllib.parse import urlsplit
from uuid import UUID

from catalog.harvest.errors import (
    KindNeedsAddress,
    MalformedAddress,
    MalformedOption,
    SourceIsEmpty,
)
from policies.errors import TitleMissing
from policies.terms import OrganizationId, Text, UserId

SourceId = NewType("SourceId", UUID)

TITLE_LENGTH_CHARACTERS: Final = 200
ADDRESS_LENGTH_CHARACTERS: Final = 2_000
OPTION_LENGTH_CHARACTERS: Final = 2_000
OPTIONS_MAX: Final = 60
ANSWER_BYTES_MAX: Final = 128 << 20
"""Of a file, or of one answer."""
GUARD_PERMILLE: Final = 200
"""More than a fifth gone at once is more likely a fault of the source than its will."""


class SourceKind(StrEnum):
    """What the source speaks."""

    CKAN = "ckan"
    DCAT = "dcat"
    DATA_JSON = "data_json"
    OAI_PMH = "oai_pmh"
    CSV_MANIFEST = "csv_manifest"


class Schedule(StrEnum):
    """How often it is looked at."""

    BY_HAND = "by_hand"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Matching(StrEnum):
    """How a record is known again."""

    SEVERAL_KEYS = "several_keys"
    """By identifier, then by what else may name it."""
    STRICT = "strict"
    """By the identifier exactly as it was."""


_EVERY: Final[Mapping[Schedule, timedelta]] = {
    Schedule.HOURLY: timedelta(hours=1),
    Schedule.DAILY: timedelta(days=1),
    Schedule.WEEKLY: timedelta(weeks=1),
    Schedule.MONTHLY: timedelta(days=30),
}

OPTIONS: Final[Mapping[SourceKind, frozenset[str]]] = {
    SourceKind.CKAN: frozenset({"organizations", "groups", "query"}),
    SourceKind.DCAT: frozenset(),
    SourceKind.DATA_JSON: frozenset(),
    SourceKind.OAI_PMH: frozenset({"set", "prefix"}),
    SourceKind.CSV_MANIFEST: frozenset({"encoding", "delimiter"}),
}
"""Options of each kind; a manifest may also map its columns, as `column:title`."""
COLUMN_OPTION: Final = "column:"


@dataclass(frozen=True, slots=True)
class Validators:
    """What an answer said of itself, so that the same one need not be sent again.

    Source: RFC 9110 s. 13 (conditional requests).
    """

    etag: str = ""
    last_modified: str = ""
    sha256: str = ""
    """Of the whole answer; for sources that say nothing of themselves."""

    def as_json(self) -> dict[str, str]:
        """The stored form."""
        return {
            "etag": self.etag,
            "last_modified": self.last_modified,
            "sha256": self.sha256,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Validators:
        """Read the stored form."""
        return cls(*(str(stored.get(name, "")) for name in ("etag", "last_modified", "sha256")))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a publisher says of a source.

    Raises: TitleMissing, MalformedAddress, MalformedOption.
    """

    title: Text
    kind: SourceKind
    address: str = ""
    """Empty where the publisher sends the file."""
    schedule: Schedule = Schedule.BY_HAND
    matching: Matching = Matching.SEVERAL_KEYS
    guard_permille: int = GUARD_PERMILLE
    options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.title.zh.strip() or self.title.en.strip()) or any(
            len(words) > TITLE_LENGTH_CHARACTERS for words in (self.title.zh, self.title.en)
        ):
            raise TitleMissing(TITLE_LENGTH_CHARACTERS)
        if self.address:
            check_address(self.address)
        if not 0 <= self.guard_permille <= 1000:
            raise MalformedOption("guard", str(self.guard_permille))
        if len(self.options) > OPTIONS_MAX:
            raise MalformedOption("options", str(len(self.options)))
        for name, value in self.options.items():
            is_column = self.kind is SourceKind.CSV_MANIFEST and name.startswith(COLUMN_OPTION)
            if not is_column and name not in OPTIONS[self.kind]:
                raise MalformedOption(name[:80], value[:80])
            if len(value) > OPTION_LENGTH_CHARACTERS or not value.isprintable():
                raise MalformedOption(name[:80], value[:80])


@dataclass(frozen=True, slots=True)
class HarvestSource:
    """A source as it stands."""

    id: SourceId
    publisher_id: OrganizationId
    wishes: Wishes
    created_by: UserId | None
    created_at: datetime
    changed_by: UserId | None
    """Who said last where its records come from."""
    modified_at: datetime
    blob_sha256: str | None = None
    """The file that was sent last; None where none was."""
    file_name: str = ""
    is_paused: bool = False
    approved_by: UserId | None = None
    approved_at: datetime | None = None
    """Since when its records may be published on the word of the source; None: not yet."""
    next_at: datetime | None = None
    """When it is looked at next; None: by hand."""
    validators: Validators = Validators()
    last_run_id: UUID | None = None
    """The run that made the present state; None before the first."""

    @property
    def is_approved(self) -> bool:
        """Whether the standing decision to publish its records was made."""
        return self.approved_at is not None

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to read."""
        return bool(self.wishes.address) or self.blob_sha256 is not None

    def check_is_ready(self) -> None:
        """Refuse to read nothing.

        Raises: SourceIsEmpty, KindNeedsAddress.
        """
        if self.wishes.address:
            return
        if self.wishes.kind in (SourceKind.CKAN, SourceKind.OAI_PMH):
            raise KindNeedsAddress(self.wishes.kind)
        if self.blob_sha256 is None:
            raise SourceIsEmpty

    def comes_from_the_same(self, wishes: Wishes) -> bool:
        """Whether records would still come from whom the approver stood in for: the same host,
        or still from the publisher's own files, read as the same kind.
        """
        return (
            wishes.kind is self.wishes.kind
            and urlsplit(wishes.address).netloc.lower()
            == urlsplit(self.wishes.address).netloc.lower()
        )

    def due_after(self, at: datetime) -> datetime | None:
        """When it is looked at next after `at`; None: by hand."""
        every = _EVERY.get(self.wishes.schedule)
        return None if every is None or not self.wishes.address else at + every


def check_address(address: str) -> str:
    """Return an address that something could be fetched from.

    Raises: MalformedAddress.
    """
    shown = address[:200]
    if len(address) > ADDRESS_LENGTH_CHARACTERS or not address.isprintable() or " " in address:
        raise MalformedAddress(shown)
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise MalformedAddress(shown) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise MalformedAddress(shown)
    # Names and passwords in addresses end up in logs.
    if parts.username is not None or parts.password is not None:
        raise MalformedAddress(f"{parts.scheme}://…@{parts.hostname}")
    return address
