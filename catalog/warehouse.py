# ruff: noqa: S608  Statements are put together from typed values and quoted names only, see
# `_literal` and `_quote`; nothing else can name a column or hold a constant in them.
"""Serving copies: folders that hold just what a view permits, and pages read from them.

A serving copy is the permitted columns and rows of one version, masked, as a DuckDB file sorted
by the declared key (without an index: a sorted file without one reads less), a CSV and a Parquet.
It can be thrown away and built again at any time. It is built aside, synced and renamed in one
step, and its bytes are checked before their first use in each process, because the engine itself
does not notice a damaged file.

DuckDB is imported here and in `catalog.locked_query`, which is the code of another process and
must not bring the server's along. pyarrow writes the Parquet because it writes page checksums.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import count
from pathlib import Path
from secrets import token_hex

import duckdb
import pyarrow.parquet

from catalog.errors import (
    DamagedServingCopy,
    MalformedPageMark,
    MaskKeyMissing,
    NoSuchColumn,
    PageOutOfBounds,
    UnfitValue,
)
from catalog.json_rows import (
    Row,
    array_of_arrays,
    array_of_objects,
    is_nested,
    json_columns,
    json_expression,
    with_json,
)
from catalog.row_search.errors import QuestionTooLarge, ValueUnfit
from catalog.row_search.statement import SOURCE
from catalog.view import Condition, Mask, MaskKind, Operator, Scalar, View

FORMAT_VERSION = 1
PAGE_ROWS_MAX = 32_000
ROWS_SKIPPED_MAX = 1 << 60
BUILD_MEMORY_BYTES = 2 << 30
PAGE_MEMORY_BYTES = 512 << 20
OPEN_COPIES_MAX = 64
COUNTS_KEPT_MAX = 4_096
SKIPPED_ROWS_AS_JSON_MAX = 1_000
PROJECTIONS_KEPT_MAX = 20_000
CSV_NAME, DATABASE_NAME, PARQUET_NAME = "data.csv", "data.duckdb", "data.parquet"
MANIFEST_NAME = "manifest.json"
TABLE_NAME = "data"

_HMAC_BLOCK_BYTES = 64
_PARQUET_ROWS_PER_BATCH = 122_880
_ATTACH_WAIT_S, _ATTACH_TRIES = 0.01, 200
_WHOLE_NUMBERS = frozenset(
    [
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
    ]
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a serving copy, with the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a serving copy."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ServingCopy:
    """What `manifest.json` says of a folder whose files have been checked against it."""

    folder: Path
    columns: tuple[Column, ...]
    rows: int
    """Exact number of rows; it never changes."""
    key: tuple[str, ...]
    """The declared key's visible columns, by which the rows are sorted."""
    view_fingerprint: str
    files: tuple[StoredFile, ...]

    def path(self, name: str) -> Path:
        """Path of one of the files; `name` is one of the `..._NAME` of this module."""
        return self.folder / name

    def file(self, name: str) -> StoredFile:
        """Size and digest of one of the files."""
        return next(file for file in self.files if file.name == name)


@dataclass(frozen=True, slots=True)
class Sort:
    """One column of an order of rows; empty cells come last either way."""

    column: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a serving copy, ready to be written as JSON."""

    columns: tuple[Column, ...]
    rows: Sequence[Row]
    total: int | None
    """Rows that match, where that is known without counting; else `Warehouse.count` counts."""
    next_mark: str | None
    """`after` of the next page; None where this is the last one."""

    def as_objects(self) -> bytes:
        """A JSON array with an object for each row."""
        return array_of_objects([column.name for column in self.columns], self.rows)

    def as_arrays(self) -> bytes:
        """A JSON array with an array for each row."""
        return array_of_arrays(self.rows)


def build_serving_copy(
    parquet_files: Sequence[Path],
    view: View,
    folder: Path,
    *,
    key: tuple[str, ...],
    mask_key: bytes | None = None,
) -> ServingCopy:
    """Build the folder that holds what `view` permits of these files, and nothing else.

    `key` is the declared key of the data, `mask_key` the node's secret for hashed columns. Of
    several builders at a time one builds and the others get its result; a damaged copy is
    replaced.

    Raises: MalformedView where the view does not fit the files; MaskKeyMissing.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_builder(folder):
        try:
            return open_serving_copy(folder)
        except DamagedServingCopy:
            pass
        aside = folder.with_name(f".{folder.name}.{token_hex(8)}")
        aside.mkdir(mode=0o700)
        try:
            _write_copy(parquet_files, view, aside, key=key, mask_key=mask_key)
            if folder.exists():
                folder.rename(aside.with_suffix(".damaged"))
            aside.rename(folder)
            _sync(folder.parent)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            shutil.rmtree(aside.with_suffix(".damaged"), ignore_errors=True)
        return open_serving_copy(folder)


