"""Tests of `catalog.row_store`: its pages are the engine's, for every question that it answers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.errors import DamagedServingCopy, MalformedPageMark
from catalog.row_store import ROWS_NAME, ROWS_PER_PIECE, RowStore, RowStores, open_or_build
from catalog.serving_copy import ServingCopy
from catalog.view import Condition, Operator
from catalog.warehouse import Warehouse
from tests.catalog.conftest import BuildCopy
from tests.counts import examples

EVERY_TYPE = """
    SELECT i % 7 AS k,
           CASE WHEN i % 5 = 0 THEN NULL ELSE '站"' || i END AS name,
           DATE '2026-02-03' + i::INTEGER AS day,
           TIMESTAMP '2026-02-03 04:05:06.5' AS at,
           TIMESTAMPTZ '2026-02-03 04:05:06+08' AS zoned,
           CAST(i AS DECIMAL(5, 2)) / 3 AS price,
           CAST('12345678901234567.89' AS DECIMAL(20, 2)) AS large,
           CAST(9007199254740993 AS BIGINT) + i AS whole,
           CAST(CASE i % 3 WHEN 0 THEN 'nan' WHEN 1 THEN 'inf' ELSE '0.1' END AS DOUBLE) AS part,
           encode('é') AS bytes,
           '{"a": [1, 2]}'::JSON AS held,
           i % 2 = 0 AS truth
      FROM range(200) t(i)
"""


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse()
    yield made
    made.close()


def _store(warehouse: Warehouse, copy: ServingCopy) -> RowStore:
    store = open_or_build(warehouse, copy)
    assert store is not None
    return store


def test_rows_of_every_type_are_those_of_the_engine(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    copy = build_copy(EVERY_TYPE, key=("k",))

    told = _store(warehouse, copy).page((), limit=1000, offset=0, after=None)

    assert told is not None
    expected = json.loads(warehouse.page(copy, limit=1000).as_objects())
    assert json.loads(b"[" + told.objects + b"]") == expected
    assert (told.row_count, told.total, told.next_mark) == (200, 200, None)


KEYS = st.lists(st.sampled_from(["", "a", "ab", "B", "站", "𠀀", "z\x7f", None]), max_size=30)


@settings(
    max_examples=examples(25, long=200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    KEYS,
    st.booleans(),
    st.sampled_from([None, "", "a", "ab", "B", "站", "𠀀", "none such"]),
    st.integers(0, 6),
    st.integers(0, 9),
)
def test_a_page_by_key_or_offset_is_that_of_the_engine(
    build_copy: BuildCopy,
    warehouse: Warehouse,
    keys: list[str | None],
    is_number: bool,
    wanted: str | None,
    limit: int,
    offset: int,
) -> None:
    cells = [(None if key is None else hash(key) % 5 if is_number else key) for key in keys]
    listed = ", ".join(
        f"({'NULL' if cell is None else repr(cell)}, {place})"
        for place, cell in enumerate([*cells, None])
    )
    kind = "BIGINT" if is_number else "VARCHAR"
    copy = build_copy(f"SELECT k::{kind} k, i FROM (VALUES {listed}) t(k, i)", key=("k",))
    value: str | int | None = len(wanted) if is_number and wanted is not None else wanted
    filters = () if value is None else (Condition("k", Operator.EQUAL, value),)
    store = _store(warehouse, copy)

    mark: str | None = None
    for _ in range(40):
        page = warehouse.page(copy, filters=filters, limit=limit, offset=offset, after=mark)
        told = store.page(filters, limit=limit, offset=offset, after=mark)
        if told is None:
            assert filters
            assert not any(cell is not None for cell in cells)
            return
        assert json.loads(b"[" + told.objects + b"]") == json.loads(page.as_objects())
        assert told.row_count == len(page.rows)
        assert told.total == warehouse.count(copy, filters)
        assert told.next_mark == page.next_mark
        mark = page.next_mark
        if mark is None:
            break


@pytest.mark.parametrize(
    "condition",
    [
        Condition("k", Operator.GREATER, 3),
        Condition("k", Operator.EQUAL, "3"),
        Condition("k", Operator.EQUAL, 3.5),
        Condition("k", Operator.EQUAL, value=True),
        Condition("name", Operator.EQUAL, "x"),
    ],
)
def test_any_other_question_is_the_engines(
    build_copy: BuildCopy, warehouse: Warehouse, condition: Condition
) -> None:
    store = _store(warehouse, build_copy(EVERY_TYPE, key=("k",)))

    assert store.page((condition,), limit=5, offset=0, after=None) is None


def test_a_mark_of_another_question_is_refused(build_copy: BuildCopy, warehouse: Warehouse) -> None:
    store = _store(warehouse, build_copy(EVERY_TYPE, key=("k",)))
    told = store.page((), limit=5, offset=0, after=None)
    assert told is not None

    filters = (Condition("k", Operator.EQUAL, 3),)

    with pytest.raises(MalformedPageMark):
        store.page(filters, limit=5, offset=0, after=told.next_mark)


@pytest.mark.parametrize(
    "select", ["SELECT [1] AS list", "SELECT 1 AS rowid", "SELECT 1 AS a LIMIT 0"]
)
def test_what_the_engine_alone_writes_right_is_not_written_out(
    build_copy: BuildCopy, warehouse: Warehouse, select: str
) -> None:
    assert open_or_build(warehouse, build_copy(select)) is None


def test_damaged_rows_are_noticed_and_written_again(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    copy = build_copy(EVERY_TYPE, key=("k",))
    first = _store(warehouse, copy).page((), limit=3, offset=0, after=None)
    path = copy.path(ROWS_NAME)
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))

    with pytest.raises(DamagedServingCopy):
        RowStore(copy)

    assert _store(warehouse, copy).page((), limit=3, offset=0, after=None) == first


def test_rows_are_written_out_once_they_are_asked_for_often(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    copy = build_copy(EVERY_TYPE, key=("k",))
    stores = RowStores(warehouse, asked_before=3)

    assert [stores.of(copy) for _ in range(2)] == [None, None]
    stores.close()
    assert not copy.path(ROWS_NAME).exists()

    stores = RowStores(warehouse, asked_before=3)
    assert [stores.of(copy) for _ in range(3)] == [None, None, None]
    stores.finish()
    assert stores.of(copy) is not None


def test_a_table_of_several_pieces_is_written_out_in_its_order(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    rows = 2 * ROWS_PER_PIECE + 1
    copy = build_copy(f"SELECT (i * 7919) % {rows} AS k FROM range({rows}) t(i)", key=("k",))

    store = _store(warehouse, copy)

    for first in (0, ROWS_PER_PIECE - 1, ROWS_PER_PIECE, 2 * ROWS_PER_PIECE - 1, rows - 2):
        told = store.page((), limit=2, offset=first, after=None)
        assert told is not None
        assert json.loads(b"[" + told.objects + b"]") == [{"k": first}, {"k": first + 1}]
        one = store.page((Condition("k", Operator.EQUAL, first),), limit=2, offset=0, after=None)
        assert one is not None
        assert json.loads(one.objects) == {"k": first}
