from __future__ import annotations

import re

from catalog.formats.directory_sheet import COLUMNS, write_sheet
from catalog.records import all_records
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.visitor import Visitor

PLACE = "/publish/import-directory"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(*rows: dict[str, str]) -> bytes:
    """A spreadsheet with these cells, written as a department's office program would."""
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(write_sheet([])))
    for number, row in enumerate(rows, 3):
        for at, column in enumerate(COLUMNS, 1):
            book.active.cell(number, at, row.get(column.heading))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def row(city: City, **cells: str) -> dict[str, str]:
    return {
        "信息资源分类": "3010200001",
        "信息资源名称": "停车场",
        "信息资源代码": "3010200001/1",
        "信息资源提供方": city.transport.title.zh or city.transport.slug,
        "信息资源摘要": "全市停车场。",
        "共享类型": "无条件共享",
        "开放属性": "无条件开放",
        "更新周期": "每月",
        **cells,
    }


def send(visitor: Visitor, content: bytes) -> str:
    """Send a spreadsheet and say where its dry run is."""
    answer = visitor.post(
        PLACE,
        data={"csrf_token": visitor.form_token(PLACE)},
        files={"file": ("目录.xlsx", content, TYPE)},
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def test_nothing_is_made_before_the_publisher_says_so(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.publisher)
    content = sheet(row(city), row(city, 信息资源名称="公厕", 信息资源代码="x y", 更新周期="有空"))

    place = send(visitor, content)
    page = visitor.page(place)

    with city.pool.connection() as tx:
        assert list(all_records(tx, by=city.publisher)) == []
    assert "停车场" in page
    assert "更新周期" in page
    assert "有空" in page


def test_right_rows_are_taken_in_and_wrong_ones_do_not_hold_them_up(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(city.publisher)
    wrong = row(city, 信息资源名称="公厕", 信息资源代码="3010200001/2", 更新周期="有空")
    place = send(visitor, sheet(row(city), wrong))

    answer = visitor.submit(place, on=place)

    assert answer.status_code == 200
    with city.pool.connection() as tx:
        (made,) = all_records(tx, by=city.publisher)
    assert made.dataset.entry.title.zh == "停车场"
    assert made.dataset.entry.directory.gov_code == "3010200001/1"
    assert visitor.get(place, headers={"Accept": "*/*"}).status_code == 404


def test_the_same_code_changes_the_record_and_the_same_cells_change_nothing(
    city: City, browser_of: OpenBrowser
) -> None:
    visitor = browser_of(city.publisher)
    first = send(visitor, sheet(row(city)))
    visitor.submit(first, on=first)

    second = send(visitor, sheet(row(city, 信息资源摘要="更多停车场。")))
    visitor.submit(second, on=second)
    exported = visitor.get(f"{PLACE}/export.xlsx")
    third = visitor.page(send(visitor, exported.content))

    with city.pool.connection() as tx:
        (made,) = all_records(tx, by=city.publisher)
    assert made.dataset.entry.summary.zh == "更多停车场。"
    assert re.search(r"As it is</dt><dd>1<", third)


def test_a_file_that_is_no_spreadsheet_is_refused(city: City, browser_of: OpenBrowser) -> None:
    visitor = browser_of(city.publisher)

    answer = visitor.post(
        PLACE,
        data={"csrf_token": visitor.form_token(PLACE)},
        files={"file": ("x.xlsx", b"no sheet", TYPE)},
    )

    assert answer.status_code == 400
    assert 'id="errors"' in answer.text


def test_the_template_is_there_for_everybody_and_the_page_for_publishers(
    city: City, browser_of: OpenBrowser
) -> None:
    assert browser_of().get(f"{PLACE}/template.xlsx").content[:2] == b"PK"
    assert browser_of(city.buyer).get(PLACE).status_code == 403
