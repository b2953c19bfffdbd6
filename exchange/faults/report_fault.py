"""Say that data is wrong, and answer that: accepted, corrected in a version, or refused with words.

Anybody who has signed in may ask about what they may see. The department answers, the asker never
does. What was agreed is shown to everybody who received the version, beside their receipts.

Source: 政务数据共享条例 art. 26 par. 2 (X032).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID, uuid4

from catalog.find import dataset_with_id, datasets_with_ids, stored_version, versions_of
from catalog.version import Version, VersionState
from exchange.access import VERSION_MARK, decide_access, find_target
from exchange.errors import NotYourPart
from exchange.faults import store
from exchange.faults.errors import (
    FaultAnswered,
    FaultNotFound,
    NoClaim,
    NoSuchPlace,
    NotThatVersion,
    OwnFault,
    PlaceTooLong,
    TooManyFaults,
    UnknownSaying,
)
from exchange.faults.fault import (
    CLAIM_CHARACTERS_MAX,
    OPEN_OF_PERSON_AND_DATASET_MAX,
    OPEN_OF_PERSON_MAX,
    OVERDUE_MAX,
    PLACE_CHARACTERS_MAX,
    RUNNING,
    SHOWN_MAX,
    WORKING_DAYS,
    Fault,
    FaultId,
    FaultState,
    Saying,
)
from policies.access import Action
from policies.calendar import china_day, due_date
from policies.database import Tx
from policies.errors import NotSignedIn
from policies.events import Edge, Event, EventKind
from policies.party import Actor, Role
from policies.record import record
from policies.roles import can_publish_for, can_supervise
from policies.terms import OrganizationId


def report_fault(
    tx: Tx,
    name: str,
    *,
    claim: str,
    column: str = "",
    place: str = "",
    version: str = "",
    by: Actor,
    at: datetime,
) -> Fault:
    """Ask the department of a dataset to check what is in it.

    `version` is a number; empty is what the caller reads now.

    Raises: NotSignedIn, NoSuchData, VersionWithdrawn, NoClaim, PlaceTooLong, NoSuchPlace,
    TooManyFaults.
    """
    if by.user_id is None:
        raise NotSignedIn
    told, where = _words(claim), place.strip()
    if len(where) > PLACE_CHARACTERS_MAX or "\0" in where:
        raise PlaceTooLong(PLACE_CHARACTERS_MAX)
    target = find_target(tx, f"{name}{VERSION_MARK}{version}" if version else name, by=by)
    access = decide_access(tx, target, Action.PREVIEW, purpose=None, by=by, at=at)
    shown = access.view.visible([held.name for held in target.version.columns])
    if column and column not in shown:
        raise NoSuchPlace(column[:100])
    store.lock_asker(tx, by.user_id)
    in_all, of_dataset = store.running_counts(tx, by.user_id, target.dataset.id)
    if in_all >= OPEN_OF_PERSON_MAX or of_dataset >= OPEN_OF_PERSON_AND_DATASET_MAX:
        raise TooManyFaults(max(of_dataset, 1) if in_all < OPEN_OF_PERSON_MAX else in_all)
    fault = Fault(
        id=FaultId(uuid4()),
        dataset_id=target.dataset.id,
        version_id=target.version.id,
        version_number=target.version.number,
        column=column,
        place=where,
        claim=told,
        asked_by=by.user_id,
        asker_id=by.organization.id if by.organization else None,
        asked_at=at,
        due=due_date(china_day(at), WORKING_DAYS),
    )
    store.insert_fault(tx, fault)
    _record(tx, EventKind.FAULT_REPORTED, fault, target.dataset.publisher_id, by, at)
    return fault


def answer(
    tx: Tx,
    fault_id: FaultId,
    *,
    said: str,
    words: str,
    version: str = "",
    by: Actor,
    at: datetime,
) -> Fault:
    """Accept, correct (in the version of that number) or refuse; for the department alone.

    Raises: FaultNotFound, OwnFault, FaultAnswered, UnknownSaying, NoClaim,
    NotThatVersion.
    """
    store.lock_fault(tx, fault_id)
    asked, publisher_id = _owned(tx, fault_id, by)
    if asked.asked_by == by.user_id:
        raise OwnFault
    if asked.state not in RUNNING:
        raise FaultAnswered
    try:
        saying = Saying(said)
    except ValueError:
        raise UnknownSaying from None
    answered = replace(asked, answer=_words(words), answered_by=by.user_id, answered_at=at)
    match saying:
        case Saying.ACCEPT:
            answered = replace(answered, state=FaultState.ACCEPTED)
        case Saying.REFUSE:
            answered = replace(answered, state=FaultState.REFUSED)
        case Saying.CORRECT:
            newer = _corrected(tx, asked, version, by)
            answered = replace(
                answered,
                state=FaultState.CORRECTED,
                corrected_version_id=newer.id,
                corrected_number=newer.number,
            )
    store.update_answer(tx, answered)
    _record(tx, EventKind.FAULT_ANSWERED, answered, publisher_id, by, at)
    return answered


def get_fault(tx: Tx, fault_id: FaultId, *, by: Actor) -> Fault:
    """A ticket, for who asked, the department, and supervisors.

    Raises: FaultNotFound.
    """
    found = store.get_fault(tx, fault_id)
    if found is None:
        raise FaultNotFound
    is_own = by.user_id is not None and found.asked_by == by.user_id
    if not (is_own or can_supervise(by) or _answers(tx, found, by)):
        raise FaultNotFound
    return found


def may_answer(tx: Tx, fault: Fault, *, by: Actor) -> bool:
    """Whether `by` is one who could answer it now."""
    is_running = fault.state in RUNNING and fault.asked_by != by.user_id
    return is_running and _answers(tx, fault, by)


def faults_of(tx: Tx, name: str, *, by: Actor) -> list[Fault]:
    """Tickets about a dataset that the caller may see: all for its department and supervisors,
    else the caller's own.

    Raises: NoSuchData.
    """
    dataset = find_target(tx, name, by=by).dataset
    found = store.faults_of_dataset(tx, dataset.id, limit=SHOWN_MAX)
    if can_supervise(by) or _is_department(by, dataset.publisher_id):
        return found
    return [one for one in found if by.user_id is not None and one.asked_by == by.user_id]


def own_faults(tx: Tx, *, by: Actor) -> list[Fault]:
    """What the caller asked about datasets that are still there for them, newest first."""
    if by.user_id is None:
        return []
    asked = store.faults_of_person(tx, by.user_id, limit=SHOWN_MAX)
    seen = {held.id for held in datasets_with_ids(tx, [one.dataset_id for one in asked], by=by)}
    return [one for one in asked if one.dataset_id in seen]


def faults_waiting(tx: Tx, *, by: Actor) -> list[Fault]:
    """Tickets that `by` could answer, the most urgent first."""
    departments = [
        held.organization_id
        for held in by.memberships
        if held.organization_id is not None and held.role in (Role.PUBLISHER, Role.APPROVER)
    ]
    if not departments:
        return []
    waiting = store.running_of_publishers(tx, departments, limit=SHOWN_MAX)
    return [one for one in waiting if one.asked_by != by.user_id]


def overdue_at(
    tx: Tx, publisher_ids: Sequence[OrganizationId], *, by: Actor, today: date
) -> list[Fault]:
    """Tickets of these departments whose clock has certainly run out; for supervisors.

    Raises: NotYourPart.
    """
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)
    waiting = store.running_of_publishers(tx, publisher_ids, limit=OVERDUE_MAX)
    return [one for one in waiting if one.is_overdue(today)]


def agreed_about(tx: Tx, version_ids: Sequence[UUID]) -> list[Fault]:
    """What departments agreed to be wrong in these versions: for those who received them."""
    return store.agreed_about_versions(tx, version_ids, limit=SHOWN_MAX) if version_ids else []


def receipts_with_agreed(tx: Tx, receipt_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the caller's receipts stand over data that is known to be wrong."""
    return store.receipts_with_agreed(tx, receipt_ids) if receipt_ids else set()


