"""A sheet beside the table that lists its columns and says what each of them means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from catalog.column_note import MEANING_LENGTH_CHARACTERS

ROWS_MAX: Final = 2_000
COLUMNS_MAX: Final = 20
NAMED_PERCENT_MIN: Final = 50
"""Of the table's columns, and of the list's rows, so many have to be named."""

_SAYS: Final = re.compile(
    r"desc|meaning|definition|说明|說明|含义|释义|描述|定义|解释|注释", re.IGNORECASE
)


def meanings_in(rows: Sequence[Sequence[str | None]], names: Sequence[str]) -> dict[str, str]:
    """Column of the table → what the list says of it; empty where the rows are no such list."""
    known = {_plain(name): name for name in names}
    if not rows or len(rows) > ROWS_MAX or not known:
        return {}
    width = min(max(map(len, rows)), COLUMNS_MAX)
    found = {place: _named(rows, place, known) for place in range(width)}
    names_at = max(found, key=lambda place: len(found[place]), default=None)
    if names_at is None:
        return {}
    named = found[names_at]
    enough = len(named) * 100 >= NAMED_PERCENT_MIN * max(len(known), len(rows) - 1)
    says_at = _says_at(rows, names_at, width, set(named)) if enough else None
    if says_at is None:
        return {}
    said = {name: _cell(rows[row], says_at) for row, name in named.items()}
    return {name: text[:MEANING_LENGTH_CHARACTERS] for name, text in said.items() if text.strip()}


def _named(
    rows: Sequence[Sequence[str | None]], place: int, known: Mapping[str, str]
) -> dict[int, str]:
    """Row → the column that it names there; of two rows for one column the first.

    The first row is the list's own heading.
    """
    named: dict[int, str] = {}
    for row, cells in enumerate(rows[1:], start=1):
        name = known.get(_plain(_cell(cells, place)))
        if name is not None and name not in named.values():
            named[row] = name
    return named


def _says_at(
    rows: Sequence[Sequence[str | None]], names_at: int, width: int, told: set[int]
) -> int | None:
    """Where the words are: under a heading that says so, else where there are most."""
    places = [place for place in range(width) if place != names_at]
    first = min(told)
    for place in places:
        if any(_SAYS.search(_cell(cells, place)) for cells in rows[:first]):
            return place
    words = {place: sum(len(_cell(rows[row], place)) for row in told) for place in places}
    best = max(words, key=lambda place: words[place], default=None)
    return best if best is not None and words[best] else None


def _cell(cells: Sequence[str | None], place: int) -> str:
    return (cells[place] if place < len(cells) else None) or ""


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
