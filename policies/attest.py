"""Make the file that proves one receipt to anybody, without a database and without an account."""

from __future__ import annotations

from datetime import datetime

from policies.database import Tx
from policies.errors import LogNotSigned, NoSuchLeaf
from policies.evidence.bundle import SignedReceipt, build_bundle
from policies.evidence.tree_head import SignedTreeHead
from policies.log import (
    consistency_proof,
    fresh_head,
    inclusion_proof_of_leaf,
    latest_head,
    leaf_of_event,
)
from policies.seal import KeyRing


def attest(
    tx: Tx,
    keys: KeyRing,
    receipt: SignedReceipt,
    event_id: int,
    *,
    at: datetime,
    known_size: int | None = None,
) -> bytes:
    """The bundle that proves `receipt`, whose delivery is event `event_id`.

    A receipt that is too young for the last signed head has one signed on demand. `known_size` is
    the size of the head that the reader keeps; the bundle then proves that the log grew from it.

    Raises: NoSuchLeaf where the log is that far behind, TreeSizeOutOfBounds for a `known_size` that
    the log never had, LogDamaged, SigningKeyAway.
    """
    signed = head_over(tx, keys, event_id, at)
    size = signed.head.tree_size
    leaf = leaf_of_event(tx, event_id)
    if leaf is None:
        raise NoSuchLeaf(size)
    return build_bundle(
        receipt,
        leaf.body,
        inclusion_proof_of_leaf(tx, leaf.leaf_index, size),
        signed,
        keys.public_keys(tx),
        consistency=consistency_proof(tx, known_size, size) if known_size is not None else None,
    )


def head_over(tx: Tx, keys: KeyRing, event_id: int, at: datetime) -> SignedTreeHead:
    """The newest signed head if it covers an event, else one that is signed now.

    Raises: LogDamaged, SigningKeyAway.
    """
    leaf = leaf_of_event(tx, event_id)
    if leaf is None:
        return fresh_head(tx, keys, at)
    try:
        latest = latest_head(tx)
    except LogNotSigned:
        return fresh_head(tx, keys, at)
    return latest if leaf.leaf_index < latest.head.tree_size else fresh_head(tx, keys, at)
