"""Remove a record for good, at once, from every face.

Its id and name stay in a tombstone, so that harvesters learn of it. Where a receipt, decision or
report names the record, an empty shell keeps its id; bytes that they refer to stay until their own
time ends.
"""

from __future__ import annotations

from datetime import datetime

from catalog.audience import visible
from catalog.curation.deposit_errors import AdministratorNeeded
from catalog.curation.describe import dataset_event
from catalog.directory import RecordAudience
from catalog.store import datasets as dataset_store
from catalog.store import deposits as store
from policies.database import Tx
from policies.events import EventKind, JsonValue
from policies.party import Actor
from policies.record import record
from policies.roles import can_administer, check_person
from policies.terms import DatasetId


def purge(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> None:
    """Remove a record for good; its name may be used again at once.

    Raises: DatasetNotFound, PersonNeeded, AdministratorNeeded.
    """
    check_person(by)
    dataset = visible(dataset_store.lock_dataset(tx, dataset_id), str(dataset_id), by)
    if not can_administer(by):
        raise AdministratorNeeded
    # A withdrawn record was public until then, and feeds may have told of it.
    was_public = dataset.issued is not None and dataset.entry.audience is RecordAudience.PUBLIC
    if not store.delete_dataset(tx, dataset_id):
        store.empty_dataset(tx, dataset_id)
    store.insert_tombstone(
        tx,
        dataset,
        was_public=was_public,
        at=at,
    )
    facts: dict[str, JsonValue] = {"slug": dataset.slug}
    record(tx, dataset_event(EventKind.DATASET_PURGED, dataset, facts, by=by, at=at))
