"""What an organisation means to spend in a month: a cap, alerts on the way, and whether it stops.

Source: exchange design, hard stop, monthly cap, alerts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policies.terms import MicroCredits

ALERT_PERCENTS: Final = (50, 80, 100)
"""At these parts of the cap the organisation is told, once each month."""
CAP_MAX: Final = MicroCredits(1_000_000_000_000_000)


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget with what the present month has used of it."""

    cap: MicroCredits
    is_hard_stop: bool
    """Whether deliveries that could go beyond the cap are refused."""
    spent: MicroCredits = MicroCredits(0)  # noqa: RUF009  frozen
    told_percent: int = 0
    """The highest alert of the month; 0 before the first."""
    told_at: datetime | None = None
    """None before the first alert."""

    @property
    def percent(self) -> int:
        """How much of the cap is spent, rounded down."""
        return self.spent * 100 // self.cap

    def left(self, held: int) -> int | None:
        """What may still be held or charged beside what is held; None without a hard stop."""
        return self.cap - self.spent - held if self.is_hard_stop else None

    def alert_after(self, spent: int) -> int | None:
        """The alert that spending up to `spent` brings; None where none is new."""
        reached = [part for part in ALERT_PERCENTS if spent * 100 >= part * self.cap]
        highest = max(reached, default=0)
        return highest if highest > self.told_percent else None
