"""How a file would be read, as it is shown before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.version import Reading
from catalog.view import Json

CELL_CHARACTERS_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Look:
    """How a file would be read."""

    reading: Reading
    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    """The first rows, as text, long cells cut."""

    def as_json(self) -> dict[str, Json]:
        """What crosses from the confined process."""
        return {
            "reading": self.reading.as_json(),
            "names": list(self.names),
            "rows": [list(row) for row in self.rows],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Json]) -> Look:
        """Read what crossed."""
        reading, names, rows = told["reading"], told["names"], told["rows"]
        assert isinstance(reading, Mapping)
        assert isinstance(names, list)
        assert isinstance(rows, list)
        return cls(
            Reading.from_json(reading),
            tuple(str(name) for name in names),
            tuple(shown_row(row) for row in rows),
        )


def shown_row(row: object) -> tuple[str | None, ...]:
    """A row as it is shown: texts, empty ones as None, long ones cut."""
    assert isinstance(row, Sequence)
    return tuple(
        None if cell is None or cell == "" else str(cell)[:CELL_CHARACTERS_SHOWN] for cell in row
    )
