"""What a rule may look at beside the table that it is asked of.

Tables of other datasets are named by rules and found by whoever runs the gate, who decides whether
the department may read them; each is held at one version, which the report names. What changed
since the version before is told by `drift`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.view import Json
from policies.terms import DatasetId, VersionId
from quality.drift import Drift


@dataclass(frozen=True, slots=True)
class Against:
    """The version of another table that a rule was asked against."""

    table: str
    """As the rule names it."""
    dataset_id: DatasetId
    version_id: VersionId
    number: int
    digest: str

    def as_json(self) -> dict[str, Json]:
        """As reports hold it."""
        return {
            "table": self.table,
            "dataset_id": str(self.dataset_id),
            "version_id": str(self.version_id),
            "number": self.number,
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True)
class OtherTable:
    """Another table at one version, which the department may read whole."""

    against: Against
    paths: tuple[Path, ...]
    """Its Parquet files, verified."""
    columns: frozenset[str]
    """Those of its columns that the department may read as they are."""


@dataclass(frozen=True, slots=True)
class Beside:
    """All that the rules of one check may look at beside the table."""

    others: Mapping[str, OtherTable] = field(default_factory=dict)
    """By the names that rules give them; what is missing may not be read, or is not there."""
    drift: Drift | None = None
    """None where there is nothing to compare the version with."""


NOTHING_BESIDE = Beside()
