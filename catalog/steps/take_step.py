"""What every change of a fed table has in common: the lock, the files, the commit, the version.

The version row decides, as for uploads: a process killed before its transaction commits leaves
files and perhaps a Delta commit that no version tells of. The next step replaces the commit, and
the sweep removes the files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Final
from uuid import uuid4

from catalog import tables
from catalog.dataset import DistributionId
from catalog.folders import Folders
from catalog.steps import store
from catalog.steps.errors import TableNotFound
from catalog.steps.field import ROW_ID_COLUMN, Field
from catalog.steps.row_files import RowFiles, Written
from catalog.steps.table import READING, Definition, Doing, Table
from catalog.store import datasets as dataset_store
from catalog.store import versions as version_store
from catalog.version import Version, VersionFile, VersionKind, digest_of
from policies.database import Tx
from policies.events import Edge, Event, EventKind
from policies.record import record
from policies.terms import VersionId

_WORK_PREFIX: Final = ".work-step-"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps tables, and what writes their files."""

    folders: Folders
    files: RowFiles


def lock_table(tx: Tx, distribution_id: DistributionId) -> Table:
    """The table, which nobody else changes until the transaction ends; it may have no rows yet.

    Raises: TableNotFound where there is no such distribution.
    """
    distribution = dataset_store.lock_distribution(tx, distribution_id)
    if distribution is None or distribution.is_removed:
        raise TableNotFound(str(distribution_id))
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    version = version_store.newest_version(tx, distribution_id)
    files = () if version is None else tuple(version_store.files_of(tx, version.id))
    definition = store.get_definition(tx, distribution_id) or Definition()
    return Table(dataset, distribution, version, files, definition)


def held_table(tx: Tx, distribution_id: DistributionId) -> Table:
    """The same, with rows.

    Raises: TableNotFound.
    """
    table = lock_table(tx, distribution_id)
    if table.version is None:
        raise TableNotFound(str(distribution_id))
    return table


@contextmanager
def working(place: Place, table: Table) -> Iterator[Path]:
    """A folder beside the table's files, gone afterwards; what was left there before goes too."""
    folder = place.folders.table_of(table.distribution.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{_WORK_PREFIX}*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(mkdtemp(prefix=_WORK_PREFIX, dir=folder))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def paths_of(place: Place, table: Table) -> list[Path]:
    """The table's files as they lie, in the order of its rows.

    Raises: FileDamaged, StorageAway.
    """
    folder = place.folders.table_of(table.distribution.id)
    return tables.bring_files(folder, table.files, storage=place.folders.storage)


def take_step(
    tx: Tx,
    place: Place,
    table: Table,
    files: Sequence[VersionFile | Written],
    fields: Sequence[Field],
    *,
    kind: VersionKind,
    doing: Doing,
) -> Version:
    """Make these files, in this order, the newest version of the table.

    Raises: StorageFull, StorageAway.
    """
    folder = place.folders.table_of(table.distribution.id)
    written = [one for one in files if isinstance(one, Written)]
    taken = {
        one.path: replace(file, row_count=one.row_count)
        for one, file in zip(
            written,
            tables.take_in(folder, [one.path for one in written], storage=place.folders.storage),
            strict=True,
        )
    }
    after = [taken[one.path] if isinstance(one, Written) else one for one in files]
    # Two files with the same bytes are one: that of an empty table, never of rows.
    after = list({file.path: file for file in after}.values())
    columns = (ROW_ID_COLUMN, *(one.column for one in fields))
    parent = table.version
    is_same_shape = parent is not None and table.has_row_ids and parent.columns == columns
    version_id = VersionId(uuid4())
    if parent is not None and is_same_shape:
        delta_version = tables.commit_step(
            folder,
            parent=parent.delta_version,
            before=table.files,
            after=after,
            storage=place.folders.storage,
        )
    else:
        delta_version = tables.commit(
            folder, after, upload_id=str(version_id), storage=place.folders.storage
        )
    version = Version(
        id=version_id,
        distribution_id=table.distribution.id,
        number=version_store.newest_number(tx, table.distribution.id) + 1,
        upload_id=None,
        delta_version=delta_version,
        digest=digest_of(columns, after),
        columns=columns,
        reading=READING,
        row_count=sum(file.row_count or 0 for file in after),
        size_bytes=sum(file.size_bytes for file in after),
        created_at=doing.at,
        kind=kind,
        parent_id=None if parent is None else parent.id,
        offered_under=doing.offered_under,
    )
    version_store.insert_version(tx, version)
    version_store.insert_files(tx, version.id, after)
    _record(tx, table, version, doing)
    return version


def _record(tx: Tx, table: Table, version: Version, doing: Doing) -> None:
    parent = version.parent_id
    event = Event(
        kind=EventKind.VERSION_CREATED,
        at=doing.at,
        actor=doing.by,
        organization_id=table.dataset.publisher_id,
        dataset_id=table.dataset.id,
        subject_id=version.id,
        facts={
            "distribution_id": str(version.distribution_id),
            "number": version.number,
            "kind": version.kind.value,
            "digest": version.digest,
            "rows": version.row_count,
            "size_bytes": version.size_bytes,
            "delta_version": version.delta_version,
            "column_count": len(version.columns),
            "offered_under": version.offered_under,
            "held_by": list(doing.held_by),
        },
        edges=()
        if parent is None
        else (Edge(f"version:{parent}", f"version:{version.id}", "catalog.steps"),),
    )
    record(tx, event)
