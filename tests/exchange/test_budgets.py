"""A month's budget: told at each part of it, stopped at its end, and counted from receipts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.allow import Ask
from exchange.budget import ALERT_PERCENTS, Budget
from exchange.budgets import budget_of, set_budget
from exchange.deliver import deliver_page
from exchange.delivery import Delivered, PageQuestion
from exchange.errors import CapOutOfBounds, CapReached, InsufficientCredits, NotYourPart
from exchange.examine import examine
from exchange.settle import balance_of
from policies.calendar import CHINA
from policies.terms import MicroCredits
from tests.exchange.city import City


@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**5), max_size=20))
def test_each_part_of_a_budget_is_told_once_and_in_order(cap: int, charges: list[int]) -> None:
    spent, told = 0, [0]
    for amount in charges:
        budget = Budget(MicroCredits(cap), True, MicroCredits(spent), told[-1])
        spent += amount
        alert = budget.alert_after(spent)
        told += [] if alert is None else [alert]

    assert told == sorted(set(told))
    reached = [part for part in ALERT_PERCENTS if spent * 100 >= part * cap]
    assert told[-1] == max(reached, default=0)


def test_half_and_four_fifths_are_told_and_the_end_stops_whatever_the_balance(
    city: City,
) -> None:
    buys(city, cap=20_000)

    for rows in (10, 6):
        city.query(f"SELECT * FROM sold_stops LIMIT {rows}", city.buyer)
    with pytest.raises(CapReached) as refused:
        city.query("SELECT * FROM sold_stops LIMIT 5", city.buyer, key="over")

    assert (refused.value.cap_microcredits, refused.value.used_microcredits) == (20_000, 16_000)
    assert refused.value.needed_microcredits == 5_000
    assert told(city) == [50, 80]
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 10_000_000 - 16_000
        assert balance_of(tx, city.acme.id).held == 0


def test_pages_stop_at_the_cap_and_the_last_one_that_fits_is_delivered(city: City) -> None:
    buys(city, cap=9_000)
    page(city, 5)

    with pytest.raises(CapReached):
        page(city, 6)

    assert page(city, 4).charge == 4_000
    assert told(city) == [50, 100]


def test_without_a_hard_stop_it_only_tells(city: City) -> None:
    buys(city, cap=9_000, is_hard_stop=False)

    city.query("SELECT * FROM sold_stops LIMIT 30", city.buyer)

    assert told(city) == [100]


def test_the_next_month_begins_anew(city: City) -> None:
    buys(city, cap=9_000)
    page(city, 9)
    city.at = datetime(2026, 4, 1, 0, 1, tzinfo=CHINA)

    assert page(city, 8).charge == 8_000

    with city.pool.connection() as tx:
        budget = budget_of(tx, city.acme.id, city.at)
    assert budget is not None
    assert (budget.spent, budget.told_percent) == (8_000, 80)


def test_a_budget_set_late_counts_what_the_receipts_of_the_month_say(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10_000_000)
    page(city, 7)

    put(city, 10_000)

    with city.pool.connection() as tx:
        budget = budget_of(tx, city.acme.id, city.at)
    assert budget is not None
    assert budget.spent == 7_000
    with pytest.raises(CapReached):
        page(city, 4)


def test_many_at_once_never_spend_beyond_the_cap(city: City) -> None:
    buys(city, cap=12_000)

    def read(number: int) -> int:
        try:
            if number % 2:
                return city.query(f"SELECT * FROM sold_stops LIMIT {number}", city.buyer).charge
            return page(city, number).charge
        except CapReached:
            return 0

    with ThreadPoolExecutor(8) as threads:
        charged = sum(threads.map(read, range(1, 13)))

    with city.pool.connection() as tx:
        budget = budget_of(tx, city.acme.id, city.at)
    assert budget is not None
    assert budget.spent == charged <= 12_000


def test_where_the_credits_are_short_too_the_credits_are_named(city: City) -> None:
    city.buy(city.sold_stops())
    put(city, 5_000)

    with pytest.raises(InsufficientCredits):
        city.query("SELECT * FROM sold_stops LIMIT 2", city.buyer)


def test_a_recount_finds_a_month_that_receipts_do_not_say(city: City) -> None:
    buys(city, cap=20_000)
    page(city, 5)
    with city.pool.connection() as tx:
        assert [words for words, broken in examine(tx) if broken] == []

        tx.execute("UPDATE exchange.budget_months SET spent_microcredits = 1")

        broken = [words for words, found in examine(tx) if found]
    assert broken == ["What is spent of monthly budgets is what receipts say"]


def test_only_a_buyer_sets_it_and_within_bounds(city: City) -> None:
    with city.pool.connection() as tx, pytest.raises(NotYourPart):
        set_budget(tx, cap=MicroCredits(1), is_hard_stop=True, by=city.head, at=city.at)
    with city.pool.connection() as tx, pytest.raises(CapOutOfBounds):
        set_budget(tx, cap=MicroCredits(0), is_hard_stop=True, by=city.buyer, at=city.at)


def buys(city: City, *, cap: int, is_hard_stop: bool = True) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10_000_000)
    put(city, cap, is_hard_stop=is_hard_stop)


def put(city: City, cap: int, *, is_hard_stop: bool = True) -> None:
    with city.pool.connection() as tx:
        set_budget(tx, cap=MicroCredits(cap), is_hard_stop=is_hard_stop, by=city.buyer, at=city.at)


def page(city: City, rows: int) -> Delivered:
    got = deliver_page(city.parts, "sold-stops", PageQuestion(limit=rows), Ask(city.buyer))
    assert isinstance(got, Delivered)
    return got


def told(city: City) -> list[int]:
    with city.pool.connection() as tx:
        rows = tx.execute(
            """
            SELECT (body::jsonb->'facts'->>'percent')::integer AS percent
              FROM policies.events
             WHERE kind = 'budget.reached'
             ORDER BY id
            """
        )
        return [row["percent"] for row in rows]
