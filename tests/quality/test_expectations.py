"""The gate's engine, held against hand-made answers and against the pandas engine.

Importing Great Expectations takes seconds, so that everything about it is in this one module.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import duckdb
import great_expectations as gx
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.cn import ric, uscc

from policies.terms import DatasetId, Text, VersionId
from quality.beside import NOTHING_BESIDE, Against, Beside, OtherTable
from quality.check import ChangeKind, Column, Kind
from quality.drift import Change, Drift
from quality.engine import wanted
from quality.engine.ask import ask
from quality.engine.names import quoted
from quality.engine.open_table import Limits, open_files
from quality.expectations import Cluster, read_schema, run_suite
from quality.outcome import Reason, RuleOutcome, Status, SuiteOutcome
from quality.packs import load_standard_packs
from quality.rule import Rule, Severity, draw_suite
from quality.rule_format import parse_rule

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
LIMITS = Limits(memory_bytes=500_000_000, threads=1)


def rule(expect: Mapping[str, object], *columns: str, **more: object) -> Rule:
    identity = f"{expect['kind']}.{hashlib.sha256(repr((expect, more)).encode()).hexdigest()[:8]}"
    return parse_rule({"expect": expect, "columns": list(columns), **more}, rule_id=identity)


def parquet(folder: Path, select: str, name: str = "a.parquet") -> Path:
    path = folder / name
    duckdb.execute(f"COPY ({select}) TO '{path}'")
    return path


def run(path: Path | list[Path], *rules: Rule, beside: Beside = NOTHING_BESIDE) -> SuiteOutcome:
    paths = path if isinstance(path, list) else [path]
    return run_suite(
        paths, rules, at=AT, limits=LIMITS, on_progress=lambda done, total: None, beside=beside
    )


def beside(folder: Path, select: str, *changes: Change) -> Beside:
    """Another table that rules call “other”, and what changed since a version before."""
    path = parquet(folder, select, "other.parquet")
    columns = frozenset(column.name for column in read_schema([path]))
    against = Against("other", DatasetId(uuid4()), VersionId(uuid4()), 7, "0" * 64)
    return Beside({"other": OtherTable(against, (path,), columns)}, Drift(1, changes, 1))


def statuses(outcome: SuiteOutcome) -> dict[str, Status]:
    return {str(item.rule.check.kind): item.status for item in outcome.outcomes}


# One rule of each kind that a table with columns n, m, t, d, j, r, h can pass.
EACH_KIND: dict[Kind, Rule] = {
    rule.check.kind: rule
    for rule in (
        rule({"kind": "row_count_between", "at_least": 3, "at_most": 3}),
        rule({"kind": "columns_present"}, "n", "t"),
        rule({"kind": "column_names_avoid", "pattern": "^bad"}),
        rule({"kind": "type_is", "family": "number"}, "n"),
        rule({"kind": "has_values"}, "n"),
        rule({"kind": "not_null"}, "n"),
        rule({"kind": "not_blank"}, "t"),
        rule({"kind": "unique"}, "n"),
        rule({"kind": "unique_together"}, "n", "t"),
        rule({"kind": "in_set", "values": ["a", "b", "c"]}, "t"),
        rule({"kind": "not_in_set", "values": ["NULL"]}, "t"),
        rule({"kind": "between", "at_least": 1, "at_most": 3.5}, "n"),
        rule({"kind": "not_in_future"}, "d"),
        rule({"kind": "regex", "pattern": "^[a-z]$"}, "t"),
        rule({"kind": "length_between", "at_most": 1}, "t"),
        rule({"kind": "pair_greater"}, "m", "n"),
        rule({"kind": "json_valid"}, "j"),
        rule({"kind": "check_character", "scheme": "resident_id"}, "r"),
        rule({"kind": "evenly_spaced", "seconds": 3600}, "h"),
        rule({"kind": "newest_within", "days": 1}, "h"),
        rule({"kind": "in_other_table", "table": "other", "column": "t"}, "t"),
        rule({"kind": "same_total", "table": "other", "column": "n"}, "n"),
        rule({"kind": "steady", "aspect": "volume"}),
    )
}
COUNTED = {str(kind) for kind in Kind if kind.is_counted}
OTHER = "SELECT * FROM (VALUES ('a', 1), ('b', 2), ('c', 3), (NULL, NULL)) AS t(t, n)"
FEWER_ROWS = Change(ChangeKind.VOLUME, Severity.CRITICAL, (), Text(zh="少了。", en="Fewer."))
PASSING = """
    SELECT *, '11010519491231002X' AS r, TIMESTAMP '2026-11-22 06:00' + INTERVAL (n) HOUR AS h
      FROM (VALUES (1, 1, 'a', TIMESTAMP '2020-01-01', '{}'),
                   (2, 2, 'b', TIMESTAMP '2026-11-22', '[1]'),
                   (3, 9, 'c', TIMESTAMP '1990-01-01', '"x"')) AS t(n, m, t, d, j)
