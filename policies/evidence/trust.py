"""Whether keys and signatures in a file of evidence hang together, and on what.

Nothing in a file is believed because the file says so. What everything hangs on is the name of the
log: the thumbprint of its first key, which endorsed the next one, and so on. A forger can write a
log of their own, but only under another name. So the answer says which name was trusted, and why.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.errors import N_
from policies.evidence.bundle import AgreementFile, BundledKey, HeadFile
from policies.evidence.ed25519 import is_signed
from policies.evidence.organization_key import endorsed_organization_body
from policies.evidence.signing_key import KeyPurpose, endorsed_body, kid_of
from policies.evidence.tree_head import SignedTreeHead, TreeHead
from policies.evidence.verification import Check, CheckName, failed, passed


def keys_check(keys: Mapping[str, BundledKey], log_id: str, used: set[str]) -> Check:
    """Whether keys are what their names say, and each one used was endorsed by the log's first."""
    for key in keys.values():
        if kid_of(key.public_key) != key.kid:
            message = N_("Key {kid} is not the key that its name belongs to.")
            return failed(CheckName.KEYS, message, kid=key.kid)
    for kid in sorted(used):
        if log_id not in _endorsers(keys, kid):
            message = N_("Nothing shows that key {kid} belongs to log {log_id}.")
            return failed(CheckName.KEYS, message, kid=kid, log_id=log_id)
    message = N_("Every key used was endorsed, step by step, by the first key of log {log_id}.")
    return passed(CheckName.KEYS, message, log_id=log_id)


def trust_check(
    keys: Mapping[str, BundledKey],
    signed: SignedTreeHead,
    kept: HeadFile | None,
    trusted_kid: str | None,
) -> Check:
    """Whether the log is the one that the reader knows, and how they know it."""
    log_id = signed.head.log_id
    if trusted_kid is not None:
        if trusted_kid in _endorsers(keys, signed.kid):
            message = N_("Key {kid}, which you trust, stands behind this log.")
            return passed(CheckName.TRUST, message, kid=trusted_kid)
        message = N_("Key {kid}, which you trust, does not stand behind this log.")
        return failed(CheckName.TRUST, message, kid=trusted_kid)
    if kept is not None:
        kept_id = kept.signed_head.head.log_id
        if kept_id == log_id:
            message = N_("The log is {log_id}, the one of the head that you kept.")
            return passed(CheckName.TRUST, message, log_id=log_id)
        message = N_("The log is {log_id}, but the head that you kept is of log {kept_id}.")
        return failed(CheckName.TRUST, message, log_id=log_id, kept_id=kept_id)
    message = N_(
        "The keys come from this file alone. Compare the name of the log, {log_id}, with the one "
        "that the exchange publishes."
    )
    return passed(CheckName.TRUST, message, log_id=log_id)


def head_check(keys: Mapping[str, BundledKey], signed: SignedTreeHead) -> Check:
    """Whether a key of the log signed the head that a file carries."""
    if _is_head_signed(keys, signed):
        message = N_("The exchange signed the log of {tree_size} entries at {timestamp}.")
        return passed(CheckName.HEAD, message, **_head_facts(signed.head))
    message = N_("The signature under the log of {tree_size} entries at {timestamp} is wrong.")
    return failed(CheckName.HEAD, message, **_head_facts(signed.head))


def old_head_check(kept: HeadFile) -> Check:
    """Whether a key of its log signed the head that the reader kept."""
    signed = kept.signed_head
    if _is_head_signed(kept.keys, signed) and signed.head.log_id in _endorsers(
        kept.keys, signed.kid
    ):
        message = N_("The head that you kept, of {tree_size} entries at {timestamp}, is signed.")
        return passed(CheckName.OLD_HEAD, message, **_head_facts(signed.head))
    message = N_("The head that you kept, of {tree_size} entries at {timestamp}, is not signed.")
    return failed(CheckName.OLD_HEAD, message, **_head_facts(signed.head))


def is_signed_by(
    keys: Mapping[str, BundledKey], kid: str, purpose: KeyPurpose, body: str, signature: bytes
) -> bool:
    """Whether the key of that name, which is for that purpose, signed `body`."""
    key = keys.get(kid)
    return (
        key is not None
        and key.purpose is purpose
        and is_signed(body.encode(), signature, key.public_key)
    )


def organization_key_check(
    file: AgreementFile, name: CheckName, kid: str, organization_id: str
) -> Check:
    """Whether the key of one side is what its name says, and the log's key gave it to that side."""
    key = file.organization_keys.get(kid)
    endorser = file.keys.get(key.endorsed_by) if key else None
    log_id = file.signed_head.head.log_id
    if (
        key is not None
        and endorser is not None
        and endorser.purpose is KeyPurpose.LOG
        and kid_of(key.public_key) == kid
        and key.organization_id == organization_id
        and log_id in _endorsers(file.keys, endorser.kid)
        and is_signed(
            endorsed_organization_body(organization_id, key.public_key, key.retire_at),
            key.endorsement,
            endorser.public_key,
        )
    ):
        message = N_("Key {kid} was endorsed for organisation {organization_id} by log {log_id}.")
        return passed(name, message, kid=kid, organization_id=organization_id, log_id=log_id)
    message = N_("Nothing shows that key {kid} is that of organisation {organization_id}.")
    return failed(name, message, kid=kid, organization_id=organization_id)


def _endorsers(keys: Mapping[str, BundledKey], kid: str) -> list[str]:
    """`kid` and the keys behind it, as far as each endorsement is well signed by a log's key."""
    found: list[str] = []
    while kid not in found:
        key = keys.get(kid)
        endorser = keys.get(key.endorsed_by) if key else None
        if key is None or endorser is None or endorser.purpose is not KeyPurpose.LOG:
            return found
        body = endorsed_body(key.purpose, key.public_key, key.retire_at)
        if not is_signed(body, key.endorsement, endorser.public_key):
            return found
        found.append(kid)
        kid = endorser.kid
    return found


def _is_head_signed(keys: Mapping[str, BundledKey], signed: SignedTreeHead) -> bool:
    return is_signed_by(keys, signed.kid, KeyPurpose.LOG, signed.head.body(), signed.signature)


def _head_facts(head: TreeHead) -> dict[str, str | int]:
    return {"tree_size": head.tree_size, "timestamp": head.timestamp.isoformat(timespec="seconds")}
