from __future__ import annotations

from catalog import publish
from catalog.curation import describe
from catalog.find import dataset_named
from exchange import apply, list_product
from exchange.application import ApplicationState
from exchange.list_product import Proposal
from exchange.listing import Listing, ListingState
from policies.freeze_order import FreezeTarget
from policies.terms import OpenType, Regime, Text
from tests.exchange.city import LAWFUL, OWN_PRODUCTION, PER_ROW, City, entry, request
from tests.portal.pages.conftest import OpenBrowser


def asked(city: City, listing: Listing) -> str:
    """A request of health for data of transport; its address in the inbox."""
    with city.pool.connection() as tx:
        application = apply.submit(
            tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at
        )
    return f"/inbox/request/{application.id}"


def state_of(city: City, path: str) -> ApplicationState:
    from uuid import UUID

    with city.pool.connection() as tx:
        found = apply.get_application(tx, UUID(path.rsplit("/", 1)[1]), by=city.officer)
    return found.state


def draft(city: City, slug: str, proposal: Proposal, *, is_lab: bool = False) -> Listing:
    """A listing that waits."""
    by, approver = (city.seller, city.seller_head) if is_lab else (city.publisher, city.approver)
    open_type = OpenType.NOT_OPEN if is_lab else OpenType.UNCONDITIONAL
    dataset = city.publish(slug, by=by, approver=approver, entry=entry(open_type=open_type))
    with city.pool.connection() as tx:
        return list_product.propose(tx, dataset.id, proposal, by=by, at=city.at)


