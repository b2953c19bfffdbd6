"""Take a file in for a distribution: its bytes are in place before a row tells of them.

The bytes come first (`catalog.blobs`), synced; then one transaction adds blob, upload and event,
in which the caller also asks for the reading. A crash in between leaves bytes that nobody tells
of, never an accepted upload without its bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from catalog.blobs import StoredBlob
from catalog.confine import Confinement
from catalog.curation.describe import owned_dataset
from catalog.dataset import DatasetState, Distribution
from catalog.errors import MalformedFileName, UploadNotFound, UploadNotHeld, WrongState
from catalog.file_errors import AlreadyPutIn, KeyUndeclared
from catalog.files.looked import Look
from catalog.files.wish import NO_WISH, Wish
from catalog.folders import Folders
from catalog.steps import store as step_store
from catalog.store import datasets as dataset_store
from catalog.store import uploads as store
from catalog.version import FILE_NAME_LENGTH_CHARACTERS, Upload, UploadId, UploadState
from catalog.way_in import Way
from policies.database import Tx
from policies.events import Edge, Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.roles import SYSTEM


def check_may_receive(tx: Tx, distribution: Distribution, *, by: Actor) -> None:
    """Refuse early, before the bytes are sent.

    Raises: DatasetNotFound, PublisherNeeded, WrongState.
    """
    dataset = owned_dataset(tx, distribution.dataset_id, by=by)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)


def receive(
    tx: Tx,
    distribution: Distribution,
    blob: StoredBlob,
    *,
    file_name: str,
    by: Actor,
    at: datetime,
    state: UploadState = UploadState.QUEUED,
    wish: Wish = NO_WISH,
    way: Way = Way.REPLACE,
) -> Upload:
    """Accept stored bytes as an upload that waits to be read, or HELD, to be looked at.

    Raises: MalformedFileName, DatasetNotFound, PublisherNeeded, WrongState, KeyUndeclared.
    """
    check_may_receive(tx, distribution, by=by)
    return _add(
        tx,
        distribution,
        blob,
        file_name=file_name,
        by=by,
        at=at,
        state=state,
        wish=wish,
        way=way,
        facts={},
    )


def check_way(tx: Tx, distribution: Distribution, way: Way) -> None:
    """Refuse early rows that could not be known again.

    Raises: KeyUndeclared.
    """
    definition = step_store.get_definition(tx, distribution.id)
    has_key = distribution.key_columns or (definition is not None and definition.primary_key)
    if way is Way.UPSERT and not has_key:
        raise KeyUndeclared


def receive_from_source(
    tx: Tx,
    distribution: Distribution,
    blob: StoredBlob,
    *,
    file_name: str,
    connection_id: UUID,
    way: Way,
    at: datetime,
) -> Upload:
    """Accept what came from the source that feeds a distribution, as an upload to be read.

    Who connected it had the right to; it is the organisation's then, and outlasts their leaving.

    Raises: MalformedFileName, WrongState, KeyUndeclared.
    """
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)
    return _add(
        tx,
        distribution,
        blob,
        file_name=file_name,
        by=SYSTEM,
        at=at,
        state=UploadState.QUEUED,
        wish=NO_WISH,
        way=way,
        facts={"connection_id": str(connection_id)},
    )


def _add(
    tx: Tx,
    distribution: Distribution,
    blob: StoredBlob,
    *,
    file_name: str,
    by: Actor,
    at: datetime,
    state: UploadState,
    wish: Wish,
    way: Way,
    facts: Mapping[str, str],
) -> Upload:
    name = check_file_name(file_name)
    check_way(tx, distribution, way)
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    upload = Upload(
        id=UploadId(uuid4()),
        distribution_id=distribution.id,
        file_name=name,
        blob_sha256=blob.sha256,
        size_bytes=blob.size_bytes,
        uploaded_by=by.user_id,
        uploaded_at=at,
        state=state,
        wish=wish.as_json(),
        way=way,
    )
    store.insert_blob(tx, blob.sha256, size_bytes=blob.size_bytes, at=at)
    store.insert_upload(tx, upload)
    event = Event(
        kind=EventKind.DISTRIBUTION_UPLOADED,
        at=at,
        actor=by,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=upload.id,
        facts={
            "distribution_id": str(distribution.id),
            "sha256": blob.sha256,
            "size_bytes": blob.size_bytes,
            "way": way.value,
            **facts,
        },
        edges=(Edge(f"blob:{blob.sha256}", f"upload:{upload.id}", "catalog.upload"),),
        # People put names into file names.
        personal={"file_name": name},
    )
    record(tx, event)
    return upload


def load(tx: Tx, held: Upload, wish: Wish, *, by: Actor) -> Upload:
    """Let a held upload be read, as the publisher has looked at it; the caller asks for that.

    Raises: DatasetNotFound, PublisherNeeded, UploadNotHeld.
    """
    _check_owner(tx, held, by=by)
    upload = store.lock_upload(tx, held.id)
    if upload is None or upload.state is not UploadState.HELD:
        raise UploadNotHeld
    queued = replace(upload, state=UploadState.QUEUED, wish=wish.as_json())
    store.update_upload(tx, queued)
    return queued


def choose_way(tx: Tx, held: Upload, way: Way, *, by: Actor) -> Upload:
    """Say how the rows of a held upload go into the table.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, UploadNotHeld, KeyUndeclared.
    """
    distribution = _check_owner(tx, held, by=by)
    check_way(tx, distribution, way)
    upload = store.lock_upload(tx, held.id)
    if upload is None or upload.state is not UploadState.HELD:
        raise UploadNotHeld
    chosen = replace(upload, way=way)
    store.update_upload(tx, chosen)
    return chosen


def read_again(tx: Tx, read: Upload, wish: Wish, *, by: Actor, at: datetime) -> Upload:
    """Read the same bytes in another way, as a new upload of the same distribution.

    Raises: UploadNotFound where the bytes are no longer kept; DatasetNotFound, PublisherNeeded,
    WrongState, AlreadyPutIn, KeyUndeclared.
    """
    distribution = _check_owner(tx, read, by=by)
    if not store.is_blob_kept(tx, read.blob_sha256):
        raise UploadNotFound
    if read.way is Way.APPEND and read.state is UploadState.INGESTED:
        raise AlreadyPutIn
    blob = StoredBlob(read.blob_sha256, read.size_bytes)
    return receive(
        tx, distribution, blob, file_name=read.file_name, by=by, at=at, wish=wish, way=read.way
    )


def look(
    confinement: Confinement, folders: Folders, sent: Upload, wish: Wish, *, work: Path
) -> Look:
    """How the file of an upload would be read; `work` is an empty folder.

    Raises: the refusals of reading a file; EngineBusy, QueryEngineAway.
    """
    blob = folders.blobs.checked(sent.blob_sha256)
    return look_at_file(confinement, blob, wish, caller=str(sent.distribution_id), work=work)


def look_at_file(
    confinement: Confinement, path: Path, wish: Wish = NO_WISH, *, caller: str, work: Path
) -> Look:
    """How a file that is no upload yet would be read; `work` is an empty folder.

    Raises: the refusals of reading a file; EngineBusy, QueryEngineAway.
    """
    told = confinement.run_confined(
        "catalog.files.look:look_at",
        {"wish": wish.as_json()},
        caller=caller,
        readable=[path],
        writable=work,
    )
    assert isinstance(told, Mapping)
    return Look.from_json(told)


def _check_owner(tx: Tx, sent: Upload, *, by: Actor) -> Distribution:
    distribution = dataset_store.get_distribution(tx, sent.distribution_id)
    assert distribution is not None
    check_may_receive(tx, distribution, by=by)
    return distribution


def check_file_name(file_name: str) -> str:
    """The last part of a name that came with a file. It is shown and never used as a path.

    Raises: MalformedFileName.
    """
    name = file_name.replace("\\", "/").rsplit("/", 1)[-1].strip()
    if not 1 <= len(name) <= FILE_NAME_LENGTH_CHARACTERS or not name.isprintable():
        raise MalformedFileName(FILE_NAME_LENGTH_CHARACTERS)
    return name
