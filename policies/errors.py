"""Every refusal of this package, and the few kinds of refusal that all packages share.

A refusal is a frozen set of facts with a message. `message` is an English sentence with the facts
as `{placeholders}`; it is a gettext message id, so that a refusal can be read in the caller's
language. Which HTTP status a kind has is said in `portal/problems.py` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Self
from uuid import UUID


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark a message for translation without translating it."""
    return message


class Said(str):
    """A fact of a refusal that is words: English for programs and logs, translated for people."""

    __slots__ = ("facts", "message")

    message: str
    """A gettext message id with the facts as `{placeholders}`."""
    facts: Mapping[str, object]

    def __new__(cls, message: str, **facts: object) -> Self:
        """The words of `message` with its facts filled in."""
        said = super().__new__(cls, message.format(**facts))
        said.message, said.facts = message, facts
        return said

    def __getnewargs_ex__(self) -> tuple[tuple[str], Mapping[str, object]]:
        # Refusals travel between processes.
        return (self.message,), self.facts


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


class Gone(Refusal):
    """There was such a thing, and it was taken away for good."""


class Conflict(Refusal):
    """The thing is not in a state in which this can be done."""


class Unfunded(Refusal):
    """The credits do not cover it."""


class TooLarge(Refusal):
    """A bound on size, time or number would be passed."""


class TooOften(Refusal):
    """The caller has to wait before trying again."""


class Away(Refusal):
    """A part that the answer needs does not respond; nothing is wrong with what was asked."""


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
class InexpressiblePolicy(Invalid):
    """An ODRL policy says something that terms of ours cannot say."""

    message: ClassVar[str] = N_(
        "The ODRL policy cannot be taken over; these parts have no place in terms here: {parts}. "
        "Leave them out or agree on them otherwise."
    )
    parts: list[str]


@dataclass(eq=False)
class LawOfTheDayMissing(NotFound):
    """The standards or rules under which something was decided were not kept."""

    message: ClassVar[str] = N_(
        "The standards or rules of that day ({fingerprint}) are not kept here, so the decision "
        "cannot be made again. It was made by an earlier installation."
    )
    fingerprint: str


@dataclass(eq=False)
class NotTheBureau(Denied):
    """What the standards leave to the bureau is asked by somebody else."""

    message: ClassVar[str] = N_("Only the bureau that sets the standards can do this.")


@dataclass(eq=False)
class MalformedCalendar(Invalid):
    """A file that is not the official calendar of one year."""

    message: ClassVar[str] = N_("The calendar cannot be loaded: {fault}.")
    fault: Said


@dataclass(eq=False)
class CalendarKnown(Conflict):
    """The official calendar of a year is part of the release and is not replaced."""

    message: ClassVar[str] = N_(
        "The official calendar of {year} is part of this release. Load a year after {last_year}."
    )
    year: int
    last_year: int


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
    """A private key is neither in this machine's key folder nor sealed under its secret."""

    message: ClassVar[str] = N_(
        "The private half of key {kid} is not on this machine. Restore the key folder, or give "
        "every machine the same WEIR_KEY_SECRET."
    )
    kid: str


@dataclass(eq=False)
class SigningKeyUnknown(NotFound):
    """No signing key has this name."""

    message: ClassVar[str] = N_("There is no signing key {kid}.")
    kid: str


@dataclass(eq=False)
class KeyInUse(Conflict):
    """Only a replaced key can be declared dead."""

    message: ClassVar[str] = N_(
        "Key {kid} is not a replaced one. Put the next key in its place first."
    )
    kid: str


@dataclass(eq=False)
class KeyActWaits(Conflict):
    """One change of the keys of a purpose at a time."""

    message: ClassVar[str] = N_(
        "A change of the keys for “{purpose}” waits already. Confirm or withdraw it first."
    )
    purpose: str


@dataclass(eq=False)
class KeyActNotFound(NotFound):
    """No change of keys has this id."""

    message: ClassVar[str] = N_("There is no such change of keys.")


@dataclass(eq=False)
class KeyActSettled(Conflict):
    """The change was confirmed or withdrawn before."""

    message: ClassVar[str] = N_("This change of keys is settled already.")
    act_id: UUID


@dataclass(eq=False)
class SecondAdministratorNeeded(Denied):
    """Whoever proposed a change of keys does not confirm it."""

    message: ClassVar[str] = N_(
        "An administrator other than the one who proposed it has to confirm a change of keys."
    )
    act_id: UUID


@dataclass(eq=False)
class NoSuchLeaf(NotFound):
    """The log has no such entry, or none within a tree of that size."""

    message: ClassVar[str] = N_("The log of {tree_size} entries has no such entry.")
    tree_size: int


@dataclass(eq=False)
class NoSuchTile(NotFound):
    """No tile has that address, or the log has not grown as far yet."""

    message: ClassVar[str] = N_(
        "The log of {tree_size} entries has no such tile; read /log/checkpoint for its size first."
    )
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

    message: ClassVar[str] = N_(
        "Only a regulator or the bureau may place, confirm or lift a freeze."
    )


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
class AgreementNotSuspended(Conflict):
    """Only a suspended agreement is taken up again."""

    message: ClassVar[str] = N_("The agreement is not suspended.")
    agreement_id: UUID


