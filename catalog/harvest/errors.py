"""Every refusal of the harvest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from policies.errors import N_, Conflict, Denied, Invalid, NotFound, TooLarge


@dataclass(eq=False)
class SourceNotFound(NotFound):
    """There is no such source, or none of the caller's organisation."""

    message: ClassVar[str] = N_("There is no such source.")
    source_id: UUID


@dataclass(eq=False)
class RunNotFound(NotFound):
    """There is no such run of this source."""

    message: ClassVar[str] = N_("There is no such run.")
    run_id: UUID


@dataclass(eq=False)
class MalformedAddress(Invalid):
    """An address that nothing can be fetched from."""

    message: ClassVar[str] = N_(
        "“{address}” is no address to fetch from. It begins with http:// or https:// and names "
        "a host."
    )
    address: str


@dataclass(eq=False)
class SourceIsEmpty(Invalid):
    """A source without an address and without a file."""

    message: ClassVar[str] = N_("Give the address of the catalogue, or send its file.")


@dataclass(eq=False)
class KindNeedsAddress(Invalid):
    """A CKAN or OAI-PMH speaks a protocol; a file cannot stand in for it."""

    message: ClassVar[str] = N_("A source of this kind is asked at its address; a file cannot be.")
    kind: str


@dataclass(eq=False)
class MalformedOption(Invalid):
    """An option of a source that cannot be."""

    message: ClassVar[str] = N_("The option “{option}” cannot be used: {value}.")
    option: str
    value: str


@dataclass(eq=False)
class SourceNotApproved(Conflict):
    """Nothing is taken in before an approver has stood in for the source."""

    message: ClassVar[str] = N_(
        "An approver of your organisation who did not set this source up has to approve it first."
    )
    source_id: UUID


@dataclass(eq=False)
class SourceIsPaused(Conflict):
    """Somebody paused the source."""

    message: ClassVar[str] = N_("This source is paused. Take it up again first.")
    source_id: UUID


@dataclass(eq=False)
class ApproverSetItUp(Denied):
    """Whoever set a source up, or changed it last, does not approve it."""

    message: ClassVar[str] = N_(
        "You set this source up or changed it last, so somebody else has to approve it."
    )
    source_id: UUID


@dataclass(eq=False)
class RunUnderWay(Conflict):
    """One run at a time works on a source."""

    message: ClassVar[str] = N_("A run of this source is under way. Wait until it has ended.")
    source_id: UUID


@dataclass(eq=False)
class RunNotInState(Conflict):
    """The run has come to another point than the act needs."""

    message: ClassVar[str] = N_("Run {number} cannot do this now.")
    number: int
    state: str


@dataclass(eq=False)
class PlanIsOld(Conflict):
    """The source or its records changed since the dry run."""

    message: ClassVar[str] = N_(
        "Something was applied, undone or changed since this dry run. Make a new one."
    )
    number: int


@dataclass(eq=False)
class GuardStands(Conflict):
    """More would vanish than the source's bound allows."""

    message: ClassVar[str] = N_(
        "Stopped by the guard: {gone} of {known} records would vanish. An approver may let it "
        "through."
    )
    gone: int
    known: int


@dataclass(eq=False)
class NotTheLastRun(Conflict):
    """Runs are undone from the newest backwards."""

    message: ClassVar[str] = N_("Only the run that was applied last can be undone.")
    number: int


@dataclass(eq=False)
class AddressRefused(Denied):
    """The fetcher does not go there."""

    message: ClassVar[str] = N_(
        "“{host}” is not fetched from: it lies in a private or reserved network, or uses another "
        "port than 80 and 443. The operator may allow a network with WEIR_HARVEST_ALLOW."
    )
    host: str


@dataclass(eq=False)
class SourceUnreachable(Conflict):
    """The source did not answer as it should."""

    message: ClassVar[str] = N_("The source could not be reached: {fault}.")
    fault: str


@dataclass(eq=False)
class SourceAnswered(Conflict):
    """The source refused, or has no such page."""

    message: ClassVar[str] = N_("The source answered with status {status}.")
    status: int


@dataclass(eq=False)
class AnswerTooLarge(TooLarge):
    """A bound on what one answer may weigh."""

    message: ClassVar[str] = N_("The source sent more than {bytes_max} bytes.")
    bytes_max: int


@dataclass(eq=False)
class AnswerTooSlow(TooLarge):
    """A bound on how long one answer may take."""

    message: ClassVar[str] = N_("The source took more than {seconds_max} seconds.")
    seconds_max: int


@dataclass(eq=False)
class TooManyRecords(TooLarge):
    """A bound on the records of one source."""

    message: ClassVar[str] = N_("The source has more than {records_max} records.")
    records_max: int


@dataclass(eq=False)
class UnreadableCatalogue(Invalid):
    """What came is not a catalogue of the kind that the source was said to be."""

    message: ClassVar[str] = N_("This could not be read as {kind}: {fault}.")
    kind: str
    fault: str


@dataclass(eq=False)
class WorkBrokeOff(Conflict):
    """The worker of a run was lost, or its failure is one that this release does not know."""

    message: ClassVar[str] = N_("The work broke off. Begin again.")
