"""What feeds hand out: which records, in which order, and what of them went.

Everything here is for one caller; what they may not see is neither counted nor skipped over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.audience import audience_of
from catalog.dataset import DatasetState, DistributionId
from catalog.formats.dcat import complete
from catalog.projection import OpenFile, Projection, face_of, linked, project
from catalog.record import Record
from catalog.records import records_of
from catalog.store import datasets as dataset_store
from catalog.store import interchange as store
from catalog.store.interchange import PublicRecord
from policies.database import Tx
from policies.decision.clause import Licence
from policies.events import EventKind
from policies.history import changes_from
from policies.identity.people import organizations_with_ids
from policies.party import ANONYMOUS, SLUG, Actor, Organization
from policies.terms import DatasetId

PAGE_DATASETS: Final = 100
"""Datasets of one page of the catalogue."""
CHANGES_PAGE_MAX: Final = 1000
PUBLISHERS_MAX: Final = 10_000

OpenFiles = Callable[[Tx, Sequence[Record]], Mapping[DistributionId, OpenFile]]
"""Says which files of these records everybody may fetch."""


@dataclass(frozen=True, slots=True)
class Given:
    """What projections need to know from outside the catalogue."""

    licences: Mapping[str, Licence]
    open_files: OpenFiles


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """Some of the published records that a caller sees."""

    dataset_ids: tuple[DatasetId, ...]
    total: int
    """Of all pages together."""
    modified_at: datetime | None
    """When the last of them all changed; None where there are none."""


@dataclass(frozen=True, slots=True)
class Change:
    """A record that changed, or that the caller may no longer know."""

    dataset_id: DatasetId
    slug: str
    """Empty where it is gone."""
    is_gone: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the feed of changes."""

    changes: tuple[Change, ...]
    next_leaf: int
    """Where to go on; also where nothing is new yet."""
    is_end: bool


def catalogue_page(tx: Tx, *, by: Actor, since: datetime | None, number: int) -> CataloguePage:
    """Page `number`, from 1 on, of the published records that `by` sees, in the order of ids."""
    audience = audience_of(by)
    total, modified_at = store.published_count(tx, audience, since=since)
    ids = store.published_page(
        tx, audience, since=since, offset=(number - 1) * PAGE_DATASETS, limit=PAGE_DATASETS
    )
    return CataloguePage(tuple(ids), total, modified_at)


def catalogue_page_among(
    tx: Tx,
    dataset_ids: Sequence[DatasetId],
    *,
    by: Actor,
    since: datetime | None,
    number: int,
) -> CataloguePage:
    """Page `number` of those of these datasets that are published and that `by` sees.

    A search may know of records that never leave the site; they are not counted here.
    """
    seen = store.published_among(tx, dataset_ids, audience_of(by), since=since)
    first = (number - 1) * PAGE_DATASETS
    return CataloguePage(
        tuple(dataset_id for dataset_id, _ in seen[first : first + PAGE_DATASETS]),
        len(seen),
        max((at for _, at in seen), default=None),
    )


def projections_of(
    tx: Tx, dataset_ids: Sequence[DatasetId], given: Given, *, by: Actor
) -> list[Projection]:
    """What `by` is told of the published ones among these datasets, in the order asked for.

    Classified ones are left out, whoever asks.
    """
    records = [
        record
        for record in records_of(tx, dataset_ids, by=by)
        if record.dataset.state is DatasetState.PUBLISHED
    ]
    return _projected(tx, records, given, by=by)


def projection_named(tx: Tx, name: str, given: Given, *, by: Actor) -> Projection | None:
    """What `by` is told of the dataset of that id or name; None where it does not exist for them.

    Drafts are told to those who see them; classified records to nobody.
    """
    dataset_id = id_of(tx, name)
    records = records_of(tx, [dataset_id], by=by) if dataset_id else []
    return next(iter(_projected(tx, records, given, by=by)), None)


def id_of(tx: Tx, name: str) -> DatasetId | None:
    """The id behind an id or name, whoever may see it; None where there is none."""
    try:
        return DatasetId(UUID(name))
    except ValueError:
        pass
    found = dataset_store.find_dataset(tx, name) if SLUG.fullmatch(name) else None
    return found.id if found else None


