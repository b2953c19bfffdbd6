"""Delta tables, one a distribution: each version is one commit that replaces the files of the last.

The Parquet files are written by `catalog.files` and named here by their own SHA-256. A commit that
no version row tells of is garbage: the next commit replaces it, and `sweep` removes its files. The
log itself is kept for ever, so that every version can be read by any Delta reader.

The library is loaded where a table is opened: the web process seldom does, and it takes megabytes.

Source: Delta Lake protocol, actions `add`, `remove` and `metaData`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import pyarrow.parquet

from catalog.blobs import check_file, no_room_is_a_refusal, sync
from catalog.errors import FileDamaged, StorageAway
from catalog.storage import LOCAL, FolderStorage, Storage
from catalog.version import VersionFile

if TYPE_CHECKING:
    from deltalake import DeltaTable, Schema
    from deltalake.transaction import AddAction

GARBAGE_AGE_S_MIN = 24 * 3600
"""Younger files may belong to a commit that is on its way."""

_COMMITS_TRIED_MAX = 10
"""So often another commit may come between; only what a killed process had sent can."""
_NAIVE_TIMES = "timestampNtz"
_CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}


def take_in(table: Path, written: Sequence[Path], *, storage: Storage = LOCAL) -> list[VersionFile]:
    """Move written Parquet files into the table's folder, named by their SHA-256 and synced.

    Raises: StorageFull, StorageAway.
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
        storage.keep(table / name)
        taken.append(VersionFile(name, sha256, size_bytes))
    sync(table)
    return taken


def commit(
    table: Path, files: Sequence[VersionFile], *, upload_id: str, storage: Storage = LOCAL
) -> int:
    """Make these files the newest Delta version and say its number.

    Repeating it gives the same number: files that already are the newest version stay so. The
    caller holds the distribution's lock.

    Raises: StorageFull, StorageAway.
    """
    from deltalake import CommitProperties, DeltaTable, TableFeatures
    from deltalake.exceptions import CommitFailedError

    with no_room_is_a_refusal(), _away_is_a_refusal():
        delta = _opened(table, storage)
        if delta is None:
            return _create(table, files, upload_id, storage)
        wanted = {file.path for file in files}
        features = delta.protocol().writer_features or ()
        if (
            _paths(delta) != wanted
            and _NAIVE_TIMES not in features
            and _has_naive_times(table, files, storage)
        ):
            # A table has to be told of times without a zone first.
            delta.alter.add_feature(
                TableFeatures.TimestampWithoutTimezone, allow_protocol_versions_increase=True
            )
        for _ in range(_COMMITS_TRIED_MAX):
            uri, options = _address(table, storage)
            delta = DeltaTable(uri, storage_options=options)
            if _paths(delta) == wanted:
                return int(delta.version())
            with contextlib.suppress(CommitFailedError):
                delta.create_write_transaction(
                    [*_additions(files)],
                    "overwrite",
                    _schema(table, files, storage),
                    commit_properties=CommitProperties(custom_metadata={"uploadId": upload_id}),
                )
    raise StorageAway


def paths_of(table: Path, delta_version: int, *, storage: Storage = LOCAL) -> set[str]:
    """Paths of the files that a Delta version consists of."""
    from deltalake import DeltaTable

    uri, options = _address(table, storage)
    return _paths(DeltaTable(uri, delta_version, options))


def check_files(
    table: Path, files: Sequence[VersionFile], *, storage: Storage = LOCAL
) -> list[Path]:
    """The files of a version, in the order of its rows, each compared with its recorded digest.

    Raises: FileDamaged, StorageAway.
    """
    paths = bring_files(table, files, storage=storage)
    for path, file in zip(paths, files, strict=True):
        try:
            _check_once(path, file)
        except FileDamaged:
            storage.mend(path, file.sha256)
    return paths


