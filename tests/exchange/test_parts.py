"""Who else has a part in a charge: operators, and those whose data the product was made from."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.allow import Ask
from exchange.attest_statement import statement_file
from exchange.credit import AccountKind, Asset
from exchange.deliver import deliver_page
from exchange.delivery import Delivered, PageQuestion
from exchange.errors import MalformedPrice
from exchange.examine import examine
from exchange.list_product import Proposal, propose
from exchange.listing import Listing
from exchange.price import (
    BASIS_POINTS,
    Part,
    PartRole,
    Price,
    PriceModel,
    charge,
    fee_of,
    parts_of,
)
from exchange.settle import balance_of, statement
from exchange.statement_file import verify_statement
from exchange.store import ledger
from exchange.upstream import shared_out
from policies.calendar import CHINA
from policies.evidence.verification import CheckName
from policies.party import Organization
from policies.terms import MicroCredits, OpenType, OrganizationId, Regime, ShareType, Text
from tests.counts import examples
from tests.exchange.city import OWN_PRODUCTION, City, entry

FEE = 250
OPERATOR = 1_500
UPSTREAM = 3_333
UNIT = 1_001
"""A row's price that no part divides."""

shares = st.lists(st.integers(1, BASIS_POINTS), max_size=8).filter(
    lambda parts: sum(parts) <= BASIS_POINTS
)


@settings(max_examples=examples(200, long=20_000), deadline=None)
@given(shares=shares, fee=st.integers(0, 3_000), charged=st.integers(0, 10**15))
def test_parts_and_fee_are_the_charge_to_the_last_micro_credit(
    shares: list[int], fee: int, charged: int
) -> None:
    fee = min(fee, BASIS_POINTS - sum(shares))
    parts = tuple(
        Part(OrganizationId(UUID(int=number)), PartRole.UPSTREAM, share)
        for number, share in enumerate(shares)
    )
    price = Price(PriceModel.PER_QUERY, MicroCredits(1), fee_basis_points=fee, parts=parts)

    paid = [one.amount for one in parts_of(price, MicroCredits(charged))]

    own = charged - fee_of(price, MicroCredits(charged)) - sum(paid)
    own_share = BASIS_POINTS - fee - sum(shares)
    for amount, share in zip((own, *paid), (own_share, *shares), strict=True) if parts else ():
        assert amount >= 0
        assert abs(amount - Fraction(charged * share, BASIS_POINTS)) <= 1
    assert Price.from_json(price.as_json()) == price


@given(
    basis_points=st.integers(0, BASIS_POINTS),
    weights=st.dictionaries(st.uuids(), st.integers(1, 50), min_size=1, max_size=12),
)
def test_what_those_upstream_share_is_kept_whole(
    basis_points: int, weights: dict[UUID, int]
) -> None:
    counted = Counter({OrganizationId(one): weight for one, weight in weights.items()})

    shares = shared_out(basis_points, counted)

    assert sum(shares.values()) == basis_points
    for one, weight in counted.items():
        assert abs(shares[one] - Fraction(basis_points * weight, sum(weights.values()))) < 1


@pytest.mark.parametrize(
    "stored",
    [
        {"parts": [{"organization_id": "x", "role": "upstream", "basis_points": 1}]},
        {"parts": [{"organization_id": str(UUID(int=1)), "role": "friend", "basis_points": 1}]},
        {"parts": [{"organization_id": str(UUID(int=1)), "role": "operator", "basis_points": 0}]},
        {"parts": [{"organization_id": str(UUID(int=1)), "role": "operator"}]},
        {
            "parts": [
                {"organization_id": str(UUID(int=1)), "role": "operator", "basis_points": 10001}
            ]
        },
        {"parts": {}},
        {"parts": [3]},
        {
            "parts": [
                {"organization_id": str(UUID(int=1)), "role": role, "basis_points": 1}
                for role in ("operator", "upstream")
            ]
        },
    ],
)
def test_parts_that_cannot_be_paid_are_refused(stored: dict[str, object]) -> None:
    with pytest.raises(MalformedPrice):
        Price.from_json({"model": "per_row", "unit_microcredits": 5, **stored})


