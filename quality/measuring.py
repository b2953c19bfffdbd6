"""Measures what candidates for rules need beside the profile, with DuckDB."""

# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import duckdb

from quality.check import Column, Family, Scheme
from quality.detecting import valid_sql
from quality.drift import KeyChurn
from quality.profile import Profile
from quality.profiling import DEFAULT_MEMORY_BYTES, DEFAULT_THREADS, opened_table
from quality.sensitive import SensitiveKind
from quality.suggest import (
    EVEN_PERMILLE_MIN,
    LISTED_VALUES_MAX,
    PAIRED_COLUMNS_MAX,
    ROWS_MIN,
    SHAPE_CHARACTERS_MAX,
    UNALIKE_PAIR_PERMILLE_MIN,
    VALID_PERMILLE_MIN,
    Measured,
    are_alike,
)

_CORRELATED = 0.5
"""Pairs that nothing but the data speaks for must move together at least so much."""
_SCALE_MAX = 5
IDENTIFIERS_LOOKED_AT = 10_000


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
    schemes: dict[str, Scheme] = {}
    steps: dict[str, int] = {}
    with opened_table(paths, memory_bytes=memory_bytes, threads=threads) as connection:
        for column in profile.columns:
            name = _quoted(column.name)
            family = Column(column.name, column.type).family
            if family is Family.TIME and column.distinct_count > 1:
                step = _step(connection, name)
                if step is not None:
                    steps[column.name] = step
            if family is not Family.TEXT:
                continue
            scheme = _scheme(connection, name)
            if scheme is not None:
                schemes[column.name] = scheme
            if 0 < column.distinct_count <= 2 * LISTED_VALUES_MAX:
                rows = connection.execute(
                    f"SELECT {name}, count(*) FROM data WHERE {name} IS NOT NULL "
                    f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LISTED_VALUES_MAX + 1}"
                ).fetchall()
                values[column.name] = tuple((str(value), int(count)) for value, count in rows)
            if 0 < (column.length_maximum or 0) <= SHAPE_CHARACTERS_MAX:
                # Distinct values with their counts first: most columns repeat theirs.
                row = connection.execute(
                    "SELECT regexp_replace(regexp_replace(value, '[A-Za-z]', 'A', 'g'), "
                    "'[0-9]', '9', 'g'), sum(n) FROM (SELECT "
                    f"{name} AS value, count(*) AS n FROM data WHERE {name} IS NOT NULL GROUP BY 1)"
                    " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
                ).fetchone()
                if row is not None:
                    shapes[column.name] = (str(row[0]), int(row[1]))
        ordered = _ordered(connection, _pairs(profile))
        repeated = _repeated_rows(connection)
    return Measured(values, shapes, ordered, schemes, steps, repeated)


def key_churn(
    paths: Sequence[Path],
    before: Sequence[Path],
    key: tuple[str, ...],
    *,
    memory_bytes: int,
    threads: int,
) -> KeyChurn | None:
    """How many keys of the version `before` stayed and went, and how many came.

    None where the version before lacks a column of the key.
    """
    files = {"new": [str(path) for path in paths], "old": [str(path) for path in before]}
    with opened_table([*paths, *before], memory_bytes=memory_bytes, threads=threads) as connection:
        held = connection.execute("DESCRIBE SELECT * FROM read_parquet($1)", [files["old"]])
        if not set(key) <= {str(row[0]) for row in held.fetchall()}:
            return None
        names = ", ".join(f"CAST({_quoted(name)} AS VARCHAR)" for name in key)
        row = connection.execute(
            f"""
            WITH new AS (SELECT DISTINCT hash({names}) AS k FROM read_parquet($1)),
                 old AS (SELECT DISTINCT hash({names}) AS k FROM read_parquet($2))
            SELECT count(*) FILTER (new.k IS NOT NULL AND old.k IS NOT NULL),
                   count(*) FILTER (new.k IS NULL),
                   count(*) FILTER (old.k IS NULL)
              FROM new FULL JOIN old ON new.k = old.k
            """,
            [files["new"], files["old"]],
        ).fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return KeyChurn(key, int(row[0]), int(row[1]), int(row[2]))


