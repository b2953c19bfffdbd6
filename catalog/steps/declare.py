"""Make a table, change its columns, say its key and other names, take it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from catalog.dataset import DistributionId
from catalog.steps import store
from catalog.steps.errors import AliasTaken, KeyMissing, KeyTaken
from catalog.steps.field import Field, check_fields, schema_of
from catalog.steps.row_files import Written
from catalog.steps.table import Definition, Doing, Table
from catalog.steps.take_step import (
    Place,
    held_table,
    lock_table,
    paths_of,
    take_step,
    working,
)
from catalog.version import VersionFile, VersionKind
from catalog.view import Json
from policies.database import Tx


def create(tx: Tx, place: Place, table: Table, fields: Sequence[Field], *, doing: Doing) -> Table:
    """Give a distribution that has no rows a table with these columns.

    Raises: FieldNameUnfit, FieldNamedTwice, FieldsTooMany, StorageFull.
    """
    check_fields(tuple(fields))
    with working(place, table) as work:
        files = [place.files.write_empty(work, schema_of(tuple(fields)))]
        take_step(tx, place, table, files, fields, kind=VersionKind.STEP, doing=doing)
    store.put_definition(tx, table.distribution.id, Definition())
    return held_table(tx, table.distribution.id)


def give_row_ids(tx: Tx, place: Place, table: Table, *, doing: Doing) -> Table:
    """Make a table that came by upload one that is fed: each row gets an id, in their order.

    Raises: StorageFull.
    """
    if table.has_row_ids:
        return table
    assert table.version is not None
    fields = tuple(
        replace(one, name=_free_name(one.name)) if one.name.startswith("_") else one
        for one in table.fields
    )
    names = {one.name for one in fields}
    key = [name for name in table.distribution.key_columns if name in names]
    with working(place, table) as work:
        files = place.files.number(
            work, paths_of(place, table), list(zip(table.fields, fields, strict=True)), key
        )
        take_step(tx, place, table, files, fields, kind=VersionKind.STEP, doing=doing)
    definition = replace(table.definition, next_row_id=table.version.row_count + 1)
    store.put_definition(tx, table.distribution.id, definition)
    return held_table(tx, table.distribution.id)


def change_fields(
    tx: Tx, place: Place, table: Table, fields: Sequence[Field], *, doing: Doing
) -> Table:
    """Have the table have just these columns: new ones are empty, missing ones go.

    Raises: FieldNameUnfit, FieldNamedTwice, FieldsTooMany, KeyMissing, StorageFull.
    """
    fields = tuple(fields)
    if fields == table.fields:
        return table
    check_fields(fields)
    names = {one.name for one in fields}
    lost = [name for name in table.definition.primary_key if name not in names]
    if lost:
        raise KeyMissing(", ".join(lost))
    with working(place, table) as work:
        paths = paths_of(place, table)
        files: Sequence[VersionFile | Written] = place.files.recast(
            work, paths, table.fields, fields
        )
        take_step(tx, place, table, files, fields, kind=VersionKind.STEP, doing=doing)
    infos = {name: told for name, told in table.definition.infos.items() if name in names}
    store.put_definition(tx, table.distribution.id, replace(table.definition, infos=infos))
    return held_table(tx, table.distribution.id)


def define(
    tx: Tx,
    place: Place,
    table: Table,
    *,
    primary_key: Sequence[str] | None,
    indexes: Sequence[Sequence[str]] | None,
    infos: Mapping[str, Json] | None,
) -> Table:
    """Say what is the table's key, what its indexes are, and what its columns mean.

    None leaves each as it is. Indexes are kept as they were told: files are read by ranges.

    Raises: KeyMissing where there is no such column; KeyTaken where rows have one key.
    """
    names = {one.name for one in table.fields}
    definition = table.definition
    for columns in [primary_key or (), *(indexes or ())]:
        lacking = [name for name in columns if name not in names]
        if lacking:
            raise KeyMissing(", ".join(lacking))
    if primary_key is not None and tuple(primary_key) != definition.primary_key:
        if primary_key:
            double = place.files.first_double(paths_of(place, table), primary_key)
            if double is not None:
                raise KeyTaken(double)
        definition = replace(definition, primary_key=tuple(primary_key))
    if indexes is not None:
        definition = replace(definition, indexes=tuple(tuple(one) for one in indexes))
    if infos:
        definition = replace(definition, infos={**definition.infos, **infos})
    if definition != table.definition:
        store.put_definition(tx, table.distribution.id, definition)
    return replace(table, definition=definition)


def name_also(tx: Tx, table: Table, aliases: Sequence[str]) -> None:
    """Have the table go by these names and no others, besides its id.

    Raises: AliasTaken.
    """
    taken = store.put_aliases(tx, table.distribution.id, list(dict.fromkeys(aliases)))
    if taken:
        raise AliasTaken(taken[0])


def drop(tx: Tx, distribution_id: DistributionId) -> None:
    """Take a table away. Its versions stay for the evidence, and nobody reads them.

    Raises: TableNotFound.
    """
    held_table(tx, distribution_id)
    store.drop(tx, distribution_id)


def table_of(tx: Tx, distribution_id: DistributionId) -> Table:
    """The table under its lock, with or without rows.

    Raises: TableNotFound where there is no such distribution.
    """
    return lock_table(tx, distribution_id)


def _free_name(name: str) -> str:
    """A name that does not begin as those of our own columns do."""
    return name.lstrip("_") or "column"
