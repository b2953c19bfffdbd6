"""What the gate said of a version: the quality tab, the whole report, the same for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from catalog import quarantine
from catalog.errors import VersionNotFound
from catalog.misfit import QuarantineCount
from catalog.version import ReportId, Version
from portal.pages.dataset import frame as dataset_frame
from portal.pages.dataset import quality
from portal.pages.dataset.frame import DatasetFrame
from portal.pages.dataset.look import ChosenDistribution, look_of
from portal.pages.dataset.quarantine import count_words
from portal.pages.dataset.reader import Look, report_for
from portal.pages.dataset_cards import quality_state
from portal.pages.drawing.charts import Drawing, Item, time_line
from portal.pages.plea_lines import plea_line
from portal.pages.rendering import render
from portal.pages.speech import Speech
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.drift import Drift
from quality.errors import NotAssessed
from quality.plead import granted_pleas
from quality.report import Report, report_as_json
from quality.reports import reports_with_ids
from quality.rules import read_drift

router = APIRouter()

REPORTS_SHOWN_MAX: Final = 50
"""Versions of which the history tells; older ones have their report by their own number."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is on record about the version that is shown, as far as the reader may know it."""

    look: Look
    frame: DatasetFrame
    say: Speech
    version: Version | None
    report: Report | None
    is_cut: bool
    """Whether rules about columns that the reader may not see were left out of it."""
    versions: tuple[Version, ...]
    """The newest ones, for the history."""
    reports: Mapping[ReportId, Report]
    """Theirs."""
    drift: Drift | None
    let_go: list[dict[str, object]]
    known: frozenset[str]
    """Keys of the rules whose failure two people let go."""
    aside: QuarantineCount | None


@router.get("/dataset/{slug}/quality")
def show_quality(
    request: Request,
    slug: str,
    version: Annotated[int | None, Query(ge=1)] = None,
    distribution: ChosenDistribution = "",
) -> Response:
    """What was checked and what was found, of the newest version or of an earlier one."""
    found = _found(request, slug, version, distribution)
    look, say, shown, report = found.look, found.say, found.version, found.report
    dataset = look.overview.dataset
    described, missing = quality.missing_of(dataset, say)
    edit = f"/publish/{slug}" if look.overview.may_change else None
    return render(
        request,
        "dataset/quality.html",
        status=200,
        **_shared(found),
        description_score=described,
        missing=[(label, edit) for label in missing],
        promise=quality.promise_of(
            dataset,
            look.version,
            dataset_frame.cycle_words(look, say),
            at=wiring_of(request).now(),
            say=say,
        ),
        whole_href=_report_href(found) if report else None,
        json_href=_report_href(found, form=".json") if report else None,
        # A ticket tells of the first distribution's versions.
        report_href=f"{found.frame.href}/fault?version={shown.number}"
        if shown and not look.place
        else None,
    )


@router.get("/dataset/{slug}/versions/{number}/report")
def show_report(
    request: Request, slug: str, number: int, distribution: ChosenDistribution = ""
) -> Response:
    """All that the gate said of one version, to be read, printed and filed."""
    found = _found(request, slug, number, distribution)
    version, report, say = found.version, found.report, found.say
    if version is None:
        raise VersionNotFound
    if report is None:
        raise NotAssessed
    return render(
        request,
        "dataset/report.html",
        status=200,
        **_shared(found),
        number=version.number,
        rows=version.row_count,
        to_do=quality.to_do_of(report, say, known=found.known),
        table=quality.rule_table(report, say, known=found.known),
        engine=report.engine,
        suite_sha256=report.suite_sha256,
        result_sha256=report.gx_result_sha256,
        digest=version.digest,
        is_whole=not found.is_cut,
        json_href=_report_href(found, form=".json"),
    )


@router.get("/dataset/{slug}/versions/{number}/report.json")
def show_report_as_json(
    request: Request, slug: str, number: int, distribution: ChosenDistribution = ""
) -> Response:
    """The same for programs, and as much as the page tells this reader."""
    found = _found(request, slug, number, distribution)
    if found.version is None:
        raise VersionNotFound
    if found.report is None:
        raise NotAssessed
    body = {
        "dataset": slug,
        "version": number,
        "digest": found.version.digest,
        **report_as_json(found.report),
    }
    return JSONResponse(body, headers={"Cache-Control": "private, no-store"})


