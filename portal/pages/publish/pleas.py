"""A version that the gate holds back: the publisher asks, somebody else answers, by name."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from policies.errors import Refusal
from portal.after_answer import newest_owned, plea_to_decide, publish_if_it_waited
from portal.pages.plea_lines import PLEA_KINDS, plea_line
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.errors import NotAssessed, UnknownPlea
from quality.plea import PleaId, PleaState
from quality.plead import decide_plea, plead, pleas_of
from quality.report import Report
from quality.rules import read_report

router = APIRouter()

_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=8_000)]


@router.get("/publish/{slug}/plea")
def show_plea(
    request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What holds the newest version back, and a form to ask that it may go on."""
    return _asking_page(request, slug, is_done=done == "asked")


@router.post("/publish/{slug}/plea")
def ask(
    request: Request, slug: str, kind: Field = "", reason: Field = "", ends_on: Field = ""
) -> Response:
    """Ask that the newest version may go on."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = {"kind": kind, "reason": reason, "ends_on": ends_on}
    try:
        with wiring.pool.connection() as tx:
            _, version = newest_owned(tx, slug, by=actor)
            if version is None:
                raise NotAssessed
            plead(tx, version.id, typed, by=actor, at=wiring.now())
    except Refusal as refusal:
        return _asking_page(request, slug, typed=typed, refusal=refusal)
    return RedirectResponse(f"/publish/{slug}/plea?done=asked", _SEE_OTHER)


@router.get("/inbox/plea/{plea_id}")
def show_to_decider(request: Request, plea_id: UUID) -> Response:
    """One plea with what it is about, and a form to answer it."""
    return _deciding_page(request, PleaId(plea_id))


@router.post("/inbox/plea/{plea_id}")
def decide(request: Request, plea_id: UUID, said: Field = "", answer: Field = "") -> Response:
    """Grant or refuse a plea."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset, version, plea = plea_to_decide(tx, PleaId(plea_id), by=actor)
            decide_plea(
                tx,
                plea.id,
                is_granted=said == "grant",
                answer=answer,
                by=actor,
                at=wiring.now(),
            )
            publish_if_it_waited(tx, wiring, dataset, version.id)
    except UnknownPlea:
        raise
    except Refusal as refusal:
        return _deciding_page(request, PleaId(plea_id), typed=answer, refusal=refusal)
    return RedirectResponse("/inbox?done=answered", _SEE_OTHER)


def _asking_page(
    request: Request,
    slug: str,
    *,
    typed: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    is_done: bool = False,
) -> Response:
    actor, say, at = signed_in(request), speech_of(request), wiring_of(request).now()
    with wiring_of(request).pool.connection() as tx:
        dataset, version = newest_owned(tx, slug, by=actor)
        pleas = pleas_of(tx, version.id) if version else []
        is_held_back = version is not None and version.report_id and not version.lets_pass
        report = read_report(tx, version.id).report if version and is_held_back else None
        lines = [plea_line(tx, one, say, is_overdue=one.is_overdue(at)) for one in pleas]
    return render(
        request,
        "publish/plea.html",
        status=status_of(refusal) if refusal else 200,
        title=dataset.entry.title,
        slug=slug,
        action=f"/publish/{slug}/plea",
        version=version.number if version else None,
        failures=_failures(report, say),
        pleas=lines,
        may_ask=bool(report and report.blocking)
        and not any(one.state is PleaState.OPEN for one in pleas),
        may_decide=False,
        kinds=[(kind.value, say.gettext(words)) for kind, words in PLEA_KINDS.items()],
        typed=typed or {"kind": "", "reason": "", "ends_on": ""},
        errors={"": say.refusal(refusal)} if refusal else {},
        message=say.gettext("It lies with the approver now.") if is_done else None,
    )


def _deciding_page(
    request: Request, plea_id: PleaId, *, typed: str = "", refusal: Refusal | None = None
) -> Response:
    actor, say, at = signed_in(request), speech_of(request), wiring_of(request).now()
    with wiring_of(request).pool.connection() as tx:
        dataset, version, plea = plea_to_decide(tx, plea_id, by=actor)
        report = read_report(tx, version.id).report
        line = plea_line(tx, plea, say, is_overdue=plea.is_overdue(at))
    return render(
        request,
        "publish/plea.html",
        status=status_of(refusal) if refusal else 200,
        title=dataset.entry.title,
        slug=dataset.slug,
        action=f"/inbox/plea/{plea_id}",
        version=version.number,
        failures=_failures(report, say),
        pleas=[line],
        may_ask=False,
        may_decide=plea.state is PleaState.OPEN and plea.asked_by != actor.user_id,
        kinds=[],
        typed={"answer": typed},
        errors={"": say.refusal(refusal)} if refusal else {},
        message=None,
    )


def _failures(report: Report | None, say: Speech) -> list[str]:
    return [say.text(finding.sentence) for finding in report.blocking] if report else []
