"""Parquet files as a table that rules can be asked of, in a DuckDB that reads nothing else."""

# The library re-exports its names without saying so.
# mypy: disable-error-code="attr-defined"
# Statements are put together from `literal` and `quoted`.
# ruff: noqa: S608

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig

from quality.beside import NOTHING_BESIDE, Beside, OtherTable
from quality.check import Column, InOtherTable, SameTotal
from quality.engine.duckdb_engine import DuckDBDatasource
from quality.engine.names import other_view, quoted, totals_view
from quality.engine.wanted import CHANGES_VIEW, STEP_COLUMN, expectation_of, literal
from quality.outcome import RuleOutcome
from quality.rule import Named, Rule, Severity

DEFAULT_MEMORY_BYTES = 1_000_000_000
DEFAULT_THREADS = 2
DEFAULT_CLUSTER_BYTES_MIN = 4 << 30
TABLE_NAME = "data"
SUM_NOISE = 1e-9
"""Sums of binary fractions differ by so little with the order of their rows."""
_SWAPPED = {'"': "”", "\\": "＼"}

logging.getLogger("great_expectations").setLevel(logging.ERROR)
# This module of theirs sets its own level, and tells of a folder at every check.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use of the machine."""

    memory_bytes: int = DEFAULT_MEMORY_BYTES
    threads: int = DEFAULT_THREADS
    cluster_url: str = ""
    """Of a Spark Connect server that large tables are counted on; empty: all are counted here."""
    cluster_bytes_min: int = DEFAULT_CLUSTER_BYTES_MIN
    """How large a table's files are together before the server is asked."""


class Asked(Protocol):
    """A table that rules can be asked of: in DuckDB, or behind Spark Connect."""

    context: Any
    schema: tuple[Column, ...]
    names: dict[str, str]
    row_count: int
    runs: int
    view: str

    def batches(self, name: str) -> tuple[Any, dict[str, object] | None]:
        """A batch definition of the whole table, and the parameters that it runs with."""
        ...

    def expected(self, rule: Rule, *, at: datetime) -> Any:
        """The rule as this table's engine is asked it."""
        ...


@dataclass(slots=True)
class OpenTable:
    """Parquet files in a DuckDB of their own."""

    context: Any
    source: DuckDBDatasource
    connection: sa.Connection
    files: str
    """As an SQL list."""
    schema: tuple[Column, ...]
    """With the names that the view gives the columns."""
    names: dict[str, str]
    """The columns' own names → those in the view."""
    row_count: int
    file_row_counts: tuple[int, ...]
    runs: int = 0
    """Checkpoint runs and views of examples so far, to give them names."""

    view: str = TABLE_NAME
    beside: Beside = NOTHING_BESIDE
    other_schemas: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)
    """By the names that rules give other tables: their columns that may be read."""
    shown: set[str] = field(default_factory=set)
    """The views of other tables that are there."""

    def batches(self, name: str) -> tuple[Any, dict[str, object] | None]:
        """A batch definition of the whole table, which needs no parameters."""
        asset = self.source.add_table_asset(name, self.view)
        return asset.add_batch_definition_whole_table(name), None

    def expected(self, rule: Rule, *, at: datetime) -> Any:
        """The rule as DuckDB is asked it."""
        self.show_other(rule)
        return expectation_of(rule, self.schema, at=at)

    def show_other(self, rule: Rule) -> None:
        """Have the view of another table ready that the rule looks at."""
        match rule.check:
            case InOtherTable(table=table, column=column):
                view = other_view(table, column)
                statement = (
                    f"SELECT {quoted(column)} AS v FROM ({_rows_of(self.beside.others[table])}) "
                    "WHERE v IS NOT NULL"
                )
            case SameTotal():
                view = totals_view(rule.key)
                statement = self._totals(rule.columns[0], rule.check)
            case _:
                return
        if view not in self.shown:
            self.shown.add(view)
            self.connection.exec_driver_sql(f"CREATE VIEW {view} AS {statement}")

    def _totals(self, column: str, check: SameTotal) -> str:
        """Each group's sum here and there; of binary fractions the last digits are noise."""
        own = [self.names[name] for name in check.by]
        here = _sums(f"SELECT * FROM {TABLE_NAME}", column, own)
        there = _sums(_rows_of(self.beside.others[check.table]), check.column, check.by)
        types = {one.name: one.type for one in self.schema}
        others = {one.name: one.type for one in self.other_schemas[check.table]}
        is_exact = not {types[column], others[check.column]} & {"DOUBLE", "FLOAT"}
        slack = "0" if is_exact else f"{SUM_NOISE} * greatest(abs(mine), abs(theirs))"
        joined = " AND ".join(
            f"here.g{at} IS NOT DISTINCT FROM there.g{at}" for at in range(len(own))
        )
        return (
            "SELECT coalesce(1000 * abs(mine - theirs) > "
            f"greatest({check.tolerance_permille} * abs(theirs), 1000 * {slack}), true) AS is_off "
            "FROM (SELECT coalesce(here.total, 0) AS mine, coalesce(there.total, 0) AS theirs, "
            f"coalesce(here.n, 0) + coalesce(there.n, 0) AS n FROM ({here}) AS here "
            f"FULL JOIN ({there}) AS there ON {joined or 'true'}) WHERE n > 0"
        )

    def steps_of(self, column: str) -> OpenTable:
        """The same table as the steps between its moments, in their order."""
        self.runs += 1
        view, moment = f"steps_{self.runs}", f"epoch({quoted(column)})"
        self.connection.exec_driver_sql(
            f"CREATE VIEW {view} AS SELECT {moment} - lag({moment}) OVER (ORDER BY {moment}) "
            f"AS {STEP_COLUMN} FROM {TABLE_NAME} WHERE {quoted(column)} IS NOT NULL"
        )
        return replace(self, view=view)


