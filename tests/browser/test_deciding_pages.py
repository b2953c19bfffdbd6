"""Pages of deciding, buying, using and auditing over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from catalog import publish
from catalog.curation import describe
from exchange import apply, dispute, list_product
from exchange.application import RefusalReason
from exchange.issue_invoice import issue_invoice
from exchange.list_product import Proposal
from exchange.notices.follow_log import follow_log
from exchange.payments.give_back import propose_refund
from exchange.payments.pay_in import record_payment
from exchange.payments.pay_out import ask_payout
from exchange.supervise import place_freeze
from policies import agree
from policies.freeze_order import FreezeTarget
from policies.identity.authenticate import open_session
from policies.log import fresh_head
from policies.party import Actor, Role
from policies.terms import MicroCredits, Regime
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import LAWFUL, City, entry, request
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.people import acting
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures

OpenWindow = Callable[..., Walker]
FOR_ALL = ("/help", "/help/api", "/help/rules", "/help/accessibility", "/help/problems", "/log/")


@pytest.fixture
def paths(city: City, wiring: Wiring) -> dict[str, tuple[str, ...]]:  # noqa: F811
    """A city in which something waits for everybody, and the pages of each person."""
    city.pay_in(50_000_000)
    agreement = city.buy(city.sold_stops())
    receipt = city.query('SELECT * FROM "sold-stops" LIMIT 9', city.token(agreement)).receipt_id
    suspended = city.buy(city.sold_stops("held-stops"))
    shared = city.shared_stops()
    unshared = city.publish("new", by=city.publisher, approver=city.approver, entry=entry())
    with city.pool.connection() as tx:
        agree.suspend(tx, suspended.id, reason="用途超出协议", by=city.regulator, at=city.at)
        record_payment(
            tx,
            city.acme.id,
            MicroCredits(12_500_000),
            reference="转账 2026-0302-7",
            paid_on=date(2026, 3, 1),
            by=city.finance,
            at=city.at,
        )
        invoice = issue_invoice(
            tx,
            wiring.keys,
            city.acme.id,
            city.at.date(),
            by=city.finance,
            at=city.at + timedelta(days=40),
        )
        treasurer = acting(tx, "zhang", (Role.ADMIN, city.lab))
        ask_payout(
            tx,
            city.lab.id,
            MicroCredits(4_000),
            bank_account="宁夏银行 6222 0001",
            by=treasurer,
            at=city.at,
        )
        propose_refund(
            tx, receipt, MicroCredits(2_000), reason="数据过期", by=city.seller_head, at=city.at
        )
        asked = apply.submit(tx, city.parts.keys, shared.id, request(), by=city.officer, at=city.at)
        drafted = list_product.propose(
            tx, unshared.id, Proposal(Regime.SHARE, declared=LAWFUL), by=city.publisher, at=city.at
        )
        bikes = describe.create(
            tx, "bikes", entry(), publisher_id=city.transport.id, by=city.publisher, at=city.at
        )
        version = city.add_version(tx, bikes, by=city.publisher, select="SELECT * FROM range(3)")
        publish.submit(tx, bikes.id, by=city.publisher, at=city.at)
        place_freeze(tx, FreezeTarget.DATASET, bikes.id, reason="Odd", by=city.bureau, at=city.at)
        refused = apply.submit(
            tx,
            city.parts.keys,
            city.shared_stops("more").id,
            request(),
            by=city.officer,
            at=city.at,
        )
        apply.refuse(
            tx,
            refused.id,
            reason_code=RefusalReason.LAW_FORBIDS,
            reason="Named in the act",
            legal_basis_id="data-security-law",
            by=city.approver,
            at=city.at,
        )
        dispute.object_to(tx, refused.id, ground="No other source", by=city.officer, at=city.at)
        fresh_head(tx, wiring.keys, city.at)
        follow_log(tx, at=city.at)
    return {
        "approver": (
            *("/inbox", f"/inbox/request/{asked.id}"),
            *("/inbox/dataset/bikes", f"/inbox/listing/{drafted.id}"),
            *("/notices", f"/inbox/request/{refused.id}"),
        ),
        "publisher": ("/publish/demand", "/my/webhooks"),
        "officer": (
            *("/my", f"/my/requests/{asked.id}", f"/my/requests/{refused.id}"),
            *("/requests-for-data", "/dataset/more/correction", "/notices"),
        ),
        "head": ("/my",),
        "buyer": (
            *("/my", f"/my/agreements/{agreement.id}", "/my/usage", f"/receipt/{receipt}"),
            *("/dataset/sold-stops/buy", f"/my/agreements/{suspended.id}"),
            f"/invoice/{invoice.number}",
        ),
        "seller_head": (f"/my/agreements/{agreement.id}",),
        "finance": ("/finance", f"/invoice/{invoice.number}"),
        "bureau": ("/finance",),
        "seller": ("/my/usage",),
        "regulator": (
            *("/audit", "/audit?dataset=nowhere", "/audit/event/3", "/audit/freezes"),
            f"/my/agreements/{suspended.id}",
            *(f"/audit/receipt/{receipt}", f"/audit/lineage?asset=version:{version.id}"),
        ),
    }


@pytest.fixture
def address(wiring: Wiring) -> Iterator[str]:  # noqa: F811
    """Where the pages are served."""
    with serving(create_app(wiring)) as served:
        yield served


def sign_in(walker: Walker, wiring: Wiring, address: str, actor: Actor) -> None:  # noqa: F811
    """Give the window a session."""
    assert actor.user_id is not None
    with wiring.pool.connection() as tx:
        session = open_session(tx, actor.user_id, at=wiring.now())
    walker.context.add_cookies([{"name": "weir_session", "value": session.secret, "url": address}])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    paths: dict[str, tuple[str, ...]],
    address: str,
    language: str,
) -> None:
    walker = walk_as()
    for path in FOR_ALL:
        walker.visit(f"{address}{path}?lang={language}")
    for name, own in paths.items():
        sign_in(walker, wiring, address, getattr(city, name))
        for path in own:
            walker.visit(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")


def test_requests_are_decided_by_keys(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
) -> None:
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        apply.submit(tx, city.parts.keys, listing.id, request(), by=city.officer, at=city.at)
    walker = walk_as("en-GB")
    sign_in(walker, wiring, address, city.approver)
    page = walker.page

    page.goto(f"{address}/inbox")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text("Granted")
    page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_contain_text("Undone")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Decide")).to_be_visible()
    page.keyboard.press("x")

    expect(page.get_by_role("alert")).to_contain_text("Reason or question")


def test_without_script_a_department_asks_and_another_grants(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
) -> None:
    city.shared_stops()
    asker, decider = (walk_as("en-GB", has_script=False) for _ in range(2))
    sign_in(asker, wiring, address, city.officer)
    sign_in(decider, wiring, address, city.approver)
    page, desk = asker.page, decider.page

    page.goto(f"{address}/dataset/shared-stops/access")
    page.fill("[name=scenario]", "Plan ambulance routes")
    page.click("text=Send the request")
    expect(page.get_by_role("alert")).to_contain_text("Purpose")
    expect(page.locator("[name=scenario]")).to_have_value("Plan ambulance routes")
    page.select_option("[name=purpose]", "statutory_duty")
    page.fill("[name=duty]", "Emergency care act, item 4")
    page.check("[name=manner][value=download]")
    page.check("[name=pledge]")
    page.click("text=Send the request")
    expect(page.get_by_role("status").first).to_contain_text("on its way")
    desk.goto(f"{address}/inbox")
    desk.click("text=Bus stops")
    desk.click("button:has-text('Grant')")
    expect(desk.get_by_role("status").first).to_contain_text("Granted")
    page.reload()

    page.click("text=Use the data")
    page.click("text=Draw an access token")
    expect(page.locator("#new-token")).to_contain_text("eyJ")
