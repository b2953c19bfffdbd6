# ruff: noqa: S608  Statements are put together from quoted names and literals of our own only.
"""The Parquet files of rows: written, matched by key, rewritten, merged.

Every file holds its rows in the order of `_id`, in one group of rows at most. Files are rewritten
side by side, one on each core, each by a cursor of its own.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.row_search.question import Filter
from catalog.row_search.statement import SOURCE, Shown, condition, quoted, text_literal
from catalog.steps.field import ROW_ID, Field
from catalog.steps.table import ROWS_PER_FILE

MEMORY_BYTES: Final = 1 << 30
REWRITERS: Final = 2
DELETED_TOLD_MAX: Final = 32_000
_COMPRESSION_LEVEL: Final = 1
_FORM: Final = (
    f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {_COMPRESSION_LEVEL},"
    f" ROW_GROUP_SIZE {ROWS_PER_FILE})"
)
PLACE: Final = "\x01place"
"""The column of keys that says whose they are."""
_PRESENT: Final = "\x01has "
"""Begins the names of the columns that tell which columns of a change count."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, and how many rows it has."""

    path: Path
    row_count: int


@dataclass(frozen=True, slots=True)
class Match:
    """A row that is there for a row of a batch."""

    place: int
    """Of the batch's row."""
    row_id: int


def present(name: str) -> str:
    """The column of changes that tells whether this one counts."""
    return _PRESENT + name


