"""Keys of programs: what a buyer's system shows to draw access tokens by itself.

A key opens one agreement, or every one of its organisation's; a person answers for it, and it can
do nothing that this person could not. It is an entitlement: its tokens end when it does.

Source: RFC 6749 s. 2.3 and 4.4, RFC 7523; X113.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from policies.terms import AgreementId, MicroCredits, OrganizationId, UserId

CLIENT_LIFE_MOST: Final = timedelta(days=2 * 365)
CLIENT_NAME_MOST_CHARACTERS: Final = 100
CLIENTS_PER_ORGANIZATION: Final = 200
"""Live ones."""

Jwk = Mapping[str, str]
"""The public half of a key as RFC 7517 writes it."""


@dataclass(frozen=True, slots=True)
class Client:
    """A program's key as its organisation sees it; the secret itself is kept nowhere."""

    id: UUID
    """`client_id`."""
    organization_id: OrganizationId
    agreement_id: AgreementId | None
    """None: every agreement of the organisation."""
    name: str
    held_by: UserId
    """Who answers for it: who made it, or changed its secret last."""
    created_at: datetime
    ends_at: datetime
    public_jwk: Jwk | None
    """None where a secret proves it."""
    daily_cap: MicroCredits | None
    """None: the balance is the only bound."""
    secret_changed_at: datetime
    copied_at: datetime | None
    """When somebody said that the secret was copied, or it was first used; None until then."""
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_live(self, at: datetime) -> bool:
        """Whether tokens can be drawn with it."""
        return self.revoked_at is None and at < self.ends_at
