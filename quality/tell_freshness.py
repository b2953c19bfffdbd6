"""Tell how fresh a dataset is, with what it was made from, as far as the reader sees that."""

from __future__ import annotations

from datetime import datetime

from catalog import find
from catalog.dataset import Dataset
from catalog.holdings import sources_of
from policies.database import Tx
from policies.party import Actor
from quality.freshness import Freshness, freshness_of


def freshness_for(tx: Tx, dataset: Dataset, *, by: Actor, at: datetime) -> Freshness | None:
    """How fresh the data is that the caller reads; None where there is none."""
    newest = [
        version
        for distribution in find.distributions_of(tx, dataset)
        if (version := find.newest_readable(tx, distribution, by=by)) is not None
    ]
    if not newest:
        return None
    sources = sources_of(tx, [dataset.id], by=by).get(dataset.id, ())
    came_at = max(version.created_at for version in newest)
    return freshness_of(dataset.entry.update_cycle, came_at, sources, at)
