"""Tables that are fed in small steps: what a batch costs, and whether it grows with their number.

    python bench/steps.py

A whole installation is fed over HTTP, as clients of the DataStore do. Wall times of single calls;
the median of several. The table of the second part has 1M rows of ten columns.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.installation import Installation, installation

ROWS = 1_000_000
BATCH = 1_000
LOADED_AT_ONCE = 50_000
STEPS = 1_000
CALLS = 7
FIELDS = [
    {"id": "k", "type": "int8"},
    {"id": "at", "type": "timestamp"},
    {"id": "station", "type": "int4"},
    {"id": "district", "type": "text"},
    {"id": "category", "type": "text"},
    {"id": "value", "type": "float8"},
    {"id": "count", "type": "int4"},
    {"id": "lon", "type": "float8"},
    {"id": "lat", "type": "float8"},
    {"id": "note", "type": "text"},
]


def main() -> None:
    """Feed, measure, print."""
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        with installation(folder, WEIR_PUBLICATION="direct") as made:
            made.start()
            with made.client("admin") as http:
                measure_growth(made, http)
                measure_upserts(made, http)
    finally:
        shutil.rmtree(folder)


def measure_growth(made: Installation, http: httpx.Client) -> None:
    """1,000 rows appended, and 1,000 steps of one row: the first ones and the last ones."""
    resource_id = table(http, "appended", key=False)
    used_s = cpu_s(made)
    appends = [timed(http, resource_id, "insert", rows(n * BATCH)) for n in range(CALLS)]
    used_s = (cpu_s(made) - used_s) / CALLS
    print(f"append of {BATCH} rows, median                    {median(appends):8.3f} s")
    print(f"  CPU of everything, per call                   {used_s:8.3f} s")
    steps, reads = [], []
    for n in range(STEPS):
        steps.append(timed(http, resource_id, "insert", rows(10**7 + n, 1)))
        if n % 10 == 0:
            reads.append(read(http, resource_id))
    part = STEPS // 10
    print(f"step of 1 row, the first {part}, median            {median(steps[:part]):8.3f} s")
    print(f"step of 1 row, the last {part}, median             {median(steps[-part:]):8.3f} s")
    print(f"read of 100 rows, beginning / end, medians      {median(reads[:10]):8.3f}"
          f" / {median(reads[-10:]):.3f} s")  # fmt: skip


def measure_upserts(made: Installation, http: httpx.Client) -> None:
    """1,000 rows, spread over all of it, upserted into a table of 1M rows."""
    resource_id = table(http, "upserted", key=True)
    started_s = time.perf_counter()
    for start in range(0, ROWS, LOADED_AT_ONCE):
        timed(http, resource_id, "insert", rows(start, LOADED_AT_ONCE))
    print(f"{ROWS} rows in batches of {LOADED_AT_ONCE}              "
          f"{time.perf_counter() - started_s:8.1f} s")  # fmt: skip
    time.sleep(15)
    spread = random.Random(1)
    appends = [timed(http, resource_id, "insert", rows(ROWS + n * BATCH)) for n in range(CALLS)]
    print(f"append of {BATCH} rows with a key to 1M, median   {median(appends):8.3f} s")
    times = []
    used_s = cpu_s(made)
    for _ in range(CALLS):
        keys = spread.sample(range(ROWS), BATCH)
        times.append(timed(http, resource_id, "upsert", [row(key) for key in keys]))
    used_s = (cpu_s(made) - used_s) / CALLS
    print(f"upsert of {BATCH} rows anywhere in 1M, median     {median(times):8.3f} s")
    print(f"  CPU of everything, per call                   {used_s:8.3f} s")
    recent = [timed(http, resource_id, "upsert", rows(ROWS - BATCH)) for _ in range(CALLS)]
    print(f"upsert of the {BATCH} newest rows of 1M, median   {median(recent):8.3f} s")
    print(f"read of 100 rows of 1M                        {read(http, resource_id):8.3f} s")


def table(http: httpx.Client, name: str, *, key: bool) -> str:
    """A new table."""
    if name == "appended":
        call(http, "organization_create", name="bench", title="Bench")
    package = call(http, "package_create", name=name, title=name, owner_org="bench")
    made = call(
        http,
        "datastore_create",
        resource={"package_id": package["id"]},
        fields=FIELDS,
        **({"primary_key": "k"} if key else {}),
    )
    return str(made["resource_id"])


def timed(http: httpx.Client, resource_id: str, method: str, records: list[Any]) -> float:
    """Seconds that one batch takes."""
    started_s = time.perf_counter()
    call(http, "datastore_upsert", resource_id=resource_id, method=method, records=records)
    return time.perf_counter() - started_s


def cpu_s(made: Installation) -> float:
    """Seconds of CPU that all processes of the installation have used."""
    used = 0.0
    for process in made.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def read(http: httpx.Client, resource_id: str) -> float:
    """Seconds that a page takes."""
    started_s = time.perf_counter()
    call(http, "datastore_search", resource_id=resource_id)
    return time.perf_counter() - started_s


def call(http: httpx.Client, action: str, **parameters: Any) -> Any:
    """What an action answers."""
    answer = http.post(f"/api/action/{action}", json=parameters, timeout=600)
    assert answer.status_code == 200, answer.text[:2000]
    return answer.json()["result"]


def rows(start: int, count: int = BATCH) -> list[dict[str, Any]]:
    """Rows with keys from `start` on."""
    return [row(key) for key in range(start, start + count)]


def row(key: int) -> dict[str, Any]:
    """A row."""
    return {
        "k": key,
        "at": f"2026-03-{key % 28 + 1:02}T{key % 24:02}:00:00",
        "station": key // 100,
        "district": f"区域{key % 16}",
        "category": f"cat{key % 200}",
        "value": key * 0.37,
        "count": key % 1000,
        "lon": 121 + key % 997 / 1000,
        "lat": 31 + key % 991 / 1000,
        "note": f"{key * 2654435761 % 2**32:08x}{key:012x}",
    }


if __name__ == "__main__":
    main()
