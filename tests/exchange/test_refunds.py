"""Money given back: by two people, within the charge, in proportion, and by new transfers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.errors import AmountOutOfBounds, InsufficientCredits, NotYourPart
from exchange.examine import examine
from exchange.payments.errors import PaymentSettled, RefundWaits, SecondPayerNeeded
from exchange.payments.give_back import (
    confirm_refund,
    propose_refund,
    refunds_of,
    withdraw_refund,
)
from exchange.payments.pay_out import ask_payout
from exchange.payments.refund import Refund, RefundState, given_back
from exchange.settle import balance_of
from policies.database import Tx
from policies.party import Actor, Role
from policies.terms import MicroCredits
from tests.counts import examples
from tests.exchange.city import City
from tests.exchange.test_parts import product
from tests.people import acting

CHARGE = 7 * 1_001


@settings(max_examples=examples(200, long=20_000), deadline=None)
@given(
    had=st.lists(st.integers(1, 10**12), min_size=1, max_size=8),
    asked=st.lists(st.integers(1, 10**12), max_size=6),
)
def test_refunds_are_whole_and_nobody_gives_back_more_than_they_had(
    had: list[int], asked: list[int]
) -> None:
    left = {UUID(int=place): amount for place, amount in enumerate(had)}

    for amount in (*asked, sum(had)):
        rest = sum(left.values())
        if not rest:
            break
        pieces = given_back(min(amount, rest), left)
        assert sum(pieces.values()) == min(amount, rest)
        assert all(0 <= pieces[one] <= left[one] for one in left)
        left = {one: left[one] - pieces[one] for one in left}

    assert sum(left.values()) == 0


def sold(city: City) -> UUID:
    """The receipt of seven rows, of which four others have their part."""
    city.buy(product(city))
    city.pay_in(1_000_000)
    return city.query("SELECT * FROM sold_stops LIMIT 7", city.buyer).receipt_id


def propose(tx: Tx, city: City, receipt_id: UUID, amount: int, by: Actor | None = None) -> Refund:
    return propose_refund(
        tx,
        receipt_id,
        MicroCredits(amount),
        reason="half of the rows were out of date",
        by=by or city.seller_head,
        at=city.at,
    )


def earned(tx: Tx, city: City) -> list[int]:
    return [balance_of(tx, one.id).earned for one in (city.lab, city.health, city.transport)]


def test_everybody_who_had_of_the_charge_gives_back_and_the_receipt_stays(city: City) -> None:
    receipt_id = sold(city)
    with city.pool.connection() as tx:
        proposed = propose(tx, city, receipt_id, 3_000)
        before = balance_of(tx, city.acme.id).available
        confirm_refund(tx, proposed.id, by=city.finance, at=city.at)

        assert balance_of(tx, city.acme.id).available == before + 3_000
        assert [words for words, broken in examine(tx) if broken] == []
        rest = propose(tx, city, receipt_id, CHARGE - 3_000)
        confirm_refund(tx, rest.id, by=city.bureau, at=city.at)

        assert balance_of(tx, city.acme.id).available == 1_000_000
        assert earned(tx, city) == [0, 0, 0]
        assert [one.state for one in refunds_of(tx, city.acme.id, by=city.buyer)] == [
            RefundState.CONFIRMED
        ] * 2
        assert [words for words, broken in examine(tx) if broken] == []


@pytest.mark.parametrize("amount", [0, -1, CHARGE + 1])
def test_no_more_is_given_back_than_was_charged(city: City, amount: int) -> None:
    receipt_id = sold(city)

    with city.pool.connection() as tx, pytest.raises(AmountOutOfBounds):
        propose(tx, city, receipt_id, amount)


def test_one_person_gives_nothing_back_and_a_buyer_proposes_nothing(city: City) -> None:
    receipt_id = sold(city)
    with city.pool.connection() as tx:
        with pytest.raises(NotYourPart):
            propose(tx, city, receipt_id, 10, city.buyer)
        alone = propose(tx, city, receipt_id, 10, city.finance)
        with pytest.raises(RefundWaits):
            propose(tx, city, receipt_id, 10)
        with pytest.raises(SecondPayerNeeded):
            confirm_refund(tx, alone.id, by=city.finance, at=city.at)
        with pytest.raises(NotYourPart):
            confirm_refund(tx, alone.id, by=city.seller_head, at=city.at)
        withdraw_refund(tx, alone.id, by=city.finance, at=city.at)
        with pytest.raises(PaymentSettled):
            confirm_refund(tx, alone.id, by=city.bureau, at=city.at)

        assert balance_of(tx, city.acme.id).available == 1_000_000 - CHARGE


def test_what_was_paid_out_is_not_given_back_and_nothing_of_it_moves(city: City) -> None:
    receipt_id = sold(city)
    with city.pool.connection() as tx:
        head = acting(tx, "lin", (Role.ADMIN, city.lab))
        ask_payout(
            tx,
            city.lab.id,
            balance_of(tx, city.lab.id).earned,
            bank_account="B 1",
            by=head,
            at=city.at,
        )
        proposed = propose(tx, city, receipt_id, 3_000)
        before = earned(tx, city)
        with pytest.raises(InsufficientCredits):
            confirm_refund(tx, proposed.id, by=city.finance, at=city.at)

        assert earned(tx, city) == before
        assert [words for words, broken in examine(tx) if broken] == []


def test_of_many_confirmations_at_the_same_time_one_gives_back(city: City) -> None:
    receipt_id = sold(city)
    with city.pool.connection() as tx:
        proposed = propose(tx, city, receipt_id, 3_000)

    def confirm(by: Actor) -> bool:
        try:
            with city.pool.connection() as tx:
                confirm_refund(tx, proposed.id, by=by, at=city.at)
        except PaymentSettled:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(confirm, [city.finance, city.bureau] * 3))

    assert outcomes.count(True) == 1
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 1_000_000 - CHARGE + 3_000
