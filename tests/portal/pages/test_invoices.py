"""Invoices on pages: finance issues and corrects them, the buyer reads, keeps and proves them."""

from __future__ import annotations

import re

from exchange.payments.give_back import confirm_refund, propose_refund
from exchange.statement_file import verify_statement
from policies.terms import MicroCredits
from tests.exchange.city import City
from tests.exchange.test_invoices import sold
from tests.portal.pages.conftest import OpenBrowser

MARCH = {"billed": "acme", "month": "2026-03"}


def test_finance_issues_corrects_and_the_buyer_reads_and_proves(
    city: City, browser_of: OpenBrowser
) -> None:
    first, _ = sold(city)
    finance, buyer = browser_of(city.finance), browser_of(city.buyer)

    issued = finance.submit("/finance/invoices", on="/finance", **MARCH)
    place = issued.headers["location"]
    with city.pool.connection() as tx:
        refund = propose_refund(
            tx, first, MicroCredits(2_000), reason="stale", by=city.seller_head, at=city.at
        )
        confirm_refund(tx, refund.id, by=city.finance, at=city.at)
    note = finance.submit(f"{place}/correct", on=place, reason="stale rows").headers["location"]

    assert (place, note) == ("/invoice/2026-000001", "/invoice/2026-000002")
    page = buyer.page(place)
    assert re.search(r"Sum: 0\.01", page)
    assert note in page
    assert f"{place}/correct" not in page
    assert "stale rows" in buyer.page(note)
    assert {place, note} <= set(re.findall(r'href="(/invoice/[^"]+)"', buyer.page("/my/usage")))
    proof = buyer.get(f"{place}.jsonl")
    assert verify_statement(iter(proof.content.splitlines(keepends=True))).is_valid
    assert buyer.get(f"{note}.jsonl").status_code == 404


def test_what_cannot_be_issued_is_said_beside_its_field(
    city: City, browser_of: OpenBrowser
) -> None:
    sold(city)
    finance = browser_of(city.finance)

    for field, value, status in (
        ("billed", "health", 409),
        ("billed", "?", 404),
        ("month", "2026-04", 409),
        ("month", "9999-12", 400),
        ("month", "", 400),
    ):
        refused = finance.submit("/finance/invoices", on="/finance", **{**MARCH, field: value})
        assert refused.status_code == status, value
        beside = "month" if status == 400 else "billed"
        assert f'id="wrong-{beside}"' in refused.text
    place = finance.submit("/finance/invoices", on="/finance", **MARCH).headers["location"]
    refused = finance.submit(f"{place}/correct", on=place, reason="nothing was given back")
    assert refused.status_code == 409
    assert 'id="wrong-reason"' in refused.text


def test_others_are_not_told_of_an_invoice(city: City, browser_of: OpenBrowser) -> None:
    sold(city)
    place = (
        browser_of(city.finance)
        .submit("/finance/invoices", on="/finance", **MARCH)
        .headers["location"]
    )

    for actor in (city.seller, city.head, None):
        other = browser_of(actor)
        for path in (place, f"{place}.jsonl", "/invoice/nonsense", f"/api/v1{place}"):
            assert other.get(path).status_code in (401, 303, 404), path
    assert browser_of(city.seller).submit("/finance/invoices", on="/my", **MARCH).status_code == 403
