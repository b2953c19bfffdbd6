"""A dataset and its distributions: what the publisher says of the data, and how far it has come.

Source: W3C DCAT 3, `dcat:Dataset` and `dcat:Distribution`; 政务数据共享条例 art. 13 and 14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from catalog.directory import Directory, RecordAudience
from catalog.errors import (
    ClassificationLoosened,
    LegalBasisMissing,
    TextTooLong,
    TextUnwritable,
    TitleMissing,
    TooManyEntries,
    WrongState,
)
from catalog.view import COLUMN_NAME_LENGTH_CHARACTERS, Json
from policies.terms import (
    DatasetId,
    Grade,
    OpenType,
    OrganizationId,
    ShareType,
    Text,
    UpdateCycle,
    UserId,
)

DistributionId = NewType("DistributionId", UUID)

TITLE_LENGTH_CHARACTERS = 1_000
SUMMARY_LENGTH_CHARACTERS = 200_000
BASIS_LENGTH_CHARACTERS = 2_000
LICENCE_LENGTH_CHARACTERS = 300
KEYWORD_LENGTH_CHARACTERS = 100
KEYWORDS_MAX = 500
KEY_COLUMNS_MAX = 16
REASON_LENGTH_CHARACTERS = 2_000
ADDRESS_LENGTH_CHARACTERS = 8_000
DISTRIBUTIONS_MAX = 1_000
INPUTS_MAX = 100


class DatasetState(StrEnum):
    """How far a dataset has come. A returned one is a draft again, with the reason."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"
    """Approved, and not yet put out."""
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


_NEXT: Mapping[DatasetState, frozenset[DatasetState]] = {
    # Straight from draft to published only where the profile decides instead of a person.
    DatasetState.DRAFT: frozenset(
        {DatasetState.SUBMITTED, DatasetState.PUBLISHED, DatasetState.WITHDRAWN}
    ),
    DatasetState.SUBMITTED: frozenset(
        {
            DatasetState.DRAFT,
            DatasetState.REVIEWED,
            DatasetState.PUBLISHED,
            DatasetState.WITHDRAWN,
        }
    ),
    DatasetState.REVIEWED: frozenset(
        {DatasetState.DRAFT, DatasetState.PUBLISHED, DatasetState.WITHDRAWN}
    ),
    DatasetState.PUBLISHED: frozenset({DatasetState.WITHDRAWN}),
    # Taken up again, it goes the whole way once more.
    DatasetState.WITHDRAWN: frozenset({DatasetState.DRAFT}),
}

