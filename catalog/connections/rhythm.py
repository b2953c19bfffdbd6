"""When a source is read: every hour, day, week or month at a time of the city's clock."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from catalog.connections.errors import MalformedConnection
from policies.calendar import CHINA
from policies.errors import N_, Said

DAY_MINUTES: Final = 24 * 60
_HOUR_MINUTES: Final = 60
_WEEK_DAYS: Final = 7
_MONTH_DAYS_MAX: Final = 31


class Every(StrEnum):
    """How often."""

    BY_HAND = "by_hand"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """A schedule.

    Raises: MalformedConnection.
    """

    every: Every = Every.BY_HAND
    minute: int = 120
    """Minutes after midnight in China; of an hourly one, only the minutes of the hour count."""
    day: int = 1
    """Of a weekly one 1 (Monday) to 7; of a monthly one 1 to 31, or the last day if it has less."""

    def __post_init__(self) -> None:
        if not 0 <= self.minute < DAY_MINUTES:
            raise MalformedConnection("minute", Said(N_("it is no time of the day")))
        most = _WEEK_DAYS if self.every is Every.WEEK else _MONTH_DAYS_MAX
        if not 1 <= self.day <= most:
            raise MalformedConnection("day", Said(N_("there is no such day")))

    def next_after(self, at: datetime) -> datetime | None:
        """The first moment of the schedule after `at`, in UTC; None: by hand."""
        here = at.astimezone(CHINA)
        midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        match self.every:
            case Every.BY_HAND:
                return None
            case Every.HOUR:
                hour = here.replace(minute=0, second=0, microsecond=0)
                moments = [hour + timedelta(hours=step, minutes=self._of_hour) for step in (0, 1)]
            case Every.DAY:
                moments = [self._on(midnight + timedelta(days=step)) for step in (0, 1)]
            case Every.WEEK:
                monday = midnight - timedelta(days=midnight.weekday())
                moments = [
                    self._on(monday + timedelta(days=self.day - 1, weeks=step)) for step in (0, 1)
                ]
            case Every.MONTH:
                following = (midnight.replace(day=1) + timedelta(days=_MONTH_DAYS_MAX)).replace(
                    day=1
                )
                moments = [
                    self._on(_day_of_month(first, self.day)) for first in (midnight, following)
                ]
        return next(moment for moment in moments if moment > at).astimezone(UTC)

    @property
    def _of_hour(self) -> int:
        return self.minute % _HOUR_MINUTES

    def _on(self, midnight: datetime) -> datetime:
        return midnight + timedelta(minutes=self.minute)


def _day_of_month(month: datetime, day: int) -> datetime:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
