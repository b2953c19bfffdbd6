"""Tests of `policies/record.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest

from policies.database import Pool, Tx
from policies.errors import NothingToErase
from policies.events import Edge, Event, EventKind
from policies.history import edges_from, edges_into, events_of_dataset
from policies.party import ANONYMOUS
from policies.record import erase_personal, record

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def uploaded(**more: object) -> Event:
    return Event(EventKind.DISTRIBUTION_UPLOADED, AT, ANONYMOUS, **more)  # type: ignore[arg-type]


def test_an_event_is_there_with_its_transaction_and_not_without(pool: Pool) -> None:
    dataset_id = uuid4()
    with pool.connection() as tx:
        record(tx, uploaded(dataset_id=dataset_id))
        tx.rollback()

    with pool.connection() as tx:
        kept = record(tx, uploaded(dataset_id=dataset_id))

    with pool.connection() as tx:
        assert [event.id for event in events_of_dataset(tx, dataset_id)] == [kept]


def test_edges_can_be_followed_both_ways(tx: Tx) -> None:
    edge = Edge("upload:1", "version:1", "ingest")
    event_id = record(tx, uploaded(edges=(edge,)))

    assert [(e.target, e.event_id) for e in edges_from(tx, ["upload:1"])] == [
        ("version:1", event_id)
    ]
    assert [(e.source, e.by) for e in edges_into(tx, ["version:1"])] == [("upload:1", "ingest")]


def test_personal_fields_stand_beside_the_body_which_holds_their_salted_hash(tx: Tx) -> None:
    dataset_id = uuid4()
    event_id = record(tx, uploaded(dataset_id=dataset_id, personal={"contact": "王小明"}))

    body = events_of_dataset(tx, dataset_id)[0].body
    side = tx.execute(
        "SELECT salt, body FROM policies.event_personal WHERE event_id = %s", (event_id,)
    ).fetchone()
    assert side is not None
    assert "王小明" not in body
    assert json.loads(side["body"]) == {"contact": "王小明"}
    salted = sha256(side["salt"] + side["body"].encode()).hexdigest()
    assert json.loads(body)["personal_sha256"] == salted


def test_erasing_personal_fields_leaves_the_body_and_says_why(tx: Tx) -> None:
    dataset_id = uuid4()
    event_id = record(tx, uploaded(dataset_id=dataset_id, personal={"contact": "王小明"}))
    before = events_of_dataset(tx, dataset_id)[0].body

    erase_personal(tx, event_id, reason="asked for by the person", by=ANONYMOUS, at=AT)

    assert events_of_dataset(tx, dataset_id)[0].body == before
    told = tx.execute("SELECT body FROM policies.events WHERE kind = 'personal.erased'").fetchone()
    assert told is not None
    assert json.loads(told["body"])["facts"] == {
        "event_id": event_id,
        "reason": "asked for by the person",
    }
    with pytest.raises(NothingToErase):
        erase_personal(tx, event_id, reason="again", by=ANONYMOUS, at=AT)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policies.events SET kind = 'other'",
        "DELETE FROM policies.events",
        "UPDATE policies.event_personal SET body = '{}'",
        "UPDATE policies.lineage_edges SET source = 'other'",
    ],
)
def test_what_was_recorded_is_never_changed(tx: Tx, change: str) -> None:
    record(tx, uploaded(personal={"contact": "x"}, edges=(Edge("a", "b", "c"),)))

    with pytest.raises(psycopg.errors.RestrictViolation):
        tx.execute(change.encode())
