"""Every refusal of this package.

A refusal names what is wrong and holds the facts; see `policies.errors` for the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar

from policies.errors import (
    N_,
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Said,
    TooLarge,
    TooOften,
    Unfunded,
)
from policies.party import Role


@dataclass(eq=False)
class MalformedPrice(Invalid):
    """A price that cannot be counted with."""

    message: ClassVar[str] = N_("The price cannot be used: {reason}.")
    reason: str


@dataclass(eq=False)
class MalformedUses(Invalid):
    """An offer of uses that is empty or without bound."""

    message: ClassVar[str] = N_("The uses cannot be offered: {reason}.")
    reason: str


@dataclass(eq=False)
class MalformedDeclaration(Invalid):
    """A declaration whose parts are unknown, of the wrong kind, or too long."""

    message: ClassVar[str] = N_("“{name}” cannot be declared like this.")
    name: str


@dataclass(eq=False)
class TermsTooLong(Invalid):
    """Terms longer than anybody reads."""

    message: ClassVar[str] = N_("The terms have at most {characters_max} characters.")
    characters_max: int


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
    role: Role


@dataclass(eq=False)
class DocumentNotCut(Denied):
    """An offer or agreement that lets a part of the data out, which no document can be cut to."""

    message: ClassVar[str] = N_(
        "What you may have of “{dataset}” is a part of its columns or rows. A document cannot be "
        "cut to that, so it is not handed out. Ask its publisher."
    )
    dataset: str


@dataclass(eq=False)
class NoOrganization(Denied):
    """The caller acts for no organisation."""

    message: ClassVar[str] = N_("Choose the organisation that you act for first.")


@dataclass(eq=False)
class ClausesFailed(Denied):
    """Clauses of the standards stand against it; all of them are named at once."""

    message: ClassVar[str] = N_("The standards do not allow this yet: {clauses}.")
    clauses: str
    """The ids, in one text."""
    failed: list[dict[str, object]]
    """Each clause with its id, source, article, and message in both languages."""


@dataclass(eq=False)
class RequestIncomplete(Invalid):
    """A request lacks something; everything missing is named in one go.

    Source: 政务数据共享条例 art. 21.
    """

    message: ClassVar[str] = N_("The request is not complete: {clauses}.")
    clauses: str
    failed: list[dict[str, object]]


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
class NotPublished(Conflict):
    """Only published data is offered."""

    message: ClassVar[str] = N_("“{dataset}” is not published.")
    dataset: str


@dataclass(eq=False)
class MalformedReport(Invalid):
    """A digest that is none."""

    message: ClassVar[str] = N_("The report is named by its SHA-256: 64 hexadecimal digits.")


@dataclass(eq=False)
class AssessorIsParty(Denied):
    """Whoever assesses neither sells nor buys."""

    message: ClassVar[str] = N_("The seller does not assess its own product.")


class NothingToAskFor(Conflict):
    """The listing takes no requests, or none from such a party."""


@dataclass(eq=False)
class OnlyDepartmentsShare(NothingToAskFor):
    """Government data is shared between departments."""

    message: ClassVar[str] = N_("Only departments ask for shared data.")


@dataclass(eq=False)
class OpenToEverybody(NothingToAskFor):
    """Unconditionally open data is there without a request."""

    message: ClassVar[str] = N_("This is open to everybody; there is nothing to ask for.")


@dataclass(eq=False)
class SoldNotShared(NothingToAskFor):
    """A trade offer is accepted, not asked for."""

    message: ClassVar[str] = N_("This is sold. Accept the offer instead of asking for it.")


@dataclass(eq=False)
class AskedForOwnData(NothingToAskFor):
    """The applicant is the provider."""

    message: ClassVar[str] = N_("This is your own organisation's data.")


@dataclass(eq=False)
class FieldTooLong(Invalid):
    """A field of a request longer than anybody reads."""

    message: ClassVar[str] = N_("“{name}” has at most {characters_max} characters.")
    name: str
    characters_max: int


@dataclass(eq=False)
class EndTooLate(Invalid):
    """An agreement is wanted for longer than is offered."""

    message: ClassVar[str] = N_("This is offered until {latest} at most.")
    latest: date


@dataclass(eq=False)
class NotForSale(Conflict):
    """The listing is not sold, or not to such a party."""

    message: ClassVar[str] = N_("This is sold to enterprises and operators only, or not at all.")


@dataclass(eq=False)
class PurposeNotOffered(Invalid):
    """The data is not offered for this purpose."""

    message: ClassVar[str] = N_("This is not offered for the purpose “{purpose}”.")
    purpose: str


@dataclass(eq=False)
class Frozen(Denied):
    """A freeze stands on the agreement, or on something that it rests on."""

    message: ClassVar[str] = N_("A supervisor has frozen this. Nothing is read until it is lifted.")


@dataclass(eq=False)
class TermsChanged(Conflict):
    """What the buyer accepts is not what stands now."""

    message: ClassVar[str] = N_(
        "The terms or the price changed. Read them again before you accept."
    )
    terms_sha256: str


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
class KeyCapReached(Unfunded):
    """The program's key may spend no more today."""

    message: ClassVar[str] = N_(
        "The key's daily cap of {cap} micro-credits is reached: {left} are left today. Raise the "
        "cap at /my/keys, or wait until tomorrow."
    )
    cap: int
    left: int