def open_serving_copy(folder: Path) -> ServingCopy:
    """Read a serving copy's manifest and check its files, once per process and state of the file.

    Raises: DamagedServingCopy where it has to be built (again).
    """
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        if manifest["format_version"] != FORMAT_VERSION:
            raise DamagedServingCopy("it was built by another version")
        copy = ServingCopy(
            folder,
            tuple(Column(column["name"], column["type"]) for column in manifest["columns"]),
            manifest["rows"],
            tuple(manifest["key"]),
            manifest["view_fingerprint"],
            tuple(
                StoredFile(file["name"], file["size_bytes"], file["sha256"])
                for file in manifest["files"]
            ),
        )
        for file in copy.files:
            _check_file(folder / file.name, file)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedServingCopy(type(error).__name__) from None
    return copy


def selection(
    copy: ServingCopy,
    table: str,
    *,
    columns: Sequence[str] | None,
    filters: Sequence[Condition],
    sort: Sequence[Sort],
    limit: int | None,
    offset: int,
) -> str:
    """The statement for the same rows as a page's, of all columns or these.

    `table` goes in as it is: it is no text of a request.
    Rows that `sort` leaves level come in the order of the key, else of everything in them.

    Raises: NoSuchColumn, UnfitValue.
    """
    known = {column.name: column for column in copy.columns}
    chosen = copy.columns if columns is None else tuple(_known(known, c) for c in columns)
    order = [(_known(known, by.column), by.is_descending) for by in sort]
    ties = copy.key or tuple(known)
    order += [(known[name], False) for name in ties if order and known[name] not in dict(order)]
    where = _where(known, filters)
    tail = f" ORDER BY {', '.join(_order_by(order))}" if order else ""
    tail += f" LIMIT {limit}" if limit is not None else ""
    tail += f" OFFSET {offset}" if offset else ""
    shown = ", ".join(_quote(column.name) for column in chosen)
    return f"SELECT {shown} FROM {table}{f' WHERE {where}' if where else ''}{tail}"


