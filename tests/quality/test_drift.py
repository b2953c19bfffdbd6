"""What changed between versions, in words with numbers; no alarm for what has always been so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp  # type: ignore[import-untyped]  # ships without types

from catalog.version import Verdict
from policies.database import Pool, Tx
from policies.roles import SYSTEM
from policies.terms import Text, VersionId
from quality.assess import assess
from quality.check import ChangeKind
from quality.drift import (
    Drift,
    KeyChurn,
    Past,
    curve_gap,
    drift_as_json,
    drift_from_json,
    drift_of,
    working_days,
)
from quality.engine.open_table import Limits
from quality.measuring import key_churn
from quality.outcome import Status
from quality.profile import Bin, ColumnProfile, FrequentValue, Profile
from quality.profiling import profile_files
from quality.rule import Severity
from quality.rules import add_rule, read_drift
from quality.store import profiles as profile_store
from quality.take_down import Subject
from tests.people import AT
from tests.quality.conftest import Made

MakeVersion = Callable[[Tx], Made]
MONDAY = datetime(2026, 3, 16, 4, tzinfo=UTC)


def parquet(folder: Path, select: str, name: str) -> Path:
    path = folder / f"{name}.parquet"
    duckdb.execute(f"COPY ({select}) TO '{path}'")
    return path


def table(rows: int, *columns: ColumnProfile) -> Profile:
    return Profile(rows, columns)


def numbers(name: str, *counts: int, null_count: int = 0) -> ColumnProfile:
    bins = tuple(Bin(str(at), str(at + 1), count) for at, count in enumerate(counts))
    low, high = "0", str(len(counts))
    return ColumnProfile(name, "DOUBLE", null_count, 9, low, high, None, None, bins, ())


def words(name: str, **counts: int) -> ColumnProfile:
    frequent = tuple(FrequentValue(value, count) for value, count in counts.items())
    return ColumnProfile(name, "VARCHAR", 0, 9, None, None, 1, 9, (), frequent)


def sentences(drift: Drift | None) -> list[str]:
    assert drift is not None
    return [change.sentence.en for change in drift.changes]


def daily(*rows: int) -> list[Past]:
    """Versions of working days in a row, the newest first, the last of them on Friday."""
    days = [MONDAY - timedelta(days=3 + back) for back in range(len(rows))]
    return [
        Past(len(rows) - at, day, table(count))
        for at, (day, count) in enumerate(zip(days, rows, strict=True))
    ]


def test_columns_that_come_go_or_change_their_type_are_told() -> None:
    old = table(10, numbers("a", 10), words("b", x=10), words("c", x=10))
    new = table(10, numbers("a", 10), numbers("b", 10), words("d", x=10))

    drift = drift_of(new, MONDAY, [Past(1, MONDAY, old)], None)

    assert sentences(drift) == [
        "The column “c” is gone.",
        "The type of “b” went from VARCHAR to DOUBLE.",
        "The column “d” is new.",
    ]
    assert drift is not None
    assert drift_from_json(drift_as_json(drift)) == drift


def test_growth_is_set_against_what_a_working_day_brings() -> None:
    older = daily(1_400, 1_300, 1_200, 1_100)

    over_the_weekend = drift_of(table(1_500), MONDAY, older, None)
    tripled = drift_of(table(1_700), MONDAY, older, None)
    shrunk = drift_of(table(1_300), MONDAY, older, None)

    assert sentences(over_the_weekend) == []
    assert sentences(tripled) == [
        "It went from 1,400 rows to 1,700: +300 a working day, where +100 is usual."
    ]
    assert shrunk is not None
    assert shrunk.changes[0].severity is Severity.CRITICAL


def test_holidays_are_no_working_days() -> None:
    assert working_days(date(2026, 2, 27), date(2026, 3, 2)) == 2  # Saturday is worked
    assert working_days(date(2026, 9, 30), date(2026, 10, 8)) == 1
    assert working_days(date(2035, 1, 5), date(2035, 1, 8)) == 1


def test_without_a_pace_the_share_is_told() -> None:
    drift = drift_of(table(700), MONDAY, [Past(1, MONDAY, table(1_000))], None)

    assert sentences(drift) == ["It went from 1,000 rows to 700 (-30%)."]


def test_a_curve_that_moved_is_told_unless_it_always_moves() -> None:
    calm, moved = table(100, numbers("a", 50, 50)), table(100, numbers("a", 10, 90))

    alarmed = drift_of(moved, MONDAY, [Past(2, MONDAY, calm), Past(1, MONDAY, calm)], None)
    usual = drift_of(
        moved, MONDAY, [Past(n, MONDAY, calm if n % 2 else moved) for n in (3, 2, 1)], None
    )

    assert sentences(alarmed) == [
        "The values of “a” lie otherwise: KS 0.40; before it was 0.00 at most (1 times)."
    ]
    assert sentences(usual) == []


def test_listed_values_and_empty_cells_are_told() -> None:
    old = table(100, words("kind", x=50, y=50), numbers("n", 100))
    new = table(100, words("kind", x=90, y=10), numbers("n", 80, null_count=20))

    found = sentences(drift_of(new, MONDAY, [Past(1, MONDAY, old)], None))

    assert "Empty cells of “n” went from 0.0% to 20.0%." in found
    assert any(sentence.startswith("The values of “kind” lie otherwise: PSI") for sentence in found)


@given(
    old=st.lists(st.integers(0, 30), min_size=1, max_size=8),
    new=st.lists(st.integers(0, 30), min_size=1, max_size=8),
)
def test_the_gap_is_that_of_a_statistician(old: list[int], new: list[int]) -> None:
    """Bins of one value each lose nothing, so that the gap is exact."""
    before, after = numbers("a", *old), numbers("a", *new)
    values = [
        [at + 1 for at, count in enumerate(counts) for _ in range(count)] for counts in (old, new)
    ]

    gap = curve_gap(before, after)

    expected = ks_2samp(*values).statistic if all(values) else 0.0
    assert gap == pytest.approx(expected)


def test_keys_that_went_are_counted_from_the_files(tmp_path: Path) -> None:
    old = parquet(tmp_path, "SELECT i AS id FROM range(10) t(i)", "old")
    new = parquet(tmp_path, "SELECT i AS id FROM range(4, 12) t(i)", "new")

    churn = key_churn([new], [old], ("id",), memory_bytes=500_000_000, threads=1)
    other = key_churn([new], [old], ("gone",), memory_bytes=500_000_000, threads=1)

    assert (churn, other) == (KeyChurn(("id",), 6, 4, 2), None)
    drift = drift_of(table(8), MONDAY, [Past(1, MONDAY, table(8))], churn)
    assert sentences(drift) == ["Of the keys 6 stayed, 4 went and 2 came."]


def test_the_check_keeps_what_changed(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)
    before = VersionId(uuid4())
    old = parquet(tmp_path, "SELECT i AS id, i % 5 AS n FROM range(100) t(i)", "old")
    new = parquet(tmp_path, "SELECT i + 50 AS id, i % 5 + 3 AS n FROM range(100) t(i)", "new")
    with pool.connection() as tx:
        tx.execute("UPDATE catalog.versions SET number = 2 WHERE id = %s", (made.version_id,))
        tx.execute(
            """
            INSERT INTO catalog.versions
                   (id, distribution_id, number, delta_version, digest, columns, reading,
                    row_count, size_bytes, created_at, state, kind)
            SELECT %(old)s, distribution_id, 1, delta_version, digest, columns, reading,
                   row_count, size_bytes, created_at, state, 'settled'
              FROM catalog.versions
             WHERE id = %(id)s
            """,
            {"id": made.version_id, "old": before},
        )
        profile_store.put_profile(tx, before, profile_files([old]), at=AT)

    with pool.connection() as tx:
        body = {"expect": {"kind": "steady", "aspect": "keys"}, "gate": "block"}
        own = add_rule(tx, made.dataset_id, body, (), by=made.publisher, at=AT)

    report = assess(
        pool,
        Subject(
            made.version_id,
            made.dataset_id,
            made.organization_id,
            (new,),
            2,
            ((1, (old,)),),
            ("id",),
        ),
        by=SYSTEM,
        clock=lambda: AT,
        limits=Limits(memory_bytes=500_000_000, threads=1),
        on_progress=lambda _: None,
    )

    with pool.connection() as tx:
        drift = read_drift(tx, made.version_id)
    assert drift is not None
    assert {change.kind for change in drift.changes} == {
        ChangeKind.DISTRIBUTION,
        ChangeKind.KEYS,
    }
    told = {one.rule_id: one.status for one in report.findings if one.rule_id.startswith("drift.")}
    assert told == {
        "drift.schema": Status.PASSED,
        "drift.volume": Status.PASSED,
        "drift.empty": Status.PASSED,
        "drift.distribution": Status.FAILED,
        "drift.keys": Status.FAILED,
    }
    assert report.verdict is Verdict.BLOCKED
    (moved,) = [one for one in report.failures if one.rule_id == "drift.distribution"]
    assert moved.sentence == Text(
        zh="数值分布有异常变化，涉及 2 列。",
        en="Distribution of values: 2 columns changed unusually.",
    )
    (blocking,) = report.blocking
    assert (blocking.rule_id, blocking.sentence.zh) == (
        own.id,
        "键值保留 50 个，消失 50 个，新增 50 个。",
    )


def test_a_first_version_is_asked_nothing_about_a_version_before(
    pool: Pool, tmp_path: Path, make_version: MakeVersion
) -> None:
    with pool.connection() as tx:
        made = make_version(tx)

    report = assess(
        pool,
        Subject(
            made.version_id,
            made.dataset_id,
            made.organization_id,
            (parquet(tmp_path, "SELECT i AS id FROM range(100) t(i)", "new"),),
        ),
        by=SYSTEM,
        clock=lambda: AT,
        limits=Limits(memory_bytes=500_000_000, threads=1),
        on_progress=lambda _: None,
    )

    assert [one.rule_id for one in report.findings if one.rule_id.startswith("drift.")] == []
