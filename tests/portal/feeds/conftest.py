"""The same city and browsers that pages are tested with, and the official shapes where at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from rdflib import Graph

from tests.conftest import REPOSITORY
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import browser_of, city, wiring  # noqa: F401  fixtures

STANDARDS = REPOSITORY.parent / "shared" / "standards"


@pytest.fixture(scope="session")
def standards() -> Path:
    """Folder of the standards' own files; tests that need one are skipped where it is absent."""
    if not STANDARDS.is_dir():
        pytest.skip("the folder shared/standards is not beside this checkout")
    return STANDARDS


@pytest.fixture(scope="session")
def official_shapes(standards: Path) -> Graph:
    """The official shapes of DCAT-AP 3.0.1: core and ranges."""
    shapes = Graph()
    for name in ("shapes.ttl", "range.ttl"):
        shapes.parse(standards / "dcat-ap-3.0.1" / name, format="turtle")
    return shapes
