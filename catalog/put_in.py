"""Put the rows of a file that was read into the table that is there.

    base_of(tx, upload)            what the rows go onto, as it stands now
    usual_types(base)              what the columns of the file should be
    put_in(confinement, ...)       the files of the version, and what differs

It is made onto a version as it was looked at; `catalog.ingest` adds it only if that still is the
newest, and else comes again. The files are written in the confined process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from catalog import tables
from catalog.confine import Confinement
from catalog.dataset import Distribution, DistributionId
from catalog.file_errors import ColumnsDiffer, KeyColumnsMissing, KeyUndeclared
from catalog.folders import Folders
from catalog.steps import store as step_store
from catalog.steps.field import ROW_ID, ROW_ID_COLUMN, Field, field_of
from catalog.store import datasets as dataset_store
from catalog.store import versions as version_store
from catalog.version import Column, Upload, Version, VersionFile
from catalog.view import Json
from catalog.way_in import COMPARED_ROWS_MAX, Change, Way
from policies.database import Tx

COLUMNS_TOLD_MAX: Final = 20
_JOINED: Final = "catalog.files.put_together:joined"
_CHECKED: Final = "catalog.files.put_together:checked"
_COMPARED: Final = "catalog.files.put_together:compared"


@dataclass(frozen=True, slots=True)
class Base:
    """What a file's rows go onto."""

    way: Way
    distribution: Distribution
    version: Version | None
    """None where there is nothing yet."""
    files: tuple[VersionFile, ...]
    key: tuple[str, ...]
    """As it is declared."""
    next_row_id: int | None
    """None where the rows have no ids of their own, since the table is not fed in steps."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The table's columns but the row's id; empty where there is nothing."""
        if self.version is None:
            return ()
        held = self.version.columns
        return tuple(one for one in held if self.next_row_id is None or one.name != ROW_ID)

    @property
    def is_joined(self) -> bool:
        """Whether the rows that are there stay."""
        return self.way is not Way.REPLACE and self.version is not None


@dataclass(frozen=True, slots=True)
class PutIn:
    """What a version is to consist of."""

    columns: tuple[Column, ...]
    files: tuple[VersionFile, ...]
    row_count: int
    change: Change | None
    """None for the first one, and where it was not compared."""
    added: int


def base_of(tx: Tx, upload: Upload) -> Base:
    """What the file of an upload goes onto, as it stands now."""
    distribution = dataset_store.get_distribution(tx, upload.distribution_id)
    assert distribution is not None
    version = version_store.newest_in_effect(tx, distribution.id)
    definition = step_store.get_definition(tx, distribution.id)
    is_fed = version is not None and version.is_fed and definition is not None
    key = distribution.key_columns
    if is_fed and definition is not None and definition.primary_key:
        key = definition.primary_key
    return Base(
        way=upload.way,
        distribution=distribution,
        version=version,
        files=() if version is None else tuple(version_store.files_of(tx, version.id)),
        key=key,
        next_row_id=definition.next_row_id if is_fed and definition is not None else None,
    )


def count_row_ids(tx: Tx, distribution_id: DistributionId, added: int) -> None:
    """Have the next row of a table that is fed in steps come after those that were added."""
    definition = step_store.get_definition(tx, distribution_id)
    assert definition is not None
    after = replace(definition, next_row_id=definition.next_row_id + added)
    step_store.put_definition(tx, distribution_id, after)


def usual_types(base: Base) -> dict[str, Json]:
    """Column → the type that it has in the table, and how its dates are written there."""
    if not base.is_joined or base.version is None:
        return {}
    formats = base.version.reading.formats
    return {one.name: [one.type.value, formats.get(one.name, "")] for one in base.columns}


def put_in(
    confinement: Confinement,
    folders: Folders,
    base: Base,
    columns: Sequence[Column],
    names: Sequence[str],
    row_count: int,
    *,
    work: Path,
) -> PutIn:
    """Make the files of the new version of the Parquet files `names` in `work`.

    Raises: ColumnsDiffer, ColumnsUnfit, KeyUndeclared, KeyColumnsMissing, KeyEmpty, KeyTwiceInFile,
    KeyTwiceInTable, KeyAlreadyThere, FileDamaged, StorageFull, StorageAway; EngineBusy,
    QueryEngineAway.
    """
    table = folders.table_of(base.distribution.id)
    if base.is_joined:
        return _join(confinement, folders, base, columns, names, work=work)
    if base.way is Way.UPSERT:
        key = _key_in(base, [one.name for one in columns])
        asked = _arguments(base, names, key)
        confinement.run_confined(
            _CHECKED, asked, caller=str(base.distribution.id), readable=(), writable=work
        )
    change = _compare(confinement, folders, base, columns, names, row_count, work=work)
    written = [work / name for name in names]
    files = tables.take_in(table, written, storage=folders.storage)
    return PutIn(tuple(columns), tuple(files), row_count, change, row_count)


