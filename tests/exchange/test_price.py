"""What a delivery costs: whole numbers, a ceiling before, a charge after."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import MalformedPrice
from exchange.price import (
    AGING_BASIS_POINTS_MAX,
    BASIS_POINTS,
    FEE_BASIS_POINTS_MAX,
    FRAME_BYTES,
    FREE,
    UNIT_MAX,
    Measure,
    MonthUse,
    Price,
    PriceModel,
    Tier,
    ceiling,
    charge,
    fee_of,
    is_packed,
    month_use,
    rows_covered,
    units_of,
)
from policies.terms import MicroCredits

units = st.integers(1, UNIT_MAX).map(MicroCredits)
fees = st.integers(0, FEE_BASIS_POINTS_MAX)
rows = st.integers(0, 1_000_000)


@st.composite
def any_price(draw: st.DrawFn, models: tuple[PriceModel, ...] = tuple(PriceModel)) -> Price:
    """Any price that can be offered."""
    model = draw(st.sampled_from(models))
    if model is PriceModel.FREE:
        return FREE
    unit, fee = draw(units), draw(fees)
    if model is PriceModel.MONTHLY:
        return Price(model, unit, fee_basis_points=fee)
    has_minimum = model is not PriceModel.PER_QUERY and draw(st.booleans())
    minimum = draw(st.integers(0, UNIT_MAX)) if has_minimum else 0
    included = 0 if minimum else draw(st.integers(0, 10_000))
    tiers, above, cheaper = [], included, int(unit)
    for _ in range(draw(st.integers(0, 3))):
        if cheaper == 0:
            break
        above, cheaper = above + draw(st.integers(1, 10_000)), draw(st.integers(0, cheaper - 1))
        tiers.append(Tier(above, MicroCredits(cheaper)))
    aging = draw(st.integers(0, 500))
    return Price(
        model,
        unit,
        MicroCredits(minimum),
        fee,
        MicroCredits(draw(st.integers(0, UNIT_MAX))),
        included,
        tuple(tiers),
        aging,
        draw(st.integers(aging, AGING_BASIS_POINTS_MAX)) if aging else 0,
    )


prices = any_price()
months = st.builds(
    lambda deliveries, used, covered, more: MonthUse(deliveries, used, covered, covered + more),
    st.integers(0, 5),
    st.integers(0, 50_000),
    st.integers(1, 15),
    st.integers(0, 16),
)


@given(prices, rows, rows, rows, rows, months)
def test_no_delivery_costs_more_than_its_ceiling(
    price: Price, row_count: int, more_rows: int, size: int, more_bytes: int, used: MonthUse
) -> None:
    result = Measure(row_count, size)
    most = Measure(row_count + more_rows, size + more_bytes)

    assert 0 <= charge(price, units_of(price, result), used) <= ceiling(price, most, used)


@given(prices, rows, months, st.integers(1, 50_000))
def test_units_never_get_dearer_in_a_month_once_the_free_ones_are_used(
    price: Price, count: int, used: MonthUse, meanwhile: int
) -> None:
    used = replace(used, units=max(used.units, price.included))

    assert charge(price, count, used.after(meanwhile)) <= charge(price, count, used)


@given(prices, st.lists(rows, min_size=1, max_size=6), months)
def test_however_a_month_is_split_its_units_cost_the_same(
    price: Price, parts: list[int], used: MonthUse
) -> None:
    price = replace(price, minimum=MicroCredits(0))
    if price.model in (PriceModel.PER_QUERY, PriceModel.MONTHLY):
        parts = [1 for _ in parts]
    month, split = used, 0
    for part in parts:
        split += charge(price, part, month)
        month = month.after(part)

    assert split == charge(price, sum(parts), used)


@given(prices, rows, st.integers(-5, 1_000), st.integers(0, 1_000))
def test_an_older_version_is_never_dearer_and_never_free(
    price: Price, count: int, days: int, more: int
) -> None:
    younger, older = price.aged(days), price.aged(days + more)

    assert charge(older, count) <= charge(younger, count) <= charge(price, count)
    assert price.model is PriceModel.FREE or older.unit > 0


def test_a_month_is_paid_for_by_the_days_that_the_agreement_holds() -> None:
    price = Price(PriceModel.MONTHLY, MicroCredits(30_000_000))
    first = month_use(date(2026, 11, 20), starts_on=date(2026, 11, 16), ends_on=date(2027, 11, 15))
    whole = month_use(date(2026, 12, 20), starts_on=date(2026, 11, 16), ends_on=date(2027, 11, 15))

    assert (charge(price, 1, first), charge(price, 1, first.after(1))) == (15_000_000, 0)
    assert charge(price, 1, whole) == 30_000_000


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
    def cost(n: int) -> int:
        return sum(ceiling(price, Measure(n, most)) for price in several)

    covered = rows_covered(cost, funds, rows_at_most=most)

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
        {"model": "free", "included_units": 1},
        {"model": "monthly", "unit_microcredits": 5, "monthly_microcredits": 5},
        {"model": "monthly", "unit_microcredits": 5, "aging_basis_points": 5},
        {"model": "per_row", "unit_microcredits": 5, "tiers": [{"above": 0}]},
        {
            "model": "per_row",
            "unit_microcredits": 5,
            "tiers": [{"above": 10, "unit_microcredits": 5}],
        },
        {
            "model": "per_row",
            "unit_microcredits": 5,
            "aging_basis_points": 10,
            "aging_basis_points_max": 9_001,
        },
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
