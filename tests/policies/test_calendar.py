from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.calendar import (
    FIRST_YEAR,
    LAST_YEAR,
    MOST_WORKING_DAYS,
    DueDate,
    add_working_days,
    china_day,
    due_date,
    is_working_day,
    working_days_between,
)
from policies.errors import CalendarEnds

KNOWN_DAYS = st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR - 1, 6, 30))


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 1, 1), False),
        (date(2026, 1, 4), True),
        (date(2026, 2, 14), True),
        (date(2026, 2, 17), False),
        (date(2026, 3, 14), False),
        (date(2026, 10, 5), False),
        (date(2026, 10, 10), True),
    ],
    ids=[
        "new year's day",
        "a Sunday worked for it",
        "a Saturday worked for spring festival",
        "spring festival, a Tuesday",
        "an ordinary Saturday",
        "national day week, a Monday",
        "a Saturday worked for it",
    ],
)
def test_moved_working_days_count_and_holidays_do_not(day: date, is_working: bool) -> None:
    assert is_working_day(day) is is_working


def test_the_day_on_which_a_clock_starts_does_not_count() -> None:
    assert add_working_days(date(2026, 8, 3), 1) == date(2026, 8, 4)
    assert add_working_days(date(2026, 8, 3), 0) == date(2026, 8, 3)


def test_ten_working_days_step_over_spring_festival_and_use_the_saturday_worked_for_it() -> None:
    assert add_working_days(date(2026, 2, 9), 10) == date(2026, 2, 28)


def test_the_strict_functions_refuse_to_guess_beyond_the_calendar() -> None:
    with pytest.raises(CalendarEnds) as refusal:
        add_working_days(date(LAST_YEAR, 12, 20), 10)
    assert refusal.value.last_year == LAST_YEAR
    with pytest.raises(CalendarEnds):
        is_working_day(date(FIRST_YEAR - 1, 12, 31))
    with pytest.raises(CalendarEnds):
        working_days_between(date(LAST_YEAR, 12, 20), date(LAST_YEAR + 1, 1, 5))


def test_a_due_date_beyond_the_calendar_counts_weekdays_and_says_that_it_is_provisional() -> None:
    due = due_date(date(2026, 12, 20), 10)

    assert due == DueDate(date(2027, 1, 1), is_provisional=True)
    assert not due.is_breached_on(date(2027, 3, 1))


def test_a_due_date_within_the_calendar_is_certain_and_can_be_breached() -> None:
    due = due_date(date(2026, 11, 23), 10)

    assert due == DueDate(date(2026, 12, 7), is_provisional=False)
    assert not due.is_breached_on(date(2026, 12, 7))
    assert due.is_breached_on(date(2026, 12, 8))


def test_the_last_working_day_of_the_calendar_is_still_certain() -> None:
    assert due_date(date(2026, 12, 30), 1) == DueDate(date(2026, 12, 31), is_provisional=False)


def test_clocks_run_on_days_in_china() -> None:
    assert china_day(datetime(2026, 8, 3, 15, 59, 59, tzinfo=UTC)) == date(2026, 8, 3)
    assert china_day(datetime(2026, 8, 3, 16, 0, tzinfo=UTC)) == date(2026, 8, 4)


@pytest.mark.parametrize("n", [-1, MOST_WORKING_DAYS + 1])
def test_a_clock_has_a_bounded_length(n: int) -> None:
    with pytest.raises(ValueError, match="working days"):
        add_working_days(date(2026, 8, 3), n)
    with pytest.raises(ValueError, match="working days"):
        due_date(date(2026, 8, 3), n)


@settings(deadline=None)
@given(start=KNOWN_DAYS, n=st.integers(1, 60))
def test_adding_working_days_ends_on_one_and_counts_back_to_the_same_number(
    start: date, n: int
) -> None:
    end = add_working_days(start, n)

    assert is_working_day(end)
    assert working_days_between(start, end) == n
    assert due_date(start, n) == DueDate(end, is_provisional=False)


@settings(deadline=None)
@given(start=KNOWN_DAYS, days=st.integers(0, 40))
def test_no_working_days_lie_between_a_day_and_an_earlier_one(start: date, days: int) -> None:
    assert working_days_between(start, start - timedelta(days=days)) == 0