def _join(
    confinement: Confinement,
    folders: Folders,
    base: Base,
    columns: Sequence[Column],
    names: Sequence[str],
    *,
    work: Path,
) -> PutIn:
    version = base.version
    assert version is not None
    _check_columns(base, columns)
    key = _key_in(base, [one.name for one in base.columns])
    table = folders.table_of(base.distribution.id)
    readable = tables.check_files(table, base.files, storage=folders.storage)
    told = confinement.run_confined(
        _JOINED,
        _arguments(base, names, key),
        caller=str(base.distribution.id),
        readable=readable,
        writable=work,
    )
    assert isinstance(told, Mapping)
    written = [one for one in _list(told["files"]) if isinstance(one, Mapping)]
    paths = [work / str(one["name"]) for one in written]
    taken = tables.take_in(table, paths, storage=folders.storage)
    new = iter(
        replace(file, row_count=_count(one["rows"]))
        for file, one in zip(taken, written, strict=True)
    )
    files = [base.files[one] if isinstance(one, int) else next(new) for one in _list(told["files"])]
    added, changed = _count(told["added"]), _count(told["changed"])
    grown = told["grown"]
    assert isinstance(grown, Mapping)
    after = tuple(_grown(one, grown.get(one.name)) for one in base.columns)
    if base.next_row_id is not None:
        after = (ROW_ID_COLUMN, *after)
    # Rows of the table that the file does not speak of are unchanged as well.
    unchanged = version.row_count - changed
    change = Change(base.way, version.number, added, changed, unchanged, 0, key)
    kept = _without_empty(files) if version.row_count + added else files[:1]
    return PutIn(after, tuple(kept), version.row_count + added, change, added)


def _compare(
    confinement: Confinement,
    folders: Folders,
    base: Base,
    columns: Sequence[Column],
    names: Sequence[str],
    row_count: int,
    *,
    work: Path,
) -> Change | None:
    """What a file that replaces the table changes; None where there was none, or much too much."""
    version = base.version
    if version is None or max(version.row_count, row_count) > COMPARED_ROWS_MAX:
        return None
    table = folders.table_of(base.distribution.id)
    told = confinement.run_confined(
        _COMPARED,
        _arguments(base, names, base.key),
        caller=str(base.distribution.id),
        readable=tables.check_files(table, base.files, storage=folders.storage),
        writable=work,
    )
    assert isinstance(told, Mapping)
    held, come = [one.name for one in base.columns], [one.name for one in columns]
    return Change(
        base.way,
        version.number,
        added=_count(told["added"]),
        changed=_count(told["changed"]),
        unchanged=_count(told["unchanged"]),
        removed=_count(told["removed"]),
        key=tuple(str(name) for name in _list(told["key"])),
        columns_added=tuple(name for name in come if name not in held),
        columns_removed=tuple(name for name in held if name not in come),
    )


def _check_columns(base: Base, columns: Sequence[Column]) -> None:
    held, come = [one.name for one in base.columns], [one.name for one in columns]
    missing = [name for name in held if name not in come]
    unknown = [name for name in come if name not in held]
    if missing or unknown:
        raise ColumnsDiffer(_named(missing), _named(unknown))


def _key_in(base: Base, names: Sequence[str]) -> tuple[str, ...]:
    """The columns by which rows are known again; empty where an append needs none.

    Raises: KeyUndeclared, KeyColumnsMissing.
    """
    lacking = [name for name in base.key if name not in names]
    if base.way is Way.APPEND:
        return () if lacking else base.key
    if not base.key:
        raise KeyUndeclared
    if lacking:
        raise KeyColumnsMissing(", ".join(lacking))
    return base.key


def _arguments(base: Base, names: Sequence[str], key: Sequence[str]) -> dict[str, Json]:
    fields: list[Field] = []
    if base.is_joined and base.next_row_id is not None:
        fields = [field_of(one) for one in base.columns]
    return {
        "way": base.way.value,
        "new": list(names),
        "key": list(key),
        "next_row_id": base.next_row_id,
        "json": [one.name for one in fields if one.holds_json],
    }


def _grown(column: Column, digits: Json) -> Column:
    if not isinstance(digits, list):
        return column
    precision, scale = (_count(one) for one in digits)
    return replace(column, precision=precision, scale=scale)


def _without_empty(files: Sequence[VersionFile]) -> list[VersionFile]:
    return [one for one in files if one.row_count != 0]


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:COLUMNS_TOLD_MAX])
    return (shown + (" …" if len(names) > COLUMNS_TOLD_MAX else "")) or "—"


def _count(value: Json) -> int:
    assert isinstance(value, int)
    return value


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
