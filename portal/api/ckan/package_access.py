"""Which dataset a call names, and whether its caller may change it."""

from __future__ import annotations

from catalog.audience import may_keep
from catalog.curation.deposit_errors import DatasetNotYours
from catalog.curation.names import known_dataset
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound
from portal.api.ckan.call import Call
from portal.api.ckan.errors import AccessDenied, NoSuchObject


def named(call: Call) -> str:
    """The `id` of the call, which may be a name.

    Raises: ValidationFailed.
    """
    return call.text("id") or call.wanted("name_or_id" if call.has("name_or_id") else "id")


def dataset_of(call: Call, wanted: str) -> Dataset:
    """The dataset of that id or name.

    Raises: NoSuchObject; AccessDenied for one that the caller may know of but not read.
    """
    try:
        return known_dataset(call.tx, wanted, by=call.actor)
    except DatasetNotFound:
        raise NoSuchObject("Dataset was not found.") from None
    except DatasetNotYours as refusal:
        raise AccessDenied(
            f"User {call.actor.name} not authorized to read package {refusal.dataset_id}"
        ) from None


def check_may_edit(call: Call, dataset: Dataset) -> None:
    """Refuse everybody but those who keep the dataset.

    Raises: AccessDenied.
    """
    if not may_keep(call.actor, dataset):
        raise AccessDenied(f"User {call.actor.name} not authorized to edit package {dataset.id}")