@dataclass(eq=False)
class CapOutOfBounds(Invalid):
    """A monthly cap that is none."""

    message: ClassVar[str] = N_("A monthly cap is 1 to {microcredits_max} micro-credits.")
    microcredits_max: int


@dataclass(eq=False)
class CapReached(Unfunded):
    """The organisation's own monthly cap stands against it, whatever its credits are."""

    message: ClassVar[str] = N_(
        "The monthly cap of your organisation, {cap_microcredits} micro-credits, stops this: "
        "{used_microcredits} are spent or held, and this can cost up to {needed_microcredits}. "
        "Nothing was charged. Raise the cap at /my/usage, or wait for the next month."
    )
    cap_microcredits: int
    used_microcredits: int
    needed_microcredits: int


@dataclass(eq=False)
class AlreadyResolved(Conflict):
    """A hold is settled or released once."""

    message: ClassVar[str] = N_("This reservation was already settled, released, or has expired.")
    transfer_id: str


@dataclass(eq=False)
class TransferNotPermitted(Denied):
    """The ledger's closed table does not have this transfer."""

    message: ClassVar[str] = N_("The ledger does not permit a transfer between these accounts.")


class WayOn(StrEnum):
    """What a caller who was refused can do about it."""

    SIGN_IN = "sign_in"
    REQUEST = "request"
    BUY = "buy"
    USE_AGREEMENT = "use_agreement"
    """There is an agreement; the call does not go by it."""
    ASK_PUBLISHER = "ask_publisher"
    """The dataset is offered in no way that is open to the caller."""
    WAIT = "wait"
    """A freeze, a withdrawal or another prohibition stands against it; nothing of the caller's."""


@dataclass(eq=False)
class AccessDenied(Denied):
    """The access rules do not allow it; the reasons say which rule, or what is lacking."""

    message: ClassVar[str] = N_("Access to “{dataset}” is refused.")
    dataset: str
    way_on: WayOn
    rule_ids: list[str]
    reasons: list[dict[str, object]]
    """Each with the id of its rule, and what it says in both languages."""
    decision_id: str


@dataclass(eq=False)
class NoSuchData(NotFound):
    """No such dataset or table, or none that the caller may know of: both are answered alike."""

    message: ClassVar[str] = N_("There is no data called “{name}”.")
    name: str


@dataclass(eq=False)
class NothingNamed(Invalid):
    """A statement that reads no dataset."""

    message: ClassVar[str] = N_("The statement names no dataset. Name one after FROM.")


@dataclass(eq=False)
class TooManyTables(TooLarge):
    """A statement over more datasets than one delivery covers."""

    message: ClassVar[str] = N_("One query reads at most {tables_max} datasets.")
    tables_max: int


@dataclass(eq=False)
class PageTooLarge(TooLarge):
    """A page of more rows than one page has."""

    message: ClassVar[str] = N_("A page has at most {rows_max} rows. Download the file instead.")
    rows_max: int


@dataclass(eq=False)
class PackedRows(Denied):
    """Rows of priced data were packed into fewer, larger ones."""

    message: ClassVar[str] = N_(
        "This data is priced by the row, and the result packs many rows into few. Ask for the rows "
        "themselves, or for numbers about them."
    )


@dataclass(eq=False)
class FairUseSpent(TooOften):
    """Open data is free within limits for each caller and day."""

    message: ClassVar[str] = N_(
        "Open data may be asked {queries_max} times and read up to {rows_max} rows a day by one "
        "caller. Try again tomorrow, or sign in."
    )
    policy: str
    queries_max: int
    rows_max: int
    wait_s: int


@dataclass(eq=False)
class ReceiptNotFound(NotFound):
    """No such receipt, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such receipt.")
    receipt_id: str


@dataclass(eq=False)
class NothingToTrace(NotFound):
    """There is no such thing, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is nothing called “{asset}” to look at.")
    asset: str


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


@dataclass(eq=False)
class StatementTooLarge(TooLarge):
    """A statement with more of something than one statement may have."""

    message: ClassVar[str] = N_("The statement has more than {count_max} {what}.")
    what: str
    count_max: int


@dataclass(eq=False)
class OfferShowsColumn(Conflict):
    """A column that is to be masked or left out, while an offer gives it out as it is."""

    message: ClassVar[str] = N_(
        "An offer gives the column “{column}” out as it is. Withdraw that offer first; the next "
        "one hides it."
    )
    column: str
    regime: str


@dataclass(eq=False)
class FreeUnitsSpent(Conflict):
    """Another delivery used what was still free of the month while this one ran."""

    message: ClassVar[str] = N_(
        "Meanwhile another delivery used what was still free in this month. Nothing was charged "
        "for this one; ask again."
    )


