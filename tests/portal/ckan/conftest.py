"""One installation for all tests of a worker, served as an operator who comes from CKAN would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.installation import Installation, installation
from tests.portal.ckan.client import Client

OPTIONS = {
    "ckan.auth.create_unowned_dataset": True,
    "ckan.auth.user_create_organizations": True,
    "ckan.auth.user_create_groups": True,
}


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A served installation where records are active at once."""
    folder = tmp_path_factory.mktemp("ckan")
    with installation(
        folder, WEIR_PUBLICATION="direct", WEIR_CKAN_OPTIONS=json.dumps(OPTIONS)
    ) as made:
        made.environment["WEIR_SITE_URL"] = made.address
        made.start()
        yield made


@pytest.fixture(scope="session")
def sysadmin_token(served: Installation) -> str:
    """A token of the first administrator."""
    return served.token("admin")


@pytest.fixture(scope="session")
def sysadmin(served: Installation, sysadmin_token: str) -> Client:
    """The sysadmin."""
    return Client(served.address, sysadmin_token)


@pytest.fixture(scope="session")
def anonymous(served: Installation) -> Client:
    """Somebody who is not signed in."""
    return Client(served.address, None)


@pytest.fixture(scope="session")
def organization(sysadmin: Client) -> dict[str, Any]:
    """A department."""
    made: dict[str, Any] = sysadmin("organization_create", name="water-bureau", title="水务局")
    return made


@pytest.fixture
def http(served: Installation) -> Iterator[httpx.Client]:
    """A plain HTTP client without a token."""
    with httpx.Client(base_url=served.address, timeout=60) as client:
        yield client
