"""What people typed into forms, where it can be read."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import TypeVar
from uuid import UUID

Member = TypeVar("Member", bound=Enum)


def member_of(kind: type[Member], value: str) -> Member | None:
    """The member of an enumeration; None where nothing, or nothing known, was chosen."""
    try:
        return kind(value)
    except ValueError:
        return None


def id_of(text: str) -> UUID | None:
    """An id; None where it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def day_of(text: str) -> date | None:
    """A day as 2026-12-31; None where it is not written so."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None
