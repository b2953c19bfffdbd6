"""An agreement: who may do what with which data, for what, from when to when, in signed words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from policies.access import Action
from policies.errors import (
    AgreementEnded,
    AgreementNotStarted,
    AgreementSuspended,
    AgreementTermOutOfOrder,
    AgreementWithOneself,
)
from policies.terms import (
    AgreementId,
    DatasetId,
    ListingId,
    OrganizationId,
    Purpose,
    Regime,
    UserId,
)


class AgreementState(StrEnum):
    """What was done with it; that its time ran out is read from its days."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Suspension:
    """Why nothing is read under an agreement for a while, and whose word lifts that."""

    at: datetime
    by: UserId
    reason: str
    is_by_supervisor: bool
    """Put there by the bureau or a regulator; only they lift it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """An agreement between the provider and the consumer of one dataset under one listing."""

    id: AgreementId
    regime: Regime
    listing_id: ListingId
    dataset_id: DatasetId
    provider_id: OrganizationId
    consumer_id: OrganizationId
    purpose: Purpose
    actions: frozenset[Action]
    terms: str
    """Canonical JSON (RFC 8785) of the ODRL agreement: the words that both sides hold to."""
    profile_id: str
    profile_hash: str
    """The standards under which it was concluded."""
    starts_at: datetime
    ends_at: datetime
    """The first moment at which it no longer holds."""
    concluded_at: datetime
    accepted_by: UserId | None
    """None: concluded by the provider's standing release, without a person."""
    state: AgreementState = AgreementState.ACTIVE
    suspension: Suspension | None = None
    """The one that holds, or held when it was ended; None where none does."""
    ended_at: datetime | None = None
    """None unless it was ended before its time."""
    end_reason: str = ""

    @property
    def terms_sha256(self) -> str:
        """SHA-256 over the terms, which events and receipts name."""
        return sha256(self.terms.encode()).hexdigest()

    def is_in_force(self, at: datetime) -> bool:
        """Whether data may flow under it at that moment, as far as the agreement itself says."""
        return self.state is AgreementState.ACTIVE and self.starts_at <= at < self.ends_at


def check_terms(agreement: Agreement) -> None:
    """See that the agreement has two sides and a time.

    Raises: AgreementWithOneself, AgreementTermOutOfOrder.
    """
    if agreement.provider_id == agreement.consumer_id:
        raise AgreementWithOneself
    if agreement.ends_at <= max(agreement.starts_at, agreement.concluded_at):
        raise AgreementTermOutOfOrder(agreement.starts_at, agreement.ends_at)


def check_in_force(agreement: Agreement, at: datetime) -> None:
    """See that the agreement holds at that moment.

    Raises: AgreementEnded, AgreementSuspended, AgreementNotStarted.
    """
    if agreement.state is AgreementState.ENDED:
        assert agreement.ended_at is not None
        raise AgreementEnded(agreement.id, agreement.ended_at)
    if agreement.ends_at <= at:
        raise AgreementEnded(agreement.id, agreement.ends_at)
    if agreement.state is AgreementState.SUSPENDED:
        raise AgreementSuspended(agreement.id)
    if at < agreement.starts_at:
        raise AgreementNotStarted(agreement.id, agreement.starts_at)
