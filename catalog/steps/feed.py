"""Insert, upsert, update and delete rows: each batch is planned, and carried out as one step.

A batch is all or nothing. The plan is what a dry run shows; nothing is written until it is
carried out. All of it happens under the table's lock, in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Final

import pyarrow as pa

from catalog.row_search.question import Filter
from catalog.row_search.statement import Shown, quoted
from catalog.steps import store
from catalog.steps.cell import Cell, UnfitCell, cell_of, reader_of
from catalog.steps.errors import (
    BatchTooLarge,
    CellUnfit,
    FieldsUnknown,
    KeyMissing,
    KeyNeeded,
    KeyNotFound,
    KeyTaken,
)
from catalog.steps.field import INT8, ROW_ID, Field, schema_of
from catalog.steps.row_files import PLACE, Written, present
from catalog.steps.table import (
    BATCH_ROWS_MAX,
    FILES_TO_MERGE,
    FILES_UNMERGED_MAX,
    Doing,
    Plan,
    Row,
    Stepped,
    Table,
    runs_of,
)
from catalog.steps.take_step import Place, paths_of, take_step, working
from catalog.tables import bring_files
from catalog.version import Version, VersionFile, VersionKind
from catalog.view import Json
from policies.database import Tx

Record = Mapping[str, Json]
ROW_ID_MAX: Final = 2**62
_KEY_SHOWN_CHARACTERS: Final = 200


class Method(StrEnum):
    """What happens to a row whose key is there, or not."""

    UPSERT = "upsert"
    UPDATE = "update"


def plan_insert(place: Place, table: Table, records: Sequence[Record]) -> Plan:
    """Add these rows.

    Raises: BatchTooLarge, FieldsUnknown, CellUnfit, KeyTaken.
    """
    rows = _cells(table, records, with_row_id=False)
    first = table.definition.next_row_id
    added = dict(enumerate(rows, start=first))
    key = table.definition.primary_key
    if key:
        keys = [tuple(row.get(name) for name in key) for row in rows]
        seen: set[tuple[Cell, ...]] = set()
        for one in keys:
            # As in PostgreSQL, an empty cell equals nothing.
            if None not in one and one in seen:
                raise KeyTaken(_shown(key, one))
            seen.add(one)
        taken = _matches(place, table, key, keys)
        if taken:
            raise KeyTaken(_shown(key, next(iter(taken))))
    return Plan(table, added, {}, first + len(rows))


def plan_upsert(  # noqa: C901  what becomes of a row depends on its name and on the method
    place: Place, table: Table, records: Sequence[Record], *, method: Method
) -> Plan:
    """Change the rows with these keys or ids; add those that are not there, but for UPDATE.

    Of several rows with one key the later wins, column by column.

    Raises: BatchTooLarge, FieldsUnknown, CellUnfit, KeyNeeded, KeyMissing, KeyNotFound, KeyTaken.
    """
    key = table.definition.primary_key
    for record in records:
        if ROW_ID not in record:
            if not key:
                raise KeyNeeded
            lacking = [name for name in key if name not in record]
            if lacking:
                raise KeyMissing(", ".join(lacking))
    rows = _cells(table, records, with_row_id=True)
    keys = [tuple(row[name] for name in key) for row in rows if ROW_ID not in row]
    by_key = _matches(place, table, key, keys)
    ids = {_id_of(row) for row in rows if ROW_ID in row}
    there = set(_matches(place, table, (ROW_ID,), [(one,) for one in ids]).values())
    added: dict[int, dict[str, Cell]] = {}
    changed: dict[int, dict[str, Cell]] = {}
    next_row_id = table.definition.next_row_id
    for row in rows:
        cells = {name: cell for name, cell in row.items() if name != ROW_ID}
        own_key = tuple(row.get(name) for name in key)
        found: int | None
        if ROW_ID in row:
            found = _id_of(row)
            is_there, told = found in there or found in added, f"_id: {found}"
        else:
            found = by_key.get(own_key)
            is_there, told = found is not None, _shown(key, own_key)
        if not is_there and method is Method.UPDATE:
            raise KeyNotFound(told)
        if found is None:
            found = next_row_id
        if not is_there:
            next_row_id = max(next_row_id, found + 1)
            added[found] = cells
            if None not in own_key:
                by_key.setdefault(own_key, found)
        elif found in added:
            added[found].update(cells)
        else:
            changed.setdefault(found, {}).update(cells)
    plan = Plan(table, added, changed, next_row_id)
    if key and ids:
        _check_keys(place, plan, ids)
    return plan


def carry_out(tx: Tx, place: Place, plan: Plan, *, doing: Doing) -> Stepped:
    """Make a plan the table's newest version.

    Raises: StorageFull.
    """
    table = plan.table
    fields = table.fields
    files: list[VersionFile | Written] = list(table.files)
    with working(place, table) as work:
        paths = paths_of(place, table)
        if plan.changed:
            touched = place.files.holding(paths, list(plan.changed))
            changes = _changes(fields, plan.changed)
            anew = place.files.change(work, touched, changes, fields)
            instead = dict(zip(touched, anew, strict=True))
            files = [instead.get(path, file) for path, file in zip(paths, files, strict=True)]
        if plan.added:
            files += place.files.write(work, _table_of(fields, plan.added))
        if plan.added and not plan.is_in_order:
            files = merged(place, work, table, [files])
        version, needs_merging = _step(tx, place, work, table, files, doing=doing)
    definition = replace(table.definition, next_row_id=plan.next_row_id)
    store.put_definition(tx, table.distribution.id, definition)
    return Stepped(version, len(plan.added) + len(plan.changed), needs_merging)


def delete_rows(
    tx: Tx, place: Place, table: Table, wanted: Filter, *, doing: Doing
) -> Stepped | None:
    """Delete the rows that a filter lets through; None where there are none.

    Raises: ColumnUnknown, ValueUnfit, StorageFull.
    """
    known = known_columns(table)
    paths = paths_of(place, table)
    matching = place.files.matching(paths, wanted, known)
    if not matching:
        return None
    with working(place, table) as work:
        touched = [path for path, _ in matching]
        anew = place.files.without(work, touched, wanted, known)
        instead = dict(zip(touched, anew, strict=True))
        files: list[VersionFile | Written] = [
            instead.get(path, file) for path, file in zip(paths, table.files, strict=True)
        ]
        version, needs_merging = _step(tx, place, work, table, files, doing=doing)
    return Stepped(version, sum(count for _, count in matching), needs_merging)


def rows_after(place: Place, plan: Plan) -> list[Row]:
    """The rows of a plan as they will be, changed ones first, whole."""
    names = [one.name for one in plan.table.fields]
    held = {}
    if plan.changed:
        paths = paths_of(place, plan.table)
        for row in place.files.rows(paths, list(plan.changed)).to_pylist():
            held[row[ROW_ID]] = row
    changed = [{**held[row_id], **cells} for row_id, cells in plan.changed.items()]
    added = [
        {ROW_ID: row_id, **{name: cells.get(name) for name in names}}
        for row_id, cells in plan.added.items()
    ]
    return [*changed, *added]


def batch_of(place: Place, plan: Plan) -> pa.Table:
    """The same as an Arrow table."""
    fields = plan.table.fields
    if not plan.changed:
        return _table_of(fields, plan.added)
    return pa.Table.from_pylist(rows_after(place, plan), schema_of(fields))


def rows_matching(place: Place, table: Table, wanted: Filter) -> list[Row]:
    """The rows that a filter lets through, whole; the first of very many.

    Raises: ColumnUnknown, ValueUnfit.
    """
    paths = paths_of(place, table)
    found: list[Row] = place.files.rows_matching(paths, wanted, known_columns(table)).to_pylist()
    return found


def known_columns(table: Table) -> dict[str, Shown]:
    """The table's columns as filters know them."""
    known = {ROW_ID: Shown(ROW_ID, quoted(ROW_ID), "BIGINT", INT8)}
    for one in table.fields:
        known[one.name] = Shown(one.name, quoted(one.name), one.engine_type, one.type)
    return known


