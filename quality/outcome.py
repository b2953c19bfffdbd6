"""What became of each rule when the suite was run: counts and verdicts, before any wording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from quality.beside import Against
from quality.rule import Rule

Cell: TypeAlias = bool | int | float | str | None
"""One raw value of a failing row; dates and decimals as texts."""


class Status(StrEnum):
    """What is known after the run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    """The rule could not be asked: it says nothing about the data, and lets nothing pass."""
    NOT_CHECKED = "not_checked"
    """There was no value to ask it of."""


class Reason(StrEnum):
    """Why a rule could not be asked."""

    UNKNOWN_COLUMN = "unknown_column"
    DOES_NOT_FIT = "does_not_fit"
    TOO_MANY_RULES = "too_many_rules"
    ENGINE = "engine"
    """The engine refused, such as for want of memory, or a pattern that it cannot compile."""
    OTHER_TABLE = "other_table"
    """The other table is not there, or the department may not read it."""
    OTHER_COLUMN = "other_column"
    """The other table has no such column, or one of another type."""
    REJECTED_EARLY = "rejected_early"
    """Another rule had the table rejected before its rows were read. Stands with NOT_CHECKED."""


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A failing row as it stands in the data; never leaves this package unmasked."""

    row_number: int | None
    """Counted from 1 in the order of the files; None where the files do not tell."""
    cells: tuple[tuple[str, Cell], ...]
    """The columns that the rule speaks about, and no others."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What became of one rule of the drawn suite."""

    rule: Rule
    status: Status
    element_count: int = 0
    """How many values, rows or combinations were asked; 1 for a rule about the whole table."""
    unexpected_count: int = 0
    """How many of them did not meet the rule."""
    observed: tuple[str, ...] = ()
    """What was seen instead, for a rule about the whole table: a count, a type, names."""
    examples: tuple[ExampleRow, ...] = ()
    against: Against | None = None
    """The other table's version that the rule looked at; None for a rule about its own table."""
    reason: Reason | None = None
    """Set for ERROR, and where a table was rejected before this rule was asked."""

    @property
    def unexpected_permille(self) -> int:
        """Rounded up, so that a single failing row of a million is not 0."""
        if not self.element_count:
            return 0
        return -(-1000 * self.unexpected_count // self.element_count)


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """What became of the whole suite, with the evidence."""

    outcomes: tuple[RuleOutcome, ...]
    row_count: int
    suite_sha256: str
    """Over the rules as canonical JSON, in the order in which they were drawn."""
    gx_result: str
    """What Great Expectations gave, as canonical JSON: counts only, no value of any row."""
    gx_result_sha256: str
    engine: str
    """Names and versions of what computed it."""
