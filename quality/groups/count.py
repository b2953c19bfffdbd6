"""Counts the groups of a version's files in one DuckDB pass. Only sizes come back."""

# ruff: noqa: S608  Statements are put together from quoted names and whole numbers.

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quality.groups.group import Counted, Declared
from quality.profiling import DEFAULT_MEMORY_BYTES, DEFAULT_THREADS, opened_table


def count_groups(
    paths: Sequence[Path],
    declared: Declared,
    *,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    threads: int = DEFAULT_THREADS,
) -> Counted | None:
    """The sizes, by those of the declared columns that are there; None where none is.

    An empty cell is a value like others; nested values are compared as the text they print as.
    """
    with opened_table(paths, memory_bytes=memory_bytes, threads=threads) as connection:
        held = {str(row[0]) for row in connection.execute("DESCRIBE data").fetchall()}
        named = [name for name in declared.columns if name in held]
        if not named:
            return None
        group = ", ".join(f"CAST({_quoted(name)} AS VARCHAR)" for name in named)
        about = f"coalesce(CAST({_quoted(declared.about)} AS VARCHAR), '')"
        kinds = f"count(DISTINCT {about})" if declared.about in held else "2"
        row = connection.execute(
            f"""
            SELECT coalesce(sum(n), 0), count(*), coalesce(min(n), 0),
                   count(*) FILTER (n < {declared.least}),
                   coalesce(sum(n) FILTER (n < {declared.least}), 0),
                   count(*) FILTER (kinds < 2)
              FROM (SELECT count(*) AS n, {kinds} AS kinds FROM data GROUP BY {group})
            """
        ).fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return Counted(declared, *(int(number) for number in row))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
