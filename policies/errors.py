"""Every refusal of this package, and the few kinds of refusal that all packages share.

A refusal is a frozen set of facts with a message. `message` is an English sentence with the facts
as `{placeholders}`; it is a gettext message id, so that a refusal can be read in the caller's
language. Which HTTP status a kind has is said in `portal/problems.py` and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


def N_(message: str) -> str:
    """Mark a message for translation without translating it."""
    return message


class Refusal(Exception):
    """What was asked for is not done, for a reason that the caller can act on."""

    message: ClassVar[str]

    def __str__(self) -> str:
        return self.message.format(**vars(self))


class Invalid(Refusal):
    """The request is not well formed, or a value in it is not allowed."""


class NotSignedIn(Refusal):
    """The caller has to say who they are first."""


class Denied(Refusal):
    """The caller is known and may not do this."""


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""


class Conflict(Refusal):
    """The thing is not in a state in which this can be done."""


class Unfunded(Refusal):
    """The credits do not cover it."""


class TooLarge(Refusal):
    """A bound on size, time or number would be passed."""


class TooOften(Refusal):
    """The caller has to wait before trying again."""


@dataclass(eq=False)
class MalformedSlug(Invalid):
    """A name that cannot stand in an address."""

    message: ClassVar[str] = N_(
        "“{slug}” cannot be a name in an address. Use 1 to 100 lower-case letters, digits, “-” "
        "and “_”, beginning and ending with a letter or digit."
    )
    slug: str


@dataclass(eq=False)
class MalformedCreditCode(Invalid):
    """A unified social credit code whose length, letters or check character are wrong."""

    message: ClassVar[str] = N_(
        "“{code}” is not a unified social credit code: 18 digits and capital letters without "
        "I, O, S, V and Z, the last of them a check character."
    )
    code: str


@dataclass(eq=False)
class CalendarEnds(Invalid):
    """The official working-day calendar of that year is not known to this release."""

    message: ClassVar[str] = N_(
        "The official working days of {day} are not known; the calendar covers {first_year} to "
        "{last_year}."
    )
    day: date
    first_year: int
    last_year: int


@dataclass(eq=False)
class ProfileNotFound(NotFound):
    """No profile of the standards has this name."""

    message: ClassVar[str] = N_("There is no profile of the standards called “{profile_id}”.")
    profile_id: str


@dataclass(eq=False)
class NoProfileInForce(NotFound):
    """No profile of the standards covers this day."""

    message: ClassVar[str] = N_(
        "No profile of the standards of “{jurisdiction}” is in force on {day}."
    )
    jurisdiction: str
    day: date


@dataclass(eq=False)
class MalformedProfile(Invalid):
    """A profile file cannot be read as one, or says something that cannot be."""

    message: ClassVar[str] = N_("The profile “{profile_id}” cannot be used: {fault}.")
    profile_id: str
    fault: str


@dataclass(eq=False)
class MalformedRules(Invalid):
    """The access rules do not parse, do not fit their schema, or lack an annotation."""

    message: ClassVar[str] = N_("The access rules cannot be used: {fault}.")
    fault: str


@dataclass(eq=False)
class WrongParties(Invalid):
    """An offer names an assignee, or an agreement lacks one."""

    message: ClassVar[str] = N_(
        "An offer has one assigner and no assignee; an agreement has one of each. “{uid}” does not."
    )
    uid: str


@dataclass(eq=False)
class NothingToErase(NotFound):
    """The event has no personal fields, or they were erased before."""

    message: ClassVar[str] = N_("Event {event_id} holds no personal fields.")
    event_id: int


@dataclass(eq=False)
class SigningKeyAway(Conflict):
    """The private half of the current key is not in this node's key folder."""

    message: ClassVar[str] = N_(
        "The private half of signing key {kid} is not on this machine. Restore the key folder, or "
        "give every node the same one."
    )
    kid: str


@dataclass(eq=False)
class NoSuchLeaf(NotFound):
    """The log has no such entry, or none within a tree of that size."""

    message: ClassVar[str] = N_("The log of {tree_size} entries has no such entry.")
    tree_size: int


@dataclass(eq=False)
class TreeSizeOutOfBounds(Invalid):
    """A proof is asked for a tree that the log never was or is not yet."""

    message: ClassVar[str] = N_(
        "The log has {tree_size} entries; a proof goes from 0 or more entries to at most as many."
    )
    tree_size: int


@dataclass(eq=False)
class LogNotSigned(NotFound):
    """No tree head was signed yet."""

    message: ClassVar[str] = N_("No tree head has been signed yet.")


