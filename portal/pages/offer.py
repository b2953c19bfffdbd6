"""A listing as its readers judge it: price with a worked example, uses, columns, term."""

from __future__ import annotations

from typing import Final

from exchange.listing import Listing
from exchange.price import Price, PriceModel, charge
from policies.terms import Regime
from portal.pages.speech import Speech
from portal.pages.words import ACTIONS, PURPOSES

EXAMPLE_ROWS: Final = (1, 1_000, 1_000_000)
"""What a price is worked out for on pages."""


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
            return say.gettext("{amount} credits for each delivery", amount=say.credits(price.unit))
        case PriceModel.PER_ROW:
            words = say.gettext("{amount} credits for each row", amount=say.credits(price.unit))
            if price.minimum:
                words += say.gettext(
                    ", at least {amount} for each delivery", amount=say.credits(price.minimum)
                )
            return words


def worked_example(price: Price, say: Speech) -> list[tuple[str, str]]:
    """What deliveries of some sizes cost, in credits."""
    return [
        (
            say.ngettext("{count} row", "{count} rows", rows),
            say.gettext("{amount} credits", amount=say.credits(charge(price, rows))),
        )
        for rows in EXAMPLE_ROWS
    ]


def purpose_choices(listing: Listing, say: Speech) -> list[tuple[str, str]]:
    """The purposes that are offered, as the choices of a form."""
    return [
        (purpose.value, say.gettext(words))
        for purpose, words in PURPOSES.items()
        if purpose in listing.uses.purposes
    ]