def product(city: City) -> Listing:
    """The lab sells what it made from two datasets of transport; health operates it."""
    inputs = [
        city.publish(
            slug, by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
        ).id
        for slug in ("roads", "lights")
    ]
    dataset = city.publish(
        "sold-stops",
        by=city.seller,
        approver=city.seller_head,
        entry=entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN),
    )
    with city.pool.connection() as tx:
        for input_id in inputs:
            tx.execute(
                "INSERT INTO catalog.dataset_inputs (dataset_id, input_id) VALUES (%s, %s)",
                (dataset.id, input_id),
            )
    price = Price(
        PriceModel.PER_ROW,
        MicroCredits(UNIT),
        fee_basis_points=FEE,
        parts=(Part(city.health.id, PartRole.OPERATOR, OPERATOR),),
    )
    return city.list(
        dataset,
        Proposal(
            Regime.TRADE,
            price=price,
            declared=OWN_PRODUCTION,
            terms=Text(zh="仅限自用"),
            upstream_basis_points=UPSTREAM,
        ),
        by=city.seller,
        opener=city.bureau,
    )


def income(city: City, organization: Organization) -> tuple[int, int]:
    """What an organisation holds as earned, and what its statement says."""
    with city.pool.connection() as tx:
        told = statement(
            tx, organization.id, city.at - timedelta(days=1), city.at + timedelta(days=1)
        )
        return balance_of(tx, organization.id).earned, told.earned_total


@pytest.mark.parametrize("way", ["query", "page"])
def test_each_sale_pays_operator_and_those_upstream(city: City, way: str) -> None:
    listing = product(city)
    city.buy(listing)
    city.pay_in(1_000_000)

    if way == "query":
        got = city.query("SELECT * FROM sold_stops LIMIT 7", city.buyer)
    else:
        answer = deliver_page(city.parts, "sold-stops", PageQuestion(limit=7), Ask(city.buyer))
        assert isinstance(answer, Delivered)
        got = answer

    paid = {one.organization_id: one.amount for one in parts_of(listing.price, got.charge)}
    fee = fee_of(listing.price, got.charge)
    assert got.charge == 7 * UNIT == charge(listing.price, 7)
    assert paid == {city.health.id: 1_051, city.transport.id: 2_336}
    assert income(city, city.health) == (1_051, 1_051)
    assert income(city, city.transport) == (2_336, 2_336)
    own = got.charge - fee - 1_051 - 2_336
    assert income(city, city.lab) == (own, own)
    with city.pool.connection() as tx:
        taken = ledger.account(tx, None, AccountKind.FEE, asset=Asset.CREDIT)
        assert taken is not None
        assert taken.balance == fee
        assert [words for words, broken in examine(tx) if broken] == []


def test_a_statement_says_the_parts_and_one_of_another_amount_is_found(city: City) -> None:
    city.buy(product(city))
    city.pay_in(1_000_000)
    city.query("SELECT * FROM sold_stops LIMIT 7", city.buyer)
    since, until = datetime(2026, 3, 1, tzinfo=CHINA), datetime(2026, 4, 1, tzinfo=CHINA)
    city.at += timedelta(hours=1)
    with city.pool.connection() as tx:
        lines = list(statement_file(tx, city.parts.keys, since, until, by=city.buyer, at=city.at))

    altered = [line.replace(b"2336", b"2337") for line in lines]

    assert [str(one) for one in verify_statement(iter(lines)).checks if not one.is_passed] == []
    assert altered != lines
    assert CheckName.CHARGES in {
        one.name for one in verify_statement(iter(altered)).checks if not one.is_passed
    }


def test_a_part_upstream_is_only_for_whose_data_went_in(city: City) -> None:
    dataset = city.publish(
        "alone",
        by=city.seller,
        approver=city.seller_head,
        entry=entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN),
    )
    for owner, role in (
        (city.transport.id, PartRole.UPSTREAM),
        (city.lab.id, PartRole.OPERATOR),
        (OrganizationId(uuid4()), PartRole.OPERATOR),
    ):
        price = Price(PriceModel.PER_ROW, MicroCredits(5), parts=(Part(owner, role, 100),))
        with city.pool.connection() as tx, pytest.raises(MalformedPrice):
            propose(tx, dataset.id, Proposal(Regime.TRADE, price=price), by=city.seller, at=city.at)
    with city.pool.connection() as tx, pytest.raises(MalformedPrice):
        propose(
            tx,
            dataset.id,
            Proposal(
                Regime.TRADE,
                price=Price(PriceModel.PER_ROW, MicroCredits(5)),
                upstream_basis_points=100,
            ),
            by=city.seller,
            at=city.at,
        )
