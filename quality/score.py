"""A quality score in whole points: per rule, per dimension, in all; and how much was checked.

The share of a rule is 1 - unexpected / element count; GB/T 36344-2018 writes some of its measures
the other way round (repeated, dirty elements), here more is always better. Weights, the cap of a
failed blocking rule and the cut points of the grades are this product's own: no standard that was
read sets them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from quality.dimension import Dimension
from quality.outcome import RuleOutcome, Status
from quality.rule import Gate

BLOCKED_SCORE_MAX = 59


class ScoreGrade(StrEnum):
    """The score in a letter, from the best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


_LOWEST_SCORES = {
    ScoreGrade.A: 90,
    ScoreGrade.B: 80,
    ScoreGrade.C: 70,
    ScoreGrade.D: 60,
    ScoreGrade.E: 0,
}


@dataclass(frozen=True, slots=True)
class DimensionScore:
    """The score within one dimension."""

    dimension: Dimension
    score: int | None
    """0 to 100; None where no rule of the dimension was checked."""
    checked: int
    """Rules that passed or failed; a rule asked of many columns counts once."""
    rules: int


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one version."""

    total: int | None
    """0 to 100; None is "not rated": nothing was checked."""
    grade: ScoreGrade | None
    dimensions: tuple[DimensionScore, ...]
    """All six, in the order of the standard."""
    checked: int
    rules: int

    @property
    def coverage_permille(self) -> int:
        """How many of the rules were checked, rounded down."""
        return 1000 * self.checked // self.rules if self.rules else 0


@dataclass(frozen=True, slots=True)
class _RuleScore:
    dimension: Dimension
    weight: int
    permille: int | None
    """None where it was asked of nothing."""


def score_of(outcomes: Sequence[RuleOutcome]) -> Score:
    """The score of a suite's outcomes. It rounds down: 100 means that nothing at all failed.

    A rule asked of many columns counts once, with the mean of its columns. A rule that could not
    be asked counts neither for nor against, but lowers the coverage. A blocking rule that failed,
    or could not be asked, caps the total.
    """
    rules = _rule_scores(outcomes)
    dimensions = tuple(
        _dimension_score(dimension, [rule for rule in rules if rule.dimension is dimension])
        for dimension in Dimension
    )
    total = _weighted(rules)
    if total is not None and any(_holds_back(outcome) for outcome in outcomes):
        total = min(total, BLOCKED_SCORE_MAX)
    return Score(
        total=total,
        grade=None if total is None else grade_of(total),
        dimensions=dimensions,
        checked=sum(rule.permille is not None for rule in rules),
        rules=len(rules),
    )


def grade_of(score: int) -> ScoreGrade:
    """The letter of a score from 0 to 100."""
    return next(grade for grade, lowest in _LOWEST_SCORES.items() if score >= lowest)


def _holds_back(outcome: RuleOutcome) -> bool:
    return outcome.rule.gate is not Gate.WARN and outcome.status in (Status.FAILED, Status.ERROR)


def _rule_scores(outcomes: Iterable[RuleOutcome]) -> list[_RuleScore]:
    by_rule = sorted(outcomes, key=lambda outcome: outcome.rule.id)
    return [
        _rule_score(list(of_rule)) for _, of_rule in groupby(by_rule, lambda item: item.rule.id)
    ]


def _rule_score(outcomes: list[RuleOutcome]) -> _RuleScore:
    permilles = [
        1000 - outcome.unexpected_permille
        for outcome in outcomes
        if outcome.status in (Status.PASSED, Status.FAILED)
    ]
    rule = outcomes[0].rule
    return _RuleScore(
        dimension=rule.dimension,
        weight=rule.weight,
        permille=sum(permilles) // len(permilles) if permilles else None,
    )


def _dimension_score(dimension: Dimension, rules: list[_RuleScore]) -> DimensionScore:
    return DimensionScore(
        dimension=dimension,
        score=_weighted(rules),
        checked=sum(rule.permille is not None for rule in rules),
        rules=len(rules),
    )


def _weighted(rules: Iterable[_RuleScore]) -> int | None:
    """0 to 100, rounded down; None where no rule was checked."""
    checked = [(rule.weight, rule.permille) for rule in rules if rule.permille is not None]
    weight = sum(weight for weight, _ in checked)
    if not weight:
        return None
    return sum(weight * permille for weight, permille in checked) // (10 * weight)
