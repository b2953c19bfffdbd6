"""Refusals of questions about rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Invalid, TooLarge


@dataclass(eq=False)
class ColumnUnknown(Invalid):
    """A question names a column that there is not, or not for this caller; `part` says where."""

    message: ClassVar[str] = N_("There is no column “{column}”.")
    part: str
    column: str


@dataclass(eq=False)
class ValueUnfit(Invalid):
    """A value cannot be compared with a column."""

    message: ClassVar[str] = N_("“{value}” cannot be compared with column “{column}”.")
    column: str
    type: str
    value: str


@dataclass(eq=False)
class WordsMalformed(Invalid):
    """A query in the language of words cannot be read."""

    message: ClassVar[str] = N_("The words “{text}” cannot be read as a query.")
    text: str


@dataclass(eq=False)
class QuestionTooLarge(TooLarge):
    """A question needs more memory than one may have."""

    message: ClassVar[str] = N_(
        "The question needs too much memory. Ask for fewer rows or columns."
    )
