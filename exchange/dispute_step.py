"""One step of a dispute about a refusal: before whom it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from uuid import UUID

from policies.terms import UserId


class Step(IntEnum):
    """Before whom it is."""

    BETWEEN_THE_TWO = 1
    AUTHORITY = 2
    GOVERNMENT = 3


class Outcome(StrEnum):
    """How a step ended."""

    AGREED = "agreed"
    """The request is open again."""
    KEPT = "kept"
    """The refusal stands; the applicant may go on to the next step."""


@dataclass(frozen=True, slots=True)
class DisputeStep:
    """One step of one dispute."""

    application_id: UUID
    round: int
    step: Step
    opened_by: UserId
    opened_at: datetime
    ground: str
    outcome: Outcome | None = None
    """None while it goes on."""
    outcome_words: str = ""
    reference: str = ""
    closed_by: UserId | None = None
    closed_at: datetime | None = None
