"""How the cost of a page grows with its table, drawn into docs/performance.svg.

    python bench/growth.py

CPU of this process for a page of 100 rows, without HTTP: by key and by offset out of the rows that
were written out, by a range from the engine, and by key from bare DuckDB on the same copy.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from math import log10
from pathlib import Path

import duckdb
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.data_plane import ROWS_PER_STATION, _readings
from bench.measuring import cost_of
from catalog.build_copy import build_serving_copy
from catalog.row_store import open_or_build
from catalog.view import EVERYTHING, Condition, Operator
from catalog.warehouse import Warehouse

SIZES = (100_000, 1_000_000, 10_000_000)
CALLS, ENGINE_CALLS = 20_000, 200
PAGE_ROWS = 100
WIDTH, HEIGHT, MARGIN, LINE = 680, 360, 64, 15
CPU_MS_FROM, CPU_MS_TO = 0.001, 10.0
COLOURS = ("#0b6e6e", "#b4552d", "#5b4b9a", "#6b7280")


def main() -> None:
    """Build a copy of each size, measure, print, draw."""
    pages = {}
    for rows in SIZES:
        folder = Path(tempfile.mkdtemp(prefix="weir-bench-"))
        try:
            pages[rows] = _pages(folder, rows)
        finally:
            shutil.rmtree(folder)
        told = ", ".join(f"{name} {cpu_ms:.4f}" for name, cpu_ms in pages[rows].items())
        print(f"{rows:12,} rows, ms CPU a page: {told}", flush=True)
    draw(pages, Path("docs/performance.svg"))


def _pages(folder: Path, rows: int) -> dict[str, float]:
    parquet = folder / "readings.parquet"
    duckdb.execute(f"COPY ({_readings(rows)}) TO '{parquet}' (FORMAT parquet)")
    copy = build_serving_copy([parquet], EVERYTHING, folder / "copy", key=("station_id",))
    warehouse = Warehouse()
    store = open_or_build(warehouse, copy)
    assert store is not None
    bare = duckdb.connect(str(copy.path("data.duckdb")), read_only=True)
    bare.execute("SET threads = 1")
    keys = _keys(rows)

    def by_key() -> object:
        return store.page((_told(Operator.EQUAL, keys),), limit=PAGE_ROWS, offset=0, after=None)

    def by_offset() -> object:
        first = next(keys) * (ROWS_PER_STATION - 1)
        return store.page((), limit=PAGE_ROWS, offset=first, after=None)

    def by_range() -> object:
        return warehouse.page(copy, filters=(_told(Operator.AT_LEAST, keys),), limit=PAGE_ROWS)

    def bare_by_key() -> object:
        asked = f"SELECT * FROM data WHERE station_id = {next(keys)} LIMIT {PAGE_ROWS}"
        return bare.execute(asked).fetchall()

    asked: dict[str, tuple[Callable[[], object], int]] = {
        "by key": (by_key, CALLS),
        "by offset": (by_offset, CALLS),
        "by a range": (by_range, ENGINE_CALLS),
        "bare DuckDB by key": (bare_by_key, ENGINE_CALLS),
    }
    found = {
        name: cost_of(call, calls, lambda: [psutil.Process()]).cpu_ms
        for name, (call, calls) in asked.items()
    }
    bare.close()
    warehouse.close()
    return found


def _keys(rows: int) -> Iterator[int]:
    keys = list(range(1, rows // ROWS_PER_STATION + 1))
    random.Random(11).shuffle(keys)
    return cycle(keys)


def _told(operator: Operator, keys: Iterator[int]) -> Condition:
    return Condition("station_id", operator, next(keys))


def draw(pages: dict[int, dict[str, float]], path: Path) -> None:
    """Write the chart; `pages` are milliseconds of CPU by rows and by name."""
    sizes = sorted(pages)
    names = list(pages[sizes[0]])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        "<style>text { font: 13px sans-serif }</style>",
        "<title>CPU per page, by rows of the table</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for size in sizes:
        x = _x(size, sizes)
        parts.append(f'<text x="{x:.0f}" y="{HEIGHT - 40}" text-anchor="middle">{size:,}</text>')
    for tick in (0.001, 0.01, 0.1, 1.0, 10.0):
        y = _y(tick)
        parts.append(f'<path d="M{MARGIN} {y:.0f}H{WIDTH - 170}" stroke="#d1d5db"/>')
        parts.append(f'<text x="{MARGIN - 8}" y="{y + 4:.0f}" text-anchor="end">{tick:g} ms</text>')
    for name, colour in zip(names, COLOURS, strict=False):
        places = [(_x(size, sizes), _y(pages[size][name])) for size in sizes]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
    labels = sorted((_y(pages[sizes[-1]][name]), name) for name in names)
    below = 0.0
    for y, name in labels:
        # Names of lines that end close together stand below one another.
        below = max(y + 4, below + LINE)
        colour, x = COLOURS[names.index(name)], _x(sizes[-1], sizes) + 10
        parts.append(f'<text x="{x:.0f}" y="{below:.0f}" fill="{colour}">{name}</text>')
    parts.append("</svg>\n")
    path.write_text("\n".join(parts))


def _x(size: int, sizes: list[int]) -> float:
    span = log10(sizes[-1]) - log10(sizes[0]) or 1.0
    return MARGIN + 20 + (log10(size) - log10(sizes[0])) / span * (WIDTH - MARGIN - 220)


def _y(cpu_ms: float) -> float:
    bounded = min(max(cpu_ms, CPU_MS_FROM), CPU_MS_TO)
    share = (log10(bounded) - log10(CPU_MS_FROM)) / (log10(CPU_MS_TO) - log10(CPU_MS_FROM))
    return HEIGHT - 64 - share * (HEIGHT - 110)


if __name__ == "__main__":
    main()
