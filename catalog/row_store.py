"""The rows of a serving copy written out once as JSON, so that a page is a slice of a file.

Beside the copy's own files: all rows as JSON objects in the order of the copy, with a comma after
each; where each begins; and, where the copy is sorted by a text or a whole number, each value of
that column with its first row. All of it is mapped, not read. A page by offset or by the key's
first column then costs some microseconds, whatever the size of the copy. It is several times as
large as the copy, so it is made when pages of the copy are asked for again and again; it goes with
the copy, and can be thrown away at any time. Every other question goes to the engine.

pyarrow is imported here because its text columns are these bytes already: no row passes Python.

Source: performance notes, near the physical limit: a row store.
"""

from __future__ import annotations

import contextlib
import json
import logging
import mmap
import os
import threading
from bisect import bisect_left
from collections import Counter, OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

import pyarrow
import pyarrow.compute
import pyarrow.ipc

from catalog.build_copy import only_builder
from catalog.errors import DamagedServingCopy
from catalog.json_rows import columns_json, is_nested, json_text_expression
from catalog.page_mark import mark_question, page_mark, read_mark
from catalog.row_search.errors import QuestionTooLarge
from catalog.row_sql import WHOLE_NUMBERS, conditions_sql, literal, quoted
from catalog.serving_copy import (
    DATABASE_NAME,
    ServingCopy,
    StoredFile,
    check_file,
    stored_file,
    sync,
)
from catalog.view import Condition, Operator
from catalog.warehouse import Warehouse

FORMAT_VERSION: Final = 1
ROWS_MAX: Final = 50_000_000
ROWS_PER_PIECE: Final = 122_880
DATABASE_BYTES_MAX: Final = 1 << 30
"""Of a copy whose rows are written out; they come to some six times that."""
ASKED_BEFORE_BUILDING: Final = 32
STORES_OPEN_MAX: Final = 256
BUILDER_NICENESS: Final = 10
ROWS_NAME, STARTS_NAME, KEYS_NAME = "rows.json", "rows.starts", "rows.keys"
MANIFEST_NAME = "rows.manifest.json"
KEY_TYPES: Final = WHOLE_NUMBERS - {"HUGEINT", "UHUGEINT"} | {"VARCHAR"}
_START_BYTES: Final = 8

log = logging.getLogger("weir.row_store")


@dataclass(frozen=True, slots=True)
class StoredRows:
    """Some rows of a copy, as JSON objects with commas between them."""

    objects: bytes
    row_count: int
    total: int
    """Rows that match."""
    next_mark: str | None
    """`after` of the next page; None where this is the last one."""


class RowStore:
    """The rows of one copy, mapped."""

    def __init__(self, copy: ServingCopy) -> None:
        """Open and check the files beside the copy.

        Raises: DamagedServingCopy where they are not there or not what they should be.
        """
        self._copy = copy
        try:
            manifest = json.loads((copy.folder / MANIFEST_NAME).read_bytes())
            if manifest["format_version"] != FORMAT_VERSION:
                raise DamagedServingCopy("it was built by another version")
            if manifest["of"] != copy.file(DATABASE_NAME).sha256:
                raise DamagedServingCopy("it belongs to another copy")
            for file in manifest["files"]:
                stored = StoredFile(file["name"], file["size_bytes"], file["sha256"])
                check_file(copy.folder / stored.name, stored)
            self._rows = _mapped(copy.folder / ROWS_NAME)
            self._starts = _mapped(copy.folder / STARTS_NAME).cast("q")
            self._keyed: int = manifest["keyed_rows"]
            self._keys = _read_keys(copy.folder) if manifest["has_keys"] else None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedServingCopy(type(error).__name__) from None
        self.columns_json = columns_json(copy.columns)

    def page(
        self, filters: tuple[Condition, ...], *, limit: int, offset: int, after: str | None
    ) -> StoredRows | None:
        """The rows that `Warehouse.page` gives for this; None where only the engine can tell.

        Raises: UnfitValue, MalformedPageMark.
        """
        first, end = 0, self._copy.rows
        where = ""
        if filters:
            found = self._range(filters)
            if found is None:
                return None
            first, end = found
            known = {column.name: column for column in self._copy.columns}
            where = conditions_sql(known, filters)
        total = end - first
        question = mark_question(self._copy, where, [])
        if after is not None:
            first = max(first, read_mark(after, question, 0).row + 1)
        start = min(first + offset, end)
        stop = min(start + limit, end)
        mark = page_mark(question, (stop - 1,)) if stop - start == limit and limit else None
        return StoredRows(self._slice(start, stop), stop - start, total, mark)

    def _range(self, filters: tuple[Condition, ...]) -> tuple[int, int] | None:
        """First row and end of the rows with one value of the key; None where it is not that."""
        if len(filters) != 1 or self._keys is None:
            return None
        (condition,) = filters
        if condition.column != self._copy.key[0] or condition.operator is not Operator.EQUAL:
            return None
        return self._keys.rows_of(condition.value, end=self._keyed)

    def _slice(self, start: int, stop: int) -> bytes:
        if start >= stop:
            return b""
        # Without the comma after the last one.
        return bytes(self._rows[self._starts[start] : self._starts[stop] - 1])


