from __future__ import annotations

import json
import re
from html import unescape

from policies.evidence.proof import verify_receipt_file
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser


def delivered(city: City) -> str:
    """One delivery of traded data; its receipt's id."""
    city.pay_in(50_000_000)
    token = city.token(city.buy(city.sold_stops()))
    return str(city.query('SELECT * FROM "sold-stops" LIMIT 10', token).receipt_id)


def signed(city: City) -> None:
    """A head over everything so far."""
    from policies.log import fresh_head

    with city.pool.connection() as tx:
        fresh_head(tx, city.parts.keys, city.at)


def test_a_receipt_tells_its_owner_what_why_and_for_how_much(
    city: City, browser_of: OpenBrowser
) -> None:
    receipt_id = delivered(city)
    signed(city)

    page = browser_of(city.buyer).page(f"/receipt/{receipt_id}")

    for told in ("stops.csv", "10 rows: 0.01 credits", "Held before the run", "cn-2025"):
        assert told in page
    assert "The receipt stands in the log, unchanged" in page


def test_before_the_next_head_the_proof_is_promised(city: City, browser_of: OpenBrowser) -> None:
    receipt_id = delivered(city)

    page = browser_of(city.buyer).page(f"/receipt/{receipt_id}")

    assert "The proof comes with the next signed head" in page


def test_the_downloaded_proof_holds(city: City, browser_of: OpenBrowser) -> None:
    receipt_id = delivered(city)

    content = browser_of(city.buyer).get(f"/receipt/{receipt_id}/proof.json").content

    assert json.loads(content)["format"] == "weir-receipt/1"
    assert verify_receipt_file(content).is_valid


def test_names_of_people_are_for_the_regulator(city: City, browser_of: OpenBrowser) -> None:
    receipt_id = delivered(city)

    regulator = browser_of(city.regulator).page(f"/audit/receipt/{receipt_id}")
    buyer = browser_of(city.buyer).page(f"/receipt/{receipt_id}")

    assert "Lab · qi" in regulator
    assert "Lab · qi" not in buyer


def test_a_stranger_finds_no_receipt(city: City, browser_of: OpenBrowser) -> None:
    receipt_id = delivered(city)

    browser_of(city.officer).page(f"/receipt/{receipt_id}", status=404)
    sent_on = browser_of(city.officer).get(f"/audit/receipt/{receipt_id}")
    assert sent_on.headers["location"] == f"/receipt/{receipt_id}"


def test_the_desk_is_for_supervisors(city: City, browser_of: OpenBrowser) -> None:
    for path in ("/audit", "/audit/freezes", "/audit/event/0"):
        browser_of(city.buyer).page(path, status=403)


def test_the_log_is_searched_by_dataset_organisation_kind_and_day(
    city: City, browser_of: OpenBrowser
) -> None:
    delivered(city)
    city.open_stops()
    signed(city)
    desk = browser_of(city.regulator)

    by_dataset = desk.page("/audit?dataset=sold-stops")
    by_kind = desk.page("/audit?kind=data.delivered")
    by_both = desk.page("/audit?dataset=stops&kind=data.delivered")
    by_day = desk.page("/audit?since=2026-03-03")
    unknown = desk.page("/audit?organization=nobody")

    assert "An agreement was concluded</a>" in by_dataset
    assert by_kind.count("Data was delivered</a>") == 1
    assert "No entry like this" in by_both
    assert "No entry like this" in by_day
    assert 'href="#field-organization"' in unknown
    assert "No entry like this" in unknown


def test_looking_is_itself_recorded(city: City, browser_of: OpenBrowser) -> None:
    desk = browser_of(city.regulator)
    desk.page("/audit?dataset=nothing")
    signed(city)

    page = desk.page("/audit?kind=audit.viewed")

    assert "A supervisor looked something up</a>" in page


