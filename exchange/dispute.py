"""A refusal is disputed in three steps, in this order: between the two, authority, government.

The law sets no days for them. Each step has its party, date and outcome; "agreed" at any of them
opens the request again, with a new clock.

Source: 政务数据共享条例 art. 28.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from exchange.application import FIELD_LENGTH_CHARACTERS, Application, ApplicationState
from exchange.apply import get_application, moved
from exchange.dispute_step import DisputeStep, Outcome, Step
from exchange.errors import (
    ApplicationNotFound,
    ApplicationNotInState,
    DisputeNotOpen,
    FieldTooLong,
    NotYourPart,
    ReferenceMissing,
    SameTwoPeople,
)
from exchange.listing import Listing
from exchange.share_clocks import answer_due
from exchange.store import applications as store
from exchange.store import disputes as dispute_store
from exchange.store import listings as listing_store
from policies.database import Tx
from policies.events import EventKind, JsonValue
from policies.official_calendar import working_days
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_apply_for, can_approve_for, can_set_standards, can_supervise
from policies.terms import UserId


def steps_of(tx: Tx, application_id: UUID, *, by: Actor) -> list[DisputeStep]:
    """All steps about a request, the first one first.

    Raises: ApplicationNotFound.
    """
    get_application(tx, application_id, by=by)
    return dispute_store.steps_of(tx, application_id)


def next_step(application: Application, steps: list[DisputeStep]) -> Step | None:
    """The step that the applicant may take now; None where there is none."""
    if application.state is not ApplicationState.REFUSED:
        return None
    last = steps[-1] if steps else None
    if last is None or last.outcome is Outcome.AGREED:
        return Step.BETWEEN_THE_TWO
    if last.outcome is None or last.step is Step.GOVERNMENT:
        return None
    return Step(last.step + 1)


def object_to(tx: Tx, application_id: UUID, *, ground: str, by: Actor, at: datetime) -> DisputeStep:
    """Dispute a refusal, or take the dispute to its next step.

    Raises: ApplicationNotFound, NotYourPart, ReasonMissing, FieldTooLong, ApplicationNotInState,
    DisputeNotOpen.
    """
    application, listing = _locked(tx, application_id, by)
    if not can_apply_for(by, application.applicant_id):
        raise NotYourPart(Role.BUYER)
    if application.state is not ApplicationState.REFUSED:
        raise ApplicationNotInState(str(application_id), application.state.value)
    steps = dispute_store.steps_of(tx, application_id)
    step = next_step(application, steps)
    if step is None:
        raise DisputeNotOpen
    is_new = step is Step.BETWEEN_THE_TWO
    opened = DisputeStep(
        application_id,
        application.times_disputed + is_new,
        step,
        opened_by=_person(by),
        opened_at=at,
        ground=_bounded("ground", check_reason(ground)),
    )
    dispute_store.insert_step(tx, opened)
    if is_new:
        application = replace(application, times_disputed=opened.round)
        store.update_application(tx, application)
    _record(tx, application, listing, {"step": opened.step, "outcome": None}, by, at)
    return opened


def settle_step(
    tx: Tx,
    application_id: UUID,
    *,
    outcome: Outcome,
    words: str,
    reference: str = "",
    by: Actor,
    at: datetime,
) -> DisputeStep:
    """Close the open step: the provider the first one, the share authority the others.

    What the government decided is entered by the authority, under the decision's number.

    Raises: ApplicationNotFound, NotYourPart, SameTwoPeople, ReasonMissing, FieldTooLong,
    ReferenceMissing, DisputeNotOpen.
    """
    application, listing = _locked(tx, application_id, by)
    steps = dispute_store.steps_of(tx, application_id)
    if not steps or steps[-1].outcome is not None:
        raise DisputeNotOpen
    held = steps[-1]
    if held.step is Step.BETWEEN_THE_TWO:
        if not by.holds(Role.APPROVER, listing.provider_id):
            raise NotYourPart(Role.APPROVER)
    elif not can_set_standards(by):
        raise NotYourPart(Role.BUREAU)
    if by.user_id == held.opened_by:
        raise SameTwoPeople
    reference = _bounded("reference", reference.strip())
    if held.step is Step.GOVERNMENT and not reference:
        raise ReferenceMissing
    closed = replace(
        held,
        outcome=outcome,
        outcome_words=_bounded("words", check_reason(words)),
        reference=reference,
        closed_by=_person(by),
        closed_at=at,
    )
    dispute_store.close_step(tx, closed)
    if outcome is Outcome.AGREED:
        due = answer_due(listing, at, extension_days=0, known=working_days(tx))
        application = application.reopen(due=due, at=at)
        store.update_application(tx, application)
    _record(tx, application, listing, {"step": held.step, "outcome": outcome}, by, at)
    return closed


def open_for(tx: Tx, *, by: Actor) -> list[DisputeStep]:
    """Steps that `by` is to close, the oldest first."""
    provided = [
        held.organization_id
        for held in by.memberships
        if held.role is Role.APPROVER and held.organization_id is not None
    ]
    return dispute_store.open_steps(tx, provided, with_authority=can_set_standards(by))


def _locked(tx: Tx, application_id: UUID, by: Actor) -> tuple[Application, Listing]:
    application = store.lock_application(tx, application_id)
    listing = listing_store.get_listing(tx, application.listing_id) if application else None
    if application is None or listing is None or not _may_know(by, application, listing):
        raise ApplicationNotFound(str(application_id))
    return application, listing


def _may_know(by: Actor, application: Application, listing: Listing) -> bool:
    return (
        can_apply_for(by, application.applicant_id)
        or can_approve_for(by, listing.provider_id)
        or can_supervise(by)
    )


def _record(
    tx: Tx,
    application: Application,
    listing: Listing,
    facts: dict[str, JsonValue],
    by: Actor,
    at: datetime,
) -> None:
    record(tx, moved(EventKind.DISPUTE_MOVED, application, listing, facts, by=by, at=at))


def _bounded(name: str, text: str) -> str:
    if len(text) > FIELD_LENGTH_CHARACTERS:
        raise FieldTooLong(name, FIELD_LENGTH_CHARACTERS)
    return text.replace("\0", "")


def _person(by: Actor) -> UserId:
    assert by.user_id is not None, "who holds a role is a person"
    return by.user_id
