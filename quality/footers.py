"""What the footers of Parquet files already tell against a rule: row counts, gaps, extremes.

A footer may only speak against a table, never for it: a rule that is not named here is simply
unknown. Values are compared as the numbers or moments that they stand for, and a statistic that is
missing says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from quality import check as checks
from quality.check import Bound, Column, Family
from quality.profiling import opened_table
from quality.rule import ALL_PERMILLE, Rule

FOOTER_MEMORY_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class ColumnFooter:
    """What the footers say of one column; None where any of them is silent."""

    type: str
    null_count: int | None
    minimum: str | None
    maximum: str | None


@dataclass(frozen=True, slots=True)
class Footers:
    """What the footers of a table's files say together."""

    row_count: int
    schema: tuple[Column, ...]
    columns: dict[str, ColumnFooter]


def read_footers(paths: Sequence[Path]) -> Footers:
    """Read the footers, and no row, of the files that make up a table."""
    with opened_table(paths, memory_bytes=FOOTER_MEMORY_BYTES, threads=1) as connection:
        types = {str(row[0]): str(row[1]) for row in connection.execute("DESCRIBE data").fetchall()}
        files = [str(path) for path in paths]
        rows = connection.execute(
            "SELECT sum(num_rows) FROM parquet_file_metadata($1)", [files]
        ).fetchone()
        chunks = connection.execute(
            """
            SELECT path_in_schema,
                   sum(stats_null_count), count(stats_null_count) = count(*),
                   list(stats_min_value), list(stats_max_value)
              FROM parquet_metadata($1)
             GROUP BY path_in_schema
            """,
            [files],
        ).fetchall()
    columns = {}
    for name, nulls, is_known, lows, highs in chunks:
        if name in types:
            family = Column(name, types[name]).family
            columns[name] = ColumnFooter(
                type=types[name],
                null_count=int(nulls) if is_known else None,
                minimum=_extreme(lows, family, least=True),
                maximum=_extreme(highs, family, least=False),
            )
    schema = tuple(Column(name, kind) for name, kind in types.items())
    return Footers(int(rows[0] or 0) if rows else 0, schema, columns)


def rules_out(footers: Footers, rule: Rule, *, at: datetime) -> bool:
    """Whether the footers show that the table fails a drawn rule."""
    match rule.check:
        case checks.RowCountBetween(at_least=low, at_most=high):
            return (low is not None and footers.row_count < low) or (
                high is not None and footers.row_count > high
            )
        case checks.ColumnsPresent():
            return not set(rule.columns) <= set(footers.columns)
        case _:
            pass
    column = footers.columns.get(rule.columns[0]) if len(rule.columns) == 1 else None
    if column is None or not footers.row_count:
        return False
    match rule.check:
        case checks.HasValues():
            return column.null_count == footers.row_count
        case checks.NotNull():
            allowed = footers.row_count * (ALL_PERMILLE - rule.mostly_permille)
            return column.null_count is not None and ALL_PERMILLE * column.null_count > allowed
        case checks.Between(at_least=low_bound, at_most=high_bound):
            return _is_outside(rule, column, low_bound, high_bound)
        case checks.NotInFuture():
            return _is_outside(rule, column, None, at + timedelta(days=1))
        case _:
            return False


def _is_outside(rule: Rule, column: ColumnFooter, low: Bound | None, high: Bound | None) -> bool:
    """One value beyond a bound is enough where all rows must keep to it."""
    if rule.mostly_permille != ALL_PERMILLE:
        return False
    family = Column(rule.columns[0], column.type).family
    least, most = _comparable(column.minimum, family), _comparable(column.maximum, family)
    low_key, high_key = _bound_key(low, day_end=False), _bound_key(high, day_end=True)
    if low_key is not None and least is not None and least < low_key:
        return True
    return high_key is not None and most is not None and most > high_key


def _extreme(values: Sequence[str | None], family: Family, *, least: bool) -> str | None:
    """The outermost of the chunks' extremes; chunks without one hold no value, or do not tell."""
    known = [(key, text) for text in values if (key := _comparable(text, family)) is not None]
    if not known:
        return None
    return (min(known) if least else max(known))[1]


def _comparable(text: str | None, family: Family) -> Decimal | None:
    """A statistic as a number, times as seconds; None where it is none of them."""
    if text is None:
        return None
    try:
        if family is Family.NUMBER:
            number = Decimal(text)
            return number if number.is_finite() else None
        if family is Family.TIME:
            moment = datetime.fromisoformat(text)
            return _seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (InvalidOperation, ValueError):
        return None
    return None


def _bound_key(bound: Bound | None, *, day_end: bool) -> Decimal | None:
    if bound is None:
        return None
    if isinstance(bound, int | Decimal):
        return Decimal(bound)
    if isinstance(bound, date) and not isinstance(bound, datetime):
        bound = datetime.combine(bound, time.max if day_end else time.min)
    return _seconds(bound if bound.tzinfo else bound.replace(tzinfo=UTC))


def _seconds(moment: datetime) -> Decimal:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    whole = since.days * 86_400 + since.seconds
    return Decimal(whole) + Decimal(since.microseconds) / 1_000_000
