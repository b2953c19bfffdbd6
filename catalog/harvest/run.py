"""A run of a source: what it read, would do, did and took back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from catalog.harvest.changes import Act, Difference, Guard, Key, Note, Suspicion
from catalog.harvest.remote_record import Finding, RemoteRecord
from catalog.harvest.source import Matching, SourceId, Validators
from catalog.view import Json
from policies.terms import DatasetId, UserId

RunId = NewType("RunId", UUID)


class RunState(StrEnum):
    """How far a run has come."""

    QUEUED = "queued"
    READING = "reading"
    PLANNED = "planned"
    """The dry run ended; nothing was changed."""
    UNCHANGED = "unchanged"
    """The source says that it is as it was."""
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"

    @property
    def is_at_work(self) -> bool:
        """Whether a job of the run waits or works."""
        return self in (RunState.QUEUED, RunState.READING, RunState.APPLYING, RunState.UNDOING)


class Outcome(StrEnum):
    """Why an item was not done, or not taken back."""

    CHANGED_HERE = "changed_here"
    """People here changed or withdrew the record since."""
    IN_USE = "in_use"
    """Something was built on it, so it was withdrawn instead of removed."""
    INVALID = "invalid"
    """Our rules refuse it."""
    GONE = "gone"
    """The dataset is no longer here."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run ended early: a refusal by its code and facts."""

    code: str
    facts: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HarvestRun:
    """A run as it stands."""

    id: RunId
    source_id: SourceId
    number: int
    state: RunState
    matching: Matching
    is_automatic: bool
    """The schedule asked for it, and applies it where the guard lets it."""
    base_run_id: RunId | None
    """The run that made the state which it was compared with; None before the first."""
    source_modified_at: datetime
    """The source as it was then; a changed one needs another dry run."""
    created_at: datetime
    touched_at: datetime
    """The last sign of life of its work."""
    started_by: UserId | None
    """None: the schedule."""
    read_count: int = 0
    done_count: int = 0
    total_count: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    guard: Guard | None = None
    """None until it was planned."""
    failure: Failure | None = None
    validators: Validators = Validators()  # noqa: RUF009  frozen
    planned_at: datetime | None = None
    applied_by: UserId | None = None
    applied_at: datetime | None = None
    undone_by: UserId | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RunItem:
    """One record in a run."""

    position: int
    act: Act
    identifier: str
    title: str
    dataset_id: DatasetId | None
    matched_by: Key | None
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    suspicion: Suspicion | None = None
    other_title: str = ""
    remote: RemoteRecord | None = None
    before: Mapping[str, Json] | None = None
    """What stood here before the act; None where nothing did or nothing was done yet."""
    done_at: datetime | None = None
    written_md5: str | None = None
    """Of the dataset after the act, to see whether somebody changed it since."""
    undone_at: datetime | None = None
    outcome: Outcome | None = None
    slug: str = ""
    """The dataset's name in addresses; empty where there is none."""


class LogKind(StrEnum):
    """What a source's log tells."""

    CREATED = "created"
    CHANGED = "changed"
    FILE_SENT = "file_sent"
    APPROVED = "approved"
    APPROVAL_LAPSED = "approval_lapsed"
    PAUSED = "paused"
    RESUMED = "resumed"
    LOOKED = "looked"
    UNCHANGED = "unchanged"
    GUARD_STOOD = "guard_stood"
    GUARD_OVERRULED = "guard_overruled"
    APPLIED = "applied"
    UNDONE = "undone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a source's log."""

    at: datetime
    kind: LogKind
    facts: Mapping[str, Json]
    run_id: RunId | None
    run_number: int | None
    by_user: UserId | None
    """None: the schedule."""
