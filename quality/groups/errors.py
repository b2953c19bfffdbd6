"""Every refusal about small groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import N_, Conflict, Invalid, NotFound


@dataclass(eq=False)
class MalformedGroups(Invalid):
    """Columns that cannot tell a group, or a bound that is none."""

    message: ClassVar[str] = N_(
        "Name 1 to {columns_max} columns of the data, a column that is not among them, and"
        " {least_min} to {least_max} rows."
    )
    columns_max: int
    least_min: int
    least_max: int


@dataclass(eq=False)
class NothingCounted(NotFound):
    """An answer to groups that are not small, or not declared."""

    message: ClassVar[str] = N_("No small groups wait for an answer.")


@dataclass(eq=False)
class GroupReasonNeeded(Invalid):
    """Small groups that are to go out as they are, without words."""

    message: ClassVar[str] = N_("Say why small groups may go out, in 1 to {limit} characters.")
    limit: int


@dataclass(eq=False)
class OfferShowsGroups(Conflict):
    """An offer that shows small groups, which are said to be left empty."""

    message: ClassVar[str] = N_(
        "An offer under “{regime}” shows these columns in groups of fewer than {least} rows."
        " Withdraw it, or change its masks first."
    )
    regime: str
    least: int
