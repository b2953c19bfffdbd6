"""A version through the gate, from its files to its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from catalog.version import Verdict
from policies.database import Pool, Tx
from policies.roles import SYSTEM
from quality.answer_sensitive import answer, findings_of
from quality.assess import assess
from quality.check import Column
from quality.engine.open_table import Limits
from quality.outcome import Status
from quality.report import Report
from quality.rules import add_rule, read_evidence, read_profile, read_report
from quality.store import profiles as profile_store
from quality.store import reports as report_store
from quality.take_down import Subject
from tests.people import AT
from tests.quality.conftest import Made

MakeVersion = Callable[[Tx], Made]
LIMITS = Limits(memory_bytes=500_000_000, threads=1)


def parquet(folder: Path, select: str) -> Path:
    path = folder / "part.parquet"
    duckdb.execute(f"COPY ({select}) TO '{path}'")
    return path


def check(pool: Pool, made: Made, path: Path, limits: Limits = LIMITS) -> Report:
    return assess(
        pool,
        Subject(made.version_id, made.dataset_id, made.organization_id, (path,)),
        by=SYSTEM,
        clock=lambda: AT,
        limits=limits,
        on_progress=lambda permille: None,
    )


def admitted(tx: Tx, made: Made) -> tuple[object, ...]:
    row = tx.execute(
        "SELECT verdict, report_id, assessed_at FROM catalog.versions WHERE id = %s",
        (made.version_id,),
    ).fetchone()
    assert row is not None
    return tuple(row.values())


def test_a_good_table_passes_and_everything_about_it_is_kept(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    path = parquet(tmp_path, "SELECT i AS id, 'name ' || i AS name FROM range(3) AS t(i)")

    report = check(pool, made, path)

    assert (report.verdict, report.score.total, report.score.grade) == (Verdict.PASSED, 100, "A")
    with pool.connection() as tx:
        stored = read_report(tx, made.version_id)
        assert stored.report == report
        assert admitted(tx, made) == ("passed", stored.id, AT)
        assert read_profile(tx, made.version_id).row_count == 3
        evidence = read_evidence(tx, stored.id)
        assert hashlib.sha256(evidence.encode()).hexdigest() == report.gx_result_sha256
        assert report_store.reports_by_id(tx, [stored.id]) == {stored.id: report}


def test_the_log_holds_the_hash_of_the_evidence(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)

    report = check(pool, made, parquet(tmp_path, "SELECT 1 AS a, 2 AS b"))

    with pool.connection() as tx:
        rows = tx.execute(
            """
            SELECT body::jsonb AS body
              FROM policies.events
             WHERE kind = 'version.assessed'
               AND subject_id = %s
             ORDER BY id
            """,
            (made.version_id,),
        ).fetchall()
    (body,) = (row["body"] for row in rows)
    assert body["facts"]["gx_result_sha256"] == report.gx_result_sha256
    assert body["facts"]["verdict"] == "passed"
    assert body["edges"][0]["source"] == f"version:{made.version_id}"


def test_an_empty_table_is_blocked(pool: Pool, tmp_path: Path, make_version: MakeVersion) -> None:
    with pool.connection() as tx:
        made = make_version(tx)

    report = check(pool, made, parquet(tmp_path, "SELECT 1 AS a WHERE false"))

    assert report.verdict is Verdict.BLOCKED
    assert report.failures[0].sentence.en == "The table has 0 rows; asked for: at least 1."


def test_a_publishers_own_rule_warns_or_blocks_as_they_said(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    path = parquet(tmp_path, "SELECT * FROM (VALUES (5, 3), (1, 2)) AS t(high, low)")
    schema = (Column("high", "INTEGER"), Column("low", "INTEGER"))

    verdicts = []
    for gate in ("warn", "block"):
        body = {"expect": {"kind": "pair_greater"}, "columns": ["high", "low"], "gate": gate}
        with pool.connection() as tx:
            made = make_version(tx)
            add_rule(tx, made.dataset_id, body, schema, by=made.publisher, at=AT)
        report = check(pool, made, path)
        verdicts.append(report.verdict)

    assert verdicts == [Verdict.PASSED_WITH_WARNINGS, Verdict.BLOCKED]
    assert report.failures[0].sentence.zh == "2 行中有 1 行的“high”小于“low”。"
    assert report.failures[0].examples[0].row_number == 2


def test_a_blocking_rule_about_a_column_that_went_away_blocks(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    body = {"expect": {"kind": "unique"}, "columns": ["id"], "gate": "block"}
    with pool.connection() as tx:
        made = make_version(tx)
        add_rule(tx, made.dataset_id, body, (), by=made.publisher, at=AT)

    report = check(pool, made, parquet(tmp_path, "SELECT 1 AS other, 2 AS third"))

    assert report.verdict is Verdict.BLOCKED
    assert [finding.status for finding in report.failures] == [Status.ERROR]


def test_checking_again_replaces_the_verdict_and_keeps_both_reports(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    path = parquet(tmp_path, "SELECT 1 AS a, 2 AS b")

    check(pool, made, path)
    check(pool, made, path)

    with pool.connection() as tx:
        row = tx.execute(
            "SELECT count(*) AS n FROM quality.reports WHERE version_id = %s", (made.version_id,)
        ).fetchone()
        newest = read_report(tx, made.version_id)
        assert admitted(tx, made) == ("passed", newest.id, AT)
    assert row is not None
    assert row["n"] == 2


def test_what_cannot_be_read_leaves_nothing_behind(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    broken = tmp_path / "part.parquet"
    broken.write_bytes(b"PAR1 but not really")

    with pytest.raises(duckdb.Error):
        check(pool, made, broken)

    with pool.connection() as tx:
        assert report_store.newest_report(tx, made.version_id) is None
        assert profile_store.profile_of(tx, made.version_id) is None


def test_sensitive_data_holds_a_version_back_whatever_the_rules_say(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    path = parquet(tmp_path, "SELECT i AS id, '1380013800' || i AS mobile FROM range(9) AS t(i)")

    report = check(pool, made, path)

    assert report.verdict is Verdict.PASSED
    with pool.connection() as tx:
        assert admitted(tx, made)[0] == "blocked"
        (state,) = findings_of(tx, made.version_id)
        assert (state.finding.column, state.finding.valid_count) == ("mobile", 9)
        said = {"column": "mobile", "kind": "mobile", "answer": "dropped"}
        answer(tx, made.version_id, said, by=made.publisher, at=AT)
        assert admitted(tx, made)[0] == "passed"

    check(pool, made, path)

    with pool.connection() as tx:
        assert admitted(tx, made)[0] == "passed", "an answer holds when it is checked again"


def test_a_large_table_is_held_back_by_its_footers_before_its_rows_are_read(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    path = parquet(tmp_path, "SELECT nullif(i, 7) AS id FROM range(1000000) AS t(i)")
    with pool.connection() as tx:
        made = make_version(tx)
        body = {"expect": {"kind": "not_null"}, "columns": ["id"], "gate": "block"}
        rule = add_rule(tx, made.dataset_id, body, (), by=made.publisher, at=AT)

    report = check(pool, made, path)

    with pool.connection() as tx:
        reports = tx.execute(
            "SELECT verdict, body FROM quality.reports WHERE version_id = %s ORDER BY id",
            (made.version_id,),
        ).fetchall()
    early, whole = ({one["rule_id"]: one for one in row["body"]["findings"]} for row in reports)
    assert [row["verdict"] for row in reports] == ["blocked", "blocked"]
    assert early[rule.id]["unexpected_count"] == 1
    assert {one["status"] for key, one in early.items() if key != rule.id} == {"not_checked"}
    assert {one["status"] for key, one in whole.items() if key != rule.id} == {"passed"}
    assert report.verdict is Verdict.BLOCKED


def test_a_table_over_the_size_is_counted_on_the_cluster(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    from pysail.spark import SparkConnectServer

    with pool.connection() as tx:
        made = make_version(tx)
    path = parquet(tmp_path, "SELECT i % 10 AS id, 'a' AS name FROM range(100) AS t(i)")
    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    host, port = server.listening_address

    try:
        limits = replace(LIMITS, cluster_url=f"sc://{host}:{port}", cluster_bytes_min=1)
        there = check(pool, made, path, limits)
        here = check(pool, made, path, replace(limits, cluster_bytes_min=1 << 40))
    finally:
        server.stop()

    assert "pyspark-client" in there.engine
    assert "pyspark-client" not in here.engine
    told = [
        [(one.rule_key, one.status, one.element_count, one.unexpected_count, one.examples)
         for one in report.findings]
        for report in (there, here)
    ]  # fmt: skip
    assert told[0] == told[1]
    assert there.score == here.score
