"""The cells of a sheet, as text, row by row: XLSX, XLSB, XLS and ODS.

A sheet is a page for people: titles above, merged headings, notes below. The heading row is the
first that fills most of the table's width with words; what stands above and below it is kept as
notes, never dropped in silence. Cells that share one merged heading get its words before theirs.

Source: ECMA-376 part 1, s. 18.3 (worksheets); OpenDocument 1.3 part 3, s. 9.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import python_calamine as calamine

from catalog.errors import TooManyColumns
from catalog.file_errors import NoTableInside, PartUnknown, WorkbookLocked, WorkbookUnreadable
from catalog.files.field_list import ROWS_MAX, meanings_in
from catalog.files.names import unique_names
from catalog.files.sheet_reach import check_reach
from catalog.files.sniff import is_value
from catalog.files.staging import Cells, Staged, Staging
from catalog.files.wish import Wish
from catalog.view import COLUMNS_MAX

SAMPLE_ROWS: Final = 200
HEADING_ROW_MAX: Final = 50
NOTE_ROWS_MAX: Final = 20

Cell = int | float | str | bool | time | date | datetime | timedelta

_NOTE: Final = re.compile(
    r"\s*(?:注|说明|說明|备注|備註|资料来源|資料來源|数据来源|數據來源|note|source|remark)",
    re.IGNORECASE,
)
_WHOLE_MAX: Final = 1e15
_TELL_EVERY: Final = 10_000


def stage_workbook(source: Path, work: Path, wish: Wish, tell: Callable[[int], None]) -> Staged:
    """Write the rows of one sheet; the one with the most cells unless `wish` names another.

    Raises: WorkbookUnreadable, WorkbookLocked, PartUnknown, NoTableInside, TooManyColumns,
    CellTooLarge, SheetReachesTooFar.
    """
    check_reach(source)
    try:
        with calamine.load_workbook(str(source)) as book:
            return _stage(book, work, wish, tell)
    except calamine.PasswordError:
        raise WorkbookLocked from None
    except (calamine.CalamineError, OSError, ValueError):
        raise WorkbookUnreadable from None


def _stage(
    book: calamine.CalamineWorkbook, work: Path, wish: Wish, tell: Callable[[int], None]
) -> Staged:
    sheets = {
        meta.name: book.get_sheet_by_name(meta.name)
        for meta in book.sheets_metadata
        if meta.typ is calamine.SheetTypeEnum.WorkSheet
        and meta.visible is calamine.SheetVisibleEnum.Visible
    }
    name, confidence = _choose(sheets, wish)
    sheet = sheets[name]
    if sheet.width > COLUMNS_MAX:
        raise TooManyColumns(sheet.width, COLUMNS_MAX)
    rows = [[text_of(cell) for cell in row] for row in islice(sheet.iter_rows(), SAMPLE_ROWS)]
    heading, depth = _heading(rows, wish)
    merged = [] if heading is None else _merged_across(sheet, heading)
    if heading is not None and merged and depth == 1 and _completes(rows, heading):
        depth = 2
    cells = _heading_cells(rows, heading, depth, merged, sheet.width)
    names, renamed = unique_names(cells)
    first = 0 if heading is None else heading + depth
    above = [" ".join(filter(None, row)) for row in rows[: heading or 0]]
    below: list[str] = []
    with Staging(work, len(names)) as staging:
        for row in _rows(sheet, first, tell):
            if _is_note(row, staging.row_count):
                below.append(str(row[0]))
            else:
                for kept in below:
                    # More rows follow: it was a row after all.
                    staging.add([kept])
                below = []
                staging.add(row)
        for kept in below[NOTE_ROWS_MAX:]:
            staging.add([kept])
        if not staging.row_count and heading is None:
            raise NoTableInside
    field_list, meanings = _field_list(sheets, name, names)
    return Staged(
        names=names,
        renamed=renamed,
        part=name,
        parts=tuple(sheets),
        header_row=0 if heading is None else sheet_row(sheet, heading),
        has_header=heading is not None,
        notes=tuple(note for note in (*above, *below[:NOTE_ROWS_MAX]) if note),
        meanings=meanings,
        field_list=field_list,
        confidence_percent=confidence if heading is not None else min(confidence, 50),
    )


def sheet_row(sheet: calamine.CalamineSheet, index: int) -> int:
    """The number at the left edge of the sheet for a row of its used area, counted from 1."""
    return (sheet.start[0] if sheet.start else 0) + index + 1


def _choose(sheets: dict[str, calamine.CalamineSheet], wish: Wish) -> tuple[str, int]:
    if wish.part is not None:
        if wish.part not in sheets:
            raise PartUnknown(wish.part, list(sheets))
        return wish.part, 100
    sizes = {name: sheet.height * sheet.width for name, sheet in sheets.items()}
    if not any(sizes.values()):
        raise NoTableInside
    best = max(sizes, key=lambda name: sizes[name])
    others = max((size for name, size in sizes.items() if name != best), default=0)
    return best, 100 - 50 * others // sizes[best]


def _field_list(
    sheets: dict[str, calamine.CalamineSheet], table: str, names: Sequence[str]
) -> tuple[str, dict[str, str]]:
    """The other sheet that says of most columns what they mean, and what it says."""
    best, most = "", dict[str, str]()
    for name, sheet in sheets.items():
        if name == table or not 0 < sheet.height <= ROWS_MAX:
            continue
        rows = [[text_of(cell) for cell in row] for row in sheet.iter_rows()]
        meanings = meanings_in(rows, names)
        if len(meanings) > len(most):
            best, most = name, meanings
    return best, most


def _heading(rows: Sequence[Cells], wish: Wish) -> tuple[int | None, int]:
    """Which row names the columns, and over how many rows."""
    if wish.has_header is False:
        return None, 0
    if wish.header_row is not None:
        return min(wish.header_row - 1, max(len(rows) - 1, 0)), 1
    filled = [sum(cell is not None for cell in row) for row in rows]
    width = max(filled, default=0)
    for index, row in enumerate(rows[:HEADING_ROW_MAX]):
        words = [cell for cell in row if cell is not None]
        if len(words) * 10 < width * 6 or not words:
            continue
        if any(is_value(word) for word in words) or len(set(words)) * 2 < len(words):
            return None, 0
        return index, 1
    return None, 0


def _merged_across(sheet: calamine.CalamineSheet, heading: int) -> list[tuple[int, int]]:
    """First and last column of each heading cell that spans several columns."""
    ranges = sheet.merged_cell_ranges
    if not ranges or not sheet.start:
        return []
    top, left = sheet.start
    return [
        (start[1] - left, end[1] - left)
        for start, end in ranges
        if start[0] <= top + heading <= end[0] and start[1] < end[1]
    ]


def _completes(rows: Sequence[Cells], heading: int) -> bool:
    """Whether the next row holds words too, and the one after that does not only."""
    if heading + 2 >= len(rows):
        return False
    below = [cell for cell in rows[heading + 1] if cell is not None]
    after = [cell for cell in rows[heading + 2] if cell is not None]
    return bool(below) and not any(map(is_value, below)) and any(map(is_value, after))


def _heading_cells(
    rows: Sequence[Cells],
    heading: int | None,
    depth: int,
    merged: Sequence[tuple[int, int]],
    width: int,
) -> list[str]:
    if heading is None:
        return [""] * width
    top = [cell or "" for cell in rows[heading]] + [""] * (width - len(rows[heading]))
    for first, last in merged:
        for column in range(first, min(last, width - 1) + 1):
            top[column] = top[first]
    if depth == 1:
        return top
    sub = [cell or "" for cell in rows[heading + 1]]
    sub += [""] * (width - len(sub))
    return [f"{a} {b}".strip() if a != b else a for a, b in zip(top, sub, strict=True)]


def _rows(
    sheet: calamine.CalamineSheet, first: int, tell: Callable[[int], None]
) -> Iterator[Cells]:
    """The rows below the heading, without those that are empty throughout."""
    for index, row in enumerate(islice(sheet.iter_rows(), first, None)):
        cells = [text_of(cell) for cell in row]
        if any(cell is not None for cell in cells):
            yield cells
        if index % _TELL_EVERY == 0:
            tell(1000 * index // max(sheet.height, 1))


def _is_note(row: Cells, rows_before: int) -> bool:
    if rows_before == 0 or row[0] is None or len(row) < 3:
        return False
    return all(cell is None for cell in row[1:]) and bool(_NOTE.match(row[0]))


def text_of(cell: Cell) -> str | None:
    """A cell as text; None where it is empty. Sheets keep whole numbers with a point."""
    match cell:
        case "":
            return None
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < _WHOLE_MAX else repr(cell)
        case datetime():
            return cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)


def texts_of_sheet(content: bytes, *, rows_max: int, columns_max: int) -> list[list[str]]:
    """The first sheet that can be seen, as texts, for sheets that are forms and not data.

    Raises: WorkbookUnreadable, WorkbookLocked.
    """
    try:
        with calamine.load_workbook(io.BytesIO(content)) as book:
            names = [
                meta.name
                for meta in book.sheets_metadata
                if meta.typ is calamine.SheetTypeEnum.WorkSheet
                and meta.visible is calamine.SheetVisibleEnum.Visible
            ]
            rows = book.get_sheet_by_name(names[0]).iter_rows() if names else iter(())
            return [[_plain(cell) for cell in row[:columns_max]] for row in islice(rows, rows_max)]
    except calamine.PasswordError:
        raise WorkbookLocked from None
    except (calamine.CalamineError, OSError, ValueError):
        raise WorkbookUnreadable from None


def _plain(cell: Cell) -> str:
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _WHOLE_MAX:
        return str(int(cell))
    return str(cell)
