"""How far the cells of a workbook reach, before it is opened: one stray cell in the last corner
would make the library lay out seventeen thousand million cells.

Source: ECMA-376 part 1, s. 18.3.1.4 (`c`, attribute `r`): XFD1048576 is the last cell.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Final

from catalog.file_errors import SheetReachesTooFar
from catalog.files.zip_damage import ZIP_DAMAGE
from catalog.view import COLUMNS_MAX

CELLS_MAX: Final = 50_000_000
"""Of the rectangle from the first cell to the last, for which memory is taken."""
_PIECE_BYTES: Final = 1 << 20
_OVERLAP_BYTES: Final = 64
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_COLUMN: Final = re.compile(rb'\sr="([A-Z]{1,3})[0-9]')
_ROW: Final = re.compile(rb'\sr="[A-Z]{0,3}([0-9]{1,7})"')


def check_reach(source: Path) -> None:
    """Refuse a workbook whose cells lie much too far apart; what is none is not looked at.

    Raises: SheetReachesTooFar.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                if _SHEET.fullmatch(name):
                    _check(archive, name)
    except ZIP_DAMAGE:
        # Whoever opens it says what is wrong with it.
        return


def _check(archive: zipfile.ZipFile, name: str) -> None:
    columns: set[bytes] = set()
    last_row, first_row = 0, 0
    with archive.open(name) as sheet:
        held = b""
        while piece := sheet.read(_PIECE_BYTES):
            held += piece
            columns.update(_COLUMN.findall(held))
            rows = _ROW.findall(held)
            if rows:
                # Rows come in order, but a cell may lie about its own.
                first_row = first_row or int(rows[0])
                last_row = max(last_row, int(rows[-1]), *map(int, rows[:: max(1, len(rows) // 9)]))
            held = held[-_OVERLAP_BYTES:]
    if not columns:
        return
    numbers = [_number(column) for column in columns]
    width, height = max(numbers) - min(numbers) + 1, last_row - first_row + 1
    if width > COLUMNS_MAX or width * height > CELLS_MAX:
        last = max(columns, key=_number).decode()
        raise SheetReachesTooFar(f"{last}{last_row}", width, height)


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - ord("A") + 1
    return number
