"""Tests of `portal/body_bound.py`: no body grows without bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from portal.body_bound import BODY_BYTES_MAX
from portal.wiring import Wiring


@pytest.fixture
def client(wiring: Wiring) -> TestClient:
    return TestClient(create_app(wiring), headers={"Accept-Language": "zh"})


def test_a_json_body_that_is_too_large_is_a_problem(client: TestClient) -> None:
    answer = client.post("/api/v1/query", json={"sql": "x" * BODY_BYTES_MAX})

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(BODY_BYTES_MAX) in answer.json()["detail"]


def test_a_body_that_hides_its_length_is_broken_off(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1000 + 10):
            yield b"x" * 1000

    answer = client.post(
        "/api/v1/query", content=pieces(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413


def test_a_form_that_is_too_large_is_answered_with_a_page(client: TestClient) -> None:
    client.get("/user/login")

    answer = client.post(
        "/user/login",
        data={"name": "x" * BODY_BYTES_MAX},
        headers={"Accept": "text/html"},
        cookies=dict(client.cookies),
    )

    assert answer.status_code == 413
    assert answer.headers["content-type"].startswith("text/html")


def test_a_file_may_be_larger_than_any_other_body(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/datasets/stops/distributions/data/uploads", content=b"x" * (BODY_BYTES_MAX + 1)
    )

    assert answer.status_code == 401