def bring_files(
    table: Path, files: Sequence[VersionFile], *, storage: Storage = LOCAL
) -> list[Path]:
    """The files of a version, in the order of its rows; those that were here are not checked.

    Raises: FileDamaged, StorageAway.
    """
    paths = [table / file.path for file in files]
    for path, file in zip(paths, files, strict=True):
        storage.bring(path, file.sha256)
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


def sweep(table: Path, kept: Collection[str], *, storage: Storage = LOCAL) -> int:
    """Remove Parquet files that no version consists of and that are old; says how many.

    The caller holds the distribution's lock, and `kept` was read under it.
    """
    oldest = datetime.fromtimestamp(time.time() - GARBAGE_AGE_S_MIN, UTC)
    swept = 0
    for file in storage.files(table):
        name = file.path.relative_to(table).as_posix()
        is_data = name.endswith(".parquet") and "/" not in name
        if is_data and name not in kept and file.modified_at < oldest:
            storage.remove(file.path)
            swept += 1
    return swept


def vacuum(
    table: Path,
    numbers: Sequence[int],
    kept: Collection[str],
    *,
    storage: Storage = LOCAL,
) -> int:
    """Have the library remove the files of Delta versions other than these; says how many.

    `kept` are the files that the versions consist of by their own record, which decides: where the
    library would remove one of them, it removes nothing. The caller holds the distribution's lock,
    and both were read under it.

    Raises: StorageAway, FileDamaged where the table's log is at odds with the record.
    """
    with _away_is_a_refusal():
        delta = _opened(table, storage)
        if delta is None:
            return 0
        known = [number for number in numbers if number <= int(delta.version())]
        hours = max(0, GARBAGE_AGE_S_MIN // 3600)
        wanted = delta.vacuum(
            hours,
            dry_run=True,
            enforce_retention_duration=False,
            full=True,
            keep_versions=known,
        )
        names = {path.rsplit("/", 1)[-1] for path in wanted}
        if names & set(kept):
            raise FileDamaged(f"{table.name}/_delta_log")
        if not names:
            return 0
        delta.vacuum(
            hours,
            dry_run=False,
            enforce_retention_duration=False,
            full=True,
            keep_versions=known,
        )
    for name in names:
        (table / name).unlink(missing_ok=True)
    return len(names)


def check_storage(storage: Storage, folder: Path) -> bool:
    """Whether of two commits of one number only the first one stands, tried in an empty folder.

    Raises: StorageAway.
    """
    from deltalake import DeltaTable, Schema
    from deltalake.exceptions import CommitFailedError
    from deltalake.transaction import create_table_with_add_actions

    schema = Schema.from_arrow(pyarrow.schema([("tried", pyarrow.bool_())]))
    uri, options = _address(folder / token_hex(8), storage)
    with _away_is_a_refusal():
        create_table_with_add_actions(uri, schema, [], storage_options=options)
        first, second = (DeltaTable(uri, storage_options=options) for _ in range(2))
        for one in (first, second):
            # Both follow the same version, so that both would be number 1.
            with contextlib.suppress(CommitFailedError):
                one.create_write_transaction([], "append", schema)
        numbers = DeltaTable(uri, storage_options=options).version()
    for file in storage.files(folder):
        storage.remove(file.path)
    return numbers == 2


def _address(table: Path, storage: Storage) -> tuple[str, dict[str, str] | None]:
    address = storage.table(table)
    return address.uri, None if address.options is None else dict(address.options)


def _opened(table: Path, storage: Storage) -> DeltaTable | None:
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    uri, options = _address(table, storage)
    try:
        return DeltaTable(uri, storage_options=options)
    except TableNotFoundError:
        return None


@contextlib.contextmanager
def _away_is_a_refusal() -> Iterator[None]:
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DeltaError as error:
        if "object store" not in str(error).lower():
            raise
        raise StorageAway from error


def _create(table: Path, files: Sequence[VersionFile], upload_id: str, storage: Storage) -> int:
    from deltalake import CommitProperties
    from deltalake.transaction import create_table_with_add_actions

    uri, options = _address(table, storage)
    create_table_with_add_actions(
        uri,
        _schema(table, files, storage),
        _additions(files),
        storage_options=options,
        configuration=_CONFIGURATION,
        commit_properties=CommitProperties(custom_metadata={"uploadId": upload_id}),
    )
    sync(table)
    sync(table.parent)
    return 0


def _additions(files: Sequence[VersionFile]) -> list[AddAction]:
    from deltalake.transaction import AddAction

    now_ms = int(time.time() * 1000)
    return [
        AddAction(file.path, file.size_bytes, {}, now_ms, data_change=True, stats=json.dumps({}))
        for file in files
    ]


def _schema(table: Path, files: Sequence[VersionFile], storage: Storage) -> Schema:
    from deltalake import Schema

    return Schema.from_arrow(_stored_schema(table, files, storage))


def _has_naive_times(table: Path, files: Sequence[VersionFile], storage: Storage) -> bool:
    types = _stored_schema(table, files, storage).types
    return any(pyarrow.types.is_timestamp(one) and one.tz is None for one in types)


def _stored_schema(table: Path, files: Sequence[VersionFile], storage: Storage) -> pyarrow.Schema:
    bring_files(table, files[:1], storage=storage)
    return pyarrow.parquet.read_schema(table / files[0].path)


def _paths(delta: DeltaTable) -> set[str]:
    return {uri.rsplit("/", 1)[-1] for uri in delta.file_uris()}


def commit_step(
    table: Path,
    *,
    parent: int,
    before: Sequence[VersionFile],
    after: Sequence[VersionFile],
    storage: Storage = LOCAL,
) -> int:
    """Make the files `after` of those `before` in one commit that names only what differs.

    `parent` is the Delta version of `before`, whose columns `after` has. In a folder neither the
    log nor the files are read, so that it costs the same however long both are; elsewhere the
    library reads the log since its last checkpoint. What a killed process left after `parent` is
    replaced. The caller holds the distribution's lock.

    Raises: StorageFull, StorageAway.
    """
    from deltalake import DeltaTable

    if not isinstance(storage, FolderStorage):
        with _away_is_a_refusal():
            return _commit_elsewhere(table, after, storage)
    with no_room_is_a_refusal():
        log = table / "_delta_log"
        number, present = parent + 1, {file.path for file in before}
        while not _append_to_log(log, number, present, after):
            delta = DeltaTable(str(table))
            present, number = _paths(delta), int(delta.version()) + 1
        return number


def shorten_log(table: Path, *, storage: Storage = LOCAL) -> None:
    """Write down the state of the table, so that readers need not read the log from its start."""
    from deltalake import DeltaTable

    with no_room_is_a_refusal(), _away_is_a_refusal():
        uri, options = _address(table, storage)
        DeltaTable(uri, storage_options=options).create_checkpoint()


def _commit_elsewhere(table: Path, after: Sequence[VersionFile], storage: Storage) -> int:
    """The same by the library, which writes an entry of the log only where there is none.

    A commit that another process sent before it was killed may arrive at any moment and go first.
    So it is looked again what the newest version is, until that is just the files `after`.

    Raises: StorageAway.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import CommitFailedError
    from deltalake.transaction import RemoveAction

    uri, options = _address(table, storage)
    wanted = {file.path: file for file in after}
    now_ms = int(time.time() * 1000)
    for _ in range(_COMMITS_TRIED_MAX):
        delta = DeltaTable(uri, storage_options=options)
        present = _paths(delta)
        if present == wanted.keys():
            return int(delta.version())
        gone = [
            RemoveAction(path, data_change=True, deletion_timestamp=now_ms)
            for path in sorted(present - wanted.keys())
        ]
        new = _additions([file for path, file in wanted.items() if path not in present])
        with contextlib.suppress(CommitFailedError):
            delta.create_write_transaction([*gone, *new], "append", _schema(table, after, storage))
    raise StorageAway


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
