"""Ask a provider to check shared data, and report back what the check came to.

Source: 政务数据共享条例 art. 26.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from catalog.dataset import Dataset
from catalog.find import dataset_named, dataset_with_id
from exchange.application import FIELD_LENGTH_CHARACTERS
from exchange.correction import Correction, CorrectionOutcome
from exchange.errors import (
    CorrectionClosed,
    CorrectionNotFound,
    FieldTooLong,
    NoOrganization,
    NothingCorrected,
    NotYourPart,
)
from exchange.share_clocks import correction_due
from exchange.store import corrections as store
from exchange.store import listings as listing_store
from policies.agree import agreements_in_force
from policies.database import Tx
from policies.events import Edge, Event, EventKind, JsonValue
from policies.official_calendar import working_days
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import (
    can_apply_for,
    can_approve_for,
    can_publish_for,
    can_set_standards,
    can_supervise,
)
from policies.terms import OrganizationId


def ask_correction(
    tx: Tx, slug: str, *, record_reference: str, fault: str, by: Actor, at: datetime
) -> Correction:
    """Ask for data to be checked, as somebody who has an agreement on it.

    Raises: DatasetNotFound, NoOrganization, NotYourPart, ReasonMissing, FieldTooLong.
    """
    dataset = dataset_named(tx, slug, by=by)
    if by.organization is None or by.user_id is None:
        raise NoOrganization
    asker = by.organization.id
    held = agreements_in_force(tx, consumer_id=asker, dataset_id=dataset.id, at=at)
    if not held or not can_apply_for(by, asker):
        raise NotYourPart(Role.BUYER)
    asked = Correction(
        id=listing_store.new_id(tx),
        dataset_id=dataset.id,
        provider_id=dataset.publisher_id,
        asker_id=asker,
        asked_by=by.user_id,
        asked_at=at,
        record_reference=_bounded("record_reference", record_reference.strip()),
        fault=_bounded("fault", check_reason(fault)),
        due=correction_due(at, working_days(tx)),
    )
    store.insert_correction(tx, asked)
    record(tx, correction_event(asked, {"step": "asked"}, by=by, at=at))
    return asked


def close_correction(
    tx: Tx,
    correction_id: UUID,
    *,
    outcome: CorrectionOutcome,
    words: str,
    by: Actor,
    at: datetime,
) -> Correction:
    """Report back: a later version holds the right data, or it was right.

    Raises: CorrectionNotFound, NotYourPart, CorrectionClosed, ReasonMissing, FieldTooLong,
    NothingCorrected.
    """
    held = store.lock_correction(tx, correction_id)
    dataset = _dataset(tx, held, by)
    assert held is not None, "the dataset was found by it"
    if not _may_close(by, dataset.publisher_id):
        raise NotYourPart(Role.APPROVER)
    if held.outcome is not None:
        raise CorrectionClosed
    version_id = None
    if outcome is CorrectionOutcome.CORRECTED:
        version_id = store.newest_version_since(tx, held)
        if version_id is None:
            raise NothingCorrected
    closed = replace(
        held,
        outcome=outcome,
        outcome_words=_bounded("words", check_reason(words)),
        version_id=version_id,
        closed_by=by.user_id,
        closed_at=at,
    )
    store.update_correction(tx, closed)
    facts: dict[str, JsonValue] = {"step": outcome, "version_id": version_id}
    record(tx, correction_event(closed, facts, by=by, at=at))
    return closed


def get_correction(tx: Tx, correction_id: UUID, *, by: Actor) -> tuple[Correction, Dataset]:
    """A complaint with its dataset, for the two sides and for supervisors.

    Raises: CorrectionNotFound.
    """
    held = store.get_correction(tx, correction_id)
    dataset = _dataset(tx, held, by)
    assert held is not None, "the dataset was found by it"
    return held, dataset


def may_close(correction: Correction, *, by: Actor) -> bool:
    """Whether `by` reports back on it."""
    return correction.outcome is None and _may_close(by, correction.provider_id)


def corrections_waiting(tx: Tx, *, by: Actor) -> list[Correction]:
    """What waits for the check of the organisations of `by`; late ones also for the bureau."""
    own = [
        held.organization_id
        for held in by.memberships
        if held.organization_id is not None and held.role in (Role.PUBLISHER, Role.APPROVER)
    ]
    found = store.open_of(tx, own) if own else []
    if can_set_standards(by):
        found = list({one.id: one for one in [*found, *store.escalated(tx)]}.values())
    return found


def own_corrections(tx: Tx, *, by: Actor) -> list[Correction]:
    """What the organisations of `by` complained of, the newest first."""
    own = [
        held.organization_id
        for held in by.memberships
        if held.organization_id is not None and held.role in (Role.BUYER, Role.PUBLISHER)
    ]
    return store.asked_by(tx, own) if own else []


def correction_event(
    correction: Correction,
    facts: dict[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
) -> Event:
    """What happened to a complaint; a corrected version stands in its lineage."""
    edges: tuple[Edge, ...] = ()
    if correction.version_id is not None:
        source, target = f"dataset:{correction.dataset_id}", f"version:{correction.version_id}"
        edges = (Edge(source, target, f"correction:{correction.id}"),)
    return Event(
        kind=EventKind.CORRECTION_MOVED,
        at=at,
        actor=by,
        organization_id=correction.asker_id,
        dataset_id=correction.dataset_id,
        subject_id=correction.id,
        facts={"provider_id": correction.provider_id, "due_on": correction.due.day, **facts},
        edges=edges,
    )


def _may_close(by: Actor, publisher_id: OrganizationId) -> bool:
    return can_approve_for(by, publisher_id) or can_publish_for(by, publisher_id)


def _dataset(tx: Tx, correction: Correction | None, by: Actor) -> Dataset:
    if correction is None:
        raise CorrectionNotFound("")
    dataset = dataset_with_id(tx, correction.dataset_id, by=by)
    may_know = (
        can_apply_for(by, correction.asker_id)
        or _may_close(by, dataset.publisher_id)
        or can_supervise(by)
    )
    if not may_know:
        raise CorrectionNotFound(str(correction.id))
    return dataset


def _bounded(name: str, text: str) -> str:
    if len(text) > FIELD_LENGTH_CHARACTERS:
        raise FieldTooLong(name, FIELD_LENGTH_CHARACTERS)
    return text.replace("\0", "")
