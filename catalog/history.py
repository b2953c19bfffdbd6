"""What a record said when: every change of it, field by field, as the log of events tells it.

Outsiders see what happened while the record was theirs to see, public fields only, and never who
did it. Its own people and those who oversee see all of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.audience import audience_of
from catalog.dataset import Dataset
from catalog.directory import DEPARTMENT_FIELDS, RecordAudience
from catalog.view import Json
from policies.database import Tx
from policies.events import EventKind, RecordedEvent
from policies.history import PAGE_EVENTS_MAX, events_of_record
from policies.party import Actor
from policies.terms import UserId

EVENTS_MAX: Final = PAGE_EVENTS_MAX
"""Of the newest that are read; a record that changed more often shows its last thousand changes."""

_DEPARTMENT_FIELDS: Final = frozenset(
    {
        *("share_basis", "share_type"),
        *(f"directory.{name}" for name in DEPARTMENT_FIELDS),
    }
)
"""Told to departments, since they say how departments get the data."""
_OWN_FIELDS: Final = frozenset({"audience", "directory.is_classified", "directory.extras"})
_LANGUAGES: Final = ("zh", "en")
_AFTER: Final[Mapping[str, str]] = {
    EventKind.DATASET_CREATED: "draft",
    EventKind.DATASET_SUBMITTED: "submitted",
    EventKind.DATASET_REVIEWED: "reviewed",
    EventKind.DATASET_RETURNED: "draft",
    EventKind.DATASET_PUBLISHED: "published",
    EventKind.DATASET_WITHDRAWN: "withdrawn",
    EventKind.DATASET_TAKEN_UP: "draft",
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a record, before and after."""

    field: str
    """`title.zh`, `licence`, `directory.spatial` ..."""
    before: str | tuple[str, ...] | None
    """None: it was not given."""
    after: str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One thing that was done to a record."""

    event_id: int
    kind: str
    at: datetime
    by: UserId | None
    """None for outsiders, and where the installation itself did it."""
    reason: str
    """Why it was returned, withdrawn or taken up; only for the record's own people."""
    changes: tuple[FieldChange, ...]
    leaf_index: int | None
    """Where the log proves it; None until it has a leaf."""


def history_of(tx: Tx, dataset: Dataset, *, by: Actor) -> list[RecordChange]:
    """What was done to a dataset that `by` may see, newest first."""
    events = list(reversed(events_of_record(tx, dataset.id, limit=EVENTS_MAX)))
    audience = audience_of(by)
    if audience.oversees or dataset.publisher_id in audience.member_of:
        told = [_told(event, _facts(event), None) for event in events]
        return [one for one in reversed(told) if _says_something(one)]
    hidden = _OWN_FIELDS if audience.is_department else _OWN_FIELDS | _DEPARTMENT_FIELDS
    seen = _seen_by(events, is_department=audience.is_department)
    told = [_told(event, facts, hidden) for event, facts in seen]
    return [one for one in reversed(told) if _says_something(one)]


def _seen_by(
    events: Sequence[RecordedEvent], *, is_department: bool
) -> Iterator[tuple[RecordedEvent, Mapping[str, Json]]]:
    """The events that happened before the eyes of outsiders, with what they may know of each."""
    state, audience, was_seen = "", RecordAudience.PUBLIC.value, False
    for event in events:
        facts = _facts(event)
        # A version that is handed in or back leaves what is published where it is.
        if not (state == "published" and event.kind in _KEEP_PUBLISHED):
            state = _AFTER.get(event.kind, state)
        named = facts.get("audience")
        if isinstance(named, Mapping):
            audience = str(named.get("after", audience))
        elif isinstance(named, str):
            audience = named
        is_seen = state == "published" and (
            audience == "public" or (is_department and audience == "departments")
        )
        if is_seen and event.kind not in _KEEP_PUBLISHED:
            # What it said before it could be seen is not told either.
            yield event, facts if was_seen else {}
        elif was_seen and event.kind == EventKind.DATASET_WITHDRAWN:
            yield event, {}
        was_seen = is_seen


_KEEP_PUBLISHED: Final = frozenset({EventKind.DATASET_SUBMITTED, EventKind.DATASET_RETURNED})


def _told(
    event: RecordedEvent, facts: Mapping[str, Json], hidden: frozenset[str] | None
) -> RecordChange:
    is_own = hidden is None
    reason = facts.get("reason") if is_own else None
    return RecordChange(
        event_id=event.id,
        kind=event.kind,
        at=event.at,
        by=UserId(event.actor_id) if is_own and event.actor_id is not None else None,
        reason=str(reason or ""),
        changes=tuple(
            change
            for change in _changes(event.kind, facts)
            if hidden is None or not _is_hidden(change.field, hidden)
        ),
        leaf_index=event.leaf_index,
    )


def _is_hidden(field: str, hidden: frozenset[str]) -> bool:
    return field in hidden or any(field.startswith(f"{name}.") for name in hidden)


def _says_something(change: RecordChange) -> bool:
    return bool(change.changes) or change.kind != EventKind.DATASET_CHANGED


def _facts(event: RecordedEvent) -> Mapping[str, Json]:
    facts = json.loads(event.body).get("facts")
    return facts if isinstance(facts, Mapping) else {}


def _changes(kind: str, facts: Mapping[str, Json]) -> Iterator[FieldChange]:
    if kind != EventKind.DATASET_CHANGED:
        return
    for name, value in facts.items():
        if isinstance(value, Mapping) and {"before", "after"} <= set(value):
            yield from _differences(name, value["before"], value["after"])
        elif name == "inputs":
            number = len(value) if isinstance(value, list) else 0
            yield FieldChange("inputs", None, str(number))
        elif name == "distribution" and isinstance(value, Mapping):
            yield FieldChange("distribution", None, str(value.get("slug") or ""))


def _differences(field: str, before: Json, after: Json) -> Iterator[FieldChange]:
    """The leaves of a field that differ: each language of a text, each entry of the directory."""
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        then = before if isinstance(before, Mapping) else {}
        now = after if isinstance(after, Mapping) else {}
        for name in dict.fromkeys([*then, *now]):
            if then.get(name) != now.get(name):
                yield from _differences(f"{field}.{name}", then.get(name), now.get(name))
        return
    yield FieldChange(field, _plain(before), _plain(after))


def _plain(value: Json) -> str | tuple[str, ...] | None:
    if value is None or value in ("", []):
        return None
    if _is_list(value):
        assert isinstance(value, Sequence)
        return tuple(_pair(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _pair(item: Json) -> str:
    if isinstance(item, Sequence) and not isinstance(item, str):
        return " = ".join(str(part) for part in item)
    return str(item)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def actors_of(changes: Sequence[RecordChange]) -> list[UUID]:
    """The people who are named in these changes, each once."""
    return list(dict.fromkeys(one.by for one in changes if one.by is not None))