@dataclass(eq=False)
class LogDamaged(Conflict):
    """The log no longer agrees with a tree head that was signed before; nothing new is signed."""

    message: ClassVar[str] = N_(
        "The log does not agree with its signed head of {tree_size} entries. Nothing is signed "
        "until this is explained; run the command “weir doctor”."
    )
    tree_size: int


@dataclass(eq=False)
class UnreadableProof(Invalid):
    """A file that should prove something cannot be read as such."""

    message: ClassVar[str] = N_("The file cannot be read as evidence: {fault}.")
    fault: str


@dataclass(eq=False)
class MayNotFreeze(Denied):
    """Only a regulator or the bureau freezes, confirms and lifts."""

    message: ClassVar[str] = N_("Only a regulator or the bureau may place, confirm or lift a freeze.")


@dataclass(eq=False)
class FreezeNotFound(NotFound):
    """No freeze has this id."""

    message: ClassVar[str] = N_("There is no such freeze.")
    freeze_id: UUID


@dataclass(eq=False)
class AlreadyFrozen(Conflict):
    """The target is frozen; confirm that freeze instead of placing another."""

    message: ClassVar[str] = N_("This is frozen already. Confirm that freeze to make it last.")
    freeze_id: UUID


@dataclass(eq=False)
class FreezeNotRenewable(Conflict):
    """One person may not make a freeze last by placing it again and again."""

    message: ClassVar[str] = N_(
        "Your freeze lapsed because nobody confirmed it. Somebody else has to place the next one "
        "within {days} days."
    )
    days: int


@dataclass(eq=False)
class SecondPersonNeeded(Denied):
    """Whoever placed a freeze neither confirms nor lifts it."""

    message: ClassVar[str] = N_("Somebody other than the one who placed the freeze has to do this.")
    freeze_id: UUID


@dataclass(eq=False)
class FreezeNotInForce(Conflict):
    """The freeze was lifted or lapsed, so there is nothing to confirm or lift."""

    message: ClassVar[str] = N_("This freeze is no longer in force.")
    freeze_id: UUID


@dataclass(eq=False)
class FreezeConfirmedBefore(Conflict):
    """A second person confirmed the freeze earlier."""

    message: ClassVar[str] = N_("This freeze has been confirmed already.")
    freeze_id: UUID


@dataclass(eq=False)
class ReasonMissing(Invalid):
    """An act that others have to live with needs a reason in words."""

    message: ClassVar[str] = N_("Give a reason, in at most {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class AgreementNotFound(NotFound):
    """There is no such agreement, or none that the caller is part of."""

    message: ClassVar[str] = N_("There is no such agreement.")
    agreement_id: UUID


@dataclass(eq=False)
class AgreementWithOneself(Invalid):
    """Provider and consumer are the same organisation."""

    message: ClassVar[str] = N_("An agreement needs two different organisations.")


@dataclass(eq=False)
class AgreementTermOutOfOrder(Invalid):
    """The agreement would end before it starts."""

    message: ClassVar[str] = N_("The agreement has to end after {starts_at}; it ends {ends_at}.")
    starts_at: datetime
    ends_at: datetime


@dataclass(eq=False)
class AgreementNotStarted(Conflict):
    """The agreement starts later."""

    message: ClassVar[str] = N_("The agreement starts at {starts_at}.")
    agreement_id: UUID
    starts_at: datetime


@dataclass(eq=False)
class AgreementEnded(Conflict):
    """The agreement ran out or was ended."""

    message: ClassVar[str] = N_("The agreement ended at {ended_at}.")
    agreement_id: UUID
    ended_at: datetime


@dataclass(eq=False)
class AgreementSuspended(Conflict):
    """The agreement is suspended and may be taken up again."""

    message: ClassVar[str] = N_("The agreement is suspended.")
    agreement_id: UUID


@dataclass(eq=False)
class NotAParty(Denied):
    """Only its parties, the bureau or a regulator may end an agreement."""

    message: ClassVar[str] = N_(
        "Only an approver of the provider, a buyer of the consumer, the bureau or a regulator may "
        "end this agreement."
    )
    agreement_id: UUID


@dataclass(eq=False)
class IdempotencyKeyReused(Conflict):
    """The same key came with another request."""

    message: ClassVar[str] = N_(
        "The idempotency key “{key}” was used before with another request. Use a new key."
    )
    key: str


@dataclass(eq=False)
class MalformedIdempotencyKey(Invalid):
    """An idempotency key that is empty or too long."""

    message: ClassVar[str] = N_("An idempotency key has 1 to {characters_max} characters.")
    characters_max: int


@dataclass(eq=False)
class RequestUnderWay(Conflict):
    """The first request with this key has not finished."""

    message: ClassVar[str] = N_(
        "The first request with the idempotency key “{key}” is still under way. Ask again shortly."
    )
    key: str
