# ruff: noqa: S608  Statements are put together from quoted names of columns and numbers only.
"""Compare two versions of a dataset's data for one reader.

The columns are compared from the records, as far as the reader may see them. The rows are compared
by a statement over both versions that goes the way of every statement: decided, run in the limited
process within its bounds of time and memory, over files that hold just what the reader may see,
metered, and receipted where the data is not open. So a comparison tells nobody what two reads of
the same versions would not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from catalog.mask import MaskKind
from catalog.result import ResultFormat
from catalog.version import Column
from catalog.view import EVERYTHING, Json
from exchange.access import VERSION_MARK, Access, decide_access, find_target, record_refusal
from exchange.allow import Ask, Parts
from exchange.deliver import deliver_query
from exchange.delivery import Delivered, SqlQuestion
from exchange.difference import (
    Change,
    ColumnDifference,
    Difference,
    RetypedColumn,
    RowDifference,
    RowExample,
)
from policies.access import Action
from policies.terms import MicroCredits

EXAMPLES_MAX: Final = 100
EXAMPLES_SKIPPED_MAX: Final = 100_000

Row = dict[str, Json]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two versions as the reader sees it."""

    name: str
    """As a statement calls it."""
    number: int
    columns: tuple[Column, ...]
    """Those that the reader may know of."""
    readable: frozenset[str]
    """Those whose values the reader may read, if only masked."""
    key: tuple[str, ...]


def compare_columns(parts: Parts, name: str, before: str, after: str, ask: Ask) -> Difference:
    """What became of the columns between two versions; no row is read.

    `name` is a dataset's or a distribution's, `before` and `after` are numbers or digests.

    Raises: NoSuchData, VersionWithdrawn, VersionRemoved, AccessDenied.
    """
    earlier, later = _sides(parts, name, (before, after), ask)
    return Difference(
        earlier.number,
        later.number,
        _columns(earlier, later),
        rows=None,
        charge=MicroCredits(0),
        receipt_ids=(),
    )


def compare_rows(
    parts: Parts,
    name: str,
    before: str,
    after: str,
    ask: Ask,
    *,
    examples: int = 20,
    skipped: int = 0,
) -> Difference:
    """What became of the columns and the rows, with some examples of rows that differ.

    Rows are told apart by the declared key where the reader sees all of it and no two rows share
    one; else they are compared whole, column order aside.

    Raises: as `compare_columns`, and as `deliver_query`.
    """
    earlier, later = _sides(parts, name, (before, after), ask)
    columns = _columns(earlier, later)
    shared = tuple(one for one in columns.shared if one in earlier.readable & later.readable)
    if not shared:
        rows = RowDifference((), 0, 0, 0, {}, (), more=False)
        return Difference(earlier.number, later.number, columns, rows, MicroCredits(0), ())
    examples, skipped = min(examples, EXAMPLES_MAX), min(skipped, EXAMPLES_SKIPPED_MAX)
    retyped = {one.name for one in columns.retyped}
    key = _key(earlier, later, shared)
    asked: list[Delivered] = []

    def run(sql: str) -> list[Row]:
        question = SqlQuestion(sql, ResultFormat.JSON)
        # Each statement counts once however often the whole is asked for under one key.
        once = Ask(ask.by, ask.purpose, cancelled=ask.cancelled)
        delivered = deliver_query(parts, question, once)
        asked.append(delivered)
        told: list[Row] = json.loads(delivered.path.read_bytes())["rows"]
        return told

    if key:
        (counts,) = run(_counts_by_key(earlier, later, shared, key, retyped))
        if counts["doubled"]:
            key = ()
    if not key:
        (counts,) = run(_counts_of_whole_rows(earlier, later, shared))
    if key:
        sql = _examples_by_key(earlier, later, shared, key, retyped)
    else:
        sql = _examples_of_whole_rows(earlier, later, shared)
    found = run(f"{sql} LIMIT {examples + 1} OFFSET {skipped}") if examples else []
    rows = RowDifference(
        key,
        _count(counts["added"]),
        _count(counts["gone"]),
        _count(counts.get("changed")),
        {
            name: _count(counts[f"d{place}"])
            for place, name in enumerate(shared)
            if key and _count(counts[f"d{place}"])
        },
        tuple(_example(row, shared) for row in found[:examples]),
        more=len(found) > examples,
    )
    return Difference(
        earlier.number,
        later.number,
        columns,
        rows,
        MicroCredits(sum(one.charge for one in asked if not one.is_replay)),
        tuple(one.receipt_id for one in asked),
    )


