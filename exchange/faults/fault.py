"""A ticket about data that a reader holds to be wrong.

Source: 政务数据共享条例 art. 26 par. 2 (X032): verify, correct and report back within 10 working
days of receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from policies.calendar import DueDate
from policies.terms import DatasetId, OrganizationId, UserId, VersionId

FaultId = NewType("FaultId", UUID)

WORKING_DAYS = 10
CLAIM_CHARACTERS_MAX = 2_000
PLACE_CHARACTERS_MAX = 200
OPEN_OF_PERSON_MAX = 20
"""Of one person in all."""
OPEN_OF_PERSON_AND_DATASET_MAX = 5
SHOWN_MAX = 50
OVERDUE_MAX = 10_000
"""Tickets that are looked through for those that are late, the most urgent first."""


class FaultState(StrEnum):
    """Where a ticket stands; the clock runs until it is corrected or refused."""

    OPEN = "open"
    ACCEPTED = "accepted"
    """The department agrees, and the corrected version is not out yet."""
    CORRECTED = "corrected"
    REFUSED = "refused"


class Saying(StrEnum):
    """What a department may answer."""

    ACCEPT = "accept"
    CORRECT = "correct"
    REFUSE = "refuse"


RUNNING = frozenset({FaultState.OPEN, FaultState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Fault:
    """One ticket."""

    id: FaultId
    dataset_id: DatasetId
    version_id: VersionId
    version_number: int
    """Of the version that was read."""
    column: str
    """Empty where it is about whole rows."""
    place: str
    """Which row, in the reader's words; empty where it is about a column."""
    claim: str
    asked_by: UserId
    asker_id: OrganizationId | None
    """The organisation that the reader acted for; None where for none."""
    asked_at: datetime
    due: DueDate
    state: FaultState = FaultState.OPEN
    answer: str = ""
    answered_by: UserId | None = None
    answered_at: datetime | None = None
    corrected_version_id: VersionId | None = None
    corrected_number: int | None = None
    """Number of the version that corrects it; None until there is one."""

    def is_overdue(self, today: date) -> bool:
        """Whether its clock has certainly run out."""
        return self.state in RUNNING and self.due.is_breached_on(today)
