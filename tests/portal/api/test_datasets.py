from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from catalog import find
from catalog.folders import Folders
from catalog.version import Version
from policies.database import Tx
from policies.identity.authenticate import actor_of_user
from policies.identity.people import organization_named, user_named
from policies.party import Role
from portal.app import create_app
from portal.settings import create_folders
from portal.wiring import Wiring
from tests.catalog import city
from tests.people import enrol
from tests.portal.visitor import api_token

STOPS: dict[str, Any] = {
    "slug": "bus-stops",
    "title": {"zh": "公交站点", "en": "Bus stops"},
    "share_type": "unconditional",
    "open_type": "unconditional",
    "update_cycle": "monthly",
    "keywords": ["bus"],
}


class Site:
    """The application, and clients of the people around it."""

    def __init__(self, wiring: Wiring) -> None:
        create_folders(wiring.settings)
        self.wiring = wiring
        self.app = create_app(wiring)
        with wiring.pool.connection() as tx:
            enrol(tx, "zhao", (Role.APPROVER, organization_named(tx, "transport")))
        self.publisher = self.client("li.wei")
        self.approver = self.client("zhao")
        self.anybody = TestClient(self.app, headers={"Accept-Language": "en"})

    def client(self, name: str) -> TestClient:
        token = api_token(self.wiring, name)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        return TestClient(self.app, headers=headers)

    def add_checked_version(self, slug: str = "bus-stops") -> None:
        """A version that the gate let pass, as the worker would have made it."""
        with self.wiring.pool.connection() as tx:
            made = _version(tx, self.wiring.folders, slug)
            city.judge(tx, made)


def _version(tx: Tx, folders: Folders, slug: str) -> Version:
    publisher = actor_of_user(tx, user_named(tx, "li.wei"))
    transport = organization_named(tx, "transport")
    people = city.City(transport, publisher, publisher, publisher, publisher, publisher)
    dataset = find.dataset_named(tx, slug, by=publisher)
    return city.add_version(tx, people, find.distribution_named(tx, dataset, "data"), folders)


@pytest.fixture
def site(wiring: Wiring) -> Site:
    return Site(wiring)


def test_a_dataset_is_registered_with_a_place_for_its_data(site: Site) -> None:
    made = site.publisher.post("/api/v1/datasets", json=STOPS)

    assert made.status_code == 201, made.text
    body = made.json()
    assert UUID(body["id"])
    assert (body["state"], body["publisher"]["slug"], body["grade"]) == ("draft", "transport", 1)
    assert [one["slug"] for one in body["distributions"]] == ["data"]
    assert site.publisher.get("/api/v1/datasets/bus-stops").json() == body


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"colour": "red"}, 422, "malformed-request"),
        ({"slug": "Bus stops"}, 400, "malformed-slug"),
        ({"title": {}}, 400, "title-missing"),
        ({"title": {"zh": "a\u0000b"}}, 400, "text-unwritable"),
        ({"share_type": "not_shared"}, 400, "legal-basis-missing"),
        ({"open_type": "not_open"}, 400, "legal-basis-missing"),
        ({"publisher": "nobody"}, 404, "organization-not-found"),
        ({"grade": 9}, 422, "malformed-request"),
    ],
)
def test_what_is_wrong_is_said(site: Site, wrong: dict[str, Any], status: int, code: str) -> None:
    answer = site.publisher.post("/api/v1/datasets", json=STOPS | wrong)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert site.publisher.get("/api/v1/datasets").json()["count"] == 0


def test_a_refusal_speaks_the_language_of_the_caller(site: Site) -> None:
    answer = site.publisher.post(
        "/api/v1/datasets",
        json=STOPS | {"share_type": "not_shared"},
        headers={"Accept-Language": "zh"},
    )

    assert "法律" in answer.json()["detail"]


