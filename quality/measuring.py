"""Measures what candidates for rules need beside the profile, with DuckDB."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from quality.check import Column, Family
from quality.profile import Profile
from quality.profiling import DEFAULT_MEMORY_BYTES, DEFAULT_THREADS, opened_table
from quality.suggest import (
    LISTED_VALUES_MAX,
    PAIRED_COLUMNS_MAX,
    SHAPE_CHARACTERS_MAX,
    Measured,
    are_alike,
)

_CORRELATED = 0.5
"""Pairs that nothing but the data speaks for must move together at least so much."""
_SCALE_MAX = 5


def measure(
    paths: Sequence[Path],
    profile: Profile,
    *,
    memory_bytes: int = DEFAULT_MEMORY_BYTES,
    threads: int = DEFAULT_THREADS,
) -> Measured:
    """Values, shapes and ordered pairs of the table that these Parquet files make up."""
    values: dict[str, tuple[tuple[str, int], ...]] = {}
    shapes: dict[str, tuple[str, int]] = {}
    with opened_table(paths, memory_bytes=memory_bytes, threads=threads) as connection:
        for column in profile.columns:
            if Column(column.name, column.type).family is not Family.TEXT:
                continue
            name = _quoted(column.name)
            if 0 < column.distinct_count <= 2 * LISTED_VALUES_MAX:
                rows = connection.execute(
                    f"SELECT {name}, count(*) FROM data WHERE {name} IS NOT NULL "
                    f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LISTED_VALUES_MAX + 1}"
                ).fetchall()
                values[column.name] = tuple((str(value), int(count)) for value, count in rows)
            if 0 < (column.length_maximum or 0) <= SHAPE_CHARACTERS_MAX:
                row = connection.execute(
                    f"SELECT regexp_replace(regexp_replace({name}, '[A-Za-z]', 'A', 'g'), "
                    f"'[0-9]', '9', 'g'), count(*) FROM data WHERE {name} IS NOT NULL "
                    "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
                ).fetchone()
                if row is not None:
                    shapes[column.name] = (str(row[0]), int(row[1]))
        pairs = _pairs(profile)
        terms = [term for upper, lower in pairs for term in _pair_terms(upper, lower)]
        statement = f"SELECT {', '.join(terms)} FROM data"
        counts = (connection.execute(statement).fetchone() or ()) if terms else ()
    return Measured(values, shapes, _ordered(pairs, counts))


def _pairs(profile: Profile) -> list[tuple[Column, Column]]:
    """Both ways round, columns of the same family, without those that hold one value only."""
    by_family = {
        family: [
            Column(column.name, column.type)
            for column in profile.columns
            if Column(column.name, column.type).family is family and column.distinct_count > 1
        ][:PAIRED_COLUMNS_MAX]
        for family in (Family.NUMBER, Family.TIME)
    }
    return [
        (upper, lower)
        for columns in by_family.values()
        for upper, lower in permutations(columns, 2)
    ]


def _pair_terms(upper: Column, lower: Column) -> tuple[str, str, str, str]:
    high, low = _quoted(upper.name), _quoted(lower.name)
    # On one scale: their ranges meet, and their means are not far apart.
    is_near = f"{_mean(upper)} <= {_SCALE_MAX} * {_mean(lower)}"
    both = f"{high} IS NOT NULL AND {low} IS NOT NULL"
    return (
        f"count(*) FILTER ({both})",
        f"count(*) FILTER ({high} < {low})",
        f"max({low}) > quantile_disc({high}, 0.05) AND {is_near}",
        f"corr({_as_number(upper)}, {_as_number(lower)})",
    )


def _mean(column: Column) -> str:
    return f"abs(avg({_as_number(column)}))"


def _as_number(column: Column) -> str:
    name = _quoted(column.name)
    if column.family is Family.TIME:
        return f"epoch({name})"
    finite = f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN isfinite({finite}) THEN {finite} END"


def _ordered(
    pairs: Sequence[tuple[Column, Column]], counts: Sequence[object]
) -> tuple[tuple[str, str, int, int], ...]:
    found = []
    for index, (upper, lower) in enumerate(pairs):
        both, broken, overlap, correlation = counts[4 * index : 4 * index + 4]
        moves = isinstance(correlation, float) and correlation >= _CORRELATED
        if are_alike(upper.name, lower.name) or (overlap and moves):
            found.append((upper.name, lower.name, int(str(both)), int(str(broken))))
    return tuple(found)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
