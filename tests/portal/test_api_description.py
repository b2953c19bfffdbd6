"""Tests of `portal/api_description.py`: what programs are told about the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from portal.app import create_app
from portal.wiring import Wiring

Operation = dict[str, Any]
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


@pytest.fixture
def client(wiring: Wiring) -> TestClient:
    return TestClient(create_app(wiring), raise_server_exceptions=False)


def test_every_operation_names_the_problems_that_it_can_end_in(client: TestClient) -> None:
    told = client.get("/openapi.json").json()

    for name, operation in operations(told):
        for status in ("400", "401", "403", "404", "429", "default"):
            assert_told(operation["responses"][status]["content"], name, status)
        for status, response in operation["responses"].items():
            if not status.startswith("2"):
                assert_told(response["content"], name, status)
    assert "HTTPValidationError" not in told["components"]["schemas"]


def test_what_may_cost_names_the_empty_balance(client: TestClient) -> None:
    told = client.get("/openapi.json").json()

    assert "402" in told["paths"]["/api/v1/query"]["post"]["responses"]
    assert "402" in told["paths"]["/api/v1/datasets/{slug}/rows"]["get"]["responses"]
    assert "402" not in told["paths"]["/api/v1/users"]["get"]["responses"]


def test_every_operation_answers_odd_values_with_a_problem_that_it_names(
    client: TestClient,
) -> None:
    told = client.get("/openapi.json").json()

    for name, operation in operations(told):
        method, path = name.split(" ")
        for odd in ("%00", "..%2F..%2Fetc", "%F0%9F%8F%99" * 50, "-1", "9" * 400, "%0D%0AX: y"):
            answer = client.request(
                method, address(path, odd, operation), content=b'{"a":' * 2000, headers=JSON
            )
            answered = operation["responses"]
            status = str(answer.status_code)
            assert answer.status_code < 500, (name, odd, answer.text)
            # A value with a slash in it leads to another path.
            assert status in answered or "2F" in odd or status == "405", (name, odd, status)
            if answer.status_code >= 400 and method != "head":
                told_forms = answered.get(status, {}).get("content", PROBLEM)
                assert answer.headers["content-type"] in told_forms, (name, odd, answer.text)


def assert_told(content: dict[str, Any], name: str, status: str) -> None:
    """Problems as RFC 9457 has them; beside them, at OAuth's addresses, as RFC 6749 has them."""
    forms = {"application/problem+json"} | ({"application/json"} if "/oauth/" in name else set())
    assert PROBLEM.items() <= content.items(), (name, status)
    assert content.keys() <= forms, (name, status)


JSON = {"Content-Type": "application/json", "Accept-Language": "zh"}


def operations(told: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Each operation, by its method and path."""
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def address(path: str, odd: str, operation: Operation) -> str:
    """The address with an odd value for every parameter."""
    names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    for one in operation.get("parameters", ()):
        path = path.replace("{" + one["name"] + "}", odd)
    return path + "?" + "&".join(f"{name}={odd}" for name in names)
