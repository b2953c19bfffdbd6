"""The clocks of requests, in working days of the profile in force: to answer, and to deliver.

`known` is the official calendar as far as it is known: `policies.official_calendar.working_days`.

Source: 政务数据共享条例 art. 21-22.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from catalog.find import published_rows_of
from exchange.listing import AccessClass, Listing
from policies.calendar import DueDate, WorkingDays, china_day, due_date
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


def answer_due(
    listing: Listing, start: datetime, *, extension_days: int, known: WorkingDays
) -> DueDate:
    """The last day to answer a request that came at `start`."""
    clock = answer_clock(listing, start)
    is_unconditional = listing.access_class is AccessClass.UNCONDITIONAL
    own = UNCONDITIONAL_WORKING_DAYS if is_unconditional else CONDITIONAL_WORKING_DAYS
    days = clock.working_days if clock else own
    return due_date(china_day(start), days + extension_days, known)


def delivery_due(start: datetime, known: WorkingDays) -> DueDate:
    """The last day to deliver what was granted at `start`."""
    clock = profile_in_force(start).clock(ClockName.DELIVERY)
    days = clock.working_days if clock else DELIVERY_WORKING_DAYS
    return due_date(china_day(start), days, known)


def correction_due(start: datetime, known: WorkingDays) -> DueDate:
    """The last day to check, correct and report back."""
    clock = profile_in_force(start).clock(ClockName.CORRECTION)
    days = clock.working_days if clock else CORRECTION_WORKING_DAYS
    return due_date(china_day(start), days, known)


def reminder_days(name: ClockName, start: datetime) -> tuple[int, ...]:
    """The days of a clock on which its holder is reminded, the first one first."""
    clock = profile_in_force(start).clock(name)
    return tuple(sorted(clock.reminder_working_days)) if clock else ()


def is_readable(tx: Tx, dataset_id: DatasetId) -> bool:
    """Whether there is a published version, so that what was granted is delivered."""
    return bool(published_rows_of(tx, dataset_id))