def _sums(rows: str, column: str, by: Sequence[str]) -> str:
    groups = "".join(f", {quoted(name)} AS g{at}" for at, name in enumerate(by))
    grouped = f" GROUP BY {', '.join(quoted(name) for name in by)}" if by else ""
    return (
        f"SELECT sum({quoted(column)}) AS total, count({quoted(column)}) AS n{groups} "
        f"FROM ({rows}){grouped}"
    )


@contextmanager
def open_files(
    paths: Sequence[Path], limits: Limits, beside: Beside = NOTHING_BESIDE
) -> Iterator[OpenTable]:
    """The table that these Parquet files make up; nothing else can be read meanwhile, but what
    its rules may look at beside it.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    with tempfile.TemporaryDirectory(prefix="weir-quality-") as spill:
        source = context.data_sources.add_duckdb(
            name="warehouse",
            connection_string="duckdb:///:memory:",
            kwargs={
                "threads": limits.threads,
                "memory_limit": f"{limits.memory_bytes}B",
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        engine = source.get_execution_engine()
        with engine.get_connection() as connection:
            try:
                yield _table(context, source, connection, paths, beside)
            finally:
                connection.close()
                engine.engine.dispose()


def _table(
    context: Any,
    source: DuckDBDatasource,
    connection: sa.Connection,
    paths: Sequence[Path],
    beside: Beside,
) -> OpenTable:
    files = _listed(paths)
    every = [*paths, *(path for other in beside.others.values() for path in other.paths)]
    connection.exec_driver_sql(f"SET allowed_paths = {_listed(every)}")
    connection.exec_driver_sql("SET enable_external_access = false")
    connection.exec_driver_sql("SET lock_configuration = true")
    rows = f"SELECT * FROM read_parquet({files})"
    described = connection.exec_driver_sql(f"DESCRIBE {rows}").fetchall()
    names = speakable([str(row[0]) for row in described])
    columns = ", ".join(f"{quoted(name)} AS {quoted(known)}" for name, known in names.items())
    connection.exec_driver_sql(f"CREATE VIEW {TABLE_NAME} AS SELECT {columns} FROM ({rows})")
    # One call a file: the function may answer for several in any order.
    counts = tuple(
        int(
            connection.exec_driver_sql(
                f"SELECT num_rows FROM parquet_file_metadata({literal(str(path))})"
            ).scalar_one()
        )
        for path in paths
    )
    _show_changes(connection, beside)
    return OpenTable(
        context=context,
        source=source,
        connection=connection,
        files=files,
        schema=tuple(Column(names[str(row[0])], str(row[1])) for row in described),
        names=names,
        row_count=sum(counts),
        file_row_counts=counts,
        beside=beside,
        other_schemas={
            name: _schema_of(connection, other) for name, other in beside.others.items()
        },
    )


def _schema_of(connection: sa.Connection, other: OtherTable) -> tuple[Column, ...]:
    rows = connection.exec_driver_sql(f"DESCRIBE {_rows_of(other)}").fetchall()
    return tuple(Column(str(row[0]), str(row[1])) for row in rows if row[0] in other.columns)


def _show_changes(connection: sa.Connection, beside: Beside) -> None:
    """What is out of the usual, as a view that rules are asked of; news alone breaks none."""
    changes = beside.drift.changes if beside.drift else ()
    told = sorted({one.kind.value for one in changes if one.severity is not Severity.INFO})
    rows = " UNION ALL ".join(f"SELECT {literal(aspect)} AS aspect" for aspect in told)
    none = "SELECT NULL::VARCHAR AS aspect WHERE false"
    connection.exec_driver_sql(f"CREATE VIEW {CHANGES_VIEW} AS {rows or none}")


def _rows_of(other: OtherTable) -> str:
    return f"SELECT * FROM read_parquet({_listed(other.paths)})"


def _listed(paths: Sequence[Path]) -> str:
    return f"[{', '.join(literal(str(path)) for path in paths)}]"


def renamed(rule: Rule, names: dict[str, str]) -> Rule:
    """The rule with the names that the view gives its columns."""
    return replace(rule, applies_to=Named(tuple(names.get(name, name) for name in rule.columns)))


def told(outcome: RuleOutcome, rule: Rule, names: dict[str, str]) -> RuleOutcome:
    """The outcome with the columns' own names again."""
    own = {known: name for name, known in names.items()}
    return replace(
        outcome,
        rule=rule,
        observed=tuple(own.get(word, word) for word in outcome.observed),
        examples=tuple(
            replace(row, cells=tuple((own[name], value) for name, value in row.cells))
            for row in outcome.examples
        ),
    )


def speakable(names: Sequence[str], swapped: Mapping[str, str] = _SWAPPED) -> dict[str, str]:
    """Names for the view, without what Great Expectations trips over.

    It writes conditions as texts without escaping names, and uses one name itself.
    """
    taken = {name.lower() for name in names} | {"_num_rows"}
    speakable: dict[str, str] = {}
    for name in names:
        known = "".join(swapped.get(character, character) for character in name)
        is_changed = known != name or known.lower() == "_num_rows"
        while is_changed and known.lower() in taken:
            known += "_"
        taken.add(known.lower())
        speakable[name] = known
    return speakable