def public_projections(
    tx: Tx, given: Given, *, after: DatasetId | None, limit: int = PAGE_DATASETS
) -> tuple[list[Projection], DatasetId | None]:
    """What everybody is told of the datasets after `after`, and where to go on; None at the end."""
    ids = store.public_ids_after(tx, after, limit=limit)
    return projections_of(tx, ids, given, by=ANONYMOUS), ids[-1] if len(ids) == limit else None


def public_state(tx: Tx) -> tuple[int, datetime | None]:
    """How many records everybody may know, and when one last changed, came or went."""
    return store.public_state(tx)


def told_between(
    tx: Tx,
    *,
    since: datetime | None,
    until: datetime | None,
    publisher_slug: str | None,
    after: tuple[datetime, DatasetId] | None,
    limit: int,
) -> list[PublicRecord]:
    """What everybody was told of and changed in that time, also what went."""
    return store.public_records_between(
        tx, since=since, until=until, publisher_slug=publisher_slug, after=after, limit=limit
    )


def told_of(tx: Tx, dataset_id: DatasetId) -> PublicRecord | None:
    """What everybody was told of one dataset; None where nobody was told that there is one."""
    return store.public_records_of(tx, [dataset_id]).get(dataset_id)


def first_told(tx: Tx) -> datetime | None:
    """When the first record changed that everybody was told of; None where there is none."""
    return store.earliest_change(tx)


def public_publishers(tx: Tx) -> list[Organization]:
    """The organisations that publish what everybody may know, by name."""
    ids = store.publishers_of_public(tx, limit=PUBLISHERS_MAX)
    found = organizations_with_ids(tx, ids)
    return sorted(found.values(), key=lambda one: one.slug)


def changes_since(tx: Tx, leaf: int, *, by: Actor, limit: int = CHANGES_PAGE_MAX) -> Changes:
    """What became of records from leaf `leaf` of the log on, each record once.

    Leaves are dense and never change, so who goes on at `next_leaf` misses nothing.

    A record that `by` sees has changed. One that everybody was told of and that `by` no longer sees
    is gone. Of any other nothing is said.
    """
    limit = max(1, min(limit, CHANGES_PAGE_MAX))
    events = changes_from(tx, leaf, limit=limit)
    told = {
        one.dataset_id: one.at
        for one in events
        if one.dataset_id is not None and one.kind in _CATALOGUE_EVENTS
    }
    seen = {
        record.dataset.id: record.dataset
        for record in records_of(tx, [DatasetId(one) for one in told], by=by)
        if record.dataset.state is DatasetState.PUBLISHED
        and not record.dataset.entry.directory.is_classified
    }
    was_public = store.public_records_of(tx, list(told))
    changes = tuple(
        Change(
            DatasetId(dataset_id),
            seen[DatasetId(dataset_id)].slug if dataset_id in seen else "",
            is_gone=dataset_id not in seen,
            at=at,
        )
        for dataset_id, at in told.items()
        if dataset_id in seen or (dataset_id in was_public and not was_public[dataset_id].is_public)
    )
    last = events[-1].leaf_index if events else None
    return Changes(
        changes,
        leaf if last is None else last + 1,
        is_end=len(events) < min(limit, CHANGES_PAGE_MAX),
    )


_CATALOGUE_EVENTS: Final = frozenset(
    {
        EventKind.DATASET_CHANGED,
        EventKind.DATASET_PUBLISHED,
        EventKind.DATASET_WITHDRAWN,
        EventKind.DATASET_TAKEN_UP,
        EventKind.DATASET_PURGED,
        EventKind.LISTING_OPENED,
        EventKind.LISTING_SUSPENDED,
        EventKind.LISTING_WITHDRAWN,
    }
)


def _projected(tx: Tx, records: Sequence[Record], given: Given, *, by: Actor) -> list[Projection]:
    face = face_of(by)
    wanted = {
        other
        for record in records
        for other in (*record.input_ids, record.dataset.entry.directory.in_series)
        if other is not None
    }
    links = {
        record.dataset.id: link
        for record in records_of(tx, list(wanted), by=by)
        if record.dataset.state is DatasetState.PUBLISHED and (link := linked(record)) is not None
    }
    files = given.open_files(tx, records)
    projected = (
        project(record, face, licences=given.licences, files=files, links=links)
        for record in records
    )
    return [complete(one) for one in projected if one is not None]