class Warehouse:
    """Pages of serving copies, from one engine with a kept cursor for each thread.

    The statements are put together here from typed values; no text of a request reaches the
    engine other than as a quoted literal or a quoted identifier that the manifest also has.
    """

    def __init__(self, *, open_copies_max: int = OPEN_COPIES_MAX) -> None:
        self._engine = duckdb.connect(
            ":memory:",
            config={
                "threads": 1,
                "async_threads": 0,
                "memory_limit": f"{PAGE_MEMORY_BYTES}B",
                "python_enable_replacements": False,
                "autoload_known_extensions": False,
                "autoinstall_known_extensions": False,
            },
        )
        # GLOBAL: since DuckDB 2.0 a plain SET does not reach the cursors of other threads.
        self._engine.execute("SET GLOBAL temp_directory = ''")
        self._engine.execute("SET GLOBAL TimeZone = 'UTC'")
        # DuckDB 2.0.0 fails inside where this meets a condition on the row number.
        self._engine.execute("SET GLOBAL late_materialization_max_rows = 0")
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._attached: OrderedDict[Path, tuple[str, str]] = OrderedDict()
        self._names = count(1)
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._open_copies_max = open_copies_max

    def close(self) -> None:
        """Close the engine and all files."""
        self._engine.close()

    def page(
        self,
        copy: ServingCopy,
        *,
        columns: Sequence[str] | None = None,
        filters: Sequence[Condition] = (),
        sort: Sequence[Sort] = (),
        limit: int,
        offset: int = 0,
        after: str | None = None,
    ) -> Page:
        """Rows that meet all `filters`, in the order of `sort`, else of the declared key.

        `columns` None gives all. `after` is a page's `next_mark`; `offset` counts from there.

        Raises: PageOutOfBounds, NoSuchColumn, UnfitValue, MalformedPageMark.
        """
        if not (0 <= limit <= PAGE_ROWS_MAX and 0 <= offset < ROWS_SKIPPED_MAX):
            raise PageOutOfBounds(PAGE_ROWS_MAX)
        known = {column.name: column for column in copy.columns}
        chosen = copy.columns if columns is None else tuple(_known(known, c) for c in columns)
        where = _where(known, filters)
        order = [(_known(known, by.column), by.is_descending) for by in sort]
        conditions = [where] if where else []
        tie = [] if any(name.lower() == "rowid" for name in known) else ["rowid"]
        # A mark is the last row's values and number; or, where all rows are asked for as they
        # lie or a column has taken the number's name, just how many rows went before.
        hidden = _mark_columns(order) if tie and (order or where) else []
        if after is not None:
            last_seen = _read_mark(after, _question(copy, where, order), len(hidden[:-1]))
            if hidden:
                conditions.append(_after(order, last_seen))
            else:
                offset += last_seen.row + 1
        shown = [_as_json(column) for column in chosen]
        head = f"SELECT {', '.join(shown + hidden)}"
        if tie and not (order or where):
            # The numbers of a copy's rows have no gaps: a range of them needs no skipping.
            tail = f" WHERE rowid BETWEEN {offset} AND {offset + limit - 1}"
        else:
            tail = _tail(conditions, [*_order_by(order), *tie] if order else [], limit, offset)
        if order or (where and offset > SKIPPED_ROWS_AS_JSON_MAX):
            # Cut the rows out first: what they become as JSON is not worked out for the others.
            needed = [_quote(c.name) for c in (*chosen, *(c for c, _ in order))] + hidden[-1:]
            head += f" FROM (SELECT {', '.join(dict.fromkeys(needed))}"
            tail += ")"
        try:
            found = self._rows(copy, head, tail)
        except duckdb.ConversionException:
            self._blame(known, filters)
            raise MalformedPageMark from None
        mark: str | None = None
        if found and len(found) == limit:
            last = found[-1][len(shown) :] if hidden else (offset + limit - 1,)
            mark = _mark(_question(copy, where, order), last)
        rows: Sequence[Row] = [row[: len(shown)] for row in found] if hidden else found
        total: int | None = None if where else copy.rows
        if where and after is None and len(found) < limit and (found or offset == 0):
            total = offset + len(found)
        return Page(chosen, with_json(rows, json_columns([c.type for c in chosen])), total, mark)

    def count(self, copy: ServingCopy, filters: Sequence[Condition]) -> int:
        """Exact number of rows that meet all `filters`; kept, since a version never changes.

        Raises: NoSuchColumn, UnfitValue.
        """
        where = _where({column.name: column for column in copy.columns}, filters)
        if not where:
            return copy.rows
        asked = (copy.file(DATABASE_NAME).sha256, where)
        with self._lock:
            known = self._counts.get(asked)
        if known is not None:
            return known
        try:
            ((rows,),) = self._rows(copy, "SELECT count(*)", f" WHERE {where}")
        except duckdb.ConversionException:
            self._blame({column.name: column for column in copy.columns}, filters)
            raise
        assert isinstance(rows, int)
        with self._lock:
            self._counts[asked] = rows
            if len(self._counts) > COUNTS_KEPT_MAX:
                self._counts.popitem(last=False)
        return rows

    def select(self, read: ServingCopy | Sequence[Path], statement: str) -> list[Row]:
        """Rows of a statement of `catalog.row_search`, of a copy or of files as they lie.

        Raises: ValueUnfit, QuestionTooLarge.
        """
        with _told_apart():
            return self._run(read, statement, self._cursor()).fetchall()

    def select_count(self, read: ServingCopy | Sequence[Path], statement: str) -> int:
        """The one number that such a statement gives; that of a copy is kept, as of `count`.

        Raises: ValueUnfit, QuestionTooLarge.
        """
        named = read.file(DATABASE_NAME).sha256 if isinstance(read, ServingCopy) else None
        if named is not None:
            with self._lock:
                known = self._counts.get((named, statement))
            if known is not None:
                return known
        ((rows,),) = self.select(read, statement)
        assert isinstance(rows, int)
        if named is not None:
            with self._lock:
                self._counts[named, statement] = rows
                if len(self._counts) > COUNTS_KEPT_MAX:
                    self._counts.popitem(last=False)
        return rows

    def stream(
        self, read: ServingCopy | Sequence[Path], statement: str, *, batch_rows: int
    ) -> Iterator[Sequence[Row]]:
        """The same rows a batch at a time, all of one moment, by a cursor of their own.

        Raises: ValueUnfit, QuestionTooLarge, before the first batch.
        """
        cursor = self._engine.cursor()
        with _told_apart():
            running = self._run(read, statement, cursor)
            first = running.fetchmany(batch_rows)

        def batches() -> Iterator[Sequence[Row]]:
            try:
                rows = first
                while rows:
                    yield rows
                    rows = running.fetchmany(batch_rows)
            finally:
                cursor.close()

        return batches()

    def _run(
        self,
        read: ServingCopy | Sequence[Path],
        statement: str,
        cursor: duckdb.DuckDBPyConnection,
    ) -> duckdb.DuckDBPyConnection:
        if not isinstance(read, ServingCopy):
            paths = ", ".join(_literal(str(path)) for path in read)
            return cursor.execute(statement.replace(SOURCE, f"read_parquet([{paths}])"))
        while True:
            name = self._attach(read)
            try:
                return cursor.execute(statement.replace(SOURCE, f"{name}.{TABLE_NAME}"))
            except (duckdb.CatalogException, duckdb.BinderException):
                with self._lock:
                    kept = self._attached.get(read.folder)
                if kept is not None and kept[1] == name:
                    raise

    def _rows(self, copy: ServingCopy, head: str, tail: str) -> list[Row]:
        """Run a statement whose FROM, between head and tail, is the copy's table.

        Another thread may push the copy out of the bounded set of open ones between the look-up
        and the run; it is then opened again.
        """
        while True:
            name = self._attach(copy)
            try:
                cursor = self._cursor()
                cursor.execute(f"{head} FROM {name}.{TABLE_NAME}{tail}")
                return cursor.fetchall()
            except (duckdb.CatalogException, duckdb.BinderException):
                with self._lock:
                    kept = self._attached.get(copy.folder)
                if kept is not None and kept[1] == name:
                    raise

    def _blame(self, known: dict[str, Column], filters: Sequence[Condition]) -> None:
        """Find the condition whose value the engine could not convert.

        Raises: UnfitValue.
        """
        for condition in filters:
            _refuse_unfit(self._cursor(), known[condition.column], condition)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        try:
            kept: duckdb.DuckDBPyConnection = self._thread.cursor
        except AttributeError:
            kept = self._thread.cursor = self._engine.cursor()
        return kept

    def _attach(self, copy: ServingCopy) -> str:
        """Name under which the engine holds the copy; the least recently used one makes room."""
        digest = copy.file(DATABASE_NAME).sha256
        with self._lock:
            kept = self._attached.get(copy.folder)
            if kept is not None and kept[0] == digest:
                self._attached.move_to_end(copy.folder)
                return kept[1]
            cursor = self._cursor()
            if kept is not None:
                cursor.execute(f"DETACH {self._attached.pop(copy.folder)[1]}")
            while len(self._attached) >= self._open_copies_max:
                cursor.execute(f"DETACH {self._attached.popitem(last=False)[1][1]}")
            name = f"copy_{next(self._names)}"
            path = _literal(str(copy.path(DATABASE_NAME)))
            for attempt in range(_ATTACH_TRIES):
                try:
                    cursor.execute(f"ATTACH {path} AS {name} (READ_ONLY)")
                    break
                except duckdb.BinderException:
                    # A statement that still runs holds the copy of the same path open.
                    if attempt == _ATTACH_TRIES - 1:
                        raise
                    time.sleep(_ATTACH_WAIT_S)
                except duckdb.IOException:
                    raise DamagedServingCopy("it cannot be opened") from None
            self._attached[copy.folder] = (digest, name)
            return name


