"""Pages of records, talk and wishes over a real database: right for every reader, on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from catalog import publish
from catalog.curation import describe
from catalog.demand import ask, duties, unmet
from catalog.directory import Directory, FormatClass, ShareChannel
from catalog.talk import post
from policies.identity.authenticate import open_session
from policies.party import Actor
from policies.terms import Text
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import City, entry
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures

OpenWindow = Callable[..., Walker]


def parking(city: City) -> str:  # noqa: F811
    """A published record with a history, talk and a wish; the wish's address."""
    at = city.at
    with city.pool.connection() as tx:
        made = describe.create(
            tx, "parking", entry(licence="CC-BY-4.0"), publisher_id=city.transport.id,
            by=city.publisher, at=at,
        )  # fmt: skip
        publish.submit(tx, made.id, by=city.publisher, at=at)
        publish.publish(tx, made.id, by=city.approver, at=at)
        filed = Directory(
            gov_code="301005/00012",
            format_class=FormatClass.FILE,
            share_channel=ShareChannel.DATABASE,
            spatial="310000",
        )
        changed = entry(licence="CC0-1.0")
        title = Text(zh="公共停车场", en="Public car parks of the city")
        describe.change(
            tx,
            made.id,
            type(changed)(
                title=title,
                grade=changed.grade,
                share_type=changed.share_type,
                open_type=changed.open_type,
                update_cycle=changed.update_cycle,
                licence="CC0-1.0",
                keywords=("parking", "停车"),
                directory=filed,
            ),
            by=city.publisher,
            at=at,
        )
        asked = post.ask(
            tx, "parking", "Which datum do the\ncoordinates use?", by=city.buyer, at=at
        )
        post.answer(tx, "parking", asked, "CGCS2000.", by=city.publisher, at=at)
        post.ask(tx, "parking", "车位数多久更新一次？", by=city.buyer, at=at)
        post.add_reuse(
            tx, "parking", "A map of car parks", "https://example.org/map", "A school",
            by=city.buyer, at=at,
        )  # fmt: skip
        duties.state_duties(tx, city.transport.id, "充电桩管理\npublic parking", by=city.publisher)
        unmet.count_unmet(tx, "充电桩", at=at)
        wish = ask.ask(tx, "充电桩实时空位", "By the minute.", by=city.buyer, at=at)
        ask.join(tx, wish.id, by=city.officer, at=at)
    return f"/requests-for-data/{wish.id}"


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
def test_pages_of_records_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
    language: str,
) -> None:
    wish = parking(city)
    walker = walk_as()

    def look(*paths: str) -> None:
        for path in paths:
            walker.visit(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")

    look("/dataset/parking/history", "/dataset/parking/talk", "/requests-for-data", wish)
    sign_in(walker, wiring, address, city.buyer)
    look("/dataset/parking/talk", "/requests-for-data/new?q=充电桩", wish)
    sign_in(walker, wiring, address, city.publisher)
    look("/publish/new", "/publish/parking", "/publish/parking/describe")
    look("/publish/parking/preview", "/publish/demand", wish)
    sign_in(walker, wiring, address, city.approver)
    look("/inbox/dataset/parking", "/inbox", "/dataset/parking/talk")


def test_without_script_a_record_is_described_submitted_reviewed_and_published(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
) -> None:
    writer, decider = (walk_as("en-GB", has_script=False) for _ in range(2))
    sign_in(writer, wiring, address, city.publisher)
    sign_in(decider, wiring, address, city.approver)
    page, desk = writer.page, decider.page

    page.goto(f"{address}/publish/new")
    page.fill("[name=slug]", "parking")
    page.fill("[name=title_zh]", "公共停车场")
    page.check("[name=share_type][value=not_shared]")
    page.click("text=Register without data")
    expect(page.get_by_role("alert")).to_contain_text("Legal basis for not sharing")
    expect(page.locator("[name=title_zh]")).to_have_value("公共停车场")
    page.select_option("[name=share_law]", "data-security-law")
    page.click("summary:has-text('Time, area and use')")
    page.fill("[name=spatial]", "310000")
    page.click("text=Keep as a draft")
    expect(page.locator("[name=spatial]")).to_have_value("310000")
    page.click("text=Register without data")
    expect(page.get_by_role("status").first).to_contain_text("registered")
    page.click("text=Hand to the approver")
    expect(page.locator(".way [aria-current=step]")).to_contain_text("Submitted")

    desk.goto(f"{address}/inbox")
    desk.click("text=公共停车场")
    desk.click("text=Approve, put out later")
    expect(desk.get_by_role("status").first).to_contain_text("Approved")
    desk.goto(f"{address}/inbox/dataset/parking")
    desk.click("button:has-text('Publish')")
    expect(desk.get_by_role("status").first).to_contain_text("Published")

    page.goto(f"{address}/dataset/parking/history")
    expect(page.locator("ol.history")).to_contain_text("A dataset was approved")


def test_points_rise_while_one_types_and_the_draft_is_still_there_afterwards(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
) -> None:
    walker = walk_as("en-GB")
    sign_in(walker, wiring, address, city.publisher)
    page = walker.page
    page.goto(f"{address}/publish/new")
    before = page.locator("#score strong").first.inner_text()

    page.fill("[name=keywords]", "parking, cars")

    expect(page.locator("#score strong").first).not_to_have_text(before)
    expect(page.locator("[name=keywords]")).to_be_focused()
    page.goto(f"{address}/publish/new")
    expect(page.locator("[name=keywords]")).to_have_value("parking, cars")
