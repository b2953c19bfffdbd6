"""A worked bill is what the deliveries would be charged, one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exchange.bill import BILL_DAYS, LineKind, StatedUse, worked_bill
from exchange.price import Measure, MonthUse, Price, PriceModel, charge, units_of
from policies.terms import MicroCredits
from tests.exchange.test_price import prices


@given(prices, st.integers(0, 12), st.integers(0, 300), st.integers(0, 5_000_000))
def test_a_bill_is_the_sum_of_its_deliveries(
    price: Price, deliveries_a_day: int, rows: int, size_bytes: int
) -> None:
    each = Measure(rows, size_bytes)

    bill = worked_bill(price, StatedUse(deliveries_a_day, each))

    month, total = MonthUse(), 0
    for _ in range(deliveries_a_day * BILL_DAYS):
        units = units_of(price, each)
        total += charge(price, units, month)
        month = month.after(units)
    assert bill.total == total
    assert all(line.amount >= 0 for line in bill.lines)


def test_three_thousand_calls_a_day_of_a_hundred_rows_are_told_line_by_line() -> None:
    price = Price(
        PriceModel.PER_ROW,
        MicroCredits(1_000),
        monthly=MicroCredits(50_000_000),
        included=1_000_000,
    )

    bill = worked_bill(price, StatedUse(3_000, Measure(100)))

    assert (bill.deliveries, bill.rows) == (90_000, 9_000_000)
    assert [(line.kind, line.count, line.amount) for line in bill.lines] == [
        (LineKind.MONTH, 1, 50_000_000),
        (LineKind.INCLUDED, 1_000_000, 0),
        (LineKind.UNITS, 8_000_000, 8_000_000_000),
    ]
    assert bill.total == 8_050_000_000
