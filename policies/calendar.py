"""The official Chinese working days: public holidays, and the weekend days worked in exchange.

The State Council announces the calendar one year at a time, usually in November, so the future has
an end. `add_working_days` and its kin refuse to pass it. `due_date` does not refuse, since a clock
that starts in late December must still show a date: beyond the end it counts Monday to Friday and
says so.

Days are days in China (UTC+8, without summer time in all years covered here).

Source: 全国年节及纪念日放假办法; docs/decisions/0005-working-days-beyond-the-calendar.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import cast

import chinese_calendar

from policies.errors import CalendarEnds

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")

FIRST_YEAR: int = min(chinese_calendar.constants.holidays).year
LAST_YEAR: int = max(chinese_calendar.constants.holidays).year

MOST_WORKING_DAYS = 1000
"""The longest clock that can be asked for, in working days."""


@dataclass(frozen=True, slots=True)
class OfficialYear:
    """The official calendar of one year, as it was announced."""

    year: int
    days_off: frozenset[date]
    days_worked: frozenset[date]
    """Weekend days that are worked in exchange."""

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on that day of this year."""
        return day in self.days_worked or (day.weekday() < 5 and day not in self.days_off)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The official calendar as far as it is known: years of the release, and those loaded later."""

    loaded: Mapping[int, OfficialYear] = field(default_factory=dict)

    def is_known(self, day: date) -> bool:
        """Whether the official calendar of that day's year is known."""
        return is_known(day) or day.year in self.loaded

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`; Monday to Friday where the year is not known."""
        if is_known(day):
            return is_working_day(day)
        known = self.loaded.get(day.year)
        return known.is_working_day(day) if known else day.weekday() < 5

    def between(self, start: date, end: date) -> int:
        """Working days after `start` and up to `end`; Monday to Friday where a year is unknown."""
        days = (start + count * _DAY for count in range(1, max(0, (end - start).days) + 1))
        return sum(self.is_working_day(day) for day in days)


RELEASE_ONLY = WorkingDays()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DueDate:
    """The last day on which something is in time.

    `is_provisional` says that the official calendar of a year on the way is not known yet. Such a
    date is shown with a note and never counted as a breach; it is worked out again, from the start
    of the clock, once the calendar is known.
    """

    day: date
    is_provisional: bool

    def is_breached_on(self, day: date) -> bool:
        """Whether the date is certain and `day` is after it."""
        return not self.is_provisional and day > self.day


def china_day(at: datetime) -> date:
    """The calendar day in China at that moment; `at` is aware."""
    assert at.tzinfo is not None, "clocks run on aware times"
    return at.astimezone(CHINA).date()


def is_known(day: date) -> bool:
    """Whether the official calendar of that day's year is part of this release."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def is_working_day(day: date) -> bool:
    """Whether offices work on `day`, moved working days included.

    Raises: CalendarEnds.
    """
    if not is_known(day):
        raise CalendarEnds(day, FIRST_YEAR, LAST_YEAR)
    return cast("bool", chinese_calendar.is_workday(day))


def add_working_days(day: date, n: int) -> date:
    """The `n`-th working day after `day`; `day` itself does not count, and 0 gives `day` back.

    Raises: CalendarEnds.
    Source: 民法典 art. 201 (the day on which a period begins does not count).
    """
    _check_length(n)
    while n > 0:
        day += _DAY
        n -= is_working_day(day)
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after `start` and up to `end`; 0 where `end` is not after `start`.

    Raises: CalendarEnds.
    """
    return sum(
        is_working_day(start + days * _DAY) for days in range(1, max(0, (end - start).days) + 1)
    )


def due_date(start: date, n: int, known: WorkingDays = RELEASE_ONLY) -> DueDate:
    """The last day in time of a clock of `n` working days that starts on `start`.

    `known` adds the years that the bureau loaded. Days of years whose calendar is not known count
    as working days from Monday to Friday, and the date is then provisional. It can be off by the
    holidays of that year: it reminds, not blames.
    """
    _check_length(n)
    day, is_provisional = start, False
    while n > 0:
        day += _DAY
        is_provisional = is_provisional or not known.is_known(day)
        n -= known.is_working_day(day)
    return DueDate(day, is_provisional)


def _check_length(n: int) -> None:
    if not 0 <= n <= MOST_WORKING_DAYS:
        raise ValueError(f"a clock has 0 to {MOST_WORKING_DAYS} working days, not {n}")
