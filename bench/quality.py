"""CPU seconds of the gate beside the same checks written by hand in SQL, and of a small table.

    python -m bench.quality [ROWS]

Both read the same Parquet file, in this process, with the same threads; the import of Great
Expectations is told apart. Targets: the gate takes at most 1.3 times the CPU of the hand-written
SQL at ten million rows, at most 1 GB at its peak, and a table of 1,000 rows less than a second.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import duckdb

from quality.packs import load_standard_packs
from quality.profiling import profile_files
from quality.rule import Rule, draw_suite
from quality.rule_format import parse_rule

ROUNDS = 5
ROWS_PER_ROUND = 2_000_000
_GATE, _HAND = "gate, 12 rules", "by hand, 12 checks"
THREADS = 2
MEMORY_BYTES = 600_000_000
AT = datetime(2026, 11, 22, tzinfo=UTC)

_TABLE = """
    SELECT i AS id, CAST(hash(i) % 1000 AS INTEGER) AS district,
           CASE WHEN i % 40 > 0 THEN (i % 997) / 10 END AS speed,
           CASE WHEN i % 30 > 0 THEN (i % 991) / 5 END AS limit_speed,
           TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS seen_at,
           ['bus', 'car', 'lorry', 'cycle'][1 + i % 4] AS kind,
           'B' || lpad(CAST(hash(i, 1) % 100000 AS VARCHAR), 5, '0') AS plate,
           hash(i, 2) % 100 AS a, hash(i, 3) % 100 AS b, hash(i, 4) % 100 AS c,
           CAST(hash(i, 5) % 100 AS VARCHAR) AS d, i % 2 = 0 AS is_paid
      FROM range({rows}) AS t(i)
"""
_BY_HAND = (
    """
    SELECT count(*), count(id), count(speed), count(district),
           count(*) FILTER (kind NOT IN ('bus', 'car', 'lorry', 'cycle')),
           count(*) FILTER (NOT (district BETWEEN 0 AND 999)),
           count(*) FILTER (NOT (speed BETWEEN 0 AND 99)),
           count(*) FILTER (NOT (seen_at >= TIMESTAMP '2020-01-01')),
           count(*) FILTER (NOT regexp_matches(plate, '^B[0-9]{{5}}$')),
           count(*) FILTER (NOT (length(d) BETWEEN 1 AND 2)),
           count(*) FILTER (NOT (limit_speed >= speed))
      FROM read_parquet('{path}')
    """,
    """
    SELECT coalesce(sum(n), 0)
      FROM (SELECT count(*) AS n
              FROM read_parquet('{path}')
             GROUP BY id
            HAVING count(*) > 1)
    """,
)


def main(rows: int) -> None:
    """Measure and print."""
    started = time.process_time()
    from quality.engine.open_table import Limits
    from quality.expectations import run_suite

    print(f"import: {time.process_time() - started:.2f} CPU s")
    limits = Limits(threads=THREADS, memory_bytes=MEMORY_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "rows.parquet", Path(folder) / "small.parquet"
        duckdb.execute(f"COPY ({_TABLE.format(rows=rows)}) TO '{path}' (COMPRESSION zstd)")
        duckdb.execute(f"COPY ({_TABLE.format(rows=1000)}) TO '{small}'")
        schema = profile_files([path])
        columns = tuple((column.name, column.type) for column in schema.columns)

        def gate(rules: tuple[Rule, ...], file: Path) -> None:
            run_suite([file], rules, at=AT, limits=limits, on_progress=lambda _done, _total: None)

        def by_hand() -> None:
            with duckdb.connect(config={"threads": THREADS}) as connection:
                for statement in _BY_HAND:
                    connection.execute(statement.format(path=path)).fetchall()

        twelve, packs = _twelve(), _packs(columns)
        taken: dict[str, float] = {}
        for name, act in (
            (_GATE, lambda: gate(twelve, path)),
            (_HAND, by_hand),
            (f"gate, {len(packs)} rules of the packs", lambda: gate(packs, path)),
            ("profile", lambda: profile_files([path], threads=THREADS)),
            ("1,000 rows: gate, 12 rules", lambda: gate(twelve, small)),
            (f"1,000 rows: gate, {len(packs)} rules", lambda: gate(packs, small)),
        ):
            cpu, wall = _measure(act, rounds=1 if rows > ROWS_PER_ROUND else ROUNDS)
            taken[name] = cpu
            print(f"{name}: {cpu:.2f} CPU s, {wall:.2f} s, peak {_peak_bytes() / 1e6:,.0f} MB")
    ratio = taken[_GATE] / taken[_HAND]
    print(f"gate / by hand: {ratio:.2f} (target 1.3)")


def _measure(act: Callable[[], object], *, rounds: int) -> tuple[float, float]:
    act()
    taken = []
    for _ in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        act()
        taken.append((time.process_time() - cpu, time.perf_counter() - wall))
    return median(cpu for cpu, _ in taken), median(wall for _, wall in taken)


def _peak_bytes() -> int:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _twelve() -> tuple[Rule, ...]:
    asked: tuple[tuple[dict[str, object], list[str], int], ...] = (
        ({"kind": "row_count_between", "at_least": 1}, [], 1000),
        ({"kind": "columns_present"}, ["id", "kind"], 1000),
        ({"kind": "not_null"}, ["id"], 1000),
        ({"kind": "not_null"}, ["district"], 1000),
        ({"kind": "unique"}, ["id"], 1000),
        ({"kind": "in_set", "values": ["bus", "car", "lorry", "cycle"]}, ["kind"], 1000),
        ({"kind": "between", "at_least": 0, "at_most": 999}, ["district"], 1000),
        ({"kind": "between", "at_least": 0, "at_most": 99}, ["speed"], 900),
        ({"kind": "between", "at_least": "2020-01-01"}, ["seen_at"], 1000),
        ({"kind": "regex", "pattern": "^B[0-9]{5}$"}, ["plate"], 1000),
        ({"kind": "length_between", "at_least": 1, "at_most": 2}, ["d"], 1000),
        ({"kind": "pair_greater"}, ["limit_speed", "speed"], 100),
    )
    return tuple(
        parse_rule(
            {"expect": expect, "columns": columns, "mostly_permille": share}
            if share < 1000
            else {"expect": expect, "columns": columns},
            rule_id=f"rule-{index}",
        )
        for index, (expect, columns, share) in enumerate(asked)
    )


def _packs(columns: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    from quality.check import Column

    schema = tuple(Column(name, type_name) for name, type_name in columns)
    return draw_suite(load_standard_packs(), (), schema)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
