from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from catalog.file_errors import PartUnknown, SheetReachesTooFar, WorkbookUnreadable
from catalog.files.sheet_reach import check_reach
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


@pytest.mark.parametrize(
    ("cell", "is_refused"),
    [("XFD2", True), ("BXX2", False), ("B1048576", False), ("BZ1048576", True)],
)
def test_a_stray_cell_is_named_before_the_book_is_opened(
    tmp_path: Path, cell: str, *, is_refused: bool
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet[cell] = "id", 1
    source = tmp_path / "far.xlsx"
    book.save(source)

    if not is_refused:
        check_reach(source)
        return
    with pytest.raises(SheetReachesTooFar) as refused:
        check_reach(source)
    assert refused.value.cell == cell


def test_a_sheet_that_lists_the_columns_says_what_they_mean(tmp_path: Path) -> None:
    book = Workbook()
    told, table = book.active, book.create_sheet("数据")
    assert told is not None
    told.title = "字段说明"
    for row in (
        ["字段", "例", "说明"],
        ["站点编号", "001", "全市唯一的站点编号"],
        ["线路 ", "1", "所属线路"],
        ["票价", "2.5", None],
    ):
        told.append(row)
    table.append(["站点编号", "线路", "票价"])
    for number in range(30):
        table.append([f"{number:03}", 1, 2.5])

    reading = read(saved(book, tmp_path), tmp_path).reading

    assert reading.part == "数据"
    assert reading.field_list == "字段说明"
    assert reading.meanings == {"站点编号": "全市唯一的站点编号", "线路": "所属线路"}


def test_a_second_table_is_no_list_of_columns(tmp_path: Path) -> None:
    book = Workbook()
    other, table = book.active, book.create_sheet("数据")
    assert other is not None
    for row in (["id", "name"], [1, "line"], [2, "stop"]):
        other.append(row)
    table.append(["id", "name", "line", "fare"])
    for number in range(30):
        table.append([number, "a", 1, 2.5])

    assert read(saved(book, tmp_path), tmp_path).reading.meanings == {}


def test_the_field_list_of_a_real_workbook_is_recognised(tmp_path: Path, shared_data: Path) -> None:
    messy = shared_data / "tables" / "toronto_subway_delays_messy.xlsx"

    reading = read(messy, tmp_path).reading

    assert (reading.part, reading.field_list) == ("Sheet 1", "Meta Data")
    assert reading.meanings["Bound"] == "Direction of train dependant on the line"
    assert len(reading.meanings) == 10
