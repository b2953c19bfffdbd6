"""Buying: exactly what was seen, tokens that end in time."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from exchange import list_product, negotiate
from exchange.conclude import offer_sha256
from exchange.errors import (
    AlreadyAsked,
    ClausesFailed,
    EndTooLate,
    Frozen,
    ListingNotFound,
    NotForSale,
    NotYourPart,
    TermsChanged,
)
from policies import freeze
from policies.agreement import Agreement
from policies.database import Tx
from policies.errors import AgreementEnded, AgreementNotFound, AgreementSuspended
from policies.freeze_order import FreezeTarget
from policies.party import Actor, OrganizationKind, Role
from policies.terms import ListingId, Purpose
from tests.exchange.city import City, later
from tests.people import acting, found


def test_the_agreement_holds_the_offer_word_for_word(city: City) -> None:
    listing = city.sold_stops()

    agreement = city.buy(listing)

    terms = json.loads(agreement.terms)
    assert terms["weir:offer"]["price"] == {"model": "per_row", "unit_microcredits": 1_000}
    assert terms["weir:offer"]["terms"] == {"zh": "仅限自用"}
    assert terms["prohibition"][0]["action"] == "distribute"
    assert agreement.ends_at == city.at + timedelta(days=365)


def test_another_offer_than_the_one_seen_is_not_accepted(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(TermsChanged) as refusal:
        _accept(city, tx, listing.id, offer="0" * 64)

    assert refusal.value.terms_sha256 == offer_sha256(listing)


def test_departments_do_not_buy(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(NotForSale):
        _accept(city, tx, listing.id, offer=offer_sha256(listing), by=city.officer)


def test_whoever_buys_has_proved_who_they_are(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx:
        nobody = acting(tx, "mo", (Role.BUYER, found(tx, "shady", OrganizationKind.ENTERPRISE)))
    with city.pool.connection() as tx, pytest.raises(ClausesFailed) as refusal:
        _accept(city, tx, listing.id, offer=offer_sha256(listing), by=nobody)

    assert refusal.value.clauses == "X011"


def test_only_buyers_accept(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(NotYourPart):
        _accept(city, tx, listing.id, offer=offer_sha256(listing), by=city.seller_head)


def test_no_second_agreement_for_the_same_purpose(city: City) -> None:
    listing = city.sold_stops()
    city.buy(listing)

    with pytest.raises(AlreadyAsked):
        city.buy(listing)


def test_no_longer_than_is_offered(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx, pytest.raises(EndTooLate):
        _accept(city, tx, listing.id, offer=offer_sha256(listing), ends_on=date(2030, 1, 1))


def test_old_quality_holds_new_agreements_back(city: City) -> None:
    listing = city.sold_stops()
    later(city, days=40)

    with pytest.raises(ClausesFailed) as refusal:
        city.buy(listing)

    assert refusal.value.clauses == "X073"


def test_a_token_never_outlives_its_agreement(city: City) -> None:
    listing = city.sold_stops()
    with city.pool.connection() as tx:
        agreement = _accept(
            city, tx, listing.id, offer=offer_sha256(listing), ends_on=date(2026, 3, 2)
        )
        # 25 minutes before the end of the day in China.
        city.at = agreement.ends_at - timedelta(minutes=25)
        issued = negotiate.draw_token(
            tx,
            city.parts.keys,
            agreement.id,
            issuer="https://weir.test",
            by=city.buyer,
            at=city.at,
        )
        later(city, minutes=25)
        with pytest.raises(AgreementEnded):
            negotiate.draw_token(
                tx,
                city.parts.keys,
                agreement.id,
                issuer="https://weir.test",
                by=city.buyer,
                at=city.at,
            )

    assert issued.token.expires_at <= agreement.ends_at


def test_nothing_is_drawn_on_what_is_frozen(city: City) -> None:
    agreement = city.buy(city.sold_stops())
    with city.pool.connection() as tx:
        freeze.place(
            tx,
            FreezeTarget.LISTING,
            agreement.listing_id,
            reason="leak",
            by=city.regulator,
            at=city.at,
        )

    with pytest.raises(Frozen):
        city.token(agreement)


def test_an_agreement_is_known_to_its_sides_and_to_supervisors(city: City) -> None:
    agreement = city.buy(city.sold_stops())

    with city.pool.connection() as tx:
        for person in (city.buyer, city.seller, city.bureau):
            assert negotiate.get_agreement(tx, agreement.id, by=person).id == agreement.id
        with pytest.raises(AgreementNotFound):
            negotiate.get_agreement(tx, agreement.id, by=city.officer)


def test_a_suspended_listing_takes_no_buyers(city: City) -> None:
    listing = city.sold_stops()
    with city.pool.connection() as tx:
        list_product.suspend(tx, listing.id, reason="check", by=city.seller, at=city.at)

    with pytest.raises(ListingNotFound):
        city.buy(listing)


def test_a_suspension_is_not_got_round_by_buying_again(city: City) -> None:
    listing = city.sold_stops()
    agreement = city.buy(listing)
    with city.pool.connection() as tx:
        negotiate.suspend_agreement(
            tx, agreement.id, reason="misuse", by=city.seller_head, at=city.at
        )

    with city.pool.connection() as tx, pytest.raises(AgreementSuspended):
        negotiate.accept(
            tx,
            city.parts.keys,
            listing.id,
            purpose=Purpose.RESEARCH,
            ends_on=None,
            offer=offer_sha256(listing),
            by=city.buyer,
            at=city.at,
        )


def _accept(
    city: City,
    tx: Tx,
    listing_id: ListingId,
    *,
    offer: str,
    by: Actor | None = None,
    ends_on: date | None = None,
) -> Agreement:
    return negotiate.accept(
        tx,
        city.parts.keys,
        listing_id,
        purpose=Purpose.ANALYSIS,
        ends_on=ends_on,
        offer=offer,
        by=by or city.buyer,
        at=city.at,
    )
