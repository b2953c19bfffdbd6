"""A change of signing keys before their time, which takes two people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from policies.evidence.signing_key import KeyPurpose
from policies.terms import UserId


class KeyActKind(StrEnum):
    """What is done to a key."""

    ROTATE = "rotate"
    """The next key signs from now on; what the present one signed stays good."""
    BURY = "bury"
    """A key was lost to others: what it signed is worth nothing by itself."""


class KeyActState(StrEnum):
    """How far the act has come."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class KeyAct:
    """One change of keys, with everybody who had a hand in it."""

    id: UUID
    kind: KeyActKind
    purpose: KeyPurpose
    kid: str
    """The key that is to sign, or the one that is to be dead."""
    reason: str
    proposed_by: UserId
    proposed_at: datetime
    state: KeyActState = KeyActState.PROPOSED
    settled_by: UserId | None = None
    """Who confirmed or withdrew it; None while it is only proposed."""
    settled_at: datetime | None = None
