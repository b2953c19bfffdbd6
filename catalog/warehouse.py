# ruff: noqa: S608  Statements are put together from typed values and quoted names only; see
# `catalog.row_sql`. Nothing else can name a column or hold a constant in them.
"""Pages read from serving copies, by one engine with a kept cursor for each thread."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path

import duckdb
import pyarrow

from catalog.errors import (
    DamagedServingCopy,
    MalformedPageMark,
    PageOutOfBounds,
)
from catalog.json_rows import (
    Row,
    array_of_arrays,
    array_of_objects,
    json_columns,
    json_expression,
    with_json,
)
from catalog.page_mark import (
    ROWS_SKIPPED_MAX,
    after_sql,
    mark_columns,
    mark_question,
    page_mark,
    read_mark,
)
from catalog.row_search.errors import QuestionTooLarge, ValueUnfit
from catalog.row_search.statement import SOURCE
from catalog.row_sql import conditions_sql, known_column, literal, quoted, refuse_unfit
from catalog.serving_copy import DATABASE_NAME, TABLE_NAME, Column, ServingCopy
from catalog.view import Condition

PAGE_ROWS_MAX = 32_000
PAGE_MEMORY_BYTES = 512 << 20
OPEN_COPIES_MAX = 64
COUNTS_KEPT_MAX = 4_096
SKIPPED_ROWS_AS_JSON_MAX = 1_000
PROJECTIONS_KEPT_MAX = 20_000
ARROW_BATCH_ROWS = 20_480
_ATTACH_WAIT_S, _ATTACH_TRIES = 0.01, 200


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
    chosen = copy.columns if columns is None else tuple(known_column(known, c) for c in columns)
    order = [(known_column(known, by.column), by.is_descending) for by in sort]
    ties = copy.key or tuple(known)
    order += [(known[name], False) for name in ties if order and known[name] not in dict(order)]
    where = conditions_sql(known, filters)
    tail = f" ORDER BY {', '.join(_order_by(order))}" if order else ""
    tail += f" LIMIT {limit}" if limit is not None else ""
    tail += f" OFFSET {offset}" if offset else ""
    shown = ", ".join(quoted(column.name) for column in chosen)
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

        Raises: PageOutOfBounds, NoSuchColumn, UnfitValue, MalformedPageMark, QuestionTooLarge.
        """
        if not (0 <= limit <= PAGE_ROWS_MAX and 0 <= offset < ROWS_SKIPPED_MAX):
            raise PageOutOfBounds(PAGE_ROWS_MAX)
        known = {column.name: column for column in copy.columns}
        chosen = copy.columns if columns is None else tuple(known_column(known, c) for c in columns)
        where = conditions_sql(known, filters)
        order = [(known_column(known, by.column), by.is_descending) for by in sort]
        conditions = [where] if where else []
        tie = [] if any(name.lower() == "rowid" for name in known) else ["rowid"]
        # A mark is the last row's values and number; or, where all rows are asked for as they
        # lie or a column has taken the number's name, just how many rows went before.
        hidden = mark_columns(order) if tie and (order or where) else []
        if after is not None:
            last_seen = read_mark(after, mark_question(copy, where, order), len(hidden[:-1]))
            if hidden:
                conditions.append(after_sql(order, last_seen))
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
            needed = [quoted(c.name) for c in (*chosen, *(c for c, _ in order))] + hidden[-1:]
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
            mark = page_mark(mark_question(copy, where, order), last)
        rows: Sequence[Row] = [row[: len(shown)] for row in found] if hidden else found
        total: int | None = None if where else copy.rows
        if where and after is None and len(found) < limit and (found or offset == 0):
            total = offset + len(found)
        return Page(chosen, with_json(rows, json_columns([c.type for c in chosen])), total, mark)

    def count(self, copy: ServingCopy, filters: Sequence[Condition]) -> int:
        """Exact number of rows that meet all `filters`; kept, since a version never changes.

        Raises: NoSuchColumn, UnfitValue.
        """
        where = conditions_sql({column.name: column for column in copy.columns}, filters)
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

    def arrow(self, copy: ServingCopy, head: str, tail: str = "") -> pyarrow.RecordBatchReader:
        """A statement about a copy in batches, by a cursor of its own, in the order of its rows.

        Raises: QuestionTooLarge.
        """
        cursor, name = self._engine.cursor(), self._attach(copy)
        statement = f"{head} FROM {name}.{TABLE_NAME}{tail}"
        with _told_apart():
            return cursor.sql(statement).to_arrow_reader(ARROW_BATCH_ROWS)

    def _run(
        self,
        read: ServingCopy | Sequence[Path],
        statement: str,
        cursor: duckdb.DuckDBPyConnection,
    ) -> duckdb.DuckDBPyConnection:
        if not isinstance(read, ServingCopy):
            paths = ", ".join(literal(str(path)) for path in read)
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

        Raises: QuestionTooLarge.
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
            except duckdb.OutOfMemoryException:
                raise QuestionTooLarge from None

    def _blame(self, known: dict[str, Column], filters: Sequence[Condition]) -> None:
        """Find the condition whose value the engine could not convert.

        Raises: UnfitValue.
        """
        for condition in filters:
            refuse_unfit(self._cursor(), known[condition.column], condition)

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
            path = literal(str(copy.path(DATABASE_NAME)))
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


@lru_cache(PROJECTIONS_KEPT_MAX)
def _as_json(column: Column) -> str:
    return json_expression(quoted(column.name), column.type)


def _tail(conditions: Sequence[str], order: Sequence[str], limit: int, offset: int) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    by = f" ORDER BY {', '.join(order)}" if order else ""
    return f"{where}{by} LIMIT {limit} OFFSET {offset}"


def _order_by(order: Sequence[tuple[Column, bool]]) -> list[str]:
    return [f"{quoted(c.name)} {'DESC' if down else 'ASC'} NULLS LAST" for c, down in order]
