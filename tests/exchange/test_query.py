"""Tests of `exchange.query`."""

from __future__ import annotations

import pytest

from catalog.errors import MalformedStatement, NotOneSelect
from exchange.errors import StatementTooLarge
from exchange.query import (
    BRACKET_DEPTH_MAX,
    TABLES_NAMED_MAX,
    normalized_hash,
    read_statement,
    tables_named_in,
)
from exchange.statement import STATEMENT_BYTES_MAX
from policies.errors import Refusal


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT 1", set()),
        ("VALUES (1)", set()),
        ("TABLE stops", {"stops"}),
        ("FROM stops", {"stops"}),
        ("FROM 停车场 SELECT count(*)", {"停车场"}),
        ("SELECT * FROM Stops, LINES l", {"stops", "lines"}),
        ('SELECT * FROM "3f2a-""x"""', {'3f2a-"x"'}),
        ("SELECT * FROM a UNION ALL (SELECT * FROM b EXCEPT SELECT * FROM c)", {"a", "b", "c"}),
        ("SELECT (SELECT 1 FROM a) FROM b WHERE x IN (SELECT y FROM c)", {"a", "b", "c"}),
        ("SELECT * FROM a JOIN LATERAL (SELECT * FROM b) ON true", {"a", "b"}),
        ("SELECT * FROM range(3), unnest([1]) u, generate_series(1, 2)", set()),
        ("WITH a AS (SELECT * FROM b) SELECT * FROM a, c", {"b", "c"}),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", {"a"}),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b", {"b"}),
        ("WITH a AS (SELECT 1), b AS (SELECT * FROM A) SELECT * FROM b", set()),
        ("WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT * FROM a) SELECT * FROM a", set()),
        ("SELECT * FROM (WITH a AS (SELECT * FROM k) SELECT * FROM a) JOIN a ON true", {"a", "k"}),
        ("SELECT * FROM main.stops", {"main.stops"}),
        ("SELECT * FROM '/etc/passwd'", {"/etc/passwd"}),
        ("SELECT id AS a, 'FROM b' FROM c -- FROM d", {"c"}),
        ("SELECT 1 FROM a ;; ", {"a"}),
    ],
)
def test_the_tables_of_a_statement_are_found(sql: str, tables: set[str]) -> None:
    assert tables_named_in(sql) == tables


@pytest.mark.parametrize(
    "sql",
    [
        *("", ";", "-- nothing", "SELECT 1; SELECT 2", "INSERT INTO t VALUES (1)", "DESCRIBE t"),
        *("DROP TABLE t", "SET x = 1", "PRAGMA version", "ATTACH 'x'", "COPY t TO 'x'"),
    ],
)
def test_what_is_not_one_select_is_refused(sql: str) -> None:
    with pytest.raises(NotOneSelect):
        read_statement(sql)


@pytest.mark.parametrize("sql", ["SELECT 'a", "SELECT (1", "SELECT 1\0", "SELECT '\ud800'"])
def test_a_broken_text_is_refused(sql: str) -> None:
    with pytest.raises(MalformedStatement):
        read_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '" + "字" * (STATEMENT_BYTES_MAX // 3) + "'",
        "SELECT " + "(" * (BRACKET_DEPTH_MAX + 1) + "1" + ")" * (BRACKET_DEPTH_MAX + 1),
        "SELECT " + "[" * (BRACKET_DEPTH_MAX + 1) + "1" + "]" * (BRACKET_DEPTH_MAX + 1),
        "SELECT " + ("(" + "[" + "{'a':") * 50 + "1" + "}])" * 50,
        " UNION ALL ".join(["SELECT 1"] * 60),
        "SELECT * FROM a " + " ".join(f"JOIN a a{n} ON true" for n in range(60)),
        "SELECT * FROM " + ", ".join(f"a{n}" for n in range(TABLES_NAMED_MAX + 1)),
        "SELECT " + ", ".join(["1"] * 10_000),
        "SELECT 1 WHERE " + " OR ".join(["true"] * 3_000),
        "SELECT " + "NOT " * 5_000 + "true",
        "SELECT " + "CASE WHEN true THEN " * 600 + "1" + " END" * 600,
    ],
)
def test_a_text_out_of_bounds_is_refused_before_any_engine(sql: str) -> None:
    with pytest.raises(StatementTooLarge):
        read_statement(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "- " * 900 + "1",
        "SELECT " + "+".join(["1"] * 4_000),
        "SELECT " + "a." * 900 + "b",
    ],
)
def test_a_text_that_is_deep_without_brackets_ends_in_an_answer_or_a_refusal(sql: str) -> None:
    try:
        read_statement(sql)
    except Refusal:
        return


def test_spaces_comments_and_case_of_keywords_do_not_change_the_hash() -> None:
    written = "SELECT  a -- first\n  FROM t /* all */ WHERE x = 'Y' ;"

    assert normalized_hash(written) == normalized_hash("select a from t where x = 'Y'")


@pytest.mark.parametrize(
    "other",
    [
        "SELECT A FROM t WHERE x = 'Y'",
        "SELECT a FROM t WHERE x = 'y'",
        'SELECT a FROM t WHERE x = "Y"',
        "SELECT a FROM t WHERE x = 'Y' LIMIT 1",
        "SELECT a FROM t WHERE x <> 'Y'",
        "SELECT a FROM t WHERE x = ' Y'",
        "SELECT ab FROM t WHERE x = 'Y'",
        "SELECT a b FROM t WHERE x = 'Y'",
    ],
)
def test_anything_that_may_change_the_answer_changes_the_hash(other: str) -> None:
    assert normalized_hash(other) != normalized_hash("SELECT a FROM t WHERE x = 'Y'")
