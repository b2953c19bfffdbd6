"""Every refusal of this package.

A refusal names what is wrong and holds the facts; see `policies.errors` for the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from policies.access import Reason
from policies.clause import ClauseResult
from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooOften, Unfunded


@dataclass(eq=False)
class MalformedPrice(Invalid):
    """A price that cannot be counted with."""

    message: ClassVar[str] = N_("The price cannot be used: {reason}.")
    reason: str


@dataclass(eq=False)
class MalformedDeclaration(Invalid):
    """A declaration for the clauses that names a fact that no provider declares."""

    message: ClassVar[str] = N_("“{name}” is not a thing that a provider declares for a listing.")
    name: str


@dataclass(eq=False)
class ListingNotFound(NotFound):
    """No such listing, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such listing.")
    listing_id: str


@dataclass(eq=False)
class ListingNotInState(Conflict):
    """The listing's state does not allow this."""

    message: ClassVar[str] = N_("This cannot be done with a listing that is “{state}”.")
    listing_id: str
    state: str


@dataclass(eq=False)
class AlreadyListed(Conflict):
    """A dataset has one listing a regime."""

    message: ClassVar[str] = N_("The dataset already has a listing for “{regime}”.")
    regime: str


@dataclass(eq=False)
class SameTwoPeople(Denied):
    """One person may not do both halves of an act that takes two."""

    message: ClassVar[str] = N_("This takes a second person: nobody approves what they sent in.")


@dataclass(eq=False)
class NotYourPart(Denied):
    """The caller does not hold the role that this act needs."""

    message: ClassVar[str] = N_("This takes the role “{role}” of the organisation concerned.")
    role: str


@dataclass(eq=False)
class NoOrganization(Denied):
    """The caller acts for no organisation."""

    message: ClassVar[str] = N_("Choose the organisation that you act for first.")


@dataclass(eq=False)
class ClausesFailed(Denied):
    """Clauses of the standards stand against it; all of them are named at once."""

    message: ClassVar[str] = N_("The standards do not allow this: {clauses}.")
    results: tuple[ClauseResult, ...]

    @property
    def clauses(self) -> str:
        """The ids of the clauses."""
        return ", ".join(result.clause_id for result in self.results)

    def __str__(self) -> str:
        return self.message.format(clauses=self.clauses)


@dataclass(eq=False)
class RequestIncomplete(Invalid):
    """A request lacks something; everything missing is named in one go.

    Source: 政务数据共享条例 art. 21.
    """

    message: ClassVar[str] = N_("The request is not complete: {gaps}.")
    results: tuple[ClauseResult, ...]

    @property
    def gaps(self) -> str:
        """What each clause asks for, in both languages as the clause has it."""
        return "; ".join(result.message.en or result.message.zh for result in self.results)

    def __str__(self) -> str:
        return self.message.format(gaps=self.gaps)


@dataclass(eq=False)
class ApplicationNotFound(NotFound):
    """No such application, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such application.")
    application_id: str


@dataclass(eq=False)
class ApplicationNotInState(Conflict):
    """The application was decided, withdrawn or sent back."""

    message: ClassVar[str] = N_("This cannot be done with an application that is “{state}”.")
    application_id: str
    state: str


@dataclass(eq=False)
class AlreadyAsked(Conflict):
    """The organisation has an open application or a live agreement for this listing."""

    message: ClassVar[str] = N_("There is already an open request or a live agreement for this.")
    listing_id: str


@dataclass(eq=False)
class NothingToAskFor(Conflict):
    """The listing needs no request, or takes none."""

    message: ClassVar[str] = N_("This listing takes no requests: {reason}.")
    reason: str


@dataclass(eq=False)
class TermsChanged(Conflict):
    """What the buyer accepts is not what stands now."""

    message: ClassVar[str] = N_(
        "The terms or the price changed. Read them again before you accept."
    )
    terms_sha256: str


@dataclass(eq=False)
class AgreementNotFound(NotFound):
    """No such agreement, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such agreement.")
    agreement_id: str


@dataclass(eq=False)
class InsufficientCredits(Unfunded):
    """The credits that are neither spent nor held do not cover the highest possible charge."""

    message: ClassVar[str] = N_(
        "This can cost up to {needed_microcredits} micro-credits, and {available_microcredits} are "
        "available. Top up, or ask for less."
    )
    needed_microcredits: int
    available_microcredits: int


@dataclass(eq=False)
class AlreadyResolved(Conflict):
    """A hold is settled or released once."""

    message: ClassVar[str] = N_("This reservation was already settled, released, or has expired.")
    transfer_id: str


@dataclass(eq=False)
class TransferNotPermitted(Denied):
    """The ledger's closed table does not have this transfer."""

    message: ClassVar[str] = N_("The ledger does not permit a transfer between these accounts.")


@dataclass(eq=False)
class AccessDenied(Denied):
    """The access rules do not allow it; the reasons say which rule, or what is lacking."""

    message: ClassVar[str] = N_("Access to “{dataset}” is refused.")
    dataset: str
    rule_ids: tuple[str, ...]
    reasons: tuple[Reason, ...]
    decision_id: str


@dataclass(eq=False)
class NoSuchData(NotFound):
    """No such dataset or table, or none that the caller may know of: both are answered alike."""

    message: ClassVar[str] = N_("There is no data called “{name}”.")
    name: str


@dataclass(eq=False)
class PurposeNotAgreed(Denied):
    """The purpose that was stated is not one that the agreement names."""

    message: ClassVar[str] = N_("The agreement does not cover the purpose “{purpose}”.")
    purpose: str


@dataclass(eq=False)
class FairUseSpent(TooOften):
    """Open data is free within limits for each caller and day."""

    message: ClassVar[str] = N_(
        "Open data may be asked {queries_max} times and read up to {rows_max} rows a day by one "
        "caller. Try again tomorrow, or sign in."
    )
    queries_max: int
    rows_max: int


@dataclass(eq=False)
class ReceiptNotFound(NotFound):
    """No such receipt, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such receipt.")
    receipt_id: str


@dataclass(eq=False)
class ResultGone(NotFound):
    """The time in which a delivered result can be read again has passed."""

    message: ClassVar[str] = N_("The result of this delivery is no longer kept. Ask again.")
    receipt_id: str


@dataclass(eq=False)
class DataChanged(Conflict):
    """Another version, view or agreement came between the estimate and the charge."""

    message: ClassVar[str] = N_("The data or its terms changed while it was read. Ask again.")


@dataclass(eq=False)
class AmountOutOfBounds(Invalid):
    """An amount that cannot be booked."""

    message: ClassVar[str] = N_("An amount is 1 to {most_microcredits} micro-credits.")
    most_microcredits: int
