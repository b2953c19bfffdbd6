"""Listing: two people, all clauses, one face a regime."""

from __future__ import annotations

import pytest

from catalog.curation import describe
from catalog.dataset import Entry
from catalog.errors import MalformedView
from catalog.mask import Mask, MaskKind
from catalog.view import View
from exchange import list_product
from exchange.errors import (
    AlreadyListed,
    AssessorIsParty,
    ClausesFailed,
    ListingNotFound,
    ListingNotInState,
    NotPublished,
    NotYourPart,
    SameTwoPeople,
)
from exchange.list_product import Proposal
from exchange.listing import Declaration, ListingState
from policies.party import ANONYMOUS, Actor, Membership, Role
from policies.terms import Grade, OpenType, Regime, ShareType
from tests.exchange.city import LAWFUL, OWN_PRODUCTION, PER_ROW, City, entry


def test_whoever_proposes_does_not_open(city: City) -> None:
    dataset = city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())
    both = Actor(
        city.publisher.user_id,
        memberships=(
            *city.publisher.memberships,
            Membership(Role.APPROVER, city.transport.id),
        ),
        organization=city.transport,
    )

    with city.pool.connection() as tx:
        drafted = list_product.propose(
            tx, dataset.id, Proposal(Regime.SHARE, declared=LAWFUL), by=both, at=city.at
        )
        with pytest.raises(SameTwoPeople):
            list_product.open_listing(tx, drafted.id, by=both, at=city.at)


def test_all_gaps_are_named_when_it_is_proposed_and_again_when_it_is_opened(city: City) -> None:
    dataset = city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())

    with city.pool.connection() as tx:
        drafted = list_product.propose(
            tx, dataset.id, Proposal(Regime.OPEN), by=city.publisher, at=city.at
        )
        assert drafted.judgement
        assert {one.clause_id for one in drafted.judgement.blocking} == {"X013", "X058"}
        with pytest.raises(ClausesFailed) as refusal:
            list_product.open_listing(tx, drafted.id, by=city.approver, at=city.at)

    assert refusal.value.clauses == "X013, X058"


def test_trade_needs_an_assessor_who_is_neither_side_and_the_bureau(city: City) -> None:
    dataset = city.publish("sold", by=city.seller, approver=city.seller_head, entry=_closed())
    own_assessor = Actor(
        city.seller.user_id,
        memberships=(Membership(Role.ASSESSOR, city.lab.id),),
        organization=city.lab,
    )

    with city.pool.connection() as tx:
        drafted = list_product.propose(
            tx,
            dataset.id,
            Proposal(Regime.TRADE, price=PER_ROW, declared=OWN_PRODUCTION),
            by=city.seller,
            at=city.at,
        )
        with pytest.raises(AssessorIsParty):
            list_product.assess(tx, drafted.id, report_sha256="0" * 64, by=own_assessor, at=city.at)
        with pytest.raises(NotYourPart):
            list_product.open_listing(tx, drafted.id, by=city.seller_head, at=city.at)
        with pytest.raises(ClausesFailed) as refusal:
            list_product.open_listing(tx, drafted.id, by=city.bureau, at=city.at)
        assert refusal.value.clauses == "X061, X072"
        list_product.assess(tx, drafted.id, report_sha256="0" * 64, by=city.assessor, at=city.at)
        opened = list_product.open_listing(tx, drafted.id, by=city.bureau, at=city.at)

    assert opened.state is ListingState.LISTED


def test_core_data_is_never_opened_or_sold(city: City) -> None:
    dataset = city.publish(
        "core", by=city.seller, approver=city.seller_head, entry=_closed(grade=Grade.CORE)
    )

    with city.pool.connection() as tx:
        for regime, price in ((Regime.OPEN, None), (Regime.TRADE, PER_ROW)):
            proposal = (
                Proposal(regime, price=price, declared=OWN_PRODUCTION)
                if price
                else Proposal(regime, declared=OWN_PRODUCTION)
            )
            drafted = list_product.propose(tx, dataset.id, proposal, by=city.seller, at=city.at)
            assert drafted.judgement
            assert "X004" in {one.clause_id for one in drafted.judgement.blocking}


def test_a_dataset_has_one_listing_a_regime(city: City) -> None:
    listing = city.shared_stops()

    with city.pool.connection() as tx, pytest.raises(AlreadyListed):
        list_product.propose(
            tx, listing.dataset_id, Proposal(Regime.SHARE), by=city.publisher, at=city.at
        )


