"""Ask the city for data that it does not offer, and join those who asked already."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from catalog.demand import store
from catalog.demand.cover import Cover, Department, covers, words_of
from catalog.demand.data_request import (
    ASKED_A_DAY_MAX,
    DETAIL_LENGTH_CHARACTERS,
    TITLE_LENGTH_CHARACTERS,
    DataRequest,
    DataRequestId,
    folded,
    plain,
)
from catalog.demand.errors import (
    DataRequestAnswered,
    DataRequestNotFound,
    NotADepartment,
    TooManyWishes,
)
from policies.calendar import DueDate, china_day, due_date
from policies.database import Tx
from policies.decision.clause import ClockName
from policies.decision.profile import profile_in_force
from policies.events import Event, EventKind
from policies.identity.authenticate import check_signed_in
from policies.identity.people import list_organizations, organization_named
from policies.official_calendar import working_days
from policies.party import UNOWNED, Actor, Organization, OrganizationKind
from policies.record import record
from policies.roles import check_person
from policies.terms import OrganizationId

WORKING_DAYS = 15
"""Where the profile in force sets no clock."""
PROPOSED_MAX = 5

_DAY = timedelta(days=1)
_ASKED_KINDS = (OrganizationKind.DEPARTMENT, OrganizationKind.OPERATOR, OrganizationKind.BUREAU)


def propose_departments(tx: Tx, wish: str) -> list[Cover]:
    """The departments whose duties, name, themes or data cover a wish, best first."""
    words = words_of(wish)
    if not words:
        return []
    stated: defaultdict[OrganizationId, list[str]] = defaultdict(list)
    for organization_id, duty in store.duties(tx):
        stated[organization_id].append(duty)
    departments = [
        Department(one.id, f"{one.title.zh} {one.title.en}", tuple(stated[one.id]))
        for one in departments_to_ask(tx)
    ]
    return covers(wish, departments, store.words_held(tx, words))[:PROPOSED_MAX]


def departments_to_ask(tx: Tx) -> list[Organization]:
    """The organisations that can be asked for data, by name in addresses."""
    found: list[Organization] = []
    for kind in _ASKED_KINDS:
        after = ""
        while page := list_organizations(tx, kind=kind, after=after):
            found += [one for one in page if one.id != UNOWNED]
            after = page[-1].slug
    return sorted(found, key=lambda one: one.slug)


def ask(
    tx: Tx,
    title: str,
    detail: str = "",
    *,
    department: str | None = None,
    by: Actor,
    at: datetime,
) -> DataRequest:
    """Ask for data; who asks for what is asked for already joins instead.

    `department` is the slug of the one to be asked; None takes the one that covers it best.

    Raises: SignInNeeded, PersonNeeded, WishUnclear, NotADepartment, OrganizationNotFound,
    TooManyWishes.
    """
    user_id = check_signed_in(by)
    check_person(by)
    words = " ".join(plain("title", title, TITLE_LENGTH_CHARACTERS).split())
    more = plain("detail", detail, DETAIL_LENGTH_CHARACTERS, is_needed=False)
    known = store.open_id_of(tx, folded(words))
    if known is not None:
        return join(tx, known, by=by, at=at)
    if store.asked_since(tx, user_id, at - _DAY) >= ASKED_A_DAY_MAX:
        raise TooManyWishes(ASKED_A_DAY_MAX)
    request_id = store.insert_data_request(
        tx,
        title=words,
        folded=folded(words),
        detail=more,
        department_id=_department_id(tx, f"{words}\n{more}", department),
        due=_due(tx, at),
        by=user_id,
        at=at,
    )
    if request_id is None:
        # Somebody asked for the same at this very moment.
        known = store.open_id_of(tx, folded(words))
        if known is None:
            raise DataRequestNotFound
        return join(tx, known, by=by, at=at)
    store.insert_join(tx, request_id, by=user_id, at=at)
    asked = store.get_data_request(tx, request_id)
    assert asked is not None
    record(
        tx,
        Event(
            kind=EventKind.DEMAND_ASKED,
            at=at,
            actor=by,
            organization_id=asked.department_id,
            subject_id=asked.id,
            facts={"due_on": asked.due.day},
        ),
    )
    return asked


def join(tx: Tx, request_id: DataRequestId, *, by: Actor, at: datetime) -> DataRequest:
    """Ask for the same; once only.

    Raises: SignInNeeded, PersonNeeded, DataRequestNotFound, DataRequestAnswered.
    """
    user_id = check_signed_in(by)
    check_person(by)
    _open(tx, request_id)
    store.insert_join(tx, request_id, by=user_id, at=at)
    return _found(tx, request_id)


def leave(tx: Tx, request_id: DataRequestId, *, by: Actor) -> DataRequest:
    """No longer ask for it.

    Raises: SignInNeeded, DataRequestNotFound, DataRequestAnswered.
    """
    user_id = check_signed_in(by)
    _open(tx, request_id)
    store.delete_join(tx, request_id, by=user_id)
    return _found(tx, request_id)


def department_named(tx: Tx, slug: str) -> Organization:
    """The department of that name, if it can be asked for data.

    Raises: OrganizationNotFound, NotADepartment.
    """
    found = organization_named(tx, slug)
    if found.kind not in _ASKED_KINDS or found.id == UNOWNED:
        raise NotADepartment(slug)
    return found


def _department_id(tx: Tx, wish: str, named: str | None) -> OrganizationId | None:
    if named:
        return department_named(tx, named).id
    proposed = propose_departments(tx, wish)
    return proposed[0].department_id if proposed else None


def overdue_count(tx: Tx, *, at: datetime) -> int:
    """How many open wishes are past their day; a provisional day is never past."""
    return store.overdue_count(tx, china_day(at))


def reckon_again(tx: Tx) -> int:
    """Reckon provisional days of open wishes again, from the start of their clocks; how many."""
    moved = store.provisional(tx)
    for request_id, asked_at in moved:
        store.set_due(tx, request_id, _due(tx, asked_at))
    return len(moved)


def _due(tx: Tx, at: datetime) -> DueDate:
    clock = profile_in_force(at).clock(ClockName.NEW_DEMAND)
    return due_date(china_day(at), clock.working_days if clock else WORKING_DAYS, working_days(tx))


def _open(tx: Tx, request_id: DataRequestId) -> None:
    found = _found(tx, request_id)
    if found.hidden_reason:
        raise DataRequestNotFound
    if not found.is_open:
        raise DataRequestAnswered


def _found(tx: Tx, request_id: DataRequestId) -> DataRequest:
    found = store.get_data_request(tx, request_id)
    if found is None:
        raise DataRequestNotFound
    return found
