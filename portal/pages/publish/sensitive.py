"""Sensitive data in the newest version: what was found, and the publisher's answer to each."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from exchange.answer_sensitive import answer
from policies.errors import N_, Refusal
from portal.after_answer import newest_owned, publish_if_it_waited
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.answer_sensitive import findings_of
from quality.errors import NotAssessed
from quality.sensitive import Answer, FindingState

router = APIRouter()

_SEE_OTHER: Final = 303
_ANSWERS: Final = {
    Answer.KEPT: N_("Goes out as it is"),
    Answer.MASKED: N_("Masked for everybody else"),
    Answer.DROPPED: N_("Left out for everybody else"),
}
Field = Annotated[str, Form(max_length=4_000)]


@router.get("/publish/{slug}/sensitive")
def show_findings(
    request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Every finding of the newest version with a form to answer it."""
    return _page(request, slug, message=done == "answered")


@router.post("/publish/{slug}/sensitive")
def answer_finding(
    request: Request,
    slug: str,
    column: Field = "",
    kind: Field = "",
    said: Field = "",
    reason: Field = "",
) -> Response:
    """Answer one finding."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = {"column": column, "kind": kind, "answer": said, "reason": reason}
    try:
        with wiring.pool.connection() as tx:
            dataset, version = newest_owned(tx, slug, by=actor)
            if version is None:
                raise NotAssessed
            answer(tx, version.id, typed, by=actor, at=wiring.now())
            publish_if_it_waited(tx, wiring, dataset, version.id)
    except Refusal as refusal:
        return _page(request, slug, typed=typed, refusal=refusal)
    return RedirectResponse(f"/publish/{slug}/sensitive?done=answered", _SEE_OTHER)


def _page(
    request: Request,
    slug: str,
    *,
    typed: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    message: bool = False,
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset, version = newest_owned(tx, slug, by=actor)
        is_checked = version is not None and version.assessed_at is not None
        states = findings_of(tx, version.id) if version and is_checked else []
    return render(
        request,
        "publish/sensitive.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=dataset.entry.title,
        version=version.number if version else None,
        is_checked=is_checked,
        waiting=[_line(at, one, say) for at, one in enumerate(states) if one.answered is None],
        answered=[_line(at, one, say) for at, one in enumerate(states) if one.answered],
        choices=[(value.value, say.gettext(words)) for value, words in _ANSWERS.items()],
        typed=typed or {"column": "", "kind": "", "answer": "", "reason": ""},
        errors={"": say.refusal(refusal)} if refusal else {},
        message=say.gettext("The answer is on record.") if message else None,
    )


def _line(at: int, state: FindingState, say: Speech) -> dict[str, object]:
    finding, answered = state.finding, state.answered
    return {
        "id": f"f{at}",
        "column": finding.column,
        "kind": finding.kind.value,
        "label": say.text(finding.kind.label),
        "values": finding.value_count,
        "valid": finding.valid_count,
        "is_checked": finding.kind.has_check_character,
        "answer": say.gettext(_ANSWERS[answered.answer]) if answered else "",
        "reason": answered.reason if answered else "",
        "at": answered.at if answered else None,
    }
