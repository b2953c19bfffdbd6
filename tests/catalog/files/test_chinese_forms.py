"""Numbers and dates as they are written in Chinese, against Python's own reading of them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.version import ColumnType
from tests.catalog.test_typed import set_aside, type_of, typed
from tests.counts import examples

WIDE = str.maketrans("0123456789.,-/:", "０１２３４５６７８９．，－／：")
POWERS = {"": 0, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "万亿": 12}
SETTINGS = settings(
    max_examples=examples(25, long=1_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def amounts(draw: st.DrawFn) -> tuple[str, float]:
    """A number with a word for its size, and its value."""
    whole, tenths = draw(st.integers(-99_999, 99_999)), draw(st.integers(0, 9_999))
    digits = draw(st.integers(0, 4))
    sign = "-" if whole < 0 else ""
    fraction = f"{tenths:04}"[:digits]
    body = f"{abs(whole):,}" if draw(st.booleans()) else str(abs(whole))
    word = draw(st.sampled_from(list(POWERS)))
    text = f"{sign}{body}{'.' + fraction if fraction else ''}"
    value = Decimal(text.replace(",", "")) * 10 ** POWERS[word]
    return text + word, float(value)


@SETTINGS
@given(cells=st.lists(amounts(), min_size=1, max_size=20), is_wide=st.booleans())
def test_amounts_have_their_value(
    tmp_path: Path, cells: list[tuple[str, float]], is_wide: bool
) -> None:
    cells.append(("1.2万", 12_000.0))
    texts = [text.translate(WIDE) if is_wide else text for text, _ in cells]

    table, content = typed(tmp_path, texts)

    assert table.columns[0].type is ColumnType.DOUBLE
    assert content["c_0"].to_pylist() == [value for _, value in cells]
    assert ("１２３" in table.formats["c_0"]) == (texts != [text for text, _ in cells])


@SETTINGS
@given(numbers=st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=20))
def test_full_width_digits_are_digits_and_codes_keep_their_zeros(
    tmp_path: Path, numbers: list[int]
) -> None:
    wide = [str(number).translate(WIDE) for number in numbers]
    codes = [f"0{abs(number)}1".translate(WIDE) for number in numbers]

    table, content = typed(tmp_path, wide, codes)

    assert [column.type for column in table.columns] == [ColumnType.INTEGER, ColumnType.TEXT]
    assert content["c_0"].to_pylist() == numbers
    assert content["c_1"].to_pylist() == codes


DAY_FORMS = [
    "{0.year:04}年{0.month}月{0.day}日",
    "{0.year:04}年{0.month:02}月{0.day:02}日",
    "{0.year:04}年{0.month}月{0.day}号",
    "{0.year:04} 年 {0.month} 月 {0.day} 日",
]


@SETTINGS
@given(days=st.lists(st.dates(), min_size=1, max_size=20), forms=st.data(), is_wide=st.booleans())
def test_days_are_days_however_they_are_written(
    tmp_path: Path, days: list[date], forms: st.DataObject, is_wide: bool
) -> None:
    texts = [forms.draw(st.sampled_from(DAY_FORMS)).format(day) for day in days]
    months = [f"{day.year:04}年{day.month}月" for day in days]
    if is_wide:
        texts, months = ([text.translate(WIDE) for text in many] for many in (texts, months))

    table, content = typed(tmp_path, texts, months)

    assert [column.type for column in table.columns] == [ColumnType.DATE, ColumnType.DATE]
    assert content["c_0"].to_pylist() == days
    assert content["c_1"].to_pylist() == [day.replace(day=1) for day in days]


@st.composite
def clocks(draw: st.DrawFn) -> tuple[str, datetime]:
    """A moment as people write it, and what it is."""
    day = draw(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
    hour, minute, second = draw(st.integers(0, 23)), draw(st.integers(0, 59)), 0
    half, shown = "", hour
    if draw(st.booleans()):
        half = "上午" if hour < 12 else "下午"
        shown = hour % 12 or 12
    form = draw(st.integers(0, 4))
    if form in (1, 3):
        second = draw(st.integers(0, 59))
    if form == 4:
        minute = 0
    clock = [
        f"{shown}:{minute:02}",
        f"{shown}:{minute:02}:{second:02}",
        f"{shown}时{minute}分",
        f"{shown}点{minute:02}分{second}秒",
        f"{shown}时",
    ][form]
    written = draw(st.sampled_from([f"{day.year}年{day.month}月{day.day}日", f"{day:%Y/%m/%d}"]))
    gap = draw(st.sampled_from(["", " "])) if "年" in written else " "
    text = f"{written}{gap}{half}{draw(st.sampled_from(['', ' '])) if half else ''}{clock}"
    return text, datetime.combine(day, time(hour, minute, second))


@SETTINGS
@given(cells=st.lists(clocks(), min_size=1, max_size=20))
def test_clocks_of_two_halves_tell_the_moment(
    tmp_path: Path, cells: list[tuple[str, datetime]]
) -> None:
    texts = [text for text, _ in cells] + ["2026年11月22日 下午3:05"]

    table, content = typed(tmp_path, texts)

    assert table.columns[0].type is ColumnType.TIMESTAMP
    assert content["c_0"].to_pylist() == [
        *(at for _, at in cells),
        datetime.fromisoformat("2026-11-22T15:05"),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        *("2026年13月1日", "2026年2月30日", "2026年0月", "26年1月1日"),
        *("2026年1月1日 上午13:00", "2026年1月1日 下午25:00", "2026年1月1日 3:60", "下午3:05"),
        *("万", "1.2万万", "1万2千", "1,23万", "01万", "٣٤", "½", "三亿"),
    ],
)
def test_what_only_looks_like_it_stays_as_it_is(tmp_path: Path, cell: str) -> None:
    _, content = typed(tmp_path, [cell])

    assert content["c_0"].to_pylist() == [cell]


def test_full_width_cells_after_the_first_thousand_are_read(tmp_path: Path) -> None:
    cells = [str(number) for number in range(2_000)] + ["２０００"] * 100

    table, content = typed(tmp_path, cells)

    assert table.columns[0].type is ColumnType.INTEGER
    assert content["c_0"].to_pylist()[-1] == 2000


@SETTINGS
@given(
    bad=st.dictionaries(
        st.integers(0, 499), st.text("约无缺x?!~", min_size=1, max_size=5), max_size=5
    ),
    kind=st.sampled_from(["integer", "day", "amount"]),
)
def test_every_cell_is_in_the_table_or_set_aside(
    tmp_path: Path, bad: dict[int, str], kind: str
) -> None:
    first = date(2020, 1, 1)
    good = {
        "integer": [str(row) for row in range(500)],
        "day": [f"{first + timedelta(row):%Y-%m-%d}" for row in range(500)],
        "amount": [f"{row}.5万" for row in range(500)],
    }[kind]
    cells = [bad.get(row, cell) for row, cell in enumerate(good)]
    (tmp_path / "misfits.parquet").unlink(missing_ok=True)

    table, content = typed(tmp_path, cells)

    aside = {row[0]: row[2] for row in set_aside(tmp_path)} if table.misfit_count else {}
    assert aside == {row + 1: text for row, text in bad.items()}
    empty = {row for row, value in enumerate(content["c_0"].to_pylist()) if value is None}
    assert empty == set(bad)


def test_a_column_of_codes_is_text_even_in_full_width(tmp_path: Path) -> None:
    assert type_of(tmp_path, "００１", "００２") is ColumnType.TEXT
