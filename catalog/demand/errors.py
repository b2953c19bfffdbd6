"""Refusals of asking the city for data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooOften


@dataclass(eq=False)
class WishUnclear(Invalid):
    """A field of words is empty or too long."""

    message: ClassVar[str] = N_("Write 1 to {characters_max} characters.")
    field: str
    characters_max: int


@dataclass(eq=False)
class DataRequestNotFound(NotFound):
    """There is no such wish for the caller."""

    message: ClassVar[str] = N_("There is no such wish for data.")


@dataclass(eq=False)
class DataRequestAnswered(Conflict):
    """The department answered it; another wish can be made."""

    message: ClassVar[str] = N_("This wish is answered already.")


@dataclass(eq=False)
class AskedAgain(Conflict):
    """Somebody asked for the same while it was hidden."""

    message: ClassVar[str] = N_("Another open wish asks for the same, so this one stays hidden.")


@dataclass(eq=False)
class AnswererNeeded(Denied):
    """Somebody else's department was asked."""

    message: ClassVar[str] = N_("Only the department that was asked, or the bureau, answers this.")


@dataclass(eq=False)
class RefusalNeedsBasis(Invalid):
    """A refusal that names no legal text of the maintained list."""

    message: ClassVar[str] = N_("A refusal names a legal text from the list.")
    field: str = "legal_basis"


@dataclass(eq=False)
class PromiseInThePast(Invalid):
    """A day of publication that has passed, or lies too far away."""

    message: ClassVar[str] = N_("Name a day from {first} to {last}.")
    first: date
    last: date
    field: str = "promised_on"


@dataclass(eq=False)
class NotADepartment(Invalid):
    """Only bodies that publish data can be asked for it."""

    message: ClassVar[str] = N_("“{slug}” is no department that publishes data.")
    slug: str
    field: str = "department"


@dataclass(eq=False)
class TooManyWishes(TooOften):
    """Somebody asked for as much as one may in a day."""

    message: ClassVar[str] = N_("You asked for {count_max} things in the last 24 hours.")
    count_max: int


@dataclass(eq=False)
class UnmetClosed(Denied):
    """What people look for in vain is told to those who could publish it."""

    message: ClassVar[str] = N_("Only the department's own people and the bureau see this.")


@dataclass(eq=False)
class TooManyDuties(Invalid):
    """More duties, or longer ones, than are kept."""

    message: ClassVar[str] = N_(
        "Write at most {count_max} duties, one a line, of at most {characters_max} characters."
    )
    count_max: int
    characters_max: int
    field: str = "duties"
