"""What cannot be understood is refused in the caller's language, and never breaks the server."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from portal.wiring import Wiring
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import city, wiring  # noqa: F401  fixtures
from tests.portal.visitor import api_token

ENGLISH = re.compile(r"[A-Za-z]{3,} [a-z]{2,}")
"""Two English words side by side; names of fields and values stand alone."""
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(wiring: Wiring) -> TestClient:  # noqa: F811
    return TestClient(create_app(wiring), headers={"Accept-Language": "zh"})


def refused_in_chinese(answer: object) -> dict[str, object]:
    told: dict[str, object] = answer.json()  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    words = [told["detail"], *(one["detail"] for one in told.get("errors", []))]  # type: ignore[attr-defined]
    for one in words:
        assert re.search("[\u4e00-\u9fff]{2}", str(one)), told
        assert not ENGLISH.search(str(one)), told
    return told


@pytest.mark.parametrize(
    "body",
    [
        {"sql": 7},
        {"sql": ["SELECT 1"]},
        {"sql": "SELECT 1", "format": "exe"},
        {"sql": "SELECT 1", "guard": "perhaps"},
        {"sql": "SELECT 1", "surprise": 1},
        {},
        [],
        "SELECT 1",
    ],
)
def test_every_field_that_does_not_fit_is_told_in_the_callers_language(
    client: TestClient, body: object
) -> None:
    answer = client.post("/api/v1/query", json=body)

    assert answer.status_code == 422
    assert refused_in_chinese(answer)["errors"]


@pytest.mark.parametrize("value", ["-1", "abc", "1e9", "99999999999999999999999", "1.5", "", "%00"])
def test_a_number_in_an_address_that_does_not_fit_is_told(client: TestClient, value: str) -> None:
    answer = client.get(f"/api/v1/datasets/stops/rows?limit={value}")

    assert 400 <= answer.status_code < 500
    refused_in_chinese(answer)


def test_a_parameter_that_the_route_does_not_know_is_refused_and_named(client: TestClient) -> None:
    answer = client.get("/api/v1/datasets?limt=5&lang=zh")

    assert answer.status_code == 422
    refused_in_chinese(answer)
    assert [error["field"] for error in answer.json()["errors"]] == ["limt"]


@pytest.mark.parametrize(
    "content",
    [b'{"sql":"\xff\xfe"}', b'{"sql":' + b"[" * 100_000, b'{"sql":' + b"9" * 5000 + b"}"],
    ids=["no UTF-8", "deep", "a number without end"],
)
def test_a_body_that_cannot_be_read_is_refused(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/v1/query", content=content, headers=JSON)

    assert answer.status_code in (400, 422)
    refused_in_chinese(answer)


def test_a_method_that_an_address_does_not_take_names_those_that_it_takes(
    client: TestClient,
) -> None:
    answer = client.delete("/api/v1/query")

    assert answer.status_code == 405
    assert "POST" in str(refused_in_chinese(answer)["detail"])

    # Both are routes of their own.
    answer = client.post("/api/v1/datasets/stops/contract", headers=JSON)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, PUT"
    assert "GET, PUT" in str(refused_in_chinese(answer)["detail"])


@pytest.mark.parametrize("text", [r"a\u0000b", r"\ud800"], ids=["NUL", "half a character"])
def test_a_text_that_cannot_be_stored_is_the_senders_to_mend(
    client: TestClient,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    text: str,
) -> None:
    listing = city.shared_stops()
    token = api_token(wiring, "jian")
    body = f"""{{"target_kind": "listing", "target_id": "{listing.id}", "reason": "{text}"}}"""

    answer = client.post(
        "/api/v1/audit/freezes",
        content=body.encode(),
        headers=JSON | {"Authorization": f"Bearer {token}"},
    )

    assert 400 <= answer.status_code < 500, answer.text
    refused_in_chinese(answer)


@pytest.mark.parametrize("amount", ["5", True, 1.5, None, -1, 10**30])
def test_money_is_a_whole_number_and_nothing_that_could_pass_for_one(
    client: TestClient,
    city: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    amount: object,
) -> None:
    token = api_token(wiring, "cai")

    assert city.finance.user_id
    answer = client.post(
        "/api/v1/organizations/acme/payments",
        json={"amount_microcredits": amount, "reference": "P-1", "paid_on": "2026-03-01"},
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 422
    refused_in_chinese(answer)
