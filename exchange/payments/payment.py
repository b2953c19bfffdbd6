"""A payment that came in, and a payout that goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from exchange.payments.errors import (
    MalformedBankAccount,
    MalformedReference,
    PaidOnOutOfBounds,
)
from policies.terms import MicroCredits, OrganizationId, UserId

REFERENCE_CHARACTERS_MAX: Final = 200
PAID_BEFORE_MAX: Final = timedelta(days=366)
"""A payment is recorded at most so long after it came in."""
SHOWN_MAX: Final = 200


class PaymentState(StrEnum):
    """What became of a payment."""

    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    """Credited."""
    WITHDRAWN = "withdrawn"
    """Recorded by mistake; never credited."""
    EARLIER = "earlier"
    """Credited by one person, before two were asked for."""


class PayoutState(StrEnum):
    """What became of a payout."""

    ASKED = "asked"
    SENT = "sent"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Payment:
    """What an organisation paid for credits."""

    id: UUID
    organization_id: OrganizationId
    amount: MicroCredits
    reference: str
    """Of the bank transfer or invoice; stands for one payment, however it is spaced or cased."""
    paid_on: date
    state: PaymentState
    recorded_by: UserId | None
    """None for an earlier one."""
    recorded_at: datetime
    settled_by: UserId | None = None
    """Who confirmed or withdrew it; None before."""
    settled_at: datetime | None = None
    reason: str = ""
    """Why it was withdrawn."""
    transfer_id: UUID | None = None
    """What it credited; None unless it did."""


@dataclass(frozen=True, slots=True)
class Payout:
    """What a provider earned and is to be sent."""

    id: UUID
    organization_id: OrganizationId
    amount: MicroCredits
    bank_account: str
    state: PayoutState
    asked_by: UserId
    asked_at: datetime
    asked_transfer_id: UUID
    """What took it out of the earnings."""
    settled_by: UserId | None = None
    """Who sent or refused it; None before."""
    settled_at: datetime | None = None
    settled_transfer_id: UUID | None = None
    """What took it out of the exchange, or back to the earnings; None before."""
    bank_reference: str = ""
    """Of the bank transfer by which it was sent."""
    reason: str = ""
    """Why it was refused."""


def check_reference(reference: str) -> str:
    """The reference without blanks around it.

    Raises: MalformedReference.
    """
    reference = reference.strip()
    if not 0 < len(reference) <= REFERENCE_CHARACTERS_MAX or "\0" in reference:
        raise MalformedReference(REFERENCE_CHARACTERS_MAX)
    return reference


def check_bank_account(bank_account: str) -> str:
    """The account without blanks around it.

    Raises: MalformedBankAccount.
    """
    bank_account = bank_account.strip()
    if not 0 < len(bank_account) <= REFERENCE_CHARACTERS_MAX or "\0" in bank_account:
        raise MalformedBankAccount(REFERENCE_CHARACTERS_MAX)
    return bank_account


def check_paid_on(paid_on: date, today: date) -> date:
    """The day on which a payment came in.

    Raises: PaidOnOutOfBounds.
    """
    if not today - PAID_BEFORE_MAX <= paid_on <= today:
        raise PaidOnOutOfBounds(PAID_BEFORE_MAX.days)
    return paid_on
