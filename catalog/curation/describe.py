"""Register a dataset and its distributions, and change what is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from catalog.audience import may_keep, may_publish_for, sees_dataset, visible
from catalog.curation.classify_errors import GovCodeTaken
from catalog.dataset import (
    DISTRIBUTIONS_MAX,
    INPUTS_MAX,
    Dataset,
    DatasetState,
    Distribution,
    DistributionId,
    Entry,
)
from catalog.errors import (
    DatasetNotFound,
    PublisherNeeded,
    SlugTaken,
    TitleMissing,
    TooManyEntries,
    WrongState,
)
from catalog.store import classified
from catalog.store import datasets as store
from policies.canonical import canonical_text, to_plain
from policies.database import Tx
from policies.events import Edge, Event, EventKind, JsonValue
from policies.identity.people import organization_with_id
from policies.party import Actor, check_slug
from policies.record import record
from policies.terms import DatasetId, OrganizationId, Text

FACT_LENGTH_CHARACTERS = 50_000
"""A longer fact is told by its digest."""

_PERSONAL = ("author", "author_email", "maintainer", "maintainer_email", "contact_phone")


def create(
    tx: Tx, slug: str, entry: Entry, *, publisher_id: OrganizationId, by: Actor, at: datetime
) -> Dataset:
    """Register a dataset as a draft.

    Raises: MalformedSlug, OrganizationNotFound, PublisherNeeded, SlugTaken, GovCodeTaken.
    """
    check_slug(slug)
    organization_with_id(tx, publisher_id)
    if not may_publish_for(by, publisher_id):
        raise PublisherNeeded
    dataset = Dataset(
        id=store.new_dataset_id(tx),
        slug=slug,
        publisher_id=publisher_id,
        entry=entry,
        state=DatasetState.DRAFT,
        created_by=by.user_id,
        created_at=at,
        modified_at=at,
    )
    claim_code(tx, dataset)
    if not store.insert_dataset(tx, dataset):
        raise SlugTaken(slug)
    facts = {"slug": slug, **entry_facts(entry)}
    record(tx, dataset_event(EventKind.DATASET_CREATED, dataset, facts, by=by, at=at))
    return dataset


def change(tx: Tx, dataset_id: DatasetId, entry: Entry, *, by: Actor, at: datetime) -> Dataset:
    """Replace what is said of a dataset.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, ClassificationLoosened, GovCodeTaken.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    if entry == dataset.entry:
        return dataset
    changed = dataset.described_as(entry, at=at)
    if entry.directory.gov_code != dataset.entry.directory.gov_code:
        claim_code(tx, changed)
    store.update_entry(tx, changed)
    before, after = entry_facts(dataset.entry), entry_facts(entry)
    facts: dict[str, JsonValue] = {
        name: {"before": before[name], "after": after[name]}
        for name in after
        if before[name] != after[name]
    }
    record(tx, dataset_event(EventKind.DATASET_CHANGED, changed, facts, by=by, at=at))
    return changed


