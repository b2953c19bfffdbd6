"""The pages of finding, reading and publishing over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from policies.identity.authenticate import open_session
from policies.party import Actor
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)

OpenWindow = Callable[..., Walker]
TABS = ("", "/data", "/columns", "/quality", "/explore", "/versions", "/lineage", "/use")
FOR_ALL = (
    *("/", "/dataset", "/dataset?q=飞碟", "/organization", "/organization/transport"),
    *(f"/dataset/stops{tab}" for tab in TABS),
    *("/dataset/sold-stops", "/dataset/sold-stops/data"),
)
FOR_PUBLISHERS = (
    *("/publish", "/publish/new", "/publish/stops", "/publish/stops/describe"),
    *("/publish/stops/upload", "/dataset/stops"),
)


def signed_in(walker: Walker, wiring: Wiring, address: str, actor: Actor) -> None:  # noqa: F811
    """Give the window a session."""
    assert actor.user_id is not None
    with wiring.pool.connection() as tx:
        session = open_session(tx, actor.user_id, at=wiring.now())
    walker.context.add_cookies([{"name": "weir_session", "value": session.secret, "url": address}])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_with_real_data_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
    language: str,
) -> None:
    city.open_stops()
    city.sold_stops()
    browser_of()

    with serving(create_app(wiring)) as address:
        walker = walk_as()
        for path in FOR_ALL:
            walker.visit(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
        signed_in(walker, wiring, address, city.publisher)
        for path in FOR_PUBLISHERS:
            walker.visit(f"{address}{path}?lang={language}")


def test_a_publisher_without_script_registers_and_sends_a_file(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
) -> None:
    with serving(create_app(wiring)) as address:
        walker = walk_as("en", has_script=False)
        signed_in(walker, wiring, address, city.publisher)
        page = walker.page
        page.goto(f"{address}/publish/new")
        page.fill("[name=slug]", "bus-lines")
        page.fill("[name=title_en]", "Bus lines")
        page.click("text=Register and go on")
        page.set_input_files(
            "[name=file]",
            {"name": "lines.csv", "mimeType": "text/csv", "buffer": b"id,line\n1,2\n"},
        )
        page.click("form.upload button[type=submit]")
        page.get_by_text("lines.csv").first.wait_for()

        assert page.get_by_text("lines.csv").count()
        assert page.get_by_role("link", name="Look again").count()