"""


def test_every_offered_check_is_tested_here() -> None:
    assert set(EACH_KIND) == set(Kind)


def test_each_check_passes_a_table_that_is_right(tmp_path: Path) -> None:
    outcome = run(parquet(tmp_path, PASSING), *EACH_KIND.values(), beside=beside(tmp_path, OTHER))

    assert statuses(outcome) == {str(kind): Status.PASSED for kind in Kind}
    assert all(item.unexpected_count == 0 for item in outcome.outcomes)
    assert {
        item.element_count
        for item in outcome.outcomes
        if str(item.rule.check.kind) in COUNTED - {"evenly_spaced"}
    } == {3}
    steps = {item.rule.check.kind: item.element_count for item in outcome.outcomes}
    assert steps[Kind.EVENLY_SPACED] == 2


def test_each_check_fails_a_table_that_is_wrong(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT *, '110105194912310021' AS r, TIMESTAMP '2026-11-20' + INTERVAL (m * m) HOUR AS h
          FROM (VALUES ('x', 1, '　 ', TIMESTAMP '2030-01-01', '{', 4.5, 1),
                       ('x', 2, '　 ', TIMESTAMP '2020-01-01', '{}', NULL, 2)
               ) AS t(n, m, t, d, j, k, bad)
        """,
    )
    rules = dict(EACH_KIND)
    rules |= {
        Kind.COLUMNS_PRESENT: rule({"kind": "columns_present"}, "n", "gone"),
        Kind.HAS_VALUES: rule({"kind": "has_values"}, "e"),
        Kind.NOT_NULL: rule({"kind": "not_null"}, "k"),
        Kind.BETWEEN: rule({"kind": "between", "at_most": 4}, "k"),
        Kind.NOT_IN_SET: rule({"kind": "not_in_set", "values": ["x"]}, "n"),
        Kind.PAIR_GREATER: rule({"kind": "pair_greater", "or_equal": False}, "bad", "m"),
        Kind.SAME_TOTAL: rule({"kind": "same_total", "table": "other", "column": "n"}, "m"),
    }
    path = parquet(
        tmp_path, f"SELECT *, NULL::INTEGER AS e FROM read_parquet('{path}')", "b.parquet"
    )

    outcome = run(path, *rules.values(), beside=beside(tmp_path, OTHER, FEWER_ROWS))

    assert statuses(outcome) == {str(kind): Status.FAILED for kind in Kind}
    by_kind = {item.rule.check.kind: item for item in outcome.outcomes}
    assert by_kind[Kind.ROW_COUNT_BETWEEN].observed == ("2",)
    assert by_kind[Kind.COLUMNS_PRESENT].observed == ("gone",)
    assert by_kind[Kind.COLUMN_NAMES_AVOID].observed == ("bad",)
    assert by_kind[Kind.TYPE_IS].observed == ("VARCHAR",)
    counts = {kind: item.unexpected_count for kind, item in by_kind.items() if kind.is_counted}
    assert counts == {
        Kind.NOT_NULL: 1,
        Kind.NOT_BLANK: 2,
        Kind.UNIQUE: 2,
        Kind.UNIQUE_TOGETHER: 2,
        Kind.IN_SET: 2,
        Kind.NOT_IN_SET: 2,
        Kind.BETWEEN: 1,
        Kind.NOT_IN_FUTURE: 1,
        Kind.REGEX: 2,
        Kind.LENGTH_BETWEEN: 2,
        Kind.PAIR_GREATER: 2,
        Kind.JSON_VALID: 1,
        Kind.CHECK_CHARACTER: 2,
        Kind.EVENLY_SPACED: 1,
        Kind.IN_OTHER_TABLE: 2,
    }
    assert by_kind[Kind.STEADY].observed == ("少了。", "Fewer.")
    assert by_kind[Kind.NEWEST_WITHIN].observed == ("2026-11-20 04:00:00",)
    assert by_kind[Kind.UNIQUE_TOGETHER].observed == ("1",)
    assert "2026-11-20" not in outcome.gx_result


