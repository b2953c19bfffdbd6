"""What a delivery costs: the highest it can cost before the run, and what it did cost after.

Whole micro-credits throughout. Units multiply, so nothing is rounded there. What is rounded:

- a begun megabyte of a result counts as a whole one;
- a month of which an agreement covers only some days costs so many of its days, rounded down;
- what an older version costs less is rounded so that the unit stays whole, upwards;
- the exchange's part is rounded down; what is left goes to the provider and to those who have a
  part in it by largest remainder, so that all parts together are the charge.

Source: exchange design X118, X119, X126; pricing models.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from exchange.errors import MalformedPrice
from policies.errors import N_, Said
from policies.terms import MicroCredits, OrganizationId

UNIT_MAX = MicroCredits(1_000_000_000_000)
"""The dearest row or query: a million credits."""

FRAME_BYTES = 4_096
"""What a result's form takes beside its values: names, types, brackets."""

PriceValue = str | int | list[dict[str, int | str]]
"""What a price's stored form holds."""

NOTHING = MicroCredits(0)
BASIS_POINTS = 10_000
FEE_BASIS_POINTS_MAX = 3_000

MEGABYTE_BYTES = 1_000_000
INCLUDED_MAX = 1_000_000_000_000
TIERS_MAX = 8
PARTS_MAX = 32
AGING_BASIS_POINTS_MAX = 9_000
"""However old a version is, a unit of it costs a tenth at least."""

PACKING_ALLOWANCE = 8
"""A row of a query's result may hold this many times what a row of the data holds on average."""


_AMOUNTS = {
    "unit_microcredits": "unit",
    "minimum_microcredits": "minimum",
    "fee_basis_points": "fee_basis_points",
    "monthly_microcredits": "monthly",
    "included_units": "included",
    "aging_basis_points": "aging_basis_points",
    "aging_basis_points_max": "aging_basis_points_max",
}
"""The words of the stored form, and the fields that they name."""


class PriceModel(StrEnum):
    """What is counted."""

    FREE = "free"
    PER_ROW = "per_row"
    PER_QUERY = "per_query"
    PER_MEGABYTE = "per_megabyte"
    """Of the result, never of the wire."""
    MONTHLY = "monthly"
    """A subscription: each month with a delivery once, whatever is read in it."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A cheaper unit for what goes beyond so many units of a month."""

    above: int
    unit: MicroCredits


class PartRole(StrEnum):
    """For what somebody has a part in the income."""

    OPERATOR = "operator"
    """Made the product, or runs it."""
    UPSTREAM = "upstream"
    """Published data that the product was made from."""


@dataclass(frozen=True, slots=True)
class Part:
    """What an organisation other than the provider has of each charge."""

    organization_id: OrganizationId
    role: PartRole
    basis_points: int
    """Of the charge, in ten-thousandths."""


@dataclass(frozen=True, slots=True)
class PaidPart:
    """What of one charge went to somebody other than the provider and the exchange."""

    organization_id: OrganizationId
    role: PartRole
    amount: MicroCredits

    def as_json(self) -> dict[str, int | str]:
        """What a receipt says of it."""
        return {
            "organization_id": str(self.organization_id),
            "role": self.role.value,
            "amount_microcredits": self.amount,
        }


@dataclass(frozen=True, slots=True)
class Measure:
    """How large one result is."""

    rows: int
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class MonthUse:
    """What an agreement used of a month before a delivery; by default nothing of a whole one."""

    deliveries: int = 0
    units: int = 0
    days_covered: int = 1
    """Days of the month on which the agreement holds, out of `days`."""
    days: int = 1

    def after(self, units: int) -> MonthUse:
        """The same month, one delivery later."""
        return replace(self, deliveries=self.deliveries + 1, units=self.units + units)

    def as_json(self) -> dict[str, int]:
        """What a receipt says of it, so that its charge can be worked out again."""
        return {
            "deliveries_before": self.deliveries,
            "units_before": self.units,
            "days_covered": self.days_covered,
            "days": self.days,
        }


FRESH_MONTH = MonthUse()