def _scheme(connection: duckdb.DuckDBPyConnection, name: str) -> Scheme | None:
    """The identifier that nearly all distinct values of a column are, among the first many."""
    valid = ", ".join(
        f"count(*) FILTER ({valid_sql(SensitiveKind(scheme.value), 'value')})" for scheme in Scheme
    )
    row = connection.execute(
        f"SELECT count(*), {valid} FROM (SELECT DISTINCT trim({name}, ' \t\u3000') AS value "
        f"FROM data WHERE {name} <> '' LIMIT {IDENTIFIERS_LOOKED_AT})"
    ).fetchone()
    assert row is not None, "an aggregate without groups has one row"
    if row[0] < ROWS_MIN:
        return None
    for scheme, count in zip(Scheme, row[1:], strict=True):
        if 1000 * count >= VALID_PERMILLE_MIN * row[0]:
            return scheme
    return None


def _step(connection: duckdb.DuckDBPyConnection, name: str) -> int | None:
    """The seconds between most moments of a column and the next, if they are whole."""
    row = connection.execute(
        f"""
        SELECT step, count(*) AS n, sum(count(*)) OVER ()
          FROM (SELECT epoch({name}) - epoch(lag({name}) OVER (ORDER BY {name})) AS step
                  FROM data
                 WHERE {name} IS NOT NULL)
         WHERE step IS NOT NULL
         GROUP BY step
         ORDER BY n DESC, step
         LIMIT 1
        """
    ).fetchone()
    if row is None or row[0] <= 0 or row[0] != int(row[0]):
        return None
    return int(row[0]) if 1000 * row[1] >= EVEN_PERMILLE_MIN * row[2] else None


def _repeated_rows(connection: duckdb.DuckDBPyConnection) -> int:
    """How many rows are like an earlier one in every column; equal hashes are taken for that."""
    row = connection.execute("SELECT count(*) - count(DISTINCT hash(data)) FROM data").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return int(row[0])


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


def _mean(column: Column) -> str:
    return f"abs(avg({_as_number(column)}))"


def _as_number(column: Column) -> str:
    name = _quoted(column.name)
    if column.family is Family.TIME:
        return f"epoch({name})"
    finite = f"CAST({name} AS DOUBLE)"
    return f"CASE WHEN isfinite({finite}) THEN {finite} END"


def _ordered(
    connection: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[Column, Column]]
) -> tuple[tuple[str, str, int, int], ...]:
    """Pairs whose order the names or the data speak for: rows that have both, rows that break it.

    How far two columns move together is dear to work out, so it is only asked of those that
    would be worth proposing.
    """
    if not pairs:
        return ()
    terms = []
    for upper, lower in pairs:
        high, low = _quoted(upper.name), _quoted(lower.name)
        is_near = f"{_mean(upper)} <= {_SCALE_MAX} * {_mean(lower)}"
        terms += [
            f"count(*) FILTER ({high} IS NOT NULL AND {low} IS NOT NULL)",
            f"count(*) FILTER ({high} < {low})",
            # On one scale: their ranges meet, and their means are not far apart.
            f"max({low}) > quantile_disc({high}, 0.05) AND {is_near}",
        ]
    row = connection.execute(f"SELECT {', '.join(terms)} FROM data").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    alike: list[tuple[Column, Column, int, int]] = []
    near: list[tuple[Column, Column, int, int]] = []
    for index, (upper, lower) in enumerate(pairs):
        both, broken, is_near = row[3 * index : 3 * index + 3]
        counted = (upper, lower, int(both), int(broken))
        if are_alike(upper.name, lower.name):
            alike.append(counted)
        elif is_near and 1000 * (both - broken) >= UNALIKE_PAIR_PERMILLE_MIN * both:
            near.append(counted)
    return tuple(
        (upper.name, lower.name, both, broken)
        for upper, lower, both, broken in [*alike, *_moving_together(connection, near)]
    )


def _moving_together(
    connection: duckdb.DuckDBPyConnection, pairs: Sequence[tuple[Column, Column, int, int]]
) -> list[tuple[Column, Column, int, int]]:
    if not pairs:
        return []
    terms = [f"corr({_as_number(upper)}, {_as_number(lower)})" for upper, lower, _, _ in pairs]
    row = connection.execute(f"SELECT {', '.join(terms)} FROM data").fetchone()
    assert row is not None, "an aggregate without groups has one row"
    return [
        pair
        for pair, correlation in zip(pairs, row, strict=True)
        if isinstance(correlation, float) and correlation >= _CORRELATED
    ]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
