"""Accept a file that has arrived: add the upload and ask for its reading in one transaction."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from catalog import find, upload
from catalog.arrivals import arrive
from catalog.arrivals.arrival import Arrival, ArrivalId
from catalog.dataset import Distribution
from catalog.files.wish import Wish
from catalog.version import Upload, UploadId, UploadState
from catalog.way_in import Way
from policies import once
from policies.database import Tx
from policies.party import Actor
from portal.incoming_file import IncomingFile
from portal.jobs import Queue, enqueue
from portal.wiring import Wiring

FILE_NAME_OTHERWISE: Final = "upload.csv"


def place_of(wiring: Wiring, actor: Actor, slug: str, distribution: str) -> Distribution:
    """The distribution, if the caller may send a file for it.

    Raises: DatasetNotFound, DistributionNotFound, PublisherNeeded, WrongState.
    """
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        found = find.distribution_named(tx, dataset, distribution)
        upload.check_may_receive(tx, found, by=actor)
        return found


def accept(
    wiring: Wiring,
    actor: Actor,
    distribution: Distribution,
    incoming: IncomingFile,
    key: str | None,
    *,
    is_held: bool = False,
    way: Way = Way.REPLACE,
) -> Upload:
    """Add the upload and ask for its reading, once per `key`; None counts every time.

    A held one is not read before its publisher has looked how.

    Raises: MalformedFileName, DatasetNotFound, PublisherNeeded, WrongState,
    MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay, KeyUndeclared.
    """
    file_name = incoming.file_name or FILE_NAME_OTHERWISE
    at = wiring.now()
    owner = str(actor.user_id)
    with wiring.pool.connection() as tx:
        if key is not None:
            content = f"upload\n{distribution.id}\n{file_name}\n{incoming.blob.sha256}"
            if way is not Way.REPLACE:
                content += f"\n{way}"
            known = once.begin(tx, owner, key, hashlib.sha256(content.encode()).hexdigest(), at)
            if known is not None:
                return find.upload_with_id(tx, UploadId(UUID(str(known))), by=actor)
        accepted = upload.receive(
            tx,
            distribution,
            incoming.blob,
            file_name=file_name,
            by=actor,
            at=at,
            state=UploadState.HELD if is_held else UploadState.QUEUED,
            way=way,
        )
        if not is_held:
            ask_to_read(tx, accepted)
        if key is not None:
            once.remember(tx, owner, key, str(accepted.id))
    return accepted


def load(
    wiring: Wiring, actor: Actor, held: Upload, wish: Wish, *, way: Way | None = None
) -> Upload:
    """Let a held upload be read as its publisher chose; `way`: None leaves it as it was sent.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, UploadNotHeld, KeyUndeclared.
    """
    with wiring.pool.connection() as tx:
        if way is not None:
            upload.choose_way(tx, held, way, by=actor)
        queued = upload.load(tx, held, wish, by=actor)
        ask_to_read(tx, queued)
    return queued


def read_again(wiring: Wiring, actor: Actor, read: Upload, wish: Wish) -> Upload:
    """Read the bytes of an upload once more, as its publisher chose.

    Raises: DatasetNotFound, PublisherNeeded, WrongState.
    """
    with wiring.pool.connection() as tx:
        queued = upload.read_again(tx, read, wish, by=actor, at=wiring.now())
        ask_to_read(tx, queued)
    return queued


def finished(wiring: Wiring, actor: Actor, arrival_id: ArrivalId) -> Arrival:
    """How far a file is; one whose bytes are all here is an upload afterwards.

    Raises: ArrivalNotFound, and what accepting an upload raises.
    """
    return arrive.finish(
        wiring.pool,
        wiring.folders.blobs,
        arrival_id,
        by=actor,
        at=wiring.now(),
        accepted=ask_to_read,
    )


def ask_to_read(tx: Tx, sent: Upload) -> None:
    """Ask for the reading of an upload; those of one distribution come one after the other."""
    enqueue(
        tx,
        "ingest",
        queue=Queue.WORK,
        lock=f"distribution:{sent.distribution_id}",
        upload_id=str(sent.id),
    )
