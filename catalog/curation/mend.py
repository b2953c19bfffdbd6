"""Look for filing faults of a record among its publisher's others, and mend one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.curation import describe
from catalog.curation.classify_errors import NothingToMend
from catalog.dataset import Dataset
from catalog.filing import Fault, Filing, Neighbours, faults_of, same_name
from catalog.find import distributions_of, newest_readable
from catalog.store import classified as store
from policies.database import Tx
from policies.party import Actor
from policies.terms import DatasetId


def filing_of(tx: Tx, dataset: Dataset, *, by: Actor) -> list[Filing]:
    """The filing faults of a dataset that `by` may see."""
    titles, codes = store.neighbours_of(tx, dataset.publisher_id, dataset.id)
    neighbours = Neighbours(frozenset(map(same_name, titles)), tuple(codes))
    return faults_of(dataset.entry, neighbours, _columns(tx, dataset, by))


def mend(tx: Tx, dataset_id: DatasetId, fault: Fault, *, by: Actor, at: datetime) -> Dataset:
    """Put one fault right by the means that its finding names.

    Raises: DatasetNotFound, PublisherNeeded, NothingToMend, WrongState, ClassificationLoosened.
    """
    dataset = describe.owned_dataset(tx, dataset_id, by=by)
    for filing in filing_of(tx, dataset, by=by):
        if filing.fault is fault and filing.mended is not None:
            return describe.change(tx, dataset_id, filing.mended, by=by, at=at)
    raise NothingToMend


def _columns(tx: Tx, dataset: Dataset, by: Actor) -> Sequence[str]:
    for distribution in distributions_of(tx, dataset):
        version = newest_readable(tx, distribution, by=by)
        if version is not None:
            return [column.name for column in version.columns]
    return ()