def test_empty_cells_are_nobodys_matter_but_that_of_not_null(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT NULL::INTEGER AS n, NULL::INTEGER AS m, NULL::VARCHAR AS t, NULL::TIMESTAMP AS d,
               NULL::VARCHAR AS j, NULL::VARCHAR AS r, NULL::TIMESTAMP AS h
          FROM range(3)
        """,
    )

    outcome = run(
        path, *EACH_KIND.values(), beside=beside(tmp_path, f"SELECT * FROM ({OTHER}) WHERE false")
    )

    unasked = (*COUNTED, "newest_within", "same_total")
    expected = dict.fromkeys(unasked, Status.NOT_CHECKED) | {
        "steady": Status.PASSED,
        "row_count_between": Status.PASSED,
        "columns_present": Status.PASSED,
        "column_names_avoid": Status.PASSED,
        "type_is": Status.PASSED,
        "has_values": Status.FAILED,
        "not_null": Status.FAILED,
    }
    assert statuses(outcome) == expected


def test_an_empty_table_is_not_checked_rather_than_passed(tmp_path: Path) -> None:
    path = parquet(tmp_path, f"SELECT * FROM ({PASSING}) WHERE false")

    outcome = run(path, *EACH_KIND.values(), beside=beside(tmp_path, OTHER))

    expected = dict.fromkeys((*COUNTED, "has_values", "newest_within"), Status.NOT_CHECKED) | {
        "same_total": Status.FAILED,
        "steady": Status.PASSED,
        "row_count_between": Status.FAILED,
        "columns_present": Status.PASSED,
        "column_names_avoid": Status.PASSED,
        "type_is": Status.PASSED,
    }
    assert statuses(outcome) == expected
    assert outcome.row_count == 0


# --- what the pandas engine says ------------------------------------------------------------

NUMBERS = st.none() | st.integers(-3, 3)
TEXTS = st.none() | st.sampled_from(
    ["", " ", "a", "ab", "中文", "A1", "{}", "[1, 2]", "{", "\u3000"]
)
TIMES = st.none() | st.sampled_from(
    [datetime(2013, 3, 1), datetime(2026, 11, 22), datetime(2031, 1, 1), datetime(1700, 1, 1)]  # noqa: DTZ001
)
COMPARED = (
    rule({"kind": "row_count_between", "at_least": 2, "at_most": 6}),
    rule({"kind": "columns_present"}, "n", "gone"),
    rule({"kind": "has_values"}, "n"),
    rule({"kind": "not_null"}, "n"),
    rule({"kind": "not_null"}, "t", mostly_permille=500),
    rule({"kind": "not_blank"}, "t"),
    rule({"kind": "unique"}, "n"),
    rule({"kind": "unique"}, "t", mostly_permille=667),
    rule({"kind": "unique_together"}, "n", "t"),
    rule({"kind": "unique_together"}, "n", "m", "t", "d"),
    rule({"kind": "in_set", "values": [0, 1, 2.0]}, "n"),
    rule({"kind": "in_set", "values": ["a", "中文"]}, "t"),
    rule({"kind": "not_in_set", "values": ["a", "中文"]}, "t"),
    rule({"kind": "between", "at_least": -1, "at_most": 1.5}, "n"),
    rule({"kind": "between", "at_least": "1800-01-01", "at_most": "2026-11-22"}, "d"),
    rule({"kind": "not_in_future"}, "d"),
    rule({"kind": "regex", "pattern": "b|[0-9]"}, "t"),
    rule({"kind": "regex", "pattern": "^.$"}, "t"),
    rule({"kind": "length_between", "at_least": 1, "at_most": 2}, "t"),
    rule({"kind": "pair_greater"}, "n", "m"),
    rule({"kind": "pair_greater", "or_equal": False}, "n", "m", mostly_permille=333),
    rule({"kind": "json_valid"}, "t"),
    rule({"kind": "newest_within", "days": 3}, "d"),
)


Row: TypeAlias = tuple[int | None, int | None, str | None, datetime | None]


def ask_pandas(frame: pd.DataFrame, schema: tuple[Column, ...]) -> dict[str, Any]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("data")
    asked = [wanted.expectation_of(item, schema, at=AT) for item in COMPARED]
    definition = gx.ValidationDefinition(
        name="all",
        data=asset.add_batch_definition_whole_dataframe("all"),
        suite=context.suites.add(gx.ExpectationSuite("all", expectations=asked)),
    )
    definition = context.validation_definitions.add(definition)
    result = definition.run(batch_parameters={"dataframe": frame}, result_format="BASIC")
    results: list[Any] = list(result.results)
    return {item.expectation_config.meta["rule"]: item for item in results}


@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS, TEXTS, TIMES), min_size=1, max_size=12))
def test_our_engine_counts_what_the_pandas_engine_counts(tmp_path: Path, rows: list[Row]) -> None:
    compare(tmp_path, rows)


# Tables that every compared rule passes, fails, finds without a value, and finds without a row.
NAMED_TABLES: dict[str, list[Row]] = {
    "right": [
        (0, 0, "a", datetime(2013, 3, 1)),  # noqa: DTZ001
        (1, 1, "中文", datetime(2026, 11, 22)),  # noqa: DTZ001
    ],
    "wrong": [(-3, 3, "\u3000{b", datetime(2031, 1, 1))] * 9,  # noqa: DTZ001
    "without values": [(None, None, None, None)] * 3,
    "without rows": [],
}
MIXED: list[Row] = [
    (1, 0, "a", datetime(2013, 3, 1)),  # noqa: DTZ001
    (1, None, "ab", datetime(1700, 1, 1)),  # noqa: DTZ001
    (None, 2, "{}", None),
    (-2, 3, "", datetime(2026, 11, 22, 23, 59)),  # noqa: DTZ001
    (3, 3, None, datetime(2026, 11, 23, 9, 0, 1)),  # noqa: DTZ001
    (3, 3, None, datetime(2026, 11, 23, 9, 0, 1)),  # noqa: DTZ001
]


@pytest.mark.parametrize("name", NAMED_TABLES)
def test_our_engine_agrees_with_the_pandas_engine_at_the_edges(tmp_path: Path, name: str) -> None:
    compare(tmp_path, NAMED_TABLES[name])


def compare(tmp_path: Path, rows: list[Row]) -> None:
    """Ask both engines every compared rule of the same rows."""
    path = written(tmp_path, rows)
    frame = pd.DataFrame(rows, columns=["n", "m", "t", "d"]).astype({"n": float, "m": float})
    frame["t"] = frame["t"].astype(object).where(frame["t"].notna(), None)
    frame["d"] = frame["d"].astype("datetime64[us]")

    with open_files([path], LIMITS) as table:
        ours = ask(table, COMPARED, at=AT, evidence=[])
        theirs = ask_pandas(frame, table.schema)

    for outcome in ours.values():
        assert_agrees(outcome, theirs[outcome.rule.key])


def written(folder: Path, rows: list[Row]) -> Path:
    """The rows as a Parquet file."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE r (n DOUBLE, m DOUBLE, t VARCHAR, d TIMESTAMP)")
    if rows:
        connection.executemany("INSERT INTO r VALUES (?, ?, ?, ?)", rows)
    path = folder / "rows.parquet"
    connection.table("r").write_parquet(str(path))
    return path


