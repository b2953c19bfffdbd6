"""Delta tables, one a distribution: each version is one commit that replaces the files of the last.

The Parquet files are written by `catalog.files` and named here by their own SHA-256. A commit that
no version row tells of is garbage: the next commit replaces it, and `sweep` removes its files. The
log itself is kept for ever, so that every version can be read by any Delta reader.

Source: Delta Lake protocol, actions `add`, `remove` and `metaData`.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from secrets import token_hex

import pyarrow.parquet
from deltalake import CommitProperties, DeltaTable, Schema, TableFeatures
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from catalog.blobs import check_file, no_room_is_a_refusal, sync
from catalog.errors import FileDamaged
from catalog.version import VersionFile

GARBAGE_AGE_S_MIN = 24 * 3600
"""Younger files may belong to a commit that is on its way."""

_NAIVE_TIMES = "timestampNtz"
_CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}


def take_in(table: Path, written: Sequence[Path]) -> list[VersionFile]:
    """Move written Parquet files into the table's folder, named by their SHA-256 and synced.

    Raises: StorageFull.
    """
    with no_room_is_a_refusal():
        table.mkdir(mode=0o700, parents=True, exist_ok=True)
    taken = []
    for path in written:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        name = f"{sha256}.parquet"
        size_bytes = path.stat().st_size
        sync(path)
        path.rename(table / name)
        taken.append(VersionFile(name, sha256, size_bytes))
    sync(table)
    return taken


def commit(table: Path, files: Sequence[VersionFile], *, upload_id: str) -> int:
    """Make these files the newest Delta version and say its number.

    Repeating it gives the same number: files that already are the newest version stay so. The
    caller holds the distribution's lock.

    Raises: StorageFull.
    """
    with no_room_is_a_refusal():
        try:
            delta = DeltaTable(str(table))
        except TableNotFoundError:
            return _create(table, files, upload_id)
        if _paths(delta) == {file.path for file in files}:
            return int(delta.version())
        if _NAIVE_TIMES not in (delta.protocol().writer_features or ()):
            # A later version may have times without a zone, which a table has to be told first.
            delta.alter.add_feature(
                TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True
            )
            delta = DeltaTable(str(table))
        delta.create_write_transaction(
            [*_additions(files)],
            "overwrite",
            _schema(table, files),
            commit_properties=CommitProperties(custom_metadata={"uploadId": upload_id}),
        )
        return int(DeltaTable(str(table)).version())


def paths_of(table: Path, delta_version: int) -> set[str]:
    """Paths of the files that a Delta version consists of."""
    return _paths(DeltaTable(str(table), version=delta_version))


def check_files(table: Path, files: Sequence[VersionFile]) -> list[Path]:
    """The files of a version, in the order of its rows, each compared with its recorded digest.

    Raises: FileDamaged.
    """
    paths = [table / file.path for file in files]
    for path, file in zip(paths, files, strict=True):
        _check_once(path, file)
    return paths


_CHECKED_MAX = 100_000
_checked: dict[Path, tuple[int, int, int, str]] = {}


def _check_once(path: Path, file: VersionFile) -> None:
    """Compare a file's digest, unless this process did so and the file is the same since."""
    try:
        state = path.stat()
    except OSError:
        raise FileDamaged(path.name) from None
    seen = (state.st_ino, state.st_mtime_ns, state.st_size, file.sha256)
    if _checked.get(path) == seen:
        return
    check_file(path, file.sha256)
    if len(_checked) >= _CHECKED_MAX:
        _checked.clear()
    _checked[path] = seen


def sweep(table: Path, kept: Collection[str]) -> int:
    """Remove Parquet files that no version consists of and that are old; says how many.

    The caller holds the distribution's lock, and `kept` was read under it.
    """
    oldest = time.time() - GARBAGE_AGE_S_MIN
    swept = 0
    for path in table.glob("*.parquet"):
        if path.name not in kept and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def _create(table: Path, files: Sequence[VersionFile], upload_id: str) -> int:
    create_table_with_add_actions(
        str(table),
        _schema(table, files),
        _additions(files),
        configuration=_CONFIGURATION,
        commit_properties=CommitProperties(custom_metadata={"uploadId": upload_id}),
    )
    sync(table)
    sync(table.parent)
    return 0


def _additions(files: Sequence[VersionFile]) -> list[AddAction]:
    now_ms = int(time.time() * 1000)
    return [
        AddAction(file.path, file.size_bytes, {}, now_ms, data_change=True, stats=json.dumps({}))
        for file in files
    ]


def _schema(table: Path, files: Sequence[VersionFile]) -> Schema:
    return Schema.from_arrow(pyarrow.parquet.read_schema(table / files[0].path))


def _paths(delta: DeltaTable) -> set[str]:
    return {uri.rsplit("/", 1)[-1] for uri in delta.file_uris()}


def commit_step(
    table: Path, *, parent: int, before: Sequence[VersionFile], after: Sequence[VersionFile]
) -> int:
    """Make the files `after` of those `before` in one commit that names only what differs.

    `parent` is the Delta version of `before`, whose columns `after` has. Neither the log nor the
    files are read, so that it costs the same however long both are. What a killed process left
    after `parent` is replaced. The caller holds the distribution's lock.

    Raises: StorageFull.
    """
    with no_room_is_a_refusal():
        log = table / "_delta_log"
        number, present = parent + 1, {file.path for file in before}
        while not _append_to_log(log, number, present, after):
            delta = DeltaTable(str(table))
            present, number = _paths(delta), int(delta.version()) + 1
        return number


def shorten_log(table: Path) -> None:
    """Write down the state of the table, so that readers need not read the log from its start."""
    with no_room_is_a_refusal():
        DeltaTable(str(table)).create_checkpoint()


def _append_to_log(log: Path, number: int, present: set[str], after: Sequence[VersionFile]) -> bool:
    """Write an entry of the log, whole or not at all; False where there is one already."""
    now_ms = int(time.time() * 1000)
    kept = {file.path for file in after}
    actions: list[dict[str, object]] = [
        {"commitInfo": {"timestamp": now_ms, "operation": "WRITE", "operationParameters": {}}}
    ]
    actions += [
        {"remove": {"path": path, "deletionTimestamp": now_ms, "dataChange": True}}
        for path in sorted(present - kept)
    ]
    actions += [
        {
            "add": {
                "path": file.path,
                "partitionValues": {},
                "size": file.size_bytes,
                "modificationTime": now_ms,
                "dataChange": True,
                "stats": json.dumps(
                    {} if file.row_count is None else {"numRecords": file.row_count}
                ),
            }
        }
        for file in after
        if file.path not in present
    ]
    entry = log / f"{number:020}.json"
    aside = log / f".{number:020}.{token_hex(8)}.tmp"
    aside.write_bytes("".join(json.dumps(action) + "\n" for action in actions).encode())
    try:
        sync(aside)
        os.link(aside, entry)
    except FileExistsError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    sync(log)
    return True
