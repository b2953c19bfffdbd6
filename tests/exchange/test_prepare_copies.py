"""Tests of `exchange/prepare_copies.py`: ready before anybody reads."""

from __future__ import annotations

from exchange import list_product
from exchange.prepare_copies import prepare_copies
from policies.terms import DatasetId
from tests.exchange.city import City

MASK_KEY = b"k" * 32


def prepare(city: City, dataset_id: DatasetId) -> int:
    return prepare_copies(
        city.pool, city.parts.folders, dataset_id, mask_key=MASK_KEY, now=city.now
    )


def test_what_a_listing_shows_is_there_once_and_stays(city: City) -> None:
    stops = city.open_stops()
    before = set(city.parts.folders.serving.glob("*/*/data.duckdb"))

    prepared = prepare(city, stops.id)

    made = set(city.parts.folders.serving.glob("*/*/data.duckdb"))
    assert prepared == 1
    assert len(made - before) == 1
    assert prepare(city, stops.id) == 1
    assert set(city.parts.folders.serving.glob("*/*/data.duckdb")) == made


def test_what_is_not_listed_needs_no_copy(city: City) -> None:
    listing = city.sold_stops()
    with city.pool.connection() as tx:
        list_product.suspend(tx, listing.id, reason="check", by=city.seller, at=city.at)

    assert prepare(city, listing.dataset_id) == 0
