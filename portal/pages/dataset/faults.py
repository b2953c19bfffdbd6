"""Say that data is wrong, and see what the department answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.find import dataset_with_id
from exchange.faults.fault import Fault, FaultId, FaultState
from exchange.faults.report_fault import (
    answer,
    faults_of,
    get_fault,
    may_answer,
    newer_versions,
    own_faults,
    receipts_touched,
    report_fault,
)
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import NotSignedIn, Refusal
from policies.party import Actor
from portal.pages.dataset.reader import look_at
from portal.pages.inbox_items import days_left_words
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
Words = Annotated[str, Form(max_length=10_000)]
Short = Annotated[str, Query(max_length=300)]

STATES: Final = {
    FaultState.OPEN: "waiting",
    FaultState.ACCEPTED: "in_review",
    FaultState.CORRECTED: "done",
    FaultState.REFUSED: "refused",
}


@router.get("/dataset/{slug}/fault")
def show_form(
    request: Request, slug: str, column: Short = "", row: Short = "", version: Short = ""
) -> Response:
    """A form to say what is wrong; whatever page it is opened from fills in where."""
    typed = {"column": column, "place": row, "version": version, "claim": ""}
    return _form(request, slug, typed)


@router.post("/dataset/{slug}/fault")
def ask(
    request: Request,
    slug: str,
    claim: Words = "",
    column: Words = "",
    place: Words = "",
    version: Words = "",
) -> Response:
    """Hand the ticket to the department."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = {"column": column, "place": place, "version": version, "claim": claim}
    try:
        with wiring.pool.connection() as tx:
            asked = report_fault(tx, slug, **typed, by=actor, at=wiring.now())
    except NotSignedIn:
        raise
    except Refusal as refusal:
        return _form(request, slug, typed, refusal)
    return RedirectResponse(f"/fault/{asked.id}?done=asked", _SEE_OTHER)


@router.get("/fault/{fault_id}")
def show_ticket(
    request: Request, fault_id: UUID, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """One ticket: for who asked, the department, and supervisors."""
    return _ticket(request, FaultId(fault_id), done=done)


@router.post("/fault/{fault_id}")
def decide(
    request: Request,
    fault_id: UUID,
    said: Words = "",
    words: Words = "",
    version: Words = "",
) -> Response:
    """The department's answer."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            # Who may not see it is told that there is none.
            get_fault(tx, FaultId(fault_id), by=actor)
            answer(
                tx,
                FaultId(fault_id),
                said=said,
                words=words,
                version=version,
                by=actor,
                at=wiring.now(),
            )
    except Refusal as refusal:
        typed = {"said": said, "words": words, "version": version}
        return _ticket(request, FaultId(fault_id), typed=typed, refusal=refusal)
    return RedirectResponse(f"/fault/{fault_id}?done=answered", _SEE_OTHER)


@router.get("/my/faults")
def show_own(request: Request) -> Response:
    """Everything that the reader asked, with what became of it."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        lines = [fault_line(tx, one, actor, wiring.now(), say) for one in own_faults(tx, by=actor)]
    return render(request, "my/faults.html", faults=lines)


def _form(
    request: Request, slug: str, typed: Mapping[str, str], refusal: Refusal | None = None
) -> Response:
    actor, say, wiring = actor_of(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
        lines = [
            fault_line(tx, one, actor, wiring.now(), say)
            for one in (faults_of(tx, slug, by=actor) if look.version else [])
        ]
    return render(
        request,
        "dataset/fault.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=look.overview.dataset.entry.title,
        number=look.version.number if look.version else None,
        columns=[(column.name, column.name) for column in look.shown_columns],
        faults=lines,
        typed=typed,
        errors={"claim": say.refusal(refusal)} if refusal else {},
    )


def _ticket(
    request: Request,
    fault_id: FaultId,
    *,
    done: str = "",
    typed: Mapping[str, str] | None = None,
    refusal: Refusal | None = None,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        held = get_fault(tx, fault_id, by=actor)
        is_mine_to_answer = may_answer(tx, held, by=actor)
        line = fault_line(tx, held, actor, wiring.now(), say)
        newer = newer_versions(tx, held, by=actor) if is_mine_to_answer else []
        touched = receipts_touched(tx, held) if is_mine_to_answer else None
    messages = {
        "asked": say.gettext("The department has it now. You see the answer here."),
        "answered": say.gettext("The answer is on record, and who asked sees it."),
    }
    return render(
        request,
        "dataset/fault_ticket.html",
        status=status_of(refusal) if refusal else 200,
        fault=line,
        may_answer=is_mine_to_answer,
        touched=touched,
        newer=[(str(one.number), f"v{one.number}") for one in newer],
        typed=typed or {"said": "accept", "words": "", "version": ""},
        errors={"words": say.refusal(refusal)} if refusal else {},
        message=messages.get(done),
    )


def fault_line(tx: Tx, fault: Fault, actor: Actor, at: datetime, say: Speech) -> dict[str, object]:
    """A ticket as pages show it."""
    dataset = dataset_with_id(tx, fault.dataset_id, by=actor)
    today = china_day(at)
    is_late = fault.is_overdue(today)
    is_running = fault.state in (FaultState.OPEN, FaultState.ACCEPTED)
    return {
        "href": f"/fault/{fault.id}",
        "number": number_of("C", fault.id),
        "slug": dataset.slug,
        "title": dataset.entry.title,
        "version": fault.version_number,
        "column": fault.column,
        "place": fault.place,
        "claim": fault.claim,
        "asked_at": fault.asked_at,
        "state": "overdue" if is_late else STATES[fault.state],
        "state_words": {
            FaultState.OPEN: say.gettext("Not answered yet"),
            FaultState.ACCEPTED: say.gettext(
                "The department agrees; a corrected version is to come"
            ),
            FaultState.CORRECTED: say.gettext(
                "Corrected in version {number}", number=say.number(fault.corrected_number or 0)
            ),
            FaultState.REFUSED: say.gettext("The department holds the data to be right"),
        }[fault.state],
        "due": fault.due.day if is_running else None,
        "due_words": days_left_words(fault.due, today, say) if is_running else "",
        "answer": fault.answer,
        "answered_at": fault.answered_at,
        "corrected": fault.corrected_number,
    }
