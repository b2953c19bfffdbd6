"""Table `quality.reports`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.version import ReportId
from policies.database import Tx
from policies.terms import Text, VersionId
from quality.outcome import SuiteOutcome
from quality.report import Report, report_as_json, report_from_json
from quality.standing import Standing

REPORTS_PER_PAGE_MAX = 100


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report with its id."""

    id: ReportId
    report: Report


def insert_report(tx: Tx, version_id: VersionId, report: Report, suite: SuiteOutcome) -> ReportId:
    """Keep a report with its evidence; return its id."""
    row = tx.execute(
        """
        INSERT INTO quality.reports
            (version_id, verdict, score, grade, body, suite_sha256, gx_result, gx_result_sha256,
             started_at, finished_at)
        VALUES
            (%(version_id)s, %(verdict)s, %(score)s, %(grade)s, %(body)s, %(suite_sha256)s,
             %(gx_result)s, %(gx_result_sha256)s, %(started_at)s, %(finished_at)s)
        RETURNING id
        """,
        {
            "version_id": version_id,
            "verdict": report.verdict,
            "score": report.score.total,
            "grade": report.score.grade,
            "body": Jsonb(report_as_json(report)),
            "suite_sha256": suite.suite_sha256,
            "gx_result": suite.gx_result,
            "gx_result_sha256": suite.gx_result_sha256,
            "started_at": report.started_at,
            "finished_at": report.finished_at,
        },
    ).fetchone()
    assert row is not None, "INSERT ... RETURNING gives its row"
    return ReportId(row["id"])


def newest_report(tx: Tx, version_id: VersionId) -> StoredReport | None:
    """The newest report of a version; None before it was checked."""
    row = tx.execute(
        """
        SELECT id, body
          FROM quality.reports
         WHERE version_id = %(version_id)s
         ORDER BY finished_at DESC, id DESC
         LIMIT 1
        """,
        {"version_id": version_id},
    ).fetchone()
    return _stored_report(row) if row else None


def reports_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, Report]:
    """Several reports at once, such as those of a list of versions; unknown ids are left out."""
    rows = tx.execute(
        """
        SELECT id, body
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"ids": report_ids, "limit": REPORTS_PER_PAGE_MAX},
    )
    return {ReportId(row["id"]): report_from_json(row["body"]) for row in rows}


def totals_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, tuple[int, str]]:
    """Score and grade of several reports, without reading the rest; unrated ones are left out."""
    rows = tx.execute(
        """
        SELECT id, (body -> 'score' ->> 'total')::integer AS total,
               body -> 'score' ->> 'grade' AS grade
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
           AND body -> 'score' ->> 'total' IS NOT NULL
         ORDER BY id
        """,
        {"ids": report_ids},
    )
    return {ReportId(row["id"]): (row["total"], row["grade"] or "") for row in rows}


def standings_by_id(tx: Tx, report_ids: list[ReportId]) -> dict[ReportId, Standing]:
    """What several reports come to, without reading the rest of them."""
    rows = tx.execute(
        """
        SELECT id, (body -> 'score' ->> 'total')::integer AS total,
               (body -> 'score' ->> 'checked')::integer AS checked,
               (body -> 'score' ->> 'rules')::integer AS rules,
               jsonb_path_query_array(
                   body, '$.findings[*] ? (@.status == "failed" || @.status == "error").sentence'
               ) AS failures
          FROM quality.reports
         WHERE id = ANY(%(ids)s)
         ORDER BY id
        """,
        {"ids": report_ids},
    )
    return {
        ReportId(row["id"]): Standing(
            total=row["total"],
            checked=row["checked"],
            rules=row["rules"],
            failures=tuple(Text.from_map(one) for one in row["failures"]),
        )
        for row in rows
    }


def evidence_of(tx: Tx, report_id: ReportId) -> str | None:
    """What Great Expectations gave, byte for byte; None where there is no such report."""
    row = tx.execute(
        """
        SELECT gx_result
          FROM quality.reports
         WHERE id = %(report_id)s
        """,
        {"report_id": report_id},
    ).fetchone()
    return str(row["gx_result"]) if row else None


def _stored_report(row: Mapping[str, object]) -> StoredReport:
    body = row["body"]
    assert isinstance(body, dict), "jsonb of an object"
    return StoredReport(id=ReportId(UUID(str(row["id"]))), report=report_from_json(body))
