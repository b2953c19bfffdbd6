"""Footers speak against a table only where its rows do too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quality.footers import read_footers, rules_out
from quality.rule import Rule
from quality.rule_format import parse_rule

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def rule(expect: dict[str, object], *columns: str, **more: object) -> Rule:
    return parse_rule({"expect": expect, "columns": list(columns), **more}, rule_id="r")


def parquet(folder: Path, select: str, name: str = "a.parquet") -> Path:
    path = folder / name
    duckdb.execute(f"COPY ({select}) TO '{path}' (ROW_GROUP_SIZE 2048)")
    return path


@pytest.mark.parametrize(
    ("asked", "is_ruled_out"),
    [
        (rule({"kind": "row_count_between", "at_least": 1, "at_most": 9999}), True),
        (rule({"kind": "row_count_between", "at_least": 10_000, "at_most": 10_000}), False),
        (rule({"kind": "columns_present"}, "n", "gone"), True),
        (rule({"kind": "columns_present"}, "n", "d"), False),
        (rule({"kind": "has_values"}, "e"), True),
        (rule({"kind": "has_values"}, "n"), False),
        (rule({"kind": "not_null"}, "g"), True),
        (rule({"kind": "not_null"}, "g", mostly_permille=900), False),
        (rule({"kind": "not_null"}, "g", mostly_permille=901), True),
        (rule({"kind": "not_null"}, "n"), False),
        (rule({"kind": "between", "at_least": 0, "at_most": 9998}, "n"), True),
        (rule({"kind": "between", "at_least": 1}, "n"), True),
        (rule({"kind": "between", "at_least": 0, "at_most": 9999}, "n"), False),
        (rule({"kind": "between", "at_most": 5}, "n", mostly_permille=500), False),
        (rule({"kind": "between", "at_least": {"decimal": "-0.5"}}, "x"), True),
        (rule({"kind": "between", "at_least": {"decimal": "-0.75"}}, "x"), False),
        (rule({"kind": "between", "at_most": "2026-11-22"}, "d"), False),
        (rule({"kind": "between", "at_most": "2026-11-21"}, "d"), True),
        (rule({"kind": "not_in_future"}, "d"), False),
        (rule({"kind": "not_in_future"}, "late"), True),
        (rule({"kind": "unique"}, "g"), False),
    ],
)  # fmt: skip
def test_footers_rule_out_what_they_can_see(
    tmp_path: Path, asked: Rule, *, is_ruled_out: bool
) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT i AS n, CASE WHEN i % 10 > 0 THEN i END AS g, NULL::INTEGER AS e, i - 0.75 AS x,
               TIMESTAMP '2026-11-22 23:59:59' AS d, TIMESTAMPTZ '2026-11-23 09:00:01+00' AS late
          FROM range(10000) AS t(i)
        """,
    )

    assert rules_out(read_footers([path]), asked, at=AT) is is_ruled_out


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    parts=st.lists(
        st.lists(st.none() | st.floats(-3, 3) | st.just(float("nan")), max_size=6),
        min_size=1,
        max_size=3,
    ),
    low=st.integers(-3, 3),
    high=st.integers(-3, 3),
)
def test_footers_never_rule_out_what_the_rows_keep_to(
    tmp_path: Path, parts: list[list[float | None]], low: int, high: int
) -> None:
    low, high = min(low, high), max(low, high)
    paths = []
    for number, part in enumerate(parts):
        duckdb.execute("CREATE OR REPLACE TABLE part (x DOUBLE)")
        if part:
            duckdb.executemany("INSERT INTO part VALUES (?)", [(value,) for value in part])
        paths.append(parquet(tmp_path, "SELECT x FROM part", f"{number}.parquet"))
    values = [value for part in parts for value in part]

    footers = read_footers(paths)

    asked = rule({"kind": "between", "at_least": low, "at_most": high}, "x")
    if rules_out(footers, asked, at=AT):
        assert any(value is not None and not low <= value <= high for value in values)
    if rules_out(footers, rule({"kind": "not_null"}, "x"), at=AT):
        assert None in values
    assert footers.row_count == len(values)
