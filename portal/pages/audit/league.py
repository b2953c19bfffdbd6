"""The league table of quality: every department with its score, and the reasons of each score.

Read by supervisors. A department's score is the mean of its rated datasets, each counting the same;
what was not checked lowers no mean, and stands beside it as coverage.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from catalog.dataset import Dataset, DatasetState
from catalog.holdings import Holding, holdings_of
from catalog.records import records_with, seen_ids
from exchange.faults.report_fault import overdue_at
from exchange.trace import record_look
from policies.calendar import china_day
from policies.database import Tx
from policies.history import check_may_audit
from policies.party import Actor, Organization
from policies.terms import DatasetId, OrganizationId
from portal.handing_out import content_disposition
from portal.pages.dataset.quality import promise_of
from portal.pages.dataset_cards import quality_state
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.reports import standings_with_ids
from quality.standing import Rating, Standing, rating_of

router = APIRouter()

REASONS_PER_DATASET: Final = 3
DATASETS_SHOWN: Final = 20
"""Of each department on the page, the lowest scores first; JSON has all."""
_UNCHECKED: Final = Standing(total=None, checked=0, rules=0, failures=())


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """One dataset and what its score is made of."""

    dataset: Dataset
    version: int | None
    state: str
    standing: Standing
    reasons: tuple[str, ...]
    is_late: bool
    overdue_faults: int

    @property
    def href(self) -> str:
        """Its whole report where it was checked, else its page."""
        place = f"/dataset/{self.dataset.slug}"
        is_reported = self.version is not None and self.standing.rules
        return f"{place}/versions/{self.version}/report" if is_reported else place


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """One department in the table."""

    place: int | None
    """Those with the same score share one; None where nothing is rated."""
    organization: Organization
    rating: Rating
    published: int
    promised: int
    late: int
    known_issues: int
    overdue_faults: int
    datasets: tuple[DatasetLine, ...]
    """Not rated ones first, then the lowest score first."""


@router.get("/audit/quality")
def show_league(request: Request) -> Response:
    """The table, and under each department its datasets with what is wrong with them."""
    say = speech_of(request)
    lines, at = _lines(request, say)
    return render(
        request,
        "audit/league.html",
        departments=lines,
        datasets_shown=DATASETS_SHOWN,
        at=at,
    )


@router.get("/audit/quality.csv")
def download_league(request: Request) -> Response:
    """A row for each department."""
    lines, _ = _lines(request, speech_of(request))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        [
            *("place", "organization", "title_zh", "title_en", "score", "grade", "published"),
            *("rated", "rules", "checked", "promised", "late", "known_issues", "overdue_faults"),
        ]
    )
    for line in lines:
        writer.writerow(
            [
                "" if line.place is None else line.place,
                line.organization.slug,
                line.organization.title.zh,
                line.organization.title.en,
                "" if line.rating.score is None else line.rating.score,
                line.rating.grade or "",
                *(line.published, line.rating.rated, line.rating.rules, line.rating.checked),
                *(line.promised, line.late, line.known_issues, line.overdue_faults),
            ]
        )
    return Response(
        "\ufeff" + text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": content_disposition("quality-league.csv"),
            "Cache-Control": "private, no-store",
        },
    )


@router.get("/audit/quality.json")
def show_league_as_json(request: Request) -> Response:
    """The whole table with every dataset and its reasons."""
    lines, at = _lines(request, speech_of(request))
    body = {"at": at.isoformat(), "departments": [_department_as_json(line) for line in lines]}
    return JSONResponse(body, headers={"Cache-Control": "private, no-store"})


def _lines(request: Request, say: Speech) -> tuple[list[DepartmentLine], datetime]:
    actor, wiring = signed_in(request), wiring_of(request)
    check_may_audit(actor)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        record_look(tx, "quality", None, by=actor, at=at)
        return _league(tx, by=actor, at=at, say=say), at


def _league(tx: Tx, *, by: Actor, at: datetime, say: Speech) -> list[DepartmentLine]:
    departments: dict[OrganizationId, Organization] = {}
    found: defaultdict[OrganizationId, list[tuple[Dataset, Holding | None]]] = defaultdict(list)
    after: DatasetId | None = None
    while ids := seen_ids(tx, by=by, after=after):
        after = ids[-1]
        records = records_with(tx, ids, frozenset(), by=by)
        datasets = [one.dataset for one in records if one.dataset.state is DatasetState.PUBLISHED]
        held = holdings_of(tx, datasets, by=by)
        departments |= {one.publisher.id: one.publisher for one in records}
        for dataset in datasets:
            found[dataset.publisher_id].append((dataset, held.get(dataset.id)))
    overdue: defaultdict[DatasetId, int] = defaultdict(int)
    for fault in overdue_at(tx, list(found), by=by, today=china_day(at)):
        overdue[fault.dataset_id] += 1
    lines = [
        _department(tx, departments[owner], held_of, overdue, at=at, say=say)
        for owner, held_of in found.items()
    ]
    lines.sort(key=lambda one: (-(one.rating.score or 0), one.organization.slug))
    return [_placed(line, lines) for line in lines]


def _department(
    tx: Tx,
    organization: Organization,
    held: list[tuple[Dataset, Holding | None]],
    overdue: defaultdict[DatasetId, int],
    *,
    at: datetime,
    say: Speech,
) -> DepartmentLine:
    standings = standings_with_ids(tx, [one.report_id for _, one in held if one])
    promises = [promise_of(dataset, one, "", at=at, say=say) for dataset, one in held]
    datasets = [
        _dataset(dataset, one, standings.get(one.report_id) if one and one.report_id else None,
                 is_late=promise.state == "broken", overdue=overdue[dataset.id], say=say)
        for (dataset, one), promise in zip(held, promises, strict=True)
    ]  # fmt: skip
    datasets.sort(key=lambda one: (one.standing.total or 0, one.dataset.slug))
    return DepartmentLine(
        place=None,
        organization=organization,
        rating=rating_of(one.standing for one in datasets),
        published=len(datasets),
        promised=sum(promise.due is not None for promise in promises),
        late=sum(one.is_late for one in datasets),
        known_issues=sum(one.state == "known_issue" for one in datasets),
        overdue_faults=sum(one.overdue_faults for one in datasets),
        datasets=tuple(datasets),
    )


def _dataset(
    dataset: Dataset,
    holding: Holding | None,
    standing: Standing | None,
    *,
    is_late: bool,
    overdue: int,
    say: Speech,
) -> DatasetLine:
    reasons = [say.text(one) for one in standing.failures[:REASONS_PER_DATASET]] if standing else []
    if standing is None:
        reasons.append(say.gettext("Nothing of it was checked."))
    if is_late:
        reasons.append(say.gettext("New data is overdue."))
    if overdue:
        reasons.append(
            say.ngettext(
                "{count} fault report is overdue.", "{count} fault reports are overdue.", overdue
            )
        )
    return DatasetLine(
        dataset=dataset,
        version=holding.number if holding else None,
        state="unrated" if standing is None or standing.total is None else _state(holding),
        standing=standing or _UNCHECKED,
        reasons=tuple(reasons),
        is_late=is_late,
        overdue_faults=overdue,
    )


def _state(holding: Holding | None) -> str:
    return quality_state(holding.verdict if holding else None)


def _placed(line: DepartmentLine, lines: list[DepartmentLine]) -> DepartmentLine:
    score = line.rating.score
    if score is None:
        return line
    better = sum(one.rating.score is not None and one.rating.score > score for one in lines)
    return replace(line, place=better + 1)


def _department_as_json(line: DepartmentLine) -> dict[str, object]:
    return {
        "place": line.place,
        "organization": line.organization.slug,
        "title": dict(line.organization.title.as_map()),
        "score": line.rating.score,
        "grade": line.rating.grade,
        "published": line.published,
        "rated": line.rating.rated,
        "rules": line.rating.rules,
        "checked": line.rating.checked,
        "promised": line.promised,
        "late": line.late,
        "known_issues": line.known_issues,
        "overdue_faults": line.overdue_faults,
        "datasets": [
            {
                "dataset": one.dataset.slug,
                "version": one.version,
                "score": one.standing.total,
                "rules": one.standing.rules,
                "checked": one.standing.checked,
                "state": one.state,
                "reasons": list(one.reasons),
                "report": one.href,
            }
            for one in line.datasets
        ],
    }
