"""A freeze: all that a target gives or takes stands still, at once and for a stated reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from policies.terms import UserId

LAPSES_AFTER = timedelta(hours=72)
"""One person's freeze lasts so long unless a second person confirms it."""
RENEWAL_BAR = timedelta(days=30)
"""So long after a lapse, whoever placed that freeze cannot freeze the same target again."""


class FreezeTarget(StrEnum):
    """What can be frozen."""

    ORGANIZATION = "organization"
    DATASET = "dataset"
    LISTING = "listing"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze of one target, with everyone who had a hand in it."""

    id: UUID
    target_kind: FreezeTarget
    target_id: UUID
    reason: str
    placed_by: UserId
    placed_at: datetime
    lapses_at: datetime
    confirmed_by: UserId | None = None
    confirmed_at: datetime | None = None
    lifted_by: UserId | None = None
    lifted_at: datetime | None = None
    lift_reason: str = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether a second person stands behind it, so that it lasts until it is lifted."""
        return self.confirmed_at is not None

    def is_in_force(self, at: datetime) -> bool:
        """Whether it stops reads at that moment."""
        return self.lifted_at is None and (self.is_confirmed or at < self.lapses_at)
