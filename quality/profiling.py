"""Profiles a version's Parquet files with DuckDB: two scans for all columns, and one for each text.

Statements are put together here since columns cannot be parameters; names go through `_quoted`,
bounds of histograms are numbers of our own.
"""

# ruff: noqa: S608

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb

from quality.check import Column, Family
from quality.profile import (
    BINS_MAX,
    FREQUENT_VALUES_MAX,
    Bin,
    ColumnProfile,
    FrequentValue,
    Profile,
)

VALUE_CHARACTERS_MAX = 100
DEFAULT_MEMORY_BYTES = 1_000_000_000
DEFAULT_THREADS = 2
ROWS_MEMORY_BYTES = 500_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = ("INT", "BIGINT")
_FLOATING = ("DOUBLE", "FLOAT")


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the first scan tells of a column; `low` and `high` are seconds for times."""

    values: int
    distinct: int
    minimum: str | None
    maximum: str | None
    low: float | None
    high: float | None


def profile_files(
    paths: Sequence[Path],
    *,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    threads: int = DEFAULT_THREADS,
) -> Profile:
    """The profile of the table that these Parquet files make up."""
    with opened_table(paths, memory_bytes=memory_bytes, threads=threads) as connection:
        described = connection.execute("DESCRIBE data").fetchall()
        schema = [Column(str(row[0]), str(row[1])) for row in described]
        row_count, facts = _scan(connection, schema)
        bins = _bins(connection, schema, facts)
        return Profile(
            row_count=row_count,
            columns=tuple(
                _column_profile(connection, column, fact, row_count, bins.get(column.name, ()))
                for column, fact in zip(schema, facts, strict=True)
            ),
        )


@contextmanager
def opened_table(
    paths: Sequence[Path], *, memory_bytes: int, threads: int
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection that can read the view `data` over these files, and nothing else."""
    files = [str(path) for path in paths]
    with (
        tempfile.TemporaryDirectory(prefix="weir-profile-") as spill,
        duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": f"{memory_bytes}B",
                "temp_directory": spill,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        ) as connection,
    ):
        connection.execute("SET allowed_paths = $1", [files])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET lock_configuration = true")
        connection.read_parquet(files).create_view("data")
        yield connection


