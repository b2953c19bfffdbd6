"""Every refusal about payments and payouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from policies.errors import N_, Conflict, Denied, Invalid, NotFound


@dataclass(eq=False)
class MalformedReference(Invalid):
    """A reference by which no payment can be found again."""

    message: ClassVar[str] = N_("Name the payment in 1 to {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class MalformedBankAccount(Invalid):
    """No account to send money to."""

    message: ClassVar[str] = N_("Name the bank account in 1 to {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class PaidOnOutOfBounds(Invalid):
    """A day on which the payment cannot have come in."""

    message: ClassVar[str] = N_("A payment came in today or in the {days_max} days before.")
    days_max: int


@dataclass(eq=False)
class PaymentKnown(Conflict):
    """Another payment, or payout, stands under the same reference."""

    message: ClassVar[str] = N_("“{reference}” was recorded before; one payment counts once.")
    reference: str


@dataclass(eq=False)
class PaymentNotFound(NotFound):
    """No such payment."""

    message: ClassVar[str] = N_("There is no such payment.")


@dataclass(eq=False)
class PayoutNotFound(NotFound):
    """No such payout, or none that the caller may see."""

    message: ClassVar[str] = N_("There is no such payout.")


@dataclass(eq=False)
class RefundNotFound(NotFound):
    """No such refund."""

    message: ClassVar[str] = N_("There is no such refund.")


@dataclass(eq=False)
class RefundWaits(Conflict):
    """Another refund of the same receipt was proposed and not settled."""

    message: ClassVar[str] = N_("A refund of this receipt waits already.")
    receipt_id: UUID


@dataclass(eq=False)
class PaymentSettled(Conflict):
    """A payment or payout that was confirmed, withdrawn or refused already."""

    message: ClassVar[str] = N_("This was confirmed or let fall already.")
    subject_id: UUID


@dataclass(eq=False)
class SecondPayerNeeded(Denied):
    """Whoever recorded a payment, or asked for a payout, does not confirm it."""

    message: ClassVar[str] = N_("Somebody other than the one who recorded it has to confirm it.")
    subject_id: UUID


@dataclass(eq=False)
class OwnMoney(Denied):
    """Nobody credits or pays the organisation that they belong to."""

    message: ClassVar[str] = N_("Nobody confirms money of the organisation that they belong to.")


@dataclass(eq=False)
class NotEarned(Conflict):
    """More was asked for than was earned and not paid out."""

    message: ClassVar[str] = N_("{available_microcredits} micro-credits can be paid out.")
    available_microcredits: int