class RowFiles:
    """One engine for a process, made when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Close the engine."""
        with self._lock:
            if self._engine is not None:
                self._engine.close()
                self._engine = None

    def write(self, work: Path, rows: pa.Table) -> list[Written]:
        """Write rows, which are in order, into new files; none for no rows."""
        return [
            _write(work, rows.slice(start, ROWS_PER_FILE))
            for start in range(0, rows.num_rows, ROWS_PER_FILE)
        ]

    def write_empty(self, work: Path, schema: pa.Schema) -> Written:
        """Write a file without rows, which holds the columns of a table that has none."""
        return _write(work, schema.empty_table())

    def match(self, paths: Sequence[Path], keys: pa.Table, columns: Sequence[str]) -> list[Match]:
        """The rows whose values of these columns are those of a row of `keys`.

        `keys` has the columns and `PLACE`; an empty cell matches nothing.
        """
        if not paths or not keys.num_rows:
            return []
        joined = " AND ".join(f"held.{quoted(one)} = wanted.{quoted(one)}" for one in columns)
        with self._cursor() as cursor:
            cursor.register("wanted", keys)
            rows = cursor.execute(
                f"SELECT wanted.{quoted(PLACE)}, held.{quoted(ROW_ID)} FROM {_read(paths)} AS held"
                f" JOIN wanted ON {joined}"
            ).fetchall()
        return [Match(place, row_id) for place, row_id in rows]

    def holding(self, paths: Sequence[Path], row_ids: Sequence[int]) -> list[Path]:
        """The files that hold one of these rows."""
        ids = sorted(row_ids)
        held = []
        for path in paths:
            low, high = _range_of(path)
            if low is not None and high is not None and _any_between(ids, low, high):
                held.append(path)
        return held

    def rows(self, paths: Sequence[Path], row_ids: Sequence[int]) -> pa.Table:
        """These rows, whole, in their order."""
        wanted = pa.table({"wanted_id": pa.array(sorted(row_ids), pa.int64())})
        with self._cursor() as cursor:
            cursor.register("wanted", wanted)
            found: pa.Table = cursor.sql(
                f"SELECT held.* FROM {_read(paths)} AS held"
                f" JOIN wanted ON held.{quoted(ROW_ID)} = wanted.wanted_id"
                f" ORDER BY held.{quoted(ROW_ID)}"
            ).to_arrow_table()
        return found

    def change(
        self, work: Path, paths: Sequence[Path], changes: pa.Table, fields: Sequence[Field]
    ) -> list[Written]:
        """The files anew, with these changes; a file stands for the one at its place.

        `changes` has `_id`, and for each column that some row changes its values and `present`.
        """
        names = set(changes.column_names)
        shown = [f"held.{quoted(ROW_ID)}"]
        for one in fields:
            name = quoted(one.name)
            if one.name in names:
                counts = f"changed.{quoted(present(one.name))}"
                shown.append(
                    f"CASE WHEN {counts} THEN changed.{name} ELSE held.{name} END AS {name}"
                )
            else:
                shown.append(f"held.{name}")

        def rewrite(path: Path) -> Written:
            target = _target(work)
            with self._cursor() as cursor:
                cursor.register("changed", changes)
                ((count,),) = cursor.execute(
                    f"COPY (SELECT {', '.join(shown)} FROM {_read([path])} AS held"
                    f" LEFT JOIN changed ON changed.{quoted(ROW_ID)} = held.{quoted(ROW_ID)}"
                    f" ORDER BY held.{quoted(ROW_ID)})"
                    f" TO {text_literal(str(target))} {_FORM}"
                ).fetchall()
            return Written(target, count)

        return _side_by_side(rewrite, paths)

    def matching(
        self, paths: Sequence[Path], wanted: Filter, known: dict[str, Shown]
    ) -> list[tuple[Path, int]]:
        """How many rows of each file a filter lets through, of those with any.

        Raises: ColumnUnknown, ValueUnfit.
        """
        where = condition(wanted, known)
        with self._cursor() as cursor:
            found = []
            for path in paths:
                ((count,),) = cursor.execute(
                    f"SELECT count(*) FROM {_read([path])} WHERE {where}"
                ).fetchall()
                if count:
                    found.append((path, count))
        return found

    def rows_matching(
        self, paths: Sequence[Path], wanted: Filter, known: dict[str, Shown]
    ) -> pa.Table:
        """The first rows that a filter lets through, at most `DELETED_TOLD_MAX`."""
        where = condition(wanted, known)
        with self._cursor() as cursor:
            found: pa.Table = cursor.sql(
                f"SELECT * FROM {_read(paths)} WHERE {where}"
                f" ORDER BY {quoted(ROW_ID)} LIMIT {DELETED_TOLD_MAX}"
            ).to_arrow_table()
        return found

    def without(
        self, work: Path, paths: Sequence[Path], wanted: Filter, known: dict[str, Shown]
    ) -> list[Written]:
        """The files anew, without the rows that a filter lets through."""
        where = condition(wanted, known)

        def rewrite(path: Path) -> Written:
            target = _target(work)
            with self._cursor() as cursor:
                ((count,),) = cursor.execute(
                    f"COPY (SELECT * FROM {_read([path])} WHERE ({where}) IS NOT TRUE"
                    f" ORDER BY {quoted(ROW_ID)}) TO {text_literal(str(target))} {_FORM}"
                ).fetchall()
            return Written(target, count)

        return _side_by_side(rewrite, paths)

    def merge(self, work: Path, paths: Sequence[Path]) -> list[Written]:
        """The rows of all these files in as few as need be, in order."""
        return self.derive(work, paths, f"SELECT * FROM {SOURCE}", order=quoted(ROW_ID))

    def recast(
        self, work: Path, paths: Sequence[Path], before: Sequence[Field], after: Sequence[Field]
    ) -> list[Written]:
        """The rows with other columns: those of the same name keep their values."""
        held = {one.name: one for one in before}
        shown = [quoted(ROW_ID)]
        for one in after:
            name = quoted(one.name)
            value = name if one.name in held else "NULL"
            shown.append(f"CAST({value} AS {one.engine_type}) AS {name}")
        return self.derive(
            work, paths, f"SELECT {', '.join(shown)} FROM {SOURCE}", order=quoted(ROW_ID)
        )

    def number(
        self,
        work: Path,
        paths: Sequence[Path],
        fields: Sequence[tuple[Field, Field]],
        key: Sequence[str],
    ) -> list[Written]:
        """The rows of an uploaded file with ids: in the order of its key, else as they lie.

        `fields` are those of the file, each with what becomes of it.
        """
        order = ", ".join(quoted(one) for one in key)
        shown = ", ".join(
            f"CAST({quoted(held.name)} AS {one.engine_type}) AS {quoted(one.name)}"
            for held, one in fields
        )
        numbered = f"row_number() OVER ({f'ORDER BY {order}' if order else ''}) AS {quoted(ROW_ID)}"
        return self.derive(
            work, paths, f"SELECT {numbered}, {shown} FROM {SOURCE}", order=quoted(ROW_ID)
        )

    def first_double(self, paths: Sequence[Path], key: Sequence[str]) -> str | None:
        """A key that two rows have; None where there is none."""
        names = ", ".join(quoted(one) for one in key)
        whole = " AND ".join(f"{quoted(one)} IS NOT NULL" for one in key)
        with self._cursor() as cursor:
            row = cursor.execute(
                f"SELECT {names} FROM {_read(paths)} WHERE {whole}"
                f" GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
            ).fetchone()
        if row is None:
            return None
        return ", ".join(f"{name}: {value!r}" for name, value in zip(key, row, strict=True))[:200]

    def derive(
        self, work: Path, paths: Sequence[Path], statement: str, *, order: str
    ) -> list[Written]:
        """The rows that a statement makes of these files, in order, in files of full size."""
        written = []
        with self._cursor() as cursor:
            made = statement.replace(SOURCE, _read(paths))
            reader: pa.RecordBatchReader = cursor.sql(
                f"SELECT * FROM ({made}) ORDER BY {order}"
            ).to_arrow_reader(ROWS_PER_FILE)
            held: list[pa.RecordBatch] = []
            count = 0
            for batch in reader:
                held.append(batch)
                count += batch.num_rows
                while count >= ROWS_PER_FILE:
                    rows = pa.Table.from_batches(held)
                    written.append(_write(work, rows.slice(0, ROWS_PER_FILE)))
                    rest = rows.slice(ROWS_PER_FILE)
                    held, count = rest.to_batches(), rest.num_rows
            if held and count:
                written.append(_write(work, pa.Table.from_batches(held)))
            elif not written:
                written.append(_write(work, reader.schema.empty_table()))
        return written

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._engine is None:
                self._engine = duckdb.connect(
                    ":memory:",
                    config={
                        "threads": REWRITERS,
                        "memory_limit": f"{MEMORY_BYTES}B",
                        "python_enable_replacements": False,
                        "autoload_known_extensions": False,
                        "autoinstall_known_extensions": False,
                    },
                )
                self._engine.execute("SET GLOBAL TimeZone = 'UTC'")
            return self._engine.cursor()


def _side_by_side(rewrite: Callable[[Path], _T], paths: Sequence[Path]) -> list[_T]:
    if len(paths) < 2:
        return [rewrite(path) for path in paths]
    with ThreadPoolExecutor(REWRITERS) as pool:
        return list(pool.map(rewrite, paths))


def _write(work: Path, rows: pa.Table) -> Written:
    target = _target(work)
    pq.write_table(
        rows,
        target,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        row_group_size=ROWS_PER_FILE,
        write_page_checksum=True,
    )
    return Written(target, rows.num_rows)


def _target(work: Path) -> Path:
    return work / f"{uuid4().hex}.parquet"


def _read(paths: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(text_literal(str(path)) for path in paths)}])"


def _range_of(path: Path) -> tuple[int | None, int | None]:
    """The first and last id of a file, as its footer tells; its ids are in its first column."""
    footer = pq.read_metadata(path)
    if not footer.num_rows:
        return None, None
    groups = [footer.row_group(n).column(0).statistics for n in range(footer.num_row_groups)]
    return min(one.min for one in groups), max(one.max for one in groups)


def _any_between(ordered: Sequence[int], low: int, high: int) -> bool:
    place = bisect_left(ordered, low)
    return place < len(ordered) and ordered[place] <= high
