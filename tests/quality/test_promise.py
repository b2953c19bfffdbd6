"""A promise of freshness: the day new data is due, and who notices that it did not come."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.calendar import CHINA, FIRST_YEAR, LAST_YEAR, china_day, is_known, is_working_day
from policies.terms import UpdateCycle
from quality.promise import PROMISING, is_at_risk, is_late, next_due

MOMENTS = st.datetimes(
    datetime(FIRST_YEAR, 1, 1),  # noqa: DTZ001  Hypothesis adds the zone
    datetime(LAST_YEAR, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.mark.parametrize(
    ("cycle", "came_on", "due"),
    [
        (UpdateCycle.DAILY, date(2026, 3, 4), date(2026, 3, 5)),
        (UpdateCycle.DAILY, date(2026, 3, 6), date(2026, 3, 9)),
        (UpdateCycle.REAL_TIME, date(2026, 3, 4), date(2026, 3, 5)),
        (UpdateCycle.WEEKLY, date(2026, 3, 4), date(2026, 3, 11)),
        (UpdateCycle.MONTHLY, date(2026, 4, 1), date(2026, 5, 6)),
        (UpdateCycle.QUARTERLY, date(2026, 1, 5), date(2026, 4, 7)),
        (UpdateCycle.YEARLY, date(2025, 3, 4), date(2026, 3, 5)),
    ],
)
def test_new_data_is_due_on_a_working_day_after_a_cycle(
    cycle: UpdateCycle, came_on: date, due: date
) -> None:
    came_at = datetime(came_on.year, came_on.month, came_on.day, 15, tzinfo=CHINA)

    found = next_due(cycle, came_at)

    assert found is not None
    assert (found.day, found.is_provisional) == (due, False)
    assert not is_late(cycle, came_at, datetime(due.year, due.month, due.day, 23, tzinfo=CHINA))
    assert is_late(cycle, came_at, datetime(due.year, due.month, due.day, tzinfo=CHINA) + A_DAY)


def test_what_is_updated_irregularly_is_never_late() -> None:
    long_ago = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)

    assert next_due(UpdateCycle.IRREGULAR, long_ago) is None
    assert not is_late(UpdateCycle.IRREGULAR, long_ago, datetime(LAST_YEAR, 1, 1, tzinfo=UTC))


@given(cycle=st.sampled_from(PROMISING), came_at=MOMENTS, later=st.timedeltas(timedelta(0)))
def test_what_is_late_stays_late_and_is_due_on_no_holiday(
    cycle: UpdateCycle, came_at: datetime, later: timedelta
) -> None:
    due = next_due(cycle, came_at)

    assert due is not None
    assert due.day > china_day(came_at)
    assert due.is_provisional or is_working_day(due.day)
    assert is_known(due.day) or due.is_provisional
    at = came_at + min(later, timedelta(days=800))
    if is_late(cycle, came_at, at):
        assert is_late(cycle, came_at, at + A_DAY)
        assert china_day(at) > due.day


A_DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("cycle", "at", "is_warned"),
    [
        (UpdateCycle.WEEKLY, date(2026, 3, 9), False),
        (UpdateCycle.WEEKLY, date(2026, 3, 10), True),
        (UpdateCycle.WEEKLY, date(2026, 3, 12), False),
        (UpdateCycle.MONTHLY, date(2026, 3, 27), False),
        (UpdateCycle.MONTHLY, date(2026, 4, 1), True),
        (UpdateCycle.DAILY, date(2026, 3, 5), False),
        (UpdateCycle.IRREGULAR, date(2026, 3, 5), False),
    ],
)
def test_a_publisher_is_warned_before_a_promise_breaks_and_not_after(
    cycle: UpdateCycle, at: date, is_warned: bool
) -> None:
    came_at = datetime(2026, 3, 4, 15, tzinfo=CHINA)

    assert is_at_risk(cycle, came_at, datetime(at.year, at.month, at.day, 9, tzinfo=CHINA)) == (
        is_warned
    )
