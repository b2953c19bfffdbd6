"""How long older versions are kept, and which of them have had their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from catalog.errors import RetentionOutOfBounds

VERSIONS_KEPT_MAX: Final = 100_000
DAYS_KEPT_MAX: Final = 36_500
STEPS_KEPT_FOR: Final = timedelta(days=7)
"""A step that a later version has folded away is kept for so long, whatever the rule says."""


class Keeping(StrEnum):
    """Why the bytes of a version are kept, or that they are not."""

    READ = "read"
    """Readers have it, or it is the newest of all."""
    WAITING = "waiting"
    """It lies with an approver."""
    RECEIPTS = "receipts"
    """Its time is over, and a receipt refers to it."""
    RULE = "rule"
    """It is among the newest so many, or younger than so many days."""
    ENDING = "ending"
    """Its time is over and nothing refers to it: the next sweep removes it."""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Retention:
    """Whatever is among the newest so many versions, or younger than so many days, is kept."""

    versions_kept: int = 20
    days_kept: int = 730

    def __post_init__(self) -> None:
        if not (
            1 <= self.versions_kept <= VERSIONS_KEPT_MAX and 0 <= self.days_kept <= DAYS_KEPT_MAX
        ):
            raise RetentionOutOfBounds(VERSIONS_KEPT_MAX, DAYS_KEPT_MAX)
