"""Read an uploaded file into a new version of its distribution.

    ingest(pool, confinement, folders, upload_id, now=...) -> Version | None

A long act that names its own transactions:

1. claim: the upload is `ingesting`, one attempt more (short);
2. the file is read in the confined process, which tells how far it is; each word of it is a short
   transaction of its own, so that a page can show a bar;
3. its rows are put into what is there (`catalog.put_in`), and the Parquet files are moved into the
   table's folder, synced;
4. under the distribution's lock, in one transaction: Delta commit, version row, files, event, and
   the upload is `ingested`; where another version came between, 3 is done again onto that one.

The version row decides. A process killed before 4 leaves files and perhaps a Delta commit that no
version tells of; doing the job again replaces them, and doing it after 4 finds the version. A file
that is refused leaves the upload `failed` with the refusal, and no version.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp
from uuid import uuid4

from catalog import tables
from catalog.confine import Confinement
from catalog.dataset import DISTRIBUTIONS_MAX, DatasetState, Distribution, DistributionId
from catalog.documents import tell_of_document
from catalog.errors import (
    EngineBusy,
    QueryEngineAway,
    ReadingGaveUp,
    StorageAway,
    TooManyEntries,
    UploadNotFound,
)
from catalog.file_errors import NamedAsTable, NoTable, TableKeepsChanging
from catalog.files.archive import TABLE_SUFFIXES
from catalog.files.media import FORMATS
from catalog.folders import Folders
from catalog.kept_file import is_document
from catalog.misfit import MISFITS_NAME, KeptAside, SetAsideBy
from catalog.publish import may_be_published_directly
from catalog.put_in import Base, PutIn, base_of, count_row_ids, put_in, usual_types
from catalog.quarantine import keep_file_aside, quarantine
from catalog.refusals import refusal_named
from catalog.store import datasets as dataset_store
from catalog.store import retention as retention_store
from catalog.store import uploads as store
from catalog.store import versions as version_store
from catalog.version import (
    FILE_NAME_LENGTH_CHARACTERS,
    Column,
    Failure,
    Reading,
    Stage,
    Upload,
    UploadId,
    UploadState,
    Version,
    VersionKind,
    digest_of,
)
from catalog.view import Json
from catalog.way_in import Way
from policies.database import Pool, Tx
from policies.errors import Refusal
from policies.events import Edge, Event, EventKind
from policies.party import SLUG_LENGTH_CHARACTERS
from policies.record import record
from policies.roles import SYSTEM
from policies.terms import DatasetId, Text, VersionId

ATTEMPTS_MAX = 3
COLUMNS_TOLD_MAX = 500
"""Of wider tables the log tells the first columns; the digest covers all."""
STORING_PERMILLE = 900
DONE_PERMILLE = 1000
BASES_TRIED_MAX = 5
"""So often another version may come between the reading of a file and its own version."""

_READ = "catalog.files.read:read_table"
_WORK_PREFIX = ".work-"
_ENDED = (UploadState.FAILED, UploadState.PARTED, UploadState.KEPT)
"""Without a version, for good."""


def ingest(
    pool: Pool,
    confinement: Confinement,
    folders: Folders,
    upload_id: UploadId,
    *,
    now: Callable[[], datetime],
) -> Version | None:
    """Read the upload's file and add the version that it makes.

    None where the file is refused, where it is no table and is kept as it came, and where it is an
    archive of several tables: then each of them is an upload of its own now, which `parts_to_read`
    tells. Repeating it is harmless. The
    caller asks for the quality check of the version given.

    Raises: UploadNotFound; EngineBusy, QueryEngineAway and StorageAway, after which the job is to
    be tried again.
    """
    upload, made = _claim(pool, upload_id)
    if made is not None or upload.state in _ENDED:
        return made
    table = folders.table_of(upload.distribution_id)
    table.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in table.glob(f"{_WORK_PREFIX}{upload_id}-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(mkdtemp(prefix=f"{_WORK_PREFIX}{upload_id}-", dir=table))
    try:
        if upload.attempts > ATTEMPTS_MAX:
            raise ReadingGaveUp(ATTEMPTS_MAX)
        with pool.connection() as tx:
            base = base_of(tx, upload)
        read = _read(pool, confinement, folders, upload, base, work)
        if "media_type" in read:
            _keep(pool, upload, str(read["media_type"]), now=now)
            return None
        if "files" not in read:
            _part(pool, upload, [str(name) for name in _list(read["parts"])], now=now)
            return None
        _advance(pool, upload_id, Stage.STORING, STORING_PERMILLE)
        aside = _aside(folders, read, work)
        return _put_in(pool, confinement, folders, upload, base, read, aside, work=work, now=now)
    except (EngineBusy, QueryEngineAway, StorageAway):
        # Nothing is wrong with the file, so this is not one of its attempts.
        _give_back(pool, upload_id)
        raise
    except Refusal as refusal:
        _fail(pool, upload_id, refusal)
        return None
    finally:
        shutil.rmtree(work, ignore_errors=True)


def parts_to_read(tx: Tx, upload_id: UploadId) -> list[UploadId]:
    """Uploads that came out of this archive and wait to be read."""
    return [part.id for part in store.parts_of(tx, upload_id) if part.state is UploadState.QUEUED]


def document_to_publish(tx: Tx, upload_id: UploadId) -> DatasetId | None:
    """The dataset of a kept file, where the gate let pass what lies beside it and nobody need weigh
    it; else it goes out with the table that is still being checked.
    """
    upload = store.get_upload(tx, upload_id)
    if upload is None or upload.state is not UploadState.KEPT:
        return None
    distribution = dataset_store.get_distribution(tx, upload.distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    is_ready = dataset.state in (DatasetState.DRAFT, DatasetState.PUBLISHED) and all(
        version.lets_pass
        for version in version_store.lock_newest_versions(
            tx, [one.id for one in dataset_store.distributions_of(tx, dataset.id)]
        )
    )
    return dataset.id if is_ready and may_be_published_directly(dataset) else None


def refusal_of(failure: Failure) -> Refusal:
    """The refusal that a failed upload keeps, to be told in the reader's language."""
    kind = refusal_named(failure.code)
    assert kind is not None, failure.code
    return kind(**failure.facts)