@contextmanager
def _told_apart() -> Iterator[None]:
    """What the engine cannot do with a question, as a refusal of it."""
    try:
        yield
    except (
        duckdb.ConversionException,
        duckdb.BinderException,
        duckdb.InvalidInputException,
        duckdb.OutOfRangeException,
    ) as error:
        raise ValueUnfit("", "", str(error).partition("\n")[0][:200]) from None
    except duckdb.OutOfMemoryException:
        raise QuestionTooLarge from None


def _write_copy(
    parquet_files: Sequence[Path],
    view: View,
    aside: Path,
    *,
    key: tuple[str, ...],
    mask_key: bytes | None,
) -> None:
    """Write the three files and the manifest into the folder `aside`, synced."""
    engine = duckdb.connect(
        str(aside / DATABASE_NAME),
        config={
            "memory_limit": f"{BUILD_MEMORY_BYTES}B",
            "temp_directory": str(aside / "spill"),
            "python_enable_replacements": False,
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "enable_external_file_cache": False,
        },
    )
    try:
        engine.execute("SET TimeZone = 'UTC'")
        paths = ", ".join(_literal(str(path)) for path in parquet_files)
        source = f"read_parquet([{paths}])"
        described = engine.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        types = {name: Column(name, type_name) for name, type_name, *_ in described}
        visible = view.visible(tuple(types))
        sorted_by = tuple(c for c in key if c in visible and c not in view.masks)
        shown = [_masked(types[name], view.masks.get(name), mask_key) for name in visible]
        where = _where(types, view.rows)
        # Where the key is not let out whole, the order of the stored rows could tell it: then
        # the rows are ordered by everything that is let out.
        order = sorted_by if sorted_by == key else [*sorted_by, *visible]
        statement = (
            f"CREATE TABLE {TABLE_NAME} AS SELECT * FROM (SELECT {', '.join(shown)}"
            f" FROM (SELECT * FROM {source}{f' WHERE {where}' if where else ''}))"
            + (f" ORDER BY {', '.join(_quote(name) for name in order)}" if order else "")
        )
        try:
            engine.execute(statement)
        except duckdb.ConversionException:
            for condition in view.rows:
                _refuse_unfit(engine, types[condition.column], condition)
            raise
        columns = [
            Column(name, type_name)
            for name, type_name, *_ in engine.execute(f"DESCRIBE {TABLE_NAME}").fetchall()
        ]
        ((rows,),) = engine.execute(f"SELECT count(*) FROM {TABLE_NAME}").fetchall()
        engine.execute(
            f"COPY {TABLE_NAME} TO {_literal(str(aside / CSV_NAME))} (FORMAT csv, HEADER true)"
        )
        _write_parquet(engine, columns, aside / PARQUET_NAME)
        engine.execute("CHECKPOINT")
    finally:
        engine.close()
    shutil.rmtree(aside / "spill", ignore_errors=True)
    manifest = {
        "format_version": FORMAT_VERSION,
        "columns": [{"name": column.name, "type": column.type} for column in columns],
        "rows": rows,
        "key": list(sorted_by),
        "view_fingerprint": view.fingerprint(),
        "files": [_stored(aside / name) for name in (DATABASE_NAME, CSV_NAME, PARQUET_NAME)],
    }
    (aside / MANIFEST_NAME).write_text(json.dumps(manifest, ensure_ascii=False, indent=1))
    _sync(aside / MANIFEST_NAME)
    _sync(aside)


