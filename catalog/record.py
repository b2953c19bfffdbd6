"""A dataset's record: everything the catalogue says of it, read together for one caller."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.dataset import Dataset, Distribution
from catalog.theme import Term, Theme
from catalog.version import Version
from policies.party import Organization
from policies.terms import DatasetId


class Part(StrEnum):
    """What a record has besides the dataset and its publisher, each part read by itself."""

    DISTRIBUTIONS = "distributions"
    THEMES = "themes"
    TERMS = "terms"
    INPUTS = "inputs"


@dataclass(frozen=True, slots=True)
class RecordDistribution:
    """A distribution and the version of it that the caller reads."""

    distribution: Distribution
    newest: Version | None
    """None where there is none for the caller; whether its rows are read is decided elsewhere."""
    blob_sha256: str | None = None
    """Digest of the file that the newest version was read from; None without one."""
    file_name: str = ""
    """The name that file came with."""


@dataclass(frozen=True, slots=True)
class Record:
    """A dataset with its publisher, themes, controlled terms and distributions."""

    dataset: Dataset
    publisher: Organization
    themes: tuple[Theme, ...]
    """By name."""
    terms: tuple[Term, ...]
    """By vocabulary and name."""
    distributions: tuple[RecordDistribution, ...]
    """In their order."""
    input_ids: tuple[DatasetId, ...]
    """Datasets that it was made from, as far as they exist for the caller."""
