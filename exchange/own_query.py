"""A statement that somebody ran from the page, for themselves to find again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.terms import MicroCredits


@dataclass(frozen=True, slots=True)
class OwnQuery:
    """One statement with what it gave and cost."""

    id: UUID
    statement: str
    asked_at: datetime
    receipt_id: UUID
    row_count: int
    charge: MicroCredits
