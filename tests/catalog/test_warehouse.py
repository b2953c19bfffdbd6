"""Tests of `catalog.warehouse`."""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.build_copy import build_serving_copy
from catalog.errors import (
    DamagedServingCopy,
    MalformedPageMark,
    MalformedView,
    MaskKeyMissing,
    NoSuchColumn,
    PageOutOfBounds,
    UnfitValue,
)
from catalog.mask import Mask, MaskKind
from catalog.serving_copy import (
    CSV_NAME,
    DATABASE_NAME,
    MANIFEST_NAME,
    PARQUET_NAME,
    ServingCopy,
    open_serving_copy,
)
from catalog.view import EVERYTHING, Condition, Operator, View
from catalog.warehouse import PAGE_ROWS_MAX, Sort, Warehouse
from tests.catalog.conftest import MASK_KEY, BuildCopy
from tests.counts import examples

PEOPLE = """
    SELECT * FROM (VALUES
        (3, '周一', '13800000003', 'B', 30),
        (1, '吴二', '13800000001', 'A', 10),
        (2, NULL,   '138',         'A', NULL),
        (4, '',     '13800000004', 'B', 40)
    ) AS people(id, name, phone, district, age)
"""


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    opened = Warehouse()
    yield opened
    opened.close()


def equal(column: str, value: str | float) -> Condition:
    return Condition(column, Operator.EQUAL, value)


