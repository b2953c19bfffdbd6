"""A table as it stands under its lock, and what one batch makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeVar

from catalog.dataset import Dataset, Distribution
from catalog.steps.cell import Cell
from catalog.steps.field import ROW_ID, Field, field_of
from catalog.version import Reading, Version, VersionFile
from catalog.view import Json
from policies.party import Actor

ROWS_PER_FILE: Final = 122_880
"""One group of rows of the engine; larger files would be rewritten whole for a single row."""
FILES_TO_MERGE: Final = 24
"""Where a merge would save so many files, one is asked for."""
FILES_UNMERGED_MAX: Final = 96
"""Where it would save so many, the batch merges them itself, whatever became of the job."""
BATCH_ROWS_MAX: Final = 250_000
READING: Final = Reading("", "", "", has_header=False, kind="steps")

Row = Mapping[str, Cell]


class HasRows(Protocol):
    """A file that tells how many rows it has."""

    @property
    def row_count(self) -> int | None:
        """None where it is not known, as of uploaded files."""


FileT = TypeVar("FileT", bound=HasRows)


@dataclass(frozen=True, slots=True)
class Definition:
    """What is said of a table beside its rows."""

    next_row_id: int = 1
    primary_key: tuple[str, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    infos: Mapping[str, Json] = field(default_factory=dict)
    """What is said of each column, such as a label."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table under its lock."""

    dataset: Dataset
    distribution: Distribution
    version: Version | None
    """None where there are no rows yet."""
    files: tuple[VersionFile, ...]
    definition: Definition

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its columns but the row's id."""
        if self.version is None:
            return ()
        return tuple(field_of(one) for one in self.version.columns if one.name != ROW_ID)

    @property
    def has_row_ids(self) -> bool:
        """Whether its rows have ids of their own, as those of uploaded files do not."""
        return self.version is not None and self.version.is_fed

    @property
    def row_count(self) -> int:
        """Rows there are."""
        return 0 if self.version is None else self.version.row_count


@dataclass(frozen=True, slots=True)
class Doing:
    """Who feeds a table, and when."""

    by: Actor
    at: datetime
    offered_under: str | None = None
    """The profile that lets everybody read what is not checked yet; None where none does."""
    held_by: tuple[str, ...] = ()
    """The rules that keep others from reading the batch; it is not offered then."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch is to do to a table."""

    table: Table
    added: Mapping[int, Row]
    """New rows by their ids."""
    changed: Mapping[int, Row]
    """Cells that change, by the ids of their rows."""
    next_row_id: int

    @property
    def is_in_order(self) -> bool:
        """Whether every new row comes after those there are."""
        return all(row_id >= self.table.definition.next_row_id for row_id in self.added)


@dataclass(frozen=True, slots=True)
class Stepped:
    """What a batch made of a table."""

    version: Version
    row_count: int
    """Rows that were added, changed or deleted."""
    needs_merging: bool
    """Whether small files have gathered that a job should merge."""


def runs_of(files: Sequence[FileT]) -> list[list[FileT]]:
    """Neighbours that fit into one file together, in order; merging each run keeps the order."""
    runs: list[list[FileT]] = []
    held = 0
    for one in files:
        count = ROWS_PER_FILE if one.row_count is None else one.row_count
        if runs and held + count <= ROWS_PER_FILE:
            runs[-1].append(one)
            held += count
        else:
            runs.append([one])
            held = count
    return runs
