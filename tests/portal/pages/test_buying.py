from __future__ import annotations

import re
from dataclasses import replace
from uuid import uuid4

from exchange import negotiate
from exchange.conclude import offer_sha256
from policies import agree
from policies.evidence.agreement_proof import verify_agreement_file
from policies.terms import AgreementId, ShareType
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser

COMPLETE = {
    "purpose": "statutory_duty",
    "duty": "Emergency care act, item 4",
    "scenario": "Plan ambulance routes",
    "manner": "download",
    "ends_on": "2026-12-31",
    "pledge": "yes",
}


def test_an_empty_request_is_answered_with_every_gap_at_once(
    city: City, browser_of: OpenBrowser
) -> None:
    city.shared_stops()
    path = "/dataset/shared-stops/request"
    typed = {"scenario": "Plan <i>routes</i>", "ends_on": "2026-12-31"}

    answer = browser_of(city.officer).submit(path, on=path, **typed)

    assert answer.status_code == 400
    for field in ("purpose", "duty", "manner", "pledge"):
        assert f'id="wrong-{field}"' in answer.text
    assert 'id="wrong-scenario"' not in answer.text
    assert "Plan &lt;i&gt;routes&lt;/i&gt;</textarea>" in answer.text


def test_a_complete_request_gets_a_number_and_a_promised_day(
    city: City, browser_of: OpenBrowser
) -> None:
    city.shared_stops()
    path = "/dataset/shared-stops/request"
    officer = browser_of(city.officer)

    sent = officer.submit(path, on=path, **COMPLETE)
    page = officer.page(sent.headers["location"])

    assert re.search(r"R-[0-9A-F]{8}", page)
    assert "promised until 16 Mar 2026" in page
    assert "10 working days left" in page
    assert "shared-stops" in officer.page("/my").replace("Bus stops", "shared-stops")


def test_a_standing_release_grants_at_once(city: City, browser_of: OpenBrowser) -> None:
    city.shared_stops(share_type=ShareType.UNCONDITIONAL, has_standing_release=True)
    path = "/dataset/shared-stops/request"
    officer = browser_of(city.officer)

    sent = officer.submit(path, on=path, **COMPLETE)

    assert sent.headers["location"].endswith("?done=granted")
    assert "/my/agreements/" in officer.page(sent.headers["location"])


def test_an_end_beyond_the_offer_is_told_at_its_field(city: City, browser_of: OpenBrowser) -> None:
    city.shared_stops()
    path = "/dataset/shared-stops/request"

    answer = browser_of(city.officer).submit(path, on=path, **{**COMPLETE, "ends_on": "2031-01-01"})

    assert answer.status_code == 400
    assert 'id="wrong-ends_on"' in answer.text


def test_the_way_to_data_depends_on_the_reader(city: City, browser_of: OpenBrowser) -> None:
    city.shared_stops()
    city.sold_stops()

    asks = browser_of(city.officer).get("/dataset/shared-stops/access")
    buys = browser_of(city.buyer).get("/dataset/sold-stops/access")

    assert asks.headers["location"] == "/dataset/shared-stops/request"
    assert buys.headers["location"] == "/dataset/sold-stops/buy"


def test_the_offer_shows_price_terms_and_their_hash(city: City, browser_of: OpenBrowser) -> None:
    listing = city.sold_stops()

    page = browser_of(city.buyer).page("/dataset/sold-stops/buy")

    assert "0.001 credits for each row" in page
    assert "1,000.00 credits" in page
    assert "仅限自用" in page
    assert offer_sha256(listing) in page


def test_accepting_needs_a_purpose_and_a_tick(city: City, browser_of: OpenBrowser) -> None:
    listing = city.sold_stops()
    path = "/dataset/sold-stops/buy"

    answer = browser_of(city.buyer).submit(path, on=path, offer=offer_sha256(listing))

    assert answer.status_code == 400
    assert 'id="wrong-purpose"' in answer.text
    assert 'id="wrong-is_accepted"' in answer.text


def test_an_offer_that_changed_meanwhile_is_not_accepted(
    city: City, browser_of: OpenBrowser
) -> None:
    city.sold_stops()
    path = "/dataset/sold-stops/buy"

    answer = browser_of(city.buyer).submit(
        path, on=path, offer="0" * 64, purpose="analysis", is_accepted="yes"
    )

    assert answer.status_code == 409
    assert "The terms or the price changed" in answer.text


