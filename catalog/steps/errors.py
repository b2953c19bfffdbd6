"""Refusals of tables that are fed in steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound, TooLarge


@dataclass(eq=False)
class FieldTypeUnknown(Invalid):
    """A column is declared with a type that there is none of."""

    message: ClassVar[str] = N_("“{type}” is no type of a column.")
    type: str


@dataclass(eq=False)
class FieldNameUnfit(Invalid):
    """A column has a name that cannot be one."""

    message: ClassVar[str] = N_("“{name}” cannot be the name of a column.")
    name: str


@dataclass(eq=False)
class FieldNamedTwice(Invalid):
    """Two columns have one name."""

    message: ClassVar[str] = N_("Two columns are called “{name}”.")
    name: str


@dataclass(eq=False)
class CellUnfit(Invalid):
    """A value cannot be stored in its column; `reason` says why in the words of PostgreSQL."""

    message: ClassVar[str] = N_("Row {row_number}, column “{column}”: {reason}")
    row_number: int
    """Counted from 1."""
    column: str
    reason: str


@dataclass(eq=False)
class FieldsUnknown(Invalid):
    """A row names columns that the table does not have."""

    message: ClassVar[str] = N_("Row {row_number} has columns that the table lacks: {names}.")
    row_number: int
    names: str


@dataclass(eq=False)
class KeyNeeded(Invalid):
    """Rows are to be found again, and the table has no key to find them by."""

    message: ClassVar[str] = N_("The table has no key, so rows can only be added.")


@dataclass(eq=False)
class KeyMissing(Invalid):
    """A row lacks columns of the key."""

    message: ClassVar[str] = N_("Columns of the key are missing: {names}.")
    names: str


@dataclass(eq=False)
class KeyNotFound(Invalid):
    """A row that is to be changed is not there."""

    message: ClassVar[str] = N_("There is no row with the key {key}.")
    key: str


@dataclass(eq=False)
class KeyTaken(Conflict):
    """Two rows would have one key."""

    message: ClassVar[str] = N_("Two rows would have the key {key}.")
    key: str


@dataclass(eq=False)
class TableNotFound(NotFound):
    """The distribution has no rows here."""

    message: ClassVar[str] = N_("There is no table “{name}”.")
    name: str


@dataclass(eq=False)
class BatchTooLarge(TooLarge):
    """One batch has more rows than are taken at once."""

    message: ClassVar[str] = N_("A batch has at most {rows_max} rows.")
    rows_max: int


@dataclass(eq=False)
class FieldsTooMany(TooLarge):
    """A table has more columns than it may have."""

    message: ClassVar[str] = N_("A table has at most {columns_max} columns.")
    columns_max: int


@dataclass(eq=False)
class AliasTaken(Conflict):
    """Another table goes by that name already."""

    message: ClassVar[str] = N_("The alias “{alias}” is taken.")
    alias: str
