"""One city for each test, and one zygote for the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.warehouse import Warehouse
from policies.database import Pool
from tests.catalog.conftest import Zygote, start_zygote
from tests.exchange.city import City, make_city


@pytest.fixture(scope="session")
def exchange_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One zygote for all deliveries of the run."""
    started = start_zygote(tmp_path_factory.mktemp("exchange-zygote"))
    yield started
    started.process.terminate()
    started.process.wait(timeout=30)


@pytest.fixture
def city(pool: Pool, tmp_path: Path, exchange_zygote: Zygote) -> Iterator[City]:
    """A city whose people and organisations exist, and no data yet."""
    warehouse = Warehouse()
    yield make_city(pool, tmp_path, exchange_zygote.confinement, warehouse)
    warehouse.close()
