"""Questions about a dataset, what its publisher answers, and what was made of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Request, Response, UploadFile
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import follow
from catalog.curation.follow import Followed
from catalog.curation.theme_errors import NotFollowing
from catalog.talk import moderate, post, read
from catalog.talk.talk import (
    PICTURE_SIZE_BYTES,
    Answer,
    Picture,
    Post,
    Question,
    QuestionId,
    Reuse,
    ReuseId,
    pictured,
)
from policies.errors import N_, Refusal
from policies.party import Actor
from portal.pages.dataset.look import look_of
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
_DONE: Final = {
    "asked": N_("Your question stands here now. The publisher sees it."),
    "answered": N_("Your answer stands here now."),
    "reused": N_("Your reuse stands here now."),
    "hidden": N_("It is hidden. Only those who moderate see it."),
    "shown": N_("Everybody sees it again."),
    "followed": N_("You follow this dataset."),
    "unfollowed": N_("You follow this dataset no longer."),
}
Words = Annotated[str, Form(max_length=20_000)]


@router.get("/dataset/{slug}/talk")
def show_talk(
    request: Request, slug: str, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The talk about a dataset."""
    return _page(request, slug, done=done, errors={}, typed={})


@router.post("/dataset/{slug}/talk/questions")
def ask(request: Request, slug: str, question: Words = "") -> Response:
    """Ask the publisher."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            asked = post.ask(tx, slug, question, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _refused(request, slug, refusal, {"question": question}, otherwise="question")
    return _back(slug, "asked", f"question-{asked}")


@router.post("/dataset/{slug}/talk/questions/{question_id}/answers")
def answer(request: Request, slug: str, question_id: UUID, answer: Words = "") -> Response:
    """Answer a question."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            post.answer(tx, slug, QuestionId(question_id), answer, by=actor, at=wiring.now())
    except Refusal as refusal:
        name = f"answer-{question_id}"
        return _refused(request, slug, refusal, {name: answer}, otherwise=name)
    return _back(slug, "answered", f"question-{question_id}")


