from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.connections.errors import MalformedConnection
from catalog.connections.rhythm import Every, Rhythm
from policies.calendar import CHINA

START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 6 * 366 * 24 * 3600).map(lambda s: START + timedelta(seconds=s))
LONGEST = {Every.HOUR: 1 / 24, Every.DAY: 1, Every.WEEK: 7, Every.MONTH: 31}


@given(MOMENTS, st.sampled_from(list(LONGEST)), st.integers(0, 1439), st.integers(1, 7))
def test_the_next_moment_is_after_now_on_the_day_and_none_is_left_out(
    at: datetime, every: Every, minute: int, day: int
) -> None:
    rhythm = Rhythm(every, minute, day)

    following = rhythm.next_after(at)

    assert following is not None
    here = following.astimezone(CHINA)
    assert at < following <= at + timedelta(days=LONGEST[every])
    assert here.minute == minute % 60
    assert every is Every.HOUR or here.hour == minute // 60
    assert every is not Every.WEEK or here.isoweekday() == day
    assert every is not Every.MONTH or here.day == day
    assert rhythm.next_after(following - timedelta(microseconds=1)) == following


def test_a_month_that_is_too_short_ends_with_its_last_day() -> None:
    rhythm = Rhythm(Every.MONTH, 0, 31)
    seen = []
    at = datetime(2027, 1, 31, 12, tzinfo=CHINA)
    for _ in range(3):
        following = rhythm.next_after(at)
        assert following is not None
        seen.append(following.astimezone(CHINA).date().isoformat())
        at = following

    assert seen == ["2027-02-28", "2027-03-31", "2027-04-30"]


def test_by_hand_has_no_next_moment_and_impossible_days_are_refused() -> None:
    assert Rhythm().next_after(datetime(2026, 1, 1, tzinfo=UTC)) is None
    for every, minute, day in ((Every.DAY, 1440, 1), (Every.WEEK, 0, 8), (Every.MONTH, 0, 0)):
        with pytest.raises(MalformedConnection):
            Rhythm(every, minute, day)