def test_a_copy_holds_the_rows_sorted_by_the_key(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    copy = build_copy(PEOPLE, key=("id",))

    page = warehouse.page(copy, limit=10)

    assert [row[0] for row in page.rows] == [1, 2, 3, 4]
    assert (copy.rows, copy.key, page.total, page.next_mark) == (4, ("id",), 4, None)


def test_all_three_files_hold_the_same_rows(build_copy: BuildCopy) -> None:
    copy = build_copy(PEOPLE, key=("id",))

    with copy.path(CSV_NAME).open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    parquet = pyarrow.parquet.read_table(
        copy.path(PARQUET_NAME), page_checksum_verification=True
    ).to_pylist()

    assert not copy.path(CSV_NAME).read_bytes().startswith(b"\xef\xbb\xbf")
    assert lines[0] == ["id", "name", "phone", "district", "age"]
    assert [line[0] for line in lines[1:]] == ["1", "2", "3", "4"]
    assert [row["id"] for row in parquet] == [1, 2, 3, 4]
    metadata = pyarrow.parquet.read_metadata(copy.path(PARQUET_NAME))
    assert metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_file_has_no_index(build_copy: BuildCopy) -> None:
    copy = build_copy(PEOPLE, key=("id",))

    with duckdb.connect(str(copy.path(DATABASE_NAME)), read_only=True) as engine:
        indexes = engine.execute("SELECT count(*) FROM duckdb_indexes()").fetchall()
        tables = engine.execute("SELECT table_name FROM duckdb_tables()").fetchall()

    assert (indexes, tables) == ([(0,)], [("data",)])


def test_what_a_view_hides_is_in_none_of_the_files(build_copy: BuildCopy) -> None:
    view = View(
        columns=("id", "phone", "district"),
        rows=(equal("district", "A"), Condition("age", Operator.AT_LEAST, 5)),
        masks={"phone": Mask(MaskKind.PARTIAL, 3, 2)},
    )

    copy = build_copy(PEOPLE, view, key=("id",))

    assert copy.rows == 1
    for file in (CSV_NAME, DATABASE_NAME, PARQUET_NAME, MANIFEST_NAME):
        data = copy.path(file).read_bytes()
        for hidden in ("周一", "吴二", "13800000003", "13800000001", "age"):
            assert hidden.encode() not in data


@given(
    count=st.integers(1, 6),
    columns=st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
    dropped=st.lists(st.sampled_from("abcd"), max_size=2, unique=True),
    from_row=st.integers(0, 6),
    other_than=st.integers(0, 6),
    decided_by=st.sampled_from("abcd"),
)
@settings(
    max_examples=examples(15, long=200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_a_view_hides_is_in_none_of_its_files(
    build_copy: BuildCopy,
    count: int,
    columns: list[str],
    dropped: list[str],
    from_row: int,
    other_than: int,
    decided_by: str,
) -> None:
    def cell(column: str, row: int) -> str:
        return f"{row}:value of {column}"

    listed = ", ".join(f"range || ':value of {column}' AS {column}" for column in "abcd")
    view = View(
        tuple(columns),
        rows=(
            Condition(decided_by, Operator.AT_LEAST, cell(decided_by, from_row)),
            Condition(decided_by, Operator.NOT_EQUAL, cell(decided_by, other_than)),
        ),
        masks={column: Mask(MaskKind.DROP) for column in dropped},
    )
    if not set(columns) - set(dropped):
        return  # a view of nothing is refused, by tests of its own

    copy = build_copy(f"SELECT {listed} FROM range({count})", view, key=("a",))

    shown = [column for column in columns if column not in dropped]
    rows = [row for row in range(from_row, count) if row != other_than]
    expected = sorted(tuple(cell(column, row) for column in shown) for row in rows)
    parquet = pyarrow.parquet.read_table(copy.path(PARQUET_NAME))
    with duckdb.connect(str(copy.path(DATABASE_NAME)), read_only=True) as engine:
        held = engine.execute("SELECT * FROM data").fetchall()
    assert sorted(held) == expected
    assert parquet.column_names == shown
    assert sorted(zip(*parquet.to_pydict().values(), strict=True)) == expected
    hidden = {cell(column, row) for column in "abcd" for row in range(count)}
    hidden -= {one for row in expected for one in row}
    for file in (CSV_NAME, DATABASE_NAME, PARQUET_NAME):
        data = copy.path(file).read_bytes()
        assert [one for one in hidden if one.encode() in data] == []


def test_a_partial_mask_hides_a_value_that_is_too_short_altogether(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    view = View(("id", "phone"), masks={"phone": Mask(MaskKind.PARTIAL, 3, 2)})

    page = warehouse.page(build_copy(PEOPLE, view, key=("id",)), limit=2)

    assert page.rows == [(1, "138******01"), (2, "***")]


def test_a_hash_is_an_hmac_under_the_masking_key(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    view = View(("id", "name"), masks={"name": Mask(MaskKind.HASH)})

    page = warehouse.page(build_copy(PEOPLE, view, key=("id",)), limit=2)

    expected = hmac.new(MASK_KEY, "吴二".encode(), hashlib.sha256).hexdigest()
    assert page.rows == [(1, expected), (2, None)]


def test_a_hash_without_a_masking_key_is_refused(tmp_path: Path) -> None:
    duckdb.execute(f"COPY ({PEOPLE}) TO '{tmp_path}/in.parquet' (FORMAT parquet)")
    view = View(masks={"name": Mask(MaskKind.HASH)})

    with pytest.raises(MaskKeyMissing):
        build_serving_copy([tmp_path / "in.parquet"], view, tmp_path / "copy", key=())

    assert sorted(path.name for path in tmp_path.iterdir()) == [".copy.lock", "in.parquet"]


def test_the_order_of_rows_does_not_tell_a_key_that_is_masked(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    view = View(("age", "district"), masks={})

    copy = build_copy(PEOPLE, view, key=("id",))

    assert copy.key == ()
    assert warehouse.page(copy, limit=9).rows == [(10, "A"), (30, "B"), (40, "B"), (None, "A")]


def test_a_mask_does_not_change_which_rows_its_column_picks(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    view = View(rows=(equal("phone", "138"),), masks={"phone": Mask(MaskKind.PARTIAL, 1, 0)})

    copy = build_copy(PEOPLE, view, key=("id",))

    assert [row[2] for row in warehouse.page(copy, limit=9).rows] == ["1**"]


@pytest.mark.parametrize(
    "view",
    [View(("nope",)), View(rows=(equal("nope", 1),)), View(masks={"nope": Mask(MaskKind.DROP)})],
)
def test_a_view_of_other_columns_is_refused(build_copy: BuildCopy, view: View) -> None:
    with pytest.raises(MalformedView):
        build_copy(PEOPLE, view)


def test_a_view_whose_value_does_not_fit_its_column_is_refused(build_copy: BuildCopy) -> None:
    view = View(rows=(equal("age", "many"),))

    with pytest.raises(UnfitValue):
        build_copy(PEOPLE, view)


def test_a_damaged_copy_is_noticed_and_built_again(build_copy: BuildCopy, tmp_path: Path) -> None:
    copy = build_copy(PEOPLE, key=("id",))
    with copy.path(PARQUET_NAME).open("r+b") as file:
        file.seek(40)
        byte = file.read(1)
        file.seek(40)
        file.write(bytes([byte[0] ^ 1]))

    with pytest.raises(DamagedServingCopy):
        open_serving_copy(copy.folder)

    again = build_serving_copy([tmp_path / "0.parquet"], EVERYTHING, copy.folder, key=("id",))
    assert open_serving_copy(copy.folder) == again


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format_version": 0}', b"null"])
def test_a_manifest_that_cannot_be_read_means_a_damaged_copy(
    build_copy: BuildCopy, content: bytes
) -> None:
    copy = build_copy(PEOPLE)
    copy.path(MANIFEST_NAME).write_bytes(content)

    with pytest.raises(DamagedServingCopy):
        open_serving_copy(copy.folder)


def test_a_missing_copy_is_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(DamagedServingCopy):
        open_serving_copy(tmp_path / "absent")


def test_builders_at_the_same_time_all_get_the_one_copy(tmp_path: Path) -> None:
    duckdb.execute(f"COPY ({PEOPLE}) TO '{tmp_path}/in.parquet' (FORMAT parquet)")
    built: list[ServingCopy] = []

    def build() -> None:
        built.append(
            build_serving_copy([tmp_path / "in.parquet"], EVERYTHING, tmp_path / "c", key=("id",))
        )

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(built) == 4
    assert all(copy == built[0] for copy in built)
    assert {path.name for path in tmp_path.iterdir()} == {".c.lock", "c", "in.parquet"}


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        (equal("id", 2), [2]),
        (equal("id", "2"), [2]),
        (equal("id", 2.0), [2]),
        (equal("id", 2.5), []),
        (equal("id", 10**30), []),
        (equal("name", ""), [4]),
        (equal("name", "周一"), [3]),
        (equal("name", "' OR '1'='1"), []),
        (equal("name", "\\' OR 1=1 --"), []),
        (Condition("id", Operator.NOT_EQUAL, 2), [1, 3, 4]),
        (Condition("age", Operator.LESS, 30), [1]),
        (Condition("age", Operator.AT_MOST, 30), [1, 3]),
        (Condition("age", Operator.GREATER, "29.5"), [3, 4]),
        (Condition("age", Operator.IS_EMPTY), [2]),
        (Condition("name", Operator.IS_NOT_EMPTY), [1, 3, 4]),
        (Condition("id", Operator.ONE_OF, (4, "1")), [1, 4]),
        (Condition("phone", Operator.STARTS_WITH, "13800"), [1, 3, 4]),
        (Condition("phone", Operator.CONTAINS, "0000003"), [3]),
        (Condition("name", Operator.CONTAINS, "%"), []),
    ],
)
def test_filters_pick_rows(
    build_copy: BuildCopy, warehouse: Warehouse, condition: Condition, ids: list[int]
) -> None:
    copy = build_copy(PEOPLE, key=("id",))

    page = warehouse.page(copy, columns=["id"], filters=[condition], limit=10)

    assert [row[0] for row in page.rows] == ids
    assert page.total == len(ids)
    assert warehouse.count(copy, [condition]) == len(ids)


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "two"), ("id", "nan"), ("id", "1; DROP TABLE data"), ("id", True), ("day", "soon")],
)
def test_a_value_that_does_not_fit_its_column_is_refused(
    build_copy: BuildCopy, warehouse: Warehouse, column: str, value: str
) -> None:
    copy = build_copy("SELECT 1 AS id, DATE '2026-01-02' AS day")

    with pytest.raises(UnfitValue):
        warehouse.page(copy, filters=[equal(column, value)], limit=1)
    with pytest.raises(UnfitValue):
        warehouse.count(copy, [equal(column, value)])


def test_a_column_that_is_not_there_is_refused(build_copy: BuildCopy, warehouse: Warehouse) -> None:
    copy = build_copy(PEOPLE)

    with pytest.raises(NoSuchColumn):
        warehouse.page(copy, columns=['id" FROM data; --'], limit=1)
    with pytest.raises(NoSuchColumn):
        warehouse.page(copy, sort=[Sort("rowid")], limit=1)
    with pytest.raises(NoSuchColumn):
        warehouse.page(copy, filters=[equal("ID", 1)], limit=1)


@pytest.mark.parametrize(("limit", "offset"), [(-1, 0), (PAGE_ROWS_MAX + 1, 0), (1, -1)])
def test_a_page_out_of_bounds_is_refused(
    build_copy: BuildCopy, warehouse: Warehouse, limit: int, offset: int
) -> None:
    with pytest.raises(PageOutOfBounds):
        warehouse.page(build_copy(PEOPLE), limit=limit, offset=offset)


@pytest.mark.parametrize(
    "name", ['say "hi"', "a]b", "c'd", "列", "; DROP TABLE data; --", "{source}", "#1", "rowid"]
)
def test_any_column_name_can_be_read_and_filtered_and_sorted(
    build_copy: BuildCopy, warehouse: Warehouse, name: str
) -> None:
    quoted = name.replace('"', '""')
    copy = build_copy(f'SELECT range AS "{quoted}", 1 AS other FROM range(3)', key=(name,))

    page = warehouse.page(
        copy,
        columns=[name],
        filters=[Condition(name, Operator.AT_LEAST, 1)],
        sort=[Sort(name, is_descending=True)],
        limit=1,
    )

    assert json.loads(page.as_objects()) == [{name: 2}]
    rest = warehouse.page(
        copy,
        columns=[name],
        filters=[Condition(name, Operator.AT_LEAST, 1)],
        sort=[Sort(name, is_descending=True)],
        limit=1,
        after=page.next_mark,
    )
    assert json.loads(rest.as_objects()) == [{name: 1}]


def test_values_become_json_in_their_documented_forms(
    build_copy: BuildCopy, warehouse: Warehouse
) -> None:
    copy = build_copy(
        """
        SELECT DATE '2026-02-03' AS day,
               TIMESTAMP '2026-02-03 04:05:06.5' AS at,
               TIMESTAMPTZ '2026-02-03 04:05:06+08' AS zoned,
               TIME '04:05:06' AS clock,
               CAST('1.10' AS DECIMAL(5, 2)) AS price,
               CAST('12345678901234567.89' AS DECIMAL(20, 2)) AS large,
               CAST(9007199254740993 AS BIGINT) AS whole,
               CAST('nan' AS DOUBLE) AS nothing,
               CAST('inf' AS DOUBLE) AS endless,
               encode('é') AS bytes,
               [1, NULL, 3] AS list,
               {'a': 1.5, 'b': 'x'} AS record,
               true AS truth,
               NULL::VARCHAR AS empty,
               uuid '00000000-0000-0000-0000-000000000001' AS uuid
        """
    )

    (row,) = json.loads(warehouse.page(copy, limit=1).as_objects())

    assert row == {
        "day": "2026-02-03",
        "at": "2026-02-03T04:05:06.5",
        "zoned": "2026-02-02T20:05:06+00:00",
        "clock": "04:05:06",
        "price": 1.1,
        "large": "12345678901234567.89",
        "whole": 9007199254740993,
        "nothing": None,
        "endless": None,
        "bytes": "w6k=",
        "list": [1, None, 3],
        "record": {"a": 1.5, "b": "x"},
        "truth": True,
        "empty": None,
        "uuid": "00000000-0000-0000-0000-000000000001",
    }


ROWS = st.lists(
    st.tuples(st.integers(0, 3) | st.none(), st.sampled_from(["a", "b", "B", "", None])),
    max_size=12,
)


@settings(
    max_examples=examples(10, long=25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ROWS,
    st.lists(st.tuples(st.sampled_from(["n", "s"]), st.booleans()), max_size=2),
    st.booleans(),
    st.integers(1, 5),
)
def test_pages_one_after_the_other_give_every_row_once_and_in_order(
    build_copy: BuildCopy,
    rows: list[tuple[int | None, str | None]],
    sort: list[tuple[str, bool]],
    is_filtered: bool,
    limit: int,
) -> None:
    listed = ", ".join(
        f"({'NULL' if n is None else n}, {'NULL' if s is None else repr(s)}, {place})"
        for place, (n, s) in enumerate([*rows, (None, None)])
    )
    copy = build_copy(f"SELECT n::INTEGER n, s::VARCHAR s, i FROM (VALUES {listed}) t(n, s, i)")
    filters = [Condition("i", Operator.LESS, len(rows))] if is_filtered else []
    order = [Sort(column, is_descending=down) for column, down in sort]
    warehouse = Warehouse()

    whole = warehouse.page(copy, filters=filters, sort=order, limit=100).rows
    read: list[object] = []
    mark: str | None = None
    while True:
        page = warehouse.page(copy, filters=filters, sort=order, limit=limit, after=mark)
        read.extend(page.rows)
        mark = page.next_mark
        if mark is None:
            break
    warehouse.close()

    assert read == list(whole)
    assert len(read) == len(rows) + (not is_filtered)


def test_a_mark_of_another_question_is_refused(build_copy: BuildCopy, warehouse: Warehouse) -> None:
    copy = build_copy(PEOPLE, key=("id",))
    mark = warehouse.page(copy, limit=1).next_mark

    with pytest.raises(MalformedPageMark):
        warehouse.page(copy, sort=[Sort("age")], limit=1, after=mark)


@pytest.mark.parametrize("mark", ["", "x", "=", "bnVsbA", "W10", "WyJhIl0", "é", "a" * 5000])
def test_a_mark_that_was_never_given_out_is_refused(
    build_copy: BuildCopy, warehouse: Warehouse, mark: str
) -> None:
    with pytest.raises(MalformedPageMark):
        warehouse.page(build_copy(PEOPLE), limit=1, after=mark)


def test_many_threads_read_more_copies_than_may_be_open(build_copy: BuildCopy) -> None:
    copies = [build_copy(f"SELECT {number} AS n FROM range(50)") for number in range(4)]
    warehouse = Warehouse(open_copies_max=2)
    wrong: list[object] = []

    def read(first: int) -> None:
        for turn in range(60):
            number = (first + turn) % 4
            page = warehouse.page(copies[number], limit=50)
            if page.rows != [(number,)] * 50:
                wrong.append((number, page.rows))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    warehouse.close()

    assert wrong == []


def test_a_copy_that_was_built_again_is_read_anew(
    build_copy: BuildCopy, warehouse: Warehouse, tmp_path: Path
) -> None:
    copy = build_copy("SELECT 1 AS n", key=("n",))
    assert warehouse.page(copy, limit=1).rows == [(1,)]
    duckdb.execute(f"COPY (SELECT 2 AS n) TO '{tmp_path}/new.parquet' (FORMAT parquet)")
    copy.path(CSV_NAME).write_bytes(b"")

    again = build_serving_copy([tmp_path / "new.parquet"], EVERYTHING, copy.folder, key=("n",))

    assert warehouse.page(again, limit=1).rows == [(2,)]
