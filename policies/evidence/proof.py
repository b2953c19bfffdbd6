"""Check a receipt offline: that the exchange signed it, logged it, and never changed its log since.

Source: RFC 9162 s. 2.1; docs/receipts.md.
"""

from __future__ import annotations

import json
from hashlib import sha256

from policies.errors import N_
from policies.events import EventKind
from policies.evidence import merkle
from policies.evidence.bundle import ReceiptBundle, read_bundle, read_head_file
from policies.evidence.leaf import ConsistencyProof
from policies.evidence.signing_key import KeyPurpose
from policies.evidence.tree_head import TreeHead
from policies.evidence.trust import (
    head_check,
    is_signed_by,
    keys_check,
    old_head_check,
    trust_check,
)
from policies.evidence.verification import Check, CheckName, Verification, failed, passed

RECEIPT_HASH_FACT = "receipt_sha256"
"""The fact of a `data.delivered` event that names the receipt: SHA-256 over its body."""


def verify_receipt_file(
    data: bytes, *, old_head: bytes | None = None, trusted_kid: str | None = None
) -> Verification:
    """Check that a receipt was signed by the exchange and stands in its public log.

    `old_head` is a head file that the reader kept: the log must have grown from it. `trusted_kid`
    is the name of the log, or of any of its keys, as the reader knows it from elsewhere.

    Raises: UnreadableProof.
    """
    bundle = read_bundle(data)
    kept = read_head_file(old_head) if old_head is not None else None
    head = bundle.signed_head.head
    checks = [
        keys_check(bundle.keys, head.log_id, {bundle.signed_head.kid, bundle.receipt.kid}),
        trust_check(bundle.keys, bundle.signed_head, kept, trusted_kid),
        head_check(bundle.keys, bundle.signed_head),
        _receipt_check(bundle),
        _event_check(bundle),
        _inclusion_check(bundle),
    ]
    if kept is not None:
        checks.append(old_head_check(kept))
        checks.append(_growth_check(kept.signed_head.head, head, bundle.consistency))
    return Verification(head.log_id, head.tree_size, tuple(checks))


def _receipt_check(bundle: ReceiptBundle) -> Check:
    receipt = bundle.receipt
    if is_signed_by(bundle.keys, receipt.kid, KeyPurpose.RECEIPT, receipt.body, receipt.signature):
        return passed(CheckName.RECEIPT, N_("The exchange signed this receipt, word for word."))
    return failed(CheckName.RECEIPT, N_("The signature does not fit the words of this receipt."))


def _event_check(bundle: ReceiptBundle) -> Check:
    hashed = sha256(bundle.receipt.body.encode()).hexdigest()
    if _receipt_hash_of(bundle.event_body) == hashed:
        message = N_("The logged delivery names this receipt by its hash, {sha256}.")
        return passed(CheckName.EVENT, message, sha256=hashed)
    message = N_("The logged event does not name this receipt, whose hash is {sha256}.")
    return failed(CheckName.EVENT, message, sha256=hashed)


def _receipt_hash_of(event_body: str) -> object:
    """The receipt that a delivery names; None where it is no delivery or names none."""
    try:
        event = json.loads(event_body)
        fact: object = event["facts"][RECEIPT_HASH_FACT]
        return fact if event["kind"] == EventKind.DATA_DELIVERED else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _inclusion_check(bundle: ReceiptBundle) -> Check:
    head, inclusion = bundle.signed_head.head, bundle.inclusion
    facts = {"leaf_index": inclusion.leaf_index, "tree_size": head.tree_size}
    if inclusion.tree_size == head.tree_size and merkle.is_included(
        merkle.leaf_hash(bundle.event_body.encode()),
        inclusion.leaf_index,
        head.tree_size,
        inclusion.hashes,
        head.root_hash,
    ):
        message = N_("The delivery is entry {leaf_index} of the {tree_size} in the log.")
        return passed(CheckName.INCLUSION, message, **facts)
    message = N_("The delivery is not entry {leaf_index} of the {tree_size} in the log.")
    return failed(CheckName.INCLUSION, message, **facts)


def _growth_check(kept: TreeHead, head: TreeHead, proof: ConsistencyProof | None) -> Check:
    """Whether one log grew from the earlier head to the later; the kept one may be the later."""
    earlier, later = sorted((kept, head), key=lambda each: (each.timestamp, each.tree_size))
    sizes = {"old_size": earlier.tree_size, "new_size": later.tree_size}
    if later.tree_size < earlier.tree_size:
        message = N_("The log shrank from {old_size} to {new_size} entries: some were removed.")
        return failed(CheckName.GROWTH, message, **sizes)
    hashes: tuple[bytes, ...] = ()
    if 0 < earlier.tree_size < later.tree_size:
        if proof is None or (proof.old_size, proof.new_size) != (
            earlier.tree_size,
            later.tree_size,
        ):
            message = N_(
                "The file holds no proof from {old_size} to {new_size} entries. Download it again "
                "and name the size of the head that you kept."
            )
            return failed(CheckName.GROWTH, message, **sizes)
        hashes = proof.hashes
    if merkle.is_consistent(
        earlier.tree_size, earlier.root_hash, later.tree_size, later.root_hash, hashes
    ):
        message = N_("The log grew from {old_size} to {new_size} entries; no old one changed.")
        return passed(CheckName.GROWTH, message, **sizes)
    message = N_("The log of {new_size} entries does not continue that of {old_size}.")
    return failed(CheckName.GROWTH, message, **sizes)
