"""Refusals of searching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, TooLarge


@dataclass(eq=False)
class QueryUnreadable(Invalid):
    """A query that breaks the grammar."""

    message: ClassVar[str] = N_("The search cannot be read: {reason}.")
    reason: str


@dataclass(eq=False)
class QueryForbidden(Invalid):
    """A query with a word that reaches past the search, such as local parameters."""

    message: ClassVar[str] = N_("“{word}” is not allowed in a search.")
    word: str


@dataclass(eq=False)
class UnknownSearchField(Invalid):
    """A query, sort or facet that names a field which does not exist."""

    message: ClassVar[str] = N_("There is no search field called “{field}”.")
    field: str


@dataclass(eq=False)
class UnfitSearchValue(Invalid):
    """A value that its field cannot hold."""

    message: ClassVar[str] = N_("“{value}” does not fit the search field “{field}”.")
    field: str
    value: str


@dataclass(eq=False)
class SortUnreadable(Invalid):
    """An order that is not a list of `field asc` or `field desc`."""

    message: ClassVar[str] = N_("The search cannot be sorted by “{sort}”.")
    sort: str


@dataclass(eq=False)
class QueryTooLarge(TooLarge):
    """A query with too many parts."""

    message: ClassVar[str] = N_("A search may have at most {parts_max} parts.")
    parts_max: int


@dataclass(eq=False)
class TooManyValues(TooLarge):
    """A range or pattern over a field with too many different values."""

    message: ClassVar[str] = N_(
        "The search field “{field}” has too many different values for such a search."
    )
    field: str


@dataclass(eq=False)
class IndexNotReady(Conflict):
    """The index is being built; it is a matter of seconds or, for a large catalogue, minutes."""

    message: ClassVar[str] = N_("The search is being prepared. Please try again in a moment.")


@dataclass(eq=False)
class IndexWriterBusy(Conflict):
    """Another process writes the index of this node."""

    message: ClassVar[str] = N_("Another process is writing the search index.")
