"""The pages of departments and topics over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest

from catalog.curation.themes import create_theme, put_under
from catalog.find import dataset_named
from catalog.theme import Theme, ThemeId
from policies.identity.organize import change_organization, presented_organization
from policies.identity.people import organization_named
from policies.party import ANONYMOUS
from policies.presentation import OrganizationPresentation
from policies.roles import SYSTEM
from policies.terms import Text
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.people import AT
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)

OpenWindow = Callable[..., Walker]
PATHS = ("/organization", "/organization/transport", "/group", "/group/mobility", "/group/bare")
LONG = "负责全市道路、公共交通、停车与慢行系统的规划、建设和运行。" * 6


def fill(wiring: Wiring, city: City) -> None:  # noqa: F811
    """A department that says much of itself, a topic with a dataset and one without."""
    city.open_stops()
    with wiring.pool.connection() as tx:
        presented = presented_organization(tx, organization_named(tx, "transport").id)
        presentation = OrganizationPresentation(
            description=Text(zh=LONG, en="Plans, builds and runs the roads of the city. " * 8),
            extras=(("电话", "0755-12345678"), ("address", "long-" * 50)),
        )
        change_organization(tx, presented.organization, presentation, by=SYSTEM, at=AT)
        theme = Theme(
            ThemeId(uuid4()), "mobility", Text(zh="出行", en="Mobility"), AT, Text(zh=LONG)
        )
        create_theme(tx, theme, by=SYSTEM, at=AT)
        create_theme(tx, Theme(ThemeId(uuid4()), "bare", Text(), AT), by=SYSTEM, at=AT)
        stops = dataset_named(tx, "stops", by=ANONYMOUS)
        put_under(tx, theme, stops.id, by=SYSTEM, at=AT)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_departments_and_topics_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
    language: str,
) -> None:
    fill(wiring, city)
    browser_of()

    with serving(create_app(wiring)) as address:
        walker = walk_as()
        for path in PATHS:
            walker.visit(f"{address}{path}?lang={language}")