def _sides(parts: Parts, name: str, references: Sequence[str], ask: Ask) -> tuple[_Side, _Side]:
    """Both versions, once it is decided that the reader may query them.

    Raises: NoSuchData, VersionWithdrawn, VersionRemoved, AccessDenied.
    """
    at = parts.now()
    with parts.pool.connection() as tx:
        accesses = []
        refusal = None
        for reference in references:
            target = find_target(tx, f"{name}{VERSION_MARK}{reference}", by=ask.by)
            access = decide_access(tx, target, Action.QUERY, purpose=ask.purpose, by=ask.by, at=at)
            if not access.decision.is_allowed and refusal is None:
                refusal = record_refusal(tx, access, by=ask.by, at=at)
            accesses.append(access)
    if refusal is not None:
        raise refusal
    before, after = (_side(access) for access in accesses)
    return before, after


def _side(access: Access) -> _Side:
    version, view = access.target.version, access.view
    held = {column.name: column for column in version.columns}
    shown = view.visible(list(held))
    # What a listing offers of an older version is bounded by what it has now; names are not.
    offered = access.listing.view if access.listing else EVERYTHING
    known = [name for name in offered.columns or held if name in held]
    dropped = {name for name, mask in offered.masks.items() if mask.kind is MaskKind.DROP}
    blanked = view.suppression.columns if view.suppression else ()
    clear = {
        name
        for name in shown
        if name not in blanked and (name not in view.masks or _is_one_to_one(view.masks[name].kind))
    }
    key = access.target.stored.key
    return _Side(
        access.target.name,
        version.number,
        tuple(held[name] for name in known if name not in dropped),
        frozenset(shown),
        key if set(key) <= clear else (),
    )


def _is_one_to_one(kind: MaskKind) -> bool:
    """Whether masked values are as different as the values are."""
    return kind is MaskKind.HASH


def _columns(before: _Side, after: _Side) -> ColumnDifference:
    was = {column.name: column for column in before.columns}
    now = {column.name: column for column in after.columns}
    return ColumnDifference(
        added=tuple(name for name in now if name not in was),
        gone=tuple(name for name in was if name not in now),
        retyped=tuple(
            RetypedColumn(name, _type(was[name]), _type(column))
            for name, column in now.items()
            if name in was and _type(was[name]) != _type(column)
        ),
        shared=tuple(name for name in now if name in was),
    )


def _type(column: Column) -> str:
    if column.precision is None:
        return column.type.value
    return f"{column.type.value}({column.precision},{column.scale})"


def _key(before: _Side, after: _Side, shared: Sequence[str]) -> tuple[str, ...]:
    return after.key if before.key == after.key and set(after.key) <= set(shared) else ()


# Statements: columns become c0, c1 ..., so that no name can mean anything else ------------------


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _taken(side: _Side, shared: Sequence[str], retyped: set[str]) -> str:
    """The shared columns of one version under their numbers; retyped ones as text."""
    listed = ", ".join(
        f"CAST({_quoted(name)} AS VARCHAR) AS c{place}"
        if name in retyped
        else f"{_quoted(name)} AS c{place}"
        for place, name in enumerate(shared)
    )
    return f"SELECT {listed}, TRUE AS here FROM {_quoted(side.name)}"


def _joined(
    before: _Side, after: _Side, shared: Sequence[str], key: Sequence[str], retyped: set[str]
) -> str:
    places = [shared.index(name) for name in key]
    same = " AND ".join(f"a.c{place} IS NOT DISTINCT FROM b.c{place}" for place in places)
    return (
        f"({_taken(before, shared, retyped)}) AS a "
        f"FULL JOIN ({_taken(after, shared, retyped)}) AS b ON {same}"
    )