def assert_agrees(ours: RuleOutcome, theirs: Any) -> None:
    body = theirs.result
    if ours.rule.check.kind is Kind.NEWEST_WITHIN and ours.status is Status.NOT_CHECKED:
        assert pd.isna(body.get("observed_value"))
        return
    if not ours.rule.check.kind.is_counted:
        assert (ours.status is Status.PASSED) == theirs.success, ours.rule.key
        return
    asked = body["element_count"] - (body.get("missing_count") or 0)
    assert (ours.element_count, ours.unexpected_count) == (
        asked,
        body["unexpected_count"] if asked else 0,
    ), ours.rule.key
    if asked:
        assert (ours.status is Status.PASSED) == theirs.success, ours.rule.key


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.lists(st.tuples(NUMBERS, TEXTS), max_size=8),
    others=st.lists(st.tuples(NUMBERS, TEXTS), max_size=8),
    tolerance=st.sampled_from([0, 500]),
)
@example(rows=[(1, "a"), (None, None)], others=[(1, "a"), (None, None)], tolerance=0)
@example(rows=[(2, None)], others=[(3, None)], tolerance=0)
def test_rules_about_another_table_count_what_pandas_and_python_count(
    tmp_path: Path,
    rows: list[tuple[int | None, str | None]],
    others: list[tuple[int | None, str | None]],
    tolerance: int,
) -> None:
    """Foreign keys as the pandas engine's set of values; sums as Python adds them up."""
    path = written(tmp_path, [(n, None, t, None) for n, t in rows])
    (other := tmp_path / "there").mkdir(exist_ok=True)
    held = beside(
        other, f"SELECT * FROM '{written(other, [(n, None, t, None) for n, t in others])}'"
    )
    named = {"table": "other", "column": "n"}
    keys = [
        rule({"kind": "in_other_table", "table": "other", "column": name}, name)
        for name in ("n", "t")
    ]
    whole = rule({"kind": "same_total", **named, "tolerance_permille": tolerance}, "n")
    parted = rule({"kind": "same_total", **named, "by": ["t"]}, "n")

    outcome = run(path, *keys, whole, parted, beside=held)

    by_key = {item.rule.key: item for item in outcome.outcomes}
    for name, key, at in (("n", keys[0], 0), ("t", keys[1], 1)):
        values = sorted({one[at] for one in others if one[at] is not None}, key=str)
        frame = pd.DataFrame({name: [one[at] for one in rows]}, dtype=object)
        # The library refuses to be asked about no value at all.
        theirs = ask_pandas_about_set(frame, name, values or ["no such value"])
        assert (by_key[key.key].element_count, by_key[key.key].unexpected_count) == theirs
    groups = {t for n, t in [*rows, *others] if n is not None}
    off = [
        abs(mine - other_sum) * 1000 > 0
        for mine, other_sum in ((_sum(rows, {group}), _sum(others, {group})) for group in groups)
    ]
    assert (by_key[parted.key].element_count, by_key[parted.key].unexpected_count) == (
        len(groups),
        sum(off),
    )
    mine, theirs_sum = _sum(rows, groups), _sum(others, groups)
    is_off = abs(mine - theirs_sum) * 1000 > tolerance * abs(theirs_sum)
    assert by_key[whole.key].unexpected_count == (is_off if groups else 0)
    assert all(item.against and item.against.number == 7 for item in outcome.outcomes)
    assert outcome.gx_result_sha256 == hashlib.sha256(outcome.gx_result.encode()).hexdigest()


