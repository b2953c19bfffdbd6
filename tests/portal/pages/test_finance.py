"""The page of finance: money comes in and goes out by two people."""

from __future__ import annotations

import re

from exchange.settle import balance_of, funds_of
from policies.party import Actor, Role
from tests.exchange.city import City
from tests.people import acting
from tests.portal.pages.conftest import OpenBrowser

PAYMENT = {"organization": "acme", "amount": "12.50", "reference": "INV-7", "paid_on": "2026-03-01"}


def test_a_payment_is_recorded_by_one_and_credited_by_another(
    city: City, browser_of: OpenBrowser
) -> None:
    finance, bureau = browser_of(city.finance), browser_of(city.bureau)

    recorded = finance.submit("/finance", on="/finance", **PAYMENT)
    mine = finance.page(recorded.headers["location"])
    theirs = bureau.page("/finance")
    place = re.search(r"/finance/payments/[^/]+/confirm", theirs)
    assert place
    with city.pool.connection() as tx:
        before = funds_of(tx, city.acme.id)
    refused = finance.submit(place[0], on="/finance")
    confirmed = bureau.submit(place[0], on="/finance")

    assert "A second person confirms it" in mine
    assert "You recorded it" in mine
    assert place[0] not in mine
    assert (before, refused.status_code) == (0, 403)
    assert "confirmed and credited" in bureau.page(confirmed.headers["location"])
    with city.pool.connection() as tx:
        assert funds_of(tx, city.acme.id) == 12_500_000


def test_the_same_payment_again_is_refused_beside_its_field(
    city: City, browser_of: OpenBrowser
) -> None:
    finance = browser_of(city.finance)
    finance.submit("/finance", on="/finance", **PAYMENT)

    again = finance.submit("/finance", on="/finance", **{**PAYMENT, "reference": "inv-7"})

    assert again.status_code == 409
    assert 'id="wrong-reference"' in again.text
    assert 'value="12.50"' in again.text


def test_what_cannot_be_read_is_said_beside_each_field(city: City, browser_of: OpenBrowser) -> None:
    finance = browser_of(city.finance)

    wrong = finance.submit(
        "/finance", on="/finance", organization="acme", amount="-3", paid_on="yesterday"
    )

    assert wrong.status_code == 400
    for name in ("amount", "reference", "paid_on"):
        assert f'id="wrong-{name}"' in wrong.text


def test_others_may_not_see_it(city: City, browser_of: OpenBrowser) -> None:
    for who in (city.buyer, city.seller, city.regulator):
        browser_of(who).page("/finance", status=403)


def test_a_provider_asks_for_its_earnings_and_finance_sends_them(
    city: City, browser_of: OpenBrowser
) -> None:
    head = earned(city)
    asking, finance = browser_of(head), browser_of(city.finance)

    too_much = asking.submit(
        "/my/usage/payout", on="/my/usage", amount="1", bank_account="Bank 6222"
    )
    asked = asking.submit(
        "/my/usage/payout", on="/my/usage", amount="0.01", bank_account="Bank 6222"
    )
    waiting = finance.page("/finance")
    place = re.search(r"/finance/payouts/[^/]+/send", waiting)
    assert place
    finance.submit(place[0], on="/finance", bank_reference="B-1")
    told = asking.page("/my/usage")

    assert too_much.status_code == 409
    assert 'id="wrong-amount"' in too_much.text
    assert "is asked for" in asking.page(asked.headers["location"].partition("#")[0])
    assert "Bank 6222" in waiting
    assert "B-1" in told
    with city.pool.connection() as tx:
        assert balance_of(tx, city.lab.id).earned == 0


def test_a_provider_takes_back_what_was_not_sent(city: City, browser_of: OpenBrowser) -> None:
    asking = browser_of(earned(city))
    asking.submit("/my/usage/payout", on="/my/usage", amount="0.01", bank_account="Bank 6222")
    place = re.search(r"/my/usage/payouts/[^/]+/refuse", asking.page("/my/usage"))
    assert place

    asking.submit(place[0], on="/my/usage")

    with city.pool.connection() as tx:
        assert balance_of(tx, city.lab.id).earned == 10_000


def test_a_refund_is_proposed_by_one_and_given_back_by_another(
    city: City, browser_of: OpenBrowser
) -> None:
    city.pay_in(50_000)
    token = city.token(city.buy(city.sold_stops()))
    receipt_id = city.query("SELECT * FROM sold_stops LIMIT 10", token).receipt_id
    finance, bureau = browser_of(city.finance), browser_of(city.bureau)
    told = {"receipt": f"https://weir.test/receipt/{receipt_id}", "why": "out of date"}

    wrong = finance.submit("/finance/refunds", on="/finance", receipt="x", refund="-1")
    too_much = finance.submit("/finance/refunds", on="/finance", refund="1", **told)
    finance.submit("/finance/refunds", on="/finance", refund="0.004", **told)
    place = re.search(r"/finance/refunds/[^/]+/confirm", bureau.page("/finance"))
    assert place
    refused = finance.submit(place[0], on="/finance")
    given = bureau.submit(place[0], on="/finance")

    assert (wrong.status_code, too_much.status_code, refused.status_code) == (400, 400, 403)
    assert 'id="wrong-receipt"' in wrong.text
    assert 'id="wrong-refund"' in too_much.text
    assert "is given back" in bureau.page(given.headers["location"])
    with city.pool.connection() as tx:
        assert funds_of(tx, city.acme.id) == 44_000


def earned(city: City) -> Actor:
    """The lab earned 10,000 micro-credits; its administrator."""
    city.pay_in(50_000)
    city.query("SELECT * FROM sold_stops LIMIT 10", city.token(city.buy(city.sold_stops())))
    with city.pool.connection() as tx:
        return acting(tx, "lin", (Role.ADMIN, city.lab))


def test_who_has_not_the_role_is_told_its_name_in_their_language(
    city: City, browser_of: OpenBrowser
) -> None:
    buyer = browser_of(city.buyer)

    told = {
        language: buyer.get("/api/v1/payments", headers={"Accept-Language": language}).json()
        for language in ("zh", "en")
    }

    assert {one["status"] for one in told.values()} == {403}
    assert "“财务”" in told["zh"]["detail"]
    assert "“Finance”" in told["en"]["detail"]
    assert {one["role"] for one in told.values()} == {"finance"}