def receipts_touched(tx: Tx, fault: Fault) -> int:
    """How many receipts stand over the version that a ticket is about."""
    return store.receipts_touched(tx, fault.version_id)


def newer_versions(tx: Tx, fault: Fault, *, by: Actor) -> list[Version]:
    """Published versions that could hold the fault, newest first."""
    held = stored_version(tx, fault.version_id)
    return [
        version
        for version in versions_of(tx, held.dataset, [held.distribution.id], by=by)
        if version.state is VersionState.PUBLISHED and version.number > fault.version_number
    ]


def _words(text: str) -> str:
    told = text.strip()
    if not 1 <= len(told) <= CLAIM_CHARACTERS_MAX or "\0" in told:
        raise NoClaim(CLAIM_CHARACTERS_MAX)
    return told


def _corrected(tx: Tx, asked: Fault, version: str, by: Actor) -> Version:
    for newer in newer_versions(tx, asked, by=by):
        if str(newer.number) == version.strip():
            return newer
    raise NotThatVersion(asked.version_number)


def _owned(tx: Tx, fault_id: FaultId, by: Actor) -> tuple[Fault, OrganizationId]:
    found = store.get_fault(tx, fault_id)
    if found is None or not _answers(tx, found, by):
        raise FaultNotFound
    return found, dataset_with_id(tx, found.dataset_id, by=by).publisher_id


def _answers(tx: Tx, fault: Fault, by: Actor) -> bool:
    if not any(held.role in (Role.PUBLISHER, Role.APPROVER, Role.ADMIN) for held in by.memberships):
        return False
    return _is_department(by, stored_version(tx, fault.version_id).dataset.publisher_id)


def _is_department(by: Actor, publisher_id: OrganizationId) -> bool:
    return can_publish_for(by, publisher_id) or by.holds(Role.APPROVER, publisher_id)


def _record(
    tx: Tx,
    kind: EventKind,
    fault: Fault,
    publisher_id: OrganizationId,
    by: Actor,
    at: datetime,
) -> None:
    """Names and words of people stand apart, so that they can be erased."""
    newer = fault.corrected_version_id
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=publisher_id,
            dataset_id=fault.dataset_id,
            subject_id=fault.id,
            facts={
                "version_id": fault.version_id,
                "column": fault.column,
                "state": fault.state,
                "due_on": fault.due.day,
                "corrected_version_id": newer,
            },
            edges=(
                (Edge(f"version:{fault.version_id}", f"version:{newer}", "correct"),)
                if newer is not None
                else ()
            ),
            personal={"claim": fault.claim, "answer": fault.answer},
        ),
    )
