"""Deliveries: who gets what, for how much, and that nothing is charged without its receipt."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from catalog.curation import describe
from catalog.dataset import Dataset, Entry
from catalog.errors import MalformedStatement, NoSuchTable
from catalog.find import dataset_named
from catalog.mask import Mask, MaskKind
from catalog.result import ResultFormat
from catalog.view import Condition, Operator, View
from exchange import apply, list_product, negotiate
from exchange.allow import Ask, allow
from exchange.answer import run
from exchange.credit import RESERVATION_LIFE
from exchange.deliver import (
    deliver_file,
    deliver_page,
    deliver_query,
    estimate,
    file_facts,
    page_at_hand,
)
from exchange.delivery import Delivered, FileQuestion, PageQuestion, SqlQuestion
from exchange.errors import (
    AccessDenied,
    AlreadyResolved,
    FreeUnitsSpent,
    InsufficientCredits,
    NoSuchData,
    PackedRows,
)
from exchange.examine import examine
from exchange.list_product import Proposal
from exchange.meter import reserve, settle_delivery
from exchange.price import Price, PriceModel, Tier
from exchange.query import read_statement
from exchange.read_again import read_again
from exchange.result_files import new_path, sweep_results
from exchange.settle import balance_of, sweep_expired
from exchange.store import receipts as receipt_store
from policies import freeze
from policies.attest import attest
from policies.calendar import CHINA
from policies.errors import IdempotencyKeyReused, RequestUnderWay
from policies.evidence.bundle import SignedReceipt
from policies.evidence.proof import verify_receipt_file
from policies.freeze_order import FreezeTarget
from policies.log import sequence
from policies.party import ANONYMOUS, Actor
from policies.terms import ListingId, MicroCredits, OpenType, Regime, ShareType
from tests.exchange.city import (
    OWN_PRODUCTION,
    PER_ROW,
    City,
    entry,
    later,
    request,
)


def test_anybody_queries_open_data_and_gets_a_receipt(city: City) -> None:
    city.open_stops()

    got = city.query("SELECT line, count(*) AS n FROM stops GROUP BY line ORDER BY line", ANONYMOUS)

    answer = json.loads(got.path.read_bytes())
    assert answer["rows"][0] == {"line": 0, "n": 10}
    assert got.charge == 0
    assert sha256(got.path.read_bytes()).hexdigest() == got.sha256
    assert _receipt_of(city, got)["items"][0]["regime"] == "open"


def test_a_page_of_open_data_needs_no_receipt(city: City) -> None:
    city.open_stops()

    page = deliver_page(city.parts, "stops", PageQuestion(limit=2), Ask(ANONYMOUS))

    assert isinstance(page, bytes)
    told = json.loads(page)
    assert (told["total"], len(told["rows"]), told["next"] is not None) == (40, 2, True)
    assert _receipts(city) == 0


def test_a_dataset_that_does_not_exist_for_the_caller_is_no_table(city: City) -> None:
    with pytest.raises(NoSuchTable):
        city.query("SELECT * FROM nowhere", ANONYMOUS)


def test_a_refusal_says_why_and_stands_in_the_log(city: City) -> None:
    city.shared_stops()

    with pytest.raises(AccessDenied) as refusal:
        city.query("SELECT * FROM shared_stops", city.officer)

    assert refusal.value.reasons
    assert _events(city, "delivery.refused") == 1
    assert _count(city, "exchange.decisions WHERE NOT is_allowed") == 1


def test_a_department_reads_what_it_was_granted_without_paying(city: City) -> None:
    agreement = city.ask_for(city.shared_stops())

    got = city.query("SELECT * FROM shared_stops", city.officer)

    assert (got.row_count, got.charge) == (40, 0)
    item = _receipt_of(city, got)["items"][0]
    assert item["agreement_id"] == str(agreement.id)
    assert item["rule_ids"] == ["share-granted"]
    assert _count(city, "exchange.transfers") == 0


def test_members_read_their_own_data_with_a_receipt(city: City) -> None:
    city.shared_stops()

    got = city.query("SELECT count(*) FROM shared_stops", city.publisher)

    assert _receipt_of(city, got)["items"][0]["regime"] == "own"


def test_a_buyer_pays_for_the_rows_of_the_result(city: City) -> None:
    listing = city.sold_stops(
        price=Price(PriceModel.PER_ROW, MicroCredits(1_000), fee_basis_points=500)
    )
    buyer = city.token(city.buy(listing))
    city.pay_in(100_000)

    got = city.query("SELECT * FROM sold_stops WHERE line = 1", buyer)

    assert (got.row_count, got.charge) == (10, 10_000)
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 90_000
        assert balance_of(tx, city.acme.id).held == 0
        assert balance_of(tx, city.lab.id).earned == 9_500
    _assert_sound(city)


def test_a_personal_api_token_does_not_open_traded_data(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    with_api_token = replace(city.buyer, token_id="018f0000-0000-7000-8000-000000000000")

    with pytest.raises(AccessDenied):
        city.query("SELECT * FROM sold_stops", with_api_token)


def test_the_buyer_in_a_session_needs_no_token(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    assert city.query("SELECT * FROM sold_stops LIMIT 3", city.buyer).charge == 3_000


def test_without_credits_nothing_is_run(city: City) -> None:
    city.buy(city.sold_stops())

    with pytest.raises(InsufficientCredits):
        city.query("SELECT * FROM sold_stops LIMIT 1", city.buyer)

    assert list(city.parts.results.iterdir()) == []


def test_a_result_that_the_credits_do_not_cover_costs_nothing(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(5_000)

    with pytest.raises(InsufficientCredits):
        city.query("SELECT a.id FROM sold_stops a, sold_stops b", city.buyer)

    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 5_000
    assert list(city.parts.results.iterdir()) == []


def test_a_statement_that_fails_costs_nothing(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(50_000)

    with pytest.raises(MalformedStatement):
        city.query("SELECT nothing FROM sold_stops", city.buyer, key="k")

    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 50_000
    assert city.query("SELECT id FROM sold_stops LIMIT 1", city.buyer, key="k").charge == 1_000


def test_rows_packed_into_one_are_refused(city: City) -> None:
    city.publish(
        "wide",
        by=city.seller,
        approver=city.seller_head,
        entry=_entry(),
        select="SELECT CAST(range AS BIGINT) AS id, repeat('长', 20) || range AS name, "
        "CAST(range AS BIGINT) AS line FROM range(3000)",
    )
    listing = city.list(_dataset(city, "wide"), _trade(), by=city.seller, opener=city.bureau)
    city.buy(listing)
    city.pay_in(10_000_000)

    with pytest.raises(PackedRows):
        city.query("SELECT list(name) FROM wide", city.buyer)

    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 10_000_000


def test_the_same_key_gives_the_same_file_and_charges_once(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    first = city.query("SELECT * FROM sold_stops LIMIT 4", city.buyer, key="k1")
    second = city.query("SELECT * FROM sold_stops LIMIT 4", city.buyer, key="k1")

    assert (second.receipt_id, second.path, second.is_replay) == (
        first.receipt_id,
        first.path,
        True,
    )
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 96_000


def test_the_same_key_with_another_statement_is_refused(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    city.query("SELECT * FROM sold_stops LIMIT 4", city.buyer, key="k1")

    with pytest.raises(IdempotencyKeyReused):
        city.query("SELECT * FROM sold_stops LIMIT 5", city.buyer, key="k1")


def test_sixteen_identical_calls_at_once_make_one_charge(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(1_000_000)

    def call(_: int) -> Delivered | None:
        try:
            return city.query("SELECT * FROM sold_stops LIMIT 7", city.buyer, key="same")
        except RequestUnderWay:
            return None

    with ThreadPoolExecutor(4) as threads:
        answers = [answer for answer in threads.map(call, range(16)) if answer]

    assert len({answer.receipt_id for answer in answers}) == 1
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 993_000
        assert balance_of(tx, city.acme.id).held == 0
    _assert_sound(city)


def test_the_same_page_again_is_free(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    first = deliver_page(city.parts, "sold-stops", PageQuestion(limit=5), Ask(city.buyer))
    again = deliver_page(city.parts, "sold-stops", PageQuestion(limit=5), Ask(city.buyer))
    other = deliver_page(city.parts, "sold-stops", PageQuestion(limit=6), Ask(city.buyer))

    assert isinstance(first, Delivered)
    assert isinstance(again, Delivered)
    assert isinstance(other, Delivered)
    assert (first.charge, again.is_replay, other.is_replay) == (5_000, True, False)
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 100_000 - 5_000 - 6_000


@pytest.mark.parametrize("form", list(ResultFormat))
def test_a_file_holds_all_rows_and_is_paid_by_the_row(city: City, form: ResultFormat) -> None:
    city.buy(city.sold_stops())
    city.pay_in(40_000)

    got = deliver_file(city.parts, "sold-stops", FileQuestion(form), Ask(city.buyer))

    assert (got.row_count, got.charge) == (40, 40_000)
    assert sha256(got.path.read_bytes()).hexdigest() == got.sha256


def test_a_file_that_is_not_covered_is_refused_before_it_is_made(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(39_999)

    with pytest.raises(InsufficientCredits) as refusal:
        deliver_file(city.parts, "sold-stops", FileQuestion(ResultFormat.CSV), Ask(city.buyer))

    assert refusal.value.needed_microcredits == 40_000


def test_going_on_with_an_open_file_needs_no_second_receipt(city: City) -> None:
    city.open_stops()

    facts = file_facts(city.parts, "stops", FileQuestion(ResultFormat.CSV), Ask(ANONYMOUS))

    assert facts is not None
    assert facts.is_public
    assert facts.path.stat().st_size == facts.size_bytes
    assert _receipts(city) == 0


def test_files_of_other_data_are_never_open(city: City) -> None:
    city.ask_for(city.shared_stops())

    facts = file_facts(
        city.parts, "shared-stops", FileQuestion(ResultFormat.CSV), Ask(city.officer)
    )

    assert facts is not None
    assert not facts.is_public


def test_an_estimate_holds_nothing(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    told = estimate(city.parts, SqlQuestion("SELECT * FROM sold_stops"), (), Ask(city.buyer))

    assert (told.rows_at_most, told.ceiling, told.is_covered) == (40, 40_000, True)
    assert _count(city, "exchange.transfers WHERE kind = 'pending'") == 0


@pytest.mark.parametrize("target", ["organization", "dataset", "listing", "agreement"])
def test_nothing_is_read_from_the_moment_of_a_freeze(city: City, target: str) -> None:
    listing = city.sold_stops()
    agreement = city.buy(listing)
    city.pay_in(100_000)
    token = city.token(agreement)
    first = city.query("SELECT * FROM sold_stops LIMIT 1", token, key="k")
    ids = {
        "organization": listing.provider_id,
        "dataset": listing.dataset_id,
        "listing": listing.id,
        "agreement": agreement.id,
    }
    with city.pool.connection() as tx:
        freeze.place(
            tx, FreezeTarget(target), ids[target], reason="leak", by=city.regulator, at=city.at
        )

    with pytest.raises(AccessDenied):
        city.query("SELECT * FROM sold_stops LIMIT 1", token)
    with pytest.raises(AccessDenied):
        city.query("SELECT * FROM sold_stops LIMIT 1", token, key="k")
    with pytest.raises(AccessDenied):
        read_again(city.parts, first.receipt_id, Ask(token))


@pytest.mark.parametrize("target", ["organization", "dataset", "listing"])
def test_a_page_of_open_data_is_refused_from_the_moment_of_a_freeze(
    city: City, target: str
) -> None:
    dataset = city.open_stops()
    ids = {
        "organization": dataset.publisher_id,
        "dataset": dataset.id,
        "listing": _listing_id(city),
    }
    question, ask = PageQuestion(limit=2), Ask(ANONYMOUS)
    first = deliver_page(city.parts, "stops", question, ask)
    assert page_at_hand(city.parts, "stops", question, ask) == first

    with city.pool.connection() as tx:
        freeze.place(
            tx, FreezeTarget(target), ids[target], reason="leak", by=city.regulator, at=city.at
        )

    assert page_at_hand(city.parts, "stops", question, ask) is None
    with pytest.raises(AccessDenied):
        deliver_page(city.parts, "stops", question, ask)


def test_a_freeze_made_elsewhere_counts_within_five_seconds(city: City, database_url: str) -> None:
    dataset = city.open_stops()
    question, ask = PageQuestion(limit=2), Ask(ANONYMOUS)
    deliver_page(city.parts, "stops", question, ask)
    # A process that nobody here listens to.
    with psycopg.connect(database_url, row_factory=dict_row) as tx:
        freeze.place(
            tx,
            FreezeTarget.DATASET,
            dataset.id,
            reason="leak",
            by=city.regulator,
            at=city.at,
        )

    later(city, seconds=5)

    assert page_at_hand(city.parts, "stops", question, ask) is None
    with pytest.raises(AccessDenied):
        deliver_page(city.parts, "stops", question, ask)


def test_an_open_page_ends_with_its_listing(city: City) -> None:
    city.open_stops()
    question, ask = PageQuestion(limit=2), Ask(ANONYMOUS)
    deliver_page(city.parts, "stops", question, ask)

    with city.pool.connection() as tx:
        list_product.withdraw(tx, _listing_id(city), reason="wrong", by=city.publisher, at=city.at)

    assert page_at_hand(city.parts, "stops", question, ask) is None
    with pytest.raises(AccessDenied):
        deliver_page(city.parts, "stops", question, ask)


def test_what_one_caller_may_read_is_not_remembered_for_another(city: City) -> None:
    city.sold_stops()
    question = PageQuestion(limit=2)
    deliver_page(city.parts, "sold-stops", question, Ask(city.seller))

    assert page_at_hand(city.parts, "sold-stops", question, Ask(city.seller)) is None
    with pytest.raises((AccessDenied, NoSuchData)):
        deliver_page(city.parts, "sold-stops", question, Ask(ANONYMOUS))


def test_a_freeze_that_comes_while_a_query_runs_wins(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = city.sold_stops()
    agreement = city.buy(listing)
    city.pay_in(100_000)
    run_query = city.parts.confinement.run_query

    def frozen_meanwhile(*arguments: object, **named: object) -> object:
        result = run_query(*arguments, **named)  # type: ignore[arg-type]
        with city.pool.connection() as tx:
            freeze.place(
                tx,
                FreezeTarget.AGREEMENT,
                agreement.id,
                reason="leak",
                by=city.regulator,
                at=city.at,
            )
        return result

    monkeypatch.setattr(city.parts.confinement, "run_query", frozen_meanwhile)
    with pytest.raises(AccessDenied):
        city.query("SELECT * FROM sold_stops LIMIT 5", city.buyer)

    assert list(city.parts.results.iterdir()) == []
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 100_000
    assert _receipts(city) == 0


def test_an_ended_agreement_opens_nothing(city: City) -> None:
    agreement = city.buy(city.sold_stops())
    city.pay_in(100_000)
    token = city.token(agreement)
    with city.pool.connection() as tx:
        negotiate.end_agreement(tx, agreement.id, reason="done", by=city.buyer, at=city.at)

    with pytest.raises(AccessDenied) as refusal:
        city.query("SELECT * FROM sold_stops LIMIT 1", token)

    assert "agreement-not-active" in refusal.value.rule_ids


def test_a_crash_between_run_and_receipt_charges_nobody(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    # As if the process had died: nothing after the run is done, not even the tidying up.
    monkeypatch.setattr("exchange.deliver.settle_delivery", _die)
    monkeypatch.setattr("exchange.meter._give_back", lambda *_: None)
    monkeypatch.setattr("exchange.meter.remove_result", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        city.query("SELECT * FROM sold_stops LIMIT 5", city.buyer)
    monkeypatch.undo()
    assert len(list(city.parts.results.iterdir())) == 1

    later(city, days=20_000)
    with city.pool.connection() as tx:
        swept = sweep_expired(tx, city.at)
    removed = sweep_results(city.pool, city.parts.results, city.parts.folders.storage, city.at)

    assert (swept, removed) == (1, 1)
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 100_000


def test_a_run_that_outlives_its_hold_charges_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    run_query = city.parts.confinement.run_query

    def slow(*arguments: object, **named: object) -> object:
        result = run_query(*arguments, **named)  # type: ignore[arg-type]
        city.at += RESERVATION_LIFE
        return result

    monkeypatch.setattr(city.parts.confinement, "run_query", slow)
    with pytest.raises(AlreadyResolved):
        city.query("SELECT * FROM sold_stops LIMIT 5", city.buyer)

    assert _receipts(city) == 0
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).available == 100_000


def test_a_query_over_two_datasets_has_one_receipt_and_two_decisions(city: City) -> None:
    city.open_stops()
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    got = city.query(
        "SELECT s.id FROM sold_stops s JOIN stops o USING (id) WHERE s.line = 2", city.buyer
    )

    items = _receipt_of(city, got)["items"]
    assert {item["regime"] for item in items} == {"open", "trade"}
    assert len({item["decision_id"] for item in items}) == 2
    assert got.charge == 10_000
    _assert_sound(city)


def test_receipts_of_an_agreement_are_a_chain(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)

    got = [city.query(f"SELECT * FROM sold_stops LIMIT {n}", city.buyer) for n in (1, 2, 3)]

    with city.pool.connection() as tx:
        stored = [receipt_store.get_receipt(tx, one.receipt_id) for one in got]
    previous = [json.loads(one.body)["items"][0]["previous_sha256"] for one in stored if one]
    assert previous == [None, *[one.body_sha256 for one in stored[:-1] if one]]


def test_a_receipt_proves_itself_offline(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    got = city.query("SELECT * FROM sold_stops LIMIT 1", city.buyer)

    with city.pool.connection() as tx:
        sequence(tx)
        stored = receipt_store.get_receipt(tx, got.receipt_id)
        assert stored
        bundle = attest(
            tx,
            city.parts.keys,
            SignedReceipt(stored.body, stored.kid, stored.signature),
            stored.event_id,
            at=city.at,
        )

    found = verify_receipt_file(bundle)
    assert {check.name for check in found.checks if not check.is_passed} <= {"trust"}


@pytest.mark.parametrize("result_format", list(ResultFormat))
def test_every_form_of_answer_is_hashed_as_it_is_handed_out(
    city: City, result_format: ResultFormat
) -> None:
    city.open_stops()

    got = deliver_query(
        city.parts, SqlQuestion("SELECT * FROM stops LIMIT 3", result_format), Ask(ANONYMOUS)
    )

    assert sha256(got.path.read_bytes()).hexdigest() == got.sha256


def test_a_view_lets_out_only_what_it_permits(city: City) -> None:
    city.publish("people", by=city.seller, approver=city.seller_head, entry=_entry())
    listing = city.list(
        _dataset(city, "people"),
        replace(
            _trade(),
            view=View(
                columns=("id", "name"),
                rows=(Condition("line", Operator.EQUAL, 1),),
                masks={"name": Mask(MaskKind.HASH)},
            ),
        ),
        by=city.seller,
        opener=city.bureau,
    )
    city.buy(listing)
    city.pay_in(100_000)

    got = city.query("SELECT * FROM people", city.buyer)

    answer = json.loads(got.path.read_bytes())
    assert [column["name"] for column in answer["columns"]] == ["id", "name"]
    assert answer["row_count"] == 10
    assert all(len(row["name"]) == 64 for row in answer["rows"])
    with pytest.raises(MalformedStatement):
        city.query("SELECT line FROM people", city.buyer)


def test_a_listing_that_is_withdrawn_delivers_nothing(city: City) -> None:
    listing = city.sold_stops()
    token = city.token(city.buy(listing))
    city.pay_in(100_000)
    with city.pool.connection() as tx:
        list_product.withdraw(tx, listing.id, reason="gone", by=city.seller, at=city.at)

    with pytest.raises(AccessDenied) as refusal:
        city.query("SELECT * FROM sold_stops", token)

    assert "listing-not-listed" in refusal.value.rule_ids


def test_data_nobody_may_know_of_is_not_found(city: City) -> None:
    with city.pool.connection() as tx:
        describe.create(
            tx, "secret", _entry(), publisher_id=city.transport.id, by=city.publisher, at=city.at
        )

    with pytest.raises(NoSuchData):
        deliver_page(city.parts, "secret", PageQuestion(), Ask(city.officer))


def test_unconditional_data_with_a_standing_release_is_there_at_once(city: City) -> None:
    listing = city.shared_stops(share_type=ShareType.UNCONDITIONAL, has_standing_release=True)
    with city.pool.connection() as tx:
        apply.submit(tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at)

    assert city.query("SELECT * FROM shared_stops", city.officer).row_count == 40


def _listing_id(city: City) -> ListingId:
    """Of the one listing there is."""
    with city.pool.connection() as tx:
        rows = tx.execute("SELECT id FROM exchange.listings").fetchall()
    ((listing_id,),) = (row.values() for row in rows)
    return ListingId(listing_id)


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def _entry() -> Entry:
    return entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN)


def _trade() -> Proposal:
    return Proposal(Regime.TRADE, price=PER_ROW, declared=OWN_PRODUCTION)


def _dataset(city: City, slug: str) -> Dataset:
    with city.pool.connection() as tx:
        return dataset_named(tx, slug, by=city.bureau)


def _receipt_of(city: City, got: Delivered) -> Any:
    with city.pool.connection() as tx:
        stored = receipt_store.get_receipt(tx, got.receipt_id)
    assert stored
    return json.loads(stored.body)


def _count(city: City, what: str) -> int:
    with city.pool.connection() as tx:
        row = tx.execute(f"SELECT count(*) AS n FROM {what}".encode()).fetchone()
    assert row
    return int(row["n"])


def _receipts(city: City) -> int:
    return _count(city, "exchange.receipts")


def _events(city: City, kind: str) -> int:
    return _count(city, f"policies.events WHERE kind = '{kind}'")


def _assert_sound(city: City) -> None:
    with city.pool.connection() as tx:
        assert {words: broken for words, broken in examine(tx) if broken} == {}


def test_a_subscription_is_charged_once_a_month_by_the_days_it_holds(city: City) -> None:
    buyer = city.token(
        city.buy(city.sold_stops(price=Price(PriceModel.MONTHLY, MicroCredits(31_000))))
    )
    city.pay_in(100_000)

    first = city.query("SELECT * FROM sold_stops", buyer)
    second = city.query("SELECT * FROM sold_stops WHERE line = 1", buyer)
    page = deliver_page(city.parts, "sold-stops", PageQuestion(limit=5), Ask(buyer))
    city.at = datetime(2026, 4, 1, 0, 30, tzinfo=CHINA)
    april = city.query("SELECT * FROM sold_stops WHERE line = 2", city.buyer)

    assert isinstance(page, Delivered)
    # Bought on 2 March: 30 of the month's 31 days.
    assert [one.charge for one in (first, second, page, april)] == [30_000, 0, 0, 31_000]
    assert _receipt_of(city, second)["items"][0]["month"]["deliveries_before"] == 1
    _assert_sound(city)


def test_free_units_and_tiers_count_over_the_month_in_pages_and_queries(city: City) -> None:
    price = Price(
        PriceModel.PER_ROW,
        MicroCredits(100),
        fee_basis_points=500,
        included=10,
        tiers=(Tier(30, MicroCredits(10)),),
    )
    buyer = city.token(city.buy(city.sold_stops(price=price)))
    city.pay_in(100_000)

    charges = [
        city.query("SELECT * FROM sold_stops WHERE line = 1", buyer).charge,
        _page(city, buyer, 5).charge,
        city.query("SELECT * FROM sold_stops LIMIT 20", buyer).charge,
        _page(city, buyer, 3).charge,
    ]

    assert charges == [0, 500, 15 * 100 + 5 * 10, 30]
    _assert_sound(city)


def test_megabytes_of_the_result_are_counted_and_a_begun_one_counts(city: City) -> None:
    price = Price(PriceModel.PER_MEGABYTE, MicroCredits(7))
    buyer = city.token(city.buy(city.sold_stops(price=price)))
    city.pay_in(100_000)

    told = estimate(city.parts, SqlQuestion("SELECT * FROM sold_stops"), (), Ask(buyer))
    got = city.query("SELECT * FROM sold_stops", buyer)

    assert (got.charge, got.charge <= told.ceiling) == (7, True)
    assert _page(city, buyer, 5).charge == 7
    _assert_sound(city)


def test_an_older_version_is_cheaper_by_the_day(city: City) -> None:
    price = Price(
        PriceModel.PER_ROW,
        MicroCredits(1_000),
        aging_basis_points=1_000,
        aging_basis_points_max=2_500,
    )
    city.buy(city.sold_stops(price=price))
    city.pay_in(1_000_000)

    fresh = city.query("SELECT * FROM sold_stops LIMIT 1", city.buyer)
    city.at += timedelta(days=1, hours=12)
    day_old = city.query("SELECT * FROM sold_stops LIMIT 1", city.buyer)
    city.at += timedelta(days=30)
    month_old = city.query("SELECT * FROM sold_stops LIMIT 1", city.buyer)

    assert [one.charge for one in (fresh, day_old, month_old)] == [1_000, 900, 750]


def test_free_units_that_went_meanwhile_are_not_charged_beyond_what_was_held(city: City) -> None:
    price = Price(PriceModel.PER_ROW, MicroCredits(100), included=10)
    city.buy(city.sold_stops(price=price))
    city.pay_in(100_000)
    question = SqlQuestion("SELECT * FROM sold_stops LIMIT 10")
    statement = read_statement(question.sql)
    allowed = allow(city.parts, ["sold_stops"], question, Ask(city.buyer), statement)
    with city.pool.connection() as tx:
        held = reserve(tx, allowed, size_at_most=1_000, life=timedelta(minutes=1), at=city.at)
    path = new_path(city.parts.results, ".json")
    outcome = run(city.parts, allowed, held, path)
    city.query("SELECT * FROM sold_stops WHERE line = 2", city.buyer)

    with pytest.raises(FreeUnitsSpent):
        settle_delivery(city.parts, allowed, held, outcome)

    _assert_sound(city)


def _page(city: City, by: Actor, limit: int) -> Delivered:
    got = deliver_page(city.parts, "sold-stops", PageQuestion(limit=limit), Ask(by))
    assert isinstance(got, Delivered)
    return got
