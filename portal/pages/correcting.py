"""Faults in shared data: who uses it asks for a check, who provides it reports back."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.find import dataset_named
from exchange import correct_shared
from exchange.correction import Correction, CorrectionOutcome
from exchange.errors import FieldTooLong, NothingCorrected
from policies.calendar import china_day
from policies.errors import N_, ReasonMissing, Refusal
from policies.identity.people import organization_with_id
from portal.pages.inbox_items import days_left_words
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

OUTCOMES: Final = {
    CorrectionOutcome.CORRECTED: N_("Corrected in a newer version"),
    CorrectionOutcome.KEPT: N_("The data is right as it is"),
}
_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/dataset/{slug}/correction")
def show_form(
    request: Request, slug: str, done: Annotated[str, Query(max_length=10)] = ""
) -> Response:
    """The form that reports a fault, and what was reported before."""
    return _form(request, slug, typed={}, errors={}, is_done=done == "sent")


@router.post("/dataset/{slug}/correction")
def report_fault(
    request: Request, slug: str, record_reference: Field = "", fault: Field = ""
) -> Response:
    """Ask the provider to check its data."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            correct_shared.ask_correction(
                tx,
                slug,
                record_reference=record_reference,
                fault=fault,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, FieldTooLong) as refusal:
        typed = {"record_reference": record_reference, "fault": fault}
        name = refusal.name if isinstance(refusal, FieldTooLong) else "fault"
        errors = {name: speech_of(request).refusal(refusal)}
        return _form(request, slug, typed=typed, errors=errors, status=status_of(refusal))
    return RedirectResponse(f"/dataset/{slug}/correction?done=sent", _SEE_OTHER)


@router.get("/inbox/correction/{correction_id}")
def show_correction(request: Request, correction_id: UUID) -> Response:
    """One reported fault, for its two sides."""
    return _page(request, correction_id, typed={}, errors={})


@router.post("/inbox/correction/{correction_id}")
def report_back(
    request: Request, correction_id: UUID, outcome: Field = "", words: Field = ""
) -> Response:
    """Say what the check came to."""
    actor, wiring = signed_in(request), wiring_of(request)
    corrected = outcome == CorrectionOutcome.CORRECTED
    try:
        with wiring.pool.connection() as tx:
            correct_shared.close_correction(
                tx,
                correction_id,
                outcome=CorrectionOutcome.CORRECTED if corrected else CorrectionOutcome.KEPT,
                words=words,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, FieldTooLong, NothingCorrected) as refusal:
        errors = {_field_of(refusal): speech_of(request).refusal(refusal)}
        typed = {"outcome": outcome, "words": words}
        return _page(request, correction_id, typed=typed, errors=errors, status=status_of(refusal))
    return RedirectResponse("/inbox?done=reported", _SEE_OTHER)


def _field_of(refusal: Refusal) -> str:
    return "outcome" if isinstance(refusal, NothingCorrected) else "words"


def _form(
    request: Request,
    slug: str,
    *,
    typed: dict[str, str],
    errors: dict[str, str],
    is_done: bool = False,
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        provider = organization_with_id(tx, dataset.publisher_id)
        held = [
            one
            for one in correct_shared.own_corrections(tx, by=actor)
            if one.dataset_id == dataset.id
        ]
    return render(
        request,
        "buying/correction.html",
        status=status,
        dataset=dataset,
        provider=provider,
        earlier=[_line(one, say) for one in held],
        message=say.gettext("The provider has it now, and a day to report back by.")
        if is_done
        else "",
        typed=typed,
        errors=errors,
    )


def _page(
    request: Request,
    correction_id: UUID,
    *,
    typed: dict[str, str],
    errors: dict[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    today = china_day(wiring.now())
    with wiring.pool.connection() as tx:
        held, dataset = correct_shared.get_correction(tx, correction_id, by=actor)
        asker = organization_with_id(tx, held.asker_id)
    is_late = held.outcome is None and held.due.is_breached_on(today)
    return render(
        request,
        "inbox/correction.html",
        status=status,
        number=number_of("C", held.id),
        id=str(held.id),
        dataset=dataset,
        state="overdue" if is_late else "waiting" if held.outcome is None else "done",
        due=held.due.day,
        due_words=days_left_words(held.due, today, say) if held.outcome is None else "",
        facts=[
            (say.gettext("Who asks"), say.text(asker.title)),
            (say.gettext("Asked on"), say.moment(held.asked_at)),
            (say.gettext("Which records"), held.record_reference or "—"),
            (say.gettext("What is wrong"), held.fault),
            *_told(held, say),
        ],
        outcomes=[(one.value, say.gettext(words), None) for one, words in OUTCOMES.items()],
        can_close=correct_shared.may_close(held, by=actor),
        typed=typed,
        errors=errors,
    )


def _told(held: Correction, say: Speech) -> list[tuple[str, str]]:
    if held.outcome is None:
        return []
    return [(say.gettext(OUTCOMES[held.outcome]), held.outcome_words)]


def _line(held: Correction, say: Speech) -> dict[str, object]:
    return {
        "href": f"/inbox/correction/{held.id}",
        "number": number_of("C", held.id),
        "fault": held.fault,
        "asked_at": held.asked_at,
        "due": held.due.day,
        "outcome": say.gettext(OUTCOMES[held.outcome]) if held.outcome else "",
        "words": held.outcome_words,
    }
