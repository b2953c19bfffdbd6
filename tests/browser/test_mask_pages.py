"""The page of masks over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from catalog.mask import Mask, MaskKind, Suppression
from catalog.view import View
from exchange import list_product
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.test_quality_pages import sign_in
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)
from tests.portal.pages.test_masks import drafted

OpenWindow = Callable[..., Walker]


@pytest.fixture
def address(wiring: Wiring) -> Iterator[str]:  # noqa: F811
    """Where the pages are served."""
    with serving(create_app(wiring)) as served:
        yield served


@pytest.mark.parametrize("language", ["zh", "en"])
def test_choosing_masks_is_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
    address: str,
    language: str,
) -> None:
    listing = drafted(city)
    view = View(
        masks={"name": Mask(MaskKind.TOKEN), "id": Mask(MaskKind.BIN, width=10)},
        suppression=Suppression(("line",), 11),
    )
    with city.pool.connection() as tx:
        list_product.change_view(tx, listing.id, view, by=city.publisher, at=city.at)
    browser_of()
    walker = walk_as()

    sign_in(walker, wiring, address, city.publisher)
    walker.visit(f"{address}/publish/stops/listings/{listing.id}/masks?lang={language}")
