"""The data plane over HTTP beside bare DuckDB, Datasette, ROAPI and PostgreSQL, on the same rows.

    python bench/data_plane.py [--rows 1000000] [--no-peers] [--growth 100000,1000000,10000000]

CPU is of every server's whole process tree for one call, less what it costs idle; medians of three
rounds. Answers are compared before anything is timed. With `--growth` ours is measured at each
size.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import httpx
import orjson
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import peers
from bench.measuring import (
    WAIT_S,
    Client,
    Cost,
    Tree,
    cost_at_once,
    cost_of,
    cpu_s,
    idle_share,
    tree_of,
    wait_until,
)
from tests.installation import Installation, free_port, installation
from tests.journey.city import City

ROWS_PER_STATION = 100
CALLS = 400
SLOW_CALLS = 5
CLIENTS = 8
COLUMNS = (
    "id bigint, ts timestamp, station_id bigint, district text, category text, value float8, "
    "cnt bigint, lon float8, lat float8, note text"
)
READINGS = """
    SELECT i + 1 AS id,
           TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS ts,
           (i * 7919) % {stations} + 1 AS station_id,
           ['浦东新区','黄浦区','徐汇区','长宁区','静安区','普陀区','虹口区','杨浦区','闵行区','宝山区',
            '嘉定区','金山区','松江区','青浦区','奉贤区','崇明区'][1 + (i * 31) % 16] AS district,
           'category-' || (i * 17) % 200 AS category,
           round(((i * 104729) % 100000) / 100.0, 2) AS value,
           (i * 13) % 1000 AS cnt,
           round(121 + ((i * 37) % 10000) / 10000.0, 4) AS lon,
           round(31 + ((i * 41) % 10000) / 10000.0, 4) AS lat,
           'note ' || i % 1000 AS note
      FROM range({rows}) t(i)
"""
AGGREGATE = "SELECT district, count(*) AS n, avg(value) AS mean FROM readings GROUP BY district"


def main() -> None:
    """Load, compare, measure, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--no-peers", action="store_true")
    asked.add_argument("--growth", default="")
    asked.add_argument("--peers-folder", type=Path, default=Path(".peers"))
    told = asked.parse_args()
    sizes = [int(size) for size in told.growth.split(",") if size] or [told.rows]
    for rows in sizes:
        folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
        try:
            csv_path = folder / "readings.csv"
            duckdb.execute(f"COPY ({_readings(rows)}) TO '{csv_path}' (FORMAT csv, HEADER)")
            print(f"\n{rows:,} rows, {csv_path.stat().st_size / 1e6:.0f} MB as CSV", flush=True)
            measure_ours(folder, csv_path, rows)
            if not told.no_peers and not told.growth:
                measure_peers(folder, csv_path, rows, told.peers_folder)
        finally:
            shutil.rmtree(folder)


def measure_ours(folder: Path, csv_path: Path, rows: int) -> None:
    """Ours and bare DuckDB."""
    with installation(folder) as made:
        made.start()
        city = City(made)
        city.settle_in()
        city.register("airport-publisher", "readings")
        answer = city.of("airport-publisher").patch(
            "/api/v1/datasets/readings/distributions/data", json={"key_columns": ["station_id"]}
        )
        assert answer.status_code == 200, answer.text
        tree: Tree = made.processes
        client = Client(made.address)
        _measure_ingest(made, city, csv_path, client)
        copy = next(made.data.glob("private/serving/**/data.duckdb"))
        with duckdb.connect(str(copy), read_only=True) as bare:
            bare.execute("SET threads = 1")
            _check_page(client, bare, rows)
            idle = idle_share(tree)
            print(f"idle {idle * 1000:.1f} ms CPU a second, taken off", flush=True)
            _measure_pages(made, client, bare, rows, idle)
            _measure_sql(made, bare, idle)
            _measure_file(made, client, copy.with_name("data.csv"), idle)


