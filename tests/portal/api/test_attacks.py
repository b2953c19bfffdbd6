"""What strangers send: each is answered with a problem in words, never with a 500."""

from __future__ import annotations

import json

import pytest

from tests.portal.api.test_exchange import Desk, desk, zygote

__all__ = ["desk", "zygote"]

STATEMENTS = (
    *("", " ", "--", "/* */", "SELECT \0", "SELECT $1", "SELECT ?", "SELECT 1; SELECT 2"),
    *("COPY stops TO 'x'", "ATTACH ':memory:'", "SET threads = 4", "SHOW TABLES", "DESCRIBE stops"),
    *("SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/proc/self/environ')"),
    "WITH x AS (DELETE FROM stops RETURNING *) SELECT * FROM x",
    'SELECT * FROM "a]b"',
    "SELECT * FROM stops LIMIT -1",
    "SELECT * FROM stops LIMIT 99999999999999999999",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
    "SELECT " + "1+" * 4_000 + "1",
    "SELECT " + "NOT " * 3_000 + "true",
    " UNION ALL ".join(["SELECT id FROM stops"] * 200),
    "SELECT list_sort(range(1000000000)), id FROM stops",
    "SELECT repeat('x', 1000000000), id FROM stops",
)
FILTERS = (
    *('{"line": "x"}', '{"line": []}', '{"line": [[1]]}', '{"line": 1e400}', '{"line": NaN}'),
    *('{"name": "\\u0000"}', '{"name": "\\ud800"}', '{"\\ud800": 1}', "[1]", "[[]]", '"x"', "1"),
    *('{"line": -9223372036854775809}', '{"line": {"a": 1}}', "[" * 2_000 + "]" * 2_000),
    '{"line": ' + "9" * 5_000 + "}",
    '[{"column": "line", "operator": "<", "value": null}]',
)
BODIES = (
    *(b"", b"null", b"[]", b'"x"', b"NaN", b"\xff\xfe{", b'{"sql": 1}', b'{"sql": "x", "more": 1}'),
    b"[" * 100_000,
    b'{"sql": ' + b"9" * 5_000 + b"}",
    b'{"sql": "\\ud800"}',
)


@pytest.mark.parametrize("sql", STATEMENTS)
def test_hostile_statements_are_refused(desk: Desk, sql: str) -> None:
    desk.city.open_stops()

    answer = desk.client("bo").post("/api/v1/query", json={"sql": sql})

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "root:" not in answer.text


@pytest.mark.parametrize("filters", FILTERS)
def test_hostile_filters_are_refused_or_match_nothing(desk: Desk, filters: str) -> None:
    desk.city.open_stops()

    answer = desk.client().get("/api/v1/datasets/stops/rows", params={"filters": filters})

    assert answer.status_code < 500, answer.text
    assert answer.status_code >= 400 or answer.json()["rows"] == []


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_hostile_bodies_are_refused(desk: Desk, body: bytes) -> None:
    answer = desk.client("bo").post(
        "/api/v1/query", content=body, headers={"Content-Type": "application/json"}
    )

    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_refused_reader_is_told_why_and_where_to_go(desk: Desk) -> None:
    desk.city.sold_stops()

    told = desk.client("bo").get(
        "/api/v1/datasets/sold-stops/rows", headers={"Accept-Language": "zh"}
    )

    assert told.status_code == 403
    problem = json.loads(told.text)
    assert problem["reasons"][0]["zh"] in problem["detail"]
    assert "/dataset/sold-stops/buy" in problem["detail"]
