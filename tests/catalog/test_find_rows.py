"""Rows that filters and words find, against what Python says of the same rows."""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.find_rows import count_rows, find_rows, stream_rows
from catalog.readable_rows import Source, TableFiles, source_of
from catalog.row_search.errors import ColumnUnknown, ValueUnfit, WordsMalformed
from catalog.row_search.question import (
    All,
    AnyOf,
    Compare,
    Filter,
    OneOf,
    Order,
    RowQuestion,
    Sign,
    Words,
)
from catalog.steps.field import Field, schema_of
from catalog.steps.row_files import RowFiles
from catalog.warehouse import Warehouse
from tests.counts import examples

FIELDS = (Field("n", "int4"), Field("t", "text"), Field("f", "float8"))
TEXTS = ("", "a", "B", "O'Hara", "站", '{"x":1}', "%", "\\")
ROWS: list[tuple[int, int | None, str | None, float | None]] = [
    (
        number + 1,
        None if number % 7 == 0 else number % 5 - 2,
        None if number % 11 == 0 else TEXTS[number % len(TEXTS)],
        None if number % 5 == 0 else number / 4,
    )
    for number in range(60)
]
NAMES = ("_id", "n", "t", "f")
_SIGNS: dict[Sign, Callable[[Any, Any], bool]] = {
    Sign.EQUAL: operator.eq,
    Sign.GREATER: operator.gt,
    Sign.AT_LEAST: operator.ge,
    Sign.LESS: operator.lt,
    Sign.AT_MOST: operator.le,
}


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    columns = list(zip(*ROWS, strict=True))
    schema = schema_of(FIELDS)
    rows = pa.Table.from_arrays(
        [pa.array(one, field.type) for one, field in zip(columns, schema, strict=True)],
        schema=schema,
    )
    folder = tmp_path_factory.mktemp("rows")
    files = RowFiles()
    paths: list[Path] = []
    for start in range(0, len(ROWS), 25):
        paths += [one.path for one in files.write(folder, rows.slice(start, 25))]
    return source_of(TableFiles(tuple(paths), FIELDS, len(ROWS)), {})


VALUES = {
    "_id": st.integers(-5, 70),
    "n": st.integers(-4, 4) | st.sampled_from(["1", "-2"]),
    "t": st.sampled_from([*TEXTS, "zz", "'; DROP TABLE x"]),
    "f": st.integers(-1, 15).map(lambda n: n / 4),
}
COMPARES = st.sampled_from(NAMES).flatmap(
    lambda name: (
        st.builds(Compare, st.just(name), st.sampled_from(Sign), VALUES[name])
        | st.builds(
            OneOf,
            st.just(name),
            st.lists(VALUES[name] | st.none(), max_size=4).map(tuple),
        )
        | st.just(Compare(name, Sign.EQUAL, None))
    )
)
FILTERS: st.SearchStrategy[Filter] = st.recursive(
    COMPARES,
    lambda inner: (
        st.builds(All, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


def holds(wanted: Filter, row: dict[str, Any]) -> bool:
    """The same in Python; an empty cell is met by nothing but the question for it."""
    match wanted:
        case All(parts):
            return all(holds(one, row) for one in parts)
        case AnyOf(parts):
            return any(holds(one, row) for one in parts)
        case OneOf(column, values):
            return any(holds(Compare(column, Sign.EQUAL, one), row) for one in values)
        case Compare(column, sign, value):
            cell = row[column]
            if value is None:
                return cell is None and sign is Sign.EQUAL
            if cell is None:
                return False
            if column == "n":
                value = int(str(value))
            return _SIGNS[sign](
                cell.encode() if isinstance(cell, str) else cell,
                value.encode() if isinstance(value, str) else value,
            )


@settings(max_examples=examples(50, long=150), deadline=None)
@given(wanted=FILTERS, limit=st.integers(0, 70), offset=st.integers(0, 70))
def test_filters_find_what_python_finds(
    warehouse: Warehouse, source: Source, wanted: Filter, limit: int, offset: int
) -> None:
    expected = [row for row in ROWS if holds(wanted, dict(zip(NAMES, row, strict=True)))]

    question = RowQuestion(filter=wanted, limit=limit, offset=offset)
    found = find_rows(warehouse, source, question)

    assert list(found.rows) == expected[offset : offset + limit]
    assert count_rows(warehouse, source, question) == len(expected)


@pytest.mark.parametrize("descends", [False, True])
@pytest.mark.parametrize("nulls_first", [None, False, True])
def test_an_order_puts_empty_cells_where_they_were_asked_for(
    warehouse: Warehouse, source: Source, descends: bool, nulls_first: bool | None
) -> None:
    question = RowQuestion(order=(Order("f", descends, nulls_first),), columns=("f",))

    cells = [row[0] for row in find_rows(warehouse, source, question).rows]

    first = descends if nulls_first is None else nulls_first
    nulls = [cell for cell in cells if cell is None]
    rest = sorted((row[3] for row in ROWS if row[3] is not None), reverse=descends)
    assert cells == (nulls + rest if first else rest + nulls)
    assert nulls


def test_rows_come_in_batches_that_together_are_all(warehouse: Warehouse, source: Source) -> None:
    columns, batches = stream_rows(warehouse, source, RowQuestion(), batch_rows=7)

    assert [one.name for one in columns] == list(NAMES)
    assert [row for batch in batches for row in batch] == ROWS


def test_words_match_whole_and_chinese_anywhere(warehouse: Warehouse, source: Source) -> None:
    def found(text: str, column: str | None = None) -> int:
        return count_rows(warehouse, source, RowQuestion(words=(Words(text, column),)))

    assert found("o'hara") == sum(1 for row in ROWS if row[2] == "O'Hara")
    assert found("站", "t") == sum(1 for row in ROWS if row[2] == "站")
    assert found("har") == 0
    assert found("") == 0


def test_what_cannot_be_asked_is_refused(warehouse: Warehouse, source: Source) -> None:
    for question, refusal in (
        (RowQuestion(filter=Compare("nowhere", Sign.EQUAL, 1)), ColumnUnknown),
        (RowQuestion(columns=("nowhere",)), ColumnUnknown),
        (RowQuestion(order=(Order("nowhere"),)), ColumnUnknown),
        (RowQuestion(filter=Compare("n", Sign.EQUAL, "many")), ValueUnfit),
        (RowQuestion(filter=Compare("t", Sign.EQUAL, "\0source\0")), ValueUnfit),
        (RowQuestion(filter=Compare("t", Sign.EQUAL, ("a",))), ValueUnfit),
        (RowQuestion(words=(Words("a & & b"),), is_plain=False), WordsMalformed),
        (RowQuestion(words=(Words("(" * 100),), is_plain=False), WordsMalformed),
    ):
        with pytest.raises(refusal):
            find_rows(warehouse, source, question)
