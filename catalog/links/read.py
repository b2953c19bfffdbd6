"""What was found at a dataset's addresses elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from catalog.links import store
from catalog.links.link import LinkCheck
from policies.database import Tx
from policies.terms import DatasetId


def link_checks_of(tx: Tx, dataset_id: DatasetId) -> list[LinkCheck]:
    """What each of its present addresses said when somebody looked; some were not yet looked at.

    Whether the reader may know of the dataset is looked up by whoever names it.
    """
    return store.checks_of(tx, dataset_id)


def count_broken(tx: Tx, dataset_ids: Sequence[DatasetId]) -> Mapping[DatasetId, int]:
    """How many addresses of each of these do not answer; those without any are left out."""
    held = store.failing_of(tx, dataset_ids)
    broken = Counter(dataset_id for dataset_id, check in held if check.is_broken)
    return dict(broken)
