"""Conclude an agreement, find it, suspend it and take it up again, and end it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from policies.agreement import (
    Agreement,
    AgreementState,
    Suspension,
    check_in_force,
    check_terms,
)
from policies.database import Tx
from policies.errors import (
    AgreementEnded,
    AgreementNotFound,
    AgreementNotSuspended,
    AgreementSuspended,
    NotAParty,
    NotTheSuspender,
)
from policies.events import Event, EventKind, JsonValue, moment_text
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_approve_for, can_supervise
from policies.store import agreements as store

AGREEMENTS_PAGE_MAX = 500


def conclude(tx: Tx, agreement: Agreement, *, by: Actor) -> Agreement:
    """Conclude `agreement`, which both sides accepted in exactly these terms.

    Whether the standards let it be concluded is judged before, by the clauses of the profile that
    it names; whether its listing stands is known to the caller.

    Raises: AgreementWithOneself, AgreementTermOutOfOrder.
    """
    check_terms(agreement)
    store.insert_agreement(tx, agreement)
    record(
        tx,
        _event(
            EventKind.AGREEMENT_CONCLUDED,
            agreement,
            by=by,
            at=agreement.concluded_at,
            facts={
                "regime": agreement.regime,
                "purpose": agreement.purpose,
                "actions": sorted(agreement.actions),
                "terms_sha256": agreement.terms_sha256,
                "profile_id": agreement.profile_id,
                "profile_hash": agreement.profile_hash,
                "starts_at": moment_text(agreement.starts_at),
                "ends_at": moment_text(agreement.ends_at),
                "accepted_by": agreement.accepted_by,
            },
        ),
    )
    return agreement


def end(tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime) -> Agreement:
    """End an agreement before its time; nothing is read under it from this commit on.

    Raises: AgreementNotFound, NotAParty, AgreementEnded, ReasonMissing.
    """
    reason = check_reason(reason)
    agreement = store.lock_agreement(tx, agreement_id)
    if agreement is None:
        raise AgreementNotFound(agreement_id)
    if not _may_end(by, agreement):
        raise NotAParty(agreement_id)
    if agreement.state is AgreementState.ENDED or agreement.ends_at <= at:
        raise AgreementEnded(agreement_id, agreement.ended_at or agreement.ends_at)
    store.end_agreement(tx, agreement_id, ended_at=at, reason=reason)
    ended = replace(agreement, state=AgreementState.ENDED, ended_at=at, end_reason=reason)
    record(
        tx,
        _event(EventKind.AGREEMENT_ENDED, ended, by=by, at=at, facts={"reason": reason}),
    )
    return ended


def suspend(tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime) -> Agreement:
    """Stop all reading under an agreement until it is taken up again; its term runs on.

    Raises: AgreementNotFound, NotTheSuspender, AgreementEnded, AgreementSuspended, ReasonMissing.
    Source: 政务数据共享条例 art. 27; X134.
    """
    reason = check_reason(reason)
    agreement = _running(tx, agreement_id, at)
    if by.user_id is None or not may_suspend(by, agreement):
        raise NotTheSuspender(agreement_id)
    if agreement.state is AgreementState.SUSPENDED:
        raise AgreementSuspended(agreement_id)
    suspension = Suspension(at, by.user_id, reason, is_by_supervisor=can_supervise(by))
    store.suspend_agreement(tx, agreement_id, suspension)
    suspended = replace(agreement, state=AgreementState.SUSPENDED, suspension=suspension)
    kind = EventKind.AGREEMENT_SUSPENDED
    record(tx, _event(kind, suspended, by=by, at=at, facts={"reason": reason}))
    return suspended


def resume(tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime) -> Agreement:
    """Take a suspended agreement up again, its cause being closed.

    Raises: AgreementNotFound, NotTheSuspender, AgreementEnded, AgreementNotSuspended,
    ReasonMissing.
    """
    reason = check_reason(reason)
    agreement = _running(tx, agreement_id, at)
    if by.user_id is None or not may_suspend(by, agreement):
        raise NotTheSuspender(agreement_id)
    if agreement.suspension is None:
        raise AgreementNotSuspended(agreement_id)
    if agreement.suspension.is_by_supervisor and not can_supervise(by):
        raise NotTheSuspender(agreement_id)
    store.resume_agreement(tx, agreement_id)
    resumed = replace(agreement, state=AgreementState.ACTIVE, suspension=None)
    kind = EventKind.AGREEMENT_RESUMED
    record(tx, _event(kind, resumed, by=by, at=at, facts={"reason": reason}))
    return resumed


def may_suspend(by: Actor, agreement: Agreement) -> bool:
    """Whether somebody may suspend this agreement, as its provider or as a supervisor."""
    return can_approve_for(by, agreement.provider_id) or can_supervise(by)


def _running(tx: Tx, agreement_id: UUID, at: datetime) -> Agreement:
    """The agreement, held until the transaction ends, with time left.

    Raises: AgreementNotFound, AgreementEnded.
    """
    agreement = store.lock_agreement(tx, agreement_id)
    if agreement is None:
        raise AgreementNotFound(agreement_id)
    if agreement.state is AgreementState.ENDED or agreement.ends_at <= at:
        raise AgreementEnded(agreement_id, agreement.ended_at or agreement.ends_at)
    return agreement


def get_agreement(tx: Tx, agreement_id: UUID) -> Agreement:
    """The agreement of that id, whatever became of it.

    Raises: AgreementNotFound.
    """
    agreement = store.get_agreement(tx, agreement_id)
    if agreement is None:
        raise AgreementNotFound(agreement_id)
    return agreement


def agreement_in_force(tx: Tx, agreement_id: UUID, at: datetime) -> Agreement:
    """The agreement of that id, which holds at that moment.

    A freeze is not looked at here: `policies.freeze.frozen_targets` is asked for all targets of an
    access at once.

    Raises: AgreementNotFound, AgreementEnded, AgreementSuspended, AgreementNotStarted.
    """
    agreement = get_agreement(tx, agreement_id)
    check_in_force(agreement, at)
    return agreement


def agreements_in_force(
    tx: Tx, *, consumer_id: UUID, dataset_id: UUID, at: datetime
) -> list[Agreement]:
    """What a consumer may rely on for a dataset now, the agreement ending last first."""
    return store.agreements_in_force(tx, consumer_id, dataset_id, at)


def agreements_in_time(
    tx: Tx, *, consumer_id: UUID, dataset_id: UUID, at: datetime
) -> list[Agreement]:
    """A consumer's agreements on a dataset whose time runs, suspended ones last."""
    return store.agreements_in_time(tx, consumer_id, dataset_id, at)


