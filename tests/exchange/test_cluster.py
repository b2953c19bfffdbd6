"""Statements on a Spark Connect server: the same answers, the same rules, the same receipts."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from catalog.cluster import Cluster
from catalog.errors import (
    ClusterAway,
    ForbiddenPart,
    MalformedStatement,
    NoSuchTable,
    NotForCluster,
)
from catalog.mask import Mask, MaskKind
from catalog.result import ResultFormat
from catalog.view import Condition, Operator, View
from exchange.allow import Ask, Parts
from exchange.carry import carry
from exchange.deliver import deliver_query
from exchange.delivery import Delivered, SqlQuestion
from exchange.errors import NothingNamed
from exchange.list_product import Proposal
from exchange.settle import balance_of
from policies.party import ANONYMOUS, Actor
from policies.terms import OpenType, Regime, ShareType
from portal.problems import status_of
from tests.exchange.city import LAWFUL, OWN_PRODUCTION, PER_ROW, City, entry

TRIPS = """
    SELECT i AS id, '站' || i AS name, i % 7 AS line, CAST(i * 1.25 AS DECIMAL(12, 2)) AS price,
           i / 3 AS pace, DATE '2026-01-01' + CAST(i % 300 AS INTEGER) AS day,
           TIMESTAMP '2026-01-01 08:00:00' + INTERVAL (i) MINUTE AS left_at,
           CASE WHEN i % 11 = 0 THEN NULL ELSE i % 5 END AS gap, i % 2 = 0 AS is_open
      FROM range(1, 2001) AS t(i)
