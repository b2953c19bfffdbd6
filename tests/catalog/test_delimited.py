from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import (
    CellTooLarge,
    LastLineCutOff,
    QuoteLeftOpen,
    QuoteMisplaced,
    RowsRagged,
    RowTooLarge,
)
from catalog.files.delimited import LINES_NAMED_MAX, STAGED_NAME, stage
from catalog.files.sniff import CELL_BYTES_MAX, ROW_BYTES_MAX, Shape, sniff
from tests.counts import examples


def rows_of(tmp_path: Path, content: bytes) -> list[tuple[str | None, ...]]:
    source = tmp_path / "source.csv"
    source.write_bytes(content)
    return staged(sniff(source, tmp_path), tmp_path)


def staged(shape: Shape, work: Path) -> list[tuple[str | None, ...]]:
    count = stage(shape, work, lambda _: None)
    rows = [tuple(row.values()) for row in pq.read_table(work / STAGED_NAME).to_pylist()]
    assert len(rows) == count
    return rows


def test_cells_come_as_they_are_written(tmp_path: Path) -> None:
    content = b'id,text\n007,"a, ""b"""\n08," x "\n 9 ,"two\nlines"\n10,6" pipe\n'

    assert rows_of(tmp_path, content) == [
        ("007", 'a, "b"'),
        ("08", " x "),
        (" 9 ", "two\nlines"),
        ("10", '6" pipe'),
    ]


def test_an_empty_cell_has_no_value_quoted_or_not(tmp_path: Path) -> None:
    assert rows_of(tmp_path, b'id,text\n1,\n2,""\n') == [("1", None), ("2", None)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(tmp_path: Path, end: str) -> None:
    content = end.join(["id,text", "1,a", "2,b", ""]).encode()

    assert rows_of(tmp_path, content) == [("1", "a"), ("2", "b")]


def test_empty_lines_are_rows_only_in_a_table_of_one_column(tmp_path: Path) -> None:
    assert rows_of(tmp_path, b"\n\nid,text\n\n1,a\n\n2,b\n\n") == [("1", "a"), ("2", "b")]
    assert rows_of(tmp_path, b"text\na\n\nb\n") == [("a",), (None,), ("b",)]


def test_rows_of_the_wrong_width_are_named_by_their_lines(tmp_path: Path) -> None:
    with pytest.raises(RowsRagged) as refusal:
        rows_of(tmp_path, b'id,text\n1,"a\nb"\n2,b,c\n3,c\n4\n5,e\n')

    facts = refusal.value
    assert (facts.expected, facts.line, facts.found, facts.count) == (2, 4, 3, 2)
    assert facts.lines == [4, 6]


def test_only_the_first_wrong_lines_are_listed_but_all_are_counted(tmp_path: Path) -> None:
    with pytest.raises(RowsRagged) as refusal:
        rows_of(tmp_path, b"id,text\n1,a\n" + b"1\n" * 50 + b"2,b\n" * 60)

    assert refusal.value.count == 50
    assert len(refusal.value.lines) == LINES_NAMED_MAX


def test_a_last_row_that_breaks_off_is_a_cut_file(tmp_path: Path) -> None:
    with pytest.raises(LastLineCutOff) as refusal:
        rows_of(tmp_path, b"id,text,more\n1,a,b\n2,b")

    assert (refusal.value.line, refusal.value.expected, refusal.value.found) == (3, 3, 2)


def test_a_quote_left_open_is_named_by_the_line_it_opens_in(tmp_path: Path) -> None:
    with pytest.raises(QuoteLeftOpen) as refusal:
        rows_of(tmp_path, b'id,text\n1,a\n2,"b\n3,c\n')

    assert refusal.value.line == 3


def test_text_after_a_closing_quote_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuoteMisplaced) as refusal:
        rows_of(tmp_path, b'id,text\n1,a\n2,"b" c\n3,c\n')

    assert refusal.value.line == 3


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_cells_have_a_bound(tmp_path: Path, quote: bytes) -> None:
    cell = quote + b"x" * (CELL_BYTES_MAX + 1) + quote

    with pytest.raises(CellTooLarge) as refusal:
        rows_of(tmp_path, b"id,text\n1,a\n2," + cell + b"\n")

    assert refusal.value.line == 3


def test_a_row_that_never_ends_is_not_held_in_memory(tmp_path: Path) -> None:
    with pytest.raises((RowTooLarge, CellTooLarge)):
        rows_of(tmp_path, b"id,text\n1," + b"x" * (2 * ROW_BYTES_MAX))


def test_gbk_bytes_give_the_same_rows_as_utf_8(tmp_path: Path, shared_data: Path) -> None:
    gbk, utf_8 = (
        rows_of(tmp_path, (shared_data / "tables" / name).read_bytes())
        for name in ("cn_areas_gbk.csv", "cn_areas.csv")
    )

    assert gbk == utf_8
    assert len(gbk) == 2_978


CELLS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\r\t,;\"'"), max_size=8
)


@settings(
    max_examples=examples(50, long=150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6
        )
    ),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_whatever_is_written_by_the_rules_is_read_back(
    tmp_path: Path, rows: list[list[str]], quoting: int
) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=quoting, lineterminator="\r\n").writerows(rows)  # type: ignore[arg-type]
    text = tmp_path / "property.csv"
    text.write_bytes(written.getvalue().encode())
    names = tuple(f"column_{number}" for number in range(len(rows[0])))
    shape = Shape(text, "utf-8", ",", '"', '"' in written.getvalue(), False, 0, (), names, {})

    read = staged(shape, tmp_path)

    assert read == [tuple(cell or None for cell in row) for row in rows]
