"""Tests of `policies/log.py`: no event is skipped, and two heads never contradict each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Signal

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg.rows import dict_row

from policies import log
from policies.database import Pool, Tx
from policies.errors import LogDamaged, LogNotSigned, NoSuchLeaf, TreeSizeOutOfBounds
from policies.events import Event, EventKind
from policies.evidence import merkle
from policies.evidence.tree_head import SignedTreeHead
from policies.party import ANONYMOUS
from policies.record import record
from policies.seal import KeyRing
from tests.counts import examples

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)


def happen(tx: Tx, number: int = 0) -> int:
    return record(tx, Event(EventKind.AUDIT_VIEWED, AT, ANONYMOUS, facts={"number": number}))


def leaf_event_ids(tx: Tx) -> list[int]:
    return [leaf.event_id for leaf in log.leaves(tx, 0, log.LEAVES_PAGE_MAX)]


def test_an_event_that_commits_late_gets_its_leaf_after_those_with_larger_ids(
    database_url: str, pool: Pool
) -> None:
    with psycopg.connect(database_url, row_factory=dict_row) as slow:
        late = happen(slow)
        with pool.connection() as tx:
            early = happen(tx)
        with pool.connection() as tx:
            log.sequence(tx)
        slow.commit()
    with pool.connection() as tx:
        log.sequence(tx)

    assert late < early
    with pool.connection() as tx:
        assert leaf_event_ids(tx) == [early, late]


def test_a_rolled_back_event_leaves_no_gap(pool: Pool) -> None:
    with pool.connection() as tx:
        first = happen(tx)
    with pool.connection() as tx:
        happen(tx)
        tx.rollback()
    with pool.connection() as tx:
        third = happen(tx)

    with pool.connection() as tx:
        assert log.sequence(tx) == 2
        assert leaf_event_ids(tx) == [first, third]


def test_a_batch_ends_at_its_limit_and_the_next_goes_on(tx: Tx) -> None:
    ids = [happen(tx, number) for number in range(5)]

    assert [log.sequence(tx, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert leaf_event_ids(tx) == ids


def test_a_sequencer_that_dies_in_the_middle_leaves_everything_to_the_next(pool: Pool) -> None:
    with pool.connection() as tx:
        ids = [happen(tx, number) for number in range(3)]
    with pool.connection() as tx:
        log.sequence(tx)
        tx.rollback()

    with pool.connection() as tx:
        assert log.sequence(tx) == 3
        assert leaf_event_ids(tx) == ids


def test_no_event_is_skipped_while_threads_commit_and_sequencers_race(
    database_url: str, pool: Pool
) -> None:
    writers, each = 4, 25
    done = Signal()

    def write(writer: int) -> list[int]:
        kept = []
        with psycopg.connect(database_url, row_factory=dict_row) as tx:
            for number in range(each):
                first, second = happen(tx, number), happen(tx, number)
                if (writer + number) % 5 == 0:
                    tx.rollback()
                else:
                    tx.commit()
                    kept += [first, second]
        return kept

    def lengthen() -> None:
        while not done.is_set():
            with pool.connection() as tx:
                log.sequence(tx, limit=3)

    with ThreadPoolExecutor(writers + 2) as threads:
        sequencers = [threads.submit(lengthen) for _ in range(2)]
        kept = [event_id for ids in threads.map(write, range(writers)) for event_id in ids]
        done.set()
        for sequencer in sequencers:
            sequencer.result()
    with pool.connection() as tx:
        log.sequence(tx)
        leaves = log.leaves(tx, 0, log.LEAVES_PAGE_MAX)

    assert sorted(leaf.event_id for leaf in leaves) == sorted(kept)
    assert [leaf.leaf_index for leaf in leaves] == list(range(len(kept)))


def test_a_head_is_due_when_there_is_none_and_within_each_minute(tx: Tx, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)

    assert log.head_is_due(tx, AT)
    with pytest.raises(LogNotSigned):
        log.latest_head(tx)
    log.sign_head(tx, keys, AT)
    assert not log.head_is_due(tx, AT + timedelta(seconds=40))
    assert log.head_is_due(tx, AT + timedelta(seconds=55))


def test_proofs_are_given_only_for_trees_that_were(tx: Tx) -> None:
    event_id = happen(tx)
    with pytest.raises(NoSuchLeaf):
        log.inclusion_proof(tx, event_id, 0)
    log.sequence(tx)

    with pytest.raises(TreeSizeOutOfBounds):
        log.inclusion_proof(tx, event_id, 2)
    with pytest.raises(NoSuchLeaf):
        log.inclusion_proof(tx, event_id, 0)
    for old, new in ((0, 2), (1, 0), (-1, 1)):
        with pytest.raises(TreeSizeOutOfBounds):
            log.consistency_proof(tx, old, new)


def test_nothing_is_signed_once_the_log_contradicts_its_last_head(tx: Tx, tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    happen(tx)
    log.sequence(tx)
    log.sign_head(tx, keys, AT)

    tx.execute("ALTER TABLE policies.leaves DISABLE TRIGGER only_grows")
    tx.execute("UPDATE policies.leaves SET leaf_hash = %s WHERE leaf_index = 0", (bytes(32),))
    with pytest.raises(LogDamaged):
        log.sign_head(tx, keys, AT + timedelta(minutes=1))

    tx.execute("DELETE FROM policies.leaves")
    with pytest.raises(LogDamaged):
        log.sign_head(tx, keys, AT + timedelta(minutes=1))


class GrowingLog(RuleBasedStateMachine):
    """Invariant 6: the log only grows; any two tree heads have a consistency proof."""

    tx: Tx
    keys: KeyRing

    def __init__(self) -> None:
        super().__init__()
        self.tx.rollback()
        self.at = AT
        self.waiting: list[int] = []
        self.in_log: list[int] = []
        self.heads: list[SignedTreeHead] = []

    @rule(count=st.integers(1, 20))
    def events_happen(self, count: int) -> None:
        self.waiting += [happen(self.tx, number) for number in range(count)]

    @rule(limit=st.integers(1, 12))
    def the_sequencer_wakes(self, limit: int) -> None:
        count = log.sequence(self.tx, limit=limit)
        assert count == min(limit, len(self.waiting))
        self.in_log += self.waiting[:count]
        self.waiting = self.waiting[count:]

    @rule()
    def a_head_is_signed(self) -> None:
        is_first = not self.keys.public_keys(self.tx)
        self.at += timedelta(seconds=1)
        self.heads.append(log.sign_head(self.tx, self.keys, self.at))
        if is_first:
            minted = self.tx.execute("SELECT max(id) AS id FROM policies.events").fetchone()
            assert minted is not None
            self.waiting.append(minted["id"])

    @invariant()
    def every_head_covers_its_events_and_continues_every_older_one(self) -> None:
        if not self.heads:
            return
        newest = self.heads[-1].head
        for older in (signed.head for signed in self.heads):
            proof = log.consistency_proof(self.tx, older.tree_size, newest.tree_size)
            assert merkle.is_consistent(
                older.tree_size, older.root_hash, newest.tree_size, newest.root_hash, proof.hashes
            )
        for index in {0, newest.tree_size // 2, newest.tree_size - 1} & set(
            range(newest.tree_size)
        ):
            leaf = log.leaf_of_event(self.tx, self.in_log[index])
            inclusion = log.inclusion_proof(self.tx, self.in_log[index], newest.tree_size)
            assert leaf is not None
            assert leaf.leaf_index == inclusion.leaf_index == index
            assert merkle.is_included(
                merkle.leaf_hash(leaf.body.encode()),
                index,
                newest.tree_size,
                inclusion.hashes,
                newest.root_hash,
            )


def test_the_log_only_grows(tx: Tx, tmp_path: Path) -> None:
    class OnThisDatabase(GrowingLog):
        pass

    OnThisDatabase.tx = tx
    OnThisDatabase.keys = KeyRing(tmp_path)
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=examples(10, long=25),
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