def _step(
    tx: Tx,
    place: Place,
    work: Path,
    table: Table,
    files: Sequence[VersionFile | Written],
    *,
    doing: Doing,
) -> tuple[Version, bool]:
    """The new version, and whether small files have gathered."""
    fields = table.fields
    kept = [one for one in files if one.row_count != 0]
    if not kept:
        kept = [place.files.write_empty(work, schema_of(fields))]
    runs = runs_of(kept)
    to_merge = len(kept) - len(runs)
    if to_merge >= FILES_UNMERGED_MAX:
        kept = merged(place, work, table, runs)
        to_merge = 0
    version = take_step(tx, place, table, kept, fields, kind=VersionKind.STEP, doing=doing)
    return version, to_merge > 0 and to_merge % FILES_TO_MERGE == 0


def merged(
    place: Place, work: Path, table: Table, runs: Sequence[Sequence[VersionFile | Written]]
) -> list[VersionFile | Written]:
    """One file for each run of neighbours."""
    files: list[VersionFile | Written] = []
    for run in runs:
        if len(run) == 1:
            files.append(run[0])
        else:
            files += place.files.merge(work, [_path(place, table, one) for one in run])
    return files


def _path(place: Place, table: Table, file: VersionFile | Written) -> Path:
    if isinstance(file, Written):
        return file.path
    folder = place.folders.table_of(table.distribution.id)
    return bring_files(folder, [file], storage=place.folders.storage)[0]


