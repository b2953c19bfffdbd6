from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from catalog import find, ingest, tables
from catalog.confine import Confinement
from catalog.dataset import Distribution
from catalog.errors import (
    QueryEngineAway,
    ReadingGaveUp,
    RowsRagged,
    UploadNotFound,
)
from catalog.file_errors import ArchiveUnsafe
from catalog.folders import Folders
from catalog.serve import serving_copy
from catalog.serving_copy import CSV_NAME
from catalog.version import Upload, UploadId, UploadState, Version
from catalog.view import Condition, Operator, View
from policies.database import Pool
from tests.catalog.city import City, add_dataset, found_city, read_in, send
from tests.catalog.conftest import Zygote
from tests.people import AT

STOPS = "编号,站名,票价\n001,东华门,2.50\n002,西单,3.00\n".encode("gb18030")


class Desk:
    """A publisher's desk on a database that commits."""

    def __init__(self, pool: Pool, confinement: Confinement, folders: Folders) -> None:
        self.pool, self.confinement, self.folders = pool, confinement, folders
        with pool.connection() as tx:
            self.city: City = found_city(tx)
            self.dataset, self.distribution = add_dataset(tx, self.city)

    def send(self, content: bytes, distribution: Distribution | None = None) -> Upload:
        with self.pool.connection() as tx:
            return send(tx, self.folders, self.city, distribution or self.distribution, content)

    def read(self, sent: Upload) -> Version | None:
        return read_in(self.pool, self.confinement, self.folders, sent)

    def state_of(self, sent: Upload) -> Upload:
        with self.pool.connection() as tx:
            return find.upload_with_id(tx, sent.id, by=self.city.publisher)

    @property
    def table(self) -> Path:
        return self.folders.table_of(self.distribution.id)


@pytest.fixture
def desk(pool: Pool, zygote: Zygote, folders: Folders) -> Desk:
    return Desk(pool, zygote.confinement, folders)


def rows_of(desk: Desk, version: Version) -> list[tuple[object, ...]]:
    with desk.pool.connection() as tx:
        paths = find.stored_version(tx, version.id).checked_paths(desk.folders)
    statement = f"SELECT * FROM read_parquet({[str(path) for path in paths]})"
    return duckdb.execute(statement).fetchall()


def test_a_file_becomes_a_version_with_its_rows(desk: Desk) -> None:
    sent = desk.send(STOPS)

    version = desk.read(sent)

    assert version is not None
    assert (version.number, version.row_count) == (1, 2)
    assert [(column.name, column.type) for column in version.columns] == [
        ("编号", "text"),
        ("站名", "text"),
        ("票价", "decimal"),
    ]
    assert version.reading.encoding == "gb18030"
    assert [str(cell) for cell in rows_of(desk, version)[0]] == ["001", "东华门", "2.50"]
    after = desk.state_of(sent)
    assert (after.state, after.done_permille) == (UploadState.INGESTED, 1000)
    with desk.pool.connection() as tx:
        row = tx.execute(
            "SELECT body FROM policies.events WHERE subject_id = %s", (version.id,)
        ).fetchone()
    assert row is not None
    assert f'"source":"upload:{sent.id}","target":"version:{version.id}"' in row["body"]


def test_reading_again_gives_the_same_version(desk: Desk) -> None:
    sent = desk.send(STOPS)

    first, second = desk.read(sent), desk.read(sent)

    assert first is not None
    assert second is not None
    assert first.id == second.id
    assert len(list(desk.table.glob("*.parquet"))) == 1


def test_versions_count_up_and_older_ones_stay(desk: Desk) -> None:
    first = desk.read(desk.send(b"id\n1\n"))
    second = desk.read(desk.send(b"id,name\n1,a\n"))

    assert first is not None
    assert second is not None
    assert [first.number, second.number] == [1, 2]
    assert rows_of(desk, first) == [(1,)]
    assert rows_of(desk, second) == [(1, "a")]
    assert first.digest != second.digest


def test_the_same_rows_have_the_same_digest(desk: Desk) -> None:
    first, second = desk.read(desk.send(STOPS)), desk.read(desk.send(STOPS))

    assert first is not None
    assert second is not None
    assert first.digest == second.digest


def test_a_refused_file_says_why_and_makes_no_version(desk: Desk) -> None:
    sent = desk.send(b"id,name\n1,a\n2,b,c\n3\n")

    assert desk.read(sent) is None

    failed = desk.state_of(sent)
    assert failed.state is UploadState.FAILED
    assert failed.failure is not None
    refusal = ingest.refusal_of(failed.failure)
    assert isinstance(refusal, RowsRagged)
    assert refusal.lines == [3, 4]
    assert "3, 4" in str(refusal)
    assert list(desk.table.glob("*")) == []


