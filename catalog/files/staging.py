"""Cells as text on their way into a table: what every reader of rows hands to `typed`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.parquet

from catalog.errors import CellTooLarge, TooManyColumns
from catalog.files.delimited import STAGED_NAME
from catalog.files.sniff import CELL_BYTES_MAX
from catalog.parquet_pages import DICTIONARY_BYTES_MAX
from catalog.view import COLUMNS_MAX

ROWS_PER_BATCH: Final = 10_000

Cells = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Staged:
    """What a reader of rows found, beside the rows that it staged."""

    names: tuple[str, ...]
    renamed: dict[str, str] = field(default_factory=dict)
    """Name here → name in the file, where the two differ."""
    part: str = ""
    """The sheet, member or list that was read."""
    parts: tuple[str, ...] = ()
    """All that could have been read, in their order."""
    header_row: int = 0
    """Counted from 1 where the names stand; 0 where the form of the file names the columns."""
    has_header: bool = True
    encoding: str = ""
    notes: tuple[str, ...] = ()
    """Lines around the table that are no rows of it, such as a title or a source."""
    confidence_percent: int = 100
    """How sure the choice of part and header is."""
    meanings: dict[str, str] = field(default_factory=dict)
    """Column → what another sheet says of it."""
    field_list: str = ""
    """The sheet that says so."""


class Staging:
    """Takes rows of one width and writes them, batch after batch, as text columns `c0`, `c1` ...

    Raises: TooManyColumns, CellTooLarge.
    """

    def __init__(self, work: Path, width: int) -> None:
        if width > COLUMNS_MAX:
            raise TooManyColumns(width, COLUMNS_MAX)
        self._schema = pa.schema([(f"c{index}", pa.string()) for index in range(width)])
        self._writer = pyarrow.parquet.ParquetWriter(
            work / STAGED_NAME,
            self._schema,
            compression="lz4",
            dictionary_pagesize_limit=DICTIONARY_BYTES_MAX,
        )
        self._rows: list[Cells] = []
        self._width = width
        self.row_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def add(self, row: Cells) -> None:
        """Add one row; cells that it lacks have no value."""
        for cell in row:
            # No character takes more than four bytes.
            may_be_large = cell is not None and len(cell) > CELL_BYTES_MAX // 4
            if may_be_large and len(str(cell).encode()) > CELL_BYTES_MAX:
                raise CellTooLarge(self.row_count + 1, CELL_BYTES_MAX)
        self._rows.append(row)
        self.row_count += 1
        if len(self._rows) >= ROWS_PER_BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        arrays = [
            pa.array([row[index] if index < len(row) else None for row in self._rows], pa.string())
            for index in range(self._width)
        ]
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self._rows = []