def _sum(rows: list[tuple[int | None, str | None]], groups: set[str | None]) -> int:
    return sum(n for n, t in rows if n is not None and t in groups)


def ask_pandas_about_set(frame: pd.DataFrame, name: str, values: list[Any]) -> tuple[int, int]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("data")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    asked_of = rule({"kind": "in_set", "values": values}, name)
    expected = wanted.expectation_of(asked_of, (Column(name, "VARCHAR"),), at=AT)
    body = batch.validate(expected).result
    asked = body["element_count"] - (body.get("missing_count") or 0)
    return asked, body["unexpected_count"] if asked else 0


def test_large_whole_sums_differ_by_one_and_are_told_apart(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT 9007199254740993::BIGINT AS n FROM range(3)")
    same = rule({"kind": "same_total", "table": "other", "column": "n"}, "n")

    outcomes = [
        run(path, same, beside=beside(tmp_path, select)).outcomes[0].status
        for select in (
            "SELECT 27021597764222979::BIGINT AS n",
            "SELECT 27021597764222978::BIGINT AS n",
        )
    ]

    assert outcomes == [Status.PASSED, Status.FAILED]


def test_sums_of_binary_fractions_do_not_fail_by_the_order_of_their_rows(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT unnest([0.1, 0.2, 0.3]::DOUBLE[]) AS n")
    same = rule({"kind": "same_total", "table": "other", "column": "n"}, "n")

    outcome = run(path, same, beside=beside(tmp_path, "SELECT 0.6::DOUBLE AS n"))

    assert outcome.outcomes[0].status is Status.PASSED


def test_a_rule_about_a_table_or_column_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = parquet(tmp_path, PASSING)
    held = beside(tmp_path, OTHER)
    hidden = replace(held.others["other"], columns=frozenset({"n"}))

    outcome = run(
        path,
        rule({"kind": "in_other_table", "table": "unknown", "column": "t"}, "t"),
        rule({"kind": "in_other_table", "table": "other", "column": "t"}, "t"),
        rule({"kind": "same_total", "table": "other", "column": "n", "by": ["gone"]}, "n"),
        rule({"kind": "in_other_table", "table": "other", "column": "n"}, "t"),
        beside=replace(held, others={"other": hidden}),
    )

    assert [item.reason for item in outcome.outcomes] == [
        Reason.OTHER_TABLE,
        Reason.OTHER_COLUMN,
        Reason.UNKNOWN_COLUMN,
        Reason.OTHER_COLUMN,
    ]


def test_columns_of_either_table_may_have_any_name(tmp_path: Path) -> None:
    names = ['a"b', "x:y %(z)s {batch}", "区 划;--", "back\\slash"]
    columns = ", ".join(f"'k{at}' AS {quoted(name)}" for at, name in enumerate(names))
    path = parquet(tmp_path, f"SELECT {columns}, 4 AS n")
    held = beside(tmp_path, f"SELECT {columns}, 4 AS n")

    outcome = run(
        path,
        *(
            rule({"kind": "in_other_table", "table": "other", "column": name}, name)
            for name in names
        ),
        rule({"kind": "same_total", "table": "other", "column": "n", "by": names}, "n"),
        beside=held,
    )

    assert {item.status for item in outcome.outcomes} == {Status.PASSED}


# --- what Spark says -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spark_url() -> Iterator[str]:
    """A Spark Connect server in this process."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


@pytest.mark.parametrize("name", [*NAMED_TABLES, "mixed"])
def test_spark_counts_what_duckdb_counts(tmp_path: Path, spark_url: str, name: str) -> None:
    path = written(tmp_path, NAMED_TABLES.get(name, MIXED))
    cluster = Cluster(spark_url, (str(path),))

    ours = run(path, *COMPARED)
    theirs = run_suite(
        [path], COMPARED, at=AT, limits=LIMITS, on_progress=lambda _done, _of: None, cluster=cluster
    )

    assert [counts(one) for one in theirs.outcomes] == [counts(one) for one in ours.outcomes]
    assert "pyspark-client" in theirs.engine


def test_spark_is_asked_about_columns_of_any_name(tmp_path: Path, spark_url: str) -> None:
    columns = ", ".join(f"'v' AS {quoted(name)}" for name in ODD_NAMES)
    path = parquet(tmp_path, f"SELECT {columns} FROM range(3)")
    rules = [rule({"kind": "regex", "pattern": "^v"}, name) for name in (*ODD_NAMES, "gone")]

    outcome = run_suite(
        [path],
        rules,
        at=AT,
        limits=LIMITS,
        on_progress=lambda _done, _of: None,
        cluster=Cluster(spark_url, (str(path),)),
    )

    assert [one.status for one in outcome.outcomes] == ["passed"] * len(ODD_NAMES) + ["error"]
    assert [one.rule for one in outcome.outcomes] == rules


def counts(outcome: RuleOutcome) -> tuple[str, Status, int, int]:
    return outcome.rule.key, outcome.status, outcome.element_count, outcome.unexpected_count


# --- what no other engine has ---------------------------------------------------------------


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(hours=st.lists(st.integers(0, 20), min_size=1, max_size=8))  # fmt: skip
def test_steps_are_counted_as_they_are_by_hand(tmp_path: Path, hours: list[int]) -> None:
    moments = ", ".join(f"(TIMESTAMP '2026-01-01' + INTERVAL {hour} HOUR)" for hour in hours)
    path = parquet(tmp_path, f"SELECT unnest([{moments}]) AS h")

    outcome = run(path, EACH_KIND[Kind.EVENLY_SPACED]).outcomes[0]

    steps = np.diff(sorted(hours))
    assert (outcome.element_count, outcome.unexpected_count) == (len(steps), int(sum(steps != 1)))


@pytest.mark.parametrize(
    ("scheme", "is_valid", "values"),
    [
        ("resident_id", ric.is_valid, [f"11010519491231002{at}" for at in "X05"]),
        ("credit_code", uscc.is_valid, ["91110000600037341L", "91110000600037341M", "x:y%z"]),
        ("bank_card", luhn.is_valid, ["6222026006705354217", "6222026006705354218", "62:%s"]),
    ],
)  # fmt: skip
def test_check_characters_are_judged_as_another_library_judges_them(
    tmp_path: Path, scheme: str, is_valid: Callable[[str], bool], values: list[str]
) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    name = quoted('100% of "a:b" {batch}')
    path = parquet(tmp_path, f"SELECT unnest([{listed}]) AS {name}")
    asked = rule({"kind": "check_character", "scheme": scheme}, '100% of "a:b" {batch}')

    outcome = run(path, asked).outcomes[0]

    wrong = [value for value in values if not is_valid(value.strip())]
    assert (outcome.element_count, outcome.unexpected_count) == (3, len(wrong))
    assert [str(row.cells[0][1]) for row in outcome.examples] == wrong


# --- the traps -------------------------------------------------------------------------------


def test_rows_are_read_although_the_connection_was_handed_back(tmp_path: Path) -> None:
    outcome = run(parquet(tmp_path, PASSING), rule({"kind": "not_null"}, "n"))

    assert (outcome.outcomes[0].status, outcome.outcomes[0].element_count) == (Status.PASSED, 3)


@pytest.mark.parametrize("type_name", ["DOUBLE", "BIGINT", "DECIMAL(9,2)", "TINYINT", "UINTEGER"])
def test_a_type_is_told_as_duckdb_describes_it(tmp_path: Path, type_name: str) -> None:
    path = parquet(tmp_path, f"SELECT 1::{type_name} AS n, 'x' AS t")
    number, text = {"kind": "type_is", "family": "number"}, {"kind": "type_is", "family": "text"}

    outcome = run(path, rule(number, "n"), rule(text, "t"), rule(text, "n"))

    assert [item.status for item in outcome.outcomes] == ["passed", "passed", "failed"]


def test_a_pattern_is_searched_in_the_text_and_never_with_a_tilde(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT 'abc' AS t")
    statements: list[str] = []

    def listen(*arguments: Any) -> None:
        statements.append(arguments[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        outcome = run(path, rule({"kind": "regex", "pattern": "b"}, "t"),
                      rule({"kind": "regex", "pattern": "^b"}, "t"))  # fmt: skip
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)

    assert [item.status for item in outcome.outcomes] == ["passed", "failed"]
    assert any("regexp_matches" in statement.lower() for statement in statements)
    assert not any("~" in statement for statement in statements if "FROM data" in statement)


def test_one_rule_that_cannot_be_computed_does_not_spoil_the_others(tmp_path: Path) -> None:
    path = parquet(tmp_path, PASSING)
    broken = rule({"kind": "regex", "pattern": r"a\Z"}, "t")

    outcome = run(path, broken, rule({"kind": "regex", "pattern": "a"}, "t"),
                  rule({"kind": "not_null"}, "n"))  # fmt: skip

    assert [item.status for item in outcome.outcomes] == ["error", "failed", "passed"]
    assert outcome.outcomes[0].reason is Reason.ENGINE


# --- the rest --------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "status"), [(10, Status.PASSED), (11, Status.FAILED)])
def test_the_allowed_share_is_exact_at_its_edge(tmp_path: Path, bad: int, status: Status) -> None:
    path = parquet(tmp_path, f"SELECT CASE WHEN i >= {bad} THEN i END AS n FROM range(1000) t(i)")

    outcome = run(path, rule({"kind": "not_null"}, "n", mostly_permille=990))

    assert outcome.outcomes[0].status is status


def test_a_rule_about_a_missing_column_or_an_unfit_type_is_an_error(tmp_path: Path) -> None:
    path = parquet(tmp_path, PASSING)

    outcome = run(path, rule({"kind": "unique"}, "gone"),
                  rule({"kind": "regex", "pattern": "x"}, "n"))  # fmt: skip

    assert [(item.status, item.reason) for item in outcome.outcomes] == [
        (Status.ERROR, Reason.UNKNOWN_COLUMN),
        (Status.ERROR, Reason.DOES_NOT_FIT),
    ]


def test_a_day_as_upper_bound_counts_to_its_end(tmp_path: Path) -> None:
    path = parquet(
        tmp_path,
        """
        SELECT TIMESTAMP '2020-12-31 23:59:59' AS t, DATE '2020-12-31' AS d,
               TIMESTAMPTZ '2020-12-31 23:59:59+00' AS z
        """,
    )
    until = {"kind": "between", "at_most": "2020-12-31"}
    before = {"kind": "between", "at_most": "2020-12-30"}

    outcome = run(path, rule(until, "t", "d", "z"), rule(before, "t", "d", "z"),)  # fmt: skip

    drawn = draw_suite((), (rule(until, "t", "d", "z"), rule(before, "t", "d", "z")),
                       read_schema([path]))  # fmt: skip
    assert [item.status for item in run(path, *drawn).outcomes] == ["passed"] * 3 + ["failed"] * 3
    assert outcome.row_count == 1


ODD_NAMES = [
    'a "quoted" name', "it's", "PM2.5", "100%", "a:b", ":x", "{batch}", "select", "列 名",
    "_num_rows", "a\\b", "1st", "ünï", "a;b", "--", "data", "anon_1", "count", "a" * 61, "列" * 100,
]  # fmt: skip


def test_columns_may_have_any_name(tmp_path: Path) -> None:
    connection = duckdb.connect()
    columns = ", ".join(
        f"CASE WHEN i = 2 THEN 'x' ELSE 'v' || i END AS {quoted(name)}" for name in ODD_NAMES
    )
    path = tmp_path / "odd.parquet"
    connection.sql(f"SELECT {columns} FROM range(3) AS t(i)").write_parquet(str(path))
    rules = [
        made
        for name in ODD_NAMES
        for made in (
            rule({"kind": "unique"}, name),
            rule({"kind": "regex", "pattern": "^v"}, name),
            rule({"kind": "has_values"}, name),
            rule({"kind": "type_is", "family": "text"}, name),
        )
    ]
    rules.append(rule({"kind": "unique_together"}, *ODD_NAMES))
    rules.append(rule({"kind": "columns_present"}, *ODD_NAMES))

    outcome = run(path, *rules)

    wrong = [
        item.rule.key
        for item in outcome.outcomes
        if (item.status, item.unexpected_count)
        != ((Status.FAILED, 1) if item.rule.check.kind is Kind.REGEX else (Status.PASSED, 0))
    ]
    assert wrong == []
    examples = [item.examples for item in outcome.outcomes if item.status is Status.FAILED]
    assert all(len(rows) == 1 and rows[0].row_number == 3 for rows in examples)


@pytest.mark.parametrize(
    "text", ["plain", "it's", "a:b", "{x}", "%s", "\\", "中\n文", "'; DROP", ""]
)
def test_a_literal_reads_back_as_the_text(text: str) -> None:
    assert duckdb.execute(f"SELECT {wanted.literal(text)}").fetchall() == [(text,)]


def test_examples_name_the_row_through_several_files(tmp_path: Path) -> None:
    paths = [
        parquet(tmp_path, f"SELECT i AS n, 'secret' AS other FROM range({start}, {start + 5}) t(i)",
                f"{name}.parquet")
        for name, start in (("z", 0), ("a", 5), ("m", 10))
    ]  # fmt: skip

    outcome = run(paths, rule({"kind": "not_in_set", "values": [1, 7, 14]}, "n"))

    assert [(row.row_number, row.cells) for row in outcome.outcomes[0].examples] == [
        (2, (("n", 1),)),
        (8, (("n", 7),)),
        (15, (("n", 14),)),
    ]


def test_at_most_five_rows_are_shown(tmp_path: Path) -> None:
    outcome = run(parquet(tmp_path, "SELECT 1 AS n FROM range(100)"), rule({"kind": "unique"}, "n"))

    assert (outcome.outcomes[0].unexpected_count, len(outcome.outcomes[0].examples)) == (100, 5)


def test_the_evidence_holds_no_value_of_a_row_and_no_path(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT 'Zhang Sanfeng' AS t UNION ALL SELECT 'Zhang Sanfeng'")

    outcome = run(path, rule({"kind": "unique"}, "t"), rule({"kind": "unique"}, "gone"),
                  rule({"kind": "regex", "pattern": r"x\Z"}, "t"))  # fmt: skip

    assert outcome.outcomes[0].examples[0].cells == (("t", "Zhang Sanfeng"),)
    assert "Sanfeng" not in outcome.gx_result
    assert str(tmp_path) not in outcome.gx_result
    assert "site-packages" not in outcome.gx_result
    assert hashlib.sha256(outcome.gx_result.encode()).hexdigest() == outcome.gx_result_sha256
    assert len(json.loads(outcome.gx_result)) == 3


def test_the_same_rules_have_the_same_suite_hash(tmp_path: Path) -> None:
    path = parquet(tmp_path, PASSING)
    one, other = rule({"kind": "unique"}, "n"), rule({"kind": "unique"}, "t")

    assert run(path, one, other).suite_sha256 == run(path, one, other).suite_sha256
    assert run(path, one).suite_sha256 != run(path, one, other).suite_sha256


def test_a_run_is_silent_and_tells_how_far_it_is(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, told = parquet(tmp_path, PASSING), []

    run_suite([path], [rule({"kind": "in_set", "values": ["a"]}, "t")], at=AT, limits=LIMITS,
              on_progress=lambda done, total: told.append((done, total)))  # fmt: skip

    assert told == [(0, 1), (1, 2), (2, 2)]
    assert capfd.readouterr() == ("", "")


def test_nothing_but_the_files_can_be_read(tmp_path: Path) -> None:
    path, other = parquet(tmp_path, PASSING), parquet(tmp_path, PASSING, "other.parquet")

    with open_files([path], LIMITS) as table:
        for statement in (f"FROM read_parquet('{other}')", "SET enable_external_access = true"):
            with pytest.raises(sa.exc.SQLAlchemyError):
                table.connection.exec_driver_sql(statement)


def test_no_telemetry_is_sent() -> None:
    assert os.environ["GX_ANALYTICS_ENABLED"] == "False"


def test_whole_rows_that_repeat_are_counted_with_their_empty_cells(tmp_path: Path) -> None:
    path = parquet(
        tmp_path, "SELECT * FROM (VALUES (1, NULL), (1, NULL), (2, 'x'), (NULL, NULL)) AS t(a, b)"
    )

    outcome = run(path, rule({"kind": "unique_together"}, "a", "b"))

    assert (outcome.outcomes[0].element_count, outcome.outcomes[0].unexpected_count) == (3, 2)


def test_a_real_station_fails_where_counting_by_hand_says_so(
    tmp_path: Path, shared_data: Path
) -> None:
    source = shared_data / "tables" / "beijing_air_wanshouxigong.csv"
    path = parquet(tmp_path, f"SELECT * FROM read_csv('{source}', nullstr='NA')")
    own = (
        rule({"kind": "pair_greater"}, "PM10", "PM2.5"),
        rule({"kind": "not_null"}, "PM2.5"),
        rule({"kind": "unique_together"}, "year", "month", "day", "hour"),
    )

    outcome = run(path, *draw_suite(load_standard_packs(), own, read_schema([path])))

    held = (Status.FAILED, Status.ERROR)
    failed = {item.rule.id: item for item in outcome.outcomes if item.status in held}
    assert set(failed) == {own[0].id, own[1].id}
    assert failed[own[0].id].unexpected_count == 1639
    assert failed[own[1].id].unexpected_count == 696
    assert failed[own[0].id].examples[0].row_number == 180


@pytest.mark.parametrize("days", [0, 2])
def test_the_future_begins_a_day_after_the_check(tmp_path: Path, days: int) -> None:
    moment = (AT + timedelta(days=days)).replace(tzinfo=None)
    path = parquet(tmp_path, f"SELECT TIMESTAMP '{moment}' AS d")

    outcome = run(path, rule({"kind": "not_in_future"}, "d"))

    assert outcome.outcomes[0].status is (Status.FAILED if days else Status.PASSED)


def test_numbers_that_are_none_fail_the_rule_of_plausible_size(tmp_path: Path) -> None:
    path = parquet(tmp_path, "SELECT unnest(['1', 'inf', 'nan']::DOUBLE[]) AS x")
    drawn = draw_suite(load_standard_packs(), (), read_schema([path]))

    outcome = run(path, *drawn)

    by_id = {item.rule.id: item.unexpected_count for item in outcome.outcomes}
    assert by_id["core.plausible_numbers"] == 2
    assert np.isinf(float("inf"))