def count_in_force(tx: Tx, at: datetime) -> int:
    """How many agreements are in force at that moment."""
    return store.count_in_force(tx, at)


def in_force_after(tx: Tx, after: UUID | None, *, at: datetime, limit: int) -> list[Agreement]:
    """Agreements in force at that moment, by id, behind one of them; None begins."""
    return store.in_force_after(tx, after, at=at, limit=limit)


def agreements_of_party(tx: Tx, organization_id: UUID) -> list[Agreement]:
    """Agreements in which an organisation provides or consumes, newest first."""
    return store.agreements_of_party(tx, organization_id, limit=AGREEMENTS_PAGE_MAX)


def _may_end(by: Actor, agreement: Agreement) -> bool:
    return (
        by.holds(Role.APPROVER, agreement.provider_id)
        or by.holds(Role.BUYER, agreement.consumer_id)
        or by.holds_anywhere(Role.BUREAU)
        or by.holds_anywhere(Role.REGULATOR)
    )


def _event(
    kind: EventKind, agreement: Agreement, *, by: Actor, at: datetime, facts: dict[str, JsonValue]
) -> Event:
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=agreement.consumer_id,
        dataset_id=agreement.dataset_id,
        subject_id=agreement.id,
        facts={
            "listing_id": agreement.listing_id,
            "provider_id": agreement.provider_id,
            **facts,
        },
    )
