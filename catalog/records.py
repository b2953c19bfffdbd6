"""Read whole records for one caller, many at a time, in a fixed number of statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from catalog.audience import Audience, audience_of
from catalog.record import Part, Record, RecordDistribution
from catalog.store import records as store
from catalog.store import themes as theme_store
from catalog.theme import Term, Theme
from policies.database import Tx
from policies.identity.people import organizations_with_ids
from policies.party import Actor
from policies.terms import DatasetId

BATCH: Final = 200
"""Records that are held in memory at once while a whole catalogue is read."""


def records_of(tx: Tx, dataset_ids: Sequence[DatasetId], *, by: Actor) -> list[Record]:
    """The records of these datasets in the order asked for; what `by` may not see is left out."""
    return records_with(tx, dataset_ids, frozenset(Part), by=by)


def records_with(
    tx: Tx, dataset_ids: Sequence[DatasetId], parts: frozenset[Part], *, by: Actor
) -> list[Record]:
    """The same records, of which only these parts were read; the other parts are empty."""
    audience = audience_of(by)
    datasets = store.datasets_in(tx, dataset_ids, audience)
    ids = [dataset.id for dataset in datasets]
    publishers = organizations_with_ids(tx, list({one.publisher_id for one in datasets}))
    held = _distributions(tx, ids, audience) if Part.DISTRIBUTIONS in parts else {}
    themes: defaultdict[DatasetId, list[Theme]] = defaultdict(list)
    for dataset_id, theme in theme_store.themes_of(tx, ids) if Part.THEMES in parts else ():
        themes[dataset_id].append(theme)
    terms: defaultdict[DatasetId, list[Term]] = defaultdict(list)
    for dataset_id, term in theme_store.terms_of(tx, ids) if Part.TERMS in parts else ():
        terms[dataset_id].append(term)
    inputs: defaultdict[DatasetId, list[DatasetId]] = defaultdict(list)
    for dataset_id, input_id in store.inputs_in(tx, ids, audience) if Part.INPUTS in parts else ():
        inputs[dataset_id].append(input_id)
    return [
        Record(
            dataset,
            publishers[dataset.publisher_id],
            tuple(themes[dataset.id]),
            tuple(terms[dataset.id]),
            tuple(held.get(dataset.id, ())),
            tuple(inputs[dataset.id]),
        )
        for dataset in datasets
    ]


def all_records(tx: Tx, *, by: Actor) -> Iterator[Record]:
    """Every record that exists for `by`, in the order of their ids, a batch at a time."""
    last: DatasetId | None = None
    while ids := store.seen_ids(tx, audience_of(by), after=last, limit=BATCH):
        yield from records_of(tx, ids, by=by)
        last = ids[-1]


def seen_ids(
    tx: Tx, *, by: Actor, after: DatasetId | None = None, limit: int = BATCH
) -> list[DatasetId]:
    """Ids of the datasets that exist for `by`, in their order, those after `after`."""
    return store.seen_ids(tx, audience_of(by), after=after, limit=limit)


def _distributions(
    tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience
) -> Mapping[DatasetId, list[RecordDistribution]]:
    newest = {
        distribution_id: (version, sha256, file_name)
        for distribution_id, version, sha256, file_name in store.newest_versions_in(
            tx, dataset_ids, audience
        )
    }
    held: defaultdict[DatasetId, list[RecordDistribution]] = defaultdict(list)
    for distribution in store.distributions_in(tx, dataset_ids):
        version, sha256, file_name = newest.get(distribution.id, (None, None, ""))
        held[distribution.dataset_id].append(
            RecordDistribution(distribution, version, sha256, file_name)
        )
    return held
