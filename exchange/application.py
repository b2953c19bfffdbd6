"""An application: a department or enterprise asks for data, and what is still missing from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from exchange.errors import ApplicationNotInState, SameTwoPeople
from policies.decision.clause import Judgement
from policies.terms import AgreementId, ListingId, OrganizationId, Purpose, UserId

FIELD_LENGTH_CHARACTERS = 4_000


class ApplicationState(StrEnum):
    """Source: 政务数据共享条例 art. 20-21."""

    SUBMITTED = "submitted"
    RETURNED = "returned"
    """Back with the applicant, with everything that is missing or unclear named at once."""
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


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

    def refuse(self, *, by: UserId, at: datetime, reason: str, legal_basis: str) -> Application:
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
