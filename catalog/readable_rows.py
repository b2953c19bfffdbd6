"""Where rows are read from: a serving copy, or the files of a table that is fed in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog.row_search.statement import ROW_ID, Known, Shown, quoted
from catalog.serving_copy import Column, ServingCopy
from catalog.steps.field import Field

_DECLARED: Final = {
    "VARCHAR": "text",
    "TINYINT": "int4",
    "SMALLINT": "int4",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "UTINYINT": "int4",
    "USMALLINT": "int4",
    "UINTEGER": "int8",
    "UBIGINT": "numeric",
    "HUGEINT": "numeric",
    "UHUGEINT": "numeric",
    "DOUBLE": "float8",
    "FLOAT": "float8",
    "BOOLEAN": "bool",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "JSON": "json",
}


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The files of a step, in the order of their rows' ids; all of it may be read."""

    paths: tuple[Path, ...]
    fields: tuple[Field, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that may be read, with what is known of their columns."""

    read: ServingCopy | TableFiles
    known: Known
    rows: int
    is_in_order: bool
    """Whether the rows lie in the order of their ids."""
    has_gapless_ids: bool


def source_of(read: ServingCopy | TableFiles, fields: Mapping[str, Field]) -> Source:
    """What may be asked of these rows; `fields` are the columns as they were declared."""
    if isinstance(read, TableFiles):
        known = {ROW_ID: Shown(ROW_ID, quoted(ROW_ID), "BIGINT", "int")}
        for one in read.fields:
            known[one.name] = Shown(one.name, quoted(one.name), one.engine_type, one.type)
        return Source(read, known, read.rows, is_in_order=True, has_gapless_ids=False)
    has_ids = any(one.name == ROW_ID for one in read.columns)
    row_id = quoted(ROW_ID) if has_ids else "(rowid + 1)"
    known = {ROW_ID: Shown(ROW_ID, row_id, "BIGINT", "int")}
    for column in read.columns:
        if column.name != ROW_ID:
            known[column.name] = Shown(
                column.name, quoted(column.name), column.type, _declared(column, fields)
            )
    return Source(
        read,
        known,
        read.rows,
        is_in_order=not has_ids or not read.key,
        has_gapless_ids=not has_ids,
    )


def _declared(column: Column, fields: Mapping[str, Field]) -> str:
    engine_type = column.type
    held = fields.get(column.name)
    # A masked column is another type than it was declared to be.
    if held is not None and held.engine_type == engine_type:
        return held.type
    return declared_type(engine_type)


def declared_type(engine_type: str) -> str:
    """The engine's type as DataStore clients know it."""
    if engine_type.startswith("DECIMAL"):
        return "numeric"
    if engine_type.endswith("]"):
        item = engine_type.rsplit("[", 1)[0]
        return f"_{_DECLARED.get(item, 'text')}"
    if engine_type.startswith(("STRUCT(", "MAP(")):
        return "json"
    if engine_type.startswith("TIMESTAMP"):
        return _DECLARED.get(engine_type, "timestamp")
    return _DECLARED.get(engine_type, "text")
