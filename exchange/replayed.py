"""What came of judging live agreements under a draft of the standards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.decision.clause import ClauseResult
from policies.terms import MicroCredits


@dataclass(frozen=True, slots=True)
class Finding:
    """What a draft would change for one agreement."""

    agreement_id: UUID
    stops: tuple[ClauseResult, ...]
    """Clauses that would newly stand against it."""
    frees: tuple[ClauseResult, ...]
    """Clauses that stand against it today and would no longer."""
    worth: MicroCredits


@dataclass(frozen=True, slots=True)
class Replay:
    """Live agreements under a draft, as far as they were judged."""

    id: UUID
    profile_id: str
    profile_hash: str
    asked_by: UUID
    asked_at: datetime
    total: int
    done: int
    stopped: int
    freed: int
    worth: MicroCredits
    """What was charged in a year under the agreements that would stop."""
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenReplay:
    """A replay that is being worked on."""

    body: str
    """The draft, as canonical text."""
    asked_at: datetime
    last_agreement_id: UUID | None
    """None: none was judged yet."""