def _write_parquet(
    engine: duckdb.DuckDBPyConnection, columns: Sequence[Column], path: Path
) -> None:
    shown = ", ".join(
        f"CAST({_quote(column.name)} AS VARCHAR) AS {_quote(column.name)}"
        if column.type == "INTERVAL"
        else _quote(column.name)
        for column in columns
    )
    batches = engine.sql(f"SELECT {shown} FROM {TABLE_NAME}").to_arrow_reader(
        _PARQUET_ROWS_PER_BATCH
    )
    with pyarrow.parquet.ParquetWriter(
        path, batches.schema, compression="zstd", write_page_checksum=True
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)


@lru_cache(PROJECTIONS_KEPT_MAX)
def _as_json(column: Column) -> str:
    return json_expression(_quote(column.name), column.type)


def _masked(column: Column, mask: Mask | None, mask_key: bytes | None) -> str:
    """SQL for a permitted column as it may be seen."""
    name = _quote(column.name)
    if mask is None:
        return name
    text = f"CAST({name} AS VARCHAR)"
    match mask.kind:
        case MaskKind.DROP:
            raise AssertionError("a dropped column is not visible")
        case MaskKind.PARTIAL:
            hidden = f"length({text}) - {mask.keep_first + mask.keep_last}"
            return (
                f"CASE WHEN {hidden} > 0 THEN left({text}, {mask.keep_first})"
                f" || repeat('*', {hidden}) || right({text}, {mask.keep_last})"
                f" ELSE repeat('*', length({text})) END AS {name}"
            )
        case MaskKind.HASH:
            if not mask_key:
                raise MaskKeyMissing(column.name)
            inner, outer = _hmac_pads(mask_key)
            digest = f"unhex(sha256(unhex('{inner}') || encode({text})))"
            return f"sha256(unhex('{outer}') || {digest}) AS {name}"


