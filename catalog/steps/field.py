"""What a column of a table was declared to be, in the words of PostgreSQL.

Values of `json` and of lists are stored as JSON text; `numeric` as a decimal of 38 digits, 18 of
them behind the point, which holds what a double can tell.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from catalog.steps.errors import FieldNamedTwice, FieldNameUnfit, FieldsTooMany, FieldTypeUnknown
from catalog.version import Column, ColumnType

ROW_ID: Final = "_id"
COLUMNS_MAX: Final = 1_000
NAME_LENGTH_CHARACTERS: Final = 255
NUMERIC_DIGITS: Final = 38
NUMERIC_SCALE: Final = 18

TEXT, INT4, INT8, NUMERIC, FLOAT8 = "text", "int4", "int8", "numeric", "float8"
BOOL, DATE, TIMESTAMP, TIMESTAMPTZ, JSON = "bool", "date", "timestamp", "timestamptz", "json"

_SPELLINGS: Final = {
    **dict.fromkeys(
        ("text", "varchar", "character varying", "char", "bpchar", "uuid", "name"), TEXT
    ),
    **dict.fromkeys(("int", "integer", "int4", "int2", "smallint", "serial"), INT4),
    **dict.fromkeys(("int8", "bigint", "bigserial"), INT8),
    **dict.fromkeys(("numeric", "decimal"), NUMERIC),
    **dict.fromkeys(("float", "float8", "double", "double precision", "real", "float4"), FLOAT8),
    **dict.fromkeys(("bool", "boolean"), BOOL),
    "date": DATE,
    **dict.fromkeys(("timestamp", "timestamp without time zone", "datetime"), TIMESTAMP),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), TIMESTAMPTZ),
    **dict.fromkeys(("json", "jsonb", "nested"), JSON),
    **dict.fromkeys(("time", "interval", "time without time zone"), TEXT),
}
_ENGINE: Final = {
    TEXT: "VARCHAR",
    INT4: "INTEGER",
    INT8: "BIGINT",
    FLOAT8: "DOUBLE",
    BOOL: "BOOLEAN",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP",
    TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
    JSON: "VARCHAR",
}
_ARROW: Final = {
    TEXT: pa.string(),
    INT4: pa.int32(),
    INT8: pa.int64(),
    FLOAT8: pa.float64(),
    BOOL: pa.bool_(),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us"),
    TIMESTAMPTZ: pa.timestamp("us", tz="UTC"),
    JSON: pa.string(),
}
_COLUMN_TYPES: Final = {
    TEXT: ColumnType.TEXT,
    INT4: ColumnType.INTEGER,
    INT8: ColumnType.INTEGER,
    NUMERIC: ColumnType.DECIMAL,
    FLOAT8: ColumnType.DOUBLE,
    BOOL: ColumnType.BOOLEAN,
    DATE: ColumnType.DATE,
    TIMESTAMP: ColumnType.TIMESTAMP,
    TIMESTAMPTZ: ColumnType.INSTANT,
    JSON: ColumnType.TEXT,
}
_DECLARED: Final = {
    ColumnType.TEXT: TEXT,
    ColumnType.INTEGER: INT8,
    ColumnType.DECIMAL: NUMERIC,
    ColumnType.DOUBLE: FLOAT8,
    ColumnType.BOOLEAN: BOOL,
    ColumnType.DATE: DATE,
    ColumnType.TIMESTAMP: TIMESTAMP,
    ColumnType.INSTANT: TIMESTAMPTZ,
}
_NATIVE: Final = {
    INT4: "integer",
    INT8: "bigint",
    FLOAT8: "double precision",
    BOOL: "boolean",
    TIMESTAMP: "timestamp without time zone",
    TIMESTAMPTZ: "timestamp with time zone",
}
_LENGTH: Final = re.compile(r"\s*\([\d,\s]*\)")


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name and its type, which is `_` and the items' type for a list."""

    name: str
    type: str
    precision: int = NUMERIC_DIGITS
    scale: int = NUMERIC_SCALE

    @property
    def is_list(self) -> bool:
        """Whether its values are lists."""
        return self.type.startswith("_")

    @property
    def holds_json(self) -> bool:
        """Whether its values are stored as JSON text."""
        return self.is_list or self.type == JSON

    @property
    def engine_type(self) -> str:
        """The engine's name of the type that its values are stored as."""
        if self.is_list:
            return "VARCHAR"
        if self.type == NUMERIC:
            return f"DECIMAL({self.precision},{self.scale})"
        return _ENGINE[self.type]

    @property
    def arrow_type(self) -> pa.DataType:
        """The same for Arrow."""
        if self.is_list:
            return pa.string()
        if self.type == NUMERIC:
            return pa.decimal128(self.precision, self.scale)
        return _ARROW[self.type]

    @property
    def native_type(self) -> str:
        """The type as PostgreSQL writes it out."""
        if self.is_list:
            item = self.type[1:]
            return f"{_NATIVE.get(item, item)}[]"
        return _NATIVE.get(self.type, self.type)

    @property
    def column(self) -> Column:
        """The column as versions tell of it."""
        kind = ColumnType.TEXT if self.is_list else _COLUMN_TYPES[self.type]
        if kind is ColumnType.DECIMAL:
            return Column(self.name, kind, self.precision, self.scale, declared=self.type)
        return Column(self.name, kind, declared=self.type)


ROW_ID_COLUMN: Final = Column(ROW_ID, ColumnType.INTEGER)
ROW_ID_ARROW: Final = pa.field(ROW_ID, pa.int64())


def type_named(text: str) -> str:
    """The type that a text names, in one spelling.

    Raises: FieldTypeUnknown.
    """
    name = _LENGTH.sub("", text.strip().lower()).strip()
    if name.endswith("[]") or name.startswith("_"):
        item = name.removesuffix("[]").removeprefix("_").strip()
        known = _SPELLINGS.get(item)
        if known is None:
            raise FieldTypeUnknown(text)
        return f"_{known}"
    if name not in _SPELLINGS:
        raise FieldTypeUnknown(text)
    return _SPELLINGS[name]


def field_of(column: Column) -> Field:
    """The field that a version's column is."""
    kind = column.declared or _DECLARED[column.type]
    if kind == NUMERIC and column.precision is not None and column.scale is not None:
        return Field(column.name, kind, column.precision, column.scale)
    return Field(column.name, kind)


def is_field_name(name: str) -> bool:
    """Whether a column may be called so.

    Source: CKAN 2.12, `datastore_create`, names of fields.
    """
    return (
        bool(name)
        and name == name.strip()
        and not name.startswith("_")
        and '"' not in name
        and len(name) <= NAME_LENGTH_CHARACTERS
        and not any(unicodedata.category(one).startswith("C") for one in name)
    )


def check_fields(fields: tuple[Field, ...]) -> None:
    """Refuse names that cannot be, or that come twice.

    Raises: FieldNameUnfit, FieldNamedTwice, FieldsTooMany.
    """
    if len(fields) > COLUMNS_MAX:
        raise FieldsTooMany(COLUMNS_MAX)
    seen = set()
    for field in fields:
        if not is_field_name(field.name):
            raise FieldNameUnfit(field.name)
        # The engine compares names without case.
        if field.name.lower() in seen:
            raise FieldNamedTwice(field.name)
        seen.add(field.name.lower())


def schema_of(fields: tuple[Field, ...]) -> pa.Schema:
    """The schema of a table's files: the row's id, then its fields."""
    return pa.schema([ROW_ID_ARROW, *(pa.field(one.name, one.arrow_type) for one in fields)])
