"""A leaf of the log, and the proof that it is one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event at its place in the log."""

    leaf_index: int
    event_id: int
    leaf_hash: bytes
    body: str
    """Canonical text of the event; it is what was hashed, unless somebody changed it."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That a leaf is part of the tree of `tree_size` leaves. Source: RFC 9162 s. 2.1.3."""

    leaf_index: int
    tree_size: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of `new_size` leaves begins with that of `old_size`.

    Source: RFC 9162 s. 2.1.4.
    """

    old_size: int
    new_size: int
    hashes: tuple[bytes, ...]