def sweep(pool: Pool, folders: Folders, distribution_id: DistributionId) -> int:
    """Remove a table's files that no version consists of; says how many."""
    table = folders.table_of(distribution_id)
    with pool.connection() as tx:
        retention_store.hold_sweeps(tx)
        dataset_store.lock_distribution(tx, distribution_id)
        kept = version_store.paths_kept(tx, distribution_id)
        return tables.sweep(table, kept, storage=folders.storage)


def sweep_all(pool: Pool, folders: Folders) -> int:
    """Sweep every table there is; says how many files were removed."""
    with pool.connection() as tx:
        distributions = version_store.distributions_with_versions(tx)
    return sum(sweep(pool, folders, distribution_id) for distribution_id in distributions)


def _claim(pool: Pool, upload_id: UploadId) -> tuple[Upload, Version | None]:
    """Begin another attempt, unless the upload already has its version or was refused."""
    with pool.connection() as tx:
        upload = store.lock_upload(tx, upload_id)
        if upload is None:
            raise UploadNotFound
        if upload.state in _ENDED:
            return upload, None
        made = version_store.version_of_upload(tx, upload_id)
        if made is not None:
            return upload, made
        claimed = replace(
            upload,
            state=UploadState.INGESTING,
            stage=Stage.RECOGNISING,
            done_permille=0,
            attempts=upload.attempts + 1,
        )
        store.update_upload(tx, claimed)
        return claimed, None


def _give_back(pool: Pool, upload_id: UploadId) -> None:
    with pool.connection() as tx:
        upload = store.lock_upload(tx, upload_id)
        if upload is not None and upload.state is UploadState.INGESTING:
            store.update_upload(tx, replace(upload, attempts=max(0, upload.attempts - 1)))


