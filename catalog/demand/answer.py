"""A department's answer to a wish: it will publish, it exists here, or a law stands against it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from catalog import find
from catalog.audience import may_approve_for, may_publish_for
from catalog.demand import store
from catalog.demand.ask import department_named
from catalog.demand.data_request import (
    DETAIL_LENGTH_CHARACTERS,
    PROMISE_DAYS_MAX,
    TITLE_LENGTH_CHARACTERS,
    DataRequest,
    DataRequestId,
    DataRequestState,
    folded,
    plain,
)
from catalog.demand.errors import (
    AnswererNeeded,
    AskedAgain,
    DataRequestAnswered,
    DataRequestNotFound,
    PromiseInThePast,
    RefusalNeedsBasis,
)
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor
from policies.record import record
from policies.roles import can_set_standards


def may_answer(by: Actor, request: DataRequest) -> bool:
    """Whether `by` acts for the department that was asked, or is the bureau."""
    if by.is_anonymous or by.is_program:
        return False
    if can_set_standards(by):
        return True
    department_id = request.department_id
    if department_id is None:
        return False
    return may_publish_for(by, department_id) or may_approve_for(by, department_id)


def promise(
    tx: Tx,
    request_id: DataRequestId,
    words: str = "",
    *,
    on: date,
    by: Actor,
    at: datetime,
) -> DataRequest:
    """Say by which day it will be published.

    Raises: DataRequestNotFound, AnswererNeeded, DataRequestAnswered, PromiseInThePast, WishUnclear.
    """
    request = _to_answer(tx, request_id, by)
    today = china_day(at)
    last = today + timedelta(days=PROMISE_DAYS_MAX)
    if not today <= on <= last:
        raise PromiseInThePast(today, last)
    answered = replace(
        request,
        state=DataRequestState.PROMISED,
        answer=plain("answer", words, DETAIL_LENGTH_CHARACTERS, is_needed=False),
        promised_on=on,
        answered_at=at,
    )
    return _keep(tx, answered, {"promised_on": on}, by=by, at=at)


def point_to(
    tx: Tx, request_id: DataRequestId, slug: str, words: str = "", *, by: Actor, at: datetime
) -> DataRequest:
    """Say which dataset holds it; also after a promise, once that is kept.

    Raises: DataRequestNotFound, AnswererNeeded, DataRequestAnswered, DatasetNotFound, WishUnclear.
    """
    request = _to_answer(tx, request_id, by, also=DataRequestState.PROMISED)
    dataset = find.dataset_named(tx, slug.strip(), by=by)
    answered = replace(
        request,
        state=DataRequestState.MET,
        answer=plain("answer", words, DETAIL_LENGTH_CHARACTERS, is_needed=False),
        dataset_id=dataset.id,
        answered_at=at,
    )
    return _keep(tx, answered, {"dataset_id": dataset.id}, by=by, at=at)


def refuse(
    tx: Tx,
    request_id: DataRequestId,
    words: str,
    *,
    legal_basis: str,
    by: Actor,
    at: datetime,
) -> DataRequest:
    """Say why not, citing a legal text of the list.

    Raises: DataRequestNotFound, AnswererNeeded, DataRequestAnswered, RefusalNeedsBasis,
    WishUnclear.
    """
    request = _to_answer(tx, request_id, by)
    if legal_basis not in {basis.id for basis in profile_in_force(at).legal_bases}:
        raise RefusalNeedsBasis
    answered = replace(
        request,
        state=DataRequestState.REFUSED,
        answer=plain("answer", words, DETAIL_LENGTH_CHARACTERS),
        legal_basis=legal_basis,
        answered_at=at,
    )
    return _keep(tx, answered, {"legal_basis": legal_basis}, by=by, at=at)


def hand_on(
    tx: Tx, request_id: DataRequestId, department: str, *, by: Actor, at: datetime
) -> DataRequest:
    """Give a wish to the department that it belongs to; its clock runs on.

    Raises: DataRequestNotFound, AnswererNeeded, DataRequestAnswered, OrganizationNotFound,
    NotADepartment.
    """
    request = _to_answer(tx, request_id, by)
    handed = replace(request, department_id=department_named(tx, department).id)
    store.update_data_request(tx, handed, by=None)
    facts: dict[str, JsonValue] = {"from": request.department_id}
    _tell(tx, EventKind.DEMAND_ROUTED, handed, facts, by=by, at=at)
    return handed


def hide(tx: Tx, request_id: DataRequestId, *, reason: str, by: Actor, at: datetime) -> DataRequest:
    """Take a wish that does not belong there off the board; an empty reason shows it again.

    Raises: DataRequestNotFound, AnswererNeeded, WishUnclear, AskedAgain.
    """
    request = store.lock_data_request(tx, request_id)
    if request is None:
        raise DataRequestNotFound
    if not may_answer(by, request):
        raise AnswererNeeded
    why = plain("reason", reason, TITLE_LENGTH_CHARACTERS, is_needed=False)
    is_shown_again = bool(request.hidden_reason) and not why
    if is_shown_again and request.is_open and store.open_id_of(tx, folded(request.title)):
        raise AskedAgain
    hidden = replace(request, hidden_reason=why)
    store.update_data_request(tx, hidden, by=None)
    _tell(tx, EventKind.DEMAND_MODERATED, hidden, {"is_hidden": bool(why)}, by=by, at=at)
    return hidden


def _to_answer(
    tx: Tx,
    request_id: DataRequestId,
    by: Actor,
    *,
    also: DataRequestState = DataRequestState.OPEN,
) -> DataRequest:
    request = store.lock_data_request(tx, request_id)
    if request is None or (request.hidden_reason and not may_answer(by, request)):
        raise DataRequestNotFound
    if not may_answer(by, request):
        raise AnswererNeeded
    if request.state not in (DataRequestState.OPEN, also):
        raise DataRequestAnswered
    return request


def _keep(
    tx: Tx, answered: DataRequest, facts: dict[str, JsonValue], *, by: Actor, at: datetime
) -> DataRequest:
    store.update_data_request(tx, answered, by=by.user_id)
    facts = {"state": answered.state.value, **facts}
    _tell(tx, EventKind.DEMAND_ANSWERED, answered, facts, by=by, at=at)
    return answered


def _tell(
    tx: Tx,
    kind: EventKind,
    request: DataRequest,
    facts: dict[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=request.department_id,
            dataset_id=request.dataset_id,
            subject_id=request.id,
            facts=facts,
        ),
    )