@dataclass(frozen=True, slots=True)
class Price:
    """A listing's price; part of what the buyer accepts, and so of the agreement's hash."""

    model: PriceModel = PriceModel.FREE
    unit: MicroCredits = NOTHING
    """For each row, delivery or megabyte of the result; of a subscription, for each month."""
    minimum: MicroCredits = NOTHING
    """A delivery priced by rows or megabytes costs at least this."""
    fee_basis_points: int = 0
    """The exchange's part of a charge, in ten-thousandths, taken from the provider's side."""
    monthly: MicroCredits = NOTHING
    """Beside its units, each month with a delivery costs this once."""
    included: int = 0
    """So many units of each month cost nothing more: a trial, or what was committed to."""
    tiers: tuple[Tier, ...] = ()
    """Cheaper units beyond so many of a month, from the first."""
    aging_basis_points: int = 0
    """What a unit costs less for each whole day of the version's age, in ten-thousandths."""
    aging_basis_points_max: int = 0
    """What it costs less at most."""
    parts: tuple[Part, ...] = ()
    """Who else has a part in the income; the provider has what is left."""

    def __post_init__(self) -> None:
        is_free = self.model is PriceModel.FREE
        if is_free and (
            self.tiers or self.parts or any(getattr(self, name) for name in _AMOUNTS.values())
        ):
            raise MalformedPrice(Said(N_("what is free has no amounts")))
        if not is_free and not 0 < self.unit <= UNIT_MAX:
            raise MalformedPrice(
                Said(N_("a unit costs 1 to {units_max} micro-credits"), units_max=UNIT_MAX)
            )
        if not 0 <= self.minimum <= UNIT_MAX:
            raise MalformedPrice(
                Said(N_("a minimum is 0 to {units_max} micro-credits"), units_max=UNIT_MAX)
            )
        if self.minimum and (
            self.model not in (PriceModel.PER_ROW, PriceModel.PER_MEGABYTE) or self.included
        ):
            raise MalformedPrice(
                Said(N_("only a price per row or megabyte has a minimum, and without free units"))
            )
        if not 0 <= self.fee_basis_points <= FEE_BASIS_POINTS_MAX:
            raise MalformedPrice(
                Said(
                    N_("a fee is 0 to {units_max} ten-thousandths"), units_max=FEE_BASIS_POINTS_MAX
                )
            )
        self._check_month()
        self._check_aging()
        self._check_parts()

    def _check_month(self) -> None:
        if self.model is PriceModel.MONTHLY and (self.monthly or self.included or self.tiers):
            raise MalformedPrice(Said(N_("a subscription costs the same whatever is read")))
        if not 0 <= self.monthly <= UNIT_MAX:
            raise MalformedPrice(
                Said(N_("a month costs 0 to {units_max} micro-credits"), units_max=UNIT_MAX)
            )
        if not 0 <= self.included <= INCLUDED_MAX:
            raise MalformedPrice(
                Said(N_("0 to {units_max} units of a month are free"), units_max=INCLUDED_MAX)
            )
        above, unit = self.included, self.unit
        for tier in self.tiers:
            if not (above < tier.above <= INCLUDED_MAX and 0 <= tier.unit < unit):
                raise MalformedPrice(
                    Said(N_("each tier begins above the one before it, and its unit is cheaper"))
                )
            above, unit = tier.above, tier.unit
        if len(self.tiers) > TIERS_MAX:
            raise MalformedPrice(
                Said(N_("a price has at most {units_max} tiers"), units_max=TIERS_MAX)
            )

    def _check_aging(self) -> None:
        if not (
            0 <= self.aging_basis_points <= self.aging_basis_points_max <= AGING_BASIS_POINTS_MAX
        ) or bool(self.aging_basis_points) != bool(self.aging_basis_points_max):
            raise MalformedPrice(
                Said(
                    N_("age takes off up to {units_max} ten-thousandths, and a part each day"),
                    units_max=AGING_BASIS_POINTS_MAX,
                )
            )
        if self.aging_basis_points and self.model is PriceModel.MONTHLY:
            raise MalformedPrice(Said(N_("a subscription costs the same whatever is read")))

    def _check_parts(self) -> None:
        if len(self.parts) > PARTS_MAX:
            raise MalformedPrice(
                Said(N_("at most {units_max} others have a part"), units_max=PARTS_MAX)
            )
        if len({part.organization_id for part in self.parts}) < len(self.parts):
            raise MalformedPrice(Said(N_("each organisation has one part")))
        shares = [part.basis_points for part in self.parts]
        if any(share <= 0 for share in shares) or (
            sum(shares) + self.fee_basis_points > BASIS_POINTS
        ):
            raise MalformedPrice(
                Said(
                    N_("all parts and the fee are at most {units_max} ten-thousandths"),
                    units_max=BASIS_POINTS,
                )
            )

    @property
    def counts_months(self) -> bool:
        """Whether a charge depends on what was read in the month before it."""
        return bool(self.model is PriceModel.MONTHLY or self.monthly or self.included or self.tiers)

    @property
    def dearest(self) -> MicroCredits:
        """The highest amount of the price: what is compared with a ceiling of the law."""
        return max(self.unit, self.minimum, self.monthly)

    def aged(self, days: int) -> Price:
        """What is asked for a version that is `days` old: cheaper by formula, never for nothing."""
        off = min(max(days, 0) * self.aging_basis_points, self.aging_basis_points_max)
        fresh = replace(self, aging_basis_points=0, aging_basis_points_max=0)
        if not off:
            return fresh
        unit = _part(self.unit, BASIS_POINTS - off)
        tiers: list[Tier] = []
        for tier in self.tiers:
            cheaper = _part(tier.unit, BASIS_POINTS - off)
            # Rounding may leave two very small units the same; the later tier then says nothing.
            if cheaper < (tiers[-1].unit if tiers else unit):
                tiers.append(Tier(tier.above, cheaper))
        minimum = _part(self.minimum, BASIS_POINTS - off)
        return replace(fresh, unit=unit, minimum=minimum, tiers=tuple(tiers))

    def as_json(self) -> dict[str, PriceValue]:
        """The stored and canonical form; what is nothing is left out."""
        amounts = {name: getattr(self, field) for name, field in _AMOUNTS.items()}
        told: dict[str, PriceValue] = {
            "model": self.model.value,
            **{name: n for name, n in amounts.items() if n},
        }
        if self.tiers:
            told["tiers"] = [
                {"above": tier.above, "unit_microcredits": tier.unit} for tier in self.tiers
            ]
        if self.parts:
            told["parts"] = [
                {
                    "organization_id": str(part.organization_id),
                    "role": part.role.value,
                    "basis_points": part.basis_points,
                }
                for part in self.parts
            ]
        return told

    @classmethod
    def from_json(cls, stored: object) -> Price:
        """Read a stored or submitted price.

        Raises: MalformedPrice.
        """
        if not isinstance(stored, dict):
            raise MalformedPrice(Said(N_("a price is an object")))
        unknown = set(stored) - {"model", "tiers", "parts", *_AMOUNTS}
        if unknown:
            raise MalformedPrice(
                Said(N_("a price has no field “{found}”"), found=min(map(str, unknown)))
            )
        try:
            model = PriceModel(str(stored.get("model")))
        except ValueError:
            raise MalformedPrice(
                Said(N_("the model is free, per_row, per_query, per_megabyte or monthly"))
            ) from None
        amounts = {field: _whole(stored.get(name, 0)) for name, field in _AMOUNTS.items()}
        tiers = stored.get("tiers", [])
        if not isinstance(tiers, list):
            raise MalformedPrice(Said(N_("tiers are a list")))
        parts = stored.get("parts", [])
        if not isinstance(parts, list):
            raise MalformedPrice(Said(N_("parts are a list")))
        return cls(
            model,
            MicroCredits(amounts["unit"]),
            MicroCredits(amounts["minimum"]),
            amounts["fee_basis_points"],
            MicroCredits(amounts["monthly"]),
            amounts["included"],
            tuple(_tier(one) for one in tiers),
            amounts["aging_basis_points"],
            amounts["aging_basis_points_max"],
            tuple(_part_of(one) for one in parts),
        )


