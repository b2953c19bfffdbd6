"""Columns that together tell persons apart: declared by the publisher, counted, answered."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange.answer_groups import answer_groups, declare_and_count
from policies.errors import Refusal
from portal.after_answer import newest_owned, publish_if_it_waited
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.errors import NotAssessed
from quality.groups.declare import counted_of
from quality.groups.errors import NothingCounted
from quality.groups.group import Declared, GroupAnswer

router = APIRouter()

_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=4_000)]


@router.get("/publish/{slug}/groups")
def show_groups(
    request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What is declared of the newest version, and how small its groups are."""
    return _page(request, slug, done=done)


@router.post("/publish/{slug}/groups")
def declare(
    request: Request,
    slug: str,
    columns: Annotated[list[str] | None, Form()] = None,
    about: Field = "",
    least: Field = "",
) -> Response:
    """Declare the columns; they are counted at once."""
    actor, wiring = signed_in(request), wiring_of(request)
    number = int(least) if least.strip().isdecimal() and len(least) < 7 else 0
    wanted = Declared(tuple(columns or ()), number, about)
    try:
        with wiring.pool.connection() as tx:
            _, version = newest_owned(tx, slug, by=actor)
        if version is None:
            raise NotAssessed
        declare_and_count(
            wiring.pool, wiring.folders, version.id, wanted, by=actor, at=wiring.now()
        )
    except Refusal as refusal:
        return _page(request, slug, typed=wanted, refusal=refusal)
    return RedirectResponse(f"/publish/{slug}/groups?done=counted", _SEE_OTHER)


@router.post("/publish/{slug}/groups/answer")
def answer(request: Request, slug: str, said: Field = "", reason: Field = "") -> Response:
    """Say what becomes of small groups."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset, version = newest_owned(tx, slug, by=actor)
            if version is None or said not in set(GroupAnswer):
                raise NothingCounted
            answer_groups(tx, version.id, GroupAnswer(said), reason, by=actor, at=wiring.now())
            publish_if_it_waited(tx, wiring, dataset, version.id)
    except Refusal as refusal:
        return _page(request, slug, reason=reason, refusal=refusal)
    return RedirectResponse(f"/publish/{slug}/groups?done=answered", _SEE_OTHER)


def _page(
    request: Request,
    slug: str,
    *,
    done: str = "",
    typed: Declared | None = None,
    reason: str = "",
    refusal: Refusal | None = None,
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, version = newest_owned(tx, slug, by=actor)
        state = counted_of(tx, version.id) if version else None
    names = [column.name for column in version.columns] if version else []
    shown = typed or (state.counted.declared if state else Declared((), 5))
    messages = {
        "counted": say.gettext("The groups are counted."),
        "answered": say.gettext("The answer is on record."),
    }
    answers = {
        GroupAnswer.KEPT: say.gettext("They go out as they are"),
        GroupAnswer.BLANKED: say.gettext("Every offer leaves these columns empty in small groups"),
    }
    return render(
        request,
        "publish/groups.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=dataset.entry.title,
        version=version.number if version else None,
        names=[(name, name, None) for name in names],
        abouts=[("", say.gettext("None"))] + [(name, name) for name in names],
        declared=shown,
        counted=state.counted if state else None,
        is_waiting=state.is_waiting if state else False,
        answer=answers[state.answer] if state and state.answer else "",
        reason=state.reason if state else "",
        answered_at=state.answered_at if state else None,
        choices=[(value.value, words) for value, words in answers.items()],
        typed_reason=reason,
        errors={"columns": say.refusal(refusal)} if refusal else {},
        message=messages.get(done),
    )
