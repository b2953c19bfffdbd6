"""Read and write the dictionary of a distribution: what its columns mean, and what they join."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from catalog.audience import sees_dataset
from catalog.column_note import (
    MEANING_LENGTH_CHARACTERS,
    TITLE_LENGTH_CHARACTERS,
    ColumnNote,
)
from catalog.curation.describe import dataset_event, owned_dataset
from catalog.dataset import Dataset, DatasetState, Distribution
from catalog.errors import DatasetNotFound
from catalog.find import dataset_with_id
from catalog.steps.names import definition_of
from catalog.store import column_notes as store
from catalog.view import Json
from policies.database import Tx
from policies.events import EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId, Text

JOINS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Join:
    """A column here whose codes are those of a column of another dataset."""

    name: str
    dataset: Dataset
    other_name: str


def dictionary_of(tx: Tx, distribution: Distribution) -> dict[str, ColumnNote]:
    """What is said of the columns, by their names; else what clients of the DataStore said."""
    infos = definition_of(tx, distribution.id).infos
    said = {name: _from_info(name, info) for name, info in infos.items()}
    return said | {note.name: note for note in store.notes_of(tx, distribution.id)}


def joins_of(tx: Tx, distribution: Distribution, *, by: Actor) -> list[Join]:
    """The columns of other published datasets with the same codes, as far as the caller sees."""
    joins: list[Join] = []
    known: dict[DatasetId, Dataset | None] = {}
    for name, dataset_id, other_name in store.sharing_lists(tx, distribution.id, limit=JOINS_MAX):
        if dataset_id not in known:
            known[dataset_id] = _seen(tx, dataset_id, by)
        dataset = known[dataset_id]
        if dataset is not None:
            joins.append(Join(name, dataset, other_name))
    return joins


def write_dictionary(
    tx: Tx,
    dataset_id: DatasetId,
    distribution: Distribution,
    notes: Sequence[ColumnNote],
    *,
    by: Actor,
    at: datetime,
) -> list[str]:
    """Say these things of the columns; gives the names of those of which it is new.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    assert by.user_id is not None, "publishers have names"
    before = dictionary_of(tx, distribution)
    changed = [note for note in notes if before.get(note.name, ColumnNote(note.name)) != note]
    for note in changed:
        if note.is_empty:
            store.delete_note(tx, distribution.id, note.name)
        else:
            store.put_note(tx, distribution.id, note, by=by.user_id, at=at)
    if changed:
        record(
            tx,
            dataset_event(
                EventKind.DATASET_CHANGED,
                dataset,
                {"dictionary": {"before": None, "after": [note.name for note in changed]}},
                by=by,
                at=at,
            ),
        )
    return [note.name for note in changed]


def _from_info(name: str, info: Json) -> ColumnNote:
    """A line from the `info` of CKAN's data dictionary, whose language is not told."""
    told = info if isinstance(info, Mapping) else {}
    label = str(told.get("label") or "")[:TITLE_LENGTH_CHARACTERS].replace("\0", "")
    notes = str(told.get("notes") or "")[:MEANING_LENGTH_CHARACTERS].replace("\0", "")
    return ColumnNote(name, Text(label, label), Text(notes, notes))


def _seen(tx: Tx, dataset_id: DatasetId, by: Actor) -> Dataset | None:
    try:
        dataset = dataset_with_id(tx, dataset_id, by=by)
    except DatasetNotFound:
        return None
    is_public = dataset.state is DatasetState.PUBLISHED
    return dataset if is_public and sees_dataset(by, dataset) else None
