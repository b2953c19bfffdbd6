"""Read what the gate said of several versions at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from catalog.version import ReportId
from policies.database import Tx
from quality.report import Report
from quality.standing import Standing
from quality.store import reports as report_store


def reports_with_ids(tx: Tx, report_ids: Iterable[ReportId | None]) -> Mapping[ReportId, Report]:
    """The reports of these ids; None and unknown ids are left out."""
    known = [report_id for report_id in report_ids if report_id is not None]
    return report_store.reports_by_id(tx, known) if known else {}


def totals_with_ids(
    tx: Tx, report_ids: Iterable[ReportId | None]
) -> Mapping[ReportId, tuple[int, str]]:
    """Score, 0 to 100, and letter of the grade, of reports that rate; all others are left out."""
    known = [report_id for report_id in report_ids if report_id is not None]
    return report_store.totals_by_id(tx, known) if known else {}


def standings_with_ids(
    tx: Tx, report_ids: Iterable[ReportId | None]
) -> Mapping[ReportId, Standing]:
    """What these reports come to, and what failed in them."""
    known = [report_id for report_id in report_ids if report_id is not None]
    return report_store.standings_by_id(tx, known) if known else {}
