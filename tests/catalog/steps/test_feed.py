"""Tables that are fed in steps: rows in, changed, out; one commit and one version a batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.dataset import DistributionId
from catalog.ingest import sweep
from catalog.row_search.question import EVERY_ROW, Compare, OneOf, Sign
from catalog.steps import declare, feed, settle
from catalog.steps.errors import CellUnfit, FieldsUnknown, KeyNeeded, KeyNotFound, KeyTaken
from catalog.steps.feed import Method
from catalog.steps.field import Field
from catalog.steps.row_files import RowFiles
from catalog.steps.table import Doing, Stepped, Table
from catalog.steps.take_step import Place, held_table, paths_of
from catalog.store import versions as version_store
from catalog.version import VersionKind
from policies.database import Pool, Tx
from policies.roles import SYSTEM
from tests.catalog.city import add_dataset, folders_in, found_city
from tests.counts import examples
from tests.people import AT

DOING = Doing(SYSTEM, AT)
FIELDS = (Field("k", "int4"), Field("v", "text"), Field("n", "numeric"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folders_in(tmp_path), RowFiles())


def made(tx: Tx, place: Place, *, key: Sequence[str] = ("k",)) -> DistributionId:
    _, distribution = add_dataset(tx, found_city(tx))
    table = declare.create(tx, place, declare.table_of(tx, distribution.id), FIELDS, doing=DOING)
    declare.define(tx, place, table, primary_key=key, indexes=None, infos=None)
    return distribution.id


def insert(tx: Tx, place: Place, of: DistributionId, records: list[dict[str, object]]) -> Stepped:
    plan = feed.plan_insert(place, held_table(tx, of), records)  # type: ignore[arg-type]
    return feed.carry_out(tx, place, plan, doing=DOING)


def upsert(
    tx: Tx,
    place: Place,
    of: DistributionId,
    records: list[dict[str, object]],
    method: Method = Method.UPSERT,
) -> Stepped:
    plan = feed.plan_upsert(place, held_table(tx, of), records, method=method)  # type: ignore[arg-type]
    return feed.carry_out(tx, place, plan, doing=DOING)


def rows(tx: Tx, place: Place, of: DistributionId) -> list[tuple[object, ...]]:
    return read(place, held_table(tx, of))


def read(place: Place, table: Table) -> list[tuple[object, ...]]:
    paths = [str(path) for path in paths_of(place, table)]
    found = duckdb.execute("SELECT * FROM read_parquet($paths)", {"paths": paths})
    return found.fetchall()


def test_rows_keep_their_ids_while_they_change(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    insert(tx, place, table, [{"k": 1, "v": "a"}, {"k": 2, "v": "b", "n": "1.5"}])

    upsert(tx, place, table, [{"k": 3, "v": "c"}, {"k": 1, "n": 7}])

    assert [row[:3] for row in rows(tx, place, table)] == [(1, 1, "a"), (2, 2, "b"), (3, 3, "c")]
    assert rows(tx, place, table)[0][3] == 7


def test_each_batch_is_one_delta_commit_and_one_version_that_tells_its_parent(
    tx: Tx, place: Place
) -> None:
    table = made(tx, place)
    first = insert(tx, place, table, [{"k": 1}]).version

    second = insert(tx, place, table, [{"k": 2}]).version

    assert (second.number, second.parent_id, second.kind) == (3, first.id, VersionKind.STEP)
    assert second.delta_version == first.delta_version + 1
    delta = DeltaTable(str(place.folders.table_of(table)))
    assert delta.version() == second.delta_version
    assert {uri.rsplit("/", 1)[-1] for uri in delta.file_uris()} == {
        file.path for file in version_store.files_of(tx, second.id)
    }


def test_lists_of_versions_fold_steps(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    for k in range(5):
        insert(tx, place, table, [{"k": k}])

    listed = version_store.versions_of(tx, [table], limit=100)

    assert [version.number for version in listed] == [6]


def test_a_batch_is_all_or_nothing(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    insert(tx, place, table, [{"k": 1}])

    with pytest.raises(CellUnfit) as refused:
        insert(tx, place, table, [{"k": 2}, {"k": "three"}])
    with pytest.raises(KeyTaken):
        insert(tx, place, table, [{"k": 4}, {"k": 1}])
    with pytest.raises(KeyTaken):
        insert(tx, place, table, [{"k": 5}, {"k": 5}])
    with pytest.raises(FieldsUnknown):
        insert(tx, place, table, [{"k": 6, "other": 1}])

    assert (refused.value.row_number, refused.value.column) == (2, "k")
    assert refused.value.reason == 'invalid input syntax for type integer: "three"'
    assert [row[1] for row in rows(tx, place, table)] == [1]


def test_an_update_of_a_row_that_is_not_there_is_refused(tx: Tx, place: Place) -> None:
    table = made(tx, place)

    with pytest.raises(KeyNotFound):
        upsert(tx, place, table, [{"k": 1}], Method.UPDATE)


def test_a_table_without_a_key_takes_changes_by_row_id_alone(tx: Tx, place: Place) -> None:
    table = made(tx, place, key=())
    insert(tx, place, table, [{"k": 1, "v": "a"}])

    with pytest.raises(KeyNeeded):
        upsert(tx, place, table, [{"k": 1, "v": "b"}])
    upsert(tx, place, table, [{"_id": 1, "v": "b"}, {"_id": 9, "v": "z"}, {"_id": 5, "v": "y"}])

    assert [row[:3] for row in rows(tx, place, table)] == [
        (1, 1, "b"),
        (5, None, "y"),
        (9, None, "z"),
    ]
    assert insert(tx, place, table, [{"k": 2}]).row_count == 1
    assert rows(tx, place, table)[-1][0] == 10


def test_rows_that_a_filter_finds_are_deleted_and_an_empty_table_keeps_its_columns(
    tx: Tx, place: Place
) -> None:
    table = made(tx, place)
    insert(tx, place, table, [{"k": k} for k in range(10)])

    few = feed.delete_rows(
        tx, place, held_table(tx, table), Compare("k", Sign.GREATER, 6), doing=DOING
    )
    none = feed.delete_rows(
        tx, place, held_table(tx, table), Compare("k", Sign.EQUAL, 99), doing=DOING
    )
    rest = feed.delete_rows(tx, place, held_table(tx, table), EVERY_ROW, doing=DOING)

    assert few is not None
    assert few.row_count == 3
    assert none is None
    assert rest is not None
    assert rows(tx, place, table) == []
    insert(tx, place, table, [{"k": 1}])
    assert rows(tx, place, table)[0][0] == 11


def test_small_files_are_merged_and_nothing_of_the_rows_changes(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    asked = [insert(tx, place, table, [{"k": k, "v": "x" * k}]).needs_merging for k in range(30)]
    before = rows(tx, place, table)

    merged = settle.merge_small_files(tx, place, table, at=AT)

    assert any(asked)
    assert merged is not None
    assert len(version_store.files_of(tx, merged.id)) == 1
    assert rows(tx, place, table) == before


def test_without_any_job_the_number_of_files_stays_bounded(tx: Tx, place: Place) -> None:
    table = made(tx, place, key=())
    newest = max(
        len(version_store.files_of(tx, insert(tx, place, table, [{"k": k}]).version.id))
        for k in range(120)
    )

    assert newest <= 98
    assert len(rows(tx, place, table)) == 120


def test_a_settled_version_has_the_rows_of_the_last_step(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    step = insert(tx, place, table, [{"k": 1}]).version

    settled = settle.settle(tx, place, table, at=AT)

    assert settled is not None
    assert (settled.kind, settled.parent_id) == (VersionKind.SETTLED, step.id)
    assert settle.settle(tx, place, table, at=AT) is None


def test_columns_come_and_go_with_their_values(tx: Tx, place: Place) -> None:
    table = made(tx, place)
    insert(tx, place, table, [{"k": 1, "v": "a"}])

    declare.change_fields(
        tx,
        place,
        held_table(tx, table),
        (Field("k", "int4"), Field("v", "text"), Field("t", "timestamp")),
        doing=DOING,
    )

    assert rows(tx, place, table) == [(1, 1, "a", None)]


def test_what_a_killed_step_left_in_the_log_is_replaced(pool: Pool, place: Place) -> None:
    with pool.connection() as tx:
        table = made(tx, place)
        insert(tx, place, table, [{"k": 1}])

    with pool.connection() as tx, tx.transaction(force_rollback=True):
        # The Delta commit is there, the version row is not: as after a kill before the commit.
        insert(tx, place, table, [{"k": 2}])
    with pool.connection() as tx:
        insert(tx, place, table, [{"k": 3}])

        assert [row[1] for row in rows(tx, place, table)] == [1, 3]
        delta = DeltaTable(str(place.folders.table_of(table)))
        newest = version_store.newest_version(tx, table)
        assert newest is not None
        assert {uri.rsplit("/", 1)[-1] for uri in delta.file_uris()} == {
            file.path for file in version_store.files_of(tx, newest.id)
        }
        assert delta.version() == newest.delta_version
    assert sweep(pool, place.folders, table) == 0


CELLS = st.fixed_dictionaries(
    {},
    optional={
        "v": st.none() | st.sampled_from(["", "a", "b", "站"]),
        "n": st.none() | st.integers(-3, 3),
    },
)
BATCHES = st.lists(
    st.tuples(
        st.sampled_from(["upsert", "delete", "merge"]),
        st.lists(st.tuples(st.integers(0, 8), CELLS), max_size=4),
    ),
    max_size=6,
)


@settings(
    max_examples=examples(8, long=30),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=BATCHES)
def test_any_feeding_gives_what_a_dictionary_would_hold(
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[tuple[str, list[tuple[int, dict[str, object]]]]],
) -> None:
    place = Place(folders_in(tmp_path_factory.mktemp("fed")), RowFiles())
    model: dict[int, list[object]] = {}
    next_id = 1
    with pool.connection() as tx, tx.transaction(force_rollback=True):
        table = made(tx, place)
        for act, entries in batches:
            match act:
                case "upsert":
                    upsert(tx, place, table, [{"k": k, **cells} for k, cells in entries])
                    for k, cells in entries:
                        if k not in model:
                            model[k] = [next_id, None, None]
                            next_id += 1
                        if "v" in cells:
                            model[k][1] = cells["v"]
                        if "n" in cells:
                            model[k][2] = cells["n"]
                case "delete":
                    keys = {k for k, _ in entries}
                    feed.delete_rows(
                        tx, place, held_table(tx, table), OneOf("k", tuple(keys)), doing=DOING
                    )
                    model = {k: row for k, row in model.items() if k not in keys}
                case _:
                    settle.merge_small_files(tx, place, table, at=AT)

        expected = sorted((row[0], k, row[1], row[2]) for k, row in model.items())
        assert rows(tx, place, table) == expected
        assert held_table(tx, table).row_count == len(expected)
