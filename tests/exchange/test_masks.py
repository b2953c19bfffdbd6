"""Masks of listings: held back where identifiers come through, other ones for each agreement."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from catalog.mask import Mask, MaskKind, Suppression
from catalog.version import Column, ColumnType
from catalog.view import View
from exchange import list_product, negotiate
from exchange.conclude import offer_sha256
from exchange.errors import AccessDenied, ListingNotInState, NotYourPart
from exchange.list_product import Proposal
from exchange.listing import Listing, ListingState
from exchange.prepare_copies import prepare_copies
from exchange.trace import lineage_of
from policies.party import Actor
from policies.terms import DatasetId, OpenType, Purpose, Regime, ShareType
from quality.errors import MasksLeak
from tests.exchange.city import LAWFUL, OWN_PRODUCTION, City, entry

CARDS = """
    SELECT i AS id, '1380000' || lpad(CAST(i AS VARCHAR), 4, '0') AS mobile,
           '职业' || i % 3 AS trade
      FROM range(40) AS t(i)
"""
COLUMNS = (
    Column("id", ColumnType.INTEGER),
    Column("mobile", ColumnType.TEXT),
    Column("trade", ColumnType.TEXT),
)
HIDDEN = View(masks={"mobile": Mask(MaskKind.PARTIAL, 3, 2)})


def drafted(city: City, view: View, regime: Regime = Regime.OPEN) -> Listing:
    """A draft over a table of mobile numbers."""
    by, approver, declared = city.publisher, city.approver, LAWFUL
    about = entry(licence="CC-BY-4.0")
    if regime is Regime.TRADE:
        by, approver, declared = city.seller, city.seller_head, OWN_PRODUCTION
        about = entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN)
    dataset = city.publish(
        "cards", by=by, approver=approver, entry=about, select=CARDS, columns=COLUMNS
    )
    with city.pool.connection() as tx:
        return list_product.propose(
            tx, dataset.id, Proposal(regime, view=view, declared=declared), by=by, at=city.at
        )


def prepare(city: City, dataset_id: DatasetId) -> None:
    prepare_copies(
        city.pool, city.parts.folders, dataset_id, mask_key=city.parts.mask_key, now=city.now
    )


def read(city: City, by: Actor) -> list[dict[str, object]]:
    answer = json.loads(city.query("SELECT * FROM cards", by).path.read_bytes())
    return list(answer["rows"])


def leaking(city: City) -> Listing:
    """A draft whose mask was chosen badly: noise that leaves a mobile number one."""
    listing = drafted(city, HIDDEN)
    with city.pool.connection() as tx:
        bad = View(masks={"mobile": Mask(MaskKind.NOISE, width=3.0)})
        return list_product.change_view(tx, listing.id, bad, by=city.publisher, at=city.at)


def test_a_draft_whose_mask_lets_identifiers_through_is_not_opened(city: City) -> None:
    listing = leaking(city)
    prepare(city, listing.dataset_id)

    with city.pool.connection() as tx, pytest.raises(MasksLeak) as refusal:
        list_product.open_listing(tx, listing.id, by=city.approver, at=city.at)

    assert refusal.value.column == "mobile"
    with city.pool.connection() as tx:
        list_product.change_view(tx, listing.id, HIDDEN, by=city.publisher, at=city.at)
    prepare(city, listing.dataset_id)
    with city.pool.connection() as tx:
        opened = list_product.open_listing(tx, listing.id, by=city.approver, at=city.at)
    assert opened.state is ListingState.LISTED


def test_nothing_leaves_under_a_mask_that_was_opened_before_it_was_looked_at(city: City) -> None:
    listing = leaking(city)
    with city.pool.connection() as tx:
        list_product.open_listing(tx, listing.id, by=city.approver, at=city.at)

    with pytest.raises(MasksLeak):
        read(city, city.buyer)

    prepare(city, listing.dataset_id)
    with city.pool.connection() as tx:
        held = list_product.get_listing(tx, listing.id, by=city.publisher)
    assert held.state is ListingState.SUSPENDED
    assert "mobile" in held.state_reason
    with pytest.raises(AccessDenied):
        read(city, city.buyer)


def test_only_its_publisher_changes_the_masks_of_a_draft(city: City) -> None:
    listing = drafted(city, HIDDEN)

    with city.pool.connection() as tx:
        with pytest.raises(NotYourPart):
            list_product.change_view(tx, listing.id, View(), by=city.officer, at=city.at)
        list_product.open_listing(tx, listing.id, by=city.approver, at=city.at)
        with pytest.raises(ListingNotInState):
            list_product.change_view(tx, listing.id, View(), by=city.publisher, at=city.at)


def test_a_signed_assessment_falls_with_the_view_that_it_was_about(city: City) -> None:
    listing = drafted(city, HIDDEN, Regime.TRADE)
    with city.pool.connection() as tx:
        signed = list_product.assess(
            tx, listing.id, report_sha256="0" * 64, by=city.assessor, at=city.at
        )
        changed = list_product.change_view(
            tx, listing.id, replace(HIDDEN, rows=()), by=city.seller, at=city.at
        )

    assert signed.assessment is not None
    assert changed.assessment is None


@pytest.mark.parametrize("kind", [MaskKind.HASH, MaskKind.TOKEN])
def test_two_buyers_cannot_join_what_they_got(city: City, kind: MaskKind) -> None:
    view = View(masks={"mobile": Mask(kind)}, differs_by_agreement=True)
    listing = drafted(city, view, Regime.TRADE)
    with city.pool.connection() as tx:
        list_product.assess(tx, listing.id, report_sha256="0" * 64, by=city.assessor, at=city.at)
        opened = list_product.open_listing(tx, listing.id, by=city.bureau, at=city.at)
        one, two = (
            negotiate.accept(
                tx,
                city.parts.keys,
                opened.id,
                purpose=purpose,
                ends_on=None,
                offer=offer_sha256(opened),
                by=city.buyer,
                at=city.at,
            )
            for purpose in (Purpose.ANALYSIS, Purpose.RESEARCH)
        )
    city.pay_in(1_000_000_000)

    first, second = (read(city, city.token(agreement)) for agreement in (one, two))
    again = read(city, city.token(one))

    assert first == again
    assert {row["id"] for row in first} == {row["id"] for row in second} == set(range(40))
    assert not {row["mobile"] for row in first} & {row["mobile"] for row in second}
    assert not any(str(row["mobile"]).startswith("138") for row in first)


def test_the_edge_to_a_receipt_says_that_values_were_masked(city: City) -> None:
    listing = drafted(city, replace(HIDDEN, suppression=Suppression(("trade",), 14)))
    with city.pool.connection() as tx:
        list_product.open_listing(tx, listing.id, by=city.approver, at=city.at)

    rows = read(city, city.buyer)

    assert {row["trade"] for row in rows} == {"职业0", None}
    with city.pool.connection() as tx:
        graph = lineage_of(tx, f"dataset:{listing.dataset_id}", by=city.publisher, at=city.at)
    assert "deliver_masked" in {edge.by for edge in graph.edges}
    assert "deliver" not in {edge.by for edge in graph.edges}