@contextmanager
def opened_rows(rows: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked connection that can read the view `data` over rows in memory, and nothing else.

    `rows` is an Arrow table.
    """
    with duckdb.connect(
        config={
            "threads": 1,
            "memory_limit": f"{ROWS_MEMORY_BYTES}B",
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    ) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("data", rows)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def _scan(
    connection: duckdb.DuckDBPyConnection, schema: Sequence[Column]
) -> tuple[int, list[_Facts]]:
    terms = ["count(*)"]
    for column in schema:
        terms += [f"count({_quoted(column.name)})", *_extremes(column)]
    row = connection.execute(f"SELECT {', '.join(terms)} FROM data").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    facts = [_Facts(*row[start : start + 6]) for start in range(1, len(row), 6)]
    return int(row[0]), facts


def _extremes(column: Column) -> tuple[str, str, str, str, str]:
    """Distinct count, extremes as texts, extremes as numbers."""
    name = _quoted(column.name)
    distinct = f"approx_count_distinct({name})"
    match column.family:
        case Family.TEXT:
            length = f"length(CAST({name} AS VARCHAR))"
            return distinct, "NULL", "NULL", f"min({length})", f"max({length})"
        case Family.NUMBER:
            low, high = f"min({name}){_only_finite(column)}", f"max({name}){_only_finite(column)}"
            return (
                distinct,
                f"CAST({low} AS VARCHAR)",
                f"CAST({high} AS VARCHAR)",
                f"CAST({low} AS DOUBLE)",
                f"CAST({high} AS DOUBLE)",
            )
        case Family.TIME:
            low, high = f"min({name})", f"max({name})"
            return (
                distinct,
                f"CAST({low} AS VARCHAR)",
                f"CAST({high} AS VARCHAR)",
                f"epoch({low})",
                f"epoch({high})",
            )
        case _:
            return distinct, "NULL", "NULL", "NULL", "NULL"


def _bins(
    connection: duckdb.DuckDBPyConnection, schema: Sequence[Column], facts: Sequence[_Facts]
) -> dict[str, tuple[Bin, ...]]:
    """Histograms of all columns that can have one, in one scan."""
    cut = [
        (column, fact.low, fact.high, *_width(column, fact.low, fact.high))
        for column, fact in zip(schema, facts, strict=True)
        if column.family in (Family.NUMBER, Family.TIME)
        and fact.low is not None
        and fact.high is not None
        and isfinite(fact.low)
        and isfinite(fact.high)
    ]
    if not cut:
        return {}
    terms = [
        f"histogram(TRY_CAST(floor(({_as_number(column)} - ({low!r})) / {width!r}) AS TINYINT))"
        f"{_only_finite(column)}"
        for column, low, _, width, _ in cut
    ]
    row = connection.execute(f"SELECT {', '.join(terms)} FROM data").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return {
        column.name: tuple(
            Bin(
                low=_edge(column, low + width * index),
                high=_edge(column, min(low + width * (index + 1), high)),
                count=_count(counts or {}, index, bins),
            )
            for index in range(bins)
        )
        for (column, low, high, width, bins), counts in zip(cut, row, strict=True)
    }


def _count(counts: dict[int, int], index: int, bins: int) -> int:
    """What fell into a bin; the highest value of all lies on the edge after the last one."""
    beyond = counts.get(bins, 0) if index == bins - 1 else 0
    return counts.get(index, 0) + beyond


def _width(column: Column, low: float, high: float) -> tuple[float, int]:
    """Width and number of bins; whole numbers get whole bins."""
    span = high - low
    if not span:
        return 1.0, 1
    if any(word in column.type for word in _WHOLE):
        width = -(-(span + 1) // BINS_MAX)
        return float(width), int(-(-(span + 1) // width))
    return span / BINS_MAX, BINS_MAX


def _column_profile(
    connection: duckdb.DuckDBPyConnection,
    column: Column,
    fact: _Facts,
    row_count: int,
    bins: tuple[Bin, ...],
) -> ColumnProfile:
    is_text = column.family is Family.TEXT
    return ColumnProfile(
        name=column.name,
        type=column.type,
        null_count=row_count - fact.values,
        distinct_count=min(fact.distinct, fact.values),
        minimum=fact.minimum,
        maximum=fact.maximum,
        length_minimum=int(fact.low) if is_text and fact.low is not None else None,
        length_maximum=int(fact.high) if is_text and fact.high is not None else None,
        bins=bins,
        frequent=_frequent(connection, column, fact),
    )


def _frequent(
    connection: duckdb.DuckDBPyConnection, column: Column, fact: _Facts
) -> tuple[FrequentValue, ...]:
    """The most frequent values; none where nearly every row has its own: those are keys."""
    is_listed = column.family in (Family.TEXT, Family.BOOLEAN)
    if not is_listed or not fact.values or 2 * fact.distinct > max(fact.values, 2 * BINS_MAX):
        return ()
    name = _quoted(column.name)
    rows = connection.execute(
        f"""
        SELECT left(CAST({name} AS VARCHAR), {VALUE_CHARACTERS_MAX}), count(*)
          FROM data
         WHERE {name} IS NOT NULL
         GROUP BY {name}
         ORDER BY 2 DESC, 1
         LIMIT {FREQUENT_VALUES_MAX}
        """
    ).fetchall()
    return tuple(FrequentValue(str(value), int(count)) for value, count in rows)


def _as_number(column: Column) -> str:
    name = _quoted(column.name)
    match column.family, column.type:
        case Family.TIME, _:
            return f"epoch({name})"
        case _, "BIGINT" | "INTEGER" | "DOUBLE":
            return name
        case _:
            return f"CAST({name} AS DOUBLE)"


def _only_finite(column: Column) -> str:
    """Floating point alone knows infinity and not-a-number; elsewhere a filter only costs."""
    return f" FILTER (isfinite({_quoted(column.name)}))" if column.type in _FLOATING else ""


def _edge(column: Column, value: float) -> str:
    if column.family is Family.TIME:
        moment = _EPOCH + timedelta(seconds=value)
        return moment.date().isoformat() if column.type == "DATE" else f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{value:.15g}" if any(word in column.type for word in _WHOLE) else f"{value:.6g}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
