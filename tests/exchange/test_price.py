"""What a delivery costs: whole numbers, a ceiling before, a charge after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import MalformedPrice
from exchange.price import (
    BASIS_POINTS,
    FEE_BASIS_POINTS_MAX,
    FRAME_BYTES,
    FREE,
    UNIT_MAX,
    Price,
    PriceModel,
    ceiling,
    charge,
    fee_of,
    is_packed,
    rows_covered,
)
from policies.terms import MicroCredits

units = st.integers(1, UNIT_MAX).map(MicroCredits)
fees = st.integers(0, FEE_BASIS_POINTS_MAX)
per_row = st.builds(
    lambda unit, minimum, fee: Price(PriceModel.PER_ROW, unit, minimum, fee),
    units,
    st.integers(0, UNIT_MAX).map(MicroCredits),
    fees,
)
per_query = st.builds(
    lambda unit, fee: Price(PriceModel.PER_QUERY, unit, fee_basis_points=fee), units, fees
)
prices = st.one_of(st.just(FREE), per_row, per_query)
rows = st.integers(0, 1_000_000)


@given(prices, rows, rows)
def test_no_delivery_costs_more_than_its_ceiling(price: Price, most: int, used: int) -> None:
    used = min(used, most)

    assert 0 <= charge(price, used) <= ceiling(price, most)


@given(prices, rows)
def test_the_fee_and_the_providers_part_add_up_to_the_charge(price: Price, used: int) -> None:
    charged = charge(price, used)
    fee = fee_of(price, charged)

    assert 0 <= fee <= charged
    # Rounded down: the exchange never takes more than its part, and the rest is below one unit.
    assert 0 <= charged * price.fee_basis_points - fee * BASIS_POINTS < BASIS_POINTS


@given(st.lists(prices, max_size=4), st.integers(0, 10**13), rows)
def test_the_funds_pay_for_exactly_the_rows_that_are_said(
    several: list[Price], funds: int, most: int
) -> None:
    covered = rows_covered(several, funds, rows_at_most=most)

    def cost(n: int) -> int:
        return sum(charge(price, n) for price in several)

    if covered is None:
        assert cost(min(1, most)) > funds
        return
    assert cost(covered) <= funds
    assert covered == most or cost(covered + 1) > funds


@given(prices)
def test_a_price_reads_back_as_it_was_written(price: Price) -> None:
    assert Price.from_json(price.as_json()) == price


@pytest.mark.parametrize(
    "told",
    [
        {"model": "per_row"},
        {"model": "per_row", "unit_microcredits": 1.5},
        {"model": "per_row", "unit_microcredits": True},
        {"model": "per_row", "unit_microcredits": -1},
        {"model": "per_query", "unit_microcredits": 1, "minimum_microcredits": 1},
        {"model": "free", "unit_microcredits": 1},
        {"model": "per_row", "unit_microcredits": 1, "fee_basis_points": 3_001},
        {"model": "per_row", "unit_microcredits": UNIT_MAX + 1},
        {"model": "auction"},
        {"model": "free", "discount": 1},
        "free",
        None,
    ],
)
def test_what_cannot_be_counted_with_is_no_price(told: object) -> None:
    with pytest.raises(MalformedPrice):
        Price.from_json(told)


def test_ordinary_rows_are_never_called_packed() -> None:
    assert not is_packed(1, FRAME_BYTES, mean_row_bytes=20)
    assert not is_packed(1_000, FRAME_BYTES + 100_000, mean_row_bytes=20)


def test_a_table_in_one_row_is_packed() -> None:
    assert is_packed(1, 100_000, mean_row_bytes=20)
