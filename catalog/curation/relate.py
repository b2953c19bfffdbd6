"""Link datasets with each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from catalog.audience import audience_of, visible
from catalog.curation.deposit_errors import RelationshipNotFound, RelationshipWithItself
from catalog.curation.describe import dataset_event, owned_dataset
from catalog.dataset import check_text
from catalog.relationship import COMMENT_LENGTH_CHARACTERS, Relationship, RelationshipKind
from catalog.store import datasets as dataset_store
from catalog.store import records as record_store
from catalog.store import relationships as store
from policies.database import Tx
from policies.events import EventKind, JsonValue
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId

RELATIONSHIPS_SHOWN_MAX = 10_000


def relate(
    tx: Tx,
    subject_id: DatasetId,
    object_id: DatasetId,
    kind: RelationshipKind,
    comment: str,
    *,
    by: Actor,
    at: datetime,
) -> Relationship:
    """Link two datasets that the caller keeps; a link that exists takes the new comment.

    Raises: DatasetNotFound, PublisherNeeded, RelationshipWithItself, TextTooLong, TextUnwritable.
    """
    check_text("comment", comment, COMMENT_LENGTH_CHARACTERS)
    if subject_id == object_id:
        raise RelationshipWithItself
    # Locked in one order, so that two who link the same pair do not wait for each other.
    for dataset_id in sorted((subject_id, object_id)):
        owned_dataset(tx, dataset_id, by=by)
    link = Relationship(uuid4(), subject_id, object_id, kind, comment)
    store.insert_relationship(tx, link)
    _record(tx, link, "made", by=by, at=at)
    return next(
        one
        for one in store.relationships_of(tx, [subject_id], limit=RELATIONSHIPS_SHOWN_MAX)
        if (one.object_id, one.kind) == (object_id, kind)
    )


def unrelate(
    tx: Tx,
    subject_id: DatasetId,
    object_id: DatasetId,
    kind: RelationshipKind,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Undo a link.

    Raises: DatasetNotFound, PublisherNeeded, RelationshipNotFound.
    """
    for dataset_id in sorted((subject_id, object_id)):
        owned_dataset(tx, dataset_id, by=by)
    if not store.delete_relationship(tx, subject_id, object_id, kind):
        raise RelationshipNotFound
    link = Relationship(uuid4(), subject_id, object_id, kind)
    _record(tx, link, "undone", by=by, at=at)


def relationships_of(tx: Tx, dataset_ids: Sequence[DatasetId], *, by: Actor) -> list[Relationship]:
    """Links of these datasets whose two ends both exist for the caller, oldest first."""
    links = store.relationships_of(tx, dataset_ids, limit=RELATIONSHIPS_SHOWN_MAX)
    if not links:
        return []
    ends = {link.subject_id for link in links} | {link.object_id for link in links}
    seen = {one.id for one in record_store.datasets_in(tx, sorted(ends), audience_of(by))}
    return [link for link in links if {link.subject_id, link.object_id} <= seen]


def _record(tx: Tx, link: Relationship, change: str, *, by: Actor, at: datetime) -> None:
    dataset = visible(dataset_store.get_dataset(tx, link.subject_id), str(link.subject_id), by)
    facts: dict[str, JsonValue] = {
        "relationship": {"object_id": link.object_id, "kind": link.kind.value, "change": change}
    }
    record(tx, dataset_event(EventKind.DATASET_CHANGED, dataset, facts, by=by, at=at))
