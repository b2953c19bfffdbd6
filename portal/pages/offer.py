"""A listing as its readers judge it: price with a worked example, uses, columns, term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from exchange.bill import BILL_DAYS, LineKind, StatedUse, worked_bill
from exchange.listing import Listing
from exchange.price import Measure, Price, PriceModel, charge, units_of
from policies.terms import MicroCredits, Regime
from portal.pages.speech import Speech
from portal.pages.words import ACTIONS, PURPOSES

EXAMPLE_ROWS: Final = (1, 1_000, 1_000_000)
EXAMPLE_MEGABYTES: Final = (1, 10, 100)
"""What a price is worked out for on pages."""

SUPPOSED_USE: Final = StatedUse(3_000, Measure(100, 20_000))
"""What a month is worked out for until the reader says otherwise."""


@dataclass(frozen=True, slots=True)
class BillView:
    """A worked bill; each line says for what, how many, at what, and the amount."""

    sentence: str
    lines: tuple[tuple[str, str, MicroCredits, MicroCredits], ...]
    total: MicroCredits


def offer_facts(listing: Listing, say: Speech) -> list[tuple[str, str]]:
    """The offer as pairs of name and value."""
    uses = listing.uses
    facts = [(say.gettext("Way"), regime_words(listing.regime, say))]
    if listing.regime is Regime.TRADE:
        facts.append((say.gettext("Price"), price_words(listing.price, say)))
    columns = listing.view.columns
    facts += [
        (say.gettext("Columns"), ", ".join(columns) if columns else say.gettext("All columns")),
        (
            say.gettext("What may be done"),
            ", ".join(
                say.gettext(words) for action, words in ACTIONS.items() if action in uses.actions
            ),
        ),
        (
            say.gettext("For which purposes"),
            ", ".join(
                say.gettext(words)
                for purpose, words in PURPOSES.items()
                if purpose in uses.purposes
            ),
        ),
        (
            say.gettext("Longest term"),
            say.ngettext("{count} day", "{count} days", uses.term_days),
        ),
    ]
    if listing.licence:
        facts.append((say.gettext("Licence"), listing.licence))
    return facts


def regime_words(regime: Regime, say: Speech) -> str:
    """The word for one of the three ways."""
    words = {
        Regime.SHARE: say.gettext("Shared"),
        Regime.OPEN: say.gettext("Opened"),
        Regime.TRADE: say.gettext("Traded"),
    }
    return words[regime]


def price_words(price: Price, say: Speech) -> str:
    """The price in one sentence."""
    match price.model:
        case PriceModel.FREE:
            return say.gettext("Free of charge")
        case PriceModel.PER_QUERY:
            words = say.gettext(
                "{amount} credits for each delivery", amount=say.credits(price.unit)
            )
        case PriceModel.PER_ROW:
            words = say.gettext("{amount} credits for each row", amount=say.credits(price.unit))
        case PriceModel.PER_MEGABYTE:
            words = say.gettext(
                "{amount} credits for each megabyte of the result", amount=say.credits(price.unit)
            )
        case PriceModel.MONTHLY:
            words = say.gettext(
                "{amount} credits for each month of use, however much is read",
                amount=say.credits(price.unit),
            )
        case _:
            assert_never(price.model)
    return words + "".join(_besides(price, say))


def _besides(price: Price, say: Speech) -> Iterator[str]:
    """What goes with the unit price, each part with its own comma."""
    if price.minimum:
        yield say.gettext(
            ", at least {amount} for each delivery", amount=say.credits(price.minimum)
        )
    if price.monthly:
        yield say.gettext(", and {amount} for each month of use", amount=say.credits(price.monthly))
    if price.included:
        yield say.gettext(
            ", the first {units} of each month free", units=say.number(price.included)
        )
    for tier in price.tiers:
        yield say.gettext(
            ", {amount} each beyond {units} in a month",
            amount=say.credits(tier.unit),
            units=say.number(tier.above),
        )
    if price.aging_basis_points:
        yield say.gettext(
            ", {part} % less for each day of the version’s age, at most {most} %",
            part=_percent(price.aging_basis_points),
            most=_percent(price.aging_basis_points_max),
        )


def _percent(basis_points: int) -> str:
    """Ten-thousandths as a percentage, without needless zeros."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02}".rstrip("0") if rest else str(whole)


def worked_example(price: Price, say: Speech) -> list[tuple[str, str]]:
    """What deliveries of some sizes cost, in credits; of a price by size, of some megabytes.

    Nothing where the month decides what one delivery costs: a bill of the month says more.
    """
    if price.counts_months:
        return []
    if price.model is PriceModel.PER_MEGABYTE:
        return [
            (
                say.gettext("{count} MB", count=say.number(megabytes)),
                say.gettext("{amount} credits", amount=say.credits(charge(price, megabytes))),
            )
            for megabytes in EXAMPLE_MEGABYTES
        ]
    return [
        (
            say.ngettext("{count} row", "{count} rows", rows),
            say.gettext(
                "{amount} credits",
                amount=say.credits(charge(price, units_of(price, Measure(rows)))),
            ),
        )
        for rows in EXAMPLE_ROWS
    ]


def bill_of(price: Price, use: StatedUse, say: Speech) -> BillView:
    """A month of a stated use as a page shows it."""
    bill = worked_bill(price, use)
    return BillView(
        sentence=say.gettext(
            "{deliveries} deliveries a day of {rows} rows each, {days} days",
            deliveries=say.number(use.deliveries_a_day),
            rows=say.number(use.each.rows),
            days=BILL_DAYS,
        ),
        lines=tuple(
            (
                _line_words(line.kind, price.model, say),
                say.number(line.count),
                line.unit,
                line.amount,
            )
            for line in bill.lines
        ),
        total=bill.total,
    )


def _line_words(kind: LineKind, model: PriceModel, say: Speech) -> str:
    match kind:
        case LineKind.MONTH:
            return say.gettext("The month")
        case LineKind.INCLUDED:
            return say.gettext("Free units of the month")
        case LineKind.MINIMUM:
            return say.gettext("Up to the least of each delivery")
        case LineKind.UNITS:
            return {
                PriceModel.PER_ROW: say.gettext("Rows"),
                PriceModel.PER_MEGABYTE: say.gettext("Megabytes"),
            }.get(model, say.gettext("Deliveries"))
        case _:
            assert_never(kind)


def purpose_choices(listing: Listing, say: Speech) -> list[tuple[str, str]]:
    """The purposes that are offered, as the choices of a form."""
    return [
        (purpose.value, say.gettext(words))
        for purpose, words in PURPOSES.items()
        if purpose in listing.uses.purposes
    ]
