"""Take a file in piece by piece.

    begin(tx, distribution, told, by=...)              what is to come
    take(pool, blobs, arrival_id, content, ...)        a piece, in place before a row tells of it
    finish(pool, blobs, arrival_id, ...)               all pieces become one upload, once
    drop(pool, blobs, arrival_id, ...)                 the sender wants it no more

A kill at any moment leaves the pieces that a row tells of and perhaps one more file, which the
sweep removes. Whoever asks how far a file is and finds it whole ends it: no answer that was lost
leaves it lying.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import uuid4

from catalog.arrivals import store
from catalog.arrivals.arrival import (
    ARRIVALS_PER_PERSON_MAX,
    ARRIVING_BYTES_PER_PERSON_MAX,
    DONE_KEPT_FOR,
    FINGERPRINT_LENGTH_CHARACTERS,
    KEPT_FOR,
    PIECES_MAX,
    Arrival,
    ArrivalId,
)
from catalog.arrivals.errors import (
    ArrivalNotFound,
    PieceOutOfPlace,
    PieceTooLong,
    TooManyArrivals,
    TooManyPieces,
)
from catalog.arrivals.pieces import content_of, drop_pieces, keep_piece
from catalog.blobs import UPLOAD_BYTES_MAX, Blobs, StoredBlob, store_blob
from catalog.dataset import Distribution
from catalog.errors import FileDamaged, FileTooLarge
from catalog.store import datasets as dataset_store
from catalog.store import uploads as upload_store
from catalog.store import versions as version_store
from catalog.upload import check_file_name, check_may_receive, check_way, receive
from catalog.version import Upload, UploadState, VersionState
from catalog.way_in import Way
from policies.database import Pool, Tx
from policies.party import Actor
from policies.terms import UserId

SWEPT_AT_ONCE_MAX = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What a sender says of a file before its bytes come."""

    file_name: str
    size_bytes: int
    fingerprint: str = ""
    is_held: bool = False
    way: Way = Way.REPLACE


def begin(tx: Tx, distribution: Distribution, told: Told, *, by: Actor, at: datetime) -> Arrival:
    """Wait for a file; one that its sender began and did not end is gone on with.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, MalformedFileName, FileTooLarge,
    TooManyArrivals, KeyUndeclared.
    """
    check_may_receive(tx, distribution, by=by)
    check_way(tx, distribution, told.way)
    file_name = check_file_name(told.file_name)
    if told.size_bytes > UPLOAD_BYTES_MAX:
        raise FileTooLarge(UPLOAD_BYTES_MAX)
    sender = _sender(by)
    store.lock_sender(tx, sender)
    unfinished = store.unfinished_of(tx, sender, at)
    for one in unfinished:
        if (
            one.distribution_id == distribution.id
            and told.fingerprint
            and ((one.fingerprint, one.size_bytes) == (told.fingerprint, told.size_bytes))
        ):
            store.set_way(tx, one.id, told.way)
            return replace(one, way=told.way)
    size_bytes = sum(one.size_bytes for one in unfinished) + told.size_bytes
    if len(unfinished) >= ARRIVALS_PER_PERSON_MAX or size_bytes > ARRIVING_BYTES_PER_PERSON_MAX:
        raise TooManyArrivals(ARRIVALS_PER_PERSON_MAX, ARRIVING_BYTES_PER_PERSON_MAX)
    arrival = Arrival(
        id=ArrivalId(uuid4()),
        distribution_id=distribution.id,
        user_id=sender,
        file_name=file_name,
        size_bytes=told.size_bytes,
        fingerprint=told.fingerprint[:FINGERPRINT_LENGTH_CHARACTERS],
        is_held=told.is_held,
        begun_at=at,
        expires_at=at + KEPT_FOR,
        way=told.way,
    )
    store.insert_arrival(tx, arrival)
    return arrival


def arrival_of(tx: Tx, arrival_id: ArrivalId, *, by: Actor, at: datetime) -> Arrival:
    """A file on its way, for the one who sends it.

    Raises: ArrivalNotFound.
    """
    found = store.get_arrival(tx, arrival_id)
    if found is None or found.user_id != by.user_id or found.expires_at <= at:
        raise ArrivalNotFound
    return found


def unfinished_of(tx: Tx, *, by: Actor, at: datetime) -> list[Arrival]:
    """The files that the caller began to send and that are not whole, the newest first."""
    return store.unfinished_of(tx, _sender(by), at)


def check_place(arrival: Arrival, first_byte: int, size_bytes: int = 0) -> None:
    """Refuse bytes that do not follow those that are here.

    Raises: PieceOutOfPlace, PieceTooLong.
    """
    if first_byte != arrival.arrived_bytes:
        raise PieceOutOfPlace(arrival.arrived_bytes)
    if first_byte + size_bytes > arrival.size_bytes:
        raise PieceTooLong(arrival.size_bytes)


