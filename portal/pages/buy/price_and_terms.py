"""Price and terms: what a stated use costs, the licence in plain words, what may be done."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from exchange.bill import DELIVERIES_A_DAY_MAX, ROWS_EACH_MAX, StatedUse
from exchange.listing import Listing
from exchange.price import Measure
from policies.errors import N_
from policies.terms import Regime
from portal.pages.dataset.look import look_of
from portal.pages.offer import (
    SUPPOSED_USE,
    bill_of,
    offer_facts,
    price_words,
    regime_words,
    worked_example,
)
from portal.pages.rendering import render
from portal.pages.speech import Speech

router = APIRouter()

DELIVERIES_SUPPOSED: Final = SUPPOSED_USE.deliveries_a_day
KILOBYTES_EACH_MAX: Final = 10_000_000
_KILOBYTE_BYTES: Final = 1_000

PLAIN_LICENCES: Final = {
    "CC0-1.0": N_("Do with it what you like; nobody need be named."),
    "PDDL-1.0": N_("Do with it what you like; nobody need be named."),
    "CC-BY-4.0": N_("Copy, change and sell what you make of it; name the source."),
    "ODC-BY-1.0": N_("Copy, change and sell what you make of it; name the source."),
    "CC-BY-SA-4.0": N_("Copy and change it; name the source and pass it on under these terms."),
    "ODbL-1.0": N_("Copy and change it; name the source and pass it on under these terms."),
    "CC-BY-NC-4.0": N_("Copy and change it, but not to earn money; name the source."),
    "notspecified": N_("No licence is named: ask the publisher before you pass anything on."),
}
"""What licences mean, for readers who are no lawyers."""


@router.get("/dataset/{slug}/terms")
def show_terms(
    request: Request,
    slug: str,
    deliveries: Annotated[
        int, Query(ge=0, le=DELIVERIES_A_DAY_MAX)
    ] = SUPPOSED_USE.deliveries_a_day,
    rows: Annotated[int, Query(ge=0, le=ROWS_EACH_MAX)] = SUPPOSED_USE.each.rows,
    kilobytes: Annotated[int, Query(ge=0, le=KILOBYTES_EACH_MAX)] = SUPPOSED_USE.each.size_bytes
    // _KILOBYTE_BYTES,
) -> Response:
    """Each way to the data, with what a month of the stated use costs."""
    look, frame, say = look_of(request, slug)
    use = StatedUse(deliveries, Measure(rows, kilobytes * _KILOBYTE_BYTES))
    on_offer = [listing for listing in look.listings if listing.is_listed]
    return render(
        request,
        "dataset/terms.html",
        dataset=frame,
        ways=[_way(listing, use, say) for listing in on_offer],
        has_price=any(listing.regime is Regime.TRADE for listing in on_offer),
        typed={
            "deliveries": str(deliveries),
            "rows": str(rows),
            "kilobytes": str(kilobytes),
        },
    )


def _way(listing: Listing, use: StatedUse, say: Speech) -> dict[str, object]:
    is_traded = listing.regime is Regime.TRADE
    licence = PLAIN_LICENCES.get(listing.licence)
    return {
        "regime": listing.regime.value,
        "name": regime_words(listing.regime, say),
        "price": price_words(listing.price, say),
        "bill": bill_of(listing.price, use, say) if is_traded else None,
        "example": worked_example(listing.price, say) if is_traded else [],
        "facts": offer_facts(listing, say),
        "licence": say.gettext(licence) if licence else "",
        "terms": listing.terms,
        "is_passed_on": listing.regime is Regime.OPEN,
    }
