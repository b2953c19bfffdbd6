"""Pages of the standards, of decisions made again and of drafts: right for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from exchange import replay
from policies.decision.profile import profile_named
from policies.identity.authenticate import open_session
from policies.party import Actor
from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures
from tests.portal.pages.test_standards import busy, decisions

OpenWindow = Callable[..., Walker]


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
def test_pages_of_the_standards_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
    language: str,
) -> None:
    busy(city)
    (decision,) = decisions(city)[:1]
    with wiring.pool.connection() as tx:
        # Standards that the city does not follow: the agreement would stop under them.
        asked = replay.ask_for_replay(tx, profile_named("yinchuan"), by=city.regulator, at=city.at)
    replay.run_replay(wiring.pool, asked.id, now=city.now)
    walker = walk_as()

    def look(*paths: str) -> None:
        for path in paths:
            walker.visit(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")

    look("/standards?regime=share&stage=decide", "/standards/calendar")
    sign_in(walker, wiring, address, city.bureau)
    look("/standards?covered=no", "/standards/calendar")
    look("/audit/replays", f"/audit/replays/{asked.id}", f"/audit/decision/{decision}")