def _measure_ingest(made: Installation, city: City, csv_path: Path, client: Client) -> None:
    """Reading, the gate with all that follows its verdict, the copies; each until all is at rest.

    What the processes cost idle meanwhile is taken off.
    """
    tree: Tree = made.processes
    idle = idle_share(tree)
    begun, before = time.perf_counter(), cpu_s(tree())

    def so_far() -> float:
        return cpu_s(tree()) - before - idle * (time.perf_counter() - begun)

    with csv_path.open("rb") as file:
        answer = city.of("airport-publisher").put(
            "/api/v1/datasets/readings/distributions/data/uploads/readings.csv",
            content=iter(lambda: file.read(1 << 20), b""),
            timeout=WAIT_S,
        )
    assert answer.status_code == 202, answer.text
    upload = f"/uploads/{answer.json()['id']}"
    wait_until(lambda: city.get("airport-publisher", upload)["state"] in ("ingested", "failed"))
    read, versions = so_far(), "/datasets/readings/versions"
    wait_until(lambda: bool(city.get("airport-publisher", versions)["items"][0]["verdict"]))
    idle_share(tree)
    checked = so_far()
    city.post("airport-publisher", "/datasets/readings/submit")
    city.post("airport-approver", "/datasets/readings/publish")
    city.list_free("airport-publisher", "airport-approver", "readings", "open")
    client.get("/api/v1/datasets/readings/rows?limit=1")
    idle_share(tree)
    ours = so_far()
    bare = _bare_conversion(csv_path)
    gate, copies = checked - read, ours - checked
    print(
        f"ingest, s CPU: read {read:.1f}, gate {gate:.1f}, publish and copies {copies:.1f}; "
        f"bare CSV to Parquet {bare:.2f}; without the gate {(read + copies) / bare:.1f} x, "
        f"with it {ours / bare:.1f} x",
        flush=True,
    )


def _bare_conversion(csv_path: Path) -> float:
    """Seconds of CPU that DuckDB takes to make a Parquet of the file; the least of three."""
    target, taken = csv_path.with_name("bare.parquet"), []
    for _ in range(3):
        before = cpu_s([psutil.Process()])
        duckdb.execute(f"COPY (FROM '{csv_path}') TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        taken.append(cpu_s([psutil.Process()]) - before)
    return min(taken)


def _measure_pages(
    made: Installation, client: Client, bare: duckdb.DuckDBPyConnection, rows: int, idle: float
) -> None:
    stations = _stations(rows)
    tree: Tree = made.processes
    own: Tree = lambda: [psutil.Process()]  # noqa: E731

    def bare_page() -> bytes:
        found = bare.execute(f"SELECT * FROM data WHERE station_id = {next(stations)} LIMIT 100")
        names = [one[0] for one in found.description or ()]
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in found.fetchall()])

    _told("page by key, bare DuckDB + orjson in process", cost_of(bare_page, CALLS, own))
    # Nobody has asked yet: the engine answers, until the rows are written out in the background.
    deadline = time.monotonic() + 600
    while not any(made.data.glob("private/serving/**/rows.manifest.json")):
        client.get(_page_path(next(stations)))
        assert time.monotonic() < deadline
    time.sleep(1)
    for _ in range(50):
        client.get(_page_path(next(stations)))
    _told(
        "page by key, ours, 1 connection",
        cost_of(lambda: client.get(_page_path(next(stations))), CALLS, tree, idle=idle),
    )
    _told(
        "page by a range (the engine answers), ours",
        cost_of(lambda: client.get(_range_path(next(stations))), CALLS // 4, tree, idle=idle),
    )

    def another() -> Callable[[], bytes]:
        mine = Client(made.address)
        own_stations = _stations(rows)
        return lambda: mine.get(_page_path(next(own_stations)))

    _told(
        "page by key, ours, 8 connections",
        cost_at_once(another, CALLS * 4, CLIENTS, tree, idle=idle),
    )
    last = rows - 200
    _told(
        "page by deep offset, ours",
        cost_of(
            lambda: client.get(f"/api/v1/datasets/readings/rows?offset={last}"),
            CALLS,
            tree,
            idle=idle,
        ),
    )


def _measure_sql(made: Installation, bare: duckdb.DuckDBPyConnection, idle: float) -> None:
    own: Tree = lambda: [psutil.Process()]  # noqa: E731
    bare_sql = AGGREGATE.replace("readings", "data")
    inside = _told(
        "group by, bare DuckDB in process",
        cost_of(lambda: bare.execute(bare_sql).fetchall(), 20, own),
    )
    body = json.dumps({"sql": AGGREGATE}).encode()
    expected = sorted(bare.execute(f"SELECT district, n FROM ({bare_sql})").fetchall())
    got = json.loads(Client(made.address).post("/api/v1/query", body))["rows"]
    assert sorted((row["district"], row["n"]) for row in got) == expected
    client = Client(made.address)
    repeat = _told(
        "group by, ours, asked again",
        cost_of(lambda: client.post("/api/v1/query", body), 30, made.processes, idle=idle),
    )
    print(f"    over in-process: {repeat.cpu_ms - inside.cpu_ms:+.1f} ms", flush=True)


def _measure_file(made: Installation, client: Client, stored: Path, idle: float) -> None:
    path = "/api/v1/datasets/readings/download.csv"
    assert client.read_away(path) == stored.stat().st_size
    ours = _told(
        "whole CSV, ours",
        cost_of(lambda: client.read_away(path), SLOW_CALLS, made.processes, idle=idle),
    )
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "bench.bare_files:app",
            "--port",
            str(port),
            "--log-level",
            "warning",
        ],
        env=os.environ | {"WEIR_BENCH_FILE": str(stored)},
        cwd=Path(__file__).resolve().parent.parent,
    )
    try:
        peers.wait_for(f"http://127.0.0.1:{port}", "/")
        other = Client(f"http://127.0.0.1:{port}")
        bare = _told(
            "whole CSV, bare file server",
            cost_of(lambda: other.read_away("/"), SLOW_CALLS, tree_of(process.pid)),
        )
        print(f"    ratio {ours.cpu_ms / bare.cpu_ms:.2f}", flush=True)
    finally:
        process.terminate()
        process.wait(30)


