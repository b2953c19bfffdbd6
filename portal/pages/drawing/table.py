"""A table of data as a page shows it: columns with their pictures, rows of text."""

from __future__ import annotations

from dataclasses import dataclass

from portal.pages.drawing.histogram import Histogram


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column: its heading, and what stands under the heading."""

    label: str
    type: str = ""
    """The type in words the reader knows; empty where the table is not one of stored data."""
    is_number: bool = False
    picture: Histogram | None = None
    sort_href: str | None = None
    """Where a click on the heading leads; None where the table cannot be sorted by it."""
    sorted: str | None = None
    """`ascending`, `descending`, or None where it is not the column that orders the rows."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """Cells are text as stored, never rounded for show; None is an empty cell."""

    caption: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