class RowStores:
    """The stores of one process: opened when they are there, built when they would pay."""

    def __init__(self, warehouse: Warehouse, *, asked_before: int = ASKED_BEFORE_BUILDING) -> None:
        self._warehouse = warehouse
        self._asked_before = asked_before
        self._lock = threading.Lock()
        self._open: OrderedDict[str, RowStore | None] = OrderedDict()
        self._asked: Counter[str] = Counter()
        # One at a time, and behind everybody who waits for an answer.
        self._builder = ThreadPoolExecutor(1, "weir-row-store", initializer=_give_way)

    def close(self) -> None:
        """End, without what was still to be built."""
        self._builder.shutdown(wait=True, cancel_futures=True)

    def finish(self) -> None:
        """Wait until all that was begun is built."""
        self._builder.submit(lambda: None).result()

    def of(self, copy: ServingCopy) -> RowStore | None:
        """The store of a copy, if it is open already; takes no waiting.

        Whoever asks is counted, and what is asked for often is opened, or built, in the background.
        """
        name = copy.file(DATABASE_NAME).sha256
        store = self._open.get(name)
        if store is not None or name in self._open:
            return store
        with self._lock:
            self._asked[name] += 1
            if self._asked[name] != self._asked_before:
                return None
        with contextlib.suppress(RuntimeError):  # it is being closed
            self._builder.submit(self._make, name, copy)
        return None

    def _make(self, name: str, copy: ServingCopy) -> None:
        store: RowStore | None = None
        try:
            store = open_or_build(self._warehouse, copy)
        except (OSError, DamagedServingCopy, QuestionTooLarge, pyarrow.ArrowException):
            log.warning("the rows of a copy could not be written out", exc_info=True)
        with self._lock:
            del self._asked[name]
            self._open[name] = store
            while len(self._open) > STORES_OPEN_MAX:
                self._open.popitem(last=False)


def open_or_build(warehouse: Warehouse, copy: ServingCopy) -> RowStore | None:
    """The store of a copy, written where it is not there; None where it would not be right or
    not pay.

    Raises: DamagedServingCopy.
    """
    if not _is_fit(copy):
        return None
    with only_builder(copy.folder / MANIFEST_NAME):
        with contextlib.suppress(DamagedServingCopy):
            return RowStore(copy)
        _build(warehouse, copy)
    return RowStore(copy)


def _is_fit(copy: ServingCopy) -> bool:
    return (
        0 < copy.rows <= ROWS_MAX
        and copy.file(DATABASE_NAME).size_bytes <= DATABASE_BYTES_MAX
        # The engine's own JSON is only right for plain values; `rowid` must be the row's number.
        and not any(is_nested(column.type) for column in copy.columns)
        and not any(column.name.lower() == "rowid" for column in copy.columns)
    )


def _build(warehouse: Warehouse, copy: ServingCopy) -> None:
    """Write the files aside and name them, the manifest last."""
    folder, aside = copy.folder, f".{token_hex(8)}"
    names = (ROWS_NAME, STARTS_NAME, KEYS_NAME)
    try:
        _write_rows(
            warehouse, copy, folder / f"{aside}.{ROWS_NAME}", folder / f"{aside}.{STARTS_NAME}"
        )
        keyed = _write_keys(warehouse, copy, folder / f"{aside}.{KEYS_NAME}")
        files = []
        for name in names:
            written = folder / f"{aside}.{name}"
            files.append({**stored_file(written), "name": name})
            written.rename(folder / name)
        manifest = {
            "format_version": FORMAT_VERSION,
            "of": copy.file(DATABASE_NAME).sha256,
            "has_keys": keyed is not None,
            "keyed_rows": keyed or 0,
            "files": files,
        }
        told = folder / f"{aside}.{MANIFEST_NAME}"
        told.write_text(json.dumps(manifest))
        sync(told)
        told.rename(folder / MANIFEST_NAME)
        sync(folder)
    finally:
        for left in folder.glob(f"{aside}.*"):
            left.unlink(missing_ok=True)


