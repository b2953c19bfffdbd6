"""Sensitive data found in a dataset's newest version, and what its publisher says to it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from exchange.answer_sensitive import answer
from policies.database import Tx
from policies.party import Actor
from portal.after_answer import newest_owned, publish_if_it_waited
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.answer_sensitive import findings_of
from quality.errors import NotAssessed
from quality.sensitive import REASON_CHARACTERS_MAX, FindingState

router = APIRouter(prefix="/api/v1", tags=["quality"])


class AnswerBody(BaseModel):
    """What the publisher says to a finding."""

    column: str = Field(max_length=1_000)
    kind: str = Field(max_length=40)
    answer: str = Field(max_length=40, description="kept, masked or dropped")
    reason: str = Field("", max_length=4 * REASON_CHARACTERS_MAX, description="Needed for kept")


class FindingBody(BaseModel):
    """A column that holds values of a sensitive kind."""

    column: str
    kind: str
    label: dict[str, str]
    value_count: int
    formed_count: int
    valid_count: int
    answer: str | None
    reason: str
    answered_at: datetime | None


class FindingsBody(BaseModel):
    """What was found in the newest version."""

    version_id: UUID
    version: int
    is_waiting: bool
    """Whether a finding without an answer holds publication back."""
    findings: list[FindingBody]


@router.get("/datasets/{slug}/sensitive")
def list_findings(request: Request, slug: str) -> FindingsBody:
    """The sensitive data found in the newest version; for publishers of the organisation."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return _findings(tx, slug, actor)


@router.post("/datasets/{slug}/sensitive/answers")
def answer_finding(request: Request, slug: str, wanted: AnswerBody) -> FindingsBody:
    """Answer a finding; the version can be handed in once each has its answer."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset, version = newest_owned(tx, slug, by=actor)
        if version is None:
            raise NotAssessed
        answer(tx, version.id, wanted.model_dump(), by=actor, at=wiring.now())
        publish_if_it_waited(tx, wiring, dataset, version.id)
        return _findings(tx, slug, actor)


def _findings(tx: Tx, slug: str, actor: Actor) -> FindingsBody:
    _, version = newest_owned(tx, slug, by=actor)
    if version is None or version.assessed_at is None:
        raise NotAssessed
    findings = findings_of(tx, version.id)
    return FindingsBody(
        version_id=version.id,
        version=version.number,
        is_waiting=any(one.answered is None for one in findings),
        findings=[_finding(one) for one in findings],
    )


def _finding(state: FindingState) -> FindingBody:
    finding, answered = state.finding, state.answered
    return FindingBody(
        column=finding.column,
        kind=finding.kind.value,
        label=dict(finding.kind.label.as_map()),
        value_count=finding.value_count,
        formed_count=finding.formed_count,
        valid_count=finding.valid_count,
        answer=answered.answer.value if answered else None,
        reason=answered.reason if answered else "",
        answered_at=answered.at if answered else None,
    )
