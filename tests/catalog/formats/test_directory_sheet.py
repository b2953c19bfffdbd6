from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from catalog.files.workbook import texts_of_sheet
from catalog.formats.directory_sheet import COLUMNS, SheetRow, read_rows, write_sheet
from catalog.record import Record
from policies.terms import OpenType, ShareType, Text
from tests.catalog.formats.records import real_records, rich_record


def cells_of(content: bytes) -> list[list[str]]:
    return texts_of_sheet(content, rows_max=3_000, columns_max=100)


def read_back(*records: Record) -> list[SheetRow]:
    rows, words = read_rows(cells_of(write_sheet(records)), records[0].publisher)
    assert words is None
    return rows


def changed(**values: str) -> SheetRow:
    """The row of a whole record, with other values in some cells."""
    record = rich_record()
    cells = cells_of(write_sheet([record]))
    headings = [cell.rstrip("*") for cell in cells[0]]
    for heading, value in values.items():
        cells[2][headings.index(heading)] = value
    (row,), words = read_rows(cells, record.publisher)
    assert words is None
    return row


def wrong_in(row: SheetRow) -> list[str]:
    return [error.heading for error in row.errors]


def test_a_record_goes_to_the_sheet_and_comes_back_with_every_field_of_the_directory() -> None:
    record = rich_record()

    (row,) = read_back(record)

    assert row.errors == ()
    assert row.slug == record.dataset.slug
    entry, before = row.entry, record.dataset.entry
    assert entry is not None
    kept = {
        name: getattr(before.directory, name)
        for name in (
            *("type_name", "landing_page", "version_label", "author", "author_email"),
            *("conforms_to", "provenance", "languages", "in_series", "identifiers", "extras"),
        )
    }
    assert replace(entry, directory=replace(entry.directory, **kept)) == before


def test_the_columns_stand_in_the_official_order() -> None:
    content = write_sheet([])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    headings = [cell.value.rstrip("*") for cell in sheet[1]]

    # The core metadata of the national guideline (2017) in its order, then what provinces add.
    assert headings == [
        *("信息资源分类", "信息资源名称", "信息资源代码", "信息资源提供方", "信息资源提供方代码"),
        *("信息资源摘要", "信息资源格式分类", "信息资源格式", "信息项信息"),
        *("共享类型", "共享条件", "不予共享依据", "共享方式"),
        *("开放属性", "开放条件", "不予开放依据", "更新周期", "发布日期", "关联资源代码"),
        *("数据领域", "应用场景", "关键字", "时间范围起", "时间范围止", "空间范围", "来源系统"),
        *("联系人", "联系电话", "电子邮箱", "登记编号", "数据分级", "涉密属性", "许可"),
        *("适用法律", "英文名称", "英文摘要", "网址名称"),
    ]
    assert headings == [column.heading for column in COLUMNS]


def test_real_records_go_to_the_sheet_and_come_back_cell_for_cell(shared_data: Path) -> None:
    records = [
        one for one in real_records(shared_data, limit=400) if one.dataset.entry.title.zh.strip()
    ]
    publishers = {one.publisher.title.zh: one.publisher for one in records}
    come_back = 0

    for title, publisher in publishers.items():
        held = [one for one in records if one.publisher.title.zh == title]
        cells = cells_of(write_sheet(held))
        rows, words = read_rows(cells, publisher)
        assert words is None
        assert len(rows) == len(held)
        again = []
        for before, row in zip(held, rows, strict=True):
            # A name that repeats or a summary that is not there is told, not guessed.
            assert set(wrong_in(row)) <= {"信息资源名称", "信息资源摘要", "网址名称"}
            if row.entry is not None:
                dataset = replace(before.dataset, entry=row.entry, slug=row.slug)
                again.append((row.number, replace(before, dataset=dataset)))
        after = cells_of(write_sheet([one for _, one in again]))[2:]
        # Nothing but blanks around a text is lost.
        assert after == [[cell.strip() for cell in cells[number - 1]] for number, _ in again]
        come_back += len(again)
    assert come_back >= 100


def test_the_empty_template_holds_no_row() -> None:
    assert read_rows(cells_of(write_sheet([])), rich_record().publisher) == ([], None)


def test_a_sheet_without_headings_is_told_so() -> None:
    rows, words = read_rows([["a", "b"], ["c", "d"]], rich_record().publisher)

    assert rows == []
    assert words is not None
    assert "信息资源名称" in words.zh


@pytest.mark.parametrize(
    ("heading", "value"),
    [
        ("信息资源名称", ""),
        ("信息资源摘要", " "),
        ("信息资源提供方", "卫生局"),
        ("信息资源分类", "没有"),
        ("共享类型", "也许"),
        ("更新周期", "有空时"),
        ("时间范围起", "昨天"),
        ("时间范围止", "1999-01-01"),
        ("涉密属性", "不知道"),
        ("网址名称", "Ü"),
        ("共享方式", "电话"),
    ],
)
def test_a_wrong_cell_is_named(heading: str, value: str) -> None:
    row = changed(**{heading: value})

    assert row.entry is None
    assert wrong_in(row) == [heading]
    assert all(error.words.zh and error.words.en for error in row.errors)


def test_what_is_withheld_without_a_law_is_wrong() -> None:
    row = changed(共享类型="不予共享", 开放属性="不予开放")

    assert wrong_in(row) == ["不予共享依据", "不予开放依据"]


def test_what_is_withheld_by_a_law_is_right() -> None:
    row = changed(共享类型="不予共享", 不予共享依据="某法第十条")

    assert row.entry is not None
    assert row.entry.share_type is ShareType.NOT_SHARED
    assert row.entry.open_type is OpenType.UNCONDITIONAL


def test_a_file_cannot_be_shared_through_a_database() -> None:
    assert wrong_in(changed(信息资源格式分类="文件", 共享方式="数据库")) == ["共享方式"]


def test_a_name_that_repeats_is_wrong_in_the_second_row() -> None:
    record = rich_record()

    first, second = read_back(record, record)

    assert first.errors == ()
    assert second.entry is None
    assert "信息资源名称" in wrong_in(second)


def test_a_text_that_looks_like_a_formula_stays_a_text() -> None:
    record = rich_record()
    entry = replace(record.dataset.entry, title=Text(zh="=1+1"))
    content = write_sheet([replace(record, dataset=replace(record.dataset, entry=entry))])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active

    assert sheet["B3"].value == "=1+1"
    assert sheet["B3"].data_type == "s"
