"""What is asked of the exchange at each access, as plain facts, and the decision about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policies.party import OrganizationKind, Role
from policies.terms import Grade, OpenType, Purpose, Regime, ShareType, Text


class Action(StrEnum):
    """What a caller does with data. All but a query hand out rows as they are."""

    PREVIEW = "preview"
    READ_PAGE = "read_page"
    QUERY = "query"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Caller:
    """The one who asks. The defaults are those of an anonymous visitor."""

    party_id: str = ""
    """The organisation acted for, else the user; empty for an anonymous visitor."""
    kind: OrganizationKind | None = None
    """None for a person who acts for no organisation."""
    roles: frozenset[Role] = frozenset()
    """Roles held for the organisation acted for."""
    is_frozen: bool = False
    """The user or the organisation acted for is frozen."""
    is_platform_identity: bool = False
    """Belongs to those who build or run the platform, and so may never read data."""
    token_agreement_id: str | None = None
    """Set where the token shown is bound to an agreement."""
    region: str = "CN"
    """ISO 3166-1 alpha-2 of where the caller is and the token is used."""


@dataclass(frozen=True, slots=True)
class Asset:
    """The version of the dataset that is asked for."""

    dataset_id: str
    provider_id: str
    grade: Grade
    share_type: ShareType | None
    open_type: OpenType | None
    has_personal_data: bool = False
    is_frozen: bool = False
    is_provider_frozen: bool = False
    is_version_withdrawn: bool = False
    has_export_approval: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """The listing through which it is asked for."""

    listing_id: str
    regime: Regime
    is_listed: bool
    """Listed now: neither a draft, nor suspended, nor withdrawn."""
    is_frozen: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """The agreement that the caller relies on."""

    agreement_id: str
    listing_id: str
    assignee_id: str
    is_active: bool
    """Signed by both and neither suspended nor ended by anyone."""
    starts_at: datetime
    ends_at: datetime
    """The first moment at which it no longer holds."""
    purposes: frozenset[Purpose]
    actions: frozenset[Action]
    is_frozen: bool = False


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Everything that a decision about one access may read."""

    caller: Caller
    action: Action
    asset: Asset
    face: Face | None = None
    """None where the provider's own people read outside any listing."""
    grant: Grant | None = None
    """None where the caller relies on no agreement."""
    purpose: Purpose | None = None
    """None where none was stated, which only open data allows."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that decided, or that would have to hold, in words."""

    rule_id: str
    text: Text


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an access is allowed, by which rules, and on which facts.

    A refusal names the rules that forbid; where none does, `rule_ids` is empty and the reasons say
    what the nearest permission lacks. Equal facts, profile and rules give an equal decision.
    """

    is_allowed: bool
    rule_ids: tuple[str, ...]
    reasons: tuple[Reason, ...]
    profile_id: str
    profile_hash: str
    policy_hash: str
    facts: AccessRequest
    at: datetime
