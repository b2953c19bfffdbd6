"""What whole lists of datasets hold, for lists and for the city's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.audience import audience_of
from catalog.dataset import Dataset
from catalog.store import datasets as dataset_store
from catalog.store import holdings as store
from catalog.version import ReportId, Verdict
from policies.database import Tx
from policies.party import Actor
from policies.terms import DatasetId, OrganizationId, Text, UpdateCycle, VersionId

LIST_MAX = 200


@dataclass(frozen=True, slots=True)
class Holding:
    """The newest version of a dataset that exists for a reader, as a list shows it."""

    version_id: VersionId
    number: int
    row_count: int
    column_count: int
    verdict: Verdict | None
    report_id: ReportId | None
    created_at: datetime


def holdings_of(tx: Tx, datasets: Sequence[Dataset], *, by: Actor) -> Mapping[DatasetId, Holding]:
    """What each dataset holds for `by`; a dataset without a version for them is left out.

    The datasets are ones that `by` was let see; at most `LIST_MAX`.
    """
    assert len(datasets) <= LIST_MAX
    rows = store.newest_of(tx, [dataset.id for dataset in datasets], audience_of(by))
    return {
        DatasetId(row["dataset_id"]): Holding(
            version_id=VersionId(row["id"]),
            number=row["number"],
            row_count=row["row_count"],
            column_count=row["column_count"],
            verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
            report_id=None if row["report_id"] is None else ReportId(row["report_id"]),
            created_at=row["created_at"],
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class NewestData:
    """When a published dataset was last given data, and how often it promises to be."""

    dataset_id: DatasetId
    update_cycle: UpdateCycle
    came_at: datetime


def newest_data_after(
    tx: Tx, after: DatasetId | None, *, cycles: Sequence[UpdateCycle], limit: int
) -> list[NewestData]:
    """Published datasets of these cycles that have data, in the order of ids from `after` on."""
    return [
        NewestData(DatasetId(row["id"]), UpdateCycle(row["update_cycle"]), row["came_at"])
        for row in store.newest_data_after(tx, after, cycles=cycles, limit=limit)
    ]


@dataclass(frozen=True, slots=True)
class Source:
    """A published dataset that another one was made from, and when it was last given data."""

    dataset_id: DatasetId
    slug: str
    title: Text
    update_cycle: UpdateCycle
    came_at: datetime


def sources_of(
    tx: Tx, dataset_ids: Sequence[DatasetId], *, by: Actor
) -> Mapping[DatasetId, tuple[Source, ...]]:
    """What these datasets were made from, by however many steps, the oldest data first.

    A source that does not exist for `by` is not told of, nor what lies behind it.
    """
    found: dict[DatasetId, list[Source]] = {}
    for row in store.sources_of(tx, dataset_ids, audience_of(by)):
        found.setdefault(DatasetId(row["made_id"]), []).append(
            Source(
                DatasetId(row["id"]),
                row["slug"],
                Text.from_map(row["title"]),
                UpdateCycle(row["update_cycle"]),
                row["came_at"],
            )
        )
    return {made_id: tuple(sources) for made_id, sources in found.items()}


def made_from(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[DatasetId]:
    """Datasets that were made from these, by however many steps, whoever sees them."""
    return store.made_from(tx, dataset_ids) if dataset_ids else []


def published_rows(tx: Tx) -> int:
    """How many rows everybody may know of: of the newest published versions."""
    return store.published_rows(tx)


def published_by_organization(tx: Tx) -> Mapping[OrganizationId, int]:
    """How many published datasets each organisation has; those without any are left out."""
    return {
        OrganizationId(row["publisher_id"]): row["datasets"]
        for row in store.published_by_organization(tx)
    }


def newest_published(tx: Tx, *, limit: int) -> list[Dataset]:
    """The datasets that were published last, the newest first; at most `LIST_MAX`."""
    ids = store.newest_published(tx, min(limit, LIST_MAX))
    found = [dataset_store.get_dataset(tx, dataset_id) for dataset_id in ids]
    return [dataset for dataset in found if dataset is not None]
