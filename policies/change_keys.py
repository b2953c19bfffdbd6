"""Change signing keys before their time: one administrator proposes, another one confirms.

The next key is made, endorsed and published with the proposal, so that other programs know it
before it signs. What a replaced key signed stays good; a key that was lost to others is declared
dead, and its tokens end with it.

Source: docs/decisions/0014-keys-change-by-two-people.md.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import assert_never
from uuid import UUID, uuid4

from policies.database import Tx
from policies.errors import (
    KeyActNotFound,
    KeyActSettled,
    KeyActWaits,
    KeyInUse,
    NotAdministrator,
    SecondAdministratorNeeded,
    SigningKeyUnknown,
)
from policies.events import Event, EventKind
from policies.evidence.signing_key import KeyPurpose, KeyState
from policies.key_act import KeyAct, KeyActKind, KeyActState
from policies.party import Actor
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_administer
from policies.seal import KeyRing
from policies.store import key_acts as store
from policies.store import keys as key_store
from policies.terms import UserId

ACTS_SHOWN_MAX = 50


def propose_rotation(
    tx: Tx, keys: KeyRing, purpose: KeyPurpose, *, reason: str, by: Actor, at: datetime
) -> KeyAct:
    """Make the next key known; it signs once a second administrator confirms.

    Raises: NotAdministrator, ReasonMissing, KeyActWaits, SigningKeyAway.
    """
    proposed_by, reason = _administrator(by), check_reason(reason)
    if store.is_proposed(tx, purpose):
        raise KeyActWaits(purpose)
    kid = keys.mint_next(tx, purpose, by=by, at=at)
    if kid is None:
        raise KeyActWaits(purpose)
    act = KeyAct(uuid4(), KeyActKind.ROTATE, purpose, kid, reason, proposed_by, at)
    return _propose(tx, act, by=by)


def propose_burial(tx: Tx, kid: str, *, reason: str, by: Actor, at: datetime) -> KeyAct:
    """Propose that a replaced key is dead, because others may hold its private half.

    Raises: NotAdministrator, ReasonMissing, SigningKeyUnknown, KeyInUse, KeyActWaits.
    """
    proposed_by, reason = _administrator(by), check_reason(reason)
    key = key_store.get_key(tx, kid)
    if key is None:
        raise SigningKeyUnknown(kid)
    if key.state is not KeyState.OLD:
        raise KeyInUse(kid)
    act = KeyAct(uuid4(), KeyActKind.BURY, key.purpose, kid, reason, proposed_by, at)
    return _propose(tx, act, by=by)


def confirm(tx: Tx, act_id: UUID, *, by: Actor, at: datetime) -> KeyAct:
    """Do what was proposed; takes an administrator other than the one who proposed it.

    Raises: NotAdministrator, KeyActNotFound, KeyActSettled, SecondAdministratorNeeded.
    """
    confirmed_by = _administrator(by)
    act = _waiting(tx, act_id)
    if act.proposed_by == confirmed_by:
        raise SecondAdministratorNeeded(act_id)
    match act.kind:
        case KeyActKind.ROTATE:
            current = key_store.current_key(tx, act.purpose)
            if current is not None:
                key_store.move_key(tx, current.kid, KeyState.CURRENT, KeyState.OLD)
            key_store.move_key(tx, act.kid, KeyState.NEXT, KeyState.CURRENT)
            kind = EventKind.KEY_ROTATED
        case KeyActKind.BURY:
            key_store.move_key(tx, act.kid, KeyState.OLD, KeyState.DEAD)
            kind = EventKind.KEY_BURIED
        case _:
            assert_never(act.kind)
    return _settle(tx, act, KeyActState.CONFIRMED, kind, by=by, at=at)


def withdraw(tx: Tx, act_id: UUID, *, by: Actor, at: datetime) -> KeyAct:
    """Let a proposal fall; one administrator may, also the one who proposed it.

    A next key that never signed anything is dead with it.

    Raises: NotAdministrator, KeyActNotFound, KeyActSettled.
    """
    _administrator(by)
    act = _waiting(tx, act_id)
    if act.kind is KeyActKind.ROTATE:
        key_store.move_key(tx, act.kid, KeyState.NEXT, KeyState.DEAD)
    return _settle(tx, act, KeyActState.WITHDRAWN, EventKind.KEY_ACT_WITHDRAWN, by=by, at=at)


def key_acts(tx: Tx, *, by: Actor) -> list[KeyAct]:
    """What was done to keys and what waits, newest first; for administrators.

    Raises: NotAdministrator.
    """
    _administrator(by)
    return store.newest_acts(tx, limit=ACTS_SHOWN_MAX)


def _administrator(by: Actor) -> UserId:
    if by.user_id is None or not can_administer(by):
        raise NotAdministrator
    return by.user_id


def _propose(tx: Tx, act: KeyAct, *, by: Actor) -> KeyAct:
    if not store.insert_act(tx, act):
        raise KeyActWaits(act.purpose)
    record(tx, _event(EventKind.KEY_ACT_PROPOSED, act, by=by, at=act.proposed_at))
    return act


def _waiting(tx: Tx, act_id: UUID) -> KeyAct:
    act = store.lock_act(tx, act_id)
    if act is None:
        raise KeyActNotFound
    if act.state is not KeyActState.PROPOSED:
        raise KeyActSettled(act_id)
    return act


def _settle(
    tx: Tx, act: KeyAct, state: KeyActState, kind: EventKind, *, by: Actor, at: datetime
) -> KeyAct:
    settled_by = _administrator(by)
    store.settle_act(tx, act.id, state, by=settled_by, at=at)
    record(tx, _event(kind, act, by=by, at=at))
    return replace(act, state=state, settled_by=settled_by, settled_at=at)


def _event(kind: EventKind, act: KeyAct, *, by: Actor, at: datetime) -> Event:
    return Event(
        kind=kind,
        at=at,
        actor=by,
        subject_id=act.id,
        facts={
            "act": act.kind,
            "purpose": act.purpose,
            "kid": act.kid,
            "reason": act.reason,
            "proposed_by": act.proposed_by,
        },
    )
