"""What is asked of a table's rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from catalog.view import Scalar

FILTERS_MAX: Final = 100
FILTER_DEPTH_MAX: Final = 10
VALUES_MAX: Final = 10_000

Value: TypeAlias = Scalar | tuple[Scalar | None, ...] | None
"""A tuple is a list as one value, for columns that hold lists."""


class Sign(StrEnum):
    """How a value is compared."""

    EQUAL = "="
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Compare:
    """A column against one value; equal to None means that the cell is empty."""

    column: str
    sign: Sign
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A column against several values; none of them is met by nothing."""

    column: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts it always does."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One part holds at least; without parts it never does."""

    parts: tuple[Filter, ...]


Filter: TypeAlias = Compare | OneOf | All | AnyOf
EVERY_ROW: Final = All(())


@dataclass(frozen=True, slots=True)
class Order:
    """A column of an order; as in PostgreSQL, empty cells count as the largest values."""

    column: str
    is_descending: bool = False
    nulls_first: bool | None = None
    """None: first where it descends, else last."""


@dataclass(frozen=True, slots=True)
class Words:
    """Words to be found in all columns, or in one."""

    text: str
    column: str | None = None

    @property
    def rank_name(self) -> str:
        """The column that tells how well a row matches."""
        return "rank" if self.column is None else f"rank {self.column}"


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """Which rows and columns are wanted, in which order."""

    filter: Filter = EVERY_ROW
    words: tuple[Words, ...] = ()
    is_plain: bool = True
    """Words as they are; else the language of PostgreSQL's `to_tsquery`."""
    is_stemmed: bool = True
    """Whether a word also finds its English forms."""
    columns: tuple[str, ...] | None = None
    """None gives all, with the ranks."""
    is_distinct: bool = False
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
