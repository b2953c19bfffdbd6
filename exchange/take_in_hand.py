"""Hand a request to a colleague, and undo an answer within its seconds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from exchange.application import Application, ApplicationState
from exchange.apply import moved, to_decide
from exchange.errors import AlreadyUsed, ApplicationNotInState, NotAColleague
from exchange.share_head import approvers_of
from exchange.store import applications as store
from policies import agree
from policies.database import Tx
from policies.events import EventKind
from policies.party import Actor
from policies.record import record

UNDONE = "The answer was undone within its seconds."
"""Why the agreement ended; it stands in the log."""


def hand_over(tx: Tx, application_id: UUID, name: str, *, by: Actor, at: datetime) -> Application:
    """Give a request to another approver of the provider; empty gives it back to all of them.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState, NotAColleague.
    """
    application, listing, _ = to_decide(tx, application_id, by)
    if application.state is not ApplicationState.SUBMITTED:
        raise ApplicationNotInState(str(application_id), application.state.value)
    colleagues = {
        one.name: one.id
        for one in approvers_of(tx, listing.provider_id)
        if one.id != application.applied_by
    }
    if name and name not in colleagues:
        raise NotAColleague(name[:100])
    handed = replace(application, assigned_to=colleagues.get(name))
    store.update_application(tx, handed)
    facts = {"assigned_to": handed.assigned_to}
    record(tx, moved(EventKind.APPLICATION_HANDED, handed, listing, facts, by=by, at=at))
    return handed


def undo(tx: Tx, application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Take back the answer that `by` gave a moment ago; the request waits as before.

    What was concluded by it ends in the same moment. Whoever read already used the answer.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState, UndoTooLate, AlreadyUsed.
    """
    application, listing, _ = to_decide(tx, application_id, by)
    assert by.user_id is not None, "an approver is a person"
    waiting = application.undo(by=by.user_id, at=at)
    if application.agreement_id is not None:
        if store.was_read(tx, application.agreement_id):
            raise AlreadyUsed
        agree.end(tx, application.agreement_id, reason=UNDONE, by=by, at=at)
    store.update_application(tx, waiting)
    facts = {"state": application.state.value}
    record(tx, moved(EventKind.APPLICATION_UNDONE, waiting, listing, facts, by=by, at=at))
    return waiting