def test_an_archive_of_tables_becomes_a_distribution_for_each(
    desk: Desk, shared_data: Path
) -> None:
    feed = (shared_data / "transit" / "cairns_gtfs.zip").read_bytes()

    def read_all() -> dict[str, Version]:
        sent = desk.send(feed)
        assert desk.read(sent) is None
        assert desk.read(sent) is None, "doing it again adds nothing"
        assert desk.state_of(sent).state is UploadState.PARTED
        with desk.pool.connection() as tx:
            waiting = ingest.parts_to_read(tx, sent.id)
            parts = [find.upload_with_id(tx, one, by=desk.city.publisher) for one in waiting]
        made = {part.file_name: desk.read(part) for part in parts}
        return {name: version for name, version in made.items() if version is not None}

    first, second = read_all(), read_all()

    assert len(first) == 8
    assert sum(version.row_count for version in first.values()) == 62_365
    assert first["stop_times.txt"].row_count == 37_790
    assert {v.distribution_id for v in first.values()} == {
        v.distribution_id for v in second.values()
    }, "the same table goes where it went before"
    assert all(version.number == 2 for version in second.values())
    with desk.pool.connection() as tx:
        names = {one.slug for one in find.distributions_of(tx, desk.dataset)}
    assert {"stop_times", "stops", "trips"} <= names


def test_a_damaged_archive_is_refused(desk: Desk) -> None:
    sent = desk.send(b"PK\x03\x04 but nothing else")

    assert desk.read(sent) is None

    failure = desk.state_of(sent).failure
    assert failure is not None
    assert isinstance(ingest.refusal_of(failure), ArchiveUnsafe)


def test_a_job_killed_after_its_delta_commit_leaves_garbage_and_is_done_again(desk: Desk) -> None:
    first = desk.read(desk.send(b"id\n1\n"))
    sent = desk.send(b"id\n2\n")
    orphan = desk.folders.tables / "orphan.parquet"
    duckdb.sql(f"COPY (SELECT 99 AS id) TO '{orphan}'")
    garbage = tables.take_in(desk.table, [orphan])
    killed_at = tables.commit(desk.table, garbage, upload_id=str(sent.id))

    version = desk.read(sent)

    assert first is not None
    assert version is not None
    assert version.delta_version > killed_at
    assert rows_of(desk, version) == [(2,)]
    assert rows_of(desk, first) == [(1,)]


def test_without_the_confined_process_the_job_is_tried_again_later(desk: Desk) -> None:
    sent = desk.send(STOPS)
    away = Confinement(desk.folders.serving / "nobody.sock")

    for _ in range(ingest.ATTEMPTS_MAX + 1):
        with pytest.raises(QueryEngineAway):
            read_in(desk.pool, away, desk.folders, sent)

    assert desk.state_of(sent).state is UploadState.INGESTING
    assert desk.read(sent) is not None


def test_a_reading_that_never_ends_is_given_up(desk: Desk) -> None:
    sent = desk.send(STOPS)
    with desk.pool.connection() as tx:
        tx.execute("UPDATE catalog.uploads SET attempts = %s", (ingest.ATTEMPTS_MAX,))

    assert desk.read(sent) is None

    failure = desk.state_of(sent).failure
    assert failure is not None
    assert isinstance(ingest.refusal_of(failure), ReadingGaveUp)


def test_an_unknown_upload_is_not_found(desk: Desk) -> None:
    with pytest.raises(UploadNotFound):
        ingest.ingest(
            desk.pool,
            desk.confinement,
            desk.folders,
            UploadId(desk.distribution.id),
            now=lambda: AT,
        )


def test_a_serving_copy_holds_only_what_its_view_permits(desk: Desk) -> None:
    version = desk.read(desk.send(STOPS))
    assert version is not None
    with desk.pool.connection() as tx:
        stored = find.stored_version(tx, version.id)
    view = View(columns=("站名",), rows=(Condition("编号", Operator.EQUAL, "002"),))

    copy = serving_copy(stored, desk.folders, view)

    assert copy.path(CSV_NAME).read_text(encoding="utf-8-sig").split() == ["站名", "西单"]
    assert serving_copy(stored, desk.folders, view).folder == copy.folder
    assert serving_copy(stored, desk.folders).folder != copy.folder
