"""How the publisher says that a file is to be read; what is not said is decided from the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from catalog.version import ColumnType
from catalog.view import Json


@dataclass(frozen=True, slots=True)
class Wish:
    """Choices in place of guesses; None everywhere leaves everything to the file."""

    encoding: str | None = None
    delimiter: str | None = None
    has_header: bool | None = None
    header_row: int | None = None
    """Counted from 1 among the rows of the table's area."""
    part: str | None = None
    """The sheet of a workbook, the member of an archive, the list of a JSON text, the layer."""
    types: Mapping[str, ColumnType] = field(default_factory=dict)
    """Column → its type; cells that do not fit are set aside with their reason."""

    def as_json(self) -> dict[str, Json]:
        """The stored form: only what was chosen."""
        plain: dict[str, Json] = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name != "types" and getattr(self, each.name) is not None
        }
        if self.types:
            plain["types"] = {column: kind.value for column, kind in self.types.items()}
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> Wish:
        """Read the stored form."""
        types = stored.get("types")
        encoding, delimiter, part = (stored.get(name) for name in ("encoding", "delimiter", "part"))
        has_header, header_row = stored.get("has_header"), stored.get("header_row")
        return cls(
            encoding=encoding if isinstance(encoding, str) else None,
            delimiter=delimiter if isinstance(delimiter, str) else None,
            has_header=has_header if isinstance(has_header, bool) else None,
            header_row=header_row if type(header_row) is int else None,
            part=part if isinstance(part, str) else None,
            types={
                column: ColumnType(str(kind))
                for column, kind in (types.items() if isinstance(types, Mapping) else ())
            },
        )


NO_WISH = Wish()
"""Everything is left to the file."""
