"""kill -9 at random moments, while files are read and checked and data is delivered.

Nothing that was acknowledged is lost, nothing undelivered is charged, and no process is left.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from tests.counts import examples
from tests.installation import installation
from tests.journey.city import City

ROUNDS = examples(5, long=50)
UNIT = 10
PIECE_TYPE = "application/offset+octet-stream"
WAIT_S = 180
BUSY_S_MAX = 2.5
ROLES = ("server", "worker", "quality", "web", "zygote", "sequencer")
FLIGHTS = "flight,delay\n" + "".join(f"F{number:05d},{number % 60}\n" for number in range(3000))


@dataclass
class Record:
    """What the outside was told, to be compared with what is there in the end."""

    uploads: list[str] = field(default_factory=list)
    """Ids of uploads that were acknowledged."""
    receipts: dict[str, tuple[str, int]] = field(default_factory=dict)
    """By idempotency key: receipt and rows of deliveries whose answer arrived."""
    keys: list[tuple[str, str]] = field(default_factory=list)
    """Every key under which something was asked, with its SQL, answered or not."""


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    folder = Path(tempfile.mkdtemp(prefix="weir-kill-"))
    with installation(folder) as made:
        made.start()
        lived_in = City(made)
        lived_in.settle_in()
        lived_in.register(
            "airport-publisher",
            "flights",
            open_type="not_open",
            open_basis="Operator's own data; commercial secret.",
            share_type="conditional",
        )
        lived_in.publish("airport-publisher", "airport-approver", "flights", FLIGHTS.encode())
        yield lived_in
    shutil.rmtree(folder)


def test_a_file_in_pieces_goes_on_after_the_server_was_killed(city: City) -> None:
    city.register("publisher", "pieces")
    content = b"code,name\n" + b"".join(b"%07d,station\n" % row for row in range(200_000))
    place = "/api/v1/datasets/pieces/distributions/data/resumable-uploads"
    tus = {"Tus-Resumable": "1.0.0"}
    begun = city.of("publisher").post(place, headers={**tus, "Upload-Length": str(len(content))})
    address = begun.headers["Location"]
    kept = 0

    for share in (0.3, 0.6):
        end = int(len(content) * share)
        patched = {**tus, "Upload-Offset": str(kept), "Content-Type": PIECE_TYPE}
        answer = city.of("publisher").patch(address, content=content[kept:end], headers=patched)
        assert answer.status_code == 204, answer.text
        kept = end

        def broken_off(first: int) -> Iterator[bytes]:
            yield content[first : first + 100_000]
            city.installation.kill()
            yield content[first + 100_000 :]

        patched["Upload-Offset"] = str(kept)
        with contextlib.suppress(httpx.TransportError):
            city.of("publisher").patch(address, content=broken_off(kept), headers=patched)
        city.installation.start()
        wait_until_ready(city)
        here = int(city.of("publisher").head(address, headers=tus).headers["Upload-Offset"])
        assert kept <= here < len(content)
        kept = here

    patched = {**tus, "Upload-Offset": str(kept), "Content-Type": PIECE_TYPE}
    last = city.of("publisher").patch(address, content=content[kept:], headers=patched)
    upload_id = last.headers["Content-Location"].rsplit("/", 1)[-1]
    read = city.wait_until_read("publisher", upload_id)
    assert (read["state"], read["sha256"]) == ("ingested", hashlib.sha256(content).hexdigest())


def test_kill_at_random_moments_loses_nothing_and_charges_nothing_undelivered(city: City) -> None:
    agreement = city.buy(city.list_for_money("flights", unit_microcredits=UNIT))
    city.top_up(100)
    buyer = city.bound_client(str(agreement["id"]))
    for slug in ("first", "second"):
        city.register("publisher", slug)
    for name in ("publisher", "buyer", "auditor"):
        city.of(name)
    dice = random.Random(20261122)
    told = Record()

    for number in range(ROUNDS):
        with busy(city, buyer, told, number):
            time.sleep(dice.uniform(0.0, BUSY_S_MAX))
            victim = ROLES[number % len(ROLES)]
            if victim == "server":
                city.installation.kill()
                assert city.installation.left_running() == []
            else:
                with contextlib.suppress(AssertionError, psutil.NoSuchProcess):
                    city.installation.child(victim).kill()
        if city.installation.process is None:
            city.installation.start()
        wait_until_ready(city)

    for upload in told.uploads:
        assert city.wait_until_read("publisher", upload)["state"] == "ingested"
    for key, sql in told.keys:
        rows = ask_until_answered(buyer, sql, key)
        if key in told.receipts:
            assert told.receipts[key] == rows
        told.receipts[key] = rows
    charged = sum(rows * UNIT for _, rows in told.receipts.values())
    assert wait_until_released(city)
    assert 100_000_000 - city.get("buyer", "/balance")["available_microcredits"] == charged
    assert "see above" not in city.installation.command("doctor")
    city.installation.stop()
    assert city.installation.left_running() == []


@contextlib.contextmanager
def busy(city: City, buyer: httpx.Client, told: Record, number: int) -> Iterator[None]:
    """Upload, publish and buy from threads of their own until the block ends."""
    ends = threading.Event()
    workers = [
        threading.Thread(target=keep_uploading, args=(city, told, number, ends)),
        threading.Thread(target=keep_buying, args=(buyer, told, number, ends)),
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        ends.set()
        for worker in workers:
            worker.join(WAIT_S)
            assert not worker.is_alive()


def keep_uploading(city: City, told: Record, number: int, ends: threading.Event) -> None:
    """Upload one small file after the other; note what was acknowledged."""
    turn = 0
    while not ends.is_set():
        slug = ("first", "second")[turn % 2]
        content = "code,round\n" + "".join(f"{row:04d},{number}\n" for row in range(200 + turn))
        with contextlib.suppress(httpx.TransportError):
            answer = city.of("publisher").put(
                f"/api/v1/datasets/{slug}/distributions/data/uploads/{slug}.csv",
                content=content.encode(),
            )
            if answer.status_code == 202:
                told.uploads.append(answer.json()["id"])
            with contextlib.suppress(httpx.TransportError):
                city.of("publisher").post(f"/api/v1/datasets/{slug}/submit")
                city.of("approver").post(f"/api/v1/datasets/{slug}/publish")
        turn += 1
        ends.wait(0.3)


def keep_buying(buyer: httpx.Client, told: Record, number: int, ends: threading.Event) -> None:
    """Buy some rows under a key each time; note which answers arrived."""
    turn = 0
    while not ends.is_set():
        key, rows = f"round-{number}-{turn}", 1 + (number * 7 + turn) % 50
        sql = f"SELECT flight, delay FROM flights LIMIT {rows}"
        told.keys.append((key, sql))
        with contextlib.suppress(httpx.TransportError):
            answer = buyer.post(
                "/api/v1/query", json={"sql": sql}, headers={"Idempotency-Key": key}
            )
            if answer.status_code == 200:
                told.receipts[key] = (answer.headers["Weir-Receipt"], rows)
        turn += 1


def ask_until_answered(buyer: httpx.Client, sql: str, key: str) -> tuple[str, int]:
    """Ask under a key again until it is answered; its receipt and rows."""
    deadline = time.monotonic() + WAIT_S
    told = ""
    while time.monotonic() < deadline:
        answer = buyer.post("/api/v1/query", json={"sql": sql}, headers={"Idempotency-Key": key})
        if answer.status_code == 200:
            return answer.headers["Weir-Receipt"], int(answer.headers["Weir-Rows"])
        told = answer.text
        time.sleep(0.5)
    raise AssertionError(f"{key} was never answered: {told}")


def wait_until_ready(city: City) -> None:
    """Wait until the web answers again and a query process can be had."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{city.installation.address}/readyz", timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError("the web did not come back")


def wait_until_released(city: City) -> bool:
    """Whether what a killed delivery held was given back by the sweep in time."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if city.get("buyer", "/balance")["held_microcredits"] == 0:
            return True
        time.sleep(1)
    return False