@dataclass(eq=False)
class AgreementNotSigned(NotFound):
    """It was concluded before agreements were signed by both sides."""

    message: ClassVar[str] = N_(
        "This agreement was concluded before agreements were signed. It holds by its words and "
        "their fingerprint; there is no signed file of it."
    )
    agreement_id: UUID


@dataclass(eq=False)
class NotTheSuspender(Denied):
    """An agreement is suspended by its provider or a supervisor, and resumed by no less."""

    message: ClassVar[str] = N_(
        "Only an approver of the provider, the bureau or a regulator may suspend an agreement or "
        "take it up again; what a supervisor suspended, only a supervisor takes up again."
    )
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


@dataclass(eq=False)
class MalformedUserName(Invalid):
    """A user name that cannot be typed or told apart safely."""

    message: ClassVar[str] = N_(
        "“{name}” cannot be a user name. Use 2 to 100 letters, digits, “.”, “_”, “-” and “@”."
    )
    name: str


@dataclass(eq=False)
class UserNameTaken(Conflict):
    """Another user has this name; upper and lower case do not differ."""

    message: ClassVar[str] = N_("There is already a user called “{name}”.")
    name: str


@dataclass(eq=False)
class OrganizationTaken(Conflict):
    """Another organisation has this name in its address."""

    message: ClassVar[str] = N_("There is already an organisation “{slug}”.")
    slug: str


@dataclass(eq=False)
class CreditCodeTaken(Conflict):
    """Another organisation gave this unified social credit code."""

    message: ClassVar[str] = N_("Another organisation has the credit code “{code}”.")
    code: str


@dataclass(eq=False)
class TitleMissing(Invalid):
    """An organisation needs a title in at least one language, of bounded length."""

    message: ClassVar[str] = N_("Give a title of 1 to {most} characters, in Chinese or English.")
    most: int


@dataclass(eq=False)
class OrganizationNotFound(NotFound):
    """No organisation has this name or id."""

    message: ClassVar[str] = N_("There is no organisation “{name}”.")
    name: str


@dataclass(eq=False)
class UserNotFound(NotFound):
    """No user has this name, or none that the caller may know of."""

    message: ClassVar[str] = N_("There is no user “{name}”.")
    name: str


@dataclass(eq=False)
class RoleDoesNotFit(Invalid):
    """An organisation of this kind has no such role."""

    message: ClassVar[str] = N_(
        "The role “{role}” does not exist in an organisation of kind {kind}."
    )
    role: str
    kind: str


@dataclass(eq=False)
class RoleNeedsOrganization(Invalid):
    """A role that is always held for an organisation."""

    message: ClassVar[str] = N_("The role “{role}” is held for an organisation: say which one.")
    role: str


@dataclass(eq=False)
class RoleNotHeld(NotFound):
    """The user does not hold the role that was to be taken away."""

    message: ClassVar[str] = N_("“{name}” does not hold the role “{role}” there.")
    name: str
    role: str


@dataclass(eq=False)
class NotAdministrator(Denied):
    """Only an administrator of the site, or of the organisation in question, may do this."""

    message: ClassVar[str] = N_("Only an administrator may do this.")


@dataclass(eq=False)
class LastAdministrator(Conflict):
    """Somebody must be able to administer the site."""

    message: ClassVar[str] = N_(
        "“{name}” is the last administrator of the site. Name another one first."
    )
    name: str


@dataclass(eq=False)
class NotAMember(Denied):
    """The user holds no role in the organisation that they want to act for."""

    message: ClassVar[str] = N_("You hold no role in this organisation.")


@dataclass(eq=False)
class PasswordTooShort(Invalid):
    """Length is what makes a password hard to guess."""

    message: ClassVar[str] = N_("A password has at least {least} characters. A sentence is fine.")
    least: int


@dataclass(eq=False)
class PasswordTooLong(Invalid):
    """The bound keeps the work of one sign-in bounded."""

    message: ClassVar[str] = N_("A password has at most {most} characters.")
    most: int


@dataclass(eq=False)
class PasswordTooPlain(Invalid):
    """The user's own name, or a character or two over and over."""

    message: ClassVar[str] = N_(
        "This password is guessed first: it is your name, or repeats one or two characters."
    )


@dataclass(eq=False)
class WrongPassword(Denied):
    """The password that was to be replaced is not the present one."""

    message: ClassVar[str] = N_("The present password is not right.")


@dataclass(eq=False)
class SignInNeeded(NotSignedIn):
    """An anonymous visitor asked for something that only a signed-in user can do."""

    message: ClassVar[str] = N_("Sign in first.")


@dataclass(eq=False)
class SignInFailed(NotSignedIn):
    """One message for an unknown name, a wrong password and a closed account."""

    message: ClassVar[str] = N_("The name or the password is not right.")


@dataclass(eq=False)
class SignInTooOften(TooOften):
    """Too many failures for this account or from this address."""

    message: ClassVar[str] = N_("Too many attempts. Try again in {wait_s} seconds.")
    wait_s: int


