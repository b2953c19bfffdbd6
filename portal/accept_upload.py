"""Accept a file that has arrived: add the upload and ask for its reading in one transaction."""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from catalog import find, upload
from catalog.dataset import Distribution
from catalog.version import Upload, UploadId
from policies import once
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
) -> Upload:
    """Add the upload and ask for its reading, once per `key`; None counts every time.

    Raises: MalformedFileName, DatasetNotFound, PublisherNeeded, WrongState,
    MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay.
    """
    file_name = incoming.file_name or FILE_NAME_OTHERWISE
    at = wiring.now()
    owner = str(actor.user_id)
    with wiring.pool.connection() as tx:
        if key is not None:
            content = f"upload\n{distribution.id}\n{file_name}\n{incoming.blob.sha256}"
            known = once.begin(tx, owner, key, hashlib.sha256(content.encode()).hexdigest(), at)
            if known is not None:
                return find.upload_with_id(tx, UploadId(UUID(str(known))), by=actor)
        accepted = upload.receive(
            tx, distribution, incoming.blob, file_name=file_name, by=actor, at=at
        )
        enqueue(
            tx,
            "ingest",
            queue=Queue.WORK,
            lock=f"distribution:{distribution.id}",
            upload_id=str(accepted.id),
        )
        if key is not None:
            once.remember(tx, owner, key, str(accepted.id))
    return accepted
