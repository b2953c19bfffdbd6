"""Pages that are paid for together: each on its own terms, all of it or nothing, nothing twice."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from exchange import post_deliveries as group
from exchange.allow import Ask, Posting, allow
from exchange.answer import run_page
from exchange.deliver import deliver_page
from exchange.delivery import Delivered, PageQuestion
from exchange.errors import AccessDenied, InsufficientCredits
from exchange.examine import examine
from exchange.price import Price, PriceModel
from exchange.result_files import new_path
from exchange.settle import balance_of
from exchange.store import ledger
from exchange.store import receipts as receipt_store
from policies import freeze
from policies.errors import RequestUnderWay
from policies.freeze_order import FreezeTarget
from policies.party import Actor
from policies.terms import MicroCredits
from tests.counts import examples
from tests.exchange.city import City

ROW = 1_000
"""What one row costs, in micro-credits."""


def _page(city: City, number: int, by: Actor, *, key: str | None = None) -> Delivered:
    """A page of one row; each number is another question."""
    got = deliver_page(
        city.parts,
        "sold-stops",
        PageQuestion(limit=1, offset=number),
        Ask(by, idempotency_key=key),
    )
    assert isinstance(got, Delivered)
    return got


def _posting(
    city: City, number: int, by: Actor, *, limit: int = 1, key: str | None = None
) -> Posting:
    """The same page, read and not paid for yet."""
    question = PageQuestion(limit=limit, offset=number)
    allowed = allow(city.parts, ("sold-stops",), question, Ask(by, idempotency_key=key), None)
    outcome, data = run_page(city.parts, allowed, new_path(city.parts.results, "json"))
    return Posting(allowed, outcome, data)


def _funds(city: City) -> tuple[int, int]:
    with city.pool.connection() as tx:
        balance = balance_of(tx, city.acme.id)
        assert [words for words, broken in examine(tx) if broken] == []
    return balance.available, balance.held


def _count(city: City, table: str) -> int:
    with city.pool.connection() as tx:
        row = tx.execute(f"SELECT count(*) AS n FROM {table}").fetchone()
    assert row is not None
    return int(row["n"])


def test_a_page_is_paid_for_with_its_receipt_and_says_what_is_left(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10 * ROW)

    got = _page(city, 3, city.buyer)

    assert got.data == got.path.read_bytes()
    assert (got.charge, got.funds, got.is_replay) == (ROW, 9 * ROW, False)
    assert sha256(got.data or b"").hexdigest() == got.sha256
    assert _funds(city) == (9 * ROW, 0)


def test_sixty_four_at_once_spend_no_credit_twice(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(20 * ROW)

    def ask(number: int) -> bool:
        try:
            if number % 8 == 7:
                city.query(f"SELECT * FROM sold_stops WHERE id = {number % 40 + 1}", city.buyer)
            else:
                _page(city, number % 40, city.buyer, key=f"k{number}")
        except InsufficientCredits:
            return False
        return True

    with ThreadPoolExecutor(64) as threads:
        delivered = sum(threads.map(ask, range(64)))

    assert delivered <= 20
    assert _funds(city) == ((20 - delivered) * ROW, 0)
    assert _count(city, "exchange.receipts") == delivered
    # What a query held while it ran may have turned a page away; whoever asks now is served.
    for number in range(20 - delivered):
        _page(city, number, city.buyer, key=f"rest{number}")
    with pytest.raises(InsufficientCredits):
        _page(city, 39, city.buyer, key="one too many")
    assert _funds(city) == (0, 0)


def test_the_same_page_asked_for_sixteen_times_at_once_is_paid_for_once(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10 * ROW)

    with ThreadPoolExecutor(16) as threads:
        got = list(threads.map(lambda _: _page(city, 1, city.buyer), range(16)))

    assert len({one.receipt_id for one in got}) == 1
    assert sum(not one.is_replay for one in got) == 1
    assert _funds(city) == (9 * ROW, 0)
    assert len(list(city.parts.results.glob("*.json"))) == 1


def test_the_same_key_at_once_is_paid_for_once(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10 * ROW)

    def ask(_: int) -> object:
        try:
            return _page(city, 1, city.buyer, key="k").receipt_id
        except RequestUnderWay:
            return None

    with ThreadPoolExecutor(16) as threads:
        got = set(threads.map(ask, range(16)))

    assert len(got - {None}) == 1
    assert _funds(city) == (9 * ROW, 0)


STEPS = (
    "exchange.store.group.lock_active_agreements",
    "exchange.store.group.lock_accounts_of",
    "exchange.store.receipts.lock_chains",
    "exchange.store.group.insert_decisions",
    "exchange.post_deliveries.record_all",
    "exchange.store.group.insert_receipts",
    "exchange.store.group.insert_items",
    "exchange.store.group.insert_transfers",
    "exchange.store.group.advance_chains_to",
    "exchange.store.group.insert_results",
    "policies.once.remember",
)


@pytest.mark.parametrize("step", STEPS)
def test_a_death_between_any_two_statements_leaves_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10 * ROW)
    postings = [_posting(city, number, city.buyer, key=f"k{number}") for number in range(3)]
    tables = (
        "exchange.receipts",
        "exchange.receipt_items",
        "exchange.decisions",
        "exchange.transfers",
        "exchange.results",
        "exchange.receipt_chains",
        "policies.events",
        "policies.unsequenced_events",
        "policies.lineage_edges",
        "policies.idempotency_keys",
    )
    before = {table: _count(city, table) for table in tables}

    monkeypatch.setattr(step, _die)
    with pytest.raises(KeyboardInterrupt):
        group.post_deliveries(city.parts, postings)
    monkeypatch.undo()

    assert {table: _count(city, table) for table in tables} == before
    assert _funds(city) == (10 * ROW, 0)
    # The same requests then have their one effect.
    got = group.post_deliveries(city.parts, postings)
    assert all(isinstance(one, Delivered) and not one.is_replay for one in got)
    assert _funds(city) == (7 * ROW, 0)
    again = group.post_deliveries(city.parts, postings)
    assert [one.is_replay for one in again if isinstance(one, Delivered)] == [True] * 3
    assert _funds(city) == (7 * ROW, 0)


def test_what_one_is_refused_for_does_not_touch_the_others(city: City) -> None:
    listing = city.sold_stops()
    agreement = city.buy(listing)
    city.pay_in(3 * ROW)
    token = city.token(agreement)
    wanted = [
        _posting(city, 0, city.buyer, limit=2),
        _posting(city, 2, token, limit=2),
        _posting(city, 4, city.buyer),
    ]

    first, second, third = group.post_deliveries(city.parts, wanted)

    assert isinstance(first, Delivered)
    assert isinstance(second, InsufficientCredits)
    assert (second.needed_microcredits, second.available_microcredits) == (2 * ROW, ROW)
    assert isinstance(third, Delivered)
    assert third.funds == 0
    assert _funds(city) == (0, 0)


def test_receipts_of_one_group_are_a_chain(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(10 * ROW)

    got = group.post_deliveries(city.parts, [_posting(city, n, city.buyer) for n in range(3)])

    with city.pool.connection() as tx:
        stored = [
            receipt_store.get_receipt(tx, one.receipt_id)
            for one in got
            if isinstance(one, Delivered)
        ]
    previous = [json.loads(one.body)["items"][0]["previous_sha256"] for one in stored if one]
    assert previous == [None, *[one.body_sha256 for one in stored[:-1] if one]]


@pytest.mark.parametrize("target", ["organization", "dataset", "listing", "agreement"])
def test_a_freeze_before_the_commit_wins(city: City, target: str, database_url: str) -> None:
    listing = city.sold_stops()
    agreement = city.buy(listing)
    city.pay_in(10 * ROW)
    posting = _posting(city, 0, city.buyer)
    ids = {
        "organization": listing.provider_id,
        "dataset": listing.dataset_id,
        "listing": listing.id,
        "agreement": agreement.id,
    }
    changes = city.pool.standing.changes
    # In a process that nobody here listens to.
    with _stranger(database_url) as tx:
        freeze.place(
            tx, FreezeTarget(target), ids[target], reason="leak", by=city.regulator, at=city.at
        )
    assert city.pool.standing.changes == changes

    (got,) = group.post_deliveries(city.parts, [posting])

    assert isinstance(got, AccessDenied)
    assert _funds(city) == (10 * ROW, 0)
    assert _count(city, "exchange.receipts") == 0


@settings(
    max_examples=examples(6, long=60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(1, 4), st.integers(0, 30)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 25),
)
def test_whatever_is_asked_together_the_books_say_what_was_delivered(
    city: City, groups: list[list[tuple[int, int]]], rows_paid_in: int
) -> None:
    if not hasattr(city, "agreement"):
        price = Price(PriceModel.PER_ROW, MicroCredits(ROW), fee_basis_points=150)
        city.agreement = city.buy(city.sold_stops(price=price))  # type: ignore[attr-defined]
    if rows_paid_in:
        city.pay_in(rows_paid_in * ROW)
    left, _ = _funds(city)

    for wanted in groups:
        postings = [
            _posting(city, offset, city.buyer, limit=limit, key=f"{uuid4()}")
            for limit, offset in wanted
        ]
        for (limit, _), told in zip(
            wanted, group.post_deliveries(city.parts, postings), strict=True
        ):
            if limit * ROW <= left:
                assert isinstance(told, Delivered)
                left -= limit * ROW
            else:
                assert isinstance(told, InsufficientCredits)

    assert _funds(city) == (left, 0)
    with city.pool.connection() as tx:
        assert ledger.recount(tx) == []


def _stranger(database_url: str) -> psycopg.Connection[DictRow]:
    return psycopg.connect(database_url, row_factory=dict_row)


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
