"""Part a version in two: a new version of the rows that are fit, the others in quarantine.

    sift(pool, folders, version_id, broken, at=...) -> Version | None

The version itself stays as it is, for its publisher to look at. The new one comes after it, is
checked like any other, and names it as its parent. Repeating it is harmless: a version is sifted
once. Quality decides which rows are unfit; which of them may be read, and by whom, is the matter of
`catalog.quarantine`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet

from catalog import tables
from catalog.dataset import DistributionId
from catalog.files.typed import write_rows
from catalog.find import StoredVersion, stored_version
from catalog.folders import Folders
from catalog.misfit import KeptAside, Misfit, SetAside, SetAsideBy
from catalog.quarantine import keep_aside, quarantine
from catalog.store import datasets as dataset_store
from catalog.store import versions as store
from catalog.version import Version, VersionFile, VersionKind, VersionState, digest_of
from policies.database import Pool, Tx
from policies.events import Edge, Event, EventKind
from policies.record import record
from policies.roles import SYSTEM
from policies.terms import VersionId

_ROWS_PER_BATCH = 100_000
_WORK_PREFIX = ".work-sift-"


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a row breaks; `column` is None where it is about several columns."""

    rule_id: str
    column: str | None


def sift(
    pool: Pool,
    folders: Folders,
    version_id: VersionId,
    broken: Mapping[int, Sequence[Broken]],
    *,
    at: datetime,
) -> Version | None:
    """Add the version without the rows `broken`, which are numbered from 1 in the files' order.

    None where the version is not the newest any more, or lies with an approver already. The caller
    asks for the quality check of the version given.

    Raises: FileDamaged, StorageFull, StorageAway.
    """
    with pool.connection() as tx:
        held = stored_version(tx, version_id)
        made = store.child_of_kind(tx, version_id, VersionKind.SIFTED)
    if made is not None:
        return made
    table = folders.table_of(held.distribution.id)
    work = Path(mkdtemp(prefix=_WORK_PREFIX, dir=table))
    try:
        paths = held.checked_paths(folders)
        with pyarrow.parquet.ParquetFile(paths[0]) as first:
            schema = first.schema_arrow
        row_count, written = write_rows(_fit_rows(paths, broken), schema, work)
        files = tables.take_in(table, written, storage=folders.storage)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    kept = keep_aside(folders, _unfit_rows(paths, broken))
    with pool.connection() as tx:
        return _add(tx, folders, held, files, kept, row_count=row_count, at=at)


def _add(
    tx: Tx,
    folders: Folders,
    held: StoredVersion,
    files: Sequence[VersionFile],
    kept: KeptAside | None,
    *,
    row_count: int,
    at: datetime,
) -> Version | None:
    distribution_id: DistributionId = held.distribution.id
    dataset_store.lock_distribution(tx, distribution_id)
    made = store.child_of_kind(tx, held.version.id, VersionKind.SIFTED)
    if made is not None:
        return made
    newest = store.newest_version(tx, distribution_id)
    if newest is None or newest.id != held.version.id or newest.state is not VersionState.CREATED:
        return None
    version_id = VersionId(uuid4())
    version = Version(
        id=version_id,
        distribution_id=distribution_id,
        number=newest.number + 1,
        upload_id=None,
        delta_version=tables.commit(
            folders.table_of(distribution_id),
            files,
            upload_id=str(version_id),
            storage=folders.storage,
        ),
        digest=digest_of(newest.columns, list(files)),
        columns=newest.columns,
        reading=newest.reading,
        row_count=row_count,
        size_bytes=sum(file.size_bytes for file in files),
        created_at=at,
        kind=VersionKind.SIFTED,
        parent_id=newest.id,
    )
    store.insert_version(tx, version)
    store.insert_files(tx, version.id, files)
    quarantine(tx, version.id, kept, by=SetAsideBy.RULES, at=at)
    _record(tx, held, version, kept)
    return version


def _record(tx: Tx, held: StoredVersion, version: Version, kept: KeptAside | None) -> None:
    source, target = f"version:{held.version.id}", f"version:{version.id}"
    record(
        tx,
        Event(
            kind=EventKind.VERSION_CREATED,
            at=version.created_at,
            actor=SYSTEM,
            organization_id=held.dataset.publisher_id,
            dataset_id=held.dataset.id,
            subject_id=version.id,
            facts={
                "distribution_id": str(version.distribution_id),
                "number": version.number,
                "digest": version.digest,
                "rows": version.row_count,
                "size_bytes": version.size_bytes,
                "delta_version": version.delta_version,
                "set_aside": kept.row_count if kept else 0,
            },
            edges=(Edge(source, target, "catalog.sift"),),
        ),
    )


def _batches(paths: Sequence[Path]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows in order, each batch with the number of its first row."""
    number = 1
    for path in paths:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(_ROWS_PER_BATCH):
                yield number, batch
                number += batch.num_rows


def _fit_rows(
    paths: Sequence[Path], broken: Mapping[int, Sequence[Broken]]
) -> Iterator[pa.RecordBatch]:
    for first, batch in _batches(paths):
        is_fit = [number not in broken for number in range(first, first + batch.num_rows)]
        yield batch.filter(pa.array(is_fit))


def _unfit_rows(
    paths: Sequence[Path], broken: Mapping[int, Sequence[Broken]]
) -> Iterator[SetAside]:
    """The whole row with the first rule that it breaks, then the value that each rule means."""
    for first, batch in _batches(paths):
        places = [place for place in range(batch.num_rows) if first + place in broken]
        if not places:
            continue
        for place, row in zip(places, batch.take(pa.array(places)).to_pylist(), strict=True):
            number = first + place
            rules = broken[number]
            whole = json.dumps(row, ensure_ascii=False, default=str)
            reason = Misfit.BREAKS_RULE.value
            yield SetAside(number, None, whole, reason, rules[0].rule_id)
            for rule in rules:
                if rule.column is not None:
                    value = row[rule.column]
                    text = None if value is None else str(value)
                    yield SetAside(number, rule.column, text, reason, rule.rule_id)