"""
TWENTY = (
    "SELECT count(*) FROM trips",
    (
        "SELECT line, count(*) AS c, sum(price) AS p, avg(pace) AS a FROM trips GROUP BY line "
        "ORDER BY line"
    ),
    "SELECT id, name FROM trips WHERE name LIKE '%99%' ORDER BY id DESC LIMIT 5",
    "SELECT gap, count(*) FROM trips GROUP BY gap ORDER BY gap",
    "SELECT gap, id FROM trips ORDER BY gap DESC, id LIMIT 3",
    "SELECT id // 7 AS q, id / 8 AS r, id % 7 AS m FROM trips ORDER BY id LIMIT 9",
    "SELECT date_trunc('month', day) AS m, count(*) FROM trips GROUP BY 1 ORDER BY 1",
    (
        "SELECT year(day), month(left_at), strftime(left_at, '%Y-%m-%d %H:%M') FROM trips "
        "ORDER BY id LIMIT 3"
    ),
    (
        "SELECT id, row_number() OVER (PARTITION BY line ORDER BY price DESC) AS r FROM trips "
        "QUALIFY r <= 2 ORDER BY id"
    ),
    "SELECT string_agg(name, '|' ORDER BY id) FROM trips WHERE id < 5",
    "SELECT coalesce(gap, -1) AS v, count(DISTINCT line) FROM trips GROUP BY v ORDER BY v",
    "SELECT max(name), min(left_at), max(day) FROM trips",
    (
        "SELECT a.line, count(*) FROM trips a JOIN trips b ON a.id = b.id + 1 GROUP BY a.line "
        "ORDER BY 1"
    ),
    (
        "WITH big AS (SELECT * FROM trips WHERE price > 100) SELECT is_open, round(avg(price), 2) "
        "FROM big GROUP BY is_open ORDER BY is_open"
    ),
    (
        "SELECT name FROM trips WHERE id = 1 UNION ALL SELECT name FROM trips WHERE id = 2 "
        "ORDER BY name"
    ),
    (
        "SELECT upper('abc') || name AS s, length(name), substr(name, 2, 2) FROM trips ORDER BY id "
        "LIMIT 2"
    ),
    (
        "SELECT date_diff('day', DATE '2025-12-31', day) AS k, day + INTERVAL 1 DAY AS e "
        "FROM trips ORDER BY id LIMIT 2"
    ),
    (
        "SELECT CASE WHEN is_open THEN '开' ELSE '关' END AS z, sum(id) FILTER (WHERE line = 1) "
        "FROM trips GROUP BY z ORDER BY z"
    ),
    "SELECT id FROM trips WHERE line IN (SELECT line FROM trips WHERE id = 3) ORDER BY id LIMIT 3",
    "SELECT *, lag(id) OVER (ORDER BY id) AS before FROM trips ORDER BY id LIMIT 4",
)


@pytest.fixture(scope="module")
def sail() -> Iterator[str]:
    """The address of a Sail server."""
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


def on(url: str, city: City) -> Parts:
    return replace(city.parts, cluster=Cluster(url, bytes_min=1))


def trips(city: City) -> None:
    """Open data with a column of each kind."""
    dataset = city.publish(
        "trips",
        by=city.publisher,
        approver=city.approver,
        entry=entry(licence="CC-BY-4.0"),
        select=TRIPS,
    )
    proposal = Proposal(Regime.OPEN, declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)


def asked(parts: Parts, sql: str, by: Actor, form: ResultFormat = ResultFormat.JSON) -> Delivered:
    return deliver_query(parts, SqlQuestion(sql, form), Ask(by))


def receipts(city: City) -> int:
    with city.pool.connection() as tx:
        row = tx.execute("SELECT count(*) AS n FROM exchange.receipts").fetchone()
    assert row is not None
    count: int = row["n"]
    return count


def check_the_twenty(city: City, url: str) -> None:
    trips(city)
    there = on(url, city)
    assert len(TWENTY) == 20
    for sql in TWENTY:
        here = json.loads(asked(city.parts, sql, ANONYMOUS).path.read_bytes())
        assert json.loads(asked(there, sql, ANONYMOUS).path.read_bytes()) == here, sql


def test_the_same_twenty_queries_give_the_same_answers_on_duckdb_and_on_sail(
    city: City, sail: str
) -> None:
    check_the_twenty(city, sail)


@pytest.mark.long
def test_the_same_twenty_queries_give_the_same_answers_on_apache_spark(city: City) -> None:
    url = os.environ.get("WEIR_TEST_SPARK_URL")
    if not url:
        pytest.skip("WEIR_TEST_SPARK_URL names no Apache Spark Connect server")
    check_the_twenty(city, url)


@pytest.mark.parametrize("form", list(ResultFormat))
def test_every_form_of_a_result_is_the_same_file(city: City, sail: str, form: ResultFormat) -> None:
    trips(city)
    sql = (
        "SELECT line, sum(id) AS n, max(name) AS last, min(left_at) AS t FROM trips GROUP BY line "
    )
    sql += "ORDER BY line"

    here, there = (asked(parts, sql, ANONYMOUS, form) for parts in (city.parts, on(sail, city)))

    assert there.path.read_bytes() == here.path.read_bytes()
    assert there.sha256 == here.sha256
    assert there.receipt_id != here.receipt_id


def test_a_buyer_pays_the_same_and_only_the_permitted_columns_and_rows_are_there(
    city: City, sail: str
) -> None:
    dataset = city.publish(
        "people",
        by=city.seller,
        approver=city.seller_head,
        entry=entry(share_type=ShareType.CONDITIONAL, open_type=OpenType.NOT_OPEN),
    )
    view = View(
        columns=("id", "name"),
        rows=(Condition("line", Operator.EQUAL, 1),),
        masks={"name": Mask(MaskKind.HASH)},
    )
    listing = city.list(
        dataset,
        Proposal(Regime.TRADE, price=PER_ROW, declared=OWN_PRODUCTION, view=view),
        by=city.seller,
        opener=city.bureau,
    )
    buyer = city.token(city.buy(listing))
    city.pay_in(100_000)
    there = on(sail, city)

    got = asked(there, "SELECT * FROM people ORDER BY id", buyer)

    answer = json.loads(got.path.read_bytes())
    assert [column["name"] for column in answer["columns"]] == ["id", "name"]
    assert all(len(row["name"]) == 64 for row in answer["rows"])
    assert (got.row_count, got.charge) == (10, 10_000)
    before = receipts(city)
    for wrong in (
        "SELECT line FROM people",
        "SELECT * FROM parquet.`/etc/passwd`",
        "SELECT * FROM weir_0",
        "SELECT * FROM read_parquet('/etc/passwd')",
    ):
        with pytest.raises(
            (MalformedStatement, NoSuchTable, ForbiddenPart, NotForCluster, NothingNamed)
        ):
            asked(there, wrong, buyer)
    assert receipts(city) == before
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).held == 0
        assert balance_of(tx, city.acme.id).available == 90_000


def test_what_has_no_equal_there_is_refused_before_anything_is_held(city: City, sail: str) -> None:
    trips(city)
    before = receipts(city)

    for sql, part in (
        ("SELECT quantile_cont(pace, 0.5) FROM trips", "percentile"),
        ("SELECT * EXCLUDE (id) FROM trips", "EXCLUDE"),
        ("SELECT line, count(*) FROM trips GROUP BY ALL", "ALL"),
        ("SELECT [id] FROM trips", "array"),
        ("SELECT regexp_matches(name, 'a') FROM trips", "regexp"),
        ("SELECT jaccard(name, name) FROM trips", "jaccard"),
    ):
        with pytest.raises(NotForCluster) as told:
            asked(on(sail, city), sql, ANONYMOUS)
        assert part.lower() in told.value.part.lower()
        asked(city.parts, sql, ANONYMOUS)

    assert receipts(city) == before + 6


def test_a_cluster_that_is_down_is_said_and_nothing_is_charged(city: City) -> None:
    listing = city.sold_stops()
    buyer = city.token(city.buy(listing))
    city.pay_in(100_000)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed = probe.getsockname()[1]

    with pytest.raises(ClusterAway) as told:
        asked(on(f"sc://127.0.0.1:{closed}", city), "SELECT * FROM sold_stops", buyer)

    assert status_of(told.value) == 503
    with city.pool.connection() as tx:
        assert balance_of(tx, city.acme.id).held == 0
        assert balance_of(tx, city.acme.id).available == 100_000
    assert receipts(city) == 0


def test_small_tables_stay_here(city: City) -> None:
    trips(city)
    parts = replace(city.parts, cluster=Cluster("sc://127.0.0.1:1", bytes_min=1 << 30))

    assert asked(parts, "SELECT count(*) FROM trips", ANONYMOUS).row_count == 1


def test_a_statement_is_carried_to_the_views_of_its_tables_alone() -> None:
    text = carry(
        "WITH a AS (SELECT * FROM Stops) SELECT a.id, s.name FROM a JOIN stops s ON s.id = a.id",
        {"stops": "weir_0"},
    )

    assert text.count("weir_0") == 2
    for wrong in ("SELECT * FROM other", "SELECT * FROM x.stops", "SELECT * FROM range(3)"):
        with pytest.raises(NotForCluster):
            carry(wrong, {"stops": "weir_0"})