def _found(request: Request, slug: str, number: int | None, distribution: str) -> _Found:
    """Raises: DatasetNotFound, DistributionNotFound."""
    look, frame, say = look_of(request, slug, distribution)
    versions = look.distribution.versions if look.distribution else ()
    shown = next((one for one in versions if number in (None, one.number)), None)
    recent = versions[:REPORTS_SHOWN_MAX]
    wanted = [*recent, *([shown] if shown else [])]
    with wiring_of(request).pool.connection() as tx:
        reports = reports_with_ids(tx, [one.report_id for one in wanted])
        aside = quarantine.counts(tx, [shown.id])[shown.id] if shown else None
        granted = granted_pleas(tx, shown.id) if shown else []
        drift = read_drift(tx, shown.id) if shown else None
        at = wiring_of(request).now()
        let_go = [plea_line(tx, one, say, is_overdue=one.is_overdue(at)) for one in granted]
        report = whole = reports.get(shown.report_id) if shown and shown.report_id else None
        if shown and whole:
            report = report_for(tx, look, shown, whole, by=actor_of(request))
    return _Found(
        look=look,
        frame=frame,
        say=say,
        version=shown,
        report=report,
        is_cut=bool(report and whole and len(report.findings) < len(whole.findings)),
        versions=recent,
        reports=reports,
        drift=drift,
        let_go=let_go,
        known=frozenset(key for one in granted for key in one.rule_keys),
        aside=aside,
    )


def _shared(found: _Found) -> dict[str, object]:
    """What the tab and the whole report both show."""
    report, say, shown = found.report, found.say, found.version
    history = _history(found)
    return {
        "dataset": found.frame,
        "data_score": report.score.total if report else None,
        "data_state": _state(found),
        "grade": report.score.grade.value if report and report.score.grade else "",
        "coverage": quality.coverage_of(report, say) if report else "",
        "history": history,
        "drawing": _drawing(history, say),
        "dimensions": quality.dimensions_of(report, say) if report else [],
        "rules": quality.rules_of(report, found.look.seen_values, say, known=found.known)
        if report
        else [],
        "let_go": found.let_go,
        "drift": quality.drift_lines(found.drift, found.look.seen_values, say),
        "checked_at": report.finished_at if report else None,
        "version": shown.number if shown else 0,
        "set_aside": count_words(found.aside, say) if found.aside else "",
        "set_aside_href": f"{found.frame.href}/versions/{shown.number}/quarantine"
        if shown and found.look.overview.is_own and not found.look.place
        else None,
        "suite": report.suite_sha256[:12] if report else "",
    }


def _state(found: _Found) -> str:
    if found.version is not None and found.version is found.look.version:
        return found.frame.quality_state
    return quality_state(found.version.verdict if found.version else None)


def _history(found: _Found) -> list[dict[str, object]]:
    """Score, grade and coverage of each checked version, the oldest first."""
    return [
        {
            "number": one.number,
            "href": f"{found.frame.href}/versions/{one.number}/report{found.frame.query}",
            "at": one.created_at,
            "score": report.score.total,
            "grade": report.score.grade.value if report.score.grade else "",
            "coverage": quality.coverage_of(report, found.say),
            "state": quality_state(one.verdict),
        }
        for one in reversed(found.versions)
        if one.report_id and (report := found.reports.get(one.report_id)) is not None
    ]


def _drawing(history: list[dict[str, object]], say: Speech) -> Drawing | None:
    """The line over the versions; None where there is nothing to join."""
    items = [
        Item(
            say.gettext("v{number}", number=str(one["number"])),
            float(score),
            say.gettext("{score} of 100", score=say.number(score)),
            str(one["href"]),
        )
        for one in history
        if isinstance(score := one["score"], int)
    ]
    return time_line(items) if len(items) > 1 else None


def _report_href(found: _Found, *, form: str = "") -> str:
    assert found.version is not None
    place = f"{found.frame.href}/versions/{found.version.number}/report{form}"
    return place + found.frame.query
