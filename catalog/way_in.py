"""What becomes of the rows that are there when a file comes, and what a version changed of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.view import Json

COMPARED_ROWS_MAX: Final = 20_000_000
"""Of larger tables it is not counted what a replacing file changed."""


class Way(StrEnum):
    """How the rows of a file go into a table."""

    REPLACE = "replace"
    """They stand for all that was there."""
    APPEND = "append"
    """They follow what is there."""
    UPSERT = "upsert"
    """They change the rows with their keys, and those with new keys follow."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a version differs from the one before it, counted in rows."""

    way: Way
    base_number: int
    """The number of the version before."""
    added: int
    changed: int
    unchanged: int
    removed: int
    key: tuple[str, ...] = ()
    """The columns by which a row was known again; empty: by all its values."""
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """The stored form."""
        return {
            "way": self.way.value,
            "base_number": self.base_number,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "removed": self.removed,
            "key": list(self.key),
            "columns_added": list(self.columns_added),
            "columns_removed": list(self.columns_removed),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Change:
        """Read the stored form."""
        return cls(
            Way(str(stored["way"])),
            _count(stored["base_number"]),
            _count(stored["added"]),
            _count(stored["changed"]),
            _count(stored["unchanged"]),
            _count(stored["removed"]),
            _texts(stored["key"]),
            _texts(stored["columns_added"]),
            _texts(stored["columns_removed"]),
        )


def _count(value: Json) -> int:
    assert isinstance(value, int)
    return value


def _texts(value: Json) -> tuple[str, ...]:
    assert isinstance(value, list)
    return tuple(str(one) for one in value)