def test_one_list_holds_requests_versions_and_listings(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    draft(city, "waiting", Proposal(Regime.SHARE, declared=LAWFUL))
    with city.pool.connection() as tx:
        dataset = describe.create(
            tx, "bikes", entry(), publisher_id=city.transport.id, by=city.publisher, at=city.at
        )
        city.add_version(tx, dataset, by=city.publisher, select="SELECT * FROM range(3)")
        publish.submit(tx, dataset.id, by=city.publisher, at=city.at)

    page = browser_of(city.approver).page("/inbox")

    assert path in page
    assert "10 working days left" in page
    assert "/inbox/dataset/bikes" in page
    assert "/inbox/listing/" in page
    assert '<span class="badge">3' in page


def test_nothing_waits_for_somebody_who_decides_nothing(
    city: City, browser_of: OpenBrowser
) -> None:
    asked(city, city.shared_stops())

    page = browser_of(city.buyer).page("/inbox")

    assert "Nothing waits for a decision" in page


def test_a_request_shows_who_asks_what_for_and_what_the_clauses_say(
    city: City, browser_of: OpenBrowser
) -> None:
    path = asked(city, city.shared_stops())

    page = browser_of(city.approver).page(path)

    assert "Emergency care act, item 4" in page
    assert "Plan ambulance routes" in page
    assert "Every clause that applies is met." in page
    assert "X014" in page


def test_a_request_is_granted_and_the_asker_reads_it(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    approver, officer = browser_of(city.approver), browser_of(city.officer)

    answer = approver.submit(path, on=path, decision="approve")

    assert answer.headers["location"].startswith("/inbox?done=granted")
    assert "Granted. The asker has an agreement now." in approver.page("/inbox?done=granted")
    assert "Approved" in officer.page(path.replace("/inbox/request/", "/my/requests/"))


def test_a_refusal_without_reason_is_told_at_once_and_loses_nothing(
    city: City, browser_of: OpenBrowser
) -> None:
    path = asked(city, city.shared_stops())
    approver = browser_of(city.approver)

    empty = approver.submit(path, on=path, decision="reject")
    half = approver.submit(path, on=path, decision="reject", reason="Not ours <b>at all</b>")
    full = approver.submit(
        path,
        on=path,
        decision="reject",
        reason="Personal data",
        reason_code="law_forbids",
        legal_basis="personal-information-law",
    )

    assert empty.status_code == 400
    assert half.status_code == 403
    assert "Not ours &lt;b&gt;at all&lt;/b&gt;</textarea>" in half.text
    assert "X026" in half.text
    assert full.headers["location"].startswith("/inbox?done=refused")
    assert state_of(city, path) is ApplicationState.REFUSED
    own = path.replace("/inbox/request/", "/my/requests/")
    for language, law in (("en", "Personal Information Protection Law"), ("zh", "个人信息保护法")):
        shown = browser_of(city.officer).page(f"{own}?lang={language}")
        assert law in shown
        assert "personal-information-law" not in shown


def test_a_question_goes_to_the_asker_who_sends_again(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())
    own = path.replace("/inbox/request/", "/my/requests/")
    officer = browser_of(city.officer)

    browser_of(city.approver).submit(path, on=path, decision="return", reason="Which hospitals?")
    shown = officer.page(own)
    again = officer.submit(
        own,
        on=own,
        purpose="statutory_duty",
        duty="Emergency care act, item 4",
        scenario="Ambulance routes of the three city hospitals",
        manner="page",
        ends_on="2026-10-01",
        pledge="yes",
    )

    assert "Which hospitals?" in shown
    assert again.status_code == 303
    assert state_of(city, path) is ApplicationState.SUBMITTED


def test_several_requests_are_granted_together_after_a_summary(
    city: City, browser_of: OpenBrowser
) -> None:
    paths = [asked(city, city.shared_stops(slug)) for slug in ("first", "second")]
    ids = [path.rsplit("/", 1)[1] for path in paths]
    approver = browser_of(city.approver)
    token = approver.form_token("/inbox")

    summary = approver.post("/inbox/approve", data={"request": ids, "csrf_token": token})
    before = [state_of(city, path) for path in paths]
    approver.post("/inbox/approve", data={"request": ids, "is_sure": "true", "csrf_token": token})

    assert "Grant 2 requests together?" in summary.text
    assert before == [ApplicationState.SUBMITTED] * 2
    assert [state_of(city, path) for path in paths] == [ApplicationState.GRANTED] * 2


def test_a_stranger_does_not_find_the_request(city: City, browser_of: OpenBrowser) -> None:
    path = asked(city, city.shared_stops())

    browser_of(city.buyer).page(path, status=404)


def test_the_submitter_cannot_publish_and_the_approver_can(
    city: City, browser_of: OpenBrowser
) -> None:
    with city.pool.connection() as tx:
        dataset = describe.create(
            tx, "bikes", entry(), publisher_id=city.transport.id, by=city.publisher, at=city.at
        )
        city.add_version(tx, dataset, by=city.publisher, select="SELECT * FROM range(3)")
        publish.submit(tx, dataset.id, by=city.publisher, at=city.at)
    path = "/inbox/dataset/bikes"

    publisher = browser_of(city.publisher).page(path)
    approver = browser_of(city.approver)
    without_reason = approver.submit(path, on=path, decision="return")
    published = approver.submit(path, on=path, decision="publish")

    assert "You submitted this yourself" in publisher
    assert without_reason.status_code == 400
    assert published.headers["location"] == "/inbox?done=published"
    with city.pool.connection() as tx:
        assert dataset_named(tx, "bikes", by=city.buyer).state == "published"


def test_a_listing_is_opened_with_a_standing_release(city: City, browser_of: OpenBrowser) -> None:
    listing = draft(city, "waiting", Proposal(Regime.SHARE, declared=LAWFUL))
    path = f"/inbox/listing/{listing.id}"

    answer = browser_of(city.approver).submit(
        path, on=path, decision="open", standing_release="yes"
    )

    assert answer.headers["location"] == "/inbox?done=opened"
    with city.pool.connection() as tx:
        opened = list_product.get_listing(tx, listing.id, by=city.buyer)
    assert opened.state is ListingState.LISTED
    assert opened.release is not None


def test_what_is_traded_is_assessed_first_and_then_opened_by_the_bureau(
    city: City, browser_of: OpenBrowser
) -> None:
    proposal = Proposal(
        Regime.TRADE, price=PER_ROW, declared=OWN_PRODUCTION, terms=Text(en="Own use.")
    )
    listing = draft(city, "sensors", proposal, is_lab=True)
    path = f"/inbox/listing/{listing.id}"
    assessor, bureau = browser_of(city.assessor), browser_of(city.bureau)

    too_early = bureau.submit(path, on=path, decision="open")
    malformed = assessor.submit(path, on=path, decision="assess", report_sha256="no digest")
    assessed = assessor.submit(path, on=path, decision="assess", report_sha256="AB" * 32)
    opened = bureau.submit(path, on=path, decision="open")

    assert too_early.status_code == 403
    assert "X072" in too_early.text
    assert malformed.status_code == 400
    assert "no digest" in malformed.text
    assert assessed.headers["location"] == "/inbox?done=assessed"
    assert opened.headers["location"] == "/inbox?done=opened"


def test_a_freeze_waits_for_a_second_supervisor(city: City, browser_of: OpenBrowser) -> None:
    from exchange.supervise import place_freeze

    with city.pool.connection() as tx:
        freeze = place_freeze(
            tx, FreezeTarget.ORGANIZATION, city.acme.id, reason="Odd", by=city.bureau, at=city.at
        )

    assert f"freeze-{freeze.id}" not in browser_of(city.bureau).page("/inbox")
    assert f"freeze-{freeze.id}" in browser_of(city.second).page("/inbox")


def test_what_was_decided_is_a_tab_with_reasons_and_nobody_elses_decisions(
    city: City, browser_of: OpenBrowser
) -> None:
    path = asked(city, city.shared_stops())
    approver = browser_of(city.approver)
    before = approver.page("/inbox/decided")
    approver.submit(path, on=path, decision="approve")

    page = approver.page("/inbox/decided")

    assert "Request granted" not in before
    assert "Request granted" in page
    assert path in page
    assert "Request granted" not in browser_of(city.seller_head).page("/inbox/decided")