@dataclass(eq=False)
class LinkNotUsable(NotFound):
    """A one-time link that is unknown, used, expired or of a closed account."""

    message: ClassVar[str] = N_(
        "This link has been used, has expired or never existed. Ask an administrator for a new one."
    )


@dataclass(eq=False)
class NotAToken(NotSignedIn):
    """What was shown as a token is none, or was changed, or nobody here signed it."""

    message: ClassVar[str] = N_(
        "This is not a token of this portal, or it was changed. Copy it again in full, or make a "
        "new one."
    )


@dataclass(eq=False)
class TokenExpired(NotSignedIn):
    """The token's time is over."""

    message: ClassVar[str] = N_("This token ended at {expired_at} (UTC). Make a new one.")
    expired_at: str
    """Like `2026-03-01 08:00`."""


@dataclass(eq=False)
class TokenRevoked(NotSignedIn):
    """The token was revoked by its owner, an administrator or the end of its agreement."""

    message: ClassVar[str] = N_("This token was revoked. Make a new one.")


@dataclass(eq=False)
class TokenHolderGone(NotSignedIn):
    """The token's user was deactivated, or left the organisation that the token acts for."""

    message: ClassVar[str] = N_(
        "The owner of this token may no longer use it: the account is closed, or has left the "
        "organisation."
    )


@dataclass(eq=False)
class TokenNotFound(NotFound):
    """The caller has no such token."""

    message: ClassVar[str] = N_("You have no such token.")


@dataclass(eq=False)
class TooManyTokens(Conflict):
    """The bound on live API tokens of one user is reached."""

    message: ClassVar[str] = N_("You have {most} live tokens already. Revoke one first.")
    most: int


@dataclass(eq=False)
class MalformedTokenName(Invalid):
    """A token's name tells its owner where it is used."""

    message: ClassVar[str] = N_("Give the token a name of 1 to {most} characters.")
    most: int


@dataclass(eq=False)
class TokenLifeOutOfBounds(Invalid):
    """The token would live too short or too long."""

    message: ClassVar[str] = N_("A token of this kind lives {least_s} to {most_s} seconds.")
    least_s: int
    most_s: int


@dataclass(eq=False)
class KeyRetiresFirst(Conflict):
    """The signing key would retire before the token ends."""

    message: ClassVar[str] = N_(
        "The signing key retires before this token would end. Ask for a shorter life, or let the "
        "operators change the key."
    )


@dataclass(eq=False)
class NotTheConsumer(Denied):
    """The caller does not act for the organisation that concluded the agreement."""

    message: ClassVar[str] = N_("Only a buyer of the organisation in the agreement may do this.")


@dataclass(eq=False)
class PersonNeeded(Denied):
    """An access token opens data and nothing else."""

    message: ClassVar[str] = N_(
        "A token that is bound to an agreement opens its data only. Sign in, or use an API token."
    )


@dataclass(eq=False)
class TokenSpent(Denied):
    """A token's own bound, or its time, is used up."""

    message: ClassVar[str] = N_(
        "What this token may take is used up. Draw another one, if your agreement allows more."
    )


@dataclass(eq=False)
class NotNarrower(Invalid):
    """A token is exchanged for a narrower one only."""

    message: ClassVar[str] = N_(
        "A token can only be exchanged for a narrower one, and “{name}” would be wider."
    )
    name: str


@dataclass(eq=False)
class ClientUnproven(NotSignedIn):
    """A program did not prove that it holds its key."""

    message: ClassVar[str] = N_(
        "The program's key is unknown, wrong, revoked or at its end. Look at your keys, and make "
        "a new one if this one is lost."
    )


@dataclass(eq=False)
class ProofRefused(NotSignedIn):
    """A signed statement does not fit, is too old, or was used before."""

    message: ClassVar[str] = N_("The signed proof cannot be used: {fault}.")
    fault: str


@dataclass(eq=False)
class ProofNonceNeeded(NotSignedIn):
    """A proof has to hold a nonce that was given out a short while ago. Source: RFC 9449 s. 8."""

    message: ClassVar[str] = N_(
        "Sign the proof again, with the nonce that stands in the header DPoP-Nonce of this answer."
    )


@dataclass(eq=False)
class ClientNotFound(NotFound):
    """The organisation has no such key."""

    message: ClassVar[str] = N_("Your organisation has no such key.")


@dataclass(eq=False)
class MalformedPublicKey(Invalid):
    """Not the public half of a key that a program can sign with."""

    message: ClassVar[str] = N_(
        "This is not a public key as a JWK: Ed25519, P-256, or RSA of at least 2048 bits, and "
        "nothing private in it."
    )


@dataclass(eq=False)
class ClientEndOutOfBounds(Invalid):
    """A key ends after today, within its agreement and its longest life."""

    message: ClassVar[str] = N_("A key ends after today and by {latest} at the latest.")
    latest: date


@dataclass(eq=False)
class AuditTrailClosed(Denied):
    """Bodies of events hold ids and facts about data that is not public."""

    message: ClassVar[str] = N_("Only a regulator or the bureau may read the audit trail.")