def _read(
    pool: Pool,
    confinement: Confinement,
    folders: Folders,
    upload: Upload,
    base: Base,
    work: Path,
) -> Mapping[str, Json]:
    blob = folders.blobs.checked(upload.blob_sha256)

    def told(word: Mapping[str, Json]) -> None:
        permille = word["done_permille"]
        assert isinstance(permille, int)
        _advance(pool, upload.id, Stage(str(word["stage"])), permille)

    read = confinement.run_confined(
        _READ,
        {"wish": upload.wish, "usual": usual_types(base)},
        caller=str(upload.distribution_id),
        readable=[blob],
        writable=work,
        told=told,
    )
    assert isinstance(read, Mapping)
    return read


def _keep(pool: Pool, upload: Upload, media_type: str, *, now: Callable[[], datetime]) -> None:
    """Keep a file that is no table as it came, as a version of a distribution without a table.

    Readers of a published dataset have the one that was approved last until this one is.

    Raises: NamedAsTable, NoTable.
    """
    at, named = now(), FORMATS.get(media_type, media_type)
    if upload.file_name.lower().endswith(TABLE_SUFFIXES):
        raise NamedAsTable(upload.file_name, named)
    with pool.connection() as tx:
        distribution = dataset_store.lock_distribution(tx, upload.distribution_id)
        assert distribution is not None
        has_table = version_store.newest_version(tx, distribution.id) is not None
        if has_table or upload.way is not Way.REPLACE or upload.parent_id is not None:
            raise NoTable(named)
        version = Version(
            id=VersionId(uuid4()),
            distribution_id=distribution.id,
            number=version_store.newest_number(tx, distribution.id) + 1,
            upload_id=upload.id,
            delta_version=0,
            digest=upload.blob_sha256,
            columns=(),
            reading=Reading("", "", "", has_header=False, kind="document", media_type=media_type),
            row_count=0,
            size_bytes=upload.size_bytes,
            created_at=at,
            kind=VersionKind.DOCUMENT,
        )
        version_store.insert_version(tx, version)
        dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
        if dataset is None or dataset.state is not DatasetState.PUBLISHED:
            tell_of_document(tx, distribution.id)
        done = replace(upload, state=UploadState.KEPT, stage="", done_permille=DONE_PERMILLE)
        store.update_upload(tx, done)
        _record(tx, version, upload, set_aside=0)


def _part(pool: Pool, upload: Upload, names: list[str], *, now: Callable[[], datetime]) -> None:
    """Make each table of an archive an upload of a distribution of its own.

    A table goes where the same one went before; the first new one takes the distribution that
    the archive was sent to, if that holds nothing yet.
    """
    at = now()
    with pool.connection() as tx:
        distribution = dataset_store.lock_distribution(tx, upload.distribution_id)
        assert distribution is not None
        siblings = dataset_store.distributions_of(tx, distribution.dataset_id)
        if len(siblings) + len(names) > DISTRIBUTIONS_MAX:
            raise TooManyEntries("distributions", DISTRIBUTIONS_MAX)
        newest = version_store.lock_newest_versions(tx, [one.id for one in siblings])
        held = {version.reading.part: version.distribution_id for version in newest}
        taken = {one.slug for one in siblings}
        is_empty = all(version.distribution_id != distribution.id for version in newest)
        for position, name in enumerate(names, start=1):
            target = held.get(name)
            if target is None and is_empty:
                target, is_empty = distribution.id, False
            if target is None:
                made = _distribution_for(distribution, name, taken, position=position, at=at)
                taken.add(made.slug)
                dataset_store.insert_distribution(tx, made)
                target = made.id
            part = Upload(
                id=UploadId(uuid4()),
                distribution_id=target,
                file_name=name.rsplit("/", 1)[-1][:FILE_NAME_LENGTH_CHARACTERS],
                blob_sha256=upload.blob_sha256,
                size_bytes=upload.size_bytes,
                uploaded_by=upload.uploaded_by,
                uploaded_at=at,
                state=UploadState.QUEUED,
                wish={**upload.wish, "part": name},
                parent_id=upload.id,
                way=upload.way,
            )
            store.insert_upload(tx, part)
            _record_part(tx, part, distribution.dataset_id)
        done = replace(upload, state=UploadState.PARTED, stage="", done_permille=DONE_PERMILLE)
        store.update_upload(tx, done)


