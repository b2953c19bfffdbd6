"""Stop all that a target gives or takes: one person at once, a second person to make it last.

Source: docs/decisions/0007-a-freeze-works-at-once.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from policies.database import Tx
from policies.errors import (
    AlreadyFrozen,
    FreezeConfirmedBefore,
    FreezeNotFound,
    FreezeNotInForce,
    FreezeNotRenewable,
    MayNotFreeze,
    SecondPersonNeeded,
)
from policies.events import Event, EventKind, JsonValue, moment_text
from policies.freeze_order import LAPSES_AFTER, RENEWAL_BAR, Freeze, FreezeTarget
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.store import freezes as store
from policies.terms import UserId

FREEZES_PAGE_MAX = 500


def place(
    tx: Tx, target_kind: FreezeTarget, target_id: UUID, *, reason: str, by: Actor, at: datetime
) -> Freeze:
    """Freeze a target from this commit on; it lapses after 72 hours unless somebody confirms it.

    Whether the target exists is known to the caller, whose package holds it.

    Raises: MayNotFreeze, ReasonMissing, AlreadyFrozen, FreezeNotRenewable.
    """
    placed_by = _supervisor(by)
    reason = check_reason(reason)
    store.lock_target(tx, target_id)
    for earlier in store.freezes_of_target(tx, target_id, limit=FREEZES_PAGE_MAX):
        if earlier.is_in_force(at):
            raise AlreadyFrozen(earlier.id)
        if _bars(earlier, placed_by, at):
            raise FreezeNotRenewable(RENEWAL_BAR.days)
    freeze = Freeze(
        id=uuid4(),
        target_kind=target_kind,
        target_id=target_id,
        reason=reason,
        placed_by=placed_by,
        placed_at=at,
        lapses_at=at + LAPSES_AFTER,
    )
    store.insert_freeze(tx, freeze)
    facts: dict[str, JsonValue] = {"reason": reason, "lapses_at": moment_text(freeze.lapses_at)}
    record(tx, _event(EventKind.FREEZE_PLACED, freeze, by=by, at=at, facts=facts))
    return freeze


def confirm(tx: Tx, freeze_id: UUID, *, by: Actor, at: datetime) -> Freeze:
    """Make a freeze last until it is lifted; takes somebody other than the one who placed it.

    Raises: MayNotFreeze, FreezeNotFound, FreezeNotInForce, FreezeConfirmedBefore,
    SecondPersonNeeded.
    """
    confirmed_by = _supervisor(by)
    freeze = _in_force(tx, freeze_id, at)
    if freeze.is_confirmed:
        raise FreezeConfirmedBefore(freeze_id)
    if freeze.placed_by == confirmed_by:
        raise SecondPersonNeeded(freeze_id)
    store.confirm_freeze(tx, freeze_id, confirmed_by=confirmed_by, at=at)
    confirmed = replace(freeze, confirmed_by=confirmed_by, confirmed_at=at)
    record(tx, _event(EventKind.FREEZE_CONFIRMED, confirmed, by=by, at=at, facts={}))
    return confirmed


def lift(tx: Tx, freeze_id: UUID, *, reason: str, by: Actor, at: datetime) -> Freeze:
    """End a freeze; takes somebody other than the one who placed it.

    Raises: MayNotFreeze, ReasonMissing, FreezeNotFound, FreezeNotInForce, SecondPersonNeeded.
    """
    lifted_by = _supervisor(by)
    reason = check_reason(reason)
    freeze = _in_force(tx, freeze_id, at)
    if freeze.placed_by == lifted_by:
        raise SecondPersonNeeded(freeze_id)
    store.lift_freeze(tx, freeze_id, lifted_by=lifted_by, reason=reason, at=at)
    lifted = replace(freeze, lifted_by=lifted_by, lifted_at=at, lift_reason=reason)
    record(tx, _event(EventKind.FREEZE_LIFTED, lifted, by=by, at=at, facts={"reason": reason}))
    return lifted


def frozen_targets(tx: Tx, target_ids: Collection[UUID], at: datetime) -> frozenset[UUID]:
    """Those of `target_ids`, of whatever kind, on which a freeze is in force at that moment."""
    return store.frozen_targets(tx, target_ids, at)


def freezes_of_target(tx: Tx, target_id: UUID) -> list[Freeze]:
    """Every freeze there was of one target, newest first."""
    return store.freezes_of_target(tx, target_id, limit=FREEZES_PAGE_MAX)


def freezes_in_force(tx: Tx, at: datetime) -> list[Freeze]:
    """Every freeze that holds now: those that lapse soonest first, then the confirmed ones."""
    return store.freezes_in_force(tx, at, limit=FREEZES_PAGE_MAX)


def _supervisor(by: Actor) -> UserId:
    if by.user_id is None or not (
        by.holds_anywhere(Role.REGULATOR) or by.holds_anywhere(Role.BUREAU)
    ):
        raise MayNotFreeze
    return by.user_id


def _bars(earlier: Freeze, placed_by: UserId, at: datetime) -> bool:
    """Whether an earlier freeze lapsed unconfirmed, by the same person, and lately.

    Otherwise one person could freeze for ever, 72 hours at a time.
    """
    return (
        earlier.placed_by == placed_by
        and not earlier.is_confirmed
        and earlier.lifted_at is None
        and at < earlier.lapses_at + RENEWAL_BAR
    )


def _in_force(tx: Tx, freeze_id: UUID, at: datetime) -> Freeze:
    freeze = store.lock_freeze(tx, freeze_id)
    if freeze is None:
        raise FreezeNotFound(freeze_id)
    if not freeze.is_in_force(at):
        raise FreezeNotInForce(freeze_id)
    return freeze


def _event(
    kind: EventKind, freeze: Freeze, *, by: Actor, at: datetime, facts: dict[str, JsonValue]
) -> Event:
    target = freeze.target_id
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=target if freeze.target_kind is FreezeTarget.ORGANIZATION else None,
        dataset_id=target if freeze.target_kind is FreezeTarget.DATASET else None,
        subject_id=target,
        facts={"freeze_id": freeze.id, "target_kind": freeze.target_kind, **facts},
    )