FREE = Price()


def units_of(price: Price, result: Measure) -> int:
    """What of a result the price counts."""
    match price.model:
        case PriceModel.PER_ROW:
            return result.rows
        case PriceModel.PER_MEGABYTE:
            return -(-result.size_bytes // MEGABYTE_BYTES)
        case PriceModel.FREE:
            return result.rows
        case PriceModel.PER_QUERY | PriceModel.MONTHLY:
            return 1
        case _:
            assert_never(price.model)


def charge(price: Price, units: int, used: MonthUse = FRESH_MONTH) -> MicroCredits:
    """What a delivery of so many units costs, after what was `used` of the month before it."""
    match price.model:
        case PriceModel.FREE:
            return NOTHING
        case PriceModel.MONTHLY:
            return _month_charge(price.unit, used)
        case PriceModel.PER_QUERY | PriceModel.PER_ROW | PriceModel.PER_MEGABYTE:
            counted = _month_total(price, used.units + units) - _month_total(price, used.units)
            return MicroCredits(max(price.minimum, counted) + _month_charge(price.monthly, used))
        case _:
            assert_never(price.model)


def ceiling(price: Price, result: Measure, used: MonthUse = FRESH_MONTH) -> MicroCredits:
    """The highest charge for a result of at most that size; this is what is held.

    Never below `charge` for the same or a later moment of the month: units only get cheaper.
    """
    return charge(price, units_of(price, result), used)


def month_use(day: date, *, starts_on: date, ends_on: date) -> MonthUse:
    """The month of `day`, unused, for an agreement that holds on these days, both included."""
    days = calendar.monthrange(day.year, day.month)[1]
    first, last = day.replace(day=1), day.replace(day=days)
    covered = (min(last, ends_on) - max(first, starts_on)) // timedelta(days=1) + 1
    return MonthUse(days_covered=max(covered, 0), days=days)


def rows_covered(cost: Callable[[int], int], funds: int, *, rows_at_most: int) -> int | None:
    """How many rows of a result `funds` pay for, up to `rows_at_most`; `cost` never falls.

    None where they do not even cover the smallest delivery: one row, or none if there is none.
    """
    least = min(1, rows_at_most)
    if cost(least) > funds:
        return None
    low, high = least, rows_at_most
    while low < high:
        middle = (low + high + 1) // 2
        if cost(middle) <= funds:
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


def parts_of(price: Price, charged: MicroCredits) -> tuple[PaidPart, ...]:
    """What of a charge goes to those who have a part in it, in their order; what is nothing too.

    Each has its ten-thousandths rounded down. The micro-credits that are left over go one each to
    the largest remainders, among which the provider counts too and comes first.
    """
    if not price.parts:
        return ()
    own = BASIS_POINTS - price.fee_basis_points - sum(part.basis_points for part in price.parts)
    shares = [own, *(part.basis_points for part in price.parts)]
    amounts = [charged * share // BASIS_POINTS for share in shares]
    # The exchange's rounding rest may be one of them.
    left = charged - fee_of(price, charged) - sum(amounts)
    by_remainder = sorted(
        range(len(shares)), key=lambda place: (-(charged * shares[place] % BASIS_POINTS), place)
    )
    for place in by_remainder[:left]:
        amounts[place] += 1
    return tuple(
        PaidPart(part.organization_id, part.role, MicroCredits(amount))
        for part, amount in zip(price.parts, amounts[1:], strict=True)
    )


def _month_charge(fee: MicroCredits, used: MonthUse) -> MicroCredits:
    """A month's own price with its first delivery, by days covered, rounded down; then nothing."""
    return NOTHING if used.deliveries else MicroCredits(fee * used.days_covered // used.days)


def _month_total(price: Price, units: int) -> int:
    """What so many units of a month cost altogether."""
    steps = [Tier(price.included, price.unit), *price.tiers]
    ends = [tier.above for tier in steps[1:]] + [max(units, steps[-1].above)]
    return sum(
        step.unit * max(0, min(units, end) - step.above)
        for step, end in zip(steps, ends, strict=True)
    )


def _part(amount: MicroCredits, basis_points: int) -> MicroCredits:
    """A part of an amount, rounded up."""
    return MicroCredits(-(-amount * basis_points // BASIS_POINTS))


def _tier(stored: object) -> Tier:
    if not isinstance(stored, dict) or set(stored) != {"above", "unit_microcredits"}:
        raise MalformedPrice(Said(N_("a tier says above how many units it begins, and its unit")))
    return Tier(_whole(stored["above"]), MicroCredits(_whole(stored["unit_microcredits"])))


def _part_of(stored: object) -> Part:
    if not isinstance(stored, dict) or set(stored) != {"organization_id", "role", "basis_points"}:
        raise MalformedPrice(
            Said(N_("a part says whose it is, for what, and how many ten-thousandths"))
        )
    try:
        organization_id = OrganizationId(UUID(str(stored["organization_id"])))
        role = PartRole(str(stored["role"]))
    except ValueError:
        raise MalformedPrice(
            Said(N_("a part is an organisation's, as operator or upstream"))
        ) from None
    return Part(organization_id, role, _whole(stored["basis_points"]))


def _whole(value: object) -> int:
    if type(value) is not int:
        raise MalformedPrice(Said(N_("an amount is a whole number of micro-credits")))
    return value