def _record_part(tx: Tx, part: Upload, dataset_id: DatasetId) -> None:
    dataset = dataset_store.get_dataset(tx, dataset_id)
    assert dataset is not None
    event = Event(
        kind=EventKind.DISTRIBUTION_UPLOADED,
        at=part.uploaded_at,
        actor=SYSTEM,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=part.id,
        facts={
            "distribution_id": str(part.distribution_id),
            "sha256": part.blob_sha256,
            "size_bytes": part.size_bytes,
            "way": part.way.value,
        },
        edges=(Edge(f"upload:{part.parent_id}", f"upload:{part.id}", "catalog.ingest"),),
        personal={"file_name": part.file_name},
    )
    record(tx, event)


def _distribution_for(
    beside: Distribution, name: str, taken: set[str], *, position: int, at: datetime
) -> Distribution:
    stem = PurePosixPath(name).stem
    wished = re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-")[: SLUG_LENGTH_CHARACTERS - 4]
    slug, copy = wished or f"table-{position}", 1
    while slug in taken:
        copy += 1
        slug = f"{wished or 'table'}-{copy}"
    title = Text(en=stem) if stem.isascii() else Text(zh=stem)
    return Distribution(
        id=DistributionId(uuid4()),
        dataset_id=beside.dataset_id,
        slug=slug,
        title=title,
        key_columns=(),
        created_at=at,
        modified_at=at,
        position=beside.position + position,
    )


def _aside(folders: Folders, read: Mapping[str, Json], work: Path) -> KeptAside | None:
    """The cells that did not fit their column, as bytes in place."""
    count, rows = read.get("misfits", 0), read.get("misfit_rows", 0)
    assert isinstance(count, int)
    assert isinstance(rows, int)
    return keep_file_aside(folders, work / MISFITS_NAME, count, rows) if count else None


def _put_in(
    pool: Pool,
    confinement: Confinement,
    folders: Folders,
    upload: Upload,
    base: Base,
    read: Mapping[str, Json],
    aside: KeptAside | None,
    *,
    work: Path,
    now: Callable[[], datetime],
) -> Version:
    """Make the version onto what is there; again, where that has changed meanwhile.

    Raises: TableKeepsChanging, and what `put_in` raises.
    """
    columns = tuple(Column.from_json(_mapping(column)) for column in _list(read["columns"]))
    row_count = read["row_count"]
    assert isinstance(row_count, int)
    names = [str(name) for name in _list(read["files"])]
    reading = Reading.from_json(_mapping(read["reading"]))
    for number in range(BASES_TRIED_MAX):
        tried = work / f"onto-{number}"
        tried.mkdir()
        for name in names:
            # Files are moved from here into the table, and may be wanted once more.
            os.link(work / name, tried / name)
        put = put_in(confinement, folders, base, columns, names, row_count, work=tried)
        version = _add_version(pool, folders, upload, base, put, reading, aside, now=now)
        if version is not None:
            return version
        with pool.connection() as tx:
            base = base_of(tx, upload)
    raise TableKeepsChanging


