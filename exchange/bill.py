"""A worked bill: what a stated use costs in a month, line by line, before anything is bought.

Source: exchange design, price plans.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exchange.price import Measure, MonthUse, Price, PriceModel, Tier, charge, units_of
from policies.terms import MicroCredits

BILL_DAYS: Final = 30
"""The days of the month that a bill is worked out for."""
DELIVERIES_A_DAY_MAX: Final = 1_000_000
ROWS_EACH_MAX: Final = 1_000_000_000
_ONCE: Final = MonthUse(deliveries=1)


@dataclass(frozen=True, slots=True)
class StatedUse:
    """How somebody means to use data: so many deliveries a day, each of that size."""

    deliveries_a_day: int
    each: Measure


class LineKind(StrEnum):
    """What a line of a bill is for."""

    MONTH = "month"
    INCLUDED = "included"
    UNITS = "units"
    MINIMUM = "minimum"
    """What deliveries cost beyond their units, since each costs a least amount."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """So many units at a price make an amount."""

    kind: LineKind
    count: int
    unit: MicroCredits
    amount: MicroCredits


@dataclass(frozen=True, slots=True)
class WorkedBill:
    """A month of a stated use; the lines add up to the total."""

    deliveries: int
    rows: int
    lines: tuple[BillLine, ...]

    @property
    def total(self) -> MicroCredits:
        """What the month costs."""
        return MicroCredits(sum(line.amount for line in self.lines))


def worked_bill(price: Price, use: StatedUse) -> WorkedBill:
    """What a whole month of the use costs: the sum of what its deliveries are charged, in order."""
    deliveries = use.deliveries_a_day * BILL_DAYS
    each = units_of(price, use.each)
    lines = [] if price.model is PriceModel.FREE else _lines(price, deliveries, each)
    return WorkedBill(deliveries, deliveries * use.each.rows, tuple(lines))


def _lines(price: Price, deliveries: int, each: int) -> list[BillLine]:
    if not deliveries:
        return []
    if price.model is PriceModel.MONTHLY:
        return [BillLine(LineKind.MONTH, 1, price.unit, price.unit)]
    lines = []
    if price.monthly:
        lines.append(BillLine(LineKind.MONTH, 1, price.monthly, price.monthly))
    units = deliveries * each
    if price.included:
        count = min(price.included, units)
        lines.append(BillLine(LineKind.INCLUDED, count, MicroCredits(0), MicroCredits(0)))
    steps = [Tier(price.included, price.unit), *price.tiers]
    ends = [step.above for step in steps[1:]] + [max(units, steps[-1].above)]
    for step, end in zip(steps, ends, strict=True):
        count = max(0, min(units, end) - step.above)
        if count:
            amount = MicroCredits(count * step.unit)
            lines.append(BillLine(LineKind.UNITS, count, step.unit, amount))
    if price.minimum:
        counted = sum(line.amount for line in lines if line.kind is LineKind.UNITS)
        more = MicroCredits(_with_minimum(price, deliveries, each) - counted)
        if more:
            lines.append(BillLine(LineKind.MINIMUM, deliveries, price.minimum, more))
    return lines


def _with_minimum(price: Price, deliveries: int, each: int) -> int:
    """What the deliveries cost one by one; those within one tier all cost the same."""
    total = done = 0
    while done < deliveries:
        used = MonthUse(_ONCE.deliveries, done * each)
        ends = [tier.above for tier in price.tiers if tier.above > used.units]
        fitting = (ends[0] - used.units) // each if ends and each else deliveries - done
        alike = min(max(1, fitting), deliveries - done)
        total += alike * charge(price, each, used)
        done += alike
    return total