def _write_rows(warehouse: Warehouse, copy: ServingCopy, rows: Path, starts: Path) -> None:
    pairs = ", ".join(
        f"{literal(column.name)}, {json_text_expression(quoted(column.name), column.type)}"
        for column in copy.columns
    )
    head = f"SELECT CAST(json_object({pairs}) AS VARCHAR) || ',' AS row"
    begun, count = 0, 0
    with rows.open("wb") as row_file, starts.open("wb") as start_file:
        for batch in _in_pieces(warehouse, copy, head):
            texts = batch.column(0).cast(pyarrow.large_string())
            _, offsets_buffer, data = texts.buffers()
            offsets = memoryview(offsets_buffer).cast("q")[
                texts.offset : texts.offset + len(texts) + 1
            ]
            shift = begun - offsets[0]
            moved = pyarrow.compute.add(
                pyarrow.Array.from_buffers(
                    pyarrow.int64(),
                    len(texts) + 1,
                    [None, offsets_buffer],
                    offset=texts.offset,
                ),
                shift,
            )
            # The end of the last row is the start of the next batch's first.
            written = memoryview(moved.buffers()[1])[: len(texts) * _START_BYTES]
            start_file.write(written)
            row_file.write(memoryview(data)[offsets[0] : offsets[-1]])
            begun, count = shift + offsets[-1], count + len(texts)
        start_file.write(begun.to_bytes(_START_BYTES, "little", signed=True))
    if count != copy.rows:
        raise DamagedServingCopy(f"{count} rows were written of {copy.rows}")


def _in_pieces(warehouse: Warehouse, copy: ServingCopy, head: str) -> Iterator[pyarrow.RecordBatch]:
    """All rows in their order, so many at a time that putting them in order takes little memory."""
    for first in range(0, copy.rows, ROWS_PER_PIECE):
        last = first + ROWS_PER_PIECE - 1
        tail = f" WHERE rowid BETWEEN {first} AND {last} ORDER BY rowid"
        with warehouse.arrow(copy, head, tail) as batches:
            yield from batches


def _write_keys(warehouse: Warehouse, copy: ServingCopy, path: Path) -> int | None:
    """Write each value of the key's first column with its first row; how many rows have one.

    None where the copy has no such key, or its rows do not lie by it.
    """
    key = next((one for one in copy.columns if copy.key and one.name == copy.key[0]), None)
    if key is None or not (
        key.type == "VARCHAR" or key.type in WHOLE_NUMBERS - {"HUGEINT", "UHUGEINT"}
    ):
        path.write_bytes(b"")
        return None
    name = quoted(key.name)
    found = warehouse.arrow(
        copy,
        f"SELECT {name} AS key, min(rowid) AS first, max(rowid) + 1 AS past, count(*) AS rows",
        f" WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY first",
    ).read_all()
    end = 0
    for first, past, rows in zip(
        *(found.column(name).to_pylist() for name in ("first", "past", "rows")), strict=True
    ):
        if first != end or past - first != rows:
            path.write_bytes(b"")
            return None
        end = past
    keys = found.select(["key", "first"]).combine_chunks()
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_file(file, keys.schema) as writer:
        writer.write_table(keys)
    return end


def _read_keys(folder: Path) -> _Keys | None:
    table = pyarrow.ipc.open_file(pyarrow.memory_map(str(folder / KEYS_NAME))).read_all()
    if table.num_rows == 0:
        return None
    return _Keys(table.column("key").combine_chunks(), table.column("first").combine_chunks())


class _Keys:
    """The values of the key's first column in order, each with its first row."""

    def __init__(self, values: pyarrow.Array, firsts: pyarrow.Array) -> None:
        self._values, self._firsts = values, firsts
        self._type: type = str if pyarrow.types.is_string(values.type) else int

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, place: int) -> str | int:
        value: str | int = self._values[place].as_py()
        return value

    def rows_of(self, wanted: object, *, end: int) -> tuple[int, int] | None:
        """First row and end of the rows with that value; None where it is of another type."""
        if type(wanted) is not self._type:
            return None
        place = bisect_left(self, wanted)  # type: ignore[call-overload]  # one type
        if place == len(self) or self[place] != wanted:
            return 0, 0
        first = self._firsts[place].as_py()
        return first, self._firsts[place + 1].as_py() if place + 1 < len(self) else end


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ))


def _give_way() -> None:
    """Linux gives each thread a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BUILDER_NICENESS)
