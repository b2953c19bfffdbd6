from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from catalog import tables
from catalog.errors import FileDamaged
from catalog.tables import (
    GARBAGE_AGE_S_MIN,
    check_files,
    commit,
    commit_step,
    paths_of,
    sweep,
    take_in,
    vacuum,
)
from catalog.version import VersionFile


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "tables" / "one"


def write(tmp_path: Path, content: pa.Table) -> list[Path]:
    path = tmp_path / "part.parquet"
    pq.write_table(content, path, write_page_checksum=True)
    return [path]


def add(tmp_path: Path, table: Path, content: pa.Table) -> list[VersionFile]:
    return take_in(table, write(tmp_path, content))


def test_each_version_stays_readable_by_its_number(tmp_path: Path, table: Path) -> None:
    first = add(tmp_path, table, pa.table({"id": [1, 2]}))
    assert commit(table, first, upload_id="a") == 0
    second = add(tmp_path, table, pa.table({"id": [3], "name": ["站"]}))
    number = commit(table, second, upload_id="b")

    assert paths_of(table, 0) == {file.path for file in first}
    assert paths_of(table, number) == {file.path for file in second}
    assert [field.name for field in DeltaTable(str(table)).schema().fields] == ["id", "name"]


def test_a_commit_is_made_once_however_often_it_is_asked_for(tmp_path: Path, table: Path) -> None:
    files = add(tmp_path, table, pa.table({"id": [1]}))

    assert commit(table, files, upload_id="a") == commit(table, files, upload_id="a") == 0


def test_a_commit_that_nobody_tells_of_is_replaced_by_the_next(tmp_path: Path, table: Path) -> None:
    commit(table, add(tmp_path, table, pa.table({"id": [1]})), upload_id="killed")
    files = add(tmp_path, table, pa.table({"id": [2]}))
    number = commit(table, files, upload_id="next")

    assert paths_of(table, number) == {file.path for file in files}


def test_a_later_version_may_have_times_without_a_zone(tmp_path: Path, table: Path) -> None:
    commit(table, add(tmp_path, table, pa.table({"id": [1]})), upload_id="a")
    naive = pa.table({"at": pa.array([0], pa.timestamp("us"))})

    number = commit(table, add(tmp_path, table, naive), upload_id="b")

    assert DeltaTable(str(table), version=number).schema().fields[0].name == "at"


def test_a_changed_file_is_not_handed_out(tmp_path: Path, table: Path) -> None:
    files = add(tmp_path, table, pa.table({"id": [1]}))
    assert check_files(table, files) == [table / files[0].path]

    (table / files[0].path).write_bytes(b"PAR1")

    with pytest.raises(FileDamaged):
        check_files(table, files)


def test_the_sweep_keeps_versions_and_young_files(tmp_path: Path, table: Path) -> None:
    kept = add(tmp_path, table, pa.table({"id": [1]}))
    old = add(tmp_path, table, pa.table({"id": [2]}))
    young = add(tmp_path, table, pa.table({"id": [3]}))
    for file in (*kept, *old):
        past = (table / file.path).stat().st_mtime - GARBAGE_AGE_S_MIN - 60
        os.utime(table / file.path, (past, past))

    assert sweep(table, {file.path for file in kept}) == 1
    assert {path.name for path in table.glob("*.parquet")} == {kept[0].path, young[0].path}


def test_vacuum_leaves_each_kept_version_whole_and_readable_by_others(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GARBAGE_AGE_S_MIN", 0)
    files = [add(tmp_path, table, pa.table({"id": [n]})) for n in range(4)]
    numbers = [commit(table, one, upload_id=str(n)) for n, one in enumerate(files)]
    kept = {files[1][0].path, files[3][0].path}

    swept = vacuum(table, [numbers[1], numbers[3]], kept)

    assert swept == 2
    assert {path.name for path in table.glob("*.parquet")} == kept
    for n in (1, 3):
        outside = DeltaTable(str(table), version=numbers[n])
        assert outside.to_pyarrow_table().to_pydict() == {"id": [n]}
    # The vacuum is in the log; the next version follows it.
    later = add(tmp_path, table, pa.table({"id": [9]}))
    number = commit_step(table, parent=numbers[3], before=files[3], after=later)
    assert paths_of(table, number) == {later[0].path}


def test_where_log_and_record_are_at_odds_nothing_is_removed(
    tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GARBAGE_AGE_S_MIN", 0)
    first = add(tmp_path, table, pa.table({"id": [1]}))
    commit(table, first, upload_id="a")
    second = add(tmp_path, table, pa.table({"id": [2]}))
    number = commit(table, second, upload_id="b")

    with pytest.raises(FileDamaged):
        vacuum(table, [number], {first[0].path, second[0].path})

    assert (table / first[0].path).exists()
