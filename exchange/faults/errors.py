"""Every refusal about faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound, TooOften


@dataclass(eq=False)
class FaultNotFound(NotFound):
    """No such ticket, or none of the caller's."""

    message: ClassVar[str] = N_("There is no such fault report.")


@dataclass(eq=False)
class NoClaim(Invalid):
    """A ticket or an answer without words, or with too many."""

    message: ClassVar[str] = N_("Say what is wrong, in 1 to {limit} characters.")
    limit: int


@dataclass(eq=False)
class PlaceTooLong(Invalid):
    """A row described at too great length."""

    message: ClassVar[str] = N_("Say which row in at most {limit} characters.")
    limit: int


@dataclass(eq=False)
class NoSuchPlace(Invalid):
    """A column that the reader cannot have read."""

    message: ClassVar[str] = N_("This data has no column “{column}” for you to see.")
    column: str


@dataclass(eq=False)
class TooManyFaults(TooOften):
    """Somebody whose tickets wait already."""

    message: ClassVar[str] = N_(
        "{count} of your fault reports wait for their answers; send more after that."
    )
    count: int


@dataclass(eq=False)
class FaultAnswered(Conflict):
    """A ticket that is closed."""

    message: ClassVar[str] = N_("This fault report is answered already.")


@dataclass(eq=False)
class OwnFault(Conflict):
    """Somebody who would answer their own ticket."""

    message: ClassVar[str] = N_("Somebody else answers what you asked yourself.")


@dataclass(eq=False)
class UnknownSaying(Invalid):
    """An answer of no kind that there is."""

    message: ClassVar[str] = N_("The answer is “accept”, “correct” or “refuse”.")


@dataclass(eq=False)
class NotThatVersion(Invalid):
    """A version that cannot be the corrected one."""

    message: ClassVar[str] = N_(
        "A corrected version is a published one that is newer than version {number}."
    )
    number: int