def _hmac_pads(key: bytes) -> tuple[str, str]:
    """The two padded keys of HMAC-SHA256, in hexadecimal. Source: RFC 2104 s. 2."""
    if len(key) > _HMAC_BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    padded = key.ljust(_HMAC_BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in padded).hex(), bytes(b ^ 0x5C for b in padded).hex()


def _where(known: dict[str, Column], conditions: Sequence[Condition]) -> str:
    """SQL for all of the conditions; empty where there are none."""
    return " AND ".join(
        _condition(_known(known, condition.column), condition) for condition in conditions
    )


def _condition(column: Column, condition: Condition) -> str:
    name, text = _quote(column.name), f"CAST({_quote(column.name)} AS VARCHAR)"
    compared = text if is_nested(column.type) else name
    value = condition.value
    match condition.operator:
        case Operator.IS_EMPTY:
            return f"{name} IS NULL"
        case Operator.IS_NOT_EMPTY:
            return f"{name} IS NOT NULL"
        case Operator.ONE_OF:
            assert isinstance(value, tuple)
            return f"{compared} IN ({', '.join(_value(column, item) for item in value)})"
        case Operator.STARTS_WITH | Operator.CONTAINS:
            assert value is not None
            assert not isinstance(value, tuple)
            return f"{condition.operator.value}({text}, {_literal(str(value))})"
        case (
            Operator.EQUAL
            | Operator.NOT_EQUAL
            | Operator.LESS
            | Operator.AT_MOST
            | Operator.GREATER
            | Operator.AT_LEAST
        ):
            assert value is not None
            assert not isinstance(value, tuple)
            return f"{compared} {condition.operator.value} {_value(column, value)}"


def _value(column: Column, value: Scalar) -> str:
    """A literal of the column's type, so that the engine compares without converting the column.

    Raises: UnfitValue.
    """
    unfit = UnfitValue(column.name, column.type, str(value))
    if column.type == "VARCHAR" or is_nested(column.type):
        return _literal(_plain_text(value))
    if column.type == "BOOLEAN":
        text = _plain_text(value).lower()
        if text not in ("true", "false"):
            raise unfit
        return text
    if column.type in _WHOLE_NUMBERS or column.type.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        return _number(column, value, unfit)
    # The engine converts the rest (dates, times, UUIDs) once, not for each row.
    return f"CAST({_literal(_plain_text(value))} AS {column.type})"


def _refuse_unfit(engine: duckdb.DuckDBPyConnection, column: Column, condition: Condition) -> None:
    """Try the values of a condition one by one, apart from any data.

    Raises: UnfitValue.
    """
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    for value in values:
        if value is not None:
            try:
                engine.execute(f"SELECT {_value(column, value)}").fetchall()
            except duckdb.ConversionException:
                raise UnfitValue(column.name, column.type, str(value)) from None


