"""Pleas for a version that the gate holds back: one person asks, another one answers."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from portal.after_answer import newest_owned, plea_to_decide, publish_if_it_waited
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.errors import NotAssessed
from quality.plea import REASON_CHARACTERS_MAX, Plea, PleaId
from quality.plead import decide_plea, plead, pleas_of

router = APIRouter(prefix="/api/v1", tags=["quality"])


class WantedPlea(BaseModel):
    """What the publisher asks for."""

    kind: str = Field(max_length=40, description="known_issue or appeal")
    reason: str = Field(max_length=4 * REASON_CHARACTERS_MAX)
    ends_on: str = Field("", max_length=20, description="The day by which it is mended")


class PleaAnswer(BaseModel):
    """What another person says to it."""

    is_granted: bool
    answer: str = Field(max_length=4 * REASON_CHARACTERS_MAX)


class PleaBody(BaseModel):
    """A plea and what became of it."""

    id: UUID
    version_id: UUID
    kind: str
    rules: list[str]
    reason: str
    ends_on: date | None
    asked_at: datetime
    state: str
    answer: str
    decided_at: datetime | None


@router.get("/datasets/{slug}/pleas")
def list_pleas(request: Request, slug: str) -> list[PleaBody]:
    """The pleas for the newest version, the newest first; for publishers of the organisation."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        _, version = newest_owned(tx, slug, by=actor)
        return [_body(one) for one in pleas_of(tx, version.id)] if version else []


@router.post("/datasets/{slug}/pleas", status_code=201)
def ask(request: Request, slug: str, wanted: WantedPlea) -> PleaBody:
    """Ask that the newest version may go on in spite of its failed rules."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        _, version = newest_owned(tx, slug, by=actor)
        if version is None:
            raise NotAssessed
        return _body(plead(tx, version.id, wanted.model_dump(), by=actor, at=wiring.now()))


@router.post("/pleas/{plea_id}/answer")
def decide(request: Request, plea_id: UUID, wanted: PleaAnswer) -> PleaBody:
    """Grant or refuse a plea; for approvers of the organisation other than who asked."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset, version, plea = plea_to_decide(tx, PleaId(plea_id), by=actor)
        decided = decide_plea(
            tx,
            plea.id,
            is_granted=wanted.is_granted,
            answer=wanted.answer,
            by=actor,
            at=wiring.now(),
        )
        publish_if_it_waited(tx, wiring, dataset, version.id)
    return _body(decided)


def _body(plea: Plea) -> PleaBody:
    return PleaBody(
        id=plea.id,
        version_id=plea.version_id,
        kind=plea.kind.value,
        rules=list(plea.rule_keys),
        reason=plea.reason,
        ends_on=plea.ends_on,
        asked_at=plea.asked_at,
        state=plea.state.value,
        answer=plea.answer,
        decided_at=plea.decided_at,
    )
