"""A decision about access as it was written down, allowed or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.canonical import Plain


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it stands in the database; facts and reasons as plain values."""

    id: UUID
    at: datetime
    user_id: UUID | None
    """None: an anonymous visitor."""
    organization_id: UUID | None
    action: str
    dataset_id: UUID
    listing_id: UUID | None
    agreement_id: UUID | None
    is_allowed: bool
    rule_ids: tuple[str, ...]
    reasons: Plain
    facts: Plain
    profile_id: str
    profile_hash: str
    policy_hash: str
