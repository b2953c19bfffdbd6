"""Pages of what the quality gate holds back, over a real database: right for every reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from policies.identity.authenticate import open_session
from policies.party import Actor
from portal.app import create_app
from portal.wiring import Wiring
from quality.check_batch import broken_by
from quality.held.hold import hold_batch
from quality.plead import decide_plea, plead
from quality.rule_format import parse_rule
from tests.browser.serving import serving
from tests.browser.walk import Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures
from tests.portal.pages.test_pleas import PAGE, held_back, newest

OpenWindow = Callable[..., Walker]
RULES = [
    parse_rule({"gate": "block", **body}, rule_id=str(at))
    for at, body in enumerate(
        (
            {
                "expect": {"kind": "between", "at_least": 0},
                "columns": ["line"],
                "fix": {"zh": "核对线路表。", "en": "Look at the list of lines."},
            },
            {"expect": {"kind": "not_blank"}, "columns": ["name"]},
        )
    )
]
PLEA = {"kind": "known_issue", "reason": "两台仪器，详见说明", "ends_on": "2026-06-30"}


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
def test_asking_deciding_and_reading_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
    language: str,
) -> None:
    held_back(city)
    version_id = newest(city).id
    walker = walk_as()

    sign_in(walker, wiring, address, city.publisher)
    walker.visit(f"{address}{PAGE}?lang={language}")
    with city.pool.connection() as tx:
        asked = plead(tx, version_id, PLEA, by=city.publisher, at=city.at)
    sign_in(walker, wiring, address, city.approver)
    walker.visit(f"{address}/inbox?lang={language}")
    walker.visit(f"{address}/inbox/plea/{asked.id}?lang={language}")
    with city.pool.connection() as tx:
        decide_plea(tx, asked.id, is_granted=True, answer="可以", by=city.approver, at=city.at)
    walker.visit(f"{address}/dataset/stops/quality?lang={language}")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_batches_that_only_the_department_reads_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    address: str,
    language: str,
) -> None:
    city.open_stops()
    rows = pa.table({"_id": [41, 42], "name": ["站点 41", ""], "line": [-1, -2]})
    with city.pool.connection() as tx:
        hold_batch(tx, newest(city), broken_by(rows, RULES, at=city.at), row_count=2, at=city.at)
    walker = walk_as()

    sign_in(walker, wiring, address, city.publisher)
    walker.visit(f"{address}/publish/stops?lang={language}")

    assert walker.page.locator("#held").is_visible()
