"""Files that already are tables with types: Parquet and Arrow.

Types stay what they are as far as a version knows them; what it does not know becomes text, lists
and records as JSON. Nothing is rounded: times finer than a microsecond become text.

Source: Apache Parquet format 2.11; Arrow columnar format 1.5.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute
import pyarrow.ipc
import pyarrow.parquet

from catalog.errors import TooManyColumns
from catalog.file_errors import ColumnarUnreadable
from catalog.files.names import unique_names
from catalog.version import Column, ColumnType
from catalog.view import COLUMNS_MAX

DECODED_BYTES_MAX: Final = 40 << 30
ROWS_PER_BATCH: Final = 65_536
DECIMAL_DIGITS_MAX: Final = 38


class ColumnarTable:
    """A Parquet or Arrow file: its columns as a version has them, and its rows in batches.

    Raises: ColumnarUnreadable, TooManyColumns.
    """

    def __init__(self, source: Path) -> None:
        self._source = source
        try:
            schema = self._open()
        except (pa.ArrowException, OSError, ValueError):
            raise ColumnarUnreadable from None
        if len(schema) > COLUMNS_MAX:
            raise TooManyColumns(len(schema), COLUMNS_MAX)
        self.names, self.renamed = unique_names(schema.names)
        self.columns = tuple(
            _column(name, field.type) for name, field in zip(self.names, schema, strict=True)
        )

    def _open(self) -> pa.Schema:
        with self._source.open("rb") as file:
            head = file.read(6)
        self._is_parquet = head.startswith(b"PAR1")
        self._is_stream = not self._is_parquet and not head.startswith(b"ARROW1")
        if self._is_parquet:
            footer = pyarrow.parquet.read_metadata(self._source)
            decoded = sum(
                footer.row_group(index).total_byte_size for index in range(footer.num_row_groups)
            )
            if decoded > DECODED_BYTES_MAX:
                raise ColumnarUnreadable
            self.row_count: int | None = footer.num_rows
            return footer.schema.to_arrow_schema()
        self.row_count = None
        with pa.memory_map(str(self._source)) as mapped:
            opened = pa.ipc.open_stream if self._is_stream else pa.ipc.open_file
            return opened(mapped).schema

    @property
    def schema(self) -> pa.Schema:
        """The Arrow types of the columns as they are written."""
        return pa.schema([(column.name, _type_of(column)) for column in self.columns])

    def batches(self, tell: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
        """The rows in their order, with the types of `schema`; `tell` hears the thousandths done.

        Raises: ColumnarUnreadable.
        """
        schema, rows = self.schema, 0
        try:
            for batch in self._raw():
                rows += batch.num_rows
                if self.row_count:
                    tell(1000 * rows // self.row_count)
                batch.validate(full=True)
                arrays = [
                    _cast(array, column)
                    for array, column in zip(batch.columns, self.columns, strict=True)
                ]
                yield pa.record_batch(arrays, schema=schema)
        except (pa.ArrowException, OSError, ValueError):
            raise ColumnarUnreadable from None

    def _raw(self) -> Iterator[pa.RecordBatch]:
        if self._is_parquet:
            with pyarrow.parquet.ParquetFile(
                self._source, page_checksum_verification=True
            ) as parquet:
                yield from parquet.iter_batches(ROWS_PER_BATCH, use_threads=False)
            return
        with pa.memory_map(str(self._source)) as mapped:
            if self._is_stream:
                yield from pa.ipc.open_stream(mapped)
                return
            file = pa.ipc.open_file(mapped)
            for index in range(file.num_record_batches):
                yield file.get_batch(index)


def _column(name: str, kind: pa.DataType) -> Column:
    if pa.types.is_dictionary(kind):
        return _column(name, kind.value_type)
    if pa.types.is_boolean(kind):
        return Column(name, ColumnType.BOOLEAN)
    if pa.types.is_integer(kind):
        if kind == pa.uint64():
            return Column(name, ColumnType.DECIMAL, 20, 0)
        return Column(name, ColumnType.INTEGER)
    if pa.types.is_floating(kind):
        return Column(name, ColumnType.DOUBLE)
    if pa.types.is_decimal(kind) and kind.precision <= DECIMAL_DIGITS_MAX and kind.scale >= 0:
        return Column(name, ColumnType.DECIMAL, kind.precision, kind.scale)
    if pa.types.is_date(kind):
        return Column(name, ColumnType.DATE)
    if pa.types.is_timestamp(kind) and kind.unit != "ns":
        return Column(name, ColumnType.INSTANT if kind.tz else ColumnType.TIMESTAMP)
    return Column(name, ColumnType.TEXT)


def _type_of(column: Column) -> pa.DataType:
    match column.type:
        case ColumnType.BOOLEAN:
            return pa.bool_()
        case ColumnType.INTEGER:
            return pa.int64()
        case ColumnType.DOUBLE:
            return pa.float64()
        case ColumnType.DECIMAL:
            return pa.decimal128(column.precision, column.scale)
        case ColumnType.DATE:
            return pa.date32()
        case ColumnType.TIMESTAMP:
            return pa.timestamp("us")
        case ColumnType.INSTANT:
            return pa.timestamp("us", "UTC")
        case ColumnType.TEXT:
            return pa.string()


def _cast(array: pa.Array, column: Column) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    target = _type_of(column)
    if column.type is not ColumnType.TEXT or pa.types.is_string(array.type):
        return array.cast(target)
    kind = array.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return array.cast(target)
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind):
        return array.cast(target)
    if pa.types.is_null(kind):
        return pa.nulls(len(array), target)
    return pa.array([_as_text(value) for value in array.to_pylist()], target)


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
