"""The page of a program's keys: made, shown once, confirmed, capped, rotated, revoked."""

from __future__ import annotations

import re
from uuid import uuid4

from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser

PAGE = "/my/keys"
_SECRET = re.compile(r'id="client-secret"[^>]*>\s*(?:<code>)?([\w-]{43})')
_ID = re.compile(r"/my/keys/([0-9a-f-]{36})/copied")


def test_a_secret_is_shown_once_and_confirmed(city: City, browser_of: OpenBrowser) -> None:
    agreement = city.buy(city.sold_stops())
    buyer = browser_of(city.buyer)

    made = buyer.submit(
        PAGE, on=PAGE, name="Warehouse", agreement=str(agreement.id), daily_cap="12.50"
    )
    found = _ID.search(made.text)
    assert found is not None
    secret = _SECRET.search(made.text)
    assert secret is not None, made.text
    again = buyer.page(PAGE)
    confirmed = buyer.submit(f"{PAGE}/{found.group(1)}/copied", on=PAGE)

    assert made.headers["Cache-Control"] == "no-store"
    assert secret.group(1) not in again
    assert "Nobody confirmed that the secret was copied" in again
    assert confirmed.headers["location"] == f"{PAGE}?done=copied"
    after = buyer.page(confirmed.headers["location"])
    assert "Nobody confirmed" not in after
    assert "Warehouse" in after
    assert 'value="12.500000"' in after


def test_a_key_is_rotated_capped_and_revoked_by_its_own_organisation_only(
    city: City, browser_of: OpenBrowser
) -> None:
    city.buy(city.sold_stops())
    buyer, other = browser_of(city.buyer), browser_of(city.officer)
    made = buyer.submit(PAGE, on=PAGE, name="Warehouse")
    found = _ID.search(made.text)
    assert found is not None
    place = f"{PAGE}/{found.group(1)}"

    assert other.submit(f"{place}/revoke", on=PAGE).status_code == 404
    rotated = buyer.submit(f"{place}/rotate", on=PAGE)
    assert _SECRET.search(rotated.text) is not None
    wrong = buyer.submit(f"{place}/cap", on=PAGE, daily_cap="much")
    assert (wrong.status_code, "Write an amount" in wrong.text) == (400, True)
    assert buyer.submit(f"{place}/cap", on=PAGE, daily_cap="").status_code == 303
    revoked = buyer.submit(f"{place}/revoke", on=PAGE)
    page = buyer.page(revoked.headers["location"])

    assert "It and its tokens open nothing any more" in page
    assert "Revoked and ended" in page
    assert buyer.submit(f"{place}/rotate", on=PAGE).status_code == 404


def test_what_is_typed_wrong_is_told_at_its_field(city: City, browser_of: OpenBrowser) -> None:
    agreement = city.buy(city.sold_stops())
    buyer = browser_of(city.buyer)
    typed = {"name": "x", "agreement": str(agreement.id)}

    for field, value in (
        ("name", ""),
        ("ends_on", "tomorrow"),
        ("ends_on", "2040-01-01"),
        ("daily_cap", "-1"),
        ("public_jwk", '{"kty": "oct"}'),
        ("public_jwk", "["),
    ):
        answer = buyer.submit(PAGE, on=PAGE, **{**typed, field: value})
        assert answer.status_code == 400, field
        assert f'id="wrong-{field}"' in answer.text, field
    assert buyer.submit(PAGE, on=PAGE, name="x", agreement=str(uuid4())).status_code == 404


def test_who_may_not_ask_for_data_makes_no_key(city: City, browser_of: OpenBrowser) -> None:
    assert "Keys belong to organisations" in browser_of(city.finance).page(PAGE)