def _number(column: Column, value: Scalar, unfit: UnfitValue) -> str:
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("nan")
    except InvalidOperation:
        raise unfit from None
    if not number.is_finite() or abs(number.adjusted()) > 400 or len(number.as_tuple().digits) > 38:
        raise unfit
    if column.type in ("DOUBLE", "FLOAT"):
        return f"CAST('{number}' AS {column.type})"
    if number == number.to_integral_value() and number.adjusted() < 38:
        return str(int(number))
    if number.adjusted() > 30 or number.adjusted() < -30:
        return f"CAST('{number}' AS DOUBLE)"
    return f"{number:f}"


def _question(copy: ServingCopy, where: str, order: Sequence[tuple[Column, bool]]) -> str:
    """What a mark belongs to: the copy, the conditions and the order."""
    asked = [copy.file(DATABASE_NAME).sha256, where, [(c.name, down) for c, down in order]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


def _mark_columns(order: Sequence[tuple[Column, bool]]) -> list[str]:
    return [*(f"CAST({_quote(column.name)} AS VARCHAR)" for column, _ in order), "rowid"]


def _mark(question: str, last: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps([question, *last]).encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class _LastSeen:
    """The row at which a page ended: the values it is ordered by, as text, and its number."""

    values: tuple[str | None, ...]
    row: int


def _read_mark(mark: str, question: str, values_count: int) -> _LastSeen:
    """Read a mark that comes back from outside.

    Raises: MalformedPageMark.
    """
    try:
        stored = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        marked, *values, row = stored
    except (binascii.Error, ValueError, TypeError):
        raise MalformedPageMark from None
    if marked != question or len(values) != values_count or type(row) is not int:
        raise MalformedPageMark
    if not 0 <= row < ROWS_SKIPPED_MAX:
        raise MalformedPageMark
    if not all(value is None or (isinstance(value, str) and "\0" not in value) for value in values):
        raise MalformedPageMark
    return _LastSeen(tuple(values), row)


def _after(order: Sequence[tuple[Column, bool]], last_seen: _LastSeen) -> str:
    """SQL for the rows that come after the last seen one."""
    beyond = f"rowid > {last_seen.row}"
    for (column, is_descending), value in reversed(list(zip(order, last_seen.values, strict=True))):
        name = _quote(column.name)
        if value is None:
            beyond = f"({name} IS NULL AND {beyond})"
            continue
        literal = f"CAST({_literal(value)} AS {column.type})"
        sign = "<" if is_descending else ">"
        beyond = f"({name} {sign} {literal} OR {name} IS NULL OR ({name} = {literal} AND {beyond}))"
    return beyond


def _tail(conditions: Sequence[str], order: Sequence[str], limit: int, offset: int) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    by = f" ORDER BY {', '.join(order)}" if order else ""
    return f"{where}{by} LIMIT {limit} OFFSET {offset}"


def _order_by(order: Sequence[tuple[Column, bool]]) -> list[str]:
    return [f"{_quote(c.name)} {'DESC' if down else 'ASC'} NULLS LAST" for c, down in order]


def _known(known: dict[str, Column], name: str) -> Column:
    column = known.get(name)
    if column is None:
        raise NoSuchColumn(name)
    return column


def _plain_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def _only_builder(folder: Path) -> Iterator[None]:
    """Hold the lock of this folder's builders; the system lets go of it if the process dies."""
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


_CHECKED_MAX = 100_000
_checked: dict[Path, tuple[int, int, int, str]] = {}


def _check_file(path: Path, file: StoredFile) -> None:
    """Compare a file's digest with the manifest, unless this process did so and it is unchanged.

    Raises: DamagedServingCopy.
    """
    state = path.stat()
    seen = (state.st_ino, state.st_mtime_ns, state.st_size, file.sha256)
    if _checked.get(path) == seen:
        return
    if state.st_size != file.size_bytes or _sha256(path) != file.sha256:
        raise DamagedServingCopy(f"{file.name} has changed")
    if len(_checked) >= _CHECKED_MAX:
        _checked.clear()
    _checked[path] = seen


def _stored(path: Path) -> dict[str, str | int]:
    _sync(path)
    return {"name": path.name, "size_bytes": path.stat().st_size, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
