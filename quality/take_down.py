"""Keep what a check found of a version, and tell the catalogue what the gate says now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.find import stored_version
from catalog.publish import admit
from catalog.version import ReportId
from policies.database import Tx
from policies.events import Edge, Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId, OrganizationId, VersionId
from quality.outcome import SuiteOutcome
from quality.plead import verdict_in_force
from quality.report import Report
from quality.sensitive import Finding, FindingState
from quality.store import reports as report_store
from quality.store import sensitive as sensitive_store


@dataclass(frozen=True, slots=True)
class Subject:
    """A version to be checked, and whose it is."""

    version_id: VersionId
    dataset_id: DatasetId
    organization_id: OrganizationId
    """The publisher."""
    paths: tuple[Path, ...]
    """Its Parquet files, in the order of their rows, verified by the caller."""
    number: int = 1
    older: tuple[tuple[int, tuple[Path, ...]], ...] = ()
    """Numbers and files of older versions, newest first, to try proposals on."""
    key: tuple[str, ...] = ()
    """The declared key's columns that the version has."""


def take_down(
    tx: Tx,
    subject: Subject,
    report: Report,
    suite: SuiteOutcome,
    found: Sequence[Finding],
    *,
    by: Actor,
) -> None:
    """Keep a report with its findings, and tell the catalogue what the gate says now."""
    report_id = report_store.insert_report(tx, subject.version_id, report, suite)
    sensitive_store.lock_answers_of(tx, stored_version(tx, subject.version_id).distribution.id)
    sensitive_store.put_findings(tx, subject.version_id, found, at=report.finished_at)
    findings = sensitive_store.finding_states(tx, subject.version_id)
    admit(
        tx,
        subject.version_id,
        verdict=verdict_in_force(tx, subject.version_id, findings, report),
        report_id=report_id,
        at=report.finished_at,
    )
    record_assessment(tx, subject, report, report_id, findings, by=by)


def record_assessment(
    tx: Tx,
    subject: Subject,
    report: Report,
    report_id: ReportId,
    findings: list[FindingState],
    *,
    by: Actor,
) -> None:
    """Put on record that a version was checked, with the hashes of the evidence."""
    record(
        tx,
        Event(
            kind=EventKind.VERSION_ASSESSED,
            at=report.finished_at,
            actor=by,
            organization_id=subject.organization_id,
            dataset_id=subject.dataset_id,
            subject_id=subject.version_id,
            facts={
                "verdict": report.verdict.value,
                "score": report.score.total,
                "grade": None if report.score.grade is None else report.score.grade.value,
                "report_id": str(report_id),
                "row_count": report.row_count,
                "sensitive_findings": [
                    {"column": one.finding.column, "kind": one.finding.kind.value}
                    for one in findings
                ],
                "sensitive_unanswered": sum(one.answered is None for one in findings),
                "suite_sha256": report.suite_sha256,
                "gx_result_sha256": report.gx_result_sha256,
                "engine": report.engine,
            },
            edges=(
                Edge(
                    source=f"version:{subject.version_id}",
                    target=f"report:{report_id}",
                    by="quality.assess",
                ),
            ),
        ),
    )
