from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from catalog.file_errors import PartUnknown, WorkbookUnreadable
from tests.catalog.files.reading import read


def saved(book: Workbook, folder: Path) -> Path:
    path = folder / "book.xlsx"
    book.save(path)
    return path


def test_a_sheet_with_titles_merged_headings_and_notes_becomes_one_table(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "人口"
    for row in [
        ["2026年各区人口统计表", None, None, None],
        ["单位：人", None, None, None],
        ["编号", "区县", "户籍人口", None],
        [None, None, "男", "女"],
        ["001", "东城区", 512_345, 498_001],
        ["002", "西城区", 601_222, 610_003],
        ["注：数据来源为公安局", None, None, None],
    ]:
        sheet.append(row)
    sheet.merge_cells("C3:D3")
    sheet.merge_cells("A1:D1")

    table = read(saved(book, tmp_path), tmp_path / "work")

    assert table.types == {
        "编号": "text",
        "区县": "text",
        "户籍人口 男": "integer",
        "户籍人口 女": "integer",
    }
    assert table.rows == [
        ("001", "东城区", 512_345, 498_001),
        ("002", "西城区", 601_222, 610_003),
    ]
    assert table.reading.header_row == 3
    assert table.reading.notes == (
        "2026年各区人口统计表",
        "单位：人",
        "注：数据来源为公安局",
    )


def test_cells_keep_dates_codes_and_numbers(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "day", "time", "share", "on"])
    sheet.append(
        ["007", date(2026, 11, 22), datetime.fromisoformat("2026-11-22T08:30"), 0.25, True]
    )
    sheet.append(["010", date(2026, 11, 23), datetime.fromisoformat("2026-11-23T09:00"), 1, False])

    table = read(saved(book, tmp_path), tmp_path / "work")

    assert table.types["code"] == "text"
    assert table.types["on"] == "boolean"
    assert table.types["time"] == "timestamp"
    assert [row[0] for row in table.rows] == ["007", "010"]
    assert [row[3] for row in table.rows] == [0.25, 1.0]


def test_the_largest_sheet_is_read_unless_another_is_chosen(tmp_path: Path) -> None:
    book = Workbook()
    fields = book.active
    assert fields is not None
    fields.title = "Fields"
    fields.append(["name", "meaning"])
    fields.append(["id", "number"])
    data = book.create_sheet("Data")
    data.append(["id", "value"])
    for number in range(50):
        data.append([number, number / 2])
    path = saved(book, tmp_path)

    guessed = read(path, tmp_path / "a")
    chosen = read(path, tmp_path / "b", {"part": "Fields"})

    assert (guessed.reading.part, len(guessed.rows)) == ("Data", 50)
    assert guessed.reading.parts == ("Fields", "Data")
    assert guessed.reading.confidence_percent > 90
    assert chosen.rows == [("id", "number")]
    with pytest.raises(PartUnknown) as refusal:
        read(path, tmp_path / "c", {"part": "data"})
    assert refusal.value.parts == ["Fields", "Data"]


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    book = Workbook()
    path = saved(book, tmp_path)
    path.write_bytes(path.read_bytes().replace(b"sheet1", b"sheet9"))

    with pytest.raises(WorkbookUnreadable):
        read(path, tmp_path / "work")


def test_the_messy_workbook_of_a_transit_agency_is_read(shared_data: Path, tmp_path: Path) -> None:
    table = read(shared_data / "tables" / "toronto_subway_delays_messy.xlsx", tmp_path / "work")

    assert table.reading.part == "Sheet 1"
    assert len(table.rows) == 69_043
    assert sum(row[list(table.types).index("Bound")] is None for row in table.rows) == 14_794
