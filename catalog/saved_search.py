"""A search that a person keeps, and since when what fits it is new to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NewType
from uuid import UUID

SavedSearchId = NewType("SavedSearchId", UUID)

NAME_LENGTH_CHARACTERS: Final = 200
QUERY_LENGTH_CHARACTERS: Final = 8_000
SAVED_MAX: Final = 50
"""Searches that one person keeps."""


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """One person's search; nobody else knows of it."""

    id: SavedSearchId
    name: str
    query: str
    """The address of the search without its path; whoever shows it reads it."""
    saved_at: datetime
    seen_at: datetime
    """What was published since then is new."""