def test_a_visitor_sees_no_draft_and_registers_nothing(site: Site) -> None:
    site.publisher.post("/api/v1/datasets", json=STOPS)

    assert site.anybody.get("/api/v1/datasets").json() == {"items": [], "count": 0, "next": None}
    assert site.anybody.get("/api/v1/datasets/bus-stops").status_code == 404
    assert site.anybody.get("/api/v1/datasets/bus-stops/versions").status_code == 404
    assert site.anybody.post("/api/v1/datasets", json=STOPS).status_code == 401
    assert site.approver.post("/api/v1/datasets", json=STOPS).status_code == 403


def test_only_what_is_given_changes(site: Site) -> None:
    before = site.publisher.post("/api/v1/datasets", json=STOPS).json()

    answer = site.publisher.patch(
        "/api/v1/datasets/bus-stops", json={"licence": "CC BY 4.0", "keywords": ["tram"]}
    )

    assert answer.status_code == 200, answer.text
    after = answer.json()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"licence", "keywords", "modified_at"}
    assert (after["licence"], after["keywords"]) == ("CC BY 4.0", ["tram"])


def test_a_list_is_searched_and_turned_page_by_page(site: Site) -> None:
    for number in range(3):
        site.publisher.post("/api/v1/datasets", json=STOPS | {"slug": f"stops-{number}"})
    site.publisher.post(
        "/api/v1/datasets", json=STOPS | {"slug": "roads", "title": {"en": "Roads"}, "keywords": []}
    )

    first = site.publisher.get("/api/v1/datasets", params={"q": "公交", "limit": 2}).json()
    rest = site.publisher.get(
        "/api/v1/datasets", params={"q": "公交", "limit": 2, "cursor": first["next"]}
    ).json()

    assert (first["count"], len(first["items"]), len(rest["items"])) == (3, 2, 1)
    assert rest["next"] is None
    assert site.publisher.get("/api/v1/datasets", params={"cursor": "x"}).status_code == 400


def test_two_people_take_a_dataset_to_everybody_and_back(site: Site) -> None:
    site.publisher.post("/api/v1/datasets", json=STOPS)
    nothing = site.publisher.post("/api/v1/datasets/bus-stops/submit")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing-to-submit")
    site.add_checked_version()

    assert site.publisher.post("/api/v1/datasets/bus-stops/submit").json()["state"] == "submitted"
    assert site.publisher.post("/api/v1/datasets/bus-stops/publish").status_code == 403
    returned = site.approver.post("/api/v1/datasets/bus-stops/return", json={"reason": "站名"})
    assert (returned.json()["state"], returned.json()["state_reason"]) == ("draft", "站名")
    site.publisher.post("/api/v1/datasets/bus-stops/submit")
    published = site.approver.post("/api/v1/datasets/bus-stops/publish")
    assert published.json()["state"] == "published", published.text

    seen = site.anybody.get("/api/v1/datasets/bus-stops").json()
    assert seen["distributions"][0]["newest"]["number"] == 1
    versions = site.anybody.get("/api/v1/datasets/bus-stops/versions").json()["items"]
    assert [version["state"] for version in versions] == ["published"]
    withdrawn = site.approver.post("/api/v1/datasets/bus-stops/withdraw", json={"reason": "x"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert site.anybody.get("/api/v1/datasets/bus-stops").status_code == 404


def test_a_distribution_is_added_and_gets_a_key(site: Site) -> None:
    site.publisher.post("/api/v1/datasets", json=STOPS)
    place = "/api/v1/datasets/bus-stops/distributions"

    added = site.publisher.post(place, json={"slug": "daily", "title": {"en": "By day"}})
    changed = site.publisher.patch(f"{place}/daily", json={"key_columns": ["day"]})

    assert added.status_code == 201
    assert changed.json()["key_columns"] == ["day"]
    assert changed.json()["title"] == {"en": "By day"}
    assert site.publisher.patch(f"{place}/other", json={}).status_code == 404
