"""What datasets are called on pages that outlive them: agreements, receipts, requests."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog.errors import DatasetNotFound
from catalog.find import dataset_with_id
from policies.database import Tx
from policies.errors import N_
from policies.party import Actor
from policies.terms import DatasetId, Language, Text
from portal.languages import translator

WITHDRAWN = N_("Withdrawn data")


@dataclass(frozen=True, slots=True)
class DatasetName:
    """A dataset's title, and its page where there still is one for the reader."""

    title: Text
    href: str | None
    slug: str


def name_of_dataset(tx: Tx, dataset_id: UUID, *, by: Actor) -> DatasetName:
    """The dataset's name for `by`; one that is gone is called so."""
    try:
        dataset = dataset_with_id(tx, DatasetId(dataset_id), by=by)
    except DatasetNotFound:
        return DatasetName(gone(), None, "")
    return DatasetName(dataset.entry.title, f"/dataset/{dataset.slug}", dataset.slug)


def names_of_datasets(tx: Tx, dataset_ids: set[UUID], *, by: Actor) -> dict[UUID, DatasetName]:
    """The names of several datasets, each looked up once."""
    return {dataset_id: name_of_dataset(tx, dataset_id, by=by) for dataset_id in dataset_ids}


def gone() -> Text:
    """What a dataset is called that the reader cannot look up any more."""
    return Text(zh=str(translator(Language.ZH).gettext(WITHDRAWN)), en=WITHDRAWN)
