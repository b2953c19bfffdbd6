"""Every refusal of this package.

A refusal names what is wrong and holds the facts; see `policies.errors` for the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound, TooLarge, TooOften


@dataclass(eq=False)
class MalformedView(Invalid):
    """A view, condition or mask that says nothing that can be built."""

    message: ClassVar[str] = N_("The view cannot be used: {reason}.")
    reason: str


@dataclass(eq=False)
class DamagedServingCopy(Conflict):
    """A serving copy whose bytes are not those that were built; it has to be built again."""

    message: ClassVar[str] = N_("The prepared copy of this data is missing or damaged: {reason}.")
    reason: str


@dataclass(eq=False)
class MaskKeyMissing(Conflict):
    """A view hashes a column and the node has no masking key."""

    message: ClassVar[str] = N_("Column “{column}” is to be hashed, and there is no masking key.")
    column: str


@dataclass(eq=False)
class NoSuchColumn(Invalid):
    """A page asks for a column that the data does not have, or not for this caller."""

    message: ClassVar[str] = N_("There is no column “{column}” in this data.")
    column: str


@dataclass(eq=False)
class UnfitValue(Invalid):
    """A value that cannot be compared with its column."""

    message: ClassVar[str] = N_("“{value}” cannot be compared with column “{column}” ({type}).")
    column: str
    type: str
    value: str


@dataclass(eq=False)
class PageOutOfBounds(Invalid):
    """A page that begins before the data, or holds more rows than one page may."""

    message: ClassVar[str] = N_("A page holds 0 to {rows_max} rows and begins at row 0 or later.")
    rows_max: int


@dataclass(eq=False)
class MalformedPageMark(Invalid):
    """A mark of where the last page ended that was not given out for this order of rows."""

    message: ClassVar[str] = N_("The mark of the next page does not belong to this question.")


@dataclass(eq=False)
class QueryEngineAway(TooOften):
    """The confined engine is being restarted."""

    message: ClassVar[str] = N_("The query engine is restarting. Try again in a few seconds.")


@dataclass(eq=False)
class EngineBusy(TooOften):
    """All places are taken, and so is the queue or this caller's share of it."""

    message: ClassVar[str] = N_("Too many queries are running or waiting. Try again shortly.")


@dataclass(eq=False)
class NotOneSelect(Invalid):
    """Not exactly one SELECT statement that only reads."""

    message: ClassVar[str] = N_("Only one statement is allowed, and it has to be a SELECT.")


@dataclass(eq=False)
class MalformedStatement(Invalid):
    """The engine could not read or could not carry out the statement."""

    message: ClassVar[str] = N_("The statement could not be run: {reason}")
    reason: str


@dataclass(eq=False)
class ForbiddenPart(Invalid):
    """A part of SQL that confined statements may not use."""

    message: ClassVar[str] = N_("“{part}” cannot be used here.")
    part: str


@dataclass(eq=False)
class NoSuchTable(NotFound):
    """A table that does not exist, or not for this caller: the two answers are the same."""

    message: ClassVar[str] = N_("There is no table “{table}”.")
    table: str


@dataclass(eq=False)
class ResultTooLarge(TooLarge):
    """The whole answer would pass a bound; no part of it is given."""

    message: ClassVar[str] = N_(
        "The answer is larger than {rows_max} rows or {size_bytes_max} bytes. Ask for less."
    )
    rows_max: int
    size_bytes_max: int


@dataclass(eq=False)
class QueryTooCostly(TooLarge):
    """The statement would need more time or memory than one query may take."""

    message: ClassVar[str] = N_(
        "The statement needs more than {wall_s} seconds or {memory_bytes} bytes of memory."
    )
    wall_s: float
    memory_bytes: int


@dataclass(eq=False)
class QueryCancelled(Conflict):
    """The one who asked went away or took it back."""

    message: ClassVar[str] = N_("The query was cancelled.")


@dataclass(eq=False)
class ConfinedWorkFailed(Invalid):
    """Confined work on a file ended without an answer, most likely because of the file."""

    message: ClassVar[str] = N_("The file could not be read: {reason}.")
    reason: str


@dataclass(eq=False)
class MessageTooLong(TooLarge):
    """What is asked of the confined process is longer than one message."""

    message: ClassVar[str] = N_("The request is longer than {size_bytes_max} bytes.")
    size_bytes_max: int