@router.post("/dataset/{slug}/talk/reuses")
def add_reuse(
    request: Request,
    slug: str,
    title: Words = "",
    link: Words = "",
    maker: Words = "",
    picture: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Name what was made of the data."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        shown = _picture_in(picture)
        with wiring.pool.connection() as tx:
            post.add_reuse(tx, slug, title, link, maker, picture=shown, by=actor, at=wiring.now())
    except Refusal as refusal:
        typed = {"title": title, "link": link, "maker": maker}
        return _refused(request, slug, refusal, typed, otherwise="title")
    return _back(slug, "reused", "reuses")


@router.post("/dataset/{slug}/talk/moderate")
def moderate_post(
    request: Request,
    slug: str,
    kind: Annotated[Post, Form()],
    id: Annotated[UUID, Form()],  # noqa: A002 - a field of a form
    reason: Words = "",
    decision: Words = "hide",
) -> Response:
    """Hide a contribution with a reason, or show it again."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            if decision == "show":
                moderate.show(tx, slug, kind, id, by=actor, at=wiring.now())
            else:
                moderate.hide(tx, slug, kind, id, reason=reason, by=actor, at=wiring.now())
    except Refusal as refusal:
        name = f"reason-{id}"
        return _refused(request, slug, refusal, {name: reason}, otherwise=name)
    return _back(slug, "shown" if decision == "show" else "hidden", f"{kind.value}-{id}")


@router.post("/dataset/{slug}/follow")
def follow_dataset(request: Request, slug: str, decision: Words = "follow") -> Response:
    """Follow a dataset, or follow it no longer."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        if decision == "follow":
            follow.follow(tx, Followed.DATASET, dataset.id, by=actor, at=wiring.now())
            return _back(slug, "followed", "follow")
        with suppress(NotFollowing):  # where it was pressed twice
            follow.unfollow(tx, Followed.DATASET, dataset.id, by=actor)
    return _back(slug, "unfollowed", "follow")


@router.get("/dataset/{slug}/talk/pictures/{reuse_id}")
def show_picture(request: Request, slug: str, reuse_id: UUID) -> Response:
    """The picture of a reuse."""
    with wiring_of(request).pool.connection() as tx:
        found = read.picture_of(tx, slug, ReuseId(reuse_id), by=actor_of(request))
    return Response(
        found.content,
        media_type=found.media_type,
        headers={"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"},
    )


def _page(
    request: Request,
    slug: str,
    *,
    done: str = "",
    errors: dict[str, str],
    typed: dict[str, str],
    status: int = 200,
) -> Response:
    look, frame, say = look_of(request, slug)
    actor = actor_of(request)
    dataset = look.overview.dataset
    with wiring_of(request).pool.connection() as tx:
        talk = read.talk_about(tx, dataset, by=actor)
        followers = follow.count_followers(tx, Followed.DATASET, dataset.id)
        is_followed = actor.user_id is not None and follow.is_following(
            tx, Followed.DATASET, dataset.id, user_id=actor.user_id
        )
    return render(
        request,
        "dataset/talk.html",
        status=status,
        dataset=frame,
        questions=[_question_view(one, actor, say) for one in talk.questions],
        reuses=[_reuse_view(one, slug) for one in talk.reuses],
        waiting=sum(not one.is_answered and not one.hidden_reason for one in talk.questions),
        may_moderate=talk.may_moderate,
        may_write=not actor.is_anonymous and not actor.is_program,
        is_own=look.overview.is_own,
        followers=followers,
        is_followed=is_followed,
        message=say.gettext(_DONE[done]) if done in _DONE else None,
        typed=typed,
        errors=errors,
        labels=_labels(say, errors),
    )


def _labels(say: Speech, errors: dict[str, str]) -> dict[str, str]:
    labels = {
        "question": say.gettext("Your question"),
        "title": say.gettext("What it is called"),
        "link": say.gettext("Its address"),
        "maker": say.gettext("Who made it"),
        "picture": say.gettext("Picture"),
    }
    for name in errors:
        if name.startswith("answer-"):
            labels[name] = say.gettext("Your answer")
        elif name.startswith("reason-"):
            labels[name] = say.gettext("Why it is hidden")
    return labels


def _question_view(question: Question, actor: Actor, say: Speech) -> dict[str, object]:
    return {
        "id": str(question.id),
        "paragraphs": question.body.split("\n"),
        "at": question.asked_at,
        "by": _author(question.asked_by == actor.user_id, say),
        "is_answered": question.is_answered,
        "hidden_reason": question.hidden_reason,
        "answers": [_answer_view(one, actor, say) for one in question.answers],
    }


def _answer_view(answer: Answer, actor: Actor, say: Speech) -> dict[str, object]:
    return {
        "id": str(answer.id),
        "paragraphs": answer.body.split("\n"),
        "at": answer.answered_at,
        "by": _author(answer.answered_by == actor.user_id, say),
        "is_official": answer.is_official,
        "hidden_reason": answer.hidden_reason,
    }


def _author(is_self: bool, say: Speech) -> str:  # noqa: FBT001 - a word for each
    return say.gettext("You") if is_self else say.gettext("A reader")


def _reuse_view(reuse: Reuse, slug: str) -> dict[str, object]:
    return {
        "id": str(reuse.id),
        "title": reuse.title,
        "link": reuse.link,
        "maker": reuse.maker,
        "picture_href": f"/dataset/{slug}/talk/pictures/{reuse.id}" if reuse.has_picture else None,
        "at": reuse.added_at,
        "hidden_reason": reuse.hidden_reason,
    }


def _picture_in(sent: UploadFile | None) -> Picture | None:
    """The picture that came along; None where none was chosen.

    Raises: PictureTooLarge, PictureUnknown.
    """
    if sent is None or not sent.filename:
        return None
    return pictured(sent.file.read(PICTURE_SIZE_BYTES + 1))


def _refused(
    request: Request, slug: str, refusal: Refusal, typed: dict[str, str], *, otherwise: str
) -> Response:
    field = str(getattr(refusal, "field", ""))
    name = field if field in ("link", "maker", "picture", "title") else otherwise
    errors = {name: speech_of(request).refusal(refusal)}
    return _page(request, slug, errors=errors, typed=typed, status=status_of(refusal))


def _back(slug: str, done: str, place: str) -> Response:
    return RedirectResponse(f"/dataset/{slug}/talk?done={done}#{place}", _SEE_OTHER)