def take(
    pool: Pool,
    blobs: Blobs,
    arrival_id: ArrivalId,
    content: bytes,
    *,
    first_byte: int,
    by: Actor,
    at: datetime,
) -> Arrival:
    """Keep bytes that follow those that are here.

    Of two that come at once for one place, one is kept and the other is told where to go on.

    Raises: ArrivalNotFound, PieceOutOfPlace, PieceTooLong, TooManyPieces, StorageFull, StorageAway.
    """
    with pool.connection() as tx:
        check_place(arrival_of(tx, arrival_id, by=by, at=at), first_byte, len(content))
        if store.count_pieces(tx, arrival_id) >= PIECES_MAX:
            raise TooManyPieces(PIECES_MAX)
    piece = keep_piece(blobs, arrival_id, first_byte, content)
    with pool.connection() as tx:
        store.lock_arrival(tx, arrival_id)
        check_place(arrival_of(tx, arrival_id, by=by, at=at), first_byte, len(content))
        store.insert_piece(tx, arrival_id, piece)
        store.set_expiry(tx, arrival_id, at + KEPT_FOR)
        return arrival_of(tx, arrival_id, by=by, at=at)


def finish(
    pool: Pool,
    blobs: Blobs,
    arrival_id: ArrivalId,
    *,
    by: Actor,
    at: datetime,
    accepted: Callable[[Tx, Upload], None],
) -> Arrival:
    """Make one upload of a file whose bytes are all here; repeating it gives the same upload.

    The same bytes as the newest file of the distribution make no second one. `accepted` is called
    in the transaction that adds an upload which is to be read.

    Raises: ArrivalNotFound, DatasetNotFound, PublisherNeeded, WrongState, FileDamaged, StorageFull,
    StorageAway.
    """
    with pool.connection() as tx:
        arrival = arrival_of(tx, arrival_id, by=by, at=at)
        pieces = store.pieces_of(tx, arrival_id)
    if arrival.upload_id is not None or not arrival.is_complete:
        return arrival
    try:
        blob = store_blob(blobs, content_of(blobs, arrival_id, pieces))
    except FileDamaged:
        with pool.connection() as tx:
            arrival = arrival_of(tx, arrival_id, by=by, at=at)
        if arrival.upload_id is None:
            raise
        # Another request was faster and has put the pieces away.
        return arrival
    with pool.connection() as tx:
        store.lock_arrival(tx, arrival_id)
        arrival = arrival_of(tx, arrival_id, by=by, at=at)
        if arrival.upload_id is None:
            upload = _upload_of(tx, arrival, blob, by=by, at=at, accepted=accepted)
            store.set_upload(tx, arrival_id, upload.id, at + DONE_KEPT_FOR)
        done = arrival_of(tx, arrival_id, by=by, at=at)
    drop_pieces(blobs, arrival_id, pieces)
    return done


def drop(pool: Pool, blobs: Blobs, arrival_id: ArrivalId, *, by: Actor, at: datetime) -> None:
    """Wait for a file no longer.

    Raises: ArrivalNotFound.
    """
    with pool.connection() as tx:
        arrival_of(tx, arrival_id, by=by, at=at)
        pieces = store.pieces_of(tx, arrival_id)
        store.delete_arrivals(tx, [arrival_id])
    drop_pieces(blobs, arrival_id, pieces)


def sweep(pool: Pool, blobs: Blobs, *, at: datetime) -> int:
    """Forget the files that are waited for no longer; says how many."""
    with pool.connection() as tx:
        expired = store.lock_expired(tx, at, limit=SWEPT_AT_ONCE_MAX)
        pieces = {one: store.pieces_of(tx, one) for one in expired}
        store.delete_arrivals(tx, expired)
    for one in expired:
        drop_pieces(blobs, one, pieces[one])
    return len(expired)


def _upload_of(
    tx: Tx,
    arrival: Arrival,
    blob: StoredBlob,
    *,
    by: Actor,
    at: datetime,
    accepted: Callable[[Tx, Upload], None],
) -> Upload:
    distribution = dataset_store.lock_distribution(tx, arrival.distribution_id)
    if distribution is None:
        raise ArrivalNotFound
    for newest in upload_store.uploads_of(tx, [distribution.id], limit=1):
        is_same = newest.blob_sha256 == blob.sha256 and newest.way is arrival.way
        # The same rows may be meant to be added once more.
        is_meant = arrival.way is Way.APPEND
        if is_same and not is_meant and not newest.wish and _is_in_effect(tx, newest):
            return newest
    state = UploadState.HELD if arrival.is_held else UploadState.QUEUED
    upload = receive(
        tx,
        distribution,
        blob,
        file_name=arrival.file_name,
        by=by,
        at=at,
        state=state,
        way=arrival.way,
    )
    if not arrival.is_held:
        accepted(tx, upload)
    return upload


def _is_in_effect(tx: Tx, upload: Upload) -> bool:
    """Whether the upload waits, is being read, or is what the distribution holds now."""
    match upload.state:
        case UploadState.FAILED:
            return False
        case UploadState.HELD | UploadState.QUEUED | UploadState.INGESTING | UploadState.PARTED:
            return True
        case UploadState.KEPT | UploadState.INGESTED:
            made = version_store.version_of_upload(tx, upload.id)
            return (
                made is not None
                and not made.is_dropped
                and made.state is not VersionState.WITHDRAWN
                and made.number == version_store.newest_number(tx, upload.distribution_id)
            )
        case _:
            assert_never(upload.state)


def _sender(by: Actor) -> UserId:
    assert by.user_id is not None
    return by.user_id
