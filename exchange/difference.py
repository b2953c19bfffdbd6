"""How two versions of the same data differ: in their columns, and in their rows by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from catalog.view import Json
from policies.terms import MicroCredits


class Change(StrEnum):
    """What became of a row."""

    ADDED = "added"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class RetypedColumn:
    """A column whose values are of another type now."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnDifference:
    """What became of the columns that the reader may see."""

    added: tuple[str, ...]
    gone: tuple[str, ...]
    retyped: tuple[RetypedColumn, ...]
    shared: tuple[str, ...]
    """In both, in the order of the later version; of these, what may be read is compared."""


@dataclass(frozen=True, slots=True)
class RowExample:
    """One row that differs."""

    change: Change
    before: Mapping[str, Json]
    """Shared columns; empty where the row was added."""
    after: Mapping[str, Json]
    """Shared columns; empty where the row is gone."""
    changed_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowDifference:
    """What became of the rows."""

    key: tuple[str, ...]
    """The columns by which rows were told apart; empty where whole rows were compared."""
    added: int
    gone: int
    changed: int
    """Always 0 where whole rows were compared: a changed one is gone and added."""
    changes_by_column: Mapping[str, int]
    """Rows in which each column has another value; only columns that changed anywhere."""
    examples: tuple[RowExample, ...]
    more: bool
    """Whether there are more examples after these."""


@dataclass(frozen=True, slots=True)
class Difference:
    """From one version to another."""

    before: int
    after: int
    columns: ColumnDifference
    rows: RowDifference | None
    """None where only the columns were asked for."""
    charge: MicroCredits
    receipt_ids: tuple[UUID, ...]
