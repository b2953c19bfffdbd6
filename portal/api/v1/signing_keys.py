"""Signing keys: which there are, and their change by two administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from policies import change_keys
from policies.evidence.signing_key import KeyPurpose, KeyState, SigningKey
from policies.key_act import KeyAct, KeyActKind, KeyActState
from policies.reason import REASON_LENGTH_CHARACTERS
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/signing-keys", tags=["tokens"])

_Reason = Annotated[str, Field(max_length=REASON_LENGTH_CHARACTERS)]


class KeyBody(BaseModel):
    """The public half of a signing key."""

    kid: str
    purpose: KeyPurpose
    state: KeyState
    created_at: datetime
    retire_at: datetime
    endorsed_by: str


class ActBody(BaseModel):
    """A change of keys."""

    id: UUID
    kind: KeyActKind
    purpose: KeyPurpose
    kid: str
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    state: KeyActState
    settled_by: UUID | None
    settled_at: datetime | None


class KeysBody(BaseModel):
    """Keys, oldest first, and changes, newest first."""

    keys: list[KeyBody]
    changes: list[ActBody]


class NewRotation(BaseModel):
    """Which keys are to change, and why."""

    model_config = ConfigDict(extra="forbid")

    purpose: KeyPurpose
    reason: _Reason


class NewBurial(BaseModel):
    """Why a key is to be dead."""

    model_config = ConfigDict(extra="forbid")

    reason: _Reason


@router.get("")
def show_keys(request: Request) -> KeysBody:
    """Every signing key and what was done to them; for administrators."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        acts = change_keys.key_acts(tx, by=actor)
        keys = wiring.keys.public_keys(tx)
    return KeysBody(keys=[_key(one) for one in keys], changes=[_act(one) for one in acts])


@router.post("/rotations", status_code=201)
def propose_rotation(request: Request, wanted: NewRotation) -> ActBody:
    """Publish the next key; it signs once a second administrator confirms."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _act(
            change_keys.propose_rotation(
                tx,
                wiring.keys,
                wanted.purpose,
                reason=wanted.reason,
                by=actor,
                at=wiring.now(),
            )
        )


@router.post("/{kid}/burial", status_code=201)
def propose_burial(request: Request, kid: str, wanted: NewBurial) -> ActBody:
    """Propose that a replaced key is dead; a second administrator confirms."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _act(
            change_keys.propose_burial(tx, kid, reason=wanted.reason, by=actor, at=wiring.now())
        )


@router.post("/changes/{change_id}/confirm")
def confirm(request: Request, change_id: UUID) -> ActBody:
    """Do what somebody else proposed."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _act(change_keys.confirm(tx, change_id, by=actor, at=wiring.now()))


@router.post("/changes/{change_id}/withdraw")
def withdraw(request: Request, change_id: UUID) -> ActBody:
    """Let a proposal fall."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _act(change_keys.withdraw(tx, change_id, by=actor, at=wiring.now()))


def _key(key: SigningKey) -> KeyBody:
    return KeyBody(**{name: getattr(key, name) for name in KeyBody.model_fields})


def _act(act: KeyAct) -> ActBody:
    return ActBody(**{name: getattr(act, name) for name in ActBody.model_fields})
