"""A user found shared data wrong or incomplete and asks its provider to check it.

Source: 政务数据共享条例 art. 26.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policies.calendar import DueDate
from policies.terms import DatasetId, OrganizationId, UserId, VersionId


class CorrectionOutcome(StrEnum):
    """What the check came to."""

    CORRECTED = "corrected"
    """A later version holds the right data."""
    KEPT = "kept"
    """The data is right as it is."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One complaint about one dataset."""

    id: UUID
    dataset_id: DatasetId
    provider_id: OrganizationId
    asker_id: OrganizationId
    asked_by: UserId
    asked_at: datetime
    record_reference: str
    """Which rows or cells, in the asker's words."""
    fault: str
    due: DueDate
    reminded_days: int = 0
    escalated_at: datetime | None = None
    outcome: CorrectionOutcome | None = None
    """None while it is being checked."""
    outcome_words: str = ""
    version_id: VersionId | None = None
    closed_by: UserId | None = None
    closed_at: datetime | None = None
