"""Refusals of files that are no delimited text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, TooLarge


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


@dataclass(eq=False)
class ColumnsDiffer(Invalid):
    """A file that is to join the rows of a table and has other columns."""

    message: ClassVar[str] = N_(
        "The columns are not those of the table. Missing in the file: {missing}. Not in the table: "
        "{unknown}. Name them as in the table, or replace the whole table."
    )
    missing: str
    unknown: str


@dataclass(eq=False)
class ColumnsUnfit(Invalid):
    """A file that is to join the rows of a table and whose values are of other types."""

    message: ClassVar[str] = N_(
        "The values of these columns are not of the table's type: {columns}. Mend them, or replace "
        "the whole table."
    )
    columns: str


@dataclass(eq=False)
class KeyUndeclared(Invalid):
    """Rows are to be known by their key, and the distribution declares none."""

    message: ClassVar[str] = N_(
        "No key is declared for this table, so rows cannot be known again. Declare the key columns "
        "first."
    )


@dataclass(eq=False)
class KeyColumnsMissing(Invalid):
    """The key names columns that the file or the table does not have."""

    message: ClassVar[str] = N_(
        "The key needs the columns {columns}, which are not there. Declare a key of the columns "
        "that there are."
    )
    columns: str


@dataclass(eq=False)
class KeyEmpty(Invalid):
    """A row of the file has no value in a column of the key."""

    message: ClassVar[str] = N_(
        "Row {row_number} of the file has an empty key ({count} such rows in all). Every row "
        "needs a value in {columns}."
    )
    row_number: int
    count: int
    columns: str


@dataclass(eq=False)
class KeyTwiceInFile(Invalid):
    """Two rows of the file have one key."""

    message: ClassVar[str] = N_(
        "The file has a key more than once: {key} ({count} such keys in all). Leave one row for "
        "each key."
    )
    key: str
    count: int


@dataclass(eq=False)
class KeyTwiceInTable(Conflict):
    """Two rows of the table have a key that the file names."""

    message: ClassVar[str] = N_(
        "The table itself has several rows with the key {key}. Replace the table with one where "
        "each key comes once, or declare another key."
    )
    key: str


@dataclass(eq=False)
class KeyAlreadyThere(Conflict):
    """Rows are to be added and their key is there already."""

    message: ClassVar[str] = N_(
        "The table has a key of the file already: {key} ({count} such rows in all). Choose to "
        "update by key, or send only new rows."
    )
    key: str
    count: int


@dataclass(eq=False)
class TableKeepsChanging(Conflict):
    """Rows came to the table whenever the file was about to be put in."""

    message: ClassVar[str] = N_(
        "The table was changed again and again while the file was put in. Send the file again."
    )


@dataclass(eq=False)
class AlreadyPutIn(Conflict):
    """The rows of a file were added, and reading it again would add them twice."""

    message: ClassVar[str] = N_(
        "The rows of this file were added already, and reading it again would add them twice."
    )


@dataclass(eq=False)
class DatesAmbiguous(Invalid):
    """Dates that join those of a table, of which day and month cannot be told apart."""

    message: ClassVar[str] = N_(
        "In column “{column}” day and month cannot be told apart. Write the dates as 2026-11-28."
    )
    column: str


@dataclass(eq=False)
class NoTable(Invalid):
    """A document, picture or film where a table is wanted."""

    message: ClassVar[str] = N_(
        "This is a {format} file and no table. Send it for a distribution of its own; it is "
        "kept as it is there."
    )
    format: str


@dataclass(eq=False)
class NamedAsTable(Invalid):
    """A document, picture or film under the name of a table: something went wrong on its way."""

    message: ClassVar[str] = N_(
        "{file_name} is named as a table, and is a {format} file. Send the table, or give the file "
        "its own ending to have it kept as it is."
    )
    file_name: str
    format: str


@dataclass(eq=False)
class SheetReachesTooFar(TooLarge):
    """A workbook with a stray cell far outside its table."""

    message: ClassVar[str] = N_(
        "A cell of the workbook lies as far out as {cell}, so that it would have {columns} columns "
        "and {rows} rows. Delete what stands beyond the table, and save it again."
    )
    cell: str
    columns: int
    rows: int
