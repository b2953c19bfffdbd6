"""Two servers and two workers on one PostgreSQL and one S3, each with a folder of its own.

kill -9 of any of the four at any moment, and a wiped cache, lose nothing: every accepted file
becomes a version, every version is whole, and readers see whole versions only.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

import httpx
import psycopg
import pytest

from portal.postgres import start_postgres
from tests.installation import Installation, free_port
from tests.journey.city import City, answered
from tests.s3 import S3Server, s3_server

IS_LONG = os.environ.get("WEIR_TEST_COUNTS") == "long"
LOADS = 200 if IS_LONG else 4
KILL_EVERY_LOADS = 2 if IS_LONG else 1
WAIT_S = 300
ROWS = 400
SECRET = "the machines of the test city share this"


Found = TypeVar("Found")


@dataclass
class Machines:
    """The four, what they share, and the folder that each has to itself."""

    folder: Path
    environment: dict[str, str]
    s3: S3Server
    prefix: str
    servers: list[Installation] = field(default_factory=list)
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_server(self, name: str) -> Installation:
        """Serve in a new folder."""
        made = Installation(self.folder / name / "data", free_port(), self.environment)
        made.data.mkdir(parents=True)
        made.start()
        self.servers.append(made)
        return made

    def start_worker(self, name: str) -> None:
        """Take jobs in a folder of its own."""
        data = self.folder / name / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.workers[name] = subprocess.Popen(
            [sys.executable, "-m", "portal", "worker", "--data", str(data)],
            stdout=(data.parent / "worker.log").open("ab"),
            stderr=subprocess.STDOUT,
            env=os.environ | self.environment,
            start_new_session=True,
        )

    def kill(self, number: int) -> None:
        """kill -9 of one of the four, and start it again."""
        if number < len(self.servers):
            self.servers[number].kill()
            assert self.servers[number].left_running() == []
            self.servers[number].start()
            return
        name = list(self.workers)[number - len(self.servers)]
        self.workers[name].kill()
        self.workers[name].wait()
        self.start_worker(name)

    def end(self) -> None:
        """End all of them in good order."""
        for process in self.workers.values():
            process.send_signal(signal.SIGINT)
        for server in self.servers:
            server.stop()
        for process in self.workers.values():
            process.wait(60)


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    folder = Path(tempfile.mkdtemp(prefix="weir-several-"))
    postgres = start_postgres(folder / "cluster", options=("-c", "max_connections=200"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(postgres.stop)
        s3 = stack.enter_context(s3_server())
        environment = s3.environment | {
            "WEIR_DATABASE_URL": postgres.url(),
            "WEIR_STORAGE_URL": s3.url("city"),
            "WEIR_KEY_SECRET": SECRET,
            "WEIR_SITE_URL": "http://weir.example",
        }
        made = Machines(folder, environment, s3, "city")
        stack.callback(made.end)
        made.start_server("server-1")
        made.start_server("server-2")
        made.start_worker("worker-1")
        made.start_worker("worker-2")
        yield made


@pytest.fixture(scope="module")
def city(machines: Machines) -> City:
    """People who speak to the first server; `through` speaks to another one."""
    lived_in = City(machines.servers[0])
    lived_in.settle_in()
    lived_in.register("publisher", "stops")
    lived_in.publish("publisher", "approver", "stops", content_of(0))
    lived_in.list_free("publisher", "approver", "stops", "open")
    return lived_in


def content_of(number: int) -> bytes:
    """A file all of whose rows tell its number, so that a mixed version shows."""
    lines = [f"{row:05d},{number}" for row in range(ROWS)]
    return ("code,round\n" + "\n".join(lines) + "\n").encode()


def through(city: City, server: Installation, name: str) -> httpx.Client:
    """The same person at another server."""
    return httpx.Client(base_url=server.address, headers=city.of(name).headers, timeout=60)


def test_what_one_server_took_in_the_other_hands_out_though_every_cache_was_wiped(
    city: City, machines: Machines
) -> None:
    first, second = machines.servers
    for server in machines.servers:
        server.kill()
        for name in ("blobs", "tables", "serving", "results", "search"):
            shutil.rmtree(server.data / "private" / name)
        server.start()

    with through(city, second, "") as visitor:
        page = answered(visitor.get("/api/v1/datasets/stops/rows?limit=5"), 200)
        sql = {"sql": "SELECT count(*) AS n, max(round) AS r FROM stops"}
        with through(city, second, "buyer") as buyer:
            asked = buyer.post("/api/v1/query", json=sql)
            again = through(city, first, "buyer").get(
                f"/api/v1/receipts/{asked.headers['Weir-Receipt']}/result"
            )
        file = visitor.get("/api/v1/datasets/stops/download.csv")

    assert [row["round"] for row in page["rows"]] == [0] * 5
    assert asked.status_code == 200, asked.text
    assert again.content == asked.content
    assert file.status_code == 200, file.text
    assert len(file.content.splitlines()) == ROWS + 1


def test_what_was_damaged_in_a_cache_is_mended_from_the_bucket(
    city: City, machines: Machines
) -> None:
    server = machines.servers[1]
    for name in ("tables", "serving"):
        for path in (server.data / "private" / name).rglob("*"):
            if path.is_file() and path.suffix in (".parquet", ".duckdb", ".csv"):
                path.write_bytes(b"damaged")

    with through(city, server, "") as visitor:
        page = answered(visitor.get("/api/v1/datasets/stops/rows?limit=5"), 200)

    assert [row["round"] for row in page["rows"]] == [0] * 5


def test_a_token_of_one_server_counts_at_the_other_and_receipts_verify_alike(
    city: City, machines: Machines
) -> None:
    first, second = machines.servers

    keys = [httpx.get(f"{one.address}/.well-known/jwks.json").json() for one in (first, second)]

    assert keys[0] == keys[1]
    with through(city, second, "publisher") as publisher:
        assert publisher.get("/api/v1/datasets/stops/versions").status_code == 200


@dataclass
class Told:
    """What the outside was told."""

    uploads: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    reads: int = 0


def test_kill_of_any_of_the_four_loses_no_version_and_shows_no_half_one(
    city: City, machines: Machines
) -> None:
    dice = random.Random(20261128)
    told, ends = Told(), threading.Event()
    for slug in ("left", "right"):
        city.register("publisher", slug)
        city.publish("publisher", "approver", slug, content_of(0))
        city.list_free("publisher", "approver", slug, "open")
    readers = [
        threading.Thread(target=keep_reading, args=(city, server, told, ends))
        for server in machines.servers
    ]
    for reader in readers:
        reader.start()

    for number in range(1, LOADS + 1):
        load(city, machines, told, number)
        if number % KILL_EVERY_LOADS == 0:
            ends.wait(dice.uniform(0.0, 1.5))
            machines.kill((number // KILL_EVERY_LOADS - 1) % 4)

    for upload in told.uploads:
        assert until(partial(state_of, city, upload)) == "ingested"
    assert until(partial(is_quiet, machines))
    ends.set()
    for reader in readers:
        reader.join(WAIT_S)
        assert not reader.is_alive()
    assert told.mixed == []
    assert told.reads > 0
    assert len(told.uploads) == LOADS
    for slug in ("left", "right"):
        versions = city.get("publisher", f"/datasets/{slug}/versions")["items"]
        assert [one["number"] for one in versions] == list(range(len(versions), 0, -1))
        assert all(one["row_count"] == ROWS and one["verdict"] for one in versions)
    assert "see above" not in machines.servers[0].command("doctor")


def load(city: City, machines: Machines, told: Told, number: int) -> None:
    """Send a file to either server until one accepts it, and let it be published."""
    slug = ("left", "right")[number % 2]
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        server = machines.servers[number % len(machines.servers)]
        with (
            contextlib.suppress(httpx.TransportError),
            through(city, server, "publisher") as publisher,
            through(city, server, "approver") as approver,
        ):
            answer = publisher.put(
                f"/api/v1/datasets/{slug}/distributions/data/uploads/{slug}.csv",
                content=content_of(number),
            )
            if answer.status_code == 202:
                told.uploads.append(answer.json()["id"])
                publisher.post(f"/api/v1/datasets/{slug}/submit")
                approver.post(f"/api/v1/datasets/{slug}/publish")
                return
        time.sleep(0.2)
    raise AssertionError("no server accepted the file")


def keep_reading(city: City, server: Installation, told: Told, ends: threading.Event) -> None:
    """Read whole versions; what is neither whole nor refused is noted."""
    with through(city, server, "") as visitor:
        while not ends.is_set():
            for slug in ("left", "right"):
                with contextlib.suppress(httpx.TransportError):
                    answer = visitor.get(f"/api/v1/datasets/{slug}/rows?limit={ROWS}")
                    if answer.status_code != 200:
                        continue
                    rounds = [row["round"] for row in answer.json()["rows"]]
                    told.reads += 1
                    if len(rounds) != ROWS or len(set(rounds)) != 1:
                        told.mixed.append(answer.text[:200])
            ends.wait(0.2)


def state_of(city: City, upload: str) -> str | None:
    """Where an upload is; None while it is on its way."""
    with contextlib.suppress(httpx.TransportError):
        told = city.of("publisher").get(f"/api/v1/uploads/{upload}")
        if told.status_code == 200 and told.json()["state"] in ("ingested", "failed"):
            return str(told.json()["state"])
    return None


def is_quiet(machines: Machines) -> bool | None:
    """Whether every job that files make has ended; None while one has not."""
    with psycopg.connect(machines.environment["WEIR_DATABASE_URL"]) as tx:
        row = tx.execute(
            """
            SELECT count(*)
              FROM jobs.procrastinate_jobs
             WHERE status IN ('todo', 'doing')
               AND task_name IN ('ingest', 'assess', 'prepare_copies')
            """
        ).fetchone()
    return True if row == (0,) else None


def until(look: Callable[[], Found | None]) -> Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not happen in time")
