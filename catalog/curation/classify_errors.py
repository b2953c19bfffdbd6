"""Refusals of putting datasets under themes and into series, and of mending a record's filing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid


@dataclass(eq=False)
class UnknownTheme(Invalid):
    """A theme that is not in the list."""

    message: ClassVar[str] = N_("There is no theme “{slug}” to choose.")
    slug: str
    field: str = "themes"


@dataclass(eq=False)
class NotASeries(Invalid):
    """A dataset was to be put into something that is no series."""

    message: ClassVar[str] = N_("“{slug}” is no series that you know of.")
    slug: str
    field: str = "series"


@dataclass(eq=False)
class NothingToMend(Conflict):
    """The record no longer has that fault, or it cannot be mended by itself."""

    message: ClassVar[str] = N_("There is nothing here that can be put right by itself.")


@dataclass(eq=False)
class GovCodeTaken(Conflict):
    """Two records of one provider with the same code."""

    message: ClassVar[str] = N_("Another record of this organisation has the code “{gov_code}”.")
    gov_code: str
    field: str = "gov_code"