def test_older_entries_are_on_the_next_page_and_none_is_lost(
    city: City, browser_of: OpenBrowser
) -> None:
    delivered(city)
    signed(city)
    desk = browser_of(city.regulator)

    seen: list[int] = []
    path: str | None = "/audit?kind=all"
    while path is not None:
        page = desk.page(path)
        seen += [
            int(index) for index in re.findall(r'"rowheader"><a href="/audit/event/(\d+)"', page)
        ]
        older = re.search(r'href="(/audit\?kind=all&amp;before=\d+)"', page)
        path = unescape(older.group(1)) if older else None

    assert seen == sorted(seen, reverse=True)
    assert set(range(max(seen) + 1)) == set(seen)


def test_looks_of_supervisors_do_not_hide_what_happened(
    city: City, browser_of: OpenBrowser
) -> None:
    delivered(city)
    signed(city)
    desk = browser_of(city.regulator)
    for _ in range(2):
        desk.page("/audit")
    signed(city)

    looked = '">A supervisor looked something up</a>'
    assert looked not in desk.page("/audit")
    assert looked in desk.page("/audit?kind=all")


def test_a_receipt_offers_to_freeze_what_stands_behind_it(
    city: City, browser_of: OpenBrowser
) -> None:
    receipt_id = delivered(city)
    desk = browser_of(city.regulator)

    page = desk.page(f"/audit/receipt/{receipt_id}")
    address = re.search(r'href="(/audit/freezes\?kind=dataset[^"#]*)', page)

    assert address is not None
    assert "Freeze the receiver" in page
    assert 'value="sold-stops"' in desk.page(unescape(address.group(1)))


def test_an_entry_shows_its_body_and_its_place(city: City, browser_of: OpenBrowser) -> None:
    signed(city)

    page = browser_of(city.regulator).page("/audit/event/0")

    assert "An organisation was added" in page
    assert "Covered by the newest signed head." in page
    browser_of(city.regulator).page("/audit/event/99999", status=404)


def test_lineage_leads_from_a_version_to_its_deliveries(
    city: City, browser_of: OpenBrowser
) -> None:
    receipt_id = delivered(city)
    regulator = browser_of(city.regulator)
    page = regulator.page(f"/audit/receipt/{receipt_id}")
    link = re.search(r'href="(/audit/lineage\?asset=version:[0-9a-f-]+)"', page)
    assert link is not None

    graph = regulator.page(link.group(1))

    assert f"asset=receipt:{receipt_id}" in graph
    assert "The same as a table" in graph
    regulator.page("/audit/lineage?asset=version:nonsense", status=404)


def test_a_freeze_stops_the_buyer_and_a_second_person_lifts_it(
    city: City, browser_of: OpenBrowser
) -> None:
    agreement = city.buy(city.sold_stops())
    path, own = "/audit/freezes", f"/my/agreements/{agreement.id}"
    first, second = browser_of(city.regulator), browser_of(city.second)
    buyer = browser_of(city.buyer)

    no_reason = first.submit(path, on=path, kind="organization", target="acme")
    no_target = first.submit(path, on=path, kind="dataset", target="nowhere", reason="Odd")
    placed = first.submit(path, on=path, kind="organization", target="acme", reason="Odd use")
    while_frozen = buyer.page(own)
    freeze_id = re.search(r'id="freeze-([0-9a-f-]+)"', second.page(path))
    assert freeze_id is not None
    confirmed = second.submit(f"{path}/{freeze_id.group(1)}/confirm", on=path)
    unlifted = second.submit(f"{path}/{freeze_id.group(1)}/lift", on=path, reason="")
    lifted = second.submit(f"{path}/{freeze_id.group(1)}/lift", on=path, reason="Explained")

    assert no_reason.status_code == 400
    assert no_target.status_code == 404
    assert placed.headers["location"] == "/audit/freezes?done=placed"
    assert "A supervisor has frozen this" in while_frozen
    assert confirmed.status_code == 303
    assert unlifted.status_code == 400
    assert lifted.headers["location"] == "/audit/freezes?done=lifted"
    assert "A supervisor has frozen this" not in buyer.page(own)
