"""Tests of `policies/standing.py`, and of who hears of a change."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from policies.database import Pool, Tx
from policies.standing import REMEMBERED_FOR, Remembered, Standing
from portal.hear_changes import Ear

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
SAMPLE = UUID(int=1)


def test_a_value_counts_until_the_next_change() -> None:
    standing = Standing()
    kept = Remembered[str, int](standing, entries_max=2)
    kept.keep("a", 1, changes=standing.changes, at=AT)
    assert kept.get("a", AT) == 1

    standing.change()

    assert kept.get("a", AT) is None


def test_what_was_read_before_a_change_is_not_remembered_after_it() -> None:
    standing = Standing()
    kept = Remembered[str, int](standing, entries_max=2)
    changes = standing.changes

    standing.change()
    kept.keep("a", 1, changes=changes, at=AT)

    assert kept.get("a", AT) is None


def test_nothing_is_remembered_for_longer_than_some_seconds() -> None:
    standing = Standing()
    kept = Remembered[str, int](standing, entries_max=2)
    kept.keep("a", 1, changes=0, at=AT)

    assert timedelta(0) < REMEMBERED_FOR < timedelta(seconds=5)
    assert kept.get("a", AT + REMEMBERED_FOR - timedelta(microseconds=1)) == 1
    assert kept.get("a", AT + REMEMBERED_FOR) is None
    assert kept.get("a", AT - timedelta(microseconds=1)) is None


def test_no_more_is_remembered_than_is_bounded() -> None:
    kept = Remembered[str, int](Standing(), entries_max=2)
    for number, key in enumerate("abc"):
        kept.keep(key, number, changes=0, at=AT)

    assert [kept.get(key, AT) for key in "abc"] == [None, 1, 2]


CHANGES = {
    "freeze": "INSERT INTO policies.freezes (id, target_kind, target_id, reason, placed_by,"
    " placed_at, lapses_at) SELECT uuidv7(), 'dataset', uuidv7(), 'leak', id, now(),"
    " now() + interval '1 hour' FROM policies.users LIMIT 1",
    "account closed": "UPDATE policies.users SET is_active = false",
    "no longer a member": "DELETE FROM policies.memberships",
    "dataset": "UPDATE catalog.datasets SET slug = slug",
    "version": "UPDATE catalog.versions SET state = state",
    "listing": "UPDATE exchange.listings SET state = state",
    "agreement": "UPDATE policies.agreements SET state = state",
    "token": "UPDATE policies.tokens SET revoked_at = now()",
    "client": "UPDATE policies.clients SET revoked_at = now()",
    "key": "UPDATE policies.signing_keys SET state = state",
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_process_hears_of_its_own_change_with_the_commit(pool: Pool, what: str) -> None:
    before = pool.standing.changes

    with pool.connection() as tx:
        tx.execute(CHANGES[what])
        assert pool.standing.changes == before

    assert pool.standing.changes == before + 1


def test_what_is_rolled_back_and_what_only_dates_a_use_is_no_change(pool: Pool) -> None:
    before = pool.standing.changes

    with pool.connection() as tx:
        tx.execute(CHANGES["version"])
        tx.rollback()
    with pool.connection() as tx:
        tx.execute("UPDATE policies.tokens SET last_used_at = now()")

    assert pool.standing.changes == before


def test_another_process_hears_of_it_at_once(database_url: str) -> None:
    heard = _Counting()
    ear = Ear(database_url, heard)
    try:
        assert heard.next.wait(30), "listening begins with a change"
        heard.next.clear()

        with psycopg.connect(database_url) as other:
            _change(other)

        assert heard.next.wait(30)
    finally:
        ear.close()


class _Counting(Standing):
    """Says when it is told of something."""

    def __init__(self) -> None:
        super().__init__()
        self.next = threading.Event()

    def change(self) -> None:
        super().change()
        self.next.set()


def _change(tx: psycopg.Connection | Tx) -> None:
    tx.execute("UPDATE catalog.versions SET state = state")
