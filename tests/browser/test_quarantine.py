"""The page of what was set aside, for eyes, keyboard, phone and night."""

from __future__ import annotations

from collections.abc import Callable

from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.test_real_pages import signed_in
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)
from tests.portal.pages.test_quarantine import PAGE, with_values_set_aside


def test_the_page_of_values_that_were_set_aside_is_right(
    walk_as: Callable[..., Walker],
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
) -> None:
    with_values_set_aside(city, 30)
    browser_of()

    with serving(create_app(wiring)) as address:
        walker = walk_as()
        signed_in(walker, wiring, address, city.publisher)
        for language in ("zh", "en"):
            walker.visit(f"{address}{PAGE}?lang={language}")
