"""What a delivery costs: the highest it can cost before the run, and what it did cost after.

Whole micro-credits throughout. Prices per row multiply, so nothing is rounded there; the exchange's
part is rounded down, and the rest stays with the provider.

Source: exchange design X118, X119, X126.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from exchange.errors import MalformedPrice
from policies.errors import N_, Said
from policies.terms import MicroCredits

UNIT_MAX = MicroCredits(1_000_000_000_000)
"""The dearest row or query: a million credits."""

FRAME_BYTES = 4_096
"""What a result's form takes beside its values: names, types, brackets."""

NOTHING = MicroCredits(0)
BASIS_POINTS = 10_000
FEE_BASIS_POINTS_MAX = 3_000

PACKING_ALLOWANCE = 8
"""A row of a query's result may hold this many times what a row of the data holds on average."""


class PriceModel(StrEnum):
    """What is counted."""

    FREE = "free"
    PER_ROW = "per_row"
    PER_QUERY = "per_query"


@dataclass(frozen=True, slots=True)
class Price:
    """A listing's price; part of what the buyer accepts, and so of the agreement's hash."""

    model: PriceModel = PriceModel.FREE
    unit: MicroCredits = NOTHING
    """For each row of the result, or for each delivery."""
    minimum: MicroCredits = NOTHING
    """A delivery priced by rows costs at least this."""
    fee_basis_points: int = 0
    """The exchange's part of a charge, in ten-thousandths, taken from the provider's side."""

    def __post_init__(self) -> None:
        if self.model is PriceModel.FREE and (self.unit, self.minimum, self.fee_basis_points) != (
            0,
            0,
            0,
        ):
            raise MalformedPrice(Said(N_("what is free has no amounts")))
        if self.model is not PriceModel.FREE and not 0 < self.unit <= UNIT_MAX:
            raise MalformedPrice(
                Said(N_("a unit costs 1 to {units_max} micro-credits"), units_max=UNIT_MAX)
            )
        if not 0 <= self.minimum <= UNIT_MAX:
            raise MalformedPrice(
                Said(N_("a minimum is 0 to {units_max} micro-credits"), units_max=UNIT_MAX)
            )
        if self.minimum and self.model is not PriceModel.PER_ROW:
            raise MalformedPrice(Said(N_("only a price per row has a minimum")))
        if not 0 <= self.fee_basis_points <= FEE_BASIS_POINTS_MAX:
            raise MalformedPrice(
                Said(
                    N_("a fee is 0 to {units_max} ten-thousandths"), units_max=FEE_BASIS_POINTS_MAX
                )
            )

    def as_json(self) -> dict[str, str | int]:
        """The stored and canonical form; what is nothing is left out."""
        amounts = {
            "unit_microcredits": self.unit,
            "minimum_microcredits": self.minimum,
            "fee_basis_points": self.fee_basis_points,
        }
        return {"model": self.model.value, **{name: n for name, n in amounts.items() if n}}

    @classmethod
    def from_json(cls, stored: object) -> Price:
        """Read a stored or submitted price.

        Raises: MalformedPrice.
        """
        if not isinstance(stored, dict):
            raise MalformedPrice(Said(N_("a price is an object")))
        known = {"model", "unit_microcredits", "minimum_microcredits", "fee_basis_points"}
        if set(stored) - known:
            raise MalformedPrice(
                Said(N_("a price has no field “{found}”"), found=min(map(str, set(stored) - known)))
            )
        try:
            model = PriceModel(str(stored.get("model")))
        except ValueError:
            raise MalformedPrice(Said(N_("the model is free, per_row or per_query"))) from None
        return cls(
            model,
            MicroCredits(_whole(stored.get("unit_microcredits", 0))),
            MicroCredits(_whole(stored.get("minimum_microcredits", 0))),
            _whole(stored.get("fee_basis_points", 0)),
        )


FREE = Price()


def charge(price: Price, units: int) -> MicroCredits:
    """What a delivery of `units` rows costs."""
    match price.model:
        case PriceModel.FREE:
            return MicroCredits(0)
        case PriceModel.PER_QUERY:
            return price.unit
        case PriceModel.PER_ROW:
            return MicroCredits(max(price.minimum, price.unit * units))
        case _:
            assert_never(price.model)


def ceiling(price: Price, rows_at_most: int) -> MicroCredits:
    """The highest charge for a result of at most `rows_at_most` rows; this is what is held."""
    return charge(price, rows_at_most)


def rows_covered(prices: Sequence[Price], funds: int, *, rows_at_most: int) -> int | None:
    """How many rows of a result `funds` pay for at all `prices` together, up to `rows_at_most`.

    None where they do not even cover the smallest delivery: one row, or none if there is none.
    """
    least = min(1, rows_at_most)
    if sum(charge(price, least) for price in prices) > funds:
        return None
    low, high = least, rows_at_most
    while low < high:
        middle = (low + high + 1) // 2
        if sum(charge(price, middle) for price in prices) <= funds:
            low = middle
        else:
            high = middle - 1
    return low


def is_packed(row_count: int, size_bytes: int, *, mean_row_bytes: int) -> bool:
    """Whether a query's rows hold far more than rows of the data do.

    Prices per row count the rows of the result; without this, one row holding the whole table would
    cost as much as one record.
    """
    allowed_bytes = PACKING_ALLOWANCE * max(1, mean_row_bytes) * max(1, row_count)
    return size_bytes > FRAME_BYTES + allowed_bytes


def fee_of(price: Price, charged: MicroCredits) -> MicroCredits:
    """The exchange's part of a charge, rounded down; the rest stays with the provider."""
    return MicroCredits(charged * price.fee_basis_points // BASIS_POINTS)


def _whole(value: object) -> int:
    if type(value) is not int:
        raise MalformedPrice(Said(N_("an amount is a whole number of micro-credits")))
    return value