def _add_version(
    pool: Pool,
    folders: Folders,
    upload: Upload,
    base: Base,
    put: PutIn,
    reading: Reading,
    aside: KeptAside | None,
    *,
    now: Callable[[], datetime],
) -> Version | None:
    """The version; None where what it was made onto is not what is there any more."""
    parent = base.version
    is_fed = base.is_joined and base.next_row_id is not None
    with pool.connection() as tx:
        distribution = dataset_store.lock_distribution(tx, upload.distribution_id)
        assert distribution is not None
        made = version_store.version_of_upload(tx, upload.id)
        if made is not None:
            return made
        if base_of(tx, upload) != base:
            return None
        version = Version(
            id=VersionId(uuid4()),
            distribution_id=upload.distribution_id,
            number=version_store.newest_number(tx, upload.distribution_id) + 1,
            upload_id=upload.id,
            delta_version=_commit(folders, upload, base, put),
            digest=digest_of(put.columns, put.files),
            columns=put.columns,
            reading=reading,
            row_count=put.row_count,
            size_bytes=sum(file.size_bytes for file in put.files),
            created_at=now(),
            kind=VersionKind.SETTLED if is_fed else VersionKind.UPLOAD,
            parent_id=parent.id if parent is not None and base.is_joined else None,
            offered_under=parent.offered_under if parent is not None and is_fed else None,
            change=put.change,
        )
        version_store.insert_version(tx, version)
        version_store.insert_files(tx, version.id, put.files)
        if is_document(distribution):
            # A table has come for it after all.
            tell_of_document(tx, distribution.id)
        if is_fed:
            count_row_ids(tx, version.distribution_id, put.added)
        quarantine(tx, version.id, aside, by=SetAsideBy.READING, at=version.created_at)
        done = replace(upload, state=UploadState.INGESTED, stage="", done_permille=DONE_PERMILLE)
        store.update_upload(tx, done)
        _record(tx, version, upload, set_aside=aside.count if aside else 0)
    return version


def _commit(folders: Folders, upload: Upload, base: Base, put: PutIn) -> int:
    """One Delta version; where the table keeps its columns it names only the files that differ."""
    table, parent = folders.table_of(upload.distribution_id), base.version
    if parent is not None and base.is_joined and parent.columns == put.columns:
        return tables.commit_step(
            table,
            parent=parent.delta_version,
            before=base.files,
            after=put.files,
            storage=folders.storage,
        )
    return tables.commit(table, put.files, upload_id=str(upload.id), storage=folders.storage)


def _record(tx: Tx, version: Version, upload: Upload, *, set_aside: int) -> None:
    distribution = dataset_store.get_distribution(tx, version.distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    edges = [Edge(f"upload:{upload.id}", f"version:{version.id}", "catalog.ingest")]
    if version.parent_id is not None:
        edges.append(
            Edge(f"version:{version.parent_id}", f"version:{version.id}", "catalog.ingest")
        )
    event = Event(
        kind=EventKind.VERSION_CREATED,
        at=version.created_at,
        # The installation reads; who brought the file stands in the event of the upload.
        actor=SYSTEM,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=version.id,
        facts={
            "distribution_id": str(version.distribution_id),
            "number": version.number,
            "digest": version.digest,
            "rows": version.row_count,
            "size_bytes": version.size_bytes,
            "delta_version": version.delta_version,
            "set_aside": set_aside,
            "change": None
            if version.change is None
            else {
                "way": version.change.way.value,
                "added": version.change.added,
                "changed": version.change.changed,
                "unchanged": version.change.unchanged,
                "removed": version.change.removed,
            },
            "column_count": len(version.columns),
            "columns": [
                {"name": column.name, "type": column.type.value}
                for column in version.columns[:COLUMNS_TOLD_MAX]
            ],
        },
        edges=tuple(edges),
    )
    record(tx, event)


def _advance(pool: Pool, upload_id: UploadId, stage: Stage, done_permille: int) -> None:
    with pool.connection() as tx:
        store.advance(tx, upload_id, stage=stage, done_permille=done_permille)


def _fail(pool: Pool, upload_id: UploadId, refusal: Refusal) -> None:
    with pool.connection() as tx:
        upload = store.lock_upload(tx, upload_id)
        if upload is None or version_store.version_of_upload(tx, upload_id) is not None:
            return
        failure = Failure(type(refusal).__name__, dict(vars(refusal)))
        store.update_upload(tx, replace(upload, state=UploadState.FAILED, failure=failure))


def _list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def _mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value
