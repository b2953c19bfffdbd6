"""The peers of the data plane: Datasette, ROAPI and PostgreSQL, each with the same rows.

Datasette and ROAPI come from `bench/peers.lock` into an environment of their own; PostgreSQL is the
embedded one.
"""

from __future__ import annotations

import contextlib
import csv
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from bench.measuring import Client, Tree, tree_of
from portal.postgres import start_postgres
from tests.installation import free_port

LOCK = Path(__file__).with_name("peers.lock")
START_S = 300
BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Peer:
    """A running peer, and how it is asked."""

    name: str
    address: str
    tree: Tree

    def client(self) -> PeerClient:
        """A connection of its own."""
        return PeerClient(self)


class PeerClient:
    """Asks a peer for a page, an aggregate and the whole."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._http = Client(peer.address) if peer.address.startswith("http") else None
        self._sql = None if self._http else psycopg.connect(peer.address, autocommit=True)

    def page(self, station: int) -> object:
        """A hundred rows of one station, as JSON text where the peer writes any."""
        match self._peer.name:
            case "Datasette":
                asked = f"station_id={station}&_size=100&_shape=array&_nocount=1&_nofacet=1"
                return self._get(f"/readings/readings.json?{asked}")
            case "ROAPI":
                return self._get(f"/api/tables/readings?filter[station_id]={station}&limit=100")
            case _:
                return self._select(
                    "SELECT json_agg(t)"
                    " FROM (SELECT * FROM readings WHERE station_id = %s LIMIT 100) t",
                    station,
                )

    def aggregate(self) -> object:
        """Count and mean of each district."""
        sql = "SELECT district, count(*) AS n, avg(value) AS mean FROM readings GROUP BY district"
        match self._peer.name:
            case "Datasette":
                return self._get(f"/readings.json?sql={quote(sql)}&_shape=array")
            case "ROAPI":
                assert self._http is not None
                return json.loads(self._http.post("/api/sql", sql.encode(), "text/plain"))
            case _:
                return self._select(f"SELECT json_agg(t) FROM ({sql}) t")

    def _get(self, path: str) -> object:
        assert self._http is not None
        return json.loads(self._http.get(path))

    def _select(self, sql: str, *values: object) -> object:
        assert self._sql is not None
        row = self._sql.execute(sql, values).fetchone()
        assert row is not None
        return row[0]


def install(folder: Path) -> Path:
    """An environment with the peers; the folder of its programs."""
    programs = folder / "bin"
    if not (programs / "datasette").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run(
            [
                str(programs / "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "--requirement",
                str(LOCK),
            ],
            check=True,
        )
    return programs


@contextlib.contextmanager
def datasette(programs: Path, csv_path: Path, folder: Path) -> Iterator[Peer]:
    """Datasette over an indexed SQLite file."""
    database = folder / "readings.db"
    _fill_sqlite(database, csv_path)
    port = free_port()
    arguments = [
        "serve",
        str(database),
        "-p",
        str(port),
        "--setting",
        "sql_time_limit_ms",
        "60000",
        "--setting",
        "max_returned_rows",
        "1000",
    ]
    with _running([str(programs / "datasette"), *arguments], folder) as process:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, "/-/versions.json")
        yield Peer("Datasette", address, tree_of(process.pid))


@contextlib.contextmanager
def roapi(programs: Path, csv_path: Path, folder: Path) -> Iterator[Peer]:
    """ROAPI with the rows in memory."""
    port = free_port()
    arguments = [
        "--addr-http",
        f"127.0.0.1:{port}",
        "--addr-postgres",
        f"127.0.0.1:{free_port()}",
        "--table",
        f"readings={csv_path}",
    ]
    with _running([str(programs / "roapi"), *arguments], folder) as process:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, "/api/schema")
        yield Peer("ROAPI", address, tree_of(process.pid))


@contextlib.contextmanager
def postgresql(csv_path: Path, folder: Path, columns: str) -> Iterator[Peer]:
    """PostgreSQL with a B-tree on the key, in JSON from the server itself."""
    server = start_postgres(folder / "postgres")
    try:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE TABLE readings ({columns})")
            copied = connection.cursor().copy("COPY readings FROM STDIN (FORMAT csv, HEADER)")
            with copied as copy, csv_path.open("rb") as file:
                while piece := file.read(1 << 20):
                    copy.write(piece)
            connection.execute("CREATE INDEX ON readings (station_id)")
            connection.execute("VACUUM ANALYZE readings")
        yield Peer("PostgreSQL", server.url(), tree_of(server.pid))
    finally:
        server.stop()


def _fill_sqlite(database: Path, csv_path: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(database)) as connection,
        csv_path.open(newline="") as file,
    ):
        rows = csv.reader(file)
        names = next(rows)
        kinds = {
            "id": "INTEGER",
            "station_id": "INTEGER",
            "value": "REAL",
            "cnt": "INTEGER",
            "lon": "REAL",
            "lat": "REAL",
        }
        listed = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in names)
        connection.execute(f"CREATE TABLE readings ({listed})")
        marks = ", ".join("?" * len(names))
        connection.executemany(f"INSERT INTO readings VALUES ({marks})", rows)
        connection.execute("CREATE INDEX by_station ON readings (station_id)")
        connection.commit()


@contextlib.contextmanager
def _running(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "peer.log").open("ab") as told:
        process = subprocess.Popen(arguments, stdout=told, stderr=told, cwd=folder)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def wait_for(address: str, path: str) -> None:
    """Wait until a server answers at this path."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, AssertionError):
            Client(address).get(path)
            return
        time.sleep(0.2)
    raise TimeoutError(address)