@dataclass(eq=False)
class ExtensionNotOpen(Conflict):
    """More days are asked for once, before the clock ran out, and consented to once."""

    message: ClassVar[str] = N_("No more days can be asked for or consented to here.")


@dataclass(eq=False)
class ExtensionTooLong(Invalid):
    """More days than the standard lets the share authority consent to."""

    message: ClassVar[str] = N_("The standard allows 1 to {days_max} more working days.")
    days_max: int


@dataclass(eq=False)
class UndoTooLate(Conflict):
    """An answer stands after a few seconds."""

    message: ClassVar[str] = N_("An answer can be undone for {seconds} seconds; it stands now.")
    seconds: int


@dataclass(eq=False)
class AlreadyUsed(Conflict):
    """What was granted was read already, so that it cannot be undone, only ended."""

    message: ClassVar[str] = N_("The data was read already. End the agreement instead.")


@dataclass(eq=False)
class ColumnsNotOffered(Invalid):
    """Columns that the listing does not show, or none at all."""

    message: ClassVar[str] = N_("Choose from the columns that are offered: {names}.")
    names: str


@dataclass(eq=False)
class GrantedTooLong(Invalid):
    """A grant lasts no longer than what was asked for."""

    message: ClassVar[str] = N_("Grant it at most until {day}, as it was asked for.")
    day: date


@dataclass(eq=False)
class FlowBackInFull(Denied):
    """Data of its own area goes back to a lower level without extra conditions.

    Source: 政务数据共享条例 art. 24.
    """

    message: ClassVar[str] = N_(
        "An area's own data goes back to it in full and without extra conditions."
    )


@dataclass(eq=False)
class ShareHeadNeeded(Denied):
    """The answers of this organisation are released by the head of its share office.

    Source: 政务数据共享条例 art. 20-21.
    """

    message: ClassVar[str] = N_("Answers are released by the head of the share office, {name}.")
    name: str


@dataclass(eq=False)
class NotAColleague(Invalid):
    """A request goes to an approver of the same organisation, who did not send it."""

    message: ClassVar[str] = N_("“{name}” does not decide for the provider of this data.")
    name: str


@dataclass(eq=False)
class DisputeNotOpen(Conflict):
    """A refusal is disputed in three steps, one after the other."""

    message: ClassVar[str] = N_("There is no such step of the dispute now.")


@dataclass(eq=False)
class ReferenceMissing(Invalid):
    """A decision of another body is cited by its number."""

    message: ClassVar[str] = N_("Cite the number of the government's decision.")


@dataclass(eq=False)
class CorrectionNotFound(NotFound):
    """No such request for a correction, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no such request for a correction.")
    correction_id: str


@dataclass(eq=False)
class CorrectionClosed(Conflict):
    """It was answered already."""

    message: ClassVar[str] = N_("This correction was answered already.")


@dataclass(eq=False)
class NothingCorrected(Conflict):
    """A correction is done with a version that is newer than the complaint."""

    message: ClassVar[str] = N_("Publish the corrected version first; it has to be newer.")


@dataclass(eq=False)
class DutyUnknown(Invalid):
    """A duty that does not stand in the department's list."""

    message: ClassVar[str] = N_("“{duty}” does not stand in the duty list.")
    duty: str


@dataclass(eq=False)
class MalformedDutyList(Invalid):
    """A file of duties that cannot be read; the line is named."""

    message: ClassVar[str] = N_("Line {line} of the duty list: {reason}.")
    line: int
    reason: str | Said


@dataclass(eq=False)
class DecisionNotFound(NotFound):
    """No decision has this id."""

    message: ClassVar[str] = N_("There is no decision “{decision_id}”.")
    decision_id: str


@dataclass(eq=False)
class ReplayNotFound(NotFound):
    """No replay has this id."""

    message: ClassVar[str] = N_("There is no replay “{replay_id}”.")
    replay_id: str


@dataclass(eq=False)
class LinkNotGood(NotFound):
    """A link to a file that opens nothing, or no longer does."""

    message: ClassVar[str] = N_(
        "This link opens nothing: it was changed, is too old, is used up, or the right to read was "
        "taken back. Ask for a new link with your own access."
    )


@dataclass(eq=False)
class InvoiceNotFound(NotFound):
    """No such invoice, or none that the caller may see."""

    message: ClassVar[str] = N_("There is no such invoice.")


@dataclass(eq=False)
class MonthGoesOn(Conflict):
    """The month of an invoice is not over."""

    message: ClassVar[str] = N_("An invoice is issued an hour after its month is over.")


@dataclass(eq=False)
class NothingCharged(Conflict):
    """A month in which the organisation was charged nothing."""

    message: ClassVar[str] = N_("The organisation was charged nothing in that month.")


@dataclass(eq=False)
class InvoiceStands(Conflict):
    """The month has its invoice already."""

    message: ClassVar[str] = N_("That month has its invoice; a credit note corrects it.")


@dataclass(eq=False)
class NothingGivenBack(Conflict):
    """Nothing was given back that no credit note tells of."""

    message: ClassVar[str] = N_(
        "Nothing was given back of that month that no credit note tells of. Give it back first."
    )
