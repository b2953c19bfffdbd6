from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quality.score import ScoreGrade
from quality.standing import Standing, rating_of

RULES = st.integers(0, 30).flatmap(lambda rules: st.tuples(st.integers(0, rules), st.just(rules)))
STANDINGS = st.lists(
    st.builds(
        lambda total, asked: Standing(total, asked[0], asked[1], ()),
        st.none() | st.integers(0, 100),
        RULES,
    ),
    max_size=12,
)


def test_what_is_not_rated_lowers_no_score_and_is_seen_in_the_coverage() -> None:
    rated, unrated = Standing(91, 9, 10, ()), Standing(None, 0, 10, ())

    rating = rating_of([rated, unrated])

    assert (rating.score, rating.grade, rating.rated) == (91, ScoreGrade.A, 1)
    assert (rating.checked, rating.rules) == (9, 20)
    assert rating_of([unrated]).score is None


@given(STANDINGS)
def test_a_rating_lies_within_its_datasets_whatever_their_order(standings: list[Standing]) -> None:
    rating = rating_of(standings)

    assert rating == rating_of(reversed(standings))
    totals = [one.total for one in standings if one.total is not None]
    assert (rating.score is None) == (not totals)
    if rating.score is not None:
        assert min(totals) <= rating.score <= max(totals)
    assert rating.checked <= rating.rules
