"""Refusals of keeping searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound


@dataclass(eq=False)
class SearchNameUnfit(Invalid):
    """A name that is empty or too long."""

    message: ClassVar[str] = N_("Name the search in 1 to {characters_max} characters.")
    characters_max: int
    field: str = "name"


@dataclass(eq=False)
class NothingToSave(Invalid):
    """A search for everything, or one with more filters than can be kept."""

    message: ClassVar[str] = N_("Look for some words or choose a filter first, then save.")


@dataclass(eq=False)
class TooManySavedSearches(Conflict):
    """The person keeps as many as one may."""

    message: ClassVar[str] = N_("At most {saved_max} searches can be saved. Delete one first.")
    saved_max: int


@dataclass(eq=False)
class SavedSearchNotFound(NotFound):
    """None of that id for the caller."""

    message: ClassVar[str] = N_("There is no such saved search.")
