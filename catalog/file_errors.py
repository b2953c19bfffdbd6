"""Refusals of files that are no delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Invalid, TooLarge


@dataclass(eq=False)
class PartUnknown(Invalid):
    """A sheet, member or list was named that the file does not have."""

    message: ClassVar[str] = N_("The file has no part “{part}”. It has: {parts}.")
    part: str
    parts: Sequence[str]


@dataclass(eq=False)
class NoTableInside(Invalid):
    """A workbook, archive or JSON text without a single table."""

    message: ClassVar[str] = N_(
        "No table was found in the file. It needs at least one list of rows with columns."
    )


@dataclass(eq=False)
class WorkbookUnreadable(Invalid):
    """A workbook that cannot be opened: damaged, or not a workbook at all."""

    message: ClassVar[str] = N_("The workbook is damaged and cannot be opened. Save it again.")


@dataclass(eq=False)
class WorkbookLocked(Invalid):
    """A workbook behind a password."""

    message: ClassVar[str] = N_("The workbook is protected by a password. Save it without one.")


@dataclass(eq=False)
class JsonUnreadable(Invalid):
    """A text that begins like JSON and breaks its grammar."""

    message: ClassVar[str] = N_("The JSON breaks off or is not well formed, near byte {offset}.")
    offset: int


@dataclass(eq=False)
class JsonTooDeep(Invalid):
    """JSON with more levels than any table has."""

    message: ClassVar[str] = N_("The JSON has more than {levels_max} levels inside each other.")
    levels_max: int


@dataclass(eq=False)
class NumberTooLong(Invalid):
    """JSON with a number of more digits than are read."""

    message: ClassVar[str] = N_(
        "The JSON has a number of more than {digits_max} digits. Write it as text."
    )
    digits_max: int


@dataclass(eq=False)
class ArchiveUnsafe(Invalid):
    """An archive that unpacks to far more than it is, or hides what it holds."""

    message: ClassVar[str] = N_(
        "The archive cannot be opened safely: it is damaged, encrypted, or unpacks to too much."
    )


@dataclass(eq=False)
class ArchiveTooLarge(TooLarge):
    """An archive with too many members or bytes."""

    message: ClassVar[str] = N_(
        "The archive holds more than {members_max} files or {size_bytes_max} bytes."
    )
    members_max: int
    size_bytes_max: int


@dataclass(eq=False)
class ColumnarUnreadable(Invalid):
    """A Parquet or Arrow file that is damaged."""

    message: ClassVar[str] = N_("The Parquet or Arrow file is damaged and cannot be read.")


@dataclass(eq=False)
class GeometryUnreadable(Invalid):
    """A layer whose geometry cannot be read."""

    message: ClassVar[str] = N_("The geometry of row {row} cannot be read.")
    row: int


@dataclass(eq=False)
class LayerIncomplete(Invalid):
    """A shapefile without one of its three files."""

    message: ClassVar[str] = N_("The shapefile needs its .shp, .shx and .dbf files in one zip.")


@dataclass(eq=False)
class TypeUnfitting(Invalid):
    """A type was chosen for a column of which most values are something else."""

    message: ClassVar[str] = N_(
        "Only {fitting} of {values} values of column “{column}” can be read as {type}. "
        "Choose another type."
    )
    column: str
    type: str
    fitting: int
    values: int


@dataclass(eq=False)
class SheetTooLarge(TooLarge):
    """More rows or columns than one worksheet holds."""

    message: ClassVar[str] = N_(
        "A worksheet holds at most {rows_max} rows and {columns_max} columns. Filter the rows, or "
        "take CSV or Parquet."
    )
    rows_max: int
    columns_max: int


@dataclass(eq=False)
class CellTooLong(TooLarge):
    """A text that one cell of a worksheet cannot hold."""

    message: ClassVar[str] = N_(
        "A cell of a worksheet holds at most {characters_max} characters, and one here is longer. "
        "Leave its column out, or take CSV or Parquet."
    )
    characters_max: int
