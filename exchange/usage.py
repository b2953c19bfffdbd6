"""How much was delivered, for the city's numbers and a publisher's desk.

Pages of open data are read without a receipt and are not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from exchange.listing import Listing
from exchange.store import listings as listing_store
from exchange.store import usage as store
from policies.database import Tx
from policies.terms import DatasetId, MicroCredits, Regime


@dataclass(frozen=True, slots=True)
class Usage:
    """What was delivered of one dataset to others than its publisher."""

    deliveries: int
    earned: MicroCredits
    """The provider's part of the charges."""


def deliveries_since(tx: Tx, since: datetime) -> Mapping[Regime, int]:
    """Deliveries of the whole city under each regime; a publisher's own reading is left out."""
    counted = {row["regime"]: row["deliveries"] for row in store.by_regime(tx, since)}
    return {regime: counted.get(regime.value, 0) for regime in Regime}


def usage_since(
    tx: Tx, dataset_ids: Sequence[DatasetId], since: datetime
) -> Mapping[DatasetId, Usage]:
    """What was delivered of each of these datasets; those without any are left out."""
    return {
        DatasetId(row["dataset_id"]): Usage(row["deliveries"], MicroCredits(row["earned"]))
        for row in store.by_dataset(tx, dataset_ids, since)
    }


def most_delivered(tx: Tx, since: datetime, *, limit: int) -> list[DatasetId]:
    """Datasets that others than their publishers read since then, the most delivered first.

    Whoever shows them still has to ask which of them the reader may see.
    """
    return [DatasetId(row["dataset_id"]) for row in store.most_delivered(tx, since, limit)]


def listed_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> Mapping[DatasetId, list[Listing]]:
    """The open listings of each of these datasets, by regime."""
    listed: dict[DatasetId, list[Listing]] = {dataset_id: [] for dataset_id in dataset_ids}
    for listing in listing_store.listed_of_datasets(tx, dataset_ids):
        listed[listing.dataset_id].append(listing)
    return listed
