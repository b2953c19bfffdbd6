"""Tests of `policies/once.py`. Invariant 8: one idempotency key, one effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from policies import once
from policies.canonical import Plain
from policies.database import Pool, Tx
from policies.errors import (
    Conflict,
    IdempotencyKeyReused,
    MalformedIdempotencyKey,
    RequestUnderWay,
)

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANSWER: dict[str, Plain] = {"status": 201, "body": {"id": "a"}}


def test_the_second_request_is_given_the_first_answer(tx: Tx) -> None:
    assert once.begin(tx, "li", "key", "body", AT) is None
    once.remember(tx, "li", "key", ANSWER)

    assert once.begin(tx, "li", "key", "body", AT) == ANSWER


def test_the_same_key_with_another_body_is_refused(tx: Tx) -> None:
    once.begin(tx, "li", "key", "body", AT)
    with pytest.raises(IdempotencyKeyReused):
        once.begin(tx, "li", "key", "other body", AT)
    once.remember(tx, "li", "key", ANSWER)
    with pytest.raises(IdempotencyKeyReused):
        once.begin(tx, "li", "key", "other body", AT)


def test_two_people_may_use_the_same_key(tx: Tx) -> None:
    once.begin(tx, "li", "key", "body", AT)

    assert once.begin(tx, "wang", "key", "other body", AT) is None


def test_a_request_under_way_is_not_begun_again_until_it_is_given_up(tx: Tx) -> None:
    once.begin(tx, "li", "key", "body", AT)

    with pytest.raises(RequestUnderWay):
        once.begin(tx, "li", "key", "body", AT + timedelta(seconds=59))
    assert once.begin(tx, "li", "key", "body", AT + timedelta(seconds=60)) is None
    with pytest.raises(RequestUnderWay):
        once.begin(tx, "li", "key", "body", AT + timedelta(seconds=119))


def test_of_two_attempts_only_one_can_remember(tx: Tx) -> None:
    once.begin(tx, "li", "key", "body", AT)
    once.begin(tx, "li", "key", "body", AT + once.GIVEN_UP_AFTER)

    once.remember(tx, "li", "key", ANSWER)
    with pytest.raises(RequestUnderWay):
        once.remember(tx, "li", "key", {"status": 200})
    assert once.begin(tx, "li", "key", "body", AT) == ANSWER


def test_a_refused_request_frees_its_key_and_an_answered_one_does_not(tx: Tx) -> None:
    once.begin(tx, "li", "key", "body", AT)
    once.let_go(tx, "li", "key")
    assert once.begin(tx, "li", "key", "other body", AT) is None
    once.remember(tx, "li", "key", ANSWER)

    once.let_go(tx, "li", "key")

    assert once.begin(tx, "li", "key", "other body", AT) == ANSWER


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_a_length(tx: Tx, key: str) -> None:
    with pytest.raises(MalformedIdempotencyKey):
        once.begin(tx, "li", key, "body", AT)


def test_old_keys_are_forgotten(tx: Tx) -> None:
    once.begin(tx, "li", "old", "body", AT)
    once.begin(tx, "li", "new", "body", AT + timedelta(hours=1))

    assert once.forget(tx, AT + once.KEPT_FOR + timedelta(minutes=1)) == 1
    assert once.begin(tx, "li", "old", "other body", AT) is None


def leave_effect(tx: Tx, number: int) -> None:
    tx.execute("INSERT INTO policies.sign_in_failures VALUES (%s, 1, %s)", (str(number), AT))


def test_racing_requests_with_one_key_have_one_effect_and_one_answer(pool: Pool) -> None:
    racers = 4
    start = Barrier(racers)

    def request(number: int) -> Plain:
        start.wait()
        with pool.connection() as tx:
            answer = once.begin(tx, "li", "key", "body", AT)
            if answer is not None:
                return answer
            leave_effect(tx, number)
            once.remember(tx, "li", "key", {"done by": number})
            return {"done by": number}

    with ThreadPoolExecutor(racers) as threads:
        answers = list(threads.map(request, range(racers)))

    with pool.connection() as tx:
        effects = tx.execute("SELECT subject FROM policies.sign_in_failures").fetchall()
    assert len(effects) == 1
    assert answers == [{"done by": int(effects[0]["subject"])}] * racers


def test_whoever_waited_for_a_request_that_failed_goes_first(pool: Pool) -> None:
    with pool.connection() as failing:
        once.begin(failing, "li", "key", "body", AT)
        failing.rollback()

    with pool.connection() as tx:
        assert once.begin(tx, "li", "key", "other body", AT) is None


class Requests(RuleBasedStateMachine):
    """Any order of requests, failures and repeats over a few keys and bodies."""

    tx: ClassVar[Tx]

    def __init__(self) -> None:
        super().__init__()
        self.tx.rollback()
        self.tx.execute("SELECT 1")  # what follows are savepoints of this transaction
        self.body_of_key: dict[str, str] = {}
        self.effects: dict[str, int] = {}
        self.answers: dict[str, Plain] = {}
        self.count = 0

    @rule(key=st.sampled_from("abc"), body=st.sampled_from("xy"), fails=st.booleans())
    def somebody_asks(self, key: str, body: str, fails: bool) -> None:
        self.count += 1
        try:
            with self.tx.transaction():
                answer = once.begin(self.tx, "li", key, body, AT)
                if answer is not None:
                    assert self.body_of_key[key] == body
                    assert answer == self.answers[key]
                    return
                if fails:
                    raise RequestUnderWay(key)  # any refusal: the savepoint takes the key back
                once.remember(self.tx, "li", key, {"effect": self.count})
                self.effects[key] = self.effects.get(key, 0) + 1
                self.answers[key] = {"effect": self.count}
                self.body_of_key[key] = body
        except IdempotencyKeyReused:
            assert self.body_of_key[key] != body
        except Conflict:
            assert fails
            assert key not in self.answers

    @invariant()
    def one_key_has_one_effect(self) -> None:
        assert all(count == 1 for count in self.effects.values())


def test_one_key_has_one_effect_whatever_happens(tx: Tx) -> None:
    class OnThisDatabase(Requests):
        pass

    OnThisDatabase.tx = tx
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck)),
    )
