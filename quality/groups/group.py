"""Columns that together tell persons apart (quasi-identifiers), and how well groups hide them.

k-anonymity: every combination of their values is shared by `least` rows or more. l-diversity:
within each group the column `about` has more than one value, so that belonging to it tells nothing.

Source: GB/T 37964-2019, annex C (k-anonymity, l-diversity). Which `least` is enough stands in no
standard that was read; the publisher says it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policies.terms import UserId, VersionId

COLUMNS_MAX = 20
LEAST_MIN, LEAST_MAX = 2, 10_000
REASON_CHARACTERS_MAX = 500


class GroupAnswer(StrEnum):
    """What a publisher says to small groups."""

    KEPT = "kept"
    """They go out as they are, for a reason that is put on record."""
    BLANKED = "blanked"
    """Every offer leaves these columns empty in small groups."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a publisher declares of a distribution."""

    columns: tuple[str, ...]
    least: int
    about: str = ""
    """The column that must differ within a group; empty where none is told."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Sizes of the groups of one version; never a value."""

    declared: Declared
    row_count: int
    group_count: int
    smallest: int
    """Rows of the smallest group; 0 for a table without rows."""
    small_groups: int
    """Groups of fewer than `least` rows."""
    small_rows: int
    uniform_groups: int
    """Groups of one single value of `about`; 0 where none is told."""

    @property
    def is_finding(self) -> bool:
        """Whether publication waits for an answer to it."""
        return bool(self.small_groups or self.uniform_groups)

    def is_no_worse_than(self, other: Counted) -> bool:
        """Whether what was said to `other` holds for this too."""
        return (
            self.declared == other.declared
            and self.smallest >= other.smallest
            and self.small_rows <= other.small_rows
            and self.uniform_groups <= other.uniform_groups
        )


@dataclass(frozen=True, slots=True)
class CountState:
    """What was counted in a version, and the answer to it."""

    version_id: VersionId
    counted: Counted
    answer: GroupAnswer | None = None
    reason: str = ""
    answered_by: UserId | None = None
    answered_at: datetime | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether publication waits for an answer."""
        return self.counted.is_finding and self.answer is None
