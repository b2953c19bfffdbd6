"""Fault reports: a reader says that data is wrong, the department answers."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.faults.fault import (
    CLAIM_CHARACTERS_MAX,
    PLACE_CHARACTERS_MAX,
    Fault,
    FaultId,
    FaultState,
    Saying,
)
from exchange.faults.report_fault import (
    answer,
    faults_of,
    get_fault,
    own_faults,
    report_fault,
)
from policies.canonical import Plain
from policies.database import Tx
from portal.act_once import act_once
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["faults"])


class NewFault(BaseModel):
    """What is wrong, and where."""

    model_config = ConfigDict(extra="forbid")

    claim: str = Field(max_length=4 * CLAIM_CHARACTERS_MAX)
    column: str = Field("", max_length=1_000, description="Empty: whole rows")
    place: str = Field("", max_length=4 * PLACE_CHARACTERS_MAX, description="Which row")
    version: int | None = Field(None, ge=1, description="Null: the one that the caller reads now")


class FaultAnswer(BaseModel):
    """What the department says to it."""

    model_config = ConfigDict(extra="forbid")

    said: Saying
    words: str = Field(max_length=4 * CLAIM_CHARACTERS_MAX)
    version: int | None = Field(None, ge=1, description="For “correct”: the corrected version")


class FaultBody(BaseModel):
    """A fault report and what became of it."""

    id: UUID
    dataset_id: UUID
    version: int
    column: str
    place: str
    claim: str
    asked_at: datetime
    due_on: date
    is_due_provisional: bool
    state: FaultState
    answer: str
    answered_at: datetime | None
    corrected_in_version: int | None


@router.post("/datasets/{slug}/faults", status_code=201, response_model=FaultBody)
def ask(request: Request, slug: str, wanted: NewFault) -> Plain:
    """Ask the department to check its data; it answers within 10 working days."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> FaultBody:
        asked = report_fault(
            tx,
            slug,
            claim=wanted.claim,
            column=wanted.column,
            place=wanted.place,
            version="" if wanted.version is None else str(wanted.version),
            by=actor,
            at=at,
        )
        return _body(asked)

    return act_once(request, actor, wanted, act)


@router.get("/datasets/{slug}/faults")
def list_of_dataset(request: Request, slug: str) -> list[FaultBody]:
    """Requests about a dataset: all for its department and supervisors, else the caller's own."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_body(one) for one in faults_of(tx, slug, by=actor)]


@router.get("/faults")
def list_own(request: Request) -> list[FaultBody]:
    """What the caller asked, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_body(one) for one in own_faults(tx, by=actor)]


@router.get("/faults/{fault_id}")
def read(request: Request, fault_id: UUID) -> FaultBody:
    """One request: for who asked, the department, and supervisors."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return _body(get_fault(tx, FaultId(fault_id), by=actor))


@router.post("/faults/{fault_id}/answer")
def decide(request: Request, fault_id: UUID, wanted: FaultAnswer) -> FaultBody:
    """Accept, correct or refuse; for the department, and never for who asked."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _body(
            answer(
                tx,
                FaultId(fault_id),
                said=wanted.said,
                words=wanted.words,
                version="" if wanted.version is None else str(wanted.version),
                by=actor,
                at=wiring.now(),
            )
        )


def _body(fault: Fault) -> FaultBody:
    return FaultBody(
        id=fault.id,
        dataset_id=fault.dataset_id,
        version=fault.version_number,
        column=fault.column,
        place=fault.place,
        claim=fault.claim,
        asked_at=fault.asked_at,
        due_on=fault.due.day,
        is_due_provisional=fault.due.is_provisional,
        state=fault.state,
        answer=fault.answer,
        answered_at=fault.answered_at,
        corrected_in_version=fault.corrected_number,
    )
