"""Where a dataset stands: what of its newest report a league table needs, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from policies.terms import Text
from quality.score import ScoreGrade, grade_of


@dataclass(frozen=True, slots=True)
class Standing:
    """What one report comes to."""

    total: int | None
    """0 to 100; None where nothing was checked."""
    checked: int
    rules: int
    failures: tuple[Text, ...]
    """What failed or could not be asked, the worst first."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What several datasets come to together."""

    score: int | None
    """The mean of the rated ones, each counting the same, rounded down; None where none is."""
    grade: ScoreGrade | None
    rated: int
    checked: int
    rules: int


def rating_of(standings: Iterable[Standing]) -> Rating:
    """The rating of datasets; one that is not rated lowers no mean and counts in the coverage."""
    held = list(standings)
    totals = [one.total for one in held if one.total is not None]
    score = sum(totals) // len(totals) if totals else None
    return Rating(
        score=score,
        grade=None if score is None else grade_of(score),
        rated=len(totals),
        checked=sum(one.checked for one in held),
        rules=sum(one.rules for one in held),
    )
