"""Questions about a dataset with their answers, and what was made of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from catalog import find
from catalog.talk import moderate, post, read
from catalog.talk.talk import Post, QuestionId
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/datasets/{slug}", tags=["talk"])


class NewWords(BaseModel):
    """A question or an answer: plain text."""

    model_config = ConfigDict(extra="forbid")

    body: str


class NewReuse(BaseModel):
    """Something that was made of the data."""

    model_config = ConfigDict(extra="forbid")

    title: str
    link: str
    maker: str


class Moderation(BaseModel):
    """What is hidden, and why; an empty reason shows it again."""

    model_config = ConfigDict(extra="forbid")

    kind: Post
    id: UUID
    reason: str


class AnswerBody(BaseModel):
    """An answer; who wrote it is told only where the publisher did."""

    id: UUID
    body: str
    is_official: bool
    answered_at: datetime
    hidden_reason: str


class QuestionBody(BaseModel):
    """A question with its answers, oldest first."""

    id: UUID
    body: str
    asked_at: datetime
    answers: list[AnswerBody]
    hidden_reason: str


class ReuseBody(BaseModel):
    """Something that was made of the data."""

    id: UUID
    title: str
    link: str
    maker: str
    picture: str | None
    """Address of its picture."""
    added_at: datetime
    hidden_reason: str


class TalkBody(BaseModel):
    """The talk about a dataset, newest first."""

    questions: list[QuestionBody]
    reuses: list[ReuseBody]


class Made(BaseModel):
    """What was written."""

    id: UUID


@router.get("/talk")
def show_talk(request: Request, slug: str) -> TalkBody:
    """The talk about a dataset; hidden contributions only for those who moderate."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        talk = read.talk_about(tx, dataset, by=actor)
    return TalkBody(
        questions=[
            QuestionBody(
                id=one.id,
                body=one.body,
                asked_at=one.asked_at,
                answers=[
                    AnswerBody(
                        id=answer.id,
                        body=answer.body,
                        is_official=answer.is_official,
                        answered_at=answer.answered_at,
                        hidden_reason=answer.hidden_reason,
                    )
                    for answer in one.answers
                ],
                hidden_reason=one.hidden_reason,
            )
            for one in talk.questions
        ],
        reuses=[
            ReuseBody(
                id=one.id,
                title=one.title,
                link=one.link,
                maker=one.maker,
                picture=f"/dataset/{slug}/talk/pictures/{one.id}" if one.has_picture else None,
                added_at=one.added_at,
                hidden_reason=one.hidden_reason,
            )
            for one in talk.reuses
        ],
    )


@router.post("/questions", status_code=201)
def ask(request: Request, slug: str, wanted: NewWords) -> Made:
    """Ask the publisher."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return Made(id=post.ask(tx, slug, wanted.body, by=actor, at=wiring.now()))


@router.post("/questions/{question_id}/answers", status_code=201)
def answer(request: Request, slug: str, question_id: UUID, wanted: NewWords) -> Made:
    """Answer a question; the publisher's own people answer in its name."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        made = post.answer(
            tx, slug, QuestionId(question_id), wanted.body, by=actor, at=wiring.now()
        )
        return Made(id=made)


@router.post("/reuses", status_code=201)
def add_reuse(request: Request, slug: str, wanted: NewReuse) -> Made:
    """Name what was made of the data."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        made = post.add_reuse(
            tx, slug, wanted.title, wanted.link, wanted.maker, by=actor, at=wiring.now()
        )
        return Made(id=made)


@router.post("/talk/moderate", status_code=204)
def moderate_post(request: Request, slug: str, wanted: Moderation) -> None:
    """Hide a contribution, or show it again; for the publisher and the bureau."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        if wanted.reason.strip():
            moderate.hide(
                tx,
                slug,
                wanted.kind,
                wanted.id,
                reason=wanted.reason,
                by=actor,
                at=wiring.now(),
            )
        else:
            moderate.show(tx, slug, wanted.kind, wanted.id, by=actor, at=wiring.now())
