"""A table as a workbook: the code of a confined process that turns Arrow into XLSX.

A spreadsheet must neither run nor round what it is given: texts are string cells whatever they
begin with, whole numbers of more than 15 digits and decimals that a double would round are text,
codes keep their zeros since they are text in the data. Dates that the sheet knows are dates there.

Source: ECMA-376 Part 1 s. 18.3 (cells); Excel specifications and limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow
import pyarrow.ipc

from catalog.file_errors import CellTooLong, SheetTooLarge

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from catalog.confine import ConfinedJob, Json

SHEET_ROWS_MAX: Final = 1_048_575
"""Below the row of headings."""
SHEET_COLUMNS_MAX: Final = 16_384
CELL_CHARACTERS_MAX: Final = 32_767
SHEET_NAME: Final = "data"
DIGITS_EXACT: Final = 15

_WIDTH_MIN, _WIDTH_MAX = 8, 60
_ROWS_MEASURED = 50
_MADE = datetime(2000, 1, 1, tzinfo=UTC)
"""Said of every workbook, so that the same rows make the same bytes."""
_FIRST_DAY = date(1900, 3, 1)
"""Before it the sheet counts a day that never was."""
_WIDE_FROM = 0x1100
"""Characters from here on are mostly as wide as two Latin ones."""

_Put = Callable[["Worksheet", int, int, object], None]


def write_workbook(job: ConfinedJob) -> Json:
    """Turn the Arrow stream that may be read into the file `arguments["name"]`.

    Raises: SheetTooLarge, CellTooLong.
    """
    # Only the process that writes one needs the library.
    import xlsxwriter

    assert job.writable is not None, "a workbook is written somewhere"
    target = job.writable / str(job.arguments["name"])
    with (
        pyarrow.OSFile(str(job.readable[0])) as source,
        pyarrow.ipc.open_stream(source) as reader,
        xlsxwriter.Workbook(
            str(target), {"constant_memory": True, "tmpdir": str(job.writable)}
        ) as workbook,
    ):
        if len(reader.schema) > SHEET_COLUMNS_MAX:
            raise SheetTooLarge(SHEET_ROWS_MAX, SHEET_COLUMNS_MAX)
        workbook.set_properties({"created": _MADE})
        sheet = workbook.add_worksheet(SHEET_NAME)
        heading = workbook.add_format({"bold": True, "bottom": 1})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        puts = [_put_of(field.type, day, moment) for field in reader.schema]
        row = 0
        for batch in reader:
            if row + batch.num_rows > SHEET_ROWS_MAX:
                raise SheetTooLarge(SHEET_ROWS_MAX, SHEET_COLUMNS_MAX)
            columns = [column.to_pylist() for column in batch.columns]
            if row == 0:
                _begin(sheet, reader.schema.names, columns, heading)
            for cells in zip(*columns, strict=True):
                row += 1
                for place, cell in enumerate(cells):
                    if cell is not None:
                        puts[place](sheet, row, place, cell)
        if row == 0:
            _begin(sheet, reader.schema.names, [[] for _ in reader.schema], heading)
    return {"rows": row, "size_bytes": Path(target).stat().st_size}


def _begin(
    sheet: Worksheet, names: list[str], columns: list[list[object]], heading: Format
) -> None:
    """Widths by what stands in the first rows, and the headings, which stay in sight."""
    for place, (name, cells) in enumerate(zip(names, columns, strict=True)):
        widest = max(map(_width, [name, *cells[:_ROWS_MEASURED]]))
        sheet.set_column(place, place, min(max(widest + 2, _WIDTH_MIN), _WIDTH_MAX))
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(names):
        _put_text(sheet, 0, place, name, heading)


def _put_of(kind: pyarrow.DataType, day: Format, moment: Format) -> _Put:
    """What writes the values of a column."""
    if pyarrow.types.is_boolean(kind):
        return lambda sheet, row, place, cell: _done(sheet.write_boolean(row, place, bool(cell)))
    if pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind):
        return _put_number
    if pyarrow.types.is_decimal(kind):
        return _put_decimal
    if pyarrow.types.is_date(kind):
        return lambda sheet, row, place, cell: _put_day(sheet, row, place, cell, day)
    if pyarrow.types.is_timestamp(kind) and kind.tz is None:
        return lambda sheet, row, place, cell: _put_moment(sheet, row, place, cell, moment)
    return lambda sheet, row, place, cell: _put_text(sheet, row, place, _text(cell))


def _put_text(
    sheet: Worksheet, row: int, place: int, text: str, style: Format | None = None
) -> None:
    if len(text) > CELL_CHARACTERS_MAX:
        raise CellTooLong(CELL_CHARACTERS_MAX)
    sheet.write_string(row, place, text, style)


def _put_number(sheet: Worksheet, row: int, place: int, cell: object) -> None:
    assert isinstance(cell, int | float)
    if isinstance(cell, float) and not math.isfinite(cell):
        return
    if isinstance(cell, int) and abs(cell) >= 10**DIGITS_EXACT:
        sheet.write_string(row, place, str(cell))
    else:
        sheet.write_number(row, place, cell)


def _put_decimal(sheet: Worksheet, row: int, place: int, cell: object) -> None:
    assert isinstance(cell, Decimal)
    if len(cell.as_tuple().digits) > DIGITS_EXACT:
        sheet.write_string(row, place, f"{cell:f}")
    else:
        sheet.write_number(row, place, float(cell))


def _put_day(sheet: Worksheet, row: int, place: int, cell: object, style: Format) -> None:
    assert isinstance(cell, date)
    if cell < _FIRST_DAY:
        sheet.write_string(row, place, cell.isoformat())
    else:
        sheet.write_datetime(row, place, datetime.combine(cell, time()), style)


def _put_moment(sheet: Worksheet, row: int, place: int, cell: object, style: Format) -> None:
    assert isinstance(cell, datetime)
    if cell.date() < _FIRST_DAY:
        sheet.write_string(row, place, cell.isoformat(" "))
    else:
        sheet.write_datetime(row, place, cell, style)


def _text(cell: object) -> str:
    match cell:
        case str():
            return cell
        case bytes():
            return cell.hex()
        case datetime():
            return cell.isoformat(" ")
        case timedelta():
            return str(cell)
        case _:
            return str(cell)


def _width(cell: object) -> int:
    """How many Latin characters wide a cell is."""
    text = "" if cell is None else str(cell)[:_WIDTH_MAX]
    return sum(2 if ord(character) >= _WIDE_FROM else 1 for character in text)


def _done(_: object) -> None:
    """What the library returns says nothing."""
