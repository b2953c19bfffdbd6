"""The pages of faults over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.test_quality_pages import sign_in
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.exchange.test_faults import ask, newer
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)

OpenWindow = Callable[..., Walker]


@pytest.fixture
def address(wiring: Wiring) -> Iterator[str]:  # noqa: F811
    """Where the pages are served."""
    with serving(create_app(wiring)) as served:
        yield served


@pytest.mark.parametrize("language", ["zh", "en"])
def test_asking_and_answering_is_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
    address: str,
    language: str,
) -> None:
    dataset = city.open_stops()
    asked = ask(city, column="name", place="第 3 行", claim="该站点已撤销，应删除。")
    newer(city, dataset)
    browser_of()
    walker = walk_as()

    sign_in(walker, wiring, address, city.buyer)
    walker.visit(f"{address}/dataset/stops/fault?lang={language}&version=1")
    walker.visit(f"{address}/my/faults?lang={language}")
    sign_in(walker, wiring, address, city.publisher)
    walker.visit(f"{address}/fault/{asked.id}?lang={language}")
