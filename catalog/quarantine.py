"""Set values aside from a version, with their row and reason, and show them to its own people.

    kept = keep_aside(folders, misfits)                        bytes in place, before a row tells
    quarantine(tx, version_id, kept, by=SetAsideBy.RULES, at=...)      in the caller's transaction

Reading a file sets aside the cells that do not fit their column (`catalog.ingest` asks for it);
quality sets aside rows that break a rule. Each replaces only its own, so that repeating a job has
one effect. The values are read by the publisher's own people alone; how many there are is told to
all who see the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from catalog.audience import is_member
from catalog.blobs import store_blob
from catalog.errors import VersionNotFound
from catalog.find import version_with_id
from catalog.folders import Folders
from catalog.misfit import (
    NONE_SET_ASIDE,
    KeptAside,
    Quarantine,
    QuarantineCount,
    SetAside,
    SetAsideBy,
)
from catalog.misfit_file import read_misfits, write_misfits
from catalog.store import quarantines as store
from catalog.store import uploads as upload_store
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId

PAGE_MAX: Final = 1_000
_COPY_BYTES: Final = 1 << 20


def keep_aside(folders: Folders, misfits: Iterable[SetAside]) -> KeptAside | None:
    """Write values to be set aside among the blobs; None where there are none.

    Raises: StorageFull, StorageAway.
    """
    with TemporaryFile(dir=folders.blobs.folder) as file:
        count, row_count = write_misfits(file, misfits)
        if count == 0:
            return None
        file.seek(0)
        return _keep(folders, file, count, row_count)


def keep_file_aside(folders: Folders, path: Path, count: int, row_count: int) -> KeptAside:
    """Put a file of values to be set aside among the blobs.

    Raises: StorageFull, StorageAway.
    """
    with path.open("rb") as file:
        return _keep(folders, file, count, row_count)


def quarantine(
    tx: Tx, version_id: VersionId, kept: KeptAside | None, *, by: SetAsideBy, at: datetime
) -> None:
    """Set values of a version aside, in place of what `by` set aside of it before."""
    if kept is None:
        store.delete_quarantine(tx, version_id, by)
        return
    upload_store.insert_blob(tx, kept.sha256, size_bytes=kept.size_bytes, at=at)
    store.put_quarantine(tx, Quarantine(version_id, by, kept, at))


def counts(tx: Tx, version_ids: Sequence[VersionId]) -> Mapping[VersionId, QuarantineCount]:
    """How much was set aside of each of these versions, which the caller may see."""
    told = dict.fromkeys(version_ids, NONE_SET_ASIDE)
    for one in store.quarantines_of(tx, version_ids):
        before = told[one.version_id]
        count = one.kept.count
        told[one.version_id] = (
            QuarantineCount(before.cells + count, before.broken)
            if one.by is SetAsideBy.READING
            else QuarantineCount(before.cells, before.broken + count)
        )
    return told


def quarantines(tx: Tx, version_id: VersionId, *, by: Actor) -> list[Quarantine]:
    """What was set aside of a version, for its own people.

    Raises: VersionNotFound, also where the version may be seen and its values may not.
    """
    _, dataset = version_with_id(tx, version_id, by=by)
    if not is_member(by, dataset.publisher_id):
        raise VersionNotFound
    return store.quarantines_of(tx, [version_id])


def values_of(
    folders: Folders, found: Sequence[Quarantine], *, offset: int = 0, limit: int | None = None
) -> Iterator[SetAside]:
    """The values that were set aside, what the reading did first; None reads to the end.

    Raises: FileDamaged, StorageAway.
    """
    for one in found:
        if offset >= one.kept.count:
            offset -= one.kept.count
            continue
        path = folders.blobs.checked(one.kept.sha256)
        for value in read_misfits(path, offset=offset, limit=limit):
            yield value
            limit = None if limit is None else limit - 1
        offset = 0
        if limit == 0:
            return


def _keep(folders: Folders, file: IO[bytes], count: int, row_count: int) -> KeptAside:
    blob = store_blob(folders.blobs, iter(lambda: file.read(_COPY_BYTES), b""))
    return KeptAside(blob.sha256, blob.size_bytes, count, row_count)
