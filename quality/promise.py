"""The publisher's promise of freshness beside the fact: by which day new data is due.

The promise is the update cycle of the directory. Data that came on one day is due again a cycle
later, and where offices are closed on that day, on the next working day. A dataset fed at all times
is due every working day. What is updated irregularly promises no day.

Source: 政务信息资源目录编制指南 (2017), 更新周期.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from policies.calendar import DueDate, china_day, due_date
from policies.terms import UpdateCycle

_DAYS: Final[Mapping[UpdateCycle, int]] = {
    UpdateCycle.REAL_TIME: 1,
    UpdateCycle.DAILY: 1,
    UpdateCycle.WEEKLY: 7,
    UpdateCycle.MONTHLY: 31,
    UpdateCycle.QUARTERLY: 92,
    UpdateCycle.YEARLY: 366,
}
"""The longest a cycle can be, in days of the calendar."""

_WARNED_CYCLE_DAYS: Final = 7

PROMISING: Final = tuple(_DAYS)
"""Cycles that promise a day."""


def next_due(cycle: UpdateCycle, came_at: datetime) -> DueDate | None:
    """The last day on which the next data is in time, after data that came at `came_at`.

    None where no day is promised.
    """
    days = _DAYS.get(cycle)
    if days is None:
        return None
    # One working day after the day before is that day itself, or the first working day after it.
    return due_date(china_day(came_at) + timedelta(days=days - 1), 1)


def is_late(cycle: UpdateCycle, came_at: datetime, at: datetime) -> bool:
    """Whether the next data should have come, and certainly so: no guessed calendar blames."""
    due = next_due(cycle, came_at)
    return due is not None and due.is_breached_on(china_day(at))


def is_at_risk(cycle: UpdateCycle, came_at: datetime, at: datetime) -> bool:
    """Whether the next data is due so soon that its publisher should be warned: in the last fifth
    of a cycle. A dataset of every day has no such time.
    """
    days, due = _DAYS.get(cycle), next_due(cycle, came_at)
    if days is None or due is None or is_late(cycle, came_at, at):
        return False
    left = (due.day - china_day(at)).days
    return days >= _WARNED_CYCLE_DAYS and left <= days // 5
