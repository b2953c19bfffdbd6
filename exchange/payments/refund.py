"""A refund: what is given back of the charge of one receipt, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policies.terms import MicroCredits, OrganizationId, UserId


class RefundState(StrEnum):
    """What became of a refund."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    """Given back."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Refund:
    """What is to be given back of a receipt's charge."""

    id: UUID
    receipt_id: UUID
    buyer_id: OrganizationId
    amount: MicroCredits
    reason: str
    state: RefundState
    proposed_by: UserId
    proposed_at: datetime
    settled_by: UserId | None = None
    """Who confirmed or withdrew it; None before."""
    settled_at: datetime | None = None


def given_back(amount: int, left: Mapping[UUID, int]) -> dict[UUID, int]:
    """What each account gives back of `amount`, in proportion to what is `left` to it of a charge.

    Rounded down, and what is missing by the largest remainders, so the sum is kept; no account
    gives more than is left to it, as long as `amount` is not more than is left to all.
    """
    total = sum(left.values())
    assert 0 < amount <= total, "no more is given back than was charged"
    accounts = sorted(left)
    pieces = {one: amount * left[one] // total for one in accounts}
    missing = amount - sum(pieces.values())
    by_remainder = sorted(accounts, key=lambda one: (-(amount * left[one] % total), one))
    for one in by_remainder[:missing]:
        pieces[one] += 1
    return pieces
