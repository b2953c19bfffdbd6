"""Records, their history, talk and wishes over the API."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from policies.identity.people import organization_named
from policies.party import Role
from portal.wiring import Wiring
from tests.people import enrol
from tests.portal.api.test_datasets import Site

RECORD: dict[str, Any] = {
    "slug": "parking",
    "title": {"zh": "公共停车场", "en": "Public car parks"},
    "share_type": "conditional",
    "open_type": "unconditional",
    "update_cycle": "monthly",
    "directory": {
        "gov_code": "301005/00012",
        "share_condition": "For patrols",
        "temporal_start": "2024-01-01",
        "format_class": "spreadsheet",
        "languages": ["zh"],
        "extras": {"old_id": "7"},
    },
    "distributions": [],
}


@pytest.fixture
def site(wiring: Wiring) -> Site:
    """The application with people around it."""
    return Site(wiring)


def reader(site: Site) -> TestClient:
    with site.wiring.pool.connection() as tx:
        enrol(tx, "reader", (Role.BUYER, organization_named(tx, "transport")))
    return site.client("reader")


def published(site: Site) -> None:
    assert site.publisher.post("/api/v1/datasets", json=RECORD).status_code == 201
    assert site.publisher.post("/api/v1/datasets/parking/submit").status_code == 200
    reviewed = site.approver.post("/api/v1/datasets/parking/review")
    assert reviewed.json()["state"] == "reviewed"
    assert site.approver.post("/api/v1/datasets/parking/publish").json()["state"] == "published"


def test_directory_fields_are_typed_and_share_fields_stay_inside(site: Site) -> None:
    published(site)

    own = site.publisher.get("/api/v1/datasets/parking").json()
    public = site.anybody.get("/api/v1/datasets/parking").json()

    assert own["directory"] == RECORD["directory"]
    assert public["directory"] == {
        name: RECORD["directory"][name]
        for name in ("gov_code", "temporal_start", "format_class", "languages")
    }
    assert public["audience"] == "public"


def test_only_the_fields_that_are_given_change_and_null_empties_one(site: Site) -> None:
    site.publisher.post("/api/v1/datasets", json=RECORD)

    changed = site.publisher.patch(
        "/api/v1/datasets/parking",
        json={"audience": "departments", "directory": {"spatial": "310000", "gov_code": None}},
    ).json()

    assert changed["audience"] == "departments"
    assert changed["directory"]["spatial"] == "310000"
    assert "gov_code" not in changed["directory"]
    assert changed["directory"]["share_condition"] == "For patrols"


@pytest.mark.parametrize(
    ("directory", "status"),
    [
        ({"gov_code": "no code"}, 400),
        ({"format_class": "floppy"}, 422),
        ({"colour": "red"}, 422),
        ({"temporal_start": "2024-02-30"}, 422),
        ({"scenario": "x" * 3000}, 400),
    ],
)
def test_malformed_fields_are_refused_and_named(
    site: Site, directory: dict[str, Any], status: int
) -> None:
    answer = site.publisher.post("/api/v1/datasets", json={**RECORD, "directory": directory})

    assert answer.status_code == status
    assert next(iter(directory)) in answer.text


def test_a_series_takes_datasets_in_and_what_is_none_does_not(site: Site) -> None:
    whole = {**RECORD, "slug": "years", "directory": {"type_name": "series"}}
    del whole["distributions"]
    made = site.publisher.post("/api/v1/datasets", json=whole).json()
    assert made["distributions"] == []

    part = site.publisher.post("/api/v1/datasets", json={**RECORD, "series": "years"}).json()
    assert part["series"] == "years"
    wrong = site.publisher.patch("/api/v1/datasets/years", json={"series": "parking"})
    assert wrong.status_code == 400
    out = site.publisher.patch("/api/v1/datasets/parking", json={"series": ""}).json()
    assert out["series"] is None
    unknown = site.publisher.patch("/api/v1/datasets/parking", json={"themes": ["nothing"]})
    assert unknown.json()["code"] == "unknown-theme"


def test_the_history_tells_outsiders_no_names_and_a_withdrawn_record_is_taken_up(
    site: Site,
) -> None:
    published(site)
    site.publisher.patch("/api/v1/datasets/parking", json={"licence": "CC0-1.0"})

    told = site.anybody.get("/api/v1/datasets/parking/history").json()["items"]
    assert [one["kind"] for one in told] == ["dataset.changed", "dataset.published"]
    assert told[0]["changes"] == [{"field": "licence", "before": None, "after": "CC0-1.0"}]
    assert {one["by"] for one in told} == {None}

    place = "/api/v1/datasets/parking"
    assert site.approver.post(f"{place}/withdraw", json={"reason": "Wrong"}).status_code == 200
    assert site.anybody.get(f"{place}/history").status_code == 404
    again = site.publisher.post(f"{place}/take-up", json={"reason": "Mended"}).json()
    assert (again["state"], again["state_reason"]) == ("draft", "Mended")


def test_questions_and_reuses_over_the_api(site: Site) -> None:
    published(site)
    place, asker = "/api/v1/datasets/parking", reader(site)

    assert site.anybody.post(f"{place}/questions", json={"body": "Why?"}).status_code == 401
    asked = asker.post(f"{place}/questions", json={"body": "Why?"}).json()["id"]
    site.publisher.post(f"{place}/questions/{asked}/answers", json={"body": "Because."})
    reuse = {"title": "Map", "link": "https://a.example/", "maker": "Me"}
    assert asker.post(f"{place}/reuses", json=reuse).status_code == 201
    assert asker.post(f"{place}/reuses", json=reuse).status_code == 409

    talk = site.anybody.get(f"{place}/talk").json()
    assert talk["questions"][0]["answers"][0]["is_official"]
    assert talk["reuses"][0]["link"] == "https://a.example/"
    hide = {"kind": "question", "id": asked, "reason": "Off topic"}
    assert site.publisher.post(f"{place}/talk/moderate", json=hide).status_code == 204
    assert site.anybody.get(f"{place}/talk").json()["questions"] == []


def test_wishes_over_the_api(site: Site) -> None:
    published(site)
    place = "/api/v1/data-requests"
    wish = {"title": "Free places", "department": "transport"}

    assert site.anybody.post(place, json=wish).status_code == 401
    made = reader(site).post(place, json=wish).json()
    assert (made["state"], made["department"], made["joined"]) == ("open", "transport", 1)
    joined = site.approver.post(f"{place}/{made['id']}/join").json()
    assert joined["joined"] == 2
    bad = site.publisher.post(f"{place}/{made['id']}/answer", json={"kind": "shrug"})
    assert bad.status_code == 422
    met = site.publisher.post(
        f"{place}/{made['id']}/answer", json={"kind": "point", "dataset": "parking"}
    ).json()
    assert (met["state"], met["dataset"]) == ("met", "parking")
    board = site.anybody.get(place).json()
    assert (board["count"], board["items"][0]["is_joined"]) == (1, False)
