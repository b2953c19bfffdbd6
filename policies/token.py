"""Tokens: what they say, how long they live, and the rows that keep them revocable.

An API token stands for a person's own powers until it is revoked. An access token opens the data of
one agreement for some minutes and does nothing else.

Source: RFC 9068 s. 2.2 (claims); X111, X113.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from policies.agreement import Agreement, check_in_force
from policies.errors import AgreementEnded, KeyRetiresFirst, TokenLifeOutOfBounds
from policies.terms import AgreementId, OrganizationId, Purpose, Regime, UserId

ACCESS_LIFE_LEAST: Final = timedelta(minutes=20)
ACCESS_LIFE_MOST: Final = timedelta(minutes=60)
API_LIFE_LEAST: Final = timedelta(minutes=1)
API_LIFE_MOST: Final = timedelta(days=365)
API_TOKENS_PER_USER: Final = 1000
"""Live API tokens of one user."""
TOKEN_NAME_MOST_CHARACTERS: Final = 100


class TokenKind(StrEnum):
    """What a token is for."""

    API = "api"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Times are whole seconds, as in the token itself."""

    id: UUID
    """`jti`."""
    issuer: str
    """`iss`, and `aud` too: whoever issues the token is the one who takes it."""
    user_id: UserId
    """`sub`."""
    client_id: str
    issued_at: datetime
    expires_at: datetime
    agreement_id: AgreementId | None = None
    """`agr`; None in an API token, which has none of the following either."""
    regime: Regime | None = None
    purpose: Purpose | None = None
    profile_hash: str | None = None
    """`pol`: the standards under which the agreement was concluded."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it; the text of the token itself is kept nowhere."""

    id: UUID
    kind: TokenKind
    user_id: UserId
    organization_id: OrganizationId | None
    """The organisation that it acts for; None where the user's own choice counts."""
    agreement_id: AgreementId | None
    name: str
    issuer: str
    kid: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    """When it was revoked or its agreement ended before its time; None while it can be used."""
    last_used_at: datetime | None
    """None before the first use; true to the minute."""

    def is_live(self, at: datetime) -> bool:
        """Whether the token can be used at that moment."""
        return self.revoked_at is None and at < self.expires_at


def access_token_end(
    agreement: Agreement, *, issued_at: datetime, life: timedelta, key_retires_at: datetime
) -> datetime:
    """When an access token drawn at `issued_at` ends: never after its agreement.

    In the last minutes of an agreement the token is shorter than was asked for.

    Raises: TokenLifeOutOfBounds, AgreementEnded, AgreementSuspended, AgreementNotStarted,
    KeyRetiresFirst.
    Source: X113.
    """
    _check_life(life, ACCESS_LIFE_LEAST, ACCESS_LIFE_MOST)
    check_in_force(agreement, issued_at)
    # Rounded down, since a token's end is whole seconds.
    end = min(issued_at + life, agreement.ends_at).replace(microsecond=0)
    if end <= issued_at:
        raise AgreementEnded(agreement.id, agreement.ends_at)
    return _within_key(end, key_retires_at)


def api_token_end(*, issued_at: datetime, life: timedelta, key_retires_at: datetime) -> datetime:
    """When an API token issued at `issued_at` ends.

    Raises: TokenLifeOutOfBounds, KeyRetiresFirst.
    """
    _check_life(life, API_LIFE_LEAST, API_LIFE_MOST)
    return _within_key((issued_at + life).replace(microsecond=0), key_retires_at)


def _check_life(life: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= life <= most:
        raise TokenLifeOutOfBounds(int(least.total_seconds()), int(most.total_seconds()))


def _within_key(end: datetime, key_retires_at: datetime) -> datetime:
    if end > key_retires_at:
        raise KeyRetiresFirst
    return end