def name_inputs(
    tx: Tx, dataset_id: DatasetId, input_ids: Sequence[DatasetId], *, by: Actor, at: datetime
) -> None:
    """Say which datasets this one was made from; an empty list says none.

    Raises: DatasetNotFound for it or an input that the actor may not see; PublisherNeeded,
    WrongState, TooManyEntries.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    if dataset.state in (DatasetState.SUBMITTED, DatasetState.WITHDRAWN):
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)
    chosen = list(dict.fromkeys(input_ids))
    if len(chosen) > INPUTS_MAX:
        raise TooManyEntries("inputs", INPUTS_MAX)
    for input_id in chosen:
        found = store.get_dataset(tx, input_id)
        if found is None or not sees_dataset(by, found) or input_id == dataset_id:
            raise DatasetNotFound(str(input_id))
    store.clear_inputs(tx, dataset_id)
    store.insert_inputs(tx, dataset_id, chosen)
    edges = tuple(
        Edge(f"dataset:{input_id}", f"dataset:{dataset_id}", "catalog.describe")
        for input_id in chosen
    )
    facts: dict[str, JsonValue] = {"inputs": [str(input_id) for input_id in chosen]}
    event = dataset_event(EventKind.DATASET_CHANGED, dataset, facts, by=by, at=at)
    record(tx, replace(event, edges=edges))


def add_distribution(
    tx: Tx,
    dataset_id: DatasetId,
    slug: str,
    title: Text,
    *,
    by: Actor,
    at: datetime,
) -> Distribution:
    """Add a form of the data to a dataset, still without data.

    Raises: MalformedSlug, DatasetNotFound, PublisherNeeded, WrongState, SlugTaken, TitleMissing,
    TooManyEntries.
    """
    check_slug(slug)
    dataset = owned_dataset(tx, dataset_id, by=by)
    if dataset.state is DatasetState.WITHDRAWN:
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)
    if not (title.zh.strip() or title.en.strip()):
        raise TitleMissing
    others = store.distributions_of(tx, dataset_id)
    if len(others) >= DISTRIBUTIONS_MAX:
        raise TooManyEntries("distributions", DISTRIBUTIONS_MAX)
    distribution = Distribution(
        id=DistributionId(uuid4()),
        dataset_id=dataset_id,
        slug=slug,
        title=title,
        key_columns=(),
        created_at=at,
        modified_at=at,
        # After all others: the first one is what a dataset's own name means.
        position=max((one.position for one in others), default=-1) + 1,
    )
    if not store.insert_distribution(tx, distribution):
        raise SlugTaken(slug)
    facts: dict[str, JsonValue] = {"distribution": {"id": str(distribution.id), "slug": slug}}
    record(tx, dataset_event(EventKind.DATASET_CHANGED, dataset, facts, by=by, at=at))
    return distribution


def change_distribution(
    tx: Tx,
    distribution: Distribution,
    *,
    title: Text,
    key_columns: tuple[str, ...],
    by: Actor,
    at: datetime,
) -> Distribution:
    """Retitle a distribution or declare the columns that its rows are sorted by.

    Raises: DatasetNotFound, PublisherNeeded, TitleMissing, TooManyEntries.
    """
    dataset = owned_dataset(tx, distribution.dataset_id, by=by)
    if not (title.zh.strip() or title.en.strip()):
        raise TitleMissing
    changed = replace(distribution, title=title, key_columns=key_columns, modified_at=at)
    store.update_distribution(tx, changed)
    facts: dict[str, JsonValue] = {
        "distribution": {
            "id": str(changed.id),
            "title": title.as_map(),
            "key_columns": list(key_columns),
        }
    }
    record(tx, dataset_event(EventKind.DATASET_CHANGED, dataset, facts, by=by, at=at))
    return changed


def claim_code(tx: Tx, dataset: Dataset) -> None:
    """See that no other record of the publisher has this one's code in the directory.

    Raises: GovCodeTaken.
    Source: 政务信息资源目录编制指南(试行) (2017), 信息资源代码 (unique).
    """
    gov_code = dataset.entry.directory.gov_code
    if gov_code and not classified.claim_code(tx, dataset.publisher_id, gov_code, dataset.id):
        raise GovCodeTaken(gov_code)


def owned_dataset(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> Dataset:
    """The dataset, locked, for one who may change it.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    dataset = visible(store.lock_dataset(tx, dataset_id), str(dataset_id), by)
    if not may_keep(by, dataset):
        raise PublisherNeeded
    return dataset


def entry_facts(entry: Entry) -> dict[str, JsonValue]:
    """What an event tells of an entry; it is public once the dataset is."""
    return {
        "title": entry.title.as_map(),
        "summary": _told(entry.summary.as_map()),
        "grade": int(entry.grade),
        "share_type": entry.share_type.value,
        "share_basis": entry.share_basis,
        "open_type": entry.open_type.value,
        "open_basis": entry.open_basis,
        "update_cycle": entry.update_cycle.value,
        "licence": entry.licence,
        "keywords": _told(list(entry.keywords)),
        "audience": entry.audience.value,
        # Whom to ask is a person: names and numbers stay out of what can never be erased.
        "directory": _told(
            {
                name: value
                for name, value in entry.directory.as_json().items()
                if name not in _PERSONAL
            }
        ),
    }


def _told(value: JsonValue) -> JsonValue:
    """A fact as it is, or its digest where it would not fit into an event."""
    text = canonical_text(to_plain(value))
    if len(text) <= FACT_LENGTH_CHARACTERS:
        return value
    return {"sha256": sha256(text.encode()).hexdigest(), "length_characters": len(text)}


def dataset_event(
    kind: EventKind, dataset: Dataset, facts: dict[str, JsonValue], *, by: Actor, at: datetime
) -> Event:
    """What happened to a dataset."""
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=dataset.publisher_id,
        dataset_id=dataset.id,
        subject_id=dataset.id,
        facts=facts,
    )
