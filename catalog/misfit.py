"""What was set aside from a version: cells that do not fit their column, rows that break a rule.

Nothing is nulled in silence: where the table has no value, or lacks a row, for such a cause, the
value stands here with its row and reason. `row_number` counts the rows of the file that was read,
from 1 below its heading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never

from catalog.version import ColumnType
from policies.terms import VersionId

MISFITS_NAME: Final = "misfits.parquet"
"""The file of what is set aside, as its reader leaves it."""


class Misfit(StrEnum):
    """Why something was set aside."""

    NOT_INTEGER = "not_integer"
    NOT_NUMBER = "not_number"
    NOT_BOOLEAN = "not_boolean"
    NOT_DATE = "not_date"
    NOT_TIME = "not_time"
    BREAKS_RULE = "breaks_rule"
    """A quality rule was broken; `rule_id` says which."""


class SetAsideBy(StrEnum):
    """Who set something aside; each replaces only what it set aside itself before."""

    READING = "reading"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class SetAside:
    """One value, or one whole row, that is not in the table."""

    row_number: int
    column: str | None
    """None where the whole row was set aside."""
    value: str | None
    """As it stood in the file; a whole row as a JSON object."""
    reason: str
    """One of `Misfit`."""
    rule_id: str | None = None
    """Set where a rule of quality was broken."""


@dataclass(frozen=True, slots=True)
class KeptAside:
    """Values that were set aside, as bytes in place."""

    sha256: str
    size_bytes: int
    count: int
    row_count: int
    """How many rows of the file they are from."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """What one of the two set aside of a version."""

    version_id: VersionId
    by: SetAsideBy
    kept: KeptAside
    at: datetime


@dataclass(frozen=True, slots=True)
class QuarantineCount:
    """How much of a version was set aside; this much is told to all who see the version."""

    cells: int = 0
    """Values that did not fit their column."""
    broken: int = 0
    """Values and rows that broke a rule."""

    @property
    def all(self) -> int:
        """Both together."""
        return self.cells + self.broken


NONE_SET_ASIDE: Final = QuarantineCount()


def reason_for(kind: ColumnType) -> Misfit:
    """Why a cell does not fit a column of that type."""
    match kind:
        case ColumnType.INTEGER:
            return Misfit.NOT_INTEGER
        case ColumnType.DECIMAL | ColumnType.DOUBLE:
            return Misfit.NOT_NUMBER
        case ColumnType.BOOLEAN:
            return Misfit.NOT_BOOLEAN
        case ColumnType.DATE:
            return Misfit.NOT_DATE
        case ColumnType.TIMESTAMP | ColumnType.INSTANT:
            return Misfit.NOT_TIME
        case ColumnType.TEXT:
            raise AssertionError(kind)
        case _:
            assert_never(kind)
