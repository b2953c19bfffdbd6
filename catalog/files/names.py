"""Names of columns: unique without regard to case, whatever a file calls them."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.view import COLUMN_NAME_LENGTH_CHARACTERS


def unique_names(cells: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Unique names for the columns, without regard to case, and which differ from the file's."""
    names: list[str] = []
    renamed: dict[str, str] = {}
    wished = [" ".join(cell.split())[: COLUMN_NAME_LENGTH_CHARACTERS - 10] for cell in cells]
    taken: set[str] = set()
    reserved = {name.casefold() for name in wished if name}
    for number, (cell, name) in enumerate(zip(cells, wished, strict=True), start=1):
        stem = name or f"column_{number}"
        chosen, copy = stem, 1
        while (
            chosen.casefold() in taken
            or (copy > 1 and chosen.casefold() in reserved)
            or (not name and chosen.casefold() in reserved)
        ):
            copy += 1
            chosen = f"{stem}_{copy}"
        taken.add(chosen.casefold())
        names.append(chosen)
        if chosen != cell:
            renamed[chosen] = cell
    return tuple(names), renamed
