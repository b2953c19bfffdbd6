"""Tokens: what they say, how long they live, and the rows that keep them revocable.

An API token stands for a person's own powers until it is revoked. An access token opens the data of
one agreement for some minutes and does nothing else.

Source: RFC 9068 s. 2.2 (claims); X111, X113.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from policies.access import Action
from policies.agreement import Agreement, check_in_force
from policies.errors import (
    AgreementEnded,
    KeyRetiresFirst,
    NotNarrower,
    TokenLifeOutOfBounds,
    TokenSpent,
)
from policies.terms import AgreementId, Grade, OrganizationId, Purpose, Regime, UserId

ACCESS_LIFE_LEAST: Final = timedelta(minutes=20)
ACCESS_LIFE_MOST: Final = timedelta(minutes=60)
API_LIFE_LEAST: Final = timedelta(minutes=1)
API_LIFE_MOST: Final = timedelta(days=365)
API_TOKENS_PER_USER: Final = 1000
"""Live API tokens of one user."""
TOKEN_NAME_MOST_CHARACTERS: Final = 100
ACTORS_MOST: Final = 2
"""How often a token can be passed on, narrower each time."""
LIMIT_MOST: Final = 2**53 - 1
REGION: Final = "CN"
"""ISO 3166-1 alpha-2 of where tokens are used, unless an approval says otherwise."""


class TokenKind(StrEnum):
    """What a token is for."""

    API = "api"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an access token opens at most; the ledger is the first fence, this the second."""

    actions: frozenset[Action] | None = None
    """None: whatever the agreement allows."""
    rows_most: int | None = None
    bytes_most: int | None = None
    queries_most: int | None = None
    """Deliveries that have a receipt; None: no bound of the token's own, here and above."""
    actors: tuple[str, ...] = ()
    """Whom the token was passed on to, the newest first. Source: RFC 8693 s. 4.1."""
    jkt: str | None = None
    """Thumbprint of the key whose holder alone may use the token. Source: RFC 9449 s. 6.1."""

    @property
    def is_limited(self) -> bool:
        """Whether anything is counted down."""
        return any(
            most is not None for most in (self.rows_most, self.bytes_most, self.queries_most)
        )

    def narrowed(self, wanted: Bounds, *, actor: str) -> Bounds:
        """`wanted` for `actor`, where it is no wider in anything than these bounds.

        What `wanted` leaves open stays as it is here.

        Raises: NotNarrower.
        Source: RFC 8693 s. 1.1, s. 4.1; our rule that an exchange only narrows.
        """
        if len(self.actors) >= ACTORS_MOST:
            raise NotNarrower("act")
        return Bounds(
            actions=_fewer(self.actions, wanted.actions),
            rows_most=_less(self.rows_most, wanted.rows_most, "rows"),
            bytes_most=_less(self.bytes_most, wanted.bytes_most, "bytes"),
            queries_most=_less(self.queries_most, wanted.queries_most, "queries"),
            actors=(actor, *self.actors),
            jkt=wanted.jkt,
        )


UNBOUNDED: Final = Bounds()


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
    entitlement_id: UUID | None = None
    """`ent`: the key of a program that drew the token, else the agreement; None in API tokens."""
    grade_most: Grade | None = None
    """`grade_max`; None in API tokens."""
    bounds: Bounds = UNBOUNDED

    @property
    def is_access(self) -> bool:
        """Whether it opens data and nothing else."""
        return self.entitlement_id is not None


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
    client_id: UUID | None = None
    """The key of a program that drew it; None where a person did."""
    parent_id: UUID | None = None
    """The token that it is a narrower one of; None where it is none."""
    bounds: Bounds = UNBOUNDED

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


def latest_token_end(
    ends: Sequence[datetime], *, issued_at: datetime, life: timedelta, key_retires_at: datetime
) -> datetime:
    """When a token ends that may outlive none of `ends`.

    Raises: TokenLifeOutOfBounds, TokenSpent, KeyRetiresFirst.
    Source: X113.
    """
    _check_life(life, ACCESS_LIFE_LEAST, ACCESS_LIFE_MOST)
    end = min(issued_at + life, *ends).replace(microsecond=0)
    if end <= issued_at:
        raise TokenSpent
    return _within_key(end, key_retires_at)


def _fewer(
    held: frozenset[Action] | None, wanted: frozenset[Action] | None
) -> frozenset[Action] | None:
    if wanted is None:
        return held
    if not wanted or (held is not None and not wanted <= held):
        raise NotNarrower("scope")
    return wanted


def _less(held: int | None, wanted: int | None, name: str) -> int | None:
    if wanted is None:
        return held
    if not 0 <= wanted <= (LIMIT_MOST if held is None else held):
        raise NotNarrower(name)
    return wanted


def _check_life(life: timedelta, least: timedelta, most: timedelta) -> None:
    if not least <= life <= most:
        raise TokenLifeOutOfBounds(int(least.total_seconds()), int(most.total_seconds()))


def _within_key(end: datetime, key_retires_at: datetime) -> datetime:
    if end > key_retires_at:
        raise KeyRetiresFirst
    return end