def _cells(table: Table, records: Sequence[Record], *, with_row_id: bool) -> list[dict[str, Cell]]:
    """The records as their columns store them; columns that a record lacks are left out."""
    if len(records) > BATCH_ROWS_MAX:
        raise BatchTooLarge(BATCH_ROWS_MAX)
    fields = {one.name: one for one in table.fields}
    if with_row_id:
        fields[ROW_ID] = Field(ROW_ID, INT8)
    readers = {name: reader_of(one) for name, one in fields.items()}
    rows = []
    for row_number, record in enumerate(records, start=1):
        if not record.keys() <= fields.keys():
            unknown = [name for name in record if name not in fields]
            raise FieldsUnknown(row_number, ", ".join(unknown))
        try:
            row = {name: readers[name](value) for name, value in record.items()}
        except UnfitCell:
            row = {
                name: cell_of(fields[name], value, row_number=row_number)
                for name, value in record.items()
            }
        row_id = row.get(ROW_ID, 1)
        if not isinstance(row_id, int) or not 1 <= row_id <= ROW_ID_MAX:
            raise CellUnfit(row_number, ROW_ID, "bigint out of range")
        rows.append(row)
    return rows


def _matches(
    place: Place, table: Table, columns: Sequence[str], keys: Sequence[tuple[Cell, ...]]
) -> dict[tuple[Cell, ...], int]:
    """The rows that have these keys, by their keys; of several with one key the first."""
    asked = [one for one in dict.fromkeys(keys) if None not in one]
    if not asked or not columns:
        return {}
    known = {one.name: one for one in table.fields} | {ROW_ID: Field(ROW_ID, INT8)}
    arrays = {
        name: pa.array([one[n] for one in asked], known[name].arrow_type)
        for n, name in enumerate(columns)
    }
    wanted = pa.table({**arrays, PLACE: pa.array(range(len(asked)), pa.int64())})
    found: dict[tuple[Cell, ...], int] = {}
    for match in place.files.match(paths_of(place, table), wanted, columns):
        key = asked[match.place]
        found[key] = min(match.row_id, found.get(key, match.row_id))
    return found


def _check_keys(place: Place, plan: Plan, row_ids: set[int]) -> None:
    """Refuse rows named by their ids that would have the key of another row.

    Raises: KeyTaken.
    """
    table = plan.table
    key = table.definition.primary_key
    changing = {one for one in row_ids & plan.changed.keys() if set(key) & plan.changed[one].keys()}
    named = (row_ids & plan.added.keys()) | changing
    if not named:
        return
    whole = {_id_of(row): tuple(row.get(name) for name in key) for row in rows_after(place, plan)}
    taken = _matches(place, table, key, [whole[one] for one in named])
    seen: dict[tuple[Cell, ...], int] = {}
    for row_id, own in whole.items():
        if None in own:
            continue
        other = taken.get(own, row_id)
        if seen.setdefault(own, row_id) != row_id or (other != row_id and other not in whole):
            raise KeyTaken(_shown(key, own))


def _changes(fields: Sequence[Field], changed: Mapping[int, Row]) -> pa.Table:
    """Changes as a table: ids, and for each column that changes its values and where they count."""
    touched = {name for cells in changed.values() for name in cells}
    arrays = {ROW_ID: pa.array(list(changed), pa.int64())}
    for one in fields:
        if one.name in touched:
            values = [cells.get(one.name) for cells in changed.values()]
            arrays[one.name] = pa.array(values, one.arrow_type)
            arrays[present(one.name)] = pa.array(
                [one.name in cells for cells in changed.values()], pa.bool_()
            )
    return pa.table(arrays)


def _table_of(fields: Sequence[Field], rows: Mapping[int, Row]) -> pa.Table:
    """New rows as a table, in the order of their ids."""
    ids = sorted(rows)
    arrays = [pa.array(ids, pa.int64())]
    arrays += [
        pa.array([rows[row_id].get(one.name) for row_id in ids], one.arrow_type) for one in fields
    ]
    return pa.Table.from_arrays(arrays, schema=schema_of(tuple(fields)))


def _id_of(row: Row) -> int:
    row_id = row[ROW_ID]
    assert isinstance(row_id, int)
    return row_id


def _shown(key: Sequence[str], values: Sequence[Cell]) -> str:
    told = ", ".join(f"{name}: {value!r}" for name, value in zip(key, values, strict=True))
    return told[:_KEY_SHOWN_CHARACTERS]
