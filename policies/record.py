"""Write down what happened, in the transaction of whoever made it happen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import token_bytes

from policies.database import Tx
from policies.errors import NothingToErase
from policies.events import (
    SALT_LENGTH_BYTES,
    Event,
    EventKind,
    body_of,
    personal_hash,
    personal_text,
)
from policies.party import Actor
from policies.store import events as store


def record(tx: Tx, event: Event) -> int:
    """Record `event` and return its id. It is there if and only if the transaction commits.

    Ids are unique but follow neither time nor commits; the order of the log is that of its leaves,
    which the sequencer gives within a second or so.
    """
    if not event.personal:
        return store.insert_event(tx, event, body_of(event, None))
    salt, text = token_bytes(SALT_LENGTH_BYTES), personal_text(event.personal)
    event_id = store.insert_event(tx, event, body_of(event, personal_hash(salt, text)))
    store.insert_personal(tx, event_id, salt=salt, body=text)
    return event_id


def record_all(tx: Tx, events: Sequence[Event]) -> list[int]:
    """Record events without personal fields in one statement; their ids, in the order given."""
    assert not any(event.personal for event in events), "personal fields need a salt each"
    return store.insert_events(tx, [(event, body_of(event, None)) for event in events])


def erase_personal(tx: Tx, event_id: int, *, reason: str, by: Actor, at: datetime) -> None:
    """Erase the personal fields of an event; its leaf keeps their hash, which then fits nothing.

    Raises: NothingToErase where the event has none, or has none any more.
    Source: 个人信息保护法 art. 47.
    """
    if not store.delete_personal(tx, event_id):
        raise NothingToErase(event_id)
    record(
        tx,
        Event(
            kind=EventKind.PERSONAL_ERASED,
            at=at,
            actor=by,
            facts={"event_id": event_id, "reason": reason},
        ),
    )
