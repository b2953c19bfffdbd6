"""A search as a tree, free of any grammar and of any engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

DEFAULT_ROWS: Final = 10
ROWS_MAX: Final = 1000
START_MAX: Final = 1_000_000
FACET_LIMIT_DEFAULT: Final = 50
FACET_LIMIT_MAX: Final = 20_000
"""How many values of one field may be counted out; also what an unlimited facet gives."""
FACET_FIELDS_MAX: Final = 30
PARTS_MAX: Final = 512
"""Words, values and ranges of one query."""
DEPTH_MAX: Final = 40
TEXT_LENGTH_CHARACTERS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Everything:
    """Every record."""


@dataclass(frozen=True, slots=True)
class Words:
    """Text as a person types it: all of its words, in any order."""

    text: str
    field: str | None = None
    """None: wherever it stands, titles before notes."""
    is_unfinished: bool = False
    """Somebody is still typing: the last word may go on."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Text as it stands."""

    text: str
    field: str | None = None
    slop: int = 0
    """How many places its words may be apart."""


@dataclass(frozen=True, slots=True)
class Value:
    """A field that holds exactly this value."""

    field: str
    value: str | int | datetime


@dataclass(frozen=True, slots=True)
class Pattern:
    """A field with a value, or a word, of this form; `*` stands for anything, `?` for one sign.

    `parts` alternate between literal text and wildcards, so that a literal `*` stays one.
    """

    parts: tuple[str | Wildcard, ...]
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`, or `?` where `is_single`."""

    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A field with a value between two bounds."""

    field: str
    low: str | int | datetime | None
    """None: no bound."""
    high: str | int | datetime | None
    """None: no bound."""
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class Present:
    """A field that has any value."""

    field: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Query


@dataclass(frozen=True, slots=True)
class Boosted:
    """The part, counting more or less than others."""

    part: Query
    factor: float


Query = (
    Everything | Words | Phrase | Value | Pattern | Span | Present | All | Either | Not | Boosted
)


@dataclass(frozen=True, slots=True)
class SortKey:
    """One field to sort by; `score` is how well a record fits."""

    field: str
    is_descending: bool


BEST_FIRST: Final = (SortKey("score", True), SortKey("metadata_modified", True))  # noqa: FBT003
NEWEST_FIRST: Final = (SortKey("metadata_modified", True),)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class Facet:
    """A field whose values are to be counted."""

    field: str
    limit: int = FACET_LIMIT_DEFAULT
    """Negative: all, as far as `FACET_LIMIT_MAX`."""
    mincount: int = 1


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, under whose labels, and which page of it is wanted."""

    labels: frozenset[str]
    """Always applied, to hits, counts, facets and suggestions alike."""
    query: Query = Everything()
    filters: tuple[Query, ...] = ()
    """Must hold as well, and do not count for the score."""
    sort: tuple[SortKey, ...] = BEST_FIRST
    start: int = 0
    rows: int = DEFAULT_ROWS
    facets: tuple[Facet, ...] = ()
