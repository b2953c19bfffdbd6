"""The cells of a delimited text, as text, row by row.

A fast reader takes the rows; where quotes occur or a row does not fit, a strict one goes over the
whole file and says in which line. Nothing is mended silently: a file that is not one table is
refused with its lines. An empty cell, quoted or not, is “no value”.

Source: RFC 4180 s. 2.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from catalog.errors import (
    CellTooLarge,
    LastLineCutOff,
    QuoteLeftOpen,
    QuoteMisplaced,
    RowsRagged,
    RowTooLarge,
)
from catalog.files.sniff import CELL_BYTES_MAX, ROW_BYTES_MAX, Shape
from catalog.parquet_pages import DICTIONARY_BYTES_MAX

LINES_NAMED_MAX = 20
STAGED_NAME = "staged.parquet"


def stage(shape: Shape, work: Path, tell: Callable[[int], None]) -> int:
    """Write all cells as text to `STAGED_NAME`, columns `c0`, `c1` ...; says how many rows.

    `tell` hears how many thousandths of the file are done.

    Raises: RowsRagged, LastLineCutOff, QuoteLeftOpen, QuoteMisplaced, CellTooLarge, RowTooLarge.
    """
    checked = _check(shape) if shape.holds_quotes else None
    rows = _copy(shape, work / STAGED_NAME, tell)
    assert checked in (None, rows), "both readers see the same rows"
    return rows


def _copy(shape: Shape, staged: Path, tell: Callable[[int], None]) -> int:
    names = [f"c{index}" for index in range(len(shape.names))]
    schema = pa.schema([(name, pa.string()) for name in names])
    rows, size_bytes = 0, shape.text.stat().st_size
    try:
        with (
            pyarrow.csv.open_csv(
                shape.text,
                read_options=pyarrow.csv.ReadOptions(
                    column_names=names,
                    skip_rows=shape.skipped_lines,
                    skip_rows_after_names=int(shape.has_header),
                    block_size=ROW_BYTES_MAX,
                    use_threads=False,
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    delimiter=shape.delimiter,
                    quote_char=shape.quote or False,
                    double_quote=True,
                    escape_char=False,
                    newlines_in_values=shape.holds_quotes,
                    # In a table of one column an empty line is a row without a value.
                    ignore_empty_lines=len(names) > 1,
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            ) as batches,
            pyarrow.parquet.ParquetWriter(
                staged,
                schema,
                compression="lz4",
                dictionary_pagesize_limit=DICTIONARY_BYTES_MAX,
            ) as writer,
        ):
            for blocks, batch in enumerate(batches, start=1):
                _refuse_large_cells(batch, shape, rows)
                writer.write_batch(batch)
                rows += batch.num_rows
                tell(min(1000, blocks * ROW_BYTES_MAX * 1000 // size_bytes))
    except pa.ArrowInvalid:
        # Either the file is no table, which the strict reader says in words, or it is a heading
        # without a line's end, which the fast one does not take, or we are wrong.
        if _check(shape):
            raise
        pyarrow.parquet.write_table(schema.empty_table(), staged)
    return rows


def _refuse_large_cells(batch: pa.RecordBatch, shape: Shape, rows_before: int) -> None:
    for column in batch.columns:
        lengths = pyarrow.compute.binary_length(column)
        longest = pyarrow.compute.max(lengths).as_py()
        if longest is not None and longest > CELL_BYTES_MAX:
            row = pyarrow.compute.index(lengths, longest).as_py()
            line = rows_before + row + 1 + shape.has_header + shape.skipped_lines
            raise CellTooLarge(line, CELL_BYTES_MAX)


def _check(shape: Shape) -> int:
    """Read the whole file strictly, for its faults alone; says how many rows it has."""
    csv.field_size_limit(CELL_BYTES_MAX)
    expected, rows, wrong, found_first, lines = len(shape.names), 0, 0, 0, list[int]()
    skipped = shape.skipped_lines
    line, found_last, is_last_wrong = skipped + 1, 0, False
    with shape.text.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(
            islice(_bounded_lines(file), skipped, None),
            delimiter=shape.delimiter,
            quotechar=shape.quote or None,
            quoting=csv.QUOTE_MINIMAL if shape.quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            for row in reader:
                found = len(row) or int(expected == 1)
                if found:
                    rows += 1
                    found_last, is_last_wrong = found, found != expected
                    if is_last_wrong:
                        wrong += 1
                        found_first = found_first or found
                        if len(lines) < LINES_NAMED_MAX:
                            lines.append(line)
                line = skipped + reader.line_num + 1
        except csv.Error as error:
            _refuse(str(error), opened=line, line=skipped + reader.line_num)
            raise
    if wrong == 1 and is_last_wrong and found_last < expected and not _ends_a_line(shape.text):
        raise LastLineCutOff(lines[0], expected, found_last)
    if wrong:
        raise RowsRagged(expected, lines[0], found_first, wrong, lines)
    return rows - shape.has_header


def _refuse(fault: str, *, opened: int, line: int) -> None:
    if "unexpected end of data" in fault:
        raise QuoteLeftOpen(opened)
    if "field limit" in fault:
        raise CellTooLarge(opened, CELL_BYTES_MAX)
    if "expected after" in fault:
        raise QuoteMisplaced(line)


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """Lines of the file, none held that is longer than a row may be."""
    number = 0
    while line := file.readline(ROW_BYTES_MAX):
        number += 1
        if len(line) == ROW_BYTES_MAX and not line.endswith(("\r", "\n")):
            raise RowTooLarge(number, ROW_BYTES_MAX)
        yield line


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) in b"\r\n"
