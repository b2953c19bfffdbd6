"""Versions of a distribution's data, their columns, how the file was read, and uploads.

A version is immutable: a Delta version plus the digests of the files that it consists of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from catalog.dataset import DistributionId
from catalog.view import Json
from catalog.way_in import Change, Way
from policies.terms import UserId, VersionId

UploadId = NewType("UploadId", UUID)
ReportId = NewType("ReportId", UUID)

FILE_NAME_LENGTH_CHARACTERS = 255


class ColumnType(StrEnum):
    """What the values of a column are. Times without a zone are `timestamp`, else `instant`."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    INSTANT = "instant"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a version. `scale` counts the digits after the point of a decimal."""

    name: str
    type: ColumnType
    precision: int | None = None
    scale: int | None = None
    declared: str | None = None
    """What its values were declared to be where `type` says less, such as `json` or `_text`."""

    def as_json(self) -> dict[str, Json]:
        """The stored form; precision and scale stand only at decimals."""
        plain: dict[str, Json] = {"name": self.name, "type": self.type.value}
        if self.type is ColumnType.DECIMAL:
            plain |= {"precision": self.precision, "scale": self.scale}
        if self.declared is not None:
            plain["declared"] = self.declared
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> Column:
        """Read the stored form."""
        precision, scale = stored.get("precision"), stored.get("scale")
        declared = stored.get("declared")
        return cls(
            str(stored["name"]),
            ColumnType(str(stored["type"])),
            precision if isinstance(precision, int) else None,
            scale if isinstance(scale, int) else None,
            declared if isinstance(declared, str) else None,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file was read: everything that was assumed rather than said by the file itself."""

    encoding: str
    delimiter: str
    quote: str
    """Empty where quotes are ordinary characters."""
    has_header: bool
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Column name here → name in the file, where that was empty, doubled or not there."""
    nulls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column → texts that were read as “no value”, besides empty cells."""
    formats: Mapping[str, str] = field(default_factory=dict)
    """Column → how its dates are written, where not as in ISO 8601."""
    ambiguous: tuple[str, ...] = ()
    """Columns of dates that stay text since day and month cannot be told apart."""
    kind: str = "delimited"
    """What kind of file it was; encoding, delimiter and quote are empty where they mean nothing."""
    header_row: int = 0
    """Where the names of the columns stand, counted from 1; 0 where nowhere or in no row."""
    part: str = ""
    """The sheet, member, list or layer that was read, of a file with several."""
    parts: tuple[str, ...] = ()
    """All that could have been read."""
    notes: tuple[str, ...] = ()
    """Words around the table that are no rows of it, such as a title or a source."""
    confidence_percent: int = 100
    """How sure the choice of part and heading is."""
    misfits: Mapping[str, int] = field(default_factory=dict)
    """Column → how many of its cells did not fit its type and were set aside."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """Column → what a list of columns in the same file says of it."""
    field_list: str = ""
    """The part of the file that is this list; empty where there is none."""
    media_type: str = ""
    """What a document is by its bytes; empty for tables."""

    def as_json(self) -> dict[str, Json]:
        """The stored form."""
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "has_header": self.has_header,
            "renamed": dict(self.renamed),
            "nulls": {column: list(tokens) for column, tokens in self.nulls.items()},
            "formats": dict(self.formats),
            "ambiguous": list(self.ambiguous),
            "kind": self.kind,
            "header_row": self.header_row,
            "part": self.part,
            "parts": list(self.parts),
            "notes": list(self.notes),
            "confidence_percent": self.confidence_percent,
            "misfits": dict(self.misfits),
            "meanings": dict(self.meanings),
            "field_list": self.field_list,
            "media_type": self.media_type,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Reading:
        """Read the stored form."""
        nulls = _mapping(stored.get("nulls"))
        return cls(
            encoding=str(stored["encoding"]),
            delimiter=str(stored["delimiter"]),
            quote=str(stored["quote"]),
            has_header=bool(stored["has_header"]),
            renamed={name: str(was) for name, was in _mapping(stored.get("renamed")).items()},
            nulls={column: _texts(tokens) for column, tokens in nulls.items()},
            formats={name: str(form) for name, form in _mapping(stored.get("formats")).items()},
            ambiguous=_texts(stored.get("ambiguous")),
            # Versions that were read earlier do not tell of these.
            kind=str(stored.get("kind", "delimited")),
            header_row=_count(stored.get("header_row")),
            part=str(stored.get("part", "")),
            parts=_texts(stored.get("parts")),
            notes=_texts(stored.get("notes")),
            confidence_percent=_count(stored.get("confidence_percent", 100)),
            misfits={name: _count(n) for name, n in _mapping(stored.get("misfits")).items()},
            meanings={name: str(said) for name, said in _mapping(stored.get("meanings")).items()},
            field_list=str(stored.get("field_list", "")),
            media_type=str(stored.get("media_type", "")),
        )


class Stage(StrEnum):
    """What the reading of an uploaded file does now, in order."""

    RECOGNISING = "recognising"
    READING = "reading"
    TYPING = "typing"
    STORING = "storing"


class UploadState(StrEnum):
    """How far the reading of an uploaded file has come."""

    HELD = "held"
    """Arrived, and not to be read before the publisher has looked how."""
    QUEUED = "queued"
    INGESTING = "ingesting"
    INGESTED = "ingested"
    PARTED = "parted"
    """An archive of several tables, each of which became an upload of its own."""
    KEPT = "kept"
    """No table: its bytes are handed out as they came."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """The refusal that ended an upload, kept so that it can be read in any language."""

    code: str
    """Name of the refusal's class in `catalog.errors`."""
    facts: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that arrived for a distribution."""

    id: UploadId
    distribution_id: DistributionId
    file_name: str
    blob_sha256: str
    size_bytes: int
    uploaded_by: UserId | None
    """None where the system itself fetched it."""
    uploaded_at: datetime
    state: UploadState
    stage: str = ""
    """What the job does now: one of `Stage`, or empty."""
    done_permille: int = 0
    attempts: int = 0
    failure: Failure | None = None
    """Set in state FAILED alone."""
    wish: Mapping[str, Json] = field(default_factory=dict)
    """The publisher's choices, as `catalog.files.wish.Wish` writes them."""
    parent_id: UploadId | None = None
    """The archive that it is a part of; None where it arrived by itself."""
    way: Way = Way.REPLACE


class VersionState(StrEnum):
    """Who may read a version: until it is published, the publisher's own people alone."""

    CREATED = "created"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class VersionKind(StrEnum):
    """How a version came about."""

    UPLOAD = "upload"
    """A file was read."""
    STEP = "step"
    """A batch of rows changed the version before; lists fold it away once there is a later one."""
    SETTLED = "settled"
    """The rows of the last step in large files again: what is checked, published and copied."""
    SIFTED = "sifted"
    """The version before without the rows that broke a rule; those are in quarantine."""
    DOCUMENT = "document"
    """A file that is no table: its bytes are handed out as they came. It has no rows, no columns
    and no verdict, and whoever reads versions of tables is never given one.
    """


class WithdrawalReason(StrEnum):
    """Why one version was taken back by itself; readers are told, and what replaces it."""

    WRONG = "wrong"
    """Values in it are not right."""
    INCOMPLETE = "incomplete"
    PERSONAL_DATA = "personal_data"
    """It tells of persons more than it may."""
    RIGHTS = "rights"
    """Somebody else's rights stand against it."""
    ORDER = "order"
    """A competent authority ordered it."""
    OTHER = "other"


class Verdict(StrEnum):
    """What the quality gate said of a version."""

    PASSED = "passed"
    PASSED_WITH_WARNINGS = "passed_with_warnings"
    KNOWN_ISSUE = "known_issue"
    """It fails, and a named person lets it go out all the same, saying so."""
    BLOCKED = "blocked"

    @property
    def lets_pass(self) -> bool:
        """Whether the version may be published."""
        return self is not Verdict.BLOCKED


@dataclass(frozen=True, slots=True)
class VersionFile:
    """A Parquet file of a version; `path` is relative to the distribution's table."""

    path: str
    sha256: str
    size_bytes: int
    row_count: int | None = None
    """None where the file was written by an upload."""


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable state of a distribution's data."""

    id: VersionId
    distribution_id: DistributionId
    number: int
    upload_id: UploadId | None
    """None where it came of no file, such as steps."""
    delta_version: int
    digest: str
    columns: tuple[Column, ...]
    reading: Reading
    row_count: int
    size_bytes: int
    """Of its Parquet files together."""
    created_at: datetime
    state: VersionState = VersionState.CREATED
    verdict: Verdict | None = None
    """None while the gate has not been asked or has not answered."""
    report_id: ReportId | None = None
    assessed_at: datetime | None = None
    state_reason: str = ""
    submitted_by: UserId | None = None
    submitted_at: datetime | None = None
    published_by: UserId | None = None
    """None before publication, and where the profile decided."""
    published_under: str | None = None
    """The profile that decided instead of a person."""
    published_at: datetime | None = None
    kind: VersionKind = VersionKind.UPLOAD
    parent_id: VersionId | None = None
    """The version that a step or a file changed; None for the first, and for what replaces all."""
    offered_under: str | None = None
    """The profile that let everybody read it before it was checked."""
    is_dropped: bool = False
    """The table was taken away since."""
    withdrawal: WithdrawalReason | None = None
    """Set where it was withdrawn by itself; `state_reason` then holds more words, perhaps none."""
    withdrawn_at: datetime | None = None
    removed_at: datetime | None = None
    """When its bytes were removed; None while they are kept."""
    change: Change | None = None
    """What differs from the version before; None where that was not compared."""

    @property
    def is_left(self) -> bool:
        """Whether its rows are still there to be read."""
        return self.withdrawn_at is None and self.removed_at is None and not self.is_dropped

    @property
    def is_fed(self) -> bool:
        """Whether its table is fed in steps rather than file by file."""
        return self.kind in (VersionKind.STEP, VersionKind.SETTLED)

    @property
    def is_document(self) -> bool:
        """Whether it is a file that is no table; its digest is that of its bytes then."""
        return self.kind is VersionKind.DOCUMENT

    @property
    def lets_pass(self) -> bool:
        """Whether the gate let it pass; of documents it has nothing to say."""
        return self.is_document or (self.verdict is not None and self.verdict.lets_pass)

    def submitted(self, *, by: UserId, at: datetime) -> Version:
        """The version as it lies with the approver."""
        assert self.state is VersionState.CREATED
        assert self.lets_pass
        return replace(
            self,
            state=VersionState.SUBMITTED,
            state_reason="",
            submitted_by=by,
            submitted_at=at,
        )

    def returned(self, reason: str) -> Version:
        """The version back with its publisher."""
        assert self.state is VersionState.SUBMITTED
        return replace(
            self,
            state=VersionState.CREATED,
            state_reason=reason,
            submitted_by=None,
            submitted_at=None,
        )

    def published(self, *, by: UserId | None, under: str | None, at: datetime) -> Version:
        """The version as everyone reads it who may read the data."""
        assert self.lets_pass
        assert (by is None) != (under is None)
        return replace(
            self,
            state=VersionState.PUBLISHED,
            state_reason="",
            published_by=by,
            published_under=under,
            published_at=at,
        )

    def withdrawn_alone(self, reason: WithdrawalReason, words: str, *, at: datetime) -> Version:
        """The version taken back by itself, others being untouched."""
        return replace(
            self,
            state=VersionState.WITHDRAWN,
            state_reason=words,
            withdrawal=reason,
            withdrawn_at=at,
        )

    def withdrawn(self, reason: str) -> Version:
        """The version that nobody reads any more."""
        return replace(self, state=VersionState.WITHDRAWN, state_reason=reason)


def digest_of(columns: Sequence[Column], files: Sequence[VersionFile]) -> str:
    """Name of a version's content: SHA-256 over its columns and the SHA-256 of each file, in order.

    The files are Parquet written by one writer with fixed settings, so the same upload gives the
    same digest under the same release. Equal digests mean equal rows in equal order; unequal ones
    do not mean that the rows differ. Anyone who holds the files can work it out again.
    """
    content = {
        "columns": [column.as_json() for column in columns],
        "files": [{"sha256": file.sha256, "size_bytes": file.size_bytes} for file in files],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _mapping(value: Json | None) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _texts(value: Json | None) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _count(value: Json) -> int:
    return value if isinstance(value, int) else 0
