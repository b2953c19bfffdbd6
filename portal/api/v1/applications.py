"""Applications: asking for shared or conditionally open data, and answering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from exchange import apply
from exchange.application import Application, ApplicationState, Manner
from exchange.application import Request as DataRequest
from policies.canonical import Plain
from policies.database import Tx
from policies.party import Actor
from policies.terms import ListingId, Purpose
from portal.act_once import act_once
from portal.api.v1.listings import JudgementBody, judgement_body
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["applications"])


class NewApplication(BaseModel):
    """A request for data."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose
    duty: str = ""
    """The item of the applicant's statutory duties."""
    scenario: str = ""
    manner: Manner | None = None
    ends_on: date | None = None
    """The last day of use."""
    pledged: bool = False
    """The request is true, lawful and necessary, and the share office's head approved it."""


class Grant(BaseModel):
    """A yes."""

    model_config = ConfigDict(extra="forbid")

    reason: str = ""


class Refusal(BaseModel):
    """A no, with what the law asks for."""

    model_config = ConfigDict(extra="forbid")

    reason_code: str
    reason: str
    legal_basis_id: str
    """Of the closed list of the profile, such as `data-security-law`."""


class Question(BaseModel):
    """Everything that is missing or unclear, at once."""

    model_config = ConfigDict(extra="forbid")

    question: str


class ApplicationBody(BaseModel):
    """A request and what became of it."""

    id: UUID
    listing_id: UUID
    applicant_id: UUID
    state: ApplicationState
    purpose: Purpose
    duty: str
    scenario: str
    manner: Manner | None
    ends_on: date | None
    pledged: bool
    submitted_at: datetime
    due_on: date
    is_due_provisional: bool
    decided_at: datetime | None
    is_by_standing_release: bool
    decision_reason: str
    legal_basis: str
    agreement_id: UUID | None
    judgement: JudgementBody


@router.post("/listings/{listing_id}/applications", status_code=201, response_model=ApplicationBody)
def submit(request: Request, listing_id: UUID, wanted: NewApplication) -> Plain:
    """Ask for data; granted at once where the provider's standing release covers it."""
    actor, at = signed_in(request), wiring_of(request).now()
    return act_once(
        request,
        actor,
        wanted,
        lambda tx: body_of(
            apply.submit(tx, ListingId(listing_id), _request(wanted), by=actor, at=at)
        ),
    )


@router.get("/applications")
def list_own(request: Request) -> list[ApplicationBody]:
    """What the caller's organisations asked for, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [body_of(one) for one in apply.own_applications(tx, by=actor)]


@router.get("/applications/inbox")
def list_inbox(request: Request) -> list[ApplicationBody]:
    """What waits for the caller's answer, the most urgent first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [body_of(one) for one in apply.inbox(tx, by=actor)]


@router.get("/applications/{application_id}")
def read(request: Request, application_id: UUID) -> ApplicationBody:
    """One request, for its two sides and for supervisors."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return body_of(apply.get_application(tx, application_id, by=actor))


@router.post("/applications/{application_id}/grant")
def grant(request: Request, application_id: UUID, wanted: Grant) -> ApplicationBody:
    """Say yes; the agreement is concluded in the same moment."""
    return _step(
        request,
        lambda tx, by, at: apply.grant(tx, application_id, reason=wanted.reason, by=by, at=at),
    )


@router.post("/applications/{application_id}/refuse")
def refuse(request: Request, application_id: UUID, wanted: Refusal) -> ApplicationBody:
    """Say no, with reason and legal basis."""
    return _step(
        request,
        lambda tx, by, at: apply.refuse(
            tx,
            application_id,
            reason_code=wanted.reason_code,
            reason=wanted.reason,
            legal_basis_id=wanted.legal_basis_id,
            by=by,
            at=at,
        ),
    )


@router.post("/applications/{application_id}/return")
def give_back(request: Request, application_id: UUID, wanted: Question) -> ApplicationBody:
    """Send a request back once, naming all that is missing."""
    return _step(
        request,
        lambda tx, by, at: apply.give_back(
            tx, application_id, question=wanted.question, by=by, at=at
        ),
    )


@router.post("/applications/{application_id}/send-again")
def send_again(request: Request, application_id: UUID, wanted: NewApplication) -> ApplicationBody:
    """Send a returned request again."""
    return _step(
        request,
        lambda tx, by, at: apply.send_again(tx, application_id, _request(wanted), by=by, at=at),
    )


@router.post("/applications/{application_id}/withdraw")
def take_back(request: Request, application_id: UUID) -> ApplicationBody:
    """Take one's own request back."""
    return _step(request, lambda tx, by, at: apply.take_back(tx, application_id, by=by, at=at))


def body_of(application: Application) -> ApplicationBody:
    """The request as the API writes it."""
    asked = application.request
    return ApplicationBody(
        id=application.id,
        listing_id=application.listing_id,
        applicant_id=application.applicant_id,
        state=application.state,
        purpose=asked.purpose,
        duty=asked.duty,
        scenario=asked.scenario,
        manner=asked.manner,
        ends_on=asked.ends_on,
        pledged=asked.is_pledged,
        submitted_at=application.submitted_at,
        due_on=application.due_on,
        is_due_provisional=application.is_due_provisional,
        decided_at=application.decided_at,
        is_by_standing_release=(
            application.state is ApplicationState.GRANTED and application.decided_by is None
        ),
        decision_reason=application.decision_reason,
        legal_basis=application.legal_basis,
        agreement_id=application.agreement_id,
        judgement=judgement_body(application.judgement),
    )


def _request(wanted: NewApplication) -> DataRequest:
    return DataRequest(
        purpose=wanted.purpose,
        duty=wanted.duty,
        scenario=wanted.scenario,
        manner=wanted.manner,
        ends_on=wanted.ends_on,
        is_pledged=wanted.pledged,
    )


def _step(request: Request, step: Callable[[Tx, Actor, datetime], Application]) -> ApplicationBody:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(step(tx, actor, wiring.now()))
