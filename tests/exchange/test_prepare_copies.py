"""Tests of `exchange/prepare_copies.py`: ready before anybody reads."""

from __future__ import annotations

from exchange import list_product
from exchange.prepare_copies import prepare_copies
from tests.exchange.city import City

MASK_KEY = b"k" * 32


def test_what_a_listing_shows_is_there_once_and_stays(city: City) -> None:
    stops = city.open_stops()
    before = set(city.parts.folders.serving.glob("*/*/data.duckdb"))

    prepared = prepare_copies(city.pool, city.parts.folders, stops.id, mask_key=MASK_KEY)

    made = set(city.parts.folders.serving.glob("*/*/data.duckdb"))
    assert prepared == 1
    assert len(made - before) == 1
    assert prepare_copies(city.pool, city.parts.folders, stops.id, mask_key=MASK_KEY) == 1
    assert set(city.parts.folders.serving.glob("*/*/data.duckdb")) == made


def test_what_is_not_listed_needs_no_copy(city: City) -> None:
    listing = city.sold_stops()
    with city.pool.connection() as tx:
        list_product.suspend(tx, listing.id, reason="check", by=city.seller, at=city.at)

    assert prepare_copies(city.pool, city.parts.folders, listing.dataset_id, mask_key=MASK_KEY) == 0
