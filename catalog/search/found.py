"""What a search answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from policies.terms import DatasetId


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many records have this value."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, with exact counts under the caller's labels."""

    ids: tuple[DatasetId, ...]
    count: int
    facets: Mapping[str, tuple[FacetCount, ...]]
    """Per field, the most frequent first, then by value."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word that can be offered while somebody types."""

    value: str
    count: int
    """Records that the caller may see with it."""
