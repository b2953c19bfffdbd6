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
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig

from quality.check import Column
from quality.engine.duckdb_engine import DuckDBDatasource
from quality.engine.names import quoted
from quality.engine.wanted import STEP_COLUMN, expectation_of, literal
from quality.outcome import RuleOutcome
from quality.rule import Named, Rule

DEFAULT_MEMORY_BYTES = 1_000_000_000
DEFAULT_THREADS = 2
DEFAULT_CLUSTER_BYTES_MIN = 4 << 30
TABLE_NAME = "data"
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

    def batches(self, name: str) -> tuple[Any, dict[str, object] | None]:
        """A batch definition of the whole table, which needs no parameters."""
        asset = self.source.add_table_asset(name, self.view)
        return asset.add_batch_definition_whole_table(name), None

    def expected(self, rule: Rule, *, at: datetime) -> Any:
        """The rule as DuckDB is asked it."""
        return expectation_of(rule, self.schema, at=at)

    def steps_of(self, column: str) -> OpenTable:
        """The same table as the steps between its moments, in their order."""
        self.runs += 1
        view, moment = f"steps_{self.runs}", f"epoch({quoted(column)})"
        self.connection.exec_driver_sql(
            f"CREATE VIEW {view} AS SELECT {moment} - lag({moment}) OVER (ORDER BY {moment}) "
            f"AS {STEP_COLUMN} FROM {TABLE_NAME} WHERE {quoted(column)} IS NOT NULL"
        )
        return replace(self, view=view)


@contextmanager
def open_files(paths: Sequence[Path], limits: Limits) -> Iterator[OpenTable]:
    """The table that these Parquet files make up; nothing else can be read meanwhile."""
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
                yield _table(context, source, connection, [str(path) for path in paths])
            finally:
                connection.close()
                engine.engine.dispose()


def _table(
    context: Any, source: DuckDBDatasource, connection: sa.Connection, paths: list[str]
) -> OpenTable:
    files = f"[{', '.join(map(literal, paths))}]"
    connection.exec_driver_sql(f"SET allowed_paths = {files}")
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
                f"SELECT num_rows FROM parquet_file_metadata({literal(path)})"
            ).scalar_one()
        )
        for path in paths
    )
    return OpenTable(
        context=context,
        source=source,
        connection=connection,
        files=files,
        schema=tuple(Column(names[str(row[0])], str(row[1])) for row in described),
        names=names,
        row_count=sum(counts),
        file_row_counts=counts,
    )


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
