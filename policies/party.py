"""Who acts: organisations, users, roles and the actor of one request.

Source of the credit code: GB 32100-2015.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policies.errors import MalformedCreditCode, MalformedSlug
from policies.terms import AgreementId, OrganizationId, Text, UserId

SLUG = re.compile(r"[a-z0-9_-]{1,100}")
SLUG_LENGTH_CHARACTERS = 100

_CREDIT_CODE_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


class OrganizationKind(StrEnum):
    """What an organisation is to the exchange."""

    DEPARTMENT = "department"
    OPERATOR = "operator"
    ENTERPRISE = "enterprise"
    BUREAU = "bureau"
    REGULATOR = "regulator"


class Role(StrEnum):
    """What a user may do for an organisation."""

    PUBLISHER = "publisher"
    APPROVER = "approver"
    BUYER = "buyer"
    ASSESSOR = "assessor"
    FINANCE = "finance"
    REGULATOR = "regulator"
    BUREAU = "bureau"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Organization:
    """A department, operator, enterprise, bureau or regulator."""

    id: OrganizationId
    slug: str
    kind: OrganizationKind
    title: Text
    credit_code: str | None
    """Unified social credit code; None where the organisation has not given one yet."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A role that a user holds, for one organisation or (None) for the whole site."""

    role: Role
    organization_id: OrganizationId | None
    """None: the role counts for the whole site (bureau, regulator, admin and the like)."""


@dataclass(frozen=True, slots=True)
class User:
    """A person or a program that signs in."""

    id: UserId
    name: str
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A user with the roles held in one organisation, or for the whole site."""

    user: User
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Warrant:
    """What the access token shown leaves of the powers of its agreement or agreements."""

    client_id: UUID | None = None
    """The key of a program that drew the token; None where a person did."""
    actions: frozenset[str] | None = None
    """None: whatever the agreement allows."""
    is_limited: bool = False
    """Whether the token counts rows, bytes or queries down."""
    has_cap: bool = False
    """Whether the key may spend so much a day and no more."""
    is_sender_bound: bool = False
    """Whether only the holder of a key can use the token. Source: RFC 9449."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes this request, with everything a decision about it may read.

    `user_id` None is the anonymous visitor. `organization` is the one that the actor acts for:
    the one named by an access token, else the user's only or chosen one.
    """

    user_id: UserId | None = None
    name: str = ""
    memberships: tuple[Membership, ...] = ()
    organization: Organization | None = None
    agreement_id: AgreementId | None = None
    """Set only where an access token bound to this agreement was shown."""
    token_id: str | None = None
    """`jti` of the token shown; None for a session or an anonymous visitor."""
    warrant: Warrant | None = None
    """Set only where an access token was shown."""
    address: str = field(default="", compare=False)

    @property
    def is_program(self) -> bool:
        """Whether an access token was shown, which opens data and does nothing else."""
        return self.agreement_id is not None or self.warrant is not None

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.user_id is None

    def holds(self, role: Role, organization_id: OrganizationId | None = None) -> bool:
        """Whether the actor holds `role` for that organisation, or for the whole site."""
        return any(
            held.role is role and held.organization_id in (None, organization_id)
            for held in self.memberships
        )

    def holds_anywhere(self, role: Role) -> bool:
        """Whether the actor holds `role` for any organisation or for the whole site."""
        return any(held.role is role for held in self.memberships)


ANONYMOUS = Actor()

UNOWNED = OrganizationId(UUID(int=0))
"""Stands in as publisher of records that no organisation answers for; never listed."""


def check_slug(slug: str) -> str:
    """Return `slug` unchanged if it may name a thing in an address.

    Raises: MalformedSlug.
    """
    if not SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH_CHARACTERS:
        raise MalformedSlug(slug)
    return slug


def check_credit_code(code: str) -> str:
    """Return the unified social credit code in upper case if its check character is right.

    Raises: MalformedCreditCode.
    Source: GB 32100-2015 s. 4.
    """
    code = code.strip().upper()
    if len(code) != 18 or any(character not in _CREDIT_CODE_ALPHABET for character in code):
        raise MalformedCreditCode(code)
    total = sum(
        _CREDIT_CODE_ALPHABET.index(character) * weight
        for character, weight in zip(code, _CREDIT_CODE_WEIGHTS, strict=False)
    )
    if _CREDIT_CODE_ALPHABET[(31 - total % 31) % 31] != code[17]:
        raise MalformedCreditCode(code)
    return code
