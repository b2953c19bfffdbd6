"""An address of data elsewhere, and what it said when somebody looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from catalog.dataset import DistributionId

LOOK_AGAIN_AFTER: Final = timedelta(days=7)
LOOK_AGAIN_AT_BROKEN_AFTER: Final = timedelta(days=1)
BROKEN_AFTER: Final = timedelta(hours=20)
"""How long an address has to fail, so that one bad moment of a server blames nobody."""


class Outcome(StrEnum):
    """What came of asking an address."""

    ANSWERED = "answered"
    SILENT = "silent"
    """It said that there is nothing, or said nothing."""
    REFUSED = "refused"
    """It leads to no place that the public can reach."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address to be asked."""

    distribution_id: DistributionId
    address: str


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """What came of the last look at a distribution's address."""

    distribution_id: DistributionId
    address: str
    outcome: Outcome
    status: int | None
    """Of HTTP; None where nothing came."""
    checked_at: datetime
    failing_since: datetime | None
    """None where it answered."""

    @property
    def answers(self) -> bool:
        """Whether the address answered."""
        return self.outcome is Outcome.ANSWERED

    @property
    def is_broken(self) -> bool:
        """Whether it failed for long enough to be a publisher's task."""
        if self.failing_since is None:
            return False
        is_certain = self.outcome is Outcome.REFUSED
        return is_certain or self.checked_at - self.failing_since >= BROKEN_AFTER
