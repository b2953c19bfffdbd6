"""A city with data on offer, seen through pages: a browser for each of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from catalog.version import Verdict
from catalog.warehouse import Warehouse
from policies.database import Pool
from policies.identity.authenticate import open_session
from policies.party import Actor
from portal.app import create_app
from portal.settings import create_folders, settings_from
from portal.wiring import Wiring
from quality.profile import Bin, ColumnProfile, FrequentValue, Profile, profile_as_json
from quality.report import Report, report_as_json
from quality.score import Score, ScoreGrade
from tests.catalog.conftest import Zygote
from tests.exchange.city import City, make_city
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.stocked import stocked as stocked  # noqa: PLC0414  a fixture
from tests.portal.visitor import Visitor

VALUES = "only the profile tells this"
REPORT = Report(
    verdict=Verdict.PASSED,
    score=Score(total=97, grade=ScoreGrade.A, dimensions=(), checked=1, rules=1),
    row_count=40,
    findings=(),
    engine="test",
    suite_sha256="ab" * 32,
    gx_result_sha256="cd" * 32,
    started_at=datetime(2026, 3, 2, tzinfo=UTC),
    finished_at=datetime(2026, 3, 2, tzinfo=UTC),
)
PROFILE = Profile(
    40,
    (
        ColumnProfile("id", "BIGINT", 0, 40, "1", "40", None, None, (Bin("1", "40", 40),), ()),
        ColumnProfile("name", "VARCHAR", 0, 40, None, None, 3, 4, (), (FrequentValue(VALUES, 9),)),
        ColumnProfile("line", "BIGINT", 0, 4, "0", "3", None, None, (Bin("0", "3", 40),), ()),
    ),
)
OpenBrowser = Callable[..., Visitor]


@pytest.fixture
def wiring(
    pool: Pool,
    tmp_path: Path,
    exchange_zygote: Zygote,  # noqa: F811  the fixture
) -> Iterator[Wiring]:
    """The parts of an installation whose clock is the city's."""
    settings = settings_from({"WEIR_SITE_URL": "http://testserver"}, data=tmp_path)
    create_folders(settings)
    warehouse = Warehouse()
    confinement = exchange_zygote.confinement
    city = make_city(pool, settings.private_folder, confinement, warehouse)
    yield Wiring(
        settings=settings,
        pool=pool,
        keys=city.parts.keys,
        confinement=confinement,
        warehouse=warehouse,
        now=city.now,
    )
    warehouse.close()


@pytest.fixture
def city(wiring: Wiring) -> City:
    """The city behind the pages."""
    made: City = wiring.now.__self__  # type: ignore[attr-defined]
    return made


@pytest.fixture
def browser_of(wiring: Wiring, city: City) -> Iterator[OpenBrowser]:
    """Open a browser, signed in as one of the city's people, or as nobody."""
    opened = []

    def open_browser(actor: Actor | None = None) -> Visitor:
        with wiring.pool.connection() as tx:
            tx.execute("UPDATE quality.reports SET body = %s", (Jsonb(report_as_json(REPORT)),))
            tx.execute(
                """
                INSERT INTO quality.profiles (version_id, body, made_at)
                SELECT id, %(body)s, created_at FROM catalog.versions
                    ON CONFLICT (version_id) DO NOTHING
                """,
                {"body": Jsonb(profile_as_json(PROFILE))},
            )
        visitor = Visitor(create_app(wiring))
        visitor.__enter__()
        opened.append(visitor)
        if actor is not None:
            assert actor.user_id is not None
            with wiring.pool.connection() as tx:
                session = open_session(tx, actor.user_id, at=city.at)
            visitor.cookies.set("weir_session", session.secret)
        return visitor

    yield open_browser
    for visitor in opened:
        visitor.__exit__(None, None, None)
