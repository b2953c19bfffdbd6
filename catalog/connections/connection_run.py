"""One reading of a source, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from catalog.connections.connection import ConnectionId
from catalog.files.looked import Look
from catalog.version import Failure, UploadId
from policies.terms import UserId

ConnectionRunId = NewType("ConnectionRunId", UUID)

ATTEMPTS_MAX = 3


class RunState(StrEnum):
    """How far it has come."""

    QUEUED = "queued"
    FETCHING = "fetching"
    LOADING = "loading"
    """It is an upload now, which is read like any other."""
    LOADED = "loaded"
    UNCHANGED = "unchanged"
    TRIED = "tried"
    FAILED = "failed"

    @property
    def is_at_work(self) -> bool:
        """Whether something is still to happen."""
        return self in (RunState.QUEUED, RunState.FETCHING, RunState.LOADING)

    @property
    def asks_the_source(self) -> bool:
        """Whether the source is still to be asked, or is being asked."""
        return self in (RunState.QUEUED, RunState.FETCHING)


@dataclass(frozen=True, slots=True)
class ConnectionRun:
    """A run."""

    id: ConnectionRunId
    connection_id: ConnectionId
    number: int
    is_try: bool
    """Shows the first rows and loads nothing."""
    state: RunState
    started_by: UserId | None
    """None: the schedule."""
    created_at: datetime
    touched_at: datetime
    source_modified_at: datetime
    """The connection as it was when the run began."""
    attempts: int = 0
    size_bytes: int | None = None
    row_count: int | None = None
    upload_id: UploadId | None = None
    failure: Failure | None = None
    look: Look | None = None
    """The first rows of a try; only of the newest one."""