def test_buying_concludes_an_agreement_and_a_token_is_shown_once(
    city: City, browser_of: OpenBrowser
) -> None:
    listing = city.sold_stops()
    path, buyer = "/dataset/sold-stops/buy", browser_of(city.buyer)

    bought = buyer.submit(
        path, on=path, offer=offer_sha256(listing), purpose="analysis", is_accepted="yes"
    )
    agreement = bought.headers["location"].partition("?")[0]
    drawn = buyer.submit(f"{agreement}/token", on=agreement)
    later = buyer.page(agreement)

    token = re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", drawn.text)
    assert token is not None
    assert "/api/v1/datasets/sold-stops/rows" in drawn.text
    assert "eyJ" not in later
    with city.pool.connection() as tx:
        (held,) = negotiate.own_agreements(tx, by=city.buyer)
    assert held.terms_sha256 in later


def test_an_agreement_is_ended_with_a_reason(city: City, browser_of: OpenBrowser) -> None:
    agreement = city.buy(city.sold_stops())
    path, buyer = f"/my/agreements/{agreement.id}", browser_of(city.buyer)

    empty = buyer.submit(f"{path}/end", on=path, reason="  ")
    ended = buyer.submit(f"{path}/end", on=path, reason="Not needed any more")

    assert empty.status_code == 400
    assert "Not needed any more" in buyer.page(ended.headers["location"])


def test_the_provider_suspends_an_agreement_and_takes_it_up_again(
    city: City, browser_of: OpenBrowser
) -> None:
    agreement = city.buy(city.sold_stops())
    path = f"/my/agreements/{agreement.id}"
    head, buyer = browser_of(city.seller_head), browser_of(city.buyer)

    empty = head.submit(f"{path}/suspend", on=path, why_suspended=" ")
    done = head.submit(f"{path}/suspend", on=path, why_suspended="Passed on to <others>")
    told = buyer.get(path).text
    buyers = buyer.submit(f"{path}/resume", on=path, why_resumed="please")
    back = head.submit(f"{path}/resume", on=path, why_resumed="Put right")

    assert empty.status_code == 400
    assert 'id="wrong-why_suspended"' in empty.text
    assert "Nothing is read under it for now" in head.page(done.headers["location"])
    assert "This agreement is suspended" in told
    assert "Passed on to &lt;others&gt;" in told
    assert f"{path}/resume" not in told
    assert f"{path}/token" not in told
    assert buyers.status_code == 403
    assert "The agreement holds again" in head.page(back.headers["location"])
    assert f"{path}/token" in buyer.page(path)


def test_a_supervisors_suspension_is_no_matter_of_the_provider(
    city: City, browser_of: OpenBrowser
) -> None:
    agreement = city.buy(city.sold_stops())
    path = f"/my/agreements/{agreement.id}"

    browser_of(city.regulator).submit(f"{path}/suspend", on=path, why_suspended="Misuse")

    assert f"{path}/resume" not in browser_of(city.seller_head).page(path)
    assert f"{path}/resume" in browser_of(city.regulator).page(path)
    assert f"{path}/end" in browser_of(city.buyer).page(path)
    ended = browser_of(city.buyer).submit(f"{path}/end", on=path, reason="No use to us")
    assert ended.headers["location"].endswith("?done=ended")


def test_strangers_find_no_agreement(city: City, browser_of: OpenBrowser) -> None:
    agreement = city.buy(city.sold_stops())

    browser_of(city.officer).page(f"/my/agreements/{agreement.id}", status=404)


def test_pages_of_ones_own_take_a_sign_in(browser_of: OpenBrowser) -> None:
    for path in ("/my", "/my/usage", "/inbox", "/finance", "/audit"):
        browser_of().page(path, status=401)


def test_the_agreement_page_offers_the_signed_file_and_says_where_there_is_none(
    city: City, browser_of: OpenBrowser
) -> None:
    signed = city.buy(city.sold_stops())
    with city.pool.connection() as tx:
        old = agree.conclude(tx, replace(signed, id=AgreementId(uuid4())), by=city.buyer)
    buyer = browser_of(city.buyer)

    pages = [buyer.page(f"/my/agreements/{one.id}") for one in (signed, old)]

    file = f"/api/v1/agreements/{signed.id}/document"
    assert f'href="{file}"' in pages[0]
    assert verify_agreement_file(buyer.page(file).encode()).is_valid
    assert "there is no signed file of it" in pages[1]
    assert "Download the signed agreement" not in pages[1]
