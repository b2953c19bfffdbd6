"""Tests of `portal/serve.py`: one installation as its operator meets it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from catalog.kernel_limits import protections
from tests.installation import Installation, free_port, installation
from tests.journey.city import City


@pytest.fixture(scope="module")
def served() -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="weir-serve-"))
    with installation(folder, WEIR_PUBLICATION="direct") as made:
        made.start()
        yield made
    shutil.rmtree(folder)


def test_a_second_server_on_one_folder_says_so_and_stops(served: Installation) -> None:
    second = subprocess.run(
        [
            sys.executable,
            "-m",
            "portal",
            "serve",
            "--data",
            str(served.data),
            "--port",
            str(free_port()),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert second.returncode == 1
    assert "already being served" in second.stderr
    assert httpx.get(f"{served.address}/healthz").status_code == 200


def test_a_taken_port_gives_way_to_the_next_free_one_and_is_told(served: Installation) -> None:
    folder = Path(tempfile.mkdtemp(prefix="weir-port-"))
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "portal",
            "serve",
            "--data",
            str(folder / "data"),
            "--port",
            str(served.port),
        ],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        told = process.stdout.readline() + process.stdout.readline()
        assert f"port {served.port} is taken" in told
        address = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert address is not None
        assert httpx.get(f"{address[0]}/healthz").status_code == 200
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def test_the_web_process_never_loads_great_expectations(served: Installation) -> None:
    loaded = {
        Path(mapped.path).parts
        for mapped in served.child("web").memory_maps()
        if "site-packages" in mapped.path
    }
    packages = {parts[parts.index("site-packages") + 1] for parts in loaded}
    check = subprocess.run(
        [
            sys.executable,
            "-c",
            "import portal.app, sys; sys.exit('great_expectations' in sys.modules)",
        ],
        check=False,
    )

    assert "scipy" not in packages  # great_expectations cannot be loaded without it
    assert check.returncode == 0


def test_the_zygote_has_no_secret_and_no_network_of_the_machine(served: Installation) -> None:
    environment = served.child("zygote").environ()

    assert not [name for name in environment if name.startswith(("WEIR_", "PG"))]
    if protections()["network namespace"]:
        zygote = served.child("zygote").pid
        assert Path(f"/proc/{zygote}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()


def test_open_ungraded_data_is_published_at_once_where_nobody_has_to_review(
    served: Installation,
) -> None:
    city = City(served)
    city.settle_in()
    city.register("publisher", "stops")

    city.upload("publisher", "stops", "code,name\n001,一\n002,二\n".encode())

    version = city.wait_until_checked("publisher", "stops")
    assert version["verdict"].startswith("passed")
    page = wait_for_rows(served, "stops")
    assert page["rows"][0]["code"] == "001"


def test_a_killed_child_is_started_again(served: Installation) -> None:
    before = served.child("sequencer").pid

    psutil.Process(before).kill()

    assert wait_until(lambda: _pid(served, "sequencer") not in (None, before))


def wait_for_rows(served: Installation, slug: str) -> dict[str, list[dict[str, str]]]:
    """The first page of an open dataset once anybody may read it."""
    answers: list[httpx.Response] = []

    def is_open() -> bool:
        answers.append(httpx.get(f"{served.address}/api/v1/datasets/{slug}/rows?sort=code"))
        return answers[-1].status_code == 200

    assert wait_until(is_open), answers[-1].text
    body: dict[str, list[dict[str, str]]] = answers[-1].json()
    return body


def _pid(served: Installation, role: str) -> int | None:
    try:
        return served.child(role).pid
    except AssertionError:
        return None


def wait_until(is_so: Callable[[], bool], timeout_s: float = 60) -> bool:
    """Whether it came to be so in time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.1)
    return False


def test_help_needs_nothing_heavy() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys, portal.__main__;"
                "sys.exit(bool({'fastapi', 'duckdb', 'psycopg', 'jinja2'} & set(sys.modules)))"
            ),
        ],
        env=os.environ,
        check=False,
    )

    assert done.returncode == 0
