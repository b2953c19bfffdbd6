"""A listing: a dataset's face under one regime, with view, price and terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from catalog.view import EVERYTHING, View
from exchange.errors import ListingNotInState, SameTwoPeople
from exchange.price import FREE, Price
from policies.canonical import Plain
from policies.clause import Judgement
from policies.terms import DatasetId, ListingId, OrganizationId, Regime, Text, UserId

TERMS_LENGTH_CHARACTERS = 20_000
NO_TERMS = Text()


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
    declared: Mapping[str, Plain] = field(default_factory=dict)
    """What was declared for the clauses: lawful basis, authorisation, assessment and the like."""
    release: StandingRelease | None = None
    judgement: Judgement | None = None
    """What the clauses said when it was last judged; None for a draft that never was."""
    opened_by: UserId | None = None
    opened_at: datetime | None = None
    state_reason: str = ""

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
