"""Tracing: from a receipt to the bytes, to each reader what concerns them, looks recorded."""

from __future__ import annotations

import pytest

from exchange import supervise, trace
from exchange.errors import NothingToTrace, NotYourPart, ReceiptNotFound
from policies.log import fresh_head
from policies.party import ANONYMOUS
from tests.exchange.city import City


def test_a_receipt_leads_back_to_the_bytes_that_arrived(city: City) -> None:
    agreement = city.buy(city.sold_stops())
    city.pay_in(100_000)
    got = city.query("SELECT * FROM sold_stops LIMIT 2", city.buyer)

    with city.pool.connection() as tx:
        fresh_head(tx, city.parts.keys, city.at)
        told = trace.trace_receipt(tx, got.receipt_id, by=city.regulator, at=city.at)

    (item,) = told.items
    assert (item.slug, item.file_name) == ("sold-stops", "stops.csv")
    assert item.agreement
    assert item.agreement.id == agreement.id
    assert item.decision.rule_ids == ("trade",)
    assert [moved.kind.value for moved in told.transfers] == ["pending", "post"]
    assert (told.asked_by.name, item.uploaded_by.name) == ("bo", "qi")
    assert told.place is not None


def test_names_of_people_are_for_the_regulator_alone(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    got = city.query("SELECT * FROM sold_stops LIMIT 2", city.buyer)

    with city.pool.connection() as tx:
        told = trace.trace_receipt(tx, got.receipt_id, by=city.bureau, at=city.at)

    assert told.asked_by.name is None
    assert told.asked_by.organization is not None
    assert told.items[0].uploaded_by.name is None


def test_a_receipt_is_for_its_sides_and_supervisors(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    got = city.query("SELECT * FROM sold_stops LIMIT 2", city.buyer)

    with city.pool.connection() as tx:
        for person in (city.buyer, city.seller, city.bureau, city.regulator):
            assert trace.get_receipt(tx, got.receipt_id, by=person).id == got.receipt_id
        for person in (city.officer, city.publisher, ANONYMOUS):
            with pytest.raises(ReceiptNotFound):
                trace.get_receipt(tx, got.receipt_id, by=person)


def test_each_look_of_a_supervisor_is_recorded(city: City) -> None:
    city.open_stops()
    got = city.query("SELECT * FROM stops LIMIT 1", city.officer)

    with city.pool.connection() as tx:
        trace.trace_receipt(tx, got.receipt_id, by=city.regulator, at=city.at)
        trace.trace_receipt(tx, got.receipt_id, by=city.officer, at=city.at)
        supervise.overview(tx, by=city.bureau, at=city.at)
        looks = tx.execute(
            "SELECT count(*) AS n FROM policies.events WHERE kind = 'audit.viewed'"
        ).fetchone()

    assert looks
    assert looks["n"] == 2


def test_only_supervisors_oversee(city: City) -> None:
    with city.pool.connection() as tx:
        with pytest.raises(NotYourPart):
            supervise.overview(tx, by=city.publisher, at=city.at)
        with pytest.raises(NotYourPart):
            supervise.search_decisions(tx, by=city.buyer, at=city.at)


def test_the_overview_counts_what_happened(city: City) -> None:
    city.buy(city.sold_stops())
    city.pay_in(100_000)
    city.query("SELECT * FROM sold_stops LIMIT 2", city.buyer)

    with city.pool.connection() as tx:
        told = supervise.overview(tx, by=city.regulator, at=city.at)

    assert (told.deliveries, told.rows, told.charged_microcredits) == (1, 2, 2_000)
    assert told.agreements_in_force == 1


def test_lineage_shows_each_reader_what_exists_for_them(city: City) -> None:
    dataset = city.open_stops()
    got = city.query("SELECT * FROM stops LIMIT 1", city.officer)

    with city.pool.connection() as tx:
        asset = f"dataset:{dataset.id}"
        public = trace.lineage_of(tx, asset, by=ANONYMOUS, at=city.at)
        own = trace.lineage_of(tx, asset, by=city.publisher, at=city.at)
        reader = trace.lineage_of(tx, f"receipt:{got.receipt_id}", by=city.officer, at=city.at)
        with pytest.raises(NothingToTrace):
            trace.lineage_of(tx, f"receipt:{got.receipt_id}", by=city.buyer, at=city.at)

    assert {node.kind.value for node in public.nodes} == {"dataset", "version"}
    assert {node.kind.value for node in own.nodes} >= {"dataset", "version", "receipt"}
    assert {node.kind.value for node in reader.nodes} >= {"version", "receipt"}


@pytest.mark.parametrize("asset", ["dataset:x", "receipt:", "nothing", "blob:%s"])
def test_what_is_no_asset_is_nothing_to_trace(city: City, asset: str) -> None:
    with city.pool.connection() as tx, pytest.raises(NothingToTrace):
        trace.lineage_of(tx, asset, by=city.regulator, at=city.at)
