from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import NoSuchColumn
from catalog.file_errors import TypeUnfitting
from catalog.files.delimited import stage
from catalog.files.sniff import Shape
from catalog.files.typed import NULL_TOKENS, TypedTable, settle
from catalog.misfit import MISFITS_NAME
from catalog.version import Column, ColumnType
from tests.counts import examples


def typed(
    work: Path, *columns: list[str], wished: Mapping[str, ColumnType] | None = None
) -> tuple[TypedTable, pa.Table]:
    """The typed table of columns of cells, read from a file as it would be uploaded."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows(zip(*columns, strict=True))
    text = work / "typed.csv"
    text.write_bytes(written.getvalue().encode())
    names = tuple(f"c_{number}" for number in range(len(columns)))
    shape = Shape(text, "utf-8", ",", '"', True, False, 0, (), names, {})
    stage(shape, work, lambda _: None)
    table = settle(names, work, wished)
    return table, pa.concat_tables([pq.read_table(file) for file in table.files])


def type_of(work: Path, *cells: str) -> ColumnType:
    return typed(work, list(cells))[0].columns[0].type


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2", "0"], ColumnType.INTEGER),
        (["9223372036854775807", "-9223372036854775808"], ColumnType.INTEGER),
        (["9223372036854775808", "1"], ColumnType.TEXT),
        (["007", "008"], ColumnType.TEXT),
        (["1", "02"], ColumnType.TEXT),
        (["+1", "2"], ColumnType.TEXT),
        ([" 1", "2"], ColumnType.TEXT),
        (["1_000", "2"], ColumnType.TEXT),
        (["1,5", "2,5"], ColumnType.TEXT),
        (["1.50", "20.00"], ColumnType.DECIMAL),
        (["1.5", "20.25"], ColumnType.DOUBLE),
        (["1", "2.5"], ColumnType.DOUBLE),
        (["1e5", "2"], ColumnType.DOUBLE),
        (["0.30000000000000004", "0.5"], ColumnType.DOUBLE),
        (["0.123456789012345678901", "0.5"], ColumnType.TEXT),
        (["00.5", "1.5"], ColumnType.TEXT),
        (["inf", "1"], ColumnType.TEXT),
        (["true", "FALSE"], ColumnType.BOOLEAN),
        (["yes", "no"], ColumnType.TEXT),
        (["2024-02-29", "0001-01-01"], ColumnType.DATE),
        (["2023-02-29", "2023-01-01"], ColumnType.TEXT),
        (["0000-01-01"], ColumnType.TEXT),
        (["2024/2/3", "2024/12/31"], ColumnType.DATE),
        (["2024年2月3日"], ColumnType.DATE),
        (["31/12/2024", "01/02/2024"], ColumnType.DATE),
        (["12/31/2024", "01/02/2024"], ColumnType.DATE),
        (["2024-01-01T10:00", "2024-01-01 10:00:59.5"], ColumnType.TIMESTAMP),
        (["2024-01-01T10:00:00Z", "2024-01-01 18:00:00+08:00"], ColumnType.INSTANT),
        (["2024-01-01", "2024-01-01 10:00"], ColumnType.TEXT),
        (["2024/1/1 9:05"], ColumnType.TIMESTAMP),
        (["a", "1"], ColumnType.TEXT),
    ],
)
def test_the_type_is_that_of_all_values(
    tmp_path: Path, cells: list[str], expected: ColumnType
) -> None:
    assert type_of(tmp_path, *cells) is expected


def test_a_single_value_after_many_decides(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(5_000)]

    assert type_of(tmp_path, *numbers) is ColumnType.INTEGER
    assert type_of(tmp_path, *numbers, "007") is ColumnType.TEXT
    assert type_of(tmp_path, *numbers, "99999999999999999999") is ColumnType.TEXT
    assert type_of(tmp_path, *numbers, "2.5") is ColumnType.DOUBLE


def set_aside(work: Path) -> list[tuple[object, ...]]:
    """Row, column, value and reason of what the last table lacks."""
    table = pq.read_table(work / MISFITS_NAME)
    assert table.column_names == ["row_number", "column", "value", "reason", "rule_id"]
    return [tuple(row.values())[:4] for row in table.to_pylist()]


def test_a_few_cells_that_do_not_fit_are_set_aside_and_never_lost(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(1_000)]
    numbers[7], numbers[500] = "约30", "0x10"
    days = ["2026-11-22"] * 999 + ["2026-11-31"]

    table, content = typed(tmp_path, numbers, days, ["a"] * 1_000)

    assert [column.type for column in table.columns] == ["integer", "date", "text"]
    assert table.misfits == {"c_0": 2, "c_1": 1}
    assert (table.misfit_count, table.misfit_row_count, table.row_count) == (3, 3, 1_000)
    assert set_aside(tmp_path) == [
        (8, "c_0", "约30", "not_integer"),
        (501, "c_0", "0x10", "not_integer"),
        (1_000, "c_1", "2026-11-31", "not_date"),
    ]
    assert content["c_0"].to_pylist() == [None if row in (7, 500) else row for row in range(1_000)]


def test_the_form_with_the_fewest_misfits_is_taken(tmp_path: Path) -> None:
    numbers = [str(number) for number in range(1_000)]

    table, _ = typed(tmp_path, [*numbers, "2.5", "x"])

    assert table.columns[0].type is ColumnType.DOUBLE
    assert [row[2] for row in set_aside(tmp_path)] == ["x"]


def test_more_than_a_hundredth_that_does_not_fit_makes_text(tmp_path: Path) -> None:
    assert type_of(tmp_path, *["1"] * 99, "x") is ColumnType.INTEGER
    assert type_of(tmp_path, *["1"] * 98, "x") is ColumnType.TEXT
    assert type_of(tmp_path, *["1"] * 990, *["x"] * 11) is ColumnType.TEXT


def test_a_chosen_type_holds_where_half_of_the_values_fit(tmp_path: Path) -> None:
    chosen = {"c_0": ColumnType.INTEGER, "c_1": ColumnType.TEXT, "c_2": ColumnType.DATE}
    cells = ["1", "x", "2"], ["1", "2", "3"], ["2026年11月1日", "2026-11-02", "2026年11月3日"]

    table, content = typed(tmp_path, *cells, wished=chosen)

    assert {column.name: column.type for column in table.columns} == chosen
    assert content["c_0"].to_pylist() == [1, None, 2]
    assert content["c_1"].to_pylist() == ["1", "2", "3"]
    assert [row[1:3] for row in set_aside(tmp_path)] == [("c_0", "x"), ("c_2", "2026-11-02")]
    with pytest.raises(TypeUnfitting):
        typed(tmp_path, ["1", "x", "y"], wished={"c_0": ColumnType.INTEGER})
    with pytest.raises(NoSuchColumn):
        typed(tmp_path, ["1"], wished={"price": ColumnType.INTEGER})


def test_money_keeps_its_digits(tmp_path: Path) -> None:
    table, content = typed(tmp_path, ["12.50", "0.05", "-3.00"])

    assert table.columns[0] == Column("c_0", ColumnType.DECIMAL, 18, 2)
    assert content["c_0"].to_pylist() == [Decimal("12.50"), Decimal("0.05"), Decimal("-3.00")]


def test_a_day_that_could_be_a_month_throughout_stays_text_and_is_told(tmp_path: Path) -> None:
    table, _ = typed(tmp_path, ["01/02/2024", "03/04/2024"])

    assert table.columns[0].type is ColumnType.TEXT
    assert table.ambiguous == ("c_0",)


def test_another_way_of_writing_dates_is_told(tmp_path: Path) -> None:
    table, content = typed(tmp_path, ["12/31/2024", "01/02/2024"], ["2024-12-31", "2024-01-02"])

    assert table.formats == {"c_0": "M/D/YYYY"}
    assert content["c_0"].to_pylist() == content["c_1"].to_pylist()
    assert content["c_0"].to_pylist()[0] == date(2024, 12, 31)


def test_no_value_is_written_in_many_ways_where_the_rest_are_numbers(tmp_path: Path) -> None:
    table, content = typed(tmp_path, ["1", "NA", "-", "", "2"], ["a", "NA", "-", "", "b"])

    assert table.columns[0].type is ColumnType.INTEGER
    assert table.nulls == {"c_0": ("-", "NA")}
    assert content["c_0"].to_pylist() == [1, None, None, None, 2]
    assert content["c_1"].to_pylist() == ["a", "NA", "-", None, "b"]


def test_a_column_of_nothing_but_na_is_text(tmp_path: Path) -> None:
    assert type_of(tmp_path, "NA", "NA") is ColumnType.TEXT


def test_a_column_without_values_is_text(tmp_path: Path) -> None:
    assert type_of(tmp_path, "", "") is ColumnType.TEXT


def test_times_with_a_zone_are_kept_as_moments(tmp_path: Path) -> None:
    _, content = typed(tmp_path, ["2024-01-01T10:00:00Z", "2024-01-01 18:00:00+08:00"])

    assert content["c_0"].to_pylist() == [datetime(2024, 1, 1, 10, tzinfo=UTC)] * 2


def test_equal_rows_make_equal_files(tmp_path: Path) -> None:
    column = [str(number) for number in range(300_000)]

    first = typed(tmp_path, column)[0].files[0].read_bytes()
    second = typed(tmp_path, column)[0].files[0].read_bytes()

    assert first == second


def test_rows_keep_their_order_over_row_groups(tmp_path: Path) -> None:
    column = [str(number * 7919 % 300_007) for number in range(300_000)]

    _, content = typed(tmp_path, column)

    assert content["c_0"].to_pylist() == [int(cell) for cell in column]


def test_pages_have_checksums(tmp_path: Path) -> None:
    table, _ = typed(tmp_path, [str(number * 7919 % 30_011) for number in range(30_000)])

    damaged = bytearray(table.files[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    table.files[0].write_bytes(damaged)

    with pytest.raises(OSError, match=r"checksum|CRC"):
        pq.read_table(table.files[0], page_checksum_verification=True)


DIGITS = st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,6})?", fullmatch=True)
CELL = st.one_of(
    DIGITS,
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    st.dates().map(str),
    st.datetimes().map(str),
    st.booleans().map(str),
    st.sampled_from([*NULL_TOKENS, "", "0", "00", "-0", "1e5", ".5", "5.", "1/2/2024"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6),
)
COLUMN = st.one_of(
    st.lists(CELL, min_size=3, max_size=3),
    *(st.lists(kind, min_size=3, max_size=3) for kind in (DIGITS, st.integers().map(str))),
)


@settings(
    max_examples=examples(40, long=120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(columns=st.lists(COLUMN, min_size=1, max_size=4))
def test_every_value_survives_under_the_rule_of_its_type(
    tmp_path: Path, columns: list[list[str]]
) -> None:
    table, content = typed(tmp_path, *columns)

    assert table.row_count == 3
    for cells, column in zip(columns, table.columns, strict=True):
        tokens = table.nulls.get(column.name, ())
        for cell, value in zip(cells, content[column.name].to_pylist(), strict=True):
            if value is None:
                assert cell == "" or cell in tokens
            else:
                assert survives(cell, value, column), (cell, value, column)


def survives(cell: str, value: object, column: Column) -> bool:
    match column.type:
        case ColumnType.TEXT | ColumnType.INTEGER:
            return str(value) == cell
        case ColumnType.DECIMAL:
            return str(value) == cell or Decimal(cell) == value == 0
        case ColumnType.DOUBLE:
            return number(cell) == number(repr(value))
        case ColumnType.BOOLEAN:
            return str(value).lower() == cell.lower()
        case ColumnType.DATE:
            return str(value) == cell or bool(table_date(cell) == value)
        case ColumnType.TIMESTAMP | ColumnType.INSTANT:
            return datetime.fromisoformat(cell) == value


def number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def table_date(cell: str) -> date | None:
    first, second, year = (int(part) for part in cell.split("/"))
    return date(year, *((first, second) if first <= 12 else (second, first)))