def measure_peers(folder: Path, csv_path: Path, rows: int, peers_folder: Path) -> None:
    """The same page and aggregate of each peer."""
    programs = peers.install(peers_folder)
    running: list[Callable[[], contextlib.AbstractContextManager[peers.Peer]]] = [
        lambda: peers.roapi(programs, csv_path, folder),
        lambda: peers.postgresql(csv_path, folder, COLUMNS),
        lambda: peers.datasette(programs, csv_path, folder),
    ]
    expected = {
        row[0]: row[1]
        for row in duckdb.execute(
            f"SELECT district, n FROM ({AGGREGATE.replace('readings', repr(str(csv_path)))})"
        ).fetchall()
    }
    for start in running:
        with start() as peer:
            _measure_peer(peer, rows, expected)


def _measure_peer(peer: peers.Peer, rows: int, expected: dict[str, int]) -> None:
    asks = peer.client()
    page = asks.page(7)
    assert isinstance(page, list)
    assert sorted(int(row["id"]) for row in page) == _ids(rows, 7), peer.name
    counted = asks.aggregate()
    assert isinstance(counted, list)
    assert {row["district"]: row["n"] for row in counted} == expected, peer.name
    idle, stations = idle_share(peer.tree), _stations(rows)
    _told(
        f"page by key, {peer.name}",
        cost_of(lambda: asks.page(next(stations)), CALLS // 4, peer.tree, idle=idle),
    )
    _told(f"group by, {peer.name}", cost_of(asks.aggregate, 5, peer.tree, idle=idle))


def _check_page(client: Client, bare: duckdb.DuckDBPyConnection, rows: int) -> None:
    for station in (1, 7, rows // ROWS_PER_STATION):
        page = json.loads(client.get(_page_path(station)))
        expected = bare.execute(f"SELECT id FROM data WHERE station_id = {station}").fetchall()
        assert sorted(row["id"] for row in page["rows"]) == sorted(one for (one,) in expected)
        assert page["total"] == ROWS_PER_STATION


def _ids(rows: int, station: int) -> list[int]:
    found = duckdb.execute(
        f"SELECT id FROM ({_readings(rows)}) WHERE station_id = {station} ORDER BY id"
    )
    return [row[0] for row in found.fetchall()]


def _stations(rows: int) -> Iterator[int]:
    """Keys in an order of their own, each once before any comes again."""
    keys = list(range(1, rows // ROWS_PER_STATION + 1))
    random.Random(11).shuffle(keys)
    return itertools.cycle(keys)


def _readings(rows: int) -> str:
    return READINGS.format(rows=rows, stations=rows // ROWS_PER_STATION)


def _page_path(station: int) -> str:
    filters = httpx.QueryParams({"filters": json.dumps({"station_id": station}), "limit": 100})
    return f"/api/v1/datasets/readings/rows?{filters}"


def _range_path(station: int) -> str:
    told = [{"column": "station_id", "operator": ">=", "value": station}]
    asked = httpx.QueryParams({"filters": json.dumps(told), "limit": 100})
    return f"/api/v1/datasets/readings/rows?{asked}"


def _told(name: str, cost: Cost) -> Cost:
    print(f"{name:48s}{cost}", flush=True)
    return cost


if __name__ == "__main__":
    main()
