"""Which files everybody may fetch without asking, for descriptions of many datasets at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from catalog.view import View
from exchange.listing import AccessClass
from exchange.store import listings as store
from policies.database import Tx
from policies.freeze import frozen_targets
from policies.terms import DatasetId, Regime


def open_views(tx: Tx, dataset_ids: Sequence[DatasetId], at: datetime) -> Mapping[DatasetId, View]:
    """What of each of these datasets is open to everybody; those of which nothing is are left out.

    Each delivery decides for itself; this is for telling where one may go.
    """
    listed = [
        listing
        for listing in store.listed_of_datasets(tx, dataset_ids)
        if listing.regime is Regime.OPEN and listing.access_class is AccessClass.UNCONDITIONAL
    ]
    named: set[UUID] = set()
    for listing in listed:
        named |= {listing.id, listing.dataset_id, listing.provider_id}
    frozen = frozen_targets(tx, named, at)
    return {
        listing.dataset_id: listing.view
        for listing in listed
        if not frozen & {listing.id, listing.dataset_id, listing.provider_id}
    }
