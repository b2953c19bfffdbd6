"""What the gate said of each version of a table: the line of its quality over time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from catalog import find
from catalog.version import Verdict, Version
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.dimension import Dimension
from quality.report import Report
from quality.reports import reports_with_ids
from quality.score import ScoreGrade

VERSIONS_MAX = 100

router = APIRouter(prefix="/api/v1", tags=["quality"])

Table = Annotated[
    str, Query(max_length=200, description="The distribution's name; empty: the first one.")
]


class DimensionScoreBody(BaseModel):
    """The score of one version within one dimension."""

    dimension: Dimension
    score: int | None
    """0 to 100; null where no rule of it was checked."""
    checked: int
    rules: int


class VersionQualityBody(BaseModel):
    """What the gate said of one version."""

    number: int
    created_at: datetime
    verdict: Verdict | None
    """Null before it was checked."""
    score: int | None
    """0 to 100; null is “not rated”."""
    grade: ScoreGrade | None
    checked: int
    """Rules that passed or failed."""
    rules: int
    """Rules that apply to it: those of packs that fit a column, and the dataset's own."""
    coverage_permille: int
    dimensions: list[DimensionScoreBody]


@router.get("/datasets/{slug}/quality/history")
def show_quality_history(
    request: Request, slug: str, distribution: Table = ""
) -> list[VersionQualityBody]:
    """Score, grade and coverage of each version that exists for the caller, the newest first."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        tables = (
            [find.distribution_named(tx, dataset, distribution)]
            if distribution
            else find.distributions_of(tx, dataset)[:1]
        )
        ids = [table.id for table in tables]
        versions = find.versions_of(tx, dataset, ids, by=actor)[:VERSIONS_MAX]
        reports = reports_with_ids(tx, [version.report_id for version in versions])
    return [
        _told(version, reports.get(version.report_id) if version.report_id else None)
        for version in versions
    ]


def _told(version: Version, report: Report | None) -> VersionQualityBody:
    score = report.score if report else None
    return VersionQualityBody(
        number=version.number,
        created_at=version.created_at,
        verdict=version.verdict,
        score=score.total if score else None,
        grade=score.grade if score else None,
        checked=score.checked if score else 0,
        rules=score.rules if score else 0,
        coverage_permille=score.coverage_permille if score else 0,
        dimensions=[
            DimensionScoreBody(
                dimension=one.dimension, score=one.score, checked=one.checked, rules=one.rules
            )
            for one in (score.dimensions if score else ())
        ],
    )
