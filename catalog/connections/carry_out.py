"""Carry a run out: ask the source, and make what is new an upload like any other.

    carry_out(pool, confinement, place, run_id, now=...) -> Upload | None

A long act that names its own transactions:

1. claim: the run is `fetching`, one attempt more (short);
2. the source is read into the blob folder, or into a folder of its own for a try;
3. one transaction: the upload and its event, the run is `loading`, and the connection remembers
   what the answer said of itself. The caller asks for the reading in the same transaction, which
   `accept` is given for.

A process killed before 3 leaves bytes that nobody tells of; the job reads the source again. After 3
the run no longer asks, so doing the job again does nothing. What the reading of the file comes to
is told by `settle`, in the transaction after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog import upload as uploading
from catalog.blobs import Blobs
from catalog.confine import Confinement
from catalog.connections import store
from catalog.connections.connection import Connection
from catalog.connections.connection_run import (
    ATTEMPTS_MAX,
    ConnectionRun,
    ConnectionRunId,
    RunState,
)
from catalog.connections.errors import ConnectionBrokeOff, ConnectionChangedMeanwhile
from catalog.connections.read import Fetched, Key, Reach, fetch
from catalog.connections.sealed import unseal
from catalog.connections.set_up import connection_event
from catalog.dataset import Dataset
from catalog.errors import EngineBusy, QueryEngineAway
from catalog.files.looked import Look
from catalog.folders import Folders
from catalog.harvest.reach import IpNetwork
from catalog.harvest.source import Validators
from catalog.store import datasets as dataset_store
from catalog.store import uploads as upload_store
from catalog.store import versions as version_store
from catalog.version import Failure, Upload, UploadId
from policies.database import Pool, Tx
from policies.errors import Refusal
from policies.events import EventKind
from policies.record import record
from policies.roles import SYSTEM

LOOK_ROWS: int = 20


@dataclass(frozen=True, slots=True)
class Place:
    """What a run works with."""

    folders: Folders
    work: Path
    """What is thrown away after a run lies here."""
    sealing_key: bytes
    allowed: tuple[IpNetwork, ...]
    """Private networks that may be connected to."""


def carry_out(
    pool: Pool,
    confinement: Confinement,
    place: Place,
    run_id: ConnectionRunId,
    *,
    accept: Callable[[Tx, Upload], None],
    now: Callable[[], datetime],
) -> None:
    """Ask the source of a run that waits for that; `accept` is told of the upload that it makes.

    A source that cannot be read makes a failed run, not an error. Repeating it is harmless.

    Raises: EngineBusy and QueryEngineAway, after which the job is to be tried again.
    """
    claimed = _claim(pool, run_id, now())
    if claimed is None:
        return
    run, connection = claimed
    try:
        if run.attempts > ATTEMPTS_MAX:
            raise ConnectionBrokeOff
        if run.is_try:
            fetched, look = _try(confinement, place, connection, at=now())
        else:
            fetched, look = _fetch(place, connection, blobs=place.folders.blobs, at=now()), None
        with pool.connection() as tx:
            _finish(tx, run, fetched, look, accept=accept, at=now())
    except (EngineBusy, QueryEngineAway):
        raise
    except Refusal as refusal:
        with pool.connection() as tx:
            _fail(tx, run, refusal, at=now())


def settle(tx: Tx, upload_id: UploadId, *, at: datetime) -> None:
    """Tell the run that brought an upload what its reading came to; nothing for other uploads."""
    run = store.lock_run_of_upload(tx, upload_id)
    if run is None or run.state is not RunState.LOADING:
        return
    sent = upload_store.lock_upload(tx, upload_id)
    assert sent is not None
    made = version_store.version_of_upload(tx, upload_id)
    if sent.failure is None:
        rows = made.row_count if made is not None else run.row_count
        store.update_run(tx, replace(run, state=RunState.LOADED, row_count=rows, touched_at=at))
        return
    failed = replace(run, state=RunState.FAILED, failure=sent.failure, touched_at=at)
    store.update_run(tx, failed)
    connection = store.lock_connection(tx, run.connection_id)
    if connection is not None:
        # The same bytes are read again, since what refuses them may be mended here.
        _count_failure(tx, replace(connection, validators=Validators()), failed, at=at)


def _claim(
    pool: Pool, run_id: ConnectionRunId, at: datetime
) -> tuple[ConnectionRun, Connection] | None:
    with pool.connection() as tx:
        run = store.lock_run(tx, run_id)
        if run is None or not run.state.asks_the_source:
            return None
        connection = store.lock_connection(tx, run.connection_id)
        assert connection is not None
        claimed = replace(run, state=RunState.FETCHING, attempts=run.attempts + 1, touched_at=at)
        store.update_run(tx, claimed)
        return claimed, connection


def _fetch(place: Place, connection: Connection, *, blobs: Blobs, at: datetime) -> Fetched:
    sealed = connection.sealed_secret
    secret = "" if sealed is None else unseal(place.sealing_key, sealed, connection.id)
    key = Key(secret, connection.host_key, connection.validators)
    reach = Reach(blobs=blobs, work=place.work, allowed=place.allowed)
    return fetch(connection.source, key, reach, at=at)


def _try(
    confinement: Confinement, place: Place, connection: Connection, *, at: datetime
) -> tuple[Fetched, Look]:
    """Read the source into a folder that is thrown away, and look at what came."""
    unknown = replace(connection, validators=Validators())
    with (
        TemporaryDirectory(dir=place.work) as arriving,
        TemporaryDirectory(dir=place.work) as work,
    ):
        aside = Blobs(Path(arriving))
        fetched = _fetch(place, unknown, blobs=aside, at=at)
        assert fetched.blob is not None
        sha256 = fetched.blob.sha256
        look = uploading.look_at_file(
            confinement,
            aside.path(sha256),
            caller=str(connection.distribution_id),
            work=Path(work),
        )
    return fetched, replace(look, rows=look.rows[:LOOK_ROWS])


def _finish(
    tx: Tx,
    run: ConnectionRun,
    fetched: Fetched,
    look: Look | None,
    *,
    accept: Callable[[Tx, Upload], None],
    at: datetime,
) -> None:
    held = _still_asking(tx, run)
    if held is None:
        return
    now_run, connection = held
    if connection.modified_at != run.source_modified_at:
        raise ConnectionChangedMeanwhile
    size = fetched.blob.size_bytes if fetched.blob is not None else None
    done = replace(now_run, touched_at=at, size_bytes=size, row_count=fetched.row_count)
    connection = replace(connection, host_key=fetched.host_key or connection.host_key)
    if run.is_try:
        store.forget_looks(tx, connection.id)
        store.update_run(tx, replace(done, state=RunState.TRIED, look=look))
        store.update_connection(tx, replace(connection, is_tried=True))
        return
    recovered = replace(
        connection,
        validators=fetched.validators,
        failures=0,
        next_at=connection.rhythm.next_after(at),
    )
    if fetched.blob is None:
        store.update_run(tx, replace(done, state=RunState.UNCHANGED))
        store.update_connection(tx, replace(recovered, validators=connection.validators))
        return
    distribution = dataset_store.get_distribution(tx, connection.distribution_id)
    assert distribution is not None
    sent = uploading.receive_from_source(
        tx,
        distribution,
        fetched.blob,
        file_name=fetched.file_name,
        connection_id=connection.id,
        way=connection.way,
        at=at,
    )
    store.update_run(tx, replace(done, state=RunState.LOADING, upload_id=sent.id))
    store.update_connection(tx, recovered)
    accept(tx, sent)


def _fail(tx: Tx, run: ConnectionRun, refusal: Refusal, *, at: datetime) -> None:
    held = _still_asking(tx, run)
    if held is None:
        return
    now_run, connection = held
    facts = {
        name: str(value) if isinstance(value, str) else value
        for name, value in vars(refusal).items()
    }
    failed = replace(
        now_run,
        state=RunState.FAILED,
        failure=Failure(type(refusal).__name__, facts),
        touched_at=at,
    )
    store.update_run(tx, failed)
    if not run.is_try:
        _count_failure(tx, connection, failed, at=at)


def _still_asking(tx: Tx, run: ConnectionRun) -> tuple[ConnectionRun, Connection] | None:
    """The run and its connection, held; None where another attempt has ended it."""
    held = store.lock_run(tx, run.id)
    connection = store.lock_connection(tx, run.connection_id)
    if connection is None or held is None or held.state is not RunState.FETCHING:
        return None
    return held, connection


def _count_failure(tx: Tx, connection: Connection, run: ConnectionRun, *, at: datetime) -> None:
    """Wait longer each time, and tell the log."""
    ill = replace(connection, failures=connection.failures + 1)
    ill = replace(ill, next_at=ill.due_after_failure(at) if ill.is_on else None)
    store.update_connection(tx, ill)
    dataset = _dataset_of(tx, connection)
    assert run.failure is not None
    event = connection_event(
        EventKind.CONNECTION_FAILED, dataset, ill, run.failure.code, by=SYSTEM, at=at
    )
    record(tx, event)


def _dataset_of(tx: Tx, connection: Connection) -> Dataset:
    distribution = dataset_store.get_distribution(tx, connection.distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    return dataset
