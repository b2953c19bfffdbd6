"""The page of small groups over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.app import create_app
from portal.wiring import Wiring
from quality.groups.group import Declared
from tests.browser.serving import serving
from tests.browser.test_quality_pages import sign_in
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.exchange.test_small_groups import declare, with_version
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures

OpenWindow = Callable[..., Walker]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_declaring_groups_is_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    language: str,
) -> None:
    declare(city, with_version(city), Declared(("line",), 11, "name"))
    walker = walk_as()

    with serving(create_app(wiring)) as address:
        sign_in(walker, wiring, address, city.publisher)
        walker.visit(f"{address}/publish/stops/groups?lang={language}")
