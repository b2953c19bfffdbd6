"""A dataset that the caller publishes for, and the columns that its rules are about."""

from __future__ import annotations

from catalog import find
from catalog.curation import describe
from catalog.dataset import Dataset
from policies.database import Tx
from policies.party import Actor
from quality.check import Column


def owned(tx: Tx, slug: str, actor: Actor) -> Dataset:
    """The dataset, if the caller publishes for its organisation.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    return describe.owned_dataset(tx, find.dataset_named(tx, slug, by=actor).id, by=actor)


def columns_of(tx: Tx, dataset: Dataset, actor: Actor) -> tuple[Column, ...]:
    """The columns of the newest data that the caller sees; none before the first file."""
    for distribution in find.distributions_of(tx, dataset):
        newest = find.newest_readable(tx, distribution, by=actor)
        if newest is not None:
            return tuple(Column(column.name, column.type) for column in newest.columns)
    return ()
