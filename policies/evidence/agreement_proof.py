"""Check an agreement offline: that both sides signed these words, and that the log tells of it.

Source: docs/receipts.md; 电子签名法 art. 13.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from policies.canonical import canonical_text
from policies.errors import N_
from policies.events import EventKind
from policies.evidence import merkle
from policies.evidence.bundle import AgreementFile, PartySignature, read_agreement_file
from policies.evidence.ed25519 import is_signed
from policies.evidence.trust import head_check, keys_check, organization_key_check, trust_check
from policies.evidence.verification import Check, CheckName, Verification, failed, passed

AGREEMENT_BODY_FORMAT: Final = "weir-agreement-body/1"
DOCUMENT_HASH_FACT: Final = "document_sha256"
"""The fact of an `agreement.signed` event that names the document: SHA-256 over its body."""
SECTIONS: Final = frozenset(
    {"data", "uses", "term", "roles", "security", "quality", "liability", "end"}
)
"""What every agreement settles. Source: X106."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What a body says of itself; empty where it says nothing that can be read."""

    terms_sha256: object = None
    agreement_id: object = None
    sections: Mapping[str, object] | None = None
    provider_id: str = ""
    consumer_id: str = ""


def verify_agreement_file(data: bytes, *, trusted_kid: str | None = None) -> Verification:
    """Check that both sides signed an agreement, with keys that the log endorsed.

    `trusted_kid` is the name of the log, or of any of its keys, as the reader knows it.

    Raises: UnreadableProof.
    """
    file = read_agreement_file(data)
    head, signed = file.signed_head.head, file.signed
    told = _told(signed.body)
    sides = (
        (CheckName.PROVIDER, signed.provider, told.provider_id),
        (CheckName.CONSUMER, signed.consumer, told.consumer_id),
    )
    checks = [
        keys_check(file.keys, head.log_id, {*file.keys}),
        trust_check(file.keys, file.signed_head, None, trusted_kid),
        head_check(file.keys, file.signed_head),
        _sections_check(told),
        _terms_check(signed.terms, told),
    ]
    for name, party, organization_id in sides:
        checks.append(organization_key_check(file, name, party.kid, organization_id))
        checks.append(_signature_check(file, name, party))
    checks += [_event_check(file, told), _inclusion_check(file)]
    return Verification(head.log_id, head.tree_size, tuple(checks))


def _told(body: str) -> _Told:
    try:
        plain = json.loads(body)
        if plain["format"] != AGREEMENT_BODY_FORMAT or canonical_text(plain) != body:
            return _Told()
        roles = plain["sections"]["roles"]
        return _Told(
            terms_sha256=plain["terms_sha256"],
            agreement_id=plain["agreement_id"],
            sections=dict(plain["sections"]),
            provider_id=str(roles["provider"]["id"]),
            consumer_id=str(roles["consumer"]["id"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return _Told()


def _sections_check(told: _Told) -> Check:
    if told.sections is not None and told.sections.keys() == SECTIONS:
        message = N_("The agreement settles its {count} sections, between two sides.")
        return passed(CheckName.SECTIONS, message, count=len(SECTIONS))
    return failed(CheckName.SECTIONS, N_("The agreement lacks one of its sections."))


def _terms_check(terms: str, told: _Told) -> Check:
    hashed = sha256(terms.encode()).hexdigest()
    if told.terms_sha256 == hashed:
        message = N_("The terms are those that were signed; their hash is {sha256}.")
        return passed(CheckName.TERMS, message, sha256=hashed)
    message = N_("The terms are not those that were signed; their hash is {sha256}.")
    return failed(CheckName.TERMS, message, sha256=hashed)


def _signature_check(file: AgreementFile, name: CheckName, party: PartySignature) -> Check:
    key = file.organization_keys.get(party.kid)
    is_good = key is not None and is_signed(
        file.signed.body.encode(), party.signature, key.public_key
    )
    if name is CheckName.PROVIDER:
        if is_good:
            return passed(name, N_("The provider signed this agreement, word for word."))
        return failed(name, N_("The provider's signature does not fit the words."))
    if is_good:
        return passed(name, N_("The consumer signed this agreement, word for word."))
    return failed(name, N_("The consumer's signature does not fit the words."))


def _event_check(file: AgreementFile, told: _Told) -> Check:
    hashed = sha256(file.signed.body.encode()).hexdigest()
    try:
        event = json.loads(file.event_body)
        is_told = (
            event["kind"] == EventKind.AGREEMENT_SIGNED
            and event["subject_id"] == told.agreement_id
            and event["facts"][DOCUMENT_HASH_FACT] == hashed
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        is_told = False
    if is_told:
        message = N_("The logged signing names this agreement by its hash, {sha256}.")
        return passed(CheckName.EVENT, message, sha256=hashed)
    message = N_("The logged event does not name this agreement, whose hash is {sha256}.")
    return failed(CheckName.EVENT, message, sha256=hashed)


def _inclusion_check(file: AgreementFile) -> Check:
    head, inclusion = file.signed_head.head, file.inclusion
    facts = {"leaf_index": inclusion.leaf_index, "tree_size": head.tree_size}
    if inclusion.tree_size == head.tree_size and merkle.is_included(
        merkle.leaf_hash(file.event_body.encode()),
        inclusion.leaf_index,
        head.tree_size,
        inclusion.hashes,
        head.root_hash,
    ):
        message = N_("The signing is entry {leaf_index} of the {tree_size} in the log.")
        return passed(CheckName.INCLUSION, message, **facts)
    message = N_("The signing is not entry {leaf_index} of the {tree_size} in the log.")
    return failed(CheckName.INCLUSION, message, **facts)
