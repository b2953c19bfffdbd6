"""Applications: asking for shared or conditionally open data, and answering."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from catalog.view import COLUMNS_MAX, CONDITIONS_MAX, Condition
from exchange import apply, dispute, extend, take_in_hand
from exchange.application import Application, ApplicationState, Manner, RefusalReason
from exchange.application import Request as DataRequest
from exchange.dispute_step import DisputeStep, Outcome
from exchange.part import Part
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
    columns: list[str] | None = Field(default=None, min_length=1, max_length=COLUMNS_MAX)
    """The columns that are needed; null: all that is offered."""
    is_flow_back: bool = False
    """A lower area asks for its own data back · 回流."""


class Grant(BaseModel):
    """A yes, to all or a part."""

    model_config = ConfigDict(extra="forbid")

    reason: str = ""
    columns: list[str] | None = Field(default=None, min_length=1, max_length=COLUMNS_MAX)
    """Null: all that was asked for."""
    rows: list[dict[str, Any]] = Field(default_factory=list, max_length=CONDITIONS_MAX)
    """Conditions as a view has them: `column`, `operator`, `value`."""
    ends_on: date | None = None
    """The last day of use; null: as asked for."""


class Colleague(BaseModel):
    """To whom a request is handed."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """An approver of the same organisation; empty: whoever comes first."""


class MoreDays(BaseModel):
    """A longer clock, asked for."""

    model_config = ConfigDict(extra="forbid")

    working_days: int
    reason: str


class Consent(BaseModel):
    """The share authority's word on a longer clock."""

    model_config = ConfigDict(extra="forbid")

    is_consented: bool


class Objection(BaseModel):
    """Why a refusal is disputed."""

    model_config = ConfigDict(extra="forbid")

    ground: str


class Settlement(BaseModel):
    """How a step of a dispute ended."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome
    words: str
    reference: str = ""
    """Number of the government's decision, in the last step."""


class DisputeStepBody(BaseModel):
    """One step of a dispute: 1 between the two, 2 share authority, 3 its government."""

    round: int
    step: int
    opened_at: datetime
    ground: str
    outcome: Outcome | None
    outcome_words: str
    reference: str
    closed_at: datetime | None


class Refusal(BaseModel):
    """A no, with what the law asks for."""

    model_config = ConfigDict(extra="forbid")

    reason_code: RefusalReason
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
    columns: list[str] | None
    is_flow_back: bool
    is_part_granted: bool
    extension_working_days: int
    """Consented to; 0 where none were."""
    is_extension_asked: bool
    escalated_at: datetime | None
    delivery_due_on: date | None
    delivered_at: datetime | None
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
            apply.submit(
                tx,
                wiring_of(request).keys,
                ListingId(listing_id),
                _request(wanted),
                by=actor,
                at=at,
            )
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
        lambda tx, by, at: apply.grant(
            tx,
            wiring_of(request).keys,
            application_id,
            part=Part(
                tuple(wanted.columns) if wanted.columns else None,
                tuple(Condition.from_json(row) for row in wanted.rows),
                wanted.ends_on,
            ),
            reason=wanted.reason,
            by=by,
            at=at,
        ),
    )


@router.post("/applications/{application_id}/undo")
def undo(request: Request, application_id: UUID) -> ApplicationBody:
    """Take one's own answer back within ten seconds."""
    return _step(request, lambda tx, by, at: take_in_hand.undo(tx, application_id, by=by, at=at))


@router.post("/applications/{application_id}/hand-over")
def hand_over(request: Request, application_id: UUID, wanted: Colleague) -> ApplicationBody:
    """Give a request to a colleague."""
    return _step(
        request,
        lambda tx, by, at: take_in_hand.hand_over(tx, application_id, wanted.name, by=by, at=at),
    )


@router.post("/applications/{application_id}/extension")
def ask_longer(request: Request, application_id: UUID, wanted: MoreDays) -> ApplicationBody:
    """Ask the share authority for more working days."""
    return _step(
        request,
        lambda tx, by, at: extend.ask_longer(
            tx,
            application_id,
            working_days=wanted.working_days,
            reason=wanted.reason,
            by=by,
            at=at,
        ),
    )


@router.post("/applications/{application_id}/extension/consent")
def decide_extension(request: Request, application_id: UUID, wanted: Consent) -> ApplicationBody:
    """Consent to more days as the share authority, or not."""
    decide = extend.consent if wanted.is_consented else extend.deny
    return _step(request, lambda tx, by, at: decide(tx, application_id, by=by, at=at))


@router.get("/applications/{application_id}/dispute")
def read_dispute(request: Request, application_id: UUID) -> list[DisputeStepBody]:
    """All steps about a refusal, the first one first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_step_body(one) for one in dispute.steps_of(tx, application_id, by=actor)]


@router.post("/applications/{application_id}/dispute", status_code=201)
def object_to(request: Request, application_id: UUID, wanted: Objection) -> DisputeStepBody:
    """Dispute a refusal, or take the dispute to its next step."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _step_body(
            dispute.object_to(tx, application_id, ground=wanted.ground, by=actor, at=wiring.now())
        )


@router.post("/applications/{application_id}/dispute/settle")
def settle_dispute(request: Request, application_id: UUID, wanted: Settlement) -> DisputeStepBody:
    """Close the open step; "agreed" opens the request again."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _step_body(
            dispute.settle_step(
                tx,
                application_id,
                outcome=wanted.outcome,
                words=wanted.words,
                reference=wanted.reference,
                by=actor,
                at=wiring.now(),
            )
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
        columns=list(asked.wanted_columns) if asked.wanted_columns else None,
        is_flow_back=asked.is_flow_back,
        is_part_granted=application.is_part_granted,
        extension_working_days=application.extension_days,
        is_extension_asked=application.extension is not None,
        escalated_at=application.escalated_at,
        delivery_due_on=application.handing.due.day if application.handing else None,
        delivered_at=application.handing.delivered_at if application.handing else None,
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
        wanted_columns=tuple(dict.fromkeys(wanted.columns)) if wanted.columns else None,
        is_flow_back=wanted.is_flow_back,
    )


def _step_body(step: DisputeStep) -> DisputeStepBody:
    return DisputeStepBody(
        round=step.round,
        step=int(step.step),
        opened_at=step.opened_at,
        ground=step.ground,
        outcome=step.outcome,
        outcome_words=step.outcome_words,
        reference=step.reference,
        closed_at=step.closed_at,
    )


def _step(request: Request, step: Callable[[Tx, Actor, datetime], Application]) -> ApplicationBody:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(step(tx, actor, wiring.now()))
