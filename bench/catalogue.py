"""Ten thousand datasets in a served installation, walked as crawlers walk them.

    python bench/catalogue.py [DATASETS]

Records are made through the verbs that CKAN's face uses, then read over HTTP by one caller at a
time. Statements are those PostgreSQL counted for one request; memory is the highest that the web's
process had while the walk ran. Compare figures between versions on one machine.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.installation import Installation, installation
from tests.portal.ckan.many import make_datasets
from tests.portal.ckan.walks import WALKS, wait_for_search

DATASETS = 10_000
WATCH_PAUSE_S = 0.02


@dataclass
class Watched:
    """The most memory a process was seen with."""

    most_bytes: int = 0


def main(arguments: list[str]) -> None:
    """Make, serve, walk, print."""
    chosen = argparse.ArgumentParser(description=__doc__)
    chosen.add_argument("datasets", nargs="?", type=int, default=DATASETS)
    wanted: int = chosen.parse_args(arguments).datasets
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        with installation(folder, WEIR_PUBLICATION="direct") as made:
            made.environment["WEIR_SITE_URL"] = made.address
            began = time.perf_counter()
            make_datasets(made.data, wanted)
            taken_s = time.perf_counter() - began
            print(
                f"{wanted:,} datasets made in {taken_s:.1f} s, {taken_s / wanted * 1e3:.1f} ms each"
            )
            made.start()
            walk_all(made, wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def walk_all(made: Installation, wanted: int) -> None:
    """Each walk once, with what it took of time and memory."""
    web = made.child("web")
    print(f"web at rest {web.memory_info().rss >> 20} MB")
    print(f"{'walk':44}{'found':>8}{'s':>8}{'most MB':>9}")
    with made.client() as client:
        wait_for_search(client)
        for name, walk in WALKS.items():
            with watching(web) as watched:
                began = time.perf_counter()
                found = walk(client)
                taken_s = time.perf_counter() - began
            mark = "" if found == wanted else "   not all"
            print(f"{name:44}{found:8,}{taken_s:8.2f}{watched.most_bytes >> 20:9}{mark}")


@contextlib.contextmanager
def watching(process: psutil.Process) -> Iterator[Watched]:
    """Look at a process while the body runs."""
    watched, is_over = Watched(), threading.Event()

    def look() -> None:
        while not is_over.wait(WATCH_PAUSE_S):
            watched.most_bytes = max(watched.most_bytes, process.memory_info().rss)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield watched
    finally:
        is_over.set()
        looker.join()


if __name__ == "__main__":
    main(sys.argv[1:])
