"""A listing: a dataset's face under one regime, with view, price and terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from catalog.view import EVERYTHING, View
from exchange.errors import (
    ListingNotInState,
    MalformedDeclaration,
    MalformedUses,
    SameTwoPeople,
)
from exchange.price import FREE, Price
from policies.access import Action
from policies.decision.clause import Judgement
from policies.errors import N_, Said
from policies.terms import DatasetId, ListingId, OrganizationId, Purpose, Regime, Text, UserId

TERMS_LENGTH_CHARACTERS = 20_000
NO_TERMS = Text()
TERM_DAYS_MAX = 1_825
DECLARED_LENGTH_CHARACTERS = 2_000
DECLARED_ENTRIES_MAX = 2_000


class ListingState(StrEnum):
    """Source: exchange design, listing 挂牌 and 摘牌."""

    DRAFT = "draft"
    LISTED = "listed"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class AccessClass(StrEnum):
    """Whether everybody of the regime gets it, or each request is decided."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, slots=True)
class Uses:
    """What is offered: what callers may do, for which purposes, and for how long at most."""

    actions: frozenset[Action] = frozenset(Action)
    purposes: frozenset[Purpose] = frozenset(Purpose)
    term_days: int = 365

    def __post_init__(self) -> None:
        if not (self.actions and self.purposes):
            raise MalformedUses(Said(N_("at least one action and one purpose are offered")))
        if not 1 <= self.term_days <= TERM_DAYS_MAX:
            raise MalformedUses(Said(N_("a term is 1 to {days_max} days"), days_max=TERM_DAYS_MAX))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What the provider declares and answers for. References are document numbers or ids.

    What each is for is said at the field of the same name in `policies.facts`.
    """

    lawful_basis: str = ""
    is_high_value: bool = False
    is_labelled_anonymous: bool = False
    is_redeveloped: bool = False
    personal_columns: tuple[str, ...] = ()
    sensitive_columns: tuple[str, ...] = ()
    commercial_secret_columns: tuple[str, ...] = ()
    special_approval_reference: str = ""
    regrading_reference: str = ""
    open_manner: str = ""
    open_requirements: str = ""
    open_safeguards: str = ""
    service_level_reference: str = ""
    personal_authorisation_reference: str = ""
    anonymisation_reference: str = ""
    disclosure_consent_reference: str = ""
    affiliate_ids: frozenset[str] = frozenset()
    is_authorised_operation: bool = False
    authorisation_reference: str = ""
    authorisation_ends_on: date | None = None
    registration_code: str = ""
    registration_expires_on: date | None = None
    ceiling_microcredits: int | None = None
    personal_basis: str = ""
    notice_reference: str = ""
    separate_consent_reference: str = ""
    impact_assessment_reference: str = ""
    risk_assessment_headings: frozenset[str] = frozenset()
    risk_assessed_on: date | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, str) and len(value) > DECLARED_LENGTH_CHARACTERS:
                raise MalformedDeclaration(name)
            if isinstance(value, tuple | frozenset) and len(value) > DECLARED_ENTRIES_MAX:
                raise MalformedDeclaration(name)


@dataclass(frozen=True, slots=True)
class Assessment:
    """The compliance assessment 合规评估 by somebody who neither sells nor buys."""

    assessor_id: OrganizationId
    assessed_by: UserId
    report_sha256: str
    assessed_on: date


ALL_USES = Uses()
NOTHING_DECLARED = Declaration()


@dataclass(frozen=True, slots=True)
class StandingRelease:
    """The provider's signed word that every complete request for it is granted at once.

    Source: 政务数据共享条例 art. 20-21 (a release per data item, signed once).
    """

    signed_by: UserId
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Listing:
    """One dataset under one regime."""

    id: ListingId
    dataset_id: DatasetId
    provider_id: OrganizationId
    regime: Regime
    state: ListingState
    access_class: AccessClass
    proposed_by: UserId | None
    """None: the profile itself, under direct publication."""
    proposed_at: datetime
    view: View = EVERYTHING
    price: Price = FREE
    terms: Text = NO_TERMS
    licence: str = ""
    uses: Uses = ALL_USES
    declared: Declaration = NOTHING_DECLARED
    assessment: Assessment | None = None
    """None where nobody assessed it."""
    release: StandingRelease | None = None
    judgement: Judgement | None = None
    """What the clauses said when it was last judged; None for a draft that never was."""
    opened_by: UserId | None = None
    opened_at: datetime | None = None
    state_reason: str = ""

    @property
    def personal_columns(self) -> frozenset[str]:
        """Columns with personal data that leave in clear: neither left out nor masked."""
        declared = {*self.declared.personal_columns, *self.declared.sensitive_columns}
        shown = declared if self.view.columns is None else declared & set(self.view.columns)
        return frozenset(shown - set(self.view.masks))

    @property
    def is_listed(self) -> bool:
        """Whether anything is delivered through it now, freezes apart."""
        return self.state is ListingState.LISTED

    def open(self, *, by: UserId | None, at: datetime, judgement: Judgement) -> Listing:
        """The listing, open for use; `by` None is the profile itself.

        Raises: ListingNotInState, SameTwoPeople.
        """
        if self.state is not ListingState.DRAFT:
            raise ListingNotInState(str(self.id), self.state.value)
        if by is not None and by == self.proposed_by:
            raise SameTwoPeople
        return replace(
            self,
            state=ListingState.LISTED,
            opened_by=by,
            opened_at=at,
            judgement=judgement,
            state_reason="",
        )

    def move_to(self, state: ListingState, *, reason: str) -> Listing:
        """The listing, suspended, taken up again or withdrawn.

        Raises: ListingNotInState.
        """
        if state not in _MOVES[self.state]:
            raise ListingNotInState(str(self.id), self.state.value)
        return replace(self, state=state, state_reason=reason)


_MOVES: Mapping[ListingState, frozenset[ListingState]] = {
    ListingState.DRAFT: frozenset({ListingState.WITHDRAWN}),
    ListingState.LISTED: frozenset({ListingState.SUSPENDED, ListingState.WITHDRAWN}),
    ListingState.SUSPENDED: frozenset({ListingState.LISTED, ListingState.WITHDRAWN}),
    ListingState.WITHDRAWN: frozenset(),
}
