"""The clocks of requests, in working days of the profile in force: to answer, and to deliver.

Source: 政务数据共享条例 art. 21-22.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from catalog.find import published_rows_of
from exchange.listing import AccessClass, Listing
from policies.calendar import DueDate, china_day, due_date, is_known, working_days_between
from policies.database import Tx
from policies.decision.clause import Clock, ClockName
from policies.decision.profile import profile_in_force
from policies.terms import DatasetId

UNCONDITIONAL_WORKING_DAYS: Final = 1
CONDITIONAL_WORKING_DAYS: Final = 10
DELIVERY_WORKING_DAYS: Final = 20
CORRECTION_WORKING_DAYS: Final = 10
"""The clocks where a profile sets none."""


def answer_clock(listing: Listing, at: datetime) -> Clock | None:
    """The profile's clock for an answer about such a listing; None where it sets none."""
    is_unconditional = listing.access_class is AccessClass.UNCONDITIONAL
    name = ClockName.ANSWER_UNCONDITIONAL if is_unconditional else ClockName.ANSWER_CONDITIONAL
    return profile_in_force(at).clock(name)


def answer_due(listing: Listing, start: datetime, *, extension_days: int) -> DueDate:
    """The last day to answer a request that came at `start`."""
    clock = answer_clock(listing, start)
    is_unconditional = listing.access_class is AccessClass.UNCONDITIONAL
    own = UNCONDITIONAL_WORKING_DAYS if is_unconditional else CONDITIONAL_WORKING_DAYS
    days = clock.working_days if clock else own
    return due_date(china_day(start), days + extension_days)


def delivery_due(start: datetime) -> DueDate:
    """The last day to deliver what was granted at `start`."""
    clock = profile_in_force(start).clock(ClockName.DELIVERY)
    return due_date(china_day(start), clock.working_days if clock else DELIVERY_WORKING_DAYS)


def correction_due(start: datetime) -> DueDate:
    """The last day to check, correct and report back."""
    clock = profile_in_force(start).clock(ClockName.CORRECTION)
    return due_date(china_day(start), clock.working_days if clock else CORRECTION_WORKING_DAYS)


def reminder_days(name: ClockName, start: datetime) -> tuple[int, ...]:
    """The days of a clock on which its holder is reminded, the first one first."""
    clock = profile_in_force(start).clock(name)
    return tuple(sorted(clock.reminder_working_days)) if clock else ()


def working_days_since(start: date, end: date) -> int:
    """Working days from one day to another; Monday to Friday beyond the official calendar."""
    if is_known(start) and is_known(end):
        return working_days_between(start, end)
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return sum(day.isoweekday() < 6 for day in days)


def is_readable(tx: Tx, dataset_id: DatasetId) -> bool:
    """Whether there is a published version, so that what was granted is delivered."""
    return bool(published_rows_of(tx, dataset_id))
