"""Tests of `policies/examine.py`: what an administrator changes behind the triggers is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import log
from policies.database import Tx
from policies.events import Edge, Event, EventKind
from policies.evidence.bundle import build_head_file
from policies.examine import examine
from policies.party import ANONYMOUS
from policies.record import record
from policies.seal import KeyRing

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
EVIDENCE = ("events", "event_personal", "lineage_edges", "leaves", "tree_nodes", "tree_heads")


def happen(tx: Tx, count: int) -> None:
    for number in range(count):
        record(
            tx,
            Event(
                EventKind.AUDIT_VIEWED,
                AT,
                ANONYMOUS,
                facts={"number": number},
                edges=(Edge(f"upload:{number}", f"version:{number}", "ingest"),),
                personal={"contact": "王小明"},
            ),
        )


@pytest.fixture
def kept(tx: Tx, tmp_path: Path) -> bytes:
    """A log of ten entries with heads on the way; the head of nine is kept outside."""
    keys = KeyRing(tmp_path)
    log.sign_head(tx, keys, AT)
    happen(tx, 8)
    log.sequence(tx)
    signed = log.sign_head(tx, keys, AT + timedelta(minutes=1))
    happen(tx, 1)
    log.sequence(tx)
    log.sign_head(tx, keys, AT + timedelta(minutes=2))
    happen(tx, 1)
    return build_head_file(signed, keys.public_keys(tx))


def breaches(tx: Tx, old_head: bytes | None = None) -> list[str]:
    return [breach for _, found in examine(tx, old_head=old_head) for breach in found]


def tamper(tx: Tx, change: str) -> None:
    for table in EVIDENCE:
        tx.execute(f"ALTER TABLE policies.{table} DISABLE TRIGGER USER".encode())
    tx.execute(change.encode())


def test_an_untouched_log_gives_nothing(tx: Tx, kept: bytes) -> None:
    assert breaches(tx, kept) == []
    assert breaches(tx) == []


def test_an_empty_database_gives_nothing(tx: Tx) -> None:
    assert breaches(tx) == []


FOURTH = "(SELECT event_id FROM policies.leaves WHERE leaf_index = 4)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            f"UPDATE policies.events SET body = body || ' ' WHERE id = {FOURTH}",
            "Entry 4, event 5, changed after it was logged.",
        ),
        (
            f"UPDATE policies.events SET body = 'gone' WHERE id = {FOURTH}",
            "Column kind of event 5 does not say what its body says.",
        ),
        (
            f"UPDATE policies.events SET at = at + interval '1 s' WHERE id = {FOURTH}",
            "Column at of event 5 does not say what its body says.",
        ),
        (
            f"UPDATE policies.events SET actor_id = uuidv7() WHERE id = {FOURTH}",
            "Column actor_id of event 5 does not say what its body says.",
        ),
        (
            f"UPDATE policies.events SET dataset_id = uuidv7() WHERE id = {FOURTH}",
            "Column dataset_id of event 5 does not say what its body says.",
        ),
        (
            f"UPDATE policies.lineage_edges SET source = 'x' WHERE event_id = {FOURTH}",
            "The lineage edges of event 5 are not those of its body.",
        ),
        (
            f"DELETE FROM policies.lineage_edges WHERE event_id = {FOURTH}",
            "The lineage edges of event 5 are not those of its body.",
        ),
        (
            f"UPDATE policies.event_personal SET body = 'x' WHERE event_id = {FOURTH}",
            "The personal fields of event 5 are not those that were logged.",
        ),
        (
            "UPDATE policies.leaves SET leaf_hash = sha256('x') WHERE leaf_index = 4",
            "Entry 4, event 5, changed after it was logged.",
        ),
        (
            "DELETE FROM policies.leaves WHERE leaf_index = 4",
            "Entry 5 of the log stands at place 4.",
        ),
        (
            "DELETE FROM policies.leaves WHERE leaf_index >= 7",
            "A head of 9 entries was signed, but the log has only 7.",
        ),
        (
            "UPDATE policies.tree_nodes SET hash = sha256('x') WHERE (level, position) = (2, 1)",
            "The kept hash of subtree 1 on level 2 is wrong.",
        ),
        (
            "DELETE FROM policies.tree_nodes WHERE (level, position) = (1, 0)",
            "The kept hash of subtree 0 on level 1 is wrong.",
        ),
        (
            "UPDATE policies.tree_heads SET root_hash = sha256('x') WHERE tree_size = 9",
            "The signed head of 9 entries does not fit the log.",
        ),
        (
            "UPDATE policies.tree_heads SET signed_at = now() WHERE tree_size = 0",
            "The head of 0 entries is not signed by a key of the log.",
        ),
        (
            "UPDATE policies.signing_keys SET retire_at = retire_at + interval '9 years'",
            "is not endorsed by a key of the log.",
        ),
        (
            "DELETE FROM policies.unsequenced_events",
            "Event 11 has no entry in the log and will never be given one.",
        ),
    ],
)
def test_each_change_behind_the_triggers_is_found(
    tx: Tx, kept: bytes, change: str, words: str
) -> None:
    tamper(tx, change)

    assert any(words in breach for breach in breaches(tx))


def test_what_the_exchange_rewrote_everywhere_is_found_by_a_head_kept_outside(
    tx: Tx, kept: bytes, tmp_path: Path
) -> None:
    tamper(tx, f"UPDATE policies.events SET body = replace(body, '3', '4') WHERE id = {FOURTH}")
    for table in ("event_personal", "lineage_edges", "leaves", "tree_nodes", "tree_heads"):
        tx.execute(f"DELETE FROM policies.{table}".encode())
    tx.execute("DELETE FROM policies.unsequenced_events")
    tx.execute("INSERT INTO policies.unsequenced_events SELECT id FROM policies.events")
    log.sequence(tx)
    log.sign_head(tx, KeyRing(tmp_path), AT)

    found = breaches(tx, kept)

    assert found[-1] == "Of the first 9 entries, one or more changed since the head was kept."


def test_erased_personal_fields_are_no_finding(tx: Tx, kept: bytes) -> None:
    tx.execute(f"DELETE FROM policies.event_personal WHERE event_id = {FOURTH}".encode())

    assert breaches(tx, kept) == []


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(count=st.integers(1, 70), victim=st.integers(0, 69), at=st.integers(0, 400))
def test_whatever_byte_of_whatever_row_is_changed_is_found(
    tx: Tx, tmp_path: Path, count: int, victim: int, at: int
) -> None:
    tx.rollback()
    happen(tx, count)
    log.sequence(tx)
    log.sign_head(tx, KeyRing(tmp_path), AT)
    victim %= count
    assert breaches(tx) == []

    tamper(
        tx,
        f"""
        UPDATE policies.events
           SET body = overlay(body PLACING '~' FROM 1 + {at} % length(body))
          FROM policies.leaves
         WHERE id = event_id
           AND leaf_index = {victim}
        """,
    )

    assert any(f"Entry {victim}, " in breach for breach in breaches(tx))
