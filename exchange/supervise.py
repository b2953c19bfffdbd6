"""See what goes on in the exchange, and stop it: for the regulator and the bureau.

Every look is an event like any other, so those who watch are watched too.

Source: 政务数据共享条例 art. 27, 38-41; exchange design, supervision.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from exchange.decision import StoredDecision
from exchange.errors import NothingToTrace, NotYourPart
from exchange.oversight import Counts
from exchange.store import decisions as decision_store
from exchange.store import oversight as store
from exchange.trace import record_look
from policies import freeze, history
from policies.calendar import china_day
from policies.database import Tx
from policies.events import RecordedEvent
from policies.freeze_order import Freeze, FreezeTarget
from policies.party import Actor, Role
from policies.roles import can_supervise

OVERVIEW_DAYS = 30
PAGE_MAX = 200


def overview(tx: Tx, *, by: Actor, at: datetime) -> Counts:
    """The figures of the last thirty days.

    Raises: NotYourPart.
    """
    _check(by)
    record_look(tx, "overview", None, by=by, at=at)
    return store.counts(tx, since=at - timedelta(days=OVERVIEW_DAYS), at=at, today=china_day(at))


def search_decisions(
    tx: Tx,
    *,
    dataset_id: UUID | None = None,
    organization_id: UUID | None = None,
    is_allowed: bool | None = None,
    before: datetime | None = None,
    limit: int = PAGE_MAX,
    by: Actor,
    at: datetime,
) -> list[StoredDecision]:
    """Decisions, newest first; a condition that is None does not count.

    Raises: NotYourPart.
    """
    _check(by)
    record_look(tx, "decisions", dataset_id or organization_id, by=by, at=at)
    return decision_store.search_decisions(
        tx,
        dataset_id=dataset_id,
        organization_id=organization_id,
        is_allowed=is_allowed,
        before=before or at + timedelta(seconds=1),
        limit=min(limit, PAGE_MAX),
    )


def events(
    tx: Tx,
    *,
    dataset_id: UUID | None = None,
    organization_id: UUID | None = None,
    subject_id: UUID | None = None,
    actor_id: UUID | None = None,
    before: int | None = None,
    limit: int = PAGE_MAX,
    by: Actor,
    at: datetime,
) -> list[RecordedEvent]:
    """The log of one thing, newest first; the first of the conditions that is given counts.

    Where none is given, the whole log in its own order, from leaf `before` on.

    Raises: NotYourPart.
    """
    _check(by)
    record_look(tx, "events", dataset_id or organization_id or subject_id or actor_id, by=by, at=at)
    limit = min(limit, PAGE_MAX)
    if dataset_id is not None:
        return history.events_of_dataset(tx, dataset_id, before=before, limit=limit)
    if organization_id is not None:
        return history.events_of_organization(tx, organization_id, before=before, limit=limit)
    if subject_id is not None:
        return history.events_of_subject(tx, subject_id, before=before, limit=limit)
    if actor_id is not None:
        return history.events_of_actor(tx, actor_id, before=before, limit=limit)
    return history.changes_from(tx, before or 0, limit=limit)


def place_freeze(
    tx: Tx, target_kind: FreezeTarget, target_id: UUID, *, reason: str, by: Actor, at: datetime
) -> Freeze:
    """Freeze something that exists; no read succeeds from this commit on.

    Raises: NothingToTrace, MayNotFreeze, ReasonMissing, AlreadyFrozen, FreezeNotRenewable.
    """
    if can_supervise(by) and not store.target_exists(tx, target_kind, target_id):
        raise NothingToTrace(f"{target_kind}:{target_id}")
    return freeze.place(tx, target_kind, target_id, reason=reason, by=by, at=at)


def freezes(tx: Tx, *, by: Actor, at: datetime) -> list[Freeze]:
    """The freezes in force; recorded as a look.

    Raises: NotYourPart.
    """
    _check(by)
    record_look(tx, "freezes", None, by=by, at=at)
    return freeze.freezes_in_force(tx, at)


def _check(by: Actor) -> None:
    if not can_supervise(by):
        raise NotYourPart(Role.REGULATOR)
