"""An application: a department or enterprise asks for data, and what is still missing from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from exchange.errors import (
    ApplicationNotInState,
    ExtensionNotOpen,
    SameTwoPeople,
    UndoTooLate,
)
from policies.calendar import DueDate
from policies.decision.clause import Judgement
from policies.terms import AgreementId, ListingId, OrganizationId, Purpose, UserId

FIELD_LENGTH_CHARACTERS = 4_000
UNDO = timedelta(seconds=10)
"""How long an answer can be taken back by the one who gave it."""


class ApplicationState(StrEnum):
    """Source: 政务数据共享条例 art. 20-21."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    """Back with the applicant, with everything that is missing or unclear named at once."""
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class RefusalReason(StrEnum):
    """The closed list of reasons for which a request is refused.

    Source: 政务数据共享条例 art. 21; X026.
    """

    NOT_HELD = "not_held"
    LAW_FORBIDS = "law_forbids"
    BEYOND_DUTY = "beyond_duty"
    SECURITY = "security"


class Manner(StrEnum):
    """How the applicant wants to read."""

    PAGE = "page"
    QUERY = "query"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True)
class Request:
    """What an applicant states."""

    purpose: Purpose
    duty: str = ""
    """The item of the applicant's statutory duties that needs the data."""
    scenario: str = ""
    manner: Manner | None = None
    """None where it was left out."""
    ends_on: date | None = None
    """The last day of use; None where it was left out."""
    is_pledged: bool = False
    """The applicant signed that the request is true, lawful and necessary."""
    wanted_columns: tuple[str, ...] | None = None
    """None: all that is offered."""
    is_flow_back: bool = False
    """A lower area asks for its own data back (回流). Source: 政务数据共享条例 art. 24."""


