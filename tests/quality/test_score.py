"""Scores from outcomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality.dimension import Dimension
from quality.outcome import Reason, RuleOutcome, Status
from quality.rule import Rule
from quality.rule_format import parse_rule
from quality.score import BLOCKED_SCORE_MAX, ScoreGrade, grade_of, score_of


def rule(rule_id: str, column: str = "a", **more: object) -> Rule:
    return parse_rule({"id": rule_id, "expect": {"kind": "not_null"}, "columns": [column], **more})


def outcome(of: Rule, bad: int, total: int = 1000) -> RuleOutcome:
    return RuleOutcome(of, Status.FAILED if bad else Status.PASSED, total, bad)


def test_nothing_checked_is_not_rated() -> None:
    score = score_of([RuleOutcome(rule("r"), Status.NOT_CHECKED)])

    assert (score.total, score.grade) == (None, None)
    assert (score.checked, score.rules, score.coverage_permille) == (0, 1, 0)
    assert score_of([]).total is None
    assert score_of([]).coverage_permille == 0


def test_weights_count() -> None:
    heavy, light = rule("heavy", weight=3), rule("light")

    assert score_of([outcome(heavy, 0), outcome(light, 1000)]).total == 75


def test_one_bad_row_of_many_keeps_the_score_below_100() -> None:
    assert score_of([outcome(rule("r"), 1, 10_000_000)]).total == 99


def test_a_rule_asked_of_many_columns_counts_once() -> None:
    columns = [outcome(rule("wide", f"c{index}"), 0) for index in range(9)]

    score = score_of([*columns, outcome(rule("other"), 1000)])

    assert (score.total, score.rules) == (50, 2)


def test_each_dimension_has_its_own_score() -> None:
    score = score_of(
        [
            outcome(rule("complete"), 0),
            outcome(rule("consistent", dimension="consistency"), 500),
        ]
    )

    by_dimension = {item.dimension: item.score for item in score.dimensions}
    assert list(by_dimension) == list(Dimension)
    assert by_dimension[Dimension.COMPLETENESS] == 100
    assert by_dimension[Dimension.CONSISTENCY] == 50
    assert by_dimension[Dimension.ACCURACY] is None


def test_a_failed_blocking_rule_caps_the_total() -> None:
    score = score_of([outcome(rule("r", gate="block"), 1, 1000), outcome(rule("s"), 0)])

    assert (score.total, score.grade) == (BLOCKED_SCORE_MAX, ScoreGrade.E)


def test_a_blocking_rule_that_could_not_be_asked_caps_the_total_and_lowers_the_coverage() -> None:
    error = RuleOutcome(rule("r", gate="block"), Status.ERROR, reason=Reason.UNKNOWN_COLUMN)

    score = score_of([error, outcome(rule("s"), 0)])

    assert (score.total, score.coverage_permille) == (BLOCKED_SCORE_MAX, 500)


@pytest.mark.parametrize(
    ("score", "grade"),
    [(100, "A"), (90, "A"), (89, "B"), (70, "C"), (60, "D"), (59, "E"), (0, "E")],
)
def test_grades_follow_the_cut_points(score: int, grade: str) -> None:
    assert grade_of(score) == grade


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.integers(1, 100)), min_size=1))
def test_a_score_is_between_0_and_100_and_100_only_where_nothing_failed(
    counts: list[tuple[int, int, int]],
) -> None:
    outcomes = [
        outcome(rule(f"r{index}", weight=weight), min(bad, total), total)
        for index, (bad, total, weight) in enumerate(counts)
    ]

    total = score_of(outcomes).total

    assert total is not None
    assert 0 <= total <= 100
    assert (total == 100) == all(item.status is Status.PASSED for item in outcomes)
