"""Some of the rows that a failed rule means."""

# Statements are put together from `quoted`.
# ruff: noqa: S608

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import Any

from quality.engine.ask import raised
from quality.engine.names import quoted
from quality.engine.open_table import OpenTable
from quality.outcome import Cell, ExampleRow, RuleOutcome
from quality.rule import Rule

EXAMPLE_ROWS_MAX = 5
CELL_CHARACTERS_MAX = 200
ROW_NUMBER = "weir_row_number"


def with_examples(table: OpenTable, outcome: RuleOutcome, *, at: datetime) -> RuleOutcome:
    """The outcome with up to `EXAMPLE_ROWS_MAX` of the rows that it means."""
    rule = outcome.rule
    if not rule.check.kind.is_about_rows:
        return outcome
    rows = _failing(table, rule, rows_max=EXAMPLE_ROWS_MAX, at=at)
    examples = sorted(
        (_example(row, rule.columns) for row in rows), key=lambda example: example.row_number or 0
    )
    return replace(outcome, examples=tuple(examples[:EXAMPLE_ROWS_MAX]))


def failing_rows(
    table: OpenTable, rule: Rule, *, rows_max: int, at: datetime
) -> frozenset[int] | None:
    """Numbers of the rows that break a rule; None where they are more, or cannot be told."""
    rows = _failing(table, rule, rows_max=rows_max + 1, at=at)
    numbers = [row.get(ROW_NUMBER) for row in rows]
    told = frozenset(number for number in numbers if isinstance(number, int))
    return told if 0 < len(told) == len(rows) <= rows_max else None


def _failing(
    table: OpenTable, rule: Rule, *, rows_max: int, at: datetime
) -> list[dict[str, object]]:
    view = _numbered_view(table, rule.columns)
    expectation = table.expected(rule, at=at)
    wanted: Any = {
        "result_format": "BASIC",
        "partial_unexpected_count": rows_max,
        "include_unexpected_rows": True,
    }
    # No verdict comes of this, so it needs no checkpoint.
    definition = table.source.add_table_asset(view, view).add_batch_definition_whole_table(view)
    result = definition.get_batch().validate(expectation, result_format=wanted)
    if raised(result.exception_info):
        return []
    return list(result.result.get("unexpected_rows") or [])


def _numbered_view(table: OpenTable, columns: tuple[str, ...]) -> str:
    """A view of the rule's columns and the row number, where the files can tell it."""
    table.runs += 1
    view = f"examples_{table.runs}"
    names = {name.lower() for name in table.names}
    selected = [
        f"{quoted(name)} AS {quoted(known)}"
        for name, known in table.names.items()
        if known in columns
    ]
    if not names & {"file_index", "file_row_number", ROW_NUMBER}:
        starts = [0, *accumulate(table.file_row_counts)]
        start = f"{starts}[CAST(file_index AS BIGINT) + 1]"
        selected.append(f"{start} + file_row_number + 1 AS {ROW_NUMBER}")
    source = f"SELECT {', '.join(selected)} FROM read_parquet({table.files})"
    table.connection.exec_driver_sql(f"CREATE VIEW {view} AS {source}")
    return view


def _example(row: dict[str, object], columns: tuple[str, ...]) -> ExampleRow:
    number = row.get(ROW_NUMBER)
    return ExampleRow(
        row_number=int(number) if isinstance(number, int) else None,
        cells=tuple((name, _cell(row.get(name))) for name in columns),
    )


def _cell(value: object) -> Cell:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:CELL_CHARACTERS_MAX]