@dataclass(frozen=True, slots=True)
class Extension:
    """More days to answer in, asked for by the provider and consented to by the share authority.

    Source: 政务数据共享条例 art. 21 par. 1.
    """

    working_days: int
    reason: str
    asked_by: UserId
    asked_at: datetime
    consented_by: UserId | None = None
    """None until the share authority consents; only then do the days count."""
    consented_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handing:
    """Until when what was granted is to be delivered, and whether it was."""

    due: DueDate
    delivered_at: datetime | None = None
    """None while nothing can be read yet."""
    reminded_days: int = 0
    escalated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """One request on one listing."""

    id: UUID
    listing_id: ListingId
    applicant_id: OrganizationId
    applied_by: UserId
    request: Request
    state: ApplicationState
    judgement: Judgement
    submitted_at: datetime
    due_on: date
    is_due_provisional: bool
    """The official working-day calendar does not reach that far yet."""
    decided_by: UserId | None = None
    """None while open, and where a standing release decided."""
    decided_at: datetime | None = None
    decision_reason: str = ""
    legal_basis: str = ""
    agreement_id: AgreementId | None = None
    times_returned: int = 0
    """How often gaps were named; once is what the law allows."""
    reason_code: str = ""
    """A `RefusalReason`; older refusals have words of their own here."""
    assigned_to: UserId | None = None
    """The colleague who has it in hand; None: whoever of the provider's approvers comes first."""
    extension: Extension | None = None
    """None where nobody asked for more days."""
    reminded_days: int = 0
    """The last day of the clock on which the provider was reminded."""
    escalated_at: datetime | None = None
    """When the clock ran out and the bureau was told; None where it did not."""
    is_part_granted: bool = False
    handing: Handing | None = None
    """None where it was not granted."""
    times_disputed: int = 0

    @property
    def due(self) -> DueDate:
        """The last day on which an answer is in time."""
        return DueDate(self.due_on, self.is_due_provisional)

    @property
    def extension_days(self) -> int:
        """Working days that the share authority consented to; 0 without consent."""
        consented = self.extension is not None and self.extension.consented_by is not None
        return self.extension.working_days if self.extension and consented else 0

    def grant(
        self, agreement_id: AgreementId, *, by: UserId | None, at: datetime, reason: str = ""
    ) -> Application:
        """The application, granted; `by` None is the provider's standing release.

        Raises: ApplicationNotInState, SameTwoPeople.
        """
        self._check_open_for(by)
        return replace(
            self,
            state=ApplicationState.GRANTED,
            decided_by=by,
            decided_at=at,
            decision_reason=reason,
            agreement_id=agreement_id,
        )

    def ask_longer(
        self, working_days: int, *, reason: str, by: UserId, at: datetime
    ) -> Application:
        """The application, with more days asked for; once, and before its clock ran out.

        Raises: ApplicationNotInState, SameTwoPeople, ExtensionNotOpen.
        """
        self._check_open_for(by)
        if self.extension is not None or self.escalated_at is not None:
            raise ExtensionNotOpen
        asked = Extension(working_days, reason, asked_by=by, asked_at=at)
        return replace(self, extension=asked)

    def lengthen(self, due: DueDate, *, by: UserId, at: datetime) -> Application:
        """The application with its longer clock, by the share authority's consent.

        Raises: ApplicationNotInState, SameTwoPeople, ExtensionNotOpen.
        """
        self._check_open_for(by)
        if self.extension is None or self.extension.consented_by is not None:
            raise ExtensionNotOpen
        if by == self.extension.asked_by:
            raise SameTwoPeople
        return replace(
            self,
            extension=replace(self.extension, consented_by=by, consented_at=at),
            due_on=due.day,
            is_due_provisional=due.is_provisional,
        )

    def reopen(self, *, due: DueDate, at: datetime) -> Application:
        """The application as if it came in now: a dispute ended in the applicant's favour.

        Raises: ApplicationNotInState.
        """
        if self.state is not ApplicationState.REFUSED:
            raise ApplicationNotInState(str(self.id), self.state.value)
        return replace(
            self._unanswered(),
            submitted_at=at,
            due_on=due.day,
            is_due_provisional=due.is_provisional,
            extension=None,
            reminded_days=0,
            escalated_at=None,
        )

    def undo(self, *, by: UserId, at: datetime) -> Application:
        """The application without the answer that the same person gave a moment ago.

        Raises: ApplicationNotInState, UndoTooLate.
        """
        answered = (
            ApplicationState.GRANTED,
            ApplicationState.REFUSED,
            ApplicationState.RETURNED,
        )
        if self.state not in answered or self.decided_by != by:
            raise ApplicationNotInState(str(self.id), self.state.value)
        assert self.decided_at is not None, "an answer has its moment"
        if at - self.decided_at > UNDO:
            raise UndoTooLate(int(UNDO.total_seconds()))
        named = self.state is ApplicationState.RETURNED
        return replace(self._unanswered(), times_returned=self.times_returned - named)

    def _unanswered(self) -> Application:
        return replace(
            self,
            state=ApplicationState.SUBMITTED,
            decided_by=None,
            decided_at=None,
            decision_reason="",
            reason_code="",
            legal_basis="",
            agreement_id=None,
            is_part_granted=False,
            handing=None,
        )

    def refuse(
        self, *, by: UserId, at: datetime, reason: str, reason_code: str = "", legal_basis: str
    ) -> Application:
        """The application, refused with its reason and the legal text behind it.

        Raises: ApplicationNotInState, SameTwoPeople.
        """
        self._check_open_for(by)
        return replace(
            self,
            state=ApplicationState.REFUSED,
            decided_by=by,
            decided_at=at,
            decision_reason=reason,
            reason_code=reason_code,
            legal_basis=legal_basis,
        )

    def give_back(self, *, by: UserId, at: datetime, question: str) -> Application:
        """The application, back with the applicant.

        Raises: ApplicationNotInState, SameTwoPeople.
        """
        self._check_open_for(by)
        return replace(
            self,
            state=ApplicationState.RETURNED,
            decided_by=by,
            decided_at=at,
            decision_reason=question,
            times_returned=self.times_returned + 1,
        )

    def send_again(
        self,
        request: Request,
        judgement: Judgement,
        *,
        at: datetime,
        due_on: date,
        is_provisional: bool,
    ) -> Application:
        """The application with its gaps filled; its clock starts anew.

        Raises: ApplicationNotInState.
        """
        if self.state is not ApplicationState.RETURNED:
            raise ApplicationNotInState(str(self.id), self.state.value)
        return replace(
            self,
            request=request,
            judgement=judgement,
            state=ApplicationState.SUBMITTED,
            submitted_at=at,
            due_on=due_on,
            is_due_provisional=is_provisional,
            decided_by=None,
            decided_at=None,
            decision_reason="",
            extension=None,
            reminded_days=0,
            escalated_at=None,
        )

    def take_back(self) -> Application:
        """The application, withdrawn by its applicant.

        Raises: ApplicationNotInState.
        """
        if self.state not in (ApplicationState.SUBMITTED, ApplicationState.RETURNED):
            raise ApplicationNotInState(str(self.id), self.state.value)
        return replace(self, state=ApplicationState.WITHDRAWN)

    def _check_open_for(self, decider: UserId | None) -> None:
        if self.state is not ApplicationState.SUBMITTED:
            raise ApplicationNotInState(str(self.id), self.state.value)
        if decider == self.applied_by:
            raise SameTwoPeople
