"""Let people of other organisations in to a record by name, to read it or to change it.

Source: CKAN 2.12, dataset collaborators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.audience import visible
from catalog.curation.deposit_errors import CollaboratorsNotYours, NotACollaborator
from catalog.curation.describe import dataset_event
from catalog.dataset import Dataset
from catalog.store import datasets as dataset_store
from catalog.store import deposits as store
from policies.database import Tx
from policies.events import EventKind, JsonValue
from policies.identity.people import user_with_id
from policies.party import UNOWNED, Actor
from policies.record import record
from policies.roles import (
    Capacity,
    can_administer,
    can_administer_organization,
    check_person,
)
from policies.terms import DatasetId, UserId

COLLABORATORS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Collaborator:
    """A person who was let in to one record."""

    dataset_id: DatasetId
    user_id: UserId
    capacity: Capacity
    modified_at: datetime


def let_in(
    tx: Tx, dataset_id: DatasetId, user_id: UserId, capacity: Capacity, *, by: Actor, at: datetime
) -> Collaborator:
    """Let a person in, in that capacity alone; letting them in again changes it.

    Raises: DatasetNotFound, PersonNeeded, CollaboratorsNotYours, UserNotFound.
    """
    dataset = _decided_by(tx, dataset_id, by)
    user = user_with_id(tx, user_id)
    store.upsert_collaborator(tx, dataset_id, user.id, capacity.value, at)
    store.update_let_in(tx, dataset_id)
    _record(tx, dataset, user_id, capacity.value, by=by, at=at)
    return Collaborator(dataset_id, user_id, capacity, at)


def let_out(tx: Tx, dataset_id: DatasetId, user_id: UserId, *, by: Actor, at: datetime) -> None:
    """Let a person in no longer.

    Raises: DatasetNotFound, PersonNeeded, CollaboratorsNotYours, NotACollaborator.
    """
    dataset = _decided_by(tx, dataset_id, by)
    if not store.delete_collaborator(tx, dataset_id, user_id):
        raise NotACollaborator
    store.update_let_in(tx, dataset_id)
    _record(tx, dataset, user_id, None, by=by, at=at)


def collaborators_of(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> list[Collaborator]:
    """Who was let in, the longest first.

    Raises: DatasetNotFound, PersonNeeded, CollaboratorsNotYours.
    """
    _decided_by(tx, dataset_id, by)
    return _read(tx, dataset_id=dataset_id, user_id=None)


def collaborations_of(tx: Tx, user_id: UserId) -> list[Collaborator]:
    """Where a person was let in."""
    return _read(tx, dataset_id=None, user_id=user_id)


def capacity_in(tx: Tx, dataset_id: DatasetId, user_id: UserId) -> Capacity | None:
    """In which capacity a person was let in; None where they were not."""
    found: Sequence[Collaborator] = _read(tx, dataset_id=dataset_id, user_id=user_id)
    return found[0].capacity if found else None


def _read(tx: Tx, *, dataset_id: DatasetId | None, user_id: UserId | None) -> list[Collaborator]:
    rows = store.collaborators_of(
        tx, dataset_id=dataset_id, user_id=user_id, limit=COLLABORATORS_MAX
    )
    return [
        Collaborator(held_id, held_by, Capacity(capacity), at)
        for held_id, held_by, capacity, at in rows
    ]


def _decided_by(tx: Tx, dataset_id: DatasetId, by: Actor) -> Dataset:
    check_person(by)
    dataset = visible(dataset_store.lock_dataset(tx, dataset_id), str(dataset_id), by)
    is_maker = dataset.publisher_id == UNOWNED and dataset.created_by == by.user_id
    if by.user_id is not None and (
        can_administer(by)
        or is_maker
        or can_administer_organization(by, dataset.publisher_id)
        or capacity_in(tx, dataset_id, by.user_id) is Capacity.ADMIN
    ):
        return dataset
    raise CollaboratorsNotYours


def _record(
    tx: Tx, dataset: Dataset, user_id: UserId, capacity: str | None, *, by: Actor, at: datetime
) -> None:
    facts: dict[str, JsonValue] = {"collaborator": {"user_id": user_id, "capacity": capacity}}
    record(tx, dataset_event(EventKind.DATASET_CHANGED, dataset, facts, by=by, at=at))
