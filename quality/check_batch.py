"""Ask the rows of a batch the rules that may hold a table back, before others read them.

This is no verdict: it may only hold back. What it lets by is checked by the gate when the table
settles, like everything. It runs where rows come in, without Great Expectations;
`tests/quality/test_check_batch.py` holds its counts against those of the gate.

Rules about the whole table, such as that no value occurs twice, and those that look at another
table are asked when it settles.
"""

# Statements are put together from quoted names; values are parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import duckdb

from catalog.steps.field import ROW_ID
from policies.database import Tx
from policies.errors import Refusal
from policies.terms import DatasetId
from quality import check as checks
from quality.bounds import Compared, bound, compared
from quality.check import Column, Family, Kind
from quality.detecting import valid_sql
from quality.outcome import Cell, ExampleRow
from quality.packs import load_standard_packs
from quality.profiling import opened_rows
from quality.rule import ALL_PERMILLE, Gate, Rule, check_fit, draw_suite
from quality.sensitive import SensitiveKind
from quality.store import rules as rule_store

Condition: TypeAlias = tuple[str, list[Compared]]
"""What is true of a row that breaks a rule, with its parameters."""

EXAMPLE_ROWS_MAX = 5
CELL_CHARACTERS_MAX = 200
_WHITE_SPACE = "\\s\u3000\u00a0"


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a batch breaks."""

    rule: Rule
    row_count: int | None
    """Rows that break it; None where it could not be asked, which holds back as well."""
    examples: tuple[ExampleRow, ...] = ()
    """Some of them, by the ids of their rows; never leave this package unmasked."""


def rules_asked_of_batches(tx: Tx, dataset_id: DatasetId, schema: tuple[Column, ...]) -> list[Rule]:
    """The rules of gate block or quarantine about single rows of a table with these columns."""
    own_rules = [own.rule for own in rule_store.rules_of(tx, dataset_id)]
    return [
        rule
        for rule in draw_suite(load_standard_packs(), own_rules, schema)
        if rule.gate is not Gate.WARN and _is_about_single_rows(rule) and _fits(rule, schema)
    ]


def broken_by(rows: Any, rules: Sequence[Rule], *, at: datetime) -> list[Broken]:
    """Those of the rules that these rows break; `rows` is an Arrow table."""
    with opened_rows(rows) as connection:
        described = connection.execute("DESCRIBE data").fetchall()
        schema = tuple(Column(str(row[0]), str(row[1])) for row in described)
        broken = count_broken(connection, rules, schema, at=at)
        return [_with_examples(connection, one, schema, at=at) for one in broken]


def count_broken(
    connection: duckdb.DuckDBPyConnection,
    rules: Sequence[Rule],
    schema: tuple[Column, ...],
    *,
    at: datetime,
) -> list[Broken]:
    """Those of the drawn rules about single rows that the view `data` breaks."""
    asked = [(rule, found) for rule in rules if (found := condition_of(rule, schema, at=at))]
    if not asked:
        return []
    try:
        counts = _count(connection, asked)
    except duckdb.Error:
        counts = []
        for one in asked:
            try:
                counts += _count(connection, [one])
            except duckdb.Error:
                counts.append(None)
    return [
        Broken(rule, None if count is None else count[1])
        for (rule, _), count in zip(asked, counts, strict=True)
        if count is None or _breaks(rule, *count)
    ]


def condition_of(rule: Rule, schema: tuple[Column, ...], *, at: datetime) -> Condition | None:
    """What is true of a row that breaks a drawn rule; None for a rule about the whole table."""
    names = [_quoted(name) for name in rule.columns]
    name = names[0] if names else ""
    column_type = next((one.type for one in schema if one.name in rule.columns), "")
    match rule.check:
        case checks.NotNull():
            return f"{name} IS NULL", []
        case checks.NotBlank():
            return f"NOT regexp_matches({name}, ?)", [f"[^{_WHITE_SPACE}]"]
        case checks.InSet(values=values):
            return f"{name} NOT IN ({_marks(values)})", [compared(value) for value in values]
        case checks.NotInSet(values=values):
            return f"{name} IN ({_marks(values)})", [compared(value) for value in values]
        case checks.Between(at_least=low, at_most=high):
            return _outside(
                name,
                None if low is None else bound(low, column_type, day_end=False),
                None if high is None else bound(high, column_type, day_end=True),
            )
        case checks.NotInFuture():
            return f"{name} > ?", [bound(at + timedelta(days=1), column_type, day_end=False)]
        case checks.Regex(pattern=pattern):
            return f"NOT regexp_matches({name}, ?)", [pattern]
        case checks.LengthBetween(at_least=low, at_most=high):
            return _outside(f"length({name})", low, high)
        case checks.PairGreater(or_equal=or_equal):
            return f"NOT {names[0]} {'>=' if or_equal else '>'} {names[1]}", []
        case checks.JsonValid():
            return f"NOT json_valid({name})", []
        case checks.CheckCharacter(scheme=scheme):
            text = f"trim({name}, ' \t' || chr(12288))"
            return f"NOT {valid_sql(SensitiveKind(scheme.value), text)}", []
        case _:
            return None


def _count(
    connection: duckdb.DuckDBPyConnection, asked: Sequence[tuple[Rule, Condition]]
) -> list[tuple[int, int] | None]:
    """Of each rule, the rows that it is asked of and those that break it."""
    terms: list[str] = []
    values: list[Compared] = []
    for rule, (condition, parameters) in asked:
        is_asked = _asked(rule)
        terms += [
            f"count(*) FILTER ({is_asked})",
            f"count(*) FILTER (({is_asked}) AND ({condition}))",
        ]
        values += parameters
    row = connection.execute(f"SELECT {', '.join(terms)} FROM data", values).fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return [(int(row[at]), int(row[at + 1])) for at in range(0, len(row), 2)]


def _with_examples(
    connection: duckdb.DuckDBPyConnection,
    broken: Broken,
    schema: tuple[Column, ...],
    *,
    at: datetime,
) -> Broken:
    """The same with the first rows that break the rule; as it is where it could not be asked."""
    rule = broken.rule
    found = condition_of(rule, schema, at=at)
    if broken.row_count is None or found is None:
        return broken
    condition, values = found
    row_id = _quoted(ROW_ID) if any(one.name == ROW_ID for one in schema) else "NULL"
    numbers = {one.name for one in schema if one.family is Family.NUMBER}
    cells = "".join(
        f", {_quoted(name)}"
        if name in numbers
        else f", CAST({_quoted(name)} AS VARCHAR)[:{CELL_CHARACTERS_MAX}]"
        for name in rule.columns
    )
    rows = connection.execute(
        f"SELECT {row_id}{cells} FROM data WHERE ({_asked(rule)}) AND ({condition}) "
        f"ORDER BY 1 LIMIT {EXAMPLE_ROWS_MAX}",
        values,
    ).fetchall()
    examples = tuple(
        ExampleRow(row[0], tuple(zip(rule.columns, map(_cell, row[1:]), strict=True)))
        for row in rows
    )
    return replace(broken, examples=examples)


def _cell(value: object) -> Cell:
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _asked(rule: Rule) -> str:
    """What is true of a row that the rule is asked of."""
    if isinstance(rule.check, checks.NotNull):
        return "true"
    return " AND ".join(f"{_quoted(name)} IS NOT NULL" for name in rule.columns)


def _breaks(rule: Rule, asked: int, broken: int) -> bool:
    return ALL_PERMILLE * broken > asked * (ALL_PERMILLE - rule.mostly_permille)


def _outside(value: str, low: Compared | None, high: Compared | None) -> Condition:
    sides = [
        (f"{value} {sign} ?", limit)
        for sign, limit in (("<", low), (">", high))
        if limit is not None
    ]
    return " OR ".join(side for side, _ in sides) or "false", [limit for _, limit in sides]


def _is_about_single_rows(rule: Rule) -> bool:
    """Whether a row breaks it by itself, whatever other rows and tables there are."""
    kind = rule.check.kind
    is_wider = kind in (Kind.UNIQUE, Kind.UNIQUE_TOGETHER, Kind.IN_OTHER_TABLE)
    return kind.is_about_rows and not is_wider


def _fits(rule: Rule, schema: tuple[Column, ...]) -> bool:
    """Whether the rule can be asked; the gate tells of those that cannot."""
    try:
        check_fit(rule, schema)
    except Refusal:
        return False
    return True


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" for _ in values)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
