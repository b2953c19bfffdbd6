"""A file that replaces, is added to or updates the rows that are there, against a plain dict."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import find, ingest, upload
from catalog.blobs import store_blob
from catalog.confine import Confinement
from catalog.curation import describe
from catalog.file_errors import (
    AlreadyPutIn,
    ColumnsDiffer,
    ColumnsUnfit,
    DatesAmbiguous,
    KeyAlreadyThere,
    KeyColumnsMissing,
    KeyEmpty,
    KeyTwiceInFile,
    KeyTwiceInTable,
    KeyUndeclared,
)
from catalog.files.wish import NO_WISH
from catalog.folders import Folders
from catalog.steps import declare, feed
from catalog.steps.row_files import RowFiles
from catalog.steps.settle import settle
from catalog.steps.table import Doing
from catalog.steps.take_step import Place, held_table
from catalog.version import Upload, Verdict, Version, VersionKind
from catalog.view import Json
from catalog.way_in import Change, Way
from policies.database import Pool
from policies.errors import Refusal
from tests.catalog.city import City, add_dataset, found_city, judge, read_in
from tests.catalog.conftest import Zygote
from tests.counts import examples
from tests.people import AT

FARES = b"stop,name,fare\nA1,East Gate,2.50\nB2,West Gate,3.00\n"


class Desk:
    """A publisher who sends one file after the other for one table."""

    def __init__(
        self, pool: Pool, confinement: Confinement, folders: Folders, key: Sequence[str] = ()
    ) -> None:
        self.pool, self.confinement, self.folders = pool, confinement, folders
        with pool.connection() as tx:
            self.city: City = found_city(tx)
        self.new_table(key)

    def new_table(self, key: Sequence[str], slug: str = "bus-stops") -> None:
        with self.pool.connection() as tx:
            self.dataset, self.distribution = add_dataset(tx, self.city, slug)
            if key:
                self.distribution = describe.change_distribution(
                    tx,
                    self.distribution,
                    title=self.distribution.title,
                    key_columns=tuple(key),
                    by=self.city.publisher,
                    at=AT,
                )

    def send(self, content: bytes, way: Way) -> Upload:
        blob = store_blob(self.folders.blobs, [content])
        with self.pool.connection() as tx:
            return upload.receive(
                tx,
                self.distribution,
                blob,
                file_name="fares.csv",
                by=self.city.publisher,
                at=AT,
                way=way,
            )

    def read(self, sent: Upload) -> Version | None:
        return read_in(self.pool, self.confinement, self.folders, sent)

    def put(self, content: bytes, way: Way) -> Version:
        version = self.read(self.send(content, way))
        assert version is not None
        return version

    def refusal(self, content: bytes, way: Way) -> Refusal:
        sent = self.send(content, way)
        assert self.read(sent) is None
        with self.pool.connection() as tx:
            failed = find.upload_with_id(tx, sent.id, by=self.city.publisher)
        assert failed.failure is not None
        return ingest.refusal_of(failed.failure)

    @property
    def place(self) -> Place:
        return Place(self.folders, RowFiles())

    @property
    def table(self) -> Path:
        return self.folders.table_of(self.distribution.id)

    def paths(self, version: Version) -> list[Path]:
        with self.pool.connection() as tx:
            return find.stored_version(tx, version.id).checked_paths(self.folders)

    def rows(self, version: Version) -> list[tuple[object, ...]]:
        paths = [str(path) for path in self.paths(version)]
        return duckdb.execute(f"SELECT * FROM read_parquet({paths})").fetchall()


@pytest.fixture
def desk(pool: Pool, zygote: Zygote, folders: Folders) -> Desk:
    return Desk(pool, zygote.confinement, folders, ("stop",))


@pytest.fixture
def keyless(pool: Pool, zygote: Zygote, folders: Folders) -> Desk:
    return Desk(pool, zygote.confinement, folders)


def counts(version: Version) -> tuple[int, int, int, int]:
    assert version.change is not None
    made = version.change
    return made.added, made.changed, made.unchanged, made.removed


def test_rows_are_appended_in_one_delta_version(keyless: Desk) -> None:
    first = keyless.put(FARES, Way.REPLACE)

    second = keyless.put(b"stop,name,fare\nC3,North Gate,4.00\n", Way.APPEND)

    assert second.delta_version == first.delta_version + 1
    assert second.parent_id == first.id
    assert [row[0] for row in keyless.rows(second)] == ["A1", "B2", "C3"]
    assert second.row_count == 3
    assert counts(second) == (1, 0, 2, 0)
    assert set(keyless.paths(first)) < set(keyless.paths(second))
    read = DeltaTable(str(keyless.table), version=second.delta_version).to_pyarrow_table()
    assert sorted(read.column("stop").to_pylist()) == ["A1", "B2", "C3"]


def test_the_same_rows_may_be_appended_again(keyless: Desk) -> None:
    for _ in range(3):
        version = keyless.put(FARES, Way.APPEND)

    assert [row[0] for row in keyless.rows(version)] == ["A1", "B2"] * 3
    assert DeltaTable(str(keyless.table)).to_pyarrow_table().num_rows == 6


def test_rows_are_updated_by_key_and_new_ones_follow(desk: Desk) -> None:
    first = desk.put(FARES, Way.REPLACE)

    second = desk.put(
        b"fare,stop,name\n3.50,B2,West Gate\n2.50,A1,East Gate\n1.00,C3,\n", Way.UPSERT
    )

    assert second.delta_version == first.delta_version + 1
    assert [(row[0], str(row[2])) for row in desk.rows(second)] == [
        ("A1", "2.50"),
        ("B2", "3.50"),
        ("C3", "1.00"),
    ]
    assert second.change == Change(Way.UPSERT, 1, 1, 1, 1, 0, ("stop",))
    assert [row[0] for row in desk.rows(first)] == ["A1", "B2"]


def test_doing_it_again_gives_the_same_version(desk: Desk) -> None:
    desk.put(FARES, Way.REPLACE)
    sent = desk.send(b"stop,name,fare\nC3,North Gate,4.00\n", Way.APPEND)

    first, again = desk.read(sent), desk.read(sent)

    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert again.row_count == 3


def test_what_a_replacing_file_changes_is_counted_by_key(desk: Desk) -> None:
    desk.put(FARES, Way.REPLACE)

    version = desk.put(b"stop,name,place\nB2,West Gate 2,x\nC3,North Gate,y\n", Way.REPLACE)

    assert version.change == Change(Way.REPLACE, 1, 1, 1, 0, 1, ("stop",), ("place",), ("fare",))


def test_without_a_key_rows_are_compared_whole(keyless: Desk) -> None:
    keyless.put(FARES + b"B2,West Gate,3.00\n", Way.REPLACE)

    version = keyless.put(FARES + b"C3,North Gate,4.00\n", Way.REPLACE)

    assert counts(version) == (1, 0, 2, 1)
    assert version.change is not None
    assert version.change.key == ()


def test_codes_and_whole_numbers_join_what_is_there(desk: Desk) -> None:
    desk.put(b"stop,code,fare\nA1,007,2.50\n", Way.REPLACE)

    version = desk.put(b"stop,code,fare\nB2,123,3\nC3,,4.5\n", Way.APPEND)

    assert [(row[1], str(row[2])) for row in desk.rows(version)] == [
        ("007", "2.50"),
        ("123", "3.00"),
        (None, "4.50"),
    ]


def test_more_digits_behind_the_point_are_kept(desk: Desk) -> None:
    desk.put(FARES, Way.REPLACE)

    version = desk.put(b"stop,name,fare\nB2,West Gate,3.125\nC3,x,0.001\n", Way.UPSERT)

    assert [str(row[2]) for row in desk.rows(version)] == ["2.500", "3.125", "0.001"]
    assert [one.scale for one in version.columns] == [None, None, 3]


def test_dates_are_read_as_the_table_writes_them(desk: Desk) -> None:
    desk.put(b"stop,day\nA1,31/12/2026\n", Way.REPLACE)

    version = desk.put(b"stop,day\nB2,03/04/2026\n", Way.APPEND)

    assert [str(row[1]) for row in desk.rows(version)] == ["2026-12-31", "2026-04-03"]


def test_dates_that_may_be_either_are_refused(desk: Desk) -> None:
    desk.put(b"stop,day\nA1,2026-12-31\n", Way.REPLACE)

    refusal = desk.refusal(b"stop,day\nB2,03/04/2026\n", Way.APPEND)

    assert isinstance(refusal, DatesAmbiguous)


@pytest.mark.parametrize("way", [Way.APPEND, Way.UPSERT])
def test_other_columns_are_refused_by_name(desk: Desk, way: Way) -> None:
    desk.put(FARES, Way.REPLACE)

    refusal = desk.refusal(b"stop,price\nC3,4\n", way)

    assert isinstance(refusal, ColumnsDiffer)
    assert (refusal.missing, refusal.unknown) == ("name, fare", "price")


def test_values_of_another_type_are_refused_by_name(desk: Desk, tmp_path: Path) -> None:
    desk.put(b"stop,seats,built\nA1,5,1999\n", Way.REPLACE)
    duckdb.execute(
        "COPY (SELECT 'B2' AS stop, 2.5 AS seats, 2001 AS built)"
        f" TO '{tmp_path / 'seats.parquet'}' (FORMAT parquet)"
    )

    refusal = desk.refusal((tmp_path / "seats.parquet").read_bytes(), Way.APPEND)

    assert isinstance(refusal, ColumnsUnfit)
    assert refusal.columns == "seats"


@pytest.mark.parametrize(
    ("content", "way", "expected"),
    [
        (b"stop,name,fare\n,x,1.00\nC3,y,2.00\n", Way.UPSERT, KeyEmpty(1, 1, "stop")),
        (b"stop,name,fare\nC3,x,1.00\nC3,y,2.00\n", Way.UPSERT, KeyTwiceInFile("stop: C3", 1)),
        (b"stop,name,fare\nB2,x,1.00\nC3,y,2.00\n", Way.APPEND, KeyAlreadyThere("stop: B2", 1)),
        (b"stop,name,fare\nD4,x,1.00\nD4,y,2.00\n", Way.APPEND, KeyTwiceInFile("stop: D4", 1)),
    ],
)
def test_keys_that_say_nothing_are_refused(
    desk: Desk, content: bytes, way: Way, expected: Refusal
) -> None:
    desk.put(FARES, Way.REPLACE)

    refusal = desk.refusal(content, way)

    assert type(refusal) is type(expected)
    assert vars(refusal) == vars(expected)


def test_a_first_file_by_key_is_held_to_its_key(desk: Desk) -> None:
    assert isinstance(desk.refusal(FARES + b"A1,again,9.00\n", Way.UPSERT), KeyTwiceInFile)


def test_a_key_that_the_table_has_twice_is_refused(desk: Desk) -> None:
    desk.put(FARES + b"B2,West Gate again,3.00\n", Way.REPLACE)

    refusal = desk.refusal(b"stop,name,fare\nB2,x,1.00\n", Way.UPSERT)

    assert isinstance(refusal, KeyTwiceInTable)
    assert refusal.key == "stop: B2"


def test_without_its_key_no_row_is_updated(keyless: Desk) -> None:
    desk = keyless
    with pytest.raises(KeyUndeclared):
        desk.send(FARES, Way.UPSERT)
    desk.new_table(["line"], "other-stops")
    desk.put(FARES, Way.REPLACE)
    assert isinstance(desk.refusal(FARES, Way.UPSERT), KeyColumnsMissing)


def test_what_was_added_is_not_read_again(keyless: Desk) -> None:
    keyless.put(FARES, Way.REPLACE)
    sent = keyless.send(b"stop,name,fare\nC3,x,1.00\n", Way.APPEND)
    keyless.read(sent)
    with keyless.pool.connection() as tx:
        read = find.upload_with_id(tx, sent.id, by=keyless.city.publisher)

        with pytest.raises(AlreadyPutIn):
            upload.read_again(tx, read, NO_WISH, by=keyless.city.publisher, at=AT)


def test_what_the_gate_held_back_is_not_built_on(desk: Desk) -> None:
    desk.put(FARES, Way.REPLACE)
    bad = desk.put(b"stop,name,fare\nC3,bad,4.00\n", Way.APPEND)
    with desk.pool.connection() as tx:
        judge(tx, bad, Verdict.BLOCKED)

    version = desk.put(b"stop,name,fare\nD4,good,4.00\n", Way.APPEND)

    assert [row[0] for row in desk.rows(version)] == ["A1", "B2", "D4"]
    assert sorted(DeltaTable(str(desk.table)).to_pyarrow_table().column("stop").to_pylist()) == [
        "A1",
        "B2",
        "D4",
    ]


def test_a_table_fed_in_steps_keeps_the_ids_of_its_rows(desk: Desk) -> None:
    first = desk.put(FARES, Way.REPLACE)
    doing = Doing(desk.city.publisher, AT)
    with desk.pool.connection() as tx:
        table = declare.give_row_ids(
            tx, desk.place, held_table(tx, desk.distribution.id), doing=doing
        )
        feed.carry_out(
            tx,
            desk.place,
            feed.plan_insert(desk.place, table, [{"stop": "C3", "name": "x", "fare": 1}]),
            doing=doing,
        )

    version = desk.put(b"stop,name,fare\nB2,new,9.00\nD4,y,2.00\n", Way.UPSERT)

    assert first.kind is VersionKind.UPLOAD
    assert version.kind is VersionKind.SETTLED
    assert [(row[0], row[1]) for row in desk.rows(version)] == [
        (1, "A1"),
        (2, "B2"),
        (3, "C3"),
        (4, "D4"),
    ]
    assert counts(version) == (1, 1, 2, 0)
    with desk.pool.connection() as tx:
        table = held_table(tx, desk.distribution.id)
        assert table.definition.next_row_id == 5
        stepped = feed.carry_out(
            tx,
            desk.place,
            feed.plan_insert(desk.place, table, [{"stop": "E5", "name": "z", "fare": 3}]),
            doing=doing,
        )
        assert stepped.version.row_count == 5
        assert settle(tx, desk.place, desk.distribution.id, at=AT) is not None


def test_a_file_goes_onto_what_came_meanwhile(desk: Desk, zygote: Zygote) -> None:
    desk.put(FARES, Way.REPLACE)
    with desk.pool.connection() as tx:
        declare.give_row_ids(
            tx,
            desk.place,
            held_table(tx, desk.distribution.id),
            doing=Doing(desk.city.publisher, AT),
        )
    sent = desk.send(b"stop,name,fare\nB2,new,9.00\n", Way.UPSERT)

    def come_between() -> None:
        with desk.pool.connection() as tx:
            table = held_table(tx, desk.distribution.id)
            plan = feed.plan_insert(desk.place, table, [{"stop": "C3", "name": "step", "fare": 1}])
            feed.carry_out(tx, desk.place, plan, doing=Doing(desk.city.publisher, AT))

    desk.confinement = Between(zygote.socket_path, come_between)

    version = desk.read(sent)

    assert version is not None
    assert [(row[1], row[2]) for row in desk.rows(version)] == [
        ("A1", "East Gate"),
        ("B2", "new"),
        ("C3", "step"),
    ]


class Between(Confinement):
    """Lets something come between the reading of a file and its being put in, once."""

    def __init__(self, socket_path: Path, come: Callable[[], None]) -> None:
        super().__init__(socket_path)
        self._come = [come]

    def run_confined(self, function: str, *rest: Any, **more: Any) -> Json:
        told = super().run_confined(function, *rest, **more)
        if function.endswith("put_together:joined") and self._come:
            self._come.pop()()
        return told


ROWS = st.dictionaries(
    st.integers(0, 12),
    st.tuples(st.sampled_from(["东", "west", "x,y", '"q"']), st.integers(0, 3)),
    max_size=8,
)
FILES = st.lists(st.tuples(st.sampled_from(list(Way)), ROWS), min_size=1, max_size=6)


def as_csv(rows: Mapping[int, tuple[str, int]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "name", "many"])
    writer.writerows([number, *values] for number, values in rows.items())
    return text.getvalue().encode()


@settings(
    max_examples=examples(6, long=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=FILES)
def test_files_do_to_a_table_what_they_do_to_a_dict(desk: Desk, files: object) -> None:
    assert isinstance(files, list)
    desk.new_table(["id"], f"t{len(list(desk.folders.tables.iterdir()))}x{id(files)}")
    model: dict[int, tuple[str, int]] = {}
    held: Version | None = None
    for way, rows in [(Way.REPLACE, {99: ("first", 1)}), *files]:
        before = dict(model)
        is_refused = way is Way.APPEND and bool(rows.keys() & model.keys())
        if is_refused or not rows:
            continue
        version = desk.put(as_csv(rows), way)
        model = dict(rows) if way is Way.REPLACE else {**model, **rows}
        if held is not None:
            both = before.keys() & model.keys()
            changed = sum(before[one] != model[one] for one in both)
            assert counts(version) == (
                len(model) - len(both),
                changed,
                len(both) - changed,
                len(before) - len(both),
            )
            # The same rows once more may be the same files, and so the same Delta version.
            is_other = desk.paths(version) != desk.paths(held)
            assert version.delta_version >= held.delta_version + is_other
        found = desk.rows(version)
        assert {row[0]: row[1:] for row in found} == model
        assert len(found) == version.row_count == len(model)
        held = version