_SHARE_ORDER = (ShareType.UNCONDITIONAL, ShareType.CONDITIONAL, ShareType.NOT_SHARED)
_OPEN_ORDER = (OpenType.UNCONDITIONAL, OpenType.CONDITIONAL, OpenType.NOT_OPEN)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the publisher enters in the catalogue about a dataset.

    Raises: TitleMissing, TextTooLong, TextUnwritable, TooManyEntries, LegalBasisMissing.
    Source: 政务数据共享条例 art. 13 (what an entry names), art. 14 (a refusal cites its basis).
    """

    title: Text
    grade: Grade
    share_type: ShareType
    open_type: OpenType
    update_cycle: UpdateCycle
    summary: Text = Text()  # noqa: RUF009  frozen
    share_basis: str = ""
    """Law, regulation or State Council decision by which the data is not shared."""
    open_basis: str = ""
    """Why the data is not open to the public."""
    licence: str = ""
    keywords: tuple[str, ...] = ()
    audience: RecordAudience = RecordAudience.PUBLIC
    """Who sees the record once it is published."""
    directory: Directory = Directory()  # noqa: RUF009  frozen

    def __post_init__(self) -> None:
        if not (self.title.zh.strip() or self.title.en.strip()):
            raise TitleMissing
        _check_words("title", self.title, TITLE_LENGTH_CHARACTERS)
        _check_words("summary", self.summary, SUMMARY_LENGTH_CHARACTERS)
        check_text("share_basis", self.share_basis, BASIS_LENGTH_CHARACTERS)
        check_text("open_basis", self.open_basis, BASIS_LENGTH_CHARACTERS)
        check_text("licence", self.licence, LICENCE_LENGTH_CHARACTERS)
        if len(self.keywords) > KEYWORDS_MAX:
            raise TooManyEntries("keywords", KEYWORDS_MAX)
        for keyword in self.keywords:
            check_text("keywords", keyword, KEYWORD_LENGTH_CHARACTERS)
        if self.share_type is ShareType.NOT_SHARED and not self.share_basis.strip():
            raise LegalBasisMissing("share_basis")
        if self.open_type is OpenType.NOT_OPEN and not self.open_basis.strip():
            raise LegalBasisMissing("open_basis")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as the catalogue holds it."""

    id: DatasetId
    slug: str
    publisher_id: OrganizationId
    entry: Entry
    state: DatasetState
    created_by: UserId | None
    """None where the system itself made it, as a harvest does."""
    created_at: datetime
    modified_at: datetime
    state_reason: str = ""
    """Why it was returned or withdrawn; empty in other states."""
    issued: datetime | None = None
    """First publication; None until then."""
    reader_ids: frozenset[UserId] = frozenset()
    """People of other organisations who were let in by name, to read the record."""
    editor_ids: frozenset[UserId] = frozenset()
    """The same, to change it."""
    submitted_by: UserId | None = None
    """Who handed the record itself to the approver last; None where nobody did."""
    reviewed_by: UserId | None = None
    reviewed_at: datetime | None = None
    is_purged: bool = False
    """Evidence still names it; for everybody else it is gone."""

    @property
    def is_for_all(self) -> bool:
        """Whether its own classes leave nothing for a person to weigh: everybody may have it."""
        entry = self.entry
        return (
            entry.grade is Grade.GENERAL
            and entry.open_type is OpenType.UNCONDITIONAL
            and entry.audience is RecordAudience.PUBLIC
        )

    def move_to(self, state: DatasetState, *, at: datetime, reason: str = "") -> Dataset:
        """The dataset in its next state.

        Raises: WrongState where no step leads there.
        """
        if state not in _NEXT[self.state]:
            raise WrongState(self.slug, self.state, state)
        issued = self.issued
        if state is DatasetState.PUBLISHED and issued is None:
            issued = at
        return replace(self, state=state, state_reason=reason, issued=issued, modified_at=at)

    def submitted(self, *, by: UserId, at: datetime) -> Dataset:
        """The dataset in its approver's hands.

        Raises: WrongState.
        """
        return replace(self.move_to(DatasetState.SUBMITTED, at=at), submitted_by=by)

    def reviewed(self, *, by: UserId | None, at: datetime) -> Dataset:
        """The dataset approved.

        Raises: WrongState.
        """
        moved = self.move_to(DatasetState.REVIEWED, at=at)
        return replace(moved, reviewed_by=by, reviewed_at=at)

    def described_as(self, entry: Entry, *, at: datetime) -> Dataset:
        """The dataset with another entry.

        Once approved, the grade may only rise and the classes only become stricter: a person
        approved what the record said then. While it lies with the approver it stays as it is.

        Raises: WrongState where it is submitted or withdrawn; ClassificationLoosened.
        """
        match self.state:
            case DatasetState.DRAFT:
                pass
            case DatasetState.PUBLISHED:
                self._refuse_looser(entry)
            case DatasetState.SUBMITTED | DatasetState.REVIEWED | DatasetState.WITHDRAWN:
                raise WrongState(self.slug, self.state, DatasetState.DRAFT)
        return replace(self, entry=entry, modified_at=at)

    def _refuse_looser(self, entry: Entry) -> None:
        if entry.grade < self.entry.grade:
            raise ClassificationLoosened("grade")
        if _SHARE_ORDER.index(entry.share_type) < _SHARE_ORDER.index(self.entry.share_type):
            raise ClassificationLoosened("share_type")
        if _OPEN_ORDER.index(entry.open_type) < _OPEN_ORDER.index(self.entry.open_type):
            raise ClassificationLoosened("open_type")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One form of a dataset's data; versions belong to it.

    Raises: TextTooLong, TextUnwritable, TooManyEntries.
    """

    id: DistributionId
    dataset_id: DatasetId
    slug: str
    title: Text
    key_columns: tuple[str, ...]
    """The columns by which the serving copy is sorted; may be empty."""
    created_at: datetime
    modified_at: datetime
    description: Text = Text()  # noqa: RUF009  frozen
    access_url: str = ""
    """Where the data is; empty where it is here."""
    format: str = ""
    media_type: str = ""
    kind: str = ""
    """What clients of CKAN call the kind of resource."""
    position: int = 0
    details: Mapping[str, Json] = field(default_factory=dict)
    """What clients of CKAN keep with a resource and nothing here reads."""
    is_removed: bool = False

    def __post_init__(self) -> None:
        _check_words("title", self.title, TITLE_LENGTH_CHARACTERS)
        _check_words("description", self.description, SUMMARY_LENGTH_CHARACTERS)
        check_text("access_url", self.access_url, ADDRESS_LENGTH_CHARACTERS)
        for name in ("format", "media_type", "kind"):
            check_text(name, getattr(self, name), LICENCE_LENGTH_CHARACTERS)
        if len(self.key_columns) > KEY_COLUMNS_MAX:
            raise TooManyEntries("key_columns", KEY_COLUMNS_MAX)
        for column in self.key_columns:
            check_text("key_columns", column, COLUMN_NAME_LENGTH_CHARACTERS)


def check_text(field: str, text: str, characters_max: int) -> None:
    """Refuse a text that is too long or cannot be stored.

    Raises: TextTooLong, TextUnwritable.
    """
    if len(text) > characters_max:
        raise TextTooLong(field, characters_max)
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise TextUnwritable(field)


def _check_words(field: str, words: Text, characters_max: int) -> None:
    check_text(field, words.zh, characters_max)
    check_text(field, words.en, characters_max)