def _counts_by_key(
    before: _Side, after: _Side, shared: Sequence[str], key: Sequence[str], retyped: set[str]
) -> str:
    """One row: how many rows were added, are gone and changed, and in which columns."""
    differs = ", ".join(
        f"a.here AND b.here AND a.c{place} IS DISTINCT FROM b.c{place} AS d{place}"
        for place in range(len(shared))
    )
    each = ", ".join(f"count_if(d{place}) AS d{place}" for place in range(len(shared)))
    any_of = " OR ".join(f"d{place}" for place in range(len(shared)))
    names = ", ".join(_quoted(name) for name in key)
    doubled = " + ".join(
        f"(SELECT count(*) FROM (SELECT 1 FROM {_quoted(side.name)} GROUP BY {names} "
        "HAVING count(*) > 1) AS twice)"
        for side in (before, after)
    )
    return (
        f"SELECT count_if(was IS NULL) AS added, count_if(now IS NULL) AS gone, "
        f"count_if({any_of}) AS changed, {each}, {doubled} AS doubled "
        f"FROM (SELECT a.here AS was, b.here AS now, {differs} "
        f"FROM {_joined(before, after, shared, key, retyped)}) AS rows_of_both LIMIT 1"
    )


def _examples_by_key(
    before: _Side, after: _Side, shared: Sequence[str], key: Sequence[str], retyped: set[str]
) -> str:
    """Rows that differ, in the order of their key, both states side by side."""
    both = ", ".join(
        f"a.c{place} AS a{place}, b.c{place} AS b{place}" for place in range(len(shared))
    )
    differs = " OR ".join(f"a.c{place} IS DISTINCT FROM b.c{place}" for place in range(len(shared)))
    order = ", ".join(f"coalesce(b.c{shared.index(name)}, a.c{shared.index(name)})" for name in key)
    return (
        f"SELECT CASE WHEN a.here IS NULL THEN 'added' WHEN b.here IS NULL THEN 'gone' "
        f"ELSE 'changed' END AS change, {both} "
        f"FROM {_joined(before, after, shared, key, retyped)} "
        f"WHERE a.here IS NULL OR b.here IS NULL OR {differs} ORDER BY {order}"
    )


def _weighed(before: _Side, after: _Side, shared: Sequence[str]) -> str:
    """Each different row with how many more there are of it now; retyped columns as text."""
    listed = ", ".join(
        f"CAST({_quoted(name)} AS VARCHAR) AS c{place}" for place, name in enumerate(shared)
    )
    places = ", ".join(f"c{place}" for place in range(len(shared)))
    return (
        f"SELECT {places}, sum(w) AS n FROM ("
        f"SELECT {listed}, 1 AS w FROM {_quoted(after.name)} UNION ALL "
        f"SELECT {listed}, -1 AS w FROM {_quoted(before.name)}) AS both_versions "
        f"GROUP BY {places} HAVING sum(w) <> 0"
    )


def _counts_of_whole_rows(before: _Side, after: _Side, shared: Sequence[str]) -> str:
    return (
        "SELECT coalesce(sum(greatest(n, 0)), 0) AS added, "
        "coalesce(sum(greatest(-n, 0)), 0) AS gone "
        f"FROM ({_weighed(before, after, shared)}) AS weighed LIMIT 1"
    )


def _examples_of_whole_rows(before: _Side, after: _Side, shared: Sequence[str]) -> str:
    both = ", ".join(
        f"CASE WHEN n < 0 THEN c{place} END AS a{place}, "
        f"CASE WHEN n > 0 THEN c{place} END AS b{place}"
        for place in range(len(shared))
    )
    places = ", ".join(f"c{place}" for place in range(len(shared)))
    return (
        f"SELECT CASE WHEN n > 0 THEN 'added' ELSE 'gone' END AS change, {both} "
        f"FROM ({_weighed(before, after, shared)}) AS weighed ORDER BY {places}"
    )


def _example(row: Row, shared: Sequence[str]) -> RowExample:
    change = Change(str(row["change"]))
    before = {name: row[f"a{place}"] for place, name in enumerate(shared)}
    after = {name: row[f"b{place}"] for place, name in enumerate(shared)}
    match change:
        case Change.ADDED:
            return RowExample(change, {}, after, ())
        case Change.GONE:
            return RowExample(change, before, {}, ())
        case Change.CHANGED:
            differing = tuple(name for name in shared if before[name] != after[name])
            return RowExample(change, before, after, differing)


def _count(value: Json | None) -> int:
    return int(str(value)) if value is not None else 0