def test_only_published_data_is_offered(city: City) -> None:
    with city.pool.connection() as tx:
        dataset = describe.create(
            tx, "draft", entry(), publisher_id=city.transport.id, by=city.publisher, at=city.at
        )
        with pytest.raises(NotPublished):
            list_product.propose(
                tx, dataset.id, Proposal(Regime.SHARE), by=city.publisher, at=city.at
            )


def test_a_view_that_does_not_fit_the_data_is_refused(city: City) -> None:
    dataset = city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())

    with city.pool.connection() as tx, pytest.raises(MalformedView):
        list_product.propose(
            tx,
            dataset.id,
            Proposal(Regime.SHARE, view=View(columns=("salary",))),
            by=city.publisher,
            at=city.at,
        )


def test_a_draft_is_seen_only_by_those_who_work_on_it(city: City) -> None:
    dataset = city.publish("stops", by=city.publisher, approver=city.approver, entry=entry())

    with city.pool.connection() as tx:
        drafted = list_product.propose(
            tx, dataset.id, Proposal(Regime.SHARE), by=city.publisher, at=city.at
        )
        assert list_product.listings_of(tx, dataset.id, by=ANONYMOUS) == []
        assert [one.id for one in list_product.listings_to_open(tx, by=city.approver)] == [
            drafted.id
        ]
        with pytest.raises(ListingNotFound):
            list_product.get_listing(tx, drafted.id, by=city.officer)


def test_a_suspended_listing_is_taken_up_again_and_a_withdrawn_one_never(city: City) -> None:
    listing = city.sold_stops()

    with city.pool.connection() as tx:
        list_product.suspend(tx, listing.id, reason="check", by=city.seller, at=city.at)
        list_product.open_listing(tx, listing.id, by=city.bureau, at=city.at)
        list_product.withdraw(tx, listing.id, reason="gone", by=city.seller, at=city.at)
        with pytest.raises(ListingNotInState):
            list_product.open_listing(tx, listing.id, by=city.bureau, at=city.at)


def test_shared_data_in_use_is_not_withdrawn_without_talks_and_a_filing(city: City) -> None:
    listing = city.shared_stops()
    city.ask_for(listing)

    with city.pool.connection() as tx:
        with pytest.raises(ClausesFailed) as refusal:
            list_product.withdraw(tx, listing.id, reason="gone", by=city.publisher, at=city.at)
        list_product.withdraw(
            tx,
            listing.id,
            reason="gone",
            negotiation_reference="N-1",
            filing_number="F-1",
            by=city.publisher,
            at=city.at,
        )

    assert refusal.value.clauses == "X135"


def test_masked_columns_hold_no_personal_data(city: City) -> None:
    declared = Declaration(lawful_basis="own_production", personal_columns=("name",))
    dataset = city.publish("people", by=city.seller, approver=city.seller_head, entry=_closed())

    with city.pool.connection() as tx:
        clear = list_product.propose(
            tx,
            dataset.id,
            Proposal(Regime.TRADE, price=PER_ROW, declared=declared),
            by=city.seller,
            at=city.at,
        )
        list_product.withdraw(tx, clear.id, reason="mask it", by=city.seller, at=city.at)
        masked = list_product.propose(
            tx,
            dataset.id,
            Proposal(
                Regime.TRADE,
                price=PER_ROW,
                declared=declared,
                view=View(masks={"name": Mask(MaskKind.DROP)}),
            ),
            by=city.seller,
            at=city.at,
        )

    assert clear.judgement
    assert masked.judgement
    assert "X059" in {one.clause_id for one in clear.judgement.blocking}
    assert "X059" not in {one.clause_id for one in masked.judgement.blocking}


@pytest.mark.parametrize("licence", ["CC-BY-4.0", ""])
def test_direct_publication_lists_what_anybody_may_have(city: City, licence: str) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence=licence)
    )

    with city.pool.connection() as tx:
        opened = list_product.open_directly(tx, dataset.id, by=ANONYMOUS, at=city.at)
        again = list_product.open_directly(tx, dataset.id, by=ANONYMOUS, at=city.at)

    assert opened
    assert (opened.state, opened.opened_by, again) == (ListingState.LISTED, None, None)


def _closed(grade: Grade = Grade.GENERAL) -> Entry:
    return entry(grade=grade, share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN)
