"""An installation as routes see it, with a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.confine import Confinement
from catalog.warehouse import Warehouse
from policies.database import Pool
from policies.party import Role
from policies.seal import KeyRing
from portal.settings import settings_from
from portal.wiring import Wiring
from tests.people import PASSWORD, enrol, found
from tests.portal.visitor import Clock


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


@pytest.fixture
def wiring(pool: Pool, tmp_path: Path, clock: Clock) -> Wiring:
    """An installation with a publisher and an administrator who have passwords."""
    settings = settings_from({"WEIR_SITE_URL": "http://testserver"}, data=tmp_path)
    with pool.connection() as tx:
        enrol(tx, "li.wei", (Role.PUBLISHER, found(tx)), password=PASSWORD)
        enrol(tx, "chief", (Role.ADMIN, None), password=PASSWORD)
    return Wiring(
        settings=settings,
        pool=pool,
        keys=KeyRing(settings.keys_folder),
        confinement=Confinement(settings.confine_socket),
        warehouse=Warehouse(),
        now=clock,
    )
