"""Tests of `policies/freeze.py`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from policies import freeze
from policies.database import Tx
from policies.errors import (
    AlreadyFrozen,
    FreezeConfirmedBefore,
    FreezeNotFound,
    FreezeNotInForce,
    FreezeNotRenewable,
    MayNotFreeze,
    ReasonMissing,
    SecondPersonNeeded,
)
from policies.freeze_order import LAPSES_AFTER, RENEWAL_BAR, Freeze, FreezeTarget
from policies.party import ANONYMOUS, Actor, Membership, Role
from policies.terms import UserId

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
SOON = AT + timedelta(hours=1)
TARGET = UUID(int=7)


def person(tx: Tx, role: Role = Role.REGULATOR) -> Actor:
    user_id = uuid4()
    tx.execute(
        "INSERT INTO policies.users (id, name, created_at) VALUES (%s, %s, %s)",
        (user_id, user_id.hex, AT),
    )
    return Actor(UserId(user_id), user_id.hex, (Membership(role, None),))


def placed(tx: Tx, by: Actor, at: datetime = AT) -> Freeze:
    return freeze.place(tx, FreezeTarget.DATASET, TARGET, reason="a leak", by=by, at=at)


def test_one_person_freezes_at_once_and_for_72_hours(tx: Tx) -> None:
    placed(tx, person(tx))

    others = [TARGET, uuid4()]
    assert freeze.frozen_targets(tx, others, AT) == {TARGET}
    last = AT + LAPSES_AFTER - timedelta(microseconds=1)
    assert freeze.frozen_targets(tx, others, last) == {TARGET}
    assert freeze.frozen_targets(tx, others, AT + LAPSES_AFTER) == frozenset()


def test_a_second_person_makes_it_last(tx: Tx) -> None:
    order = placed(tx, person(tx))

    confirmed = freeze.confirm(tx, order.id, by=person(tx, Role.BUREAU), at=SOON)

    later = AT + timedelta(days=3000)
    assert confirmed.is_confirmed
    assert freeze.frozen_targets(tx, [TARGET], later) == {TARGET}
    assert freeze.freezes_in_force(tx, later) == [confirmed]


def test_whoever_placed_it_neither_confirms_nor_lifts_it(tx: Tx) -> None:
    placer = person(tx)
    order = placed(tx, placer)

    with pytest.raises(SecondPersonNeeded):
        freeze.confirm(tx, order.id, by=placer, at=SOON)
    with pytest.raises(SecondPersonNeeded):
        freeze.lift(tx, order.id, reason="over", by=placer, at=SOON)


def test_somebody_else_lifts_it_and_says_why(tx: Tx) -> None:
    order = placed(tx, person(tx))

    freeze.lift(tx, order.id, reason="closed", by=person(tx), at=SOON)

    assert freeze.frozen_targets(tx, [TARGET], SOON) == frozenset()
    assert freeze.freezes_of_target(tx, TARGET)[0].lift_reason == "closed"


def test_what_is_over_is_neither_confirmed_nor_lifted(tx: Tx) -> None:
    order, other = placed(tx, person(tx)), person(tx)
    lapsed = AT + LAPSES_AFTER

    with pytest.raises(FreezeNotInForce):
        freeze.confirm(tx, order.id, by=other, at=lapsed)
    with pytest.raises(FreezeNotInForce):
        freeze.lift(tx, order.id, reason="over", by=other, at=lapsed)
    with pytest.raises(FreezeNotFound):
        freeze.confirm(tx, uuid4(), by=other, at=AT)


def test_it_is_confirmed_once(tx: Tx) -> None:
    order = placed(tx, person(tx))
    freeze.confirm(tx, order.id, by=person(tx), at=SOON)

    with pytest.raises(FreezeConfirmedBefore):
        freeze.confirm(tx, order.id, by=person(tx), at=SOON)


def test_one_person_cannot_freeze_for_ever_by_freezing_again(tx: Tx) -> None:
    placer = person(tx)
    placed(tx, placer)
    lapsed = AT + LAPSES_AFTER

    with pytest.raises(FreezeNotRenewable):
        placed(tx, placer, lapsed)
    assert placed(tx, person(tx), lapsed).is_in_force(lapsed)


def test_the_bar_ends_and_does_not_follow_a_lift(tx: Tx) -> None:
    placer = person(tx)
    placed(tx, placer)

    again = placed(tx, placer, AT + LAPSES_AFTER + RENEWAL_BAR)
    freeze.lift(tx, again.id, reason="over", by=person(tx), at=again.placed_at)

    assert placed(tx, placer, again.placed_at).is_in_force(again.placed_at)


def test_what_is_frozen_is_not_frozen_twice(tx: Tx) -> None:
    order = placed(tx, person(tx))

    with pytest.raises(AlreadyFrozen) as refused:
        placed(tx, person(tx), SOON)

    assert refused.value.freeze_id == order.id


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.REGULATOR, Role.BUREAU}))
def test_nobody_but_a_supervisor_freezes(tx: Tx, role: Role) -> None:
    with pytest.raises(MayNotFreeze):
        placed(tx, person(tx, role))
    with pytest.raises(MayNotFreeze):
        placed(tx, ANONYMOUS)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001])
def test_a_freeze_needs_a_reason(tx: Tx, reason: str) -> None:
    with pytest.raises(ReasonMissing):
        freeze.place(tx, FreezeTarget.LISTING, TARGET, reason=reason, by=person(tx), at=AT)


def test_each_act_is_an_event_about_the_target(tx: Tx) -> None:
    order = placed(tx, person(tx))
    freeze.confirm(tx, order.id, by=person(tx), at=SOON)
    freeze.lift(tx, order.id, reason="closed", by=person(tx), at=SOON)

    rows = tx.execute(
        "SELECT kind, dataset_id, body FROM policies.events WHERE subject_id = %s ORDER BY id",
        (TARGET,),
    ).fetchall()
    assert [row["kind"] for row in rows] == ["freeze.placed", "freeze.confirmed", "freeze.lifted"]
    assert {row["dataset_id"] for row in rows} == {TARGET}
    assert {json.loads(row["body"])["facts"]["freeze_id"] for row in rows} == {str(order.id)}


def test_the_database_itself_wants_a_second_person(tx: Tx) -> None:
    order = placed(tx, person(tx))

    with pytest.raises(psycopg.errors.CheckViolation):
        tx.execute(
            "UPDATE policies.freezes SET confirmed_by = placed_by WHERE id = %s", (order.id,)
        )
