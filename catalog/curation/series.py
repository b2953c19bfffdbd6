"""Series: records that gather datasets of one kind, such as a year each.

Source: W3C DCAT 3, `dcat:DatasetSeries`, `dcat:inSeries`.
"""

from __future__ import annotations

from typing import Final

from catalog.audience import audience_of, sees_dataset
from catalog.curation.classify_errors import NotASeries
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound
from catalog.find import dataset_named
from catalog.store import datasets as dataset_store
from catalog.store import series as store
from policies.database import Tx
from policies.party import Actor
from policies.terms import DatasetId, OrganizationId

MEMBERS_MAX: Final = 500
SERIES_MAX: Final = 500


def series_of_publisher(tx: Tx, publisher_id: OrganizationId, *, by: Actor) -> list[Dataset]:
    """The series of a publisher that exist for the caller, by name."""
    return store.series_of_publisher(tx, publisher_id, audience_of(by), limit=SERIES_MAX)


def members_of(tx: Tx, series: Dataset, *, by: Actor) -> list[Dataset]:
    """The datasets of a series that exist for the caller, the latest time covered first."""
    return store.members_of(tx, series.id, audience_of(by), limit=MEMBERS_MAX)


def series_around(tx: Tx, dataset: Dataset, *, by: Actor) -> Dataset | None:
    """The series that a dataset belongs to; None without one that exists for the caller."""
    series_id = dataset.entry.directory.in_series
    found = None if series_id is None else dataset_store.get_dataset(tx, series_id)
    return found if found is not None and sees_dataset(by, found) else None


def series_named(tx: Tx, slug: str, *, by: Actor) -> DatasetId:
    """The id of the series of that name.

    Raises: NotASeries, also where there is none for the caller.
    """
    try:
        found = dataset_named(tx, slug, by=by)
    except DatasetNotFound:
        raise NotASeries(slug) from None
    if not found.entry.directory.is_series:
        raise NotASeries(slug)
    return found.id
