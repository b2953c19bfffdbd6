"""One request for data: the page to decide it, and everything that can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog.errors import DatasetNotFound, MalformedView
from catalog.find import dataset_with_id
from catalog.view import COLUMNS_MAX
from exchange import apply, dispute, extend, list_product, take_in_hand
from exchange.application import RefusalReason
from exchange.dispute_step import Outcome
from exchange.errors import (
    ClausesFailed,
    ColumnsNotOffered,
    ExtensionTooLong,
    FlowBackInFull,
    GrantedTooLong,
    ListingNotFound,
    ReferenceMissing,
)
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, ReasonMissing
from policies.party import Actor
from portal.note_refused import note_refused
from portal.pages.clause_lines import advice_of
from portal.pages.inbox.share_desk import ShareDesk, part_of, share_desk
from portal.pages.inbox.told import errors_of
from portal.pages.rendering import render
from portal.pages.request_view import request_view
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

REASON_CODES: Final = {
    RefusalReason.NOT_HELD: N_("We do not hold this data"),
    RefusalReason.LAW_FORBIDS: N_("A legal text forbids it"),
    RefusalReason.BEYOND_DUTY: N_("It goes beyond the applicant's duty"),
    RefusalReason.SECURITY: N_("It would endanger security or somebody's rights"),
}

_TOLD_IN_PLACE: Final = (
    ReasonMissing,
    ClausesFailed,
    GrantedTooLong,
    ColumnsNotOffered,
    FlowBackInFull,
    MalformedView,
)
_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/inbox/request/{application_id}")
def show_request(request: Request, application_id: UUID) -> Response:
    """One request for data: who, what for, what the standards say, and the decision."""
    return _request_page(request, application_id, errors={}, typed={})


@router.post("/inbox/request/{application_id}")
def decide_request(
    request: Request,
    application_id: UUID,
    decision: Field = "",
    reason: Field = "",
    reason_code: Field = "",
    legal_basis: Field = "",
    ends_on: Field = "",
    columns: Annotated[list[str] | None, Form(alias="column", max_length=COLUMNS_MAX)] = None,
    row_column: Field = "",
    row_operator: Field = "=",
    row_value: Field = "",
) -> Response:
    """Grant a request, return it with a question, or refuse it with reason and legal basis."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    try:
        with wiring.pool.connection() as tx:
            match decision:
                case "return":
                    apply.give_back(tx, application_id, question=reason, by=actor, at=at)
                    done = "returned"
                case "reject":
                    apply.refuse(
                        tx,
                        application_id,
                        reason_code=_reason_chosen(reason_code),
                        reason=reason,
                        legal_basis_id=legal_basis,
                        by=actor,
                        at=at,
                    )
                    done = "refused"
                case "approve":
                    view = _desk(tx, application_id, actor, at, speech_of(request))
                    part = part_of(
                        columns,
                        view.columns,
                        ends_on=ends_on,
                        row_column=row_column,
                        row_operator=row_operator,
                        row_value=row_value,
                    )
                    apply.grant(
                        tx, wiring.keys, application_id, part=part, reason=reason, by=actor, at=at
                    )
                    done = "granted"
                case _:
                    return RedirectResponse(f"/inbox/request/{application_id}", _SEE_OTHER)
    except _TOLD_IN_PLACE as refusal:
        note_refused(request, refusal)
        errors = errors_of(refusal, speech_of(request))
        typed = {"reason": reason, "reason_code": reason_code, "legal_basis": legal_basis}
        if decision == "approve":
            typed = {
                "reason": reason,
                "ends_on": ends_on,
                "row_column": row_column,
                "row_operator": row_operator,
                "row_value": row_value,
            }
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse(f"/inbox?done={done}&undo={application_id}", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/undo")
def undo_answer(request: Request, application_id: UUID) -> Response:
    """Take one's answer back within its seconds."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        take_in_hand.undo(tx, application_id, by=actor, at=wiring.now())
    return RedirectResponse("/inbox?done=undone", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/hand-over")
def hand_over(request: Request, application_id: UUID, colleague: Field = "") -> Response:
    """Give a request to a colleague."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        take_in_hand.hand_over(tx, application_id, colleague, by=actor, at=wiring.now())
    return RedirectResponse("/inbox?done=handed", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/longer")
def ask_longer(
    request: Request, application_id: UUID, days: Field = "", why_longer: Field = ""
) -> Response:
    """Ask the share authority for more working days."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = {"days": days, "why_longer": why_longer}
    try:
        with wiring.pool.connection() as tx:
            extend.ask_longer(
                tx,
                application_id,
                working_days=int(days) if days.isascii() and days.isdigit() else 0,
                reason=why_longer,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, ExtensionTooLong) as refusal:
        field = "days" if isinstance(refusal, ExtensionTooLong) else "why_longer"
        errors = {field: speech_of(request).refusal(refusal)}
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse("/inbox?done=asked", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/consent")
def decide_extension(request: Request, application_id: UUID, decision: Field = "") -> Response:
    """Consent to more days as the share authority, or not."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        if decision == "consent":
            extend.consent(tx, application_id, by=actor, at=at)
            done = "consented"
        else:
            extend.deny(tx, application_id, by=actor, at=at)
            done = "denied"
    return RedirectResponse(f"/inbox?done={done}", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/dispute")
def settle_dispute(
    request: Request,
    application_id: UUID,
    outcome: Field = "",
    outcome_words: Field = "",
    reference: Field = "",
) -> Response:
    """Close the open step of a dispute."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dispute.settle_step(
                tx,
                application_id,
                outcome=Outcome.AGREED if outcome == "agreed" else Outcome.KEPT,
                words=outcome_words,
                reference=reference,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, ReferenceMissing) as refusal:
        field = "reference" if isinstance(refusal, ReferenceMissing) else "outcome_words"
        errors = {field: speech_of(request).refusal(refusal)}
        typed = {"outcome_words": outcome_words, "reference": reference}
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse("/inbox?done=settled", _SEE_OTHER)


def _reason_chosen(code: str) -> RefusalReason | None:
    """The reason of that code; None where none of the list was chosen."""
    return RefusalReason(code) if code in REASON_CODES else None


def _desk(tx: Tx, application_id: UUID, actor: Actor, at: datetime, say: Speech) -> ShareDesk:
    application = apply.get_application(tx, application_id, by=actor)
    try:
        listing = list_product.get_listing(tx, application.listing_id, by=actor)
        dataset = dataset_with_id(tx, listing.dataset_id, by=actor)
    except (ListingNotFound, DatasetNotFound):
        return share_desk(tx, application, None, None, by=actor, at=at, say=say)
    return share_desk(tx, application, listing, dataset, by=actor, at=at, say=say)


def _request_page(
    request: Request,
    application_id: UUID,
    *,
    errors: Mapping[str, str],
    typed: Mapping[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        application = apply.get_application(tx, application_id, by=actor)
        view = request_view(tx, application, by=actor, today=china_day(at), say=say)
        desk = _desk(tx, application_id, actor, at, say)
    bases = profile_in_force(at).legal_bases
    return render(
        request,
        "inbox/request.html",
        status=status,
        request=view,
        desk=desk,
        advice=advice_of(application.judgement, say),
        steps=view.steps,
        dealings=view.dealings,
        reason_codes=[(code, say.gettext(label)) for code, label in REASON_CODES.items()],
        legal_bases=[(basis.id, say.text(basis.title)) for basis in bases],
        typed=typed,
        errors=errors,
    )
