"""A connection of a whole installation: its worker reads the source, also when it is killed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.harvest.simulator import Reply, simulated
from tests.installation import installation
from tests.journey.city import WAIT_S, City, answered

PLACE = "/api/v1/datasets/stops/distributions/data/connection"


@pytest.fixture(scope="module")
def city() -> Iterator[City]:
    with (
        tempfile.TemporaryDirectory(prefix="weir-connections-") as folder,
        installation(Path(folder), WEIR_CONNECT_ALLOW="127.0.0.0/8") as made,
    ):
        made.start()
        lived_in = City(made)
        lived_in.settle_in()
        lived_in.register("publisher", "stops")
        yield lived_in
        made.stop()


def ended(city: City, number: int) -> dict[str, Any]:
    """A run once nothing is still to happen."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        run = answered(city.of("publisher").get(f"{PLACE}/runs/{number}"), 200)
        if run["state"] not in ("queued", "fetching", "loading"):
            return dict(run)
        time.sleep(0.1)
    raise AssertionError(run)


def begun(city: City, act: str) -> int:
    number = answered(city.of("publisher").post(f"{PLACE}/{act}"), 202)["number"]
    assert isinstance(number, int)
    return number


def test_the_worker_tries_reads_and_ends_a_run_whose_worker_was_killed(city: City) -> None:
    asked: list[Mapping[str, str]] = []

    def answering(path: str, headers: Mapping[str, str]) -> Reply:
        asked.append(headers)
        if len(asked) == 2:
            # The worker dies in the middle of its reading.
            city.installation.child("worker").kill()
        return Reply(b"code,name\n" + b"".join(b"%d,a\n" % n for n in range(500)))

    with simulated(answering) as address:
        answered(city.of("publisher").put(PLACE, json={"kind": "url", "address": address}), 200)
        tried = ended(city, begun(city, "try"))
        answered(city.of("publisher").post(f"{PLACE}/switch-on"), 200)
        loaded = ended(city, begun(city, "run"))
        again = ended(city, begun(city, "run"))

    assert tried["look"]["columns"] == ["code", "name"]
    assert (loaded["state"], loaded["row_count"]) == ("loaded", 500)
    assert again["state"] == "unchanged"
    assert len(asked) == 4
    versions = answered(city.of("publisher").get("/api/v1/datasets/stops/versions"), 200)["items"]
    assert [one["row_count"] for one in versions] == [500]
