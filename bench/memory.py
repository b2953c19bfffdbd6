"""Memory while a file of 2 GB is read and published, and while ten million rows are taken out.

    python bench/memory.py [--rows 22000000]

What is told is the most at any look, of all of the server's processes but PostgreSQL: memory of
each own, and its part of what several share (PSS). The page cache is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.data_plane import _readings
from bench.measuring import WAIT_S, Client, Tree, wait_until
from tests.installation import installation
from tests.journey.city import City

ROWS = 22_000_000
TAKEN_ROWS = 10_000_000
LOOK_S = 0.5


def main() -> None:
    """Read, publish, take out, print."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--rows", type=int, default=ROWS)
    rows = asked.parse_args().rows
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        csv_path = folder / "readings.csv"
        duckdb.execute(f"COPY ({_readings(rows)}) TO '{csv_path}' (FORMAT csv, HEADER)")
        print(f"{rows:,} rows, {csv_path.stat().st_size / 1e9:.2f} GB as CSV", flush=True)
        _measure(folder, csv_path, min(rows, TAKEN_ROWS))
    finally:
        shutil.rmtree(folder)


def _measure(folder: Path, csv_path: Path, taken: int) -> None:
    with installation(folder) as made:
        made.start()
        city = City(made)
        city.settle_in()
        city.register("airport-publisher", "readings")
        city.of("airport-publisher").patch(
            "/api/v1/datasets/readings/distributions/data", json={"key_columns": ["station_id"]}
        )
        tree: Tree = made.processes
        with _watched("at rest", tree):
            time.sleep(5)
        with _watched("upload and reading", tree), csv_path.open("rb") as file:
            answer = city.of("airport-publisher").put(
                "/api/v1/datasets/readings/distributions/data/uploads/readings.csv",
                content=iter(lambda: file.read(1 << 20), b""),
                timeout=WAIT_S,
            )
            assert answer.status_code == 202, answer.text
            upload = f"/uploads/{answer.json()['id']}"
            wait_until(lambda: _has_ended(city.get("airport-publisher", upload)))
        with _watched("gate and copies", tree):
            versions = "/datasets/readings/versions"
            wait_until(lambda: bool(city.get("airport-publisher", versions)["items"][0]["verdict"]))
            city.post("airport-publisher", "/datasets/readings/submit")
            city.post("airport-approver", "/datasets/readings/publish")
            city.list_free("airport-publisher", "airport-approver", "readings", "open")
            wait_until(lambda: any(made.data.glob("private/serving/**/manifest.json")))
        told = [{"column": "id", "operator": "<=", "value": taken}]
        wanted = httpx.QueryParams({"filters": json.dumps(told)})
        for name, path in (
            (f"{taken:,} rows as CSV, made for the asker", f"download.csv?{wanted}"),
            ("all rows as CSV, stored", "download.csv"),
        ):
            with _watched(name, tree):
                size_bytes = Client(made.address).read_away(f"/api/v1/datasets/readings/{path}")
            print(f"    {size_bytes / 1e6:.0f} MB", flush=True)


def _has_ended(upload: dict[str, Any]) -> bool:
    assert upload["state"] != "failed", upload["failure"]
    return bool(upload["state"] == "ingested")


@contextlib.contextmanager
def _watched(name: str, tree: Tree) -> Iterator[None]:
    most: Counter[str] = Counter()
    at_most: list[int] = [0]
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_S):
            now = _memory(tree())
            at_most[0] = max(at_most[0], now.total())
            for title, size_bytes in now.items():
                most[title] = max(most[title], size_bytes)

    watcher = threading.Thread(target=look)
    watcher.start()
    begun = time.perf_counter()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
    parts = ", ".join(f"{title} {size / 1e6:.0f}" for title, size in most.most_common(6))
    print(
        f"{name:44s}{at_most[0] / 1e6:8.0f} MB at most in {time.perf_counter() - begun:.0f} s "
        f"({parts})",
        flush=True,
    )


def _memory(processes: list[psutil.Process]) -> Counter[str]:
    found: Counter[str] = Counter()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            title = " ".join(process.cmdline()).strip()
            if "postgres" not in title:
                short = title if title.startswith("weir") else "weir serve"
                found[short[:24]] += process.memory_full_info().pss
    return found


if __name__ == "__main__":
    main()
