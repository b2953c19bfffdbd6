"""What rows of a batch break, held against what the gate counts in the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.database import Tx
from quality.check import Column, Kind
from quality.check_batch import (
    broken_by,
    condition_of,
    count_broken,
    rules_asked_of_batches,
)
from quality.engine.open_table import Limits
from quality.expectations import run_suite
from quality.outcome import Status
from quality.profiling import opened_rows
from quality.rule import Rule
from quality.rule_format import parse_rule
from quality.rules import add_rule
from tests.counts import examples
from tests.people import AT
from tests.quality.conftest import Made

LIMITS = Limits(memory_bytes=500_000_000, threads=1)
SCHEMA = pa.schema(
    [
        ("n", pa.int32()),
        ("m", pa.decimal128(38, 10)),
        ("f", pa.float64()),
        ("t", pa.string()),
        ("d", pa.timestamp("us")),
        ("z", pa.timestamp("us", tz="UTC")),
    ]
)


def rule(expect: Mapping[str, object], *columns: str, **more: object) -> Rule:
    body = {"expect": expect, "columns": list(columns), "gate": "block", **more}
    return parse_rule(body, rule_id=f"{expect['kind']}-{len(repr((expect, columns, more)))}")


RULES = (
    rule({"kind": "not_null"}, "t"),
    rule({"kind": "not_null"}, "n", mostly_permille=500),
    rule({"kind": "not_blank"}, "t"),
    rule({"kind": "in_set", "values": [0, 1, 2.0]}, "n"),
    rule({"kind": "in_set", "values": ["a", "中文", "it's"]}, "t"),
    rule({"kind": "not_in_set", "values": ["a", "NULL"]}, "t"),
    rule({"kind": "between", "at_least": -1, "at_most": 1.5}, "m"),
    rule({"kind": "between", "at_most": 0.5}, "f"),
    rule({"kind": "between", "at_least": "1800-01-01", "at_most": "2026-11-22"}, "d"),
    rule({"kind": "between", "at_least": "1800-01-01T00:00:00Z"}, "z"),
    rule({"kind": "not_in_future"}, "d"),
    rule({"kind": "not_in_future"}, "z"),
    rule({"kind": "regex", "pattern": "b|[0-9]"}, "t", mostly_permille=667),
    rule({"kind": "length_between", "at_least": 1, "at_most": 2}, "t"),
    rule({"kind": "pair_greater"}, "n", "m"),
    rule({"kind": "pair_greater", "or_equal": False}, "n", "f", mostly_permille=333),
    rule({"kind": "json_valid"}, "t"),
    rule({"kind": "check_character", "scheme": "bank_card"}, "t"),
    rule({"kind": "check_character", "scheme": "plate"}, "t"),
)
MOMENTS = [datetime(year, 3, 1) for year in (1700, 2013, 2031)] + [datetime(2026, 11, 22, 23, 59)]  # noqa: DTZ001
ROWS = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-3, 3),
        "m": st.none() | st.sampled_from([Decimal("-1"), Decimal("1.5"), Decimal("1.51")]),
        "f": st.none() | st.sampled_from([-1.0, 0.5, 0.6]),
        "t": st.none()
        | st.sampled_from(
            ["", " ", "a", "ab", "中文", "it's", "{}", "\u3000", "6222020200072561274", "沪A12345"]
        ),
        "d": st.none() | st.sampled_from(MOMENTS),
        "z": st.none() | st.sampled_from([one.replace(tzinfo=UTC) for one in MOMENTS]),
    }
)


def broken(rows: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> dict[str, int | None]:
    with opened_rows(pa.Table.from_pylist(list(rows), SCHEMA)) as connection:
        described = connection.execute("DESCRIBE data").fetchall()
        schema = tuple(Column(str(row[0]), str(row[1])) for row in described)
        found = count_broken(connection, rules, schema, at=AT)
    return {one.rule.key: one.row_count for one in found}


@settings(
    max_examples=examples(8, long=200),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(ROWS, min_size=1, max_size=12))
def test_a_batch_breaks_just_the_rules_that_the_gate_fails_it_by(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)

    suite = run_suite([path], RULES, at=AT, limits=LIMITS, on_progress=lambda _done, _of: None)

    failed = {
        one.rule.key: one.unexpected_count for one in suite.outcomes if one.status is Status.FAILED
    }
    assert Status.ERROR not in {one.status for one in suite.outcomes}
    assert broken(rows, RULES) == failed


def test_every_rule_about_single_rows_is_asked_of_a_batch() -> None:
    asked = {one.check.kind for one in RULES if condition_of(one, (), at=AT) is not None}

    assert asked == {kind for kind in Kind if kind.is_about_rows} - {
        Kind.UNIQUE,
        Kind.UNIQUE_TOGETHER,
        Kind.IN_OTHER_TABLE,
    }


def test_rules_that_need_the_whole_table_or_other_columns_wait(tx: Tx, make_version: Any) -> None:
    made: Made = make_version(tx)
    elsewhere = {"kind": "in_other_table", "table": "other", "column": "n"}
    for expect, column in (
        ({"kind": "unique"}, "n"),
        ({"kind": "not_null"}, "gone"),
        (elsewhere, "n"),
    ):
        body = {"expect": expect, "columns": [column], "gate": "block"}
        add_rule(tx, made.dataset_id, body, (), by=made.publisher, at=AT)

    assert rules_asked_of_batches(tx, made.dataset_id, (Column("n", "BIGINT"),)) == []


def test_a_rule_that_cannot_be_asked_holds_back_rather_than_passes() -> None:
    unasked = rule({"kind": "between", "at_least": 1}, "t")

    found = broken([{"t": "text", "n": 1}], [unasked, rule({"kind": "not_null"}, "n")])

    assert found == {unasked.key: None}


@pytest.mark.parametrize(("gate", "is_held"), [("block", 1), ("quarantine", 1), ("warn", 0)])
def test_only_rules_that_hold_back_are_asked(
    tx: Tx, make_version: Any, gate: str, is_held: int
) -> None:
    made: Made = make_version(tx)
    body = {"expect": {"kind": "between", "at_least": 0}, "columns": ["n"], "gate": gate}
    add_rule(tx, made.dataset_id, body, (), by=made.publisher, at=AT)
    rows = pa.Table.from_pylist([{"n": -1}, {"n": 1}, {"n": None}], pa.schema([("n", pa.int64())]))

    rules = rules_asked_of_batches(tx, made.dataset_id, (Column("n", "BIGINT"),))
    found = broken_by(rows, rules, at=AT)

    assert [one.row_count for one in found] == [1] * is_held


def test_names_of_columns_may_hold_anything() -> None:
    name = 'it\'s a "name"'
    rows = pa.Table.from_pylist([{name: "x"}, {name: "NULL"}])

    found = broken_by(rows, [rule({"kind": "not_in_set", "values": ["NULL"]}, name)], at=AT)

    assert [one.row_count for one in found] == [1]
