"""Rows of the engine as JSON: how a column is asked for, and how rows become bytes.

The shape of values, everywhere in Weir: dates and times ISO 8601 text; numbers as JSON numbers, a
decimal as text where a double would not hold it exactly; NaN and infinity null; bytes as base64
text; JSON columns as the JSON they hold; nested lists and records likewise; intervals and rarer
types as the engine's text.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Protocol, TypeAlias

import orjson

Cell: TypeAlias = object
"""What the engine returns for one cell; `orjson` and `_as_json` know every such type."""
Row: TypeAlias = tuple[Cell, ...]


class NamedType(Protocol):
    """A column as it is told of."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def type(self) -> str:
        """The engine's name of its type."""
        ...


_OPTIONS = orjson.OPT_NON_STR_KEYS
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*\d+\)")
_DECIMAL_DIGITS_EXACT = 15
_AS_TEXT = ("INTERVAL", "BIT", "BIGNUM", "VARIANT", "TIME WITH TIME ZONE", "GEOMETRY", "UNION(")


def json_expression(quoted: str, type_name: str) -> str:
    """SQL that yields the column `quoted` in a form that becomes right JSON at once.

    `quoted` is a quoted identifier or a column position (`#1`); `type_name` is the engine's own
    name of the column's type.
    """
    if is_nested(type_name):
        return quoted
    if type_name.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"replace(replace(CAST({quoted} AS VARCHAR), ' ', 'T'), '+00', '+00:00')"
    if type_name.startswith("TIMESTAMP"):
        return f"replace(CAST({quoted} AS VARCHAR), ' ', 'T')"
    if type_name in ("DATE", "TIME", "UUID") or type_name.startswith(_AS_TEXT):
        return f"CAST({quoted} AS VARCHAR)"
    if type_name == "BLOB":
        return f"base64({quoted})"
    decimal = _DECIMAL.fullmatch(type_name)
    if decimal and int(decimal[1]) <= _DECIMAL_DIGITS_EXACT:
        return f"CAST({quoted} AS DOUBLE)"
    return quoted


def json_text_expression(quoted: str, type_name: str) -> str:
    """SQL that yields the column in a form that the engine's own `json_object` writes right.

    Not for nested types. The result is the same as that of `json_expression` and Python.
    """
    if type_name in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
    decimal = _DECIMAL.fullmatch(type_name)
    if decimal and int(decimal[1]) > _DECIMAL_DIGITS_EXACT:
        nearest = f"CAST({quoted} AS DOUBLE)"
        return (
            f"CASE WHEN TRY_CAST(CAST({nearest} AS VARCHAR) AS {type_name}) = {quoted}"
            f" THEN to_json({nearest}) ELSE to_json(CAST({quoted} AS VARCHAR)) END"
        )
    return json_expression(quoted, type_name)


def is_nested(type_name: str) -> bool:
    """Whether the type holds other values: a list, an array, a record or a map."""
    return type_name.endswith("]") or type_name.startswith(("STRUCT(", "MAP("))


def json_columns(type_names: Sequence[str]) -> tuple[int, ...]:
    """Positions of the columns whose text is itself JSON."""
    return tuple(place for place, name in enumerate(type_names) if name == "JSON")


def with_json(rows: Sequence[Row], places: Sequence[int]) -> Sequence[Row]:
    """The rows with the JSON text at these places taken as JSON."""
    if not places:
        return rows
    embedded: list[Row] = []
    for row in rows:
        cells = list(row)
        for place in places:
            if isinstance(cells[place], str):
                cells[place] = orjson.Fragment(str(cells[place]))
        embedded.append(tuple(cells))
    return embedded


def columns_json(columns: Sequence[NamedType]) -> bytes:
    """A JSON array that names the columns with their types."""
    return _dumps([{"name": column.name, "type": column.type} for column in columns])


def array_of_objects(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A JSON array with an object for each row, keys in the order of the columns."""
    return _dumps([dict(zip(columns, row, strict=True)) for row in rows])


def array_of_arrays(rows: Sequence[Row]) -> bytes:
    """A JSON array with an array for each row."""
    return _dumps(rows)


def lines_of_objects(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """An object and a line feed for each row."""
    return b"".join(
        _dumps(dict(zip(columns, row, strict=True)), orjson.OPT_APPEND_NEWLINE) for row in rows
    )


def _dumps(value: object, options: int = 0) -> bytes:
    try:
        return orjson.dumps(value, default=_as_json, option=_OPTIONS | options)
    except orjson.JSONEncodeError:
        # Whole numbers beyond 64 bits are the one thing the library refuses outright.
        return orjson.dumps(_wide(value), default=_as_json, option=_OPTIONS | options)


def _as_json(value: object) -> object:
    """What the library cannot write by itself; it asks for one value at a time."""
    match value:
        case Decimal():
            text = str(value)
            nearest = float(value)
            if len(text) <= _DECIMAL_DIGITS_EXACT:
                return nearest
            is_exact = math.isfinite(nearest) and Decimal(repr(nearest)) == value
            return nearest if is_exact else text
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case timedelta():
            return f"PT{value.total_seconds():g}S"
        case _:
            return str(value)


def _wide(value: object) -> object:
    """The same value with its widest whole numbers already written."""
    walk: Callable[[object], object] = _wide
    match value:
        case bool():
            return value
        case int() if not -(1 << 63) <= value < 1 << 64:
            return orjson.Fragment(str(value))
        case list() | tuple():
            return [walk(item) for item in value]
        case dict():
            return {key: walk(item) for key, item in value.items()}
        case _:
            return value
