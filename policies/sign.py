"""Sign an agreement in the name of both sides, and hand out the file that proves it.

Source: docs/decisions/0039-both-sides-sign.md; 电子签名法 art. 13.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from policies.agreement import Agreement
from policies.attest import head_over
from policies.canonical import Plain, canonical_text
from policies.database import Tx
from policies.errors import AgreementNotSigned, NoSuchLeaf
from policies.events import Event, EventKind
from policies.evidence.agreement_proof import DOCUMENT_HASH_FACT
from policies.evidence.bundle import PartySignature, SignedAgreement, build_agreement_file
from policies.log import inclusion_proof_of_leaf, leaf_of_event
from policies.party import Actor
from policies.record import record
from policies.seal import KeyRing, sha256_hex
from policies.store import agreement_documents as store
from policies.store import organization_keys as key_store


def sign(
    tx: Tx, keys: KeyRing, agreement: Agreement, document: dict[str, Plain], *, by: Actor
) -> SignedAgreement:
    """Sign the document of an agreement in the moment in which it is concluded.

    The consumer's decision is that of whoever asked or accepted, the provider's that of whoever
    granted, listed the offer or signed the standing release; `agreement.accepted_by` names them.

    Raises: SigningKeyAway.
    """
    at, body = agreement.concluded_at, canonical_text(document)
    # In one order, whoever provides: two agreements between the same two then wait, not block.
    parties = sorted((agreement.provider_id, agreement.consumer_id))
    signers = {party: keys.organization_signer(tx, party, at) for party in parties}
    provider, consumer = signers[agreement.provider_id], signers[agreement.consumer_id]
    signed = SignedAgreement(
        body=body,
        terms=agreement.terms,
        provider=PartySignature(provider.kid, provider.sign(body.encode())),
        consumer=PartySignature(consumer.kid, consumer.sign(body.encode())),
    )
    event_id = record(
        tx,
        Event(
            kind=EventKind.AGREEMENT_SIGNED,
            at=at,
            actor=by,
            organization_id=agreement.consumer_id,
            dataset_id=agreement.dataset_id,
            subject_id=agreement.id,
            facts={
                "provider_id": agreement.provider_id,
                DOCUMENT_HASH_FACT: sha256_hex(body.encode()),
                "provider_kid": provider.kid,
                "consumer_kid": consumer.kid,
            },
        ),
    )
    store.insert_document(tx, agreement.id, signed, event_id)
    return signed


def document_sha256(tx: Tx, agreement_id: UUID) -> str | None:
    """SHA-256 over what both sides signed; None for an agreement that nobody signed."""
    found = store.get_document(tx, agreement_id)
    return sha256_hex(found[0].body.encode()) if found else None


def agreement_file(tx: Tx, keys: KeyRing, agreement_id: UUID, *, at: datetime) -> bytes:
    """The file that proves an agreement to anybody, without the exchange.

    Raises: AgreementNotSigned for an agreement of before agreements were signed; LogDamaged,
    SigningKeyAway.
    """
    found = store.get_document(tx, agreement_id)
    if found is None:
        raise AgreementNotSigned(agreement_id)
    signed, event_id = found
    head = head_over(tx, keys, event_id, at)
    size = head.head.tree_size
    leaf = leaf_of_event(tx, event_id)
    if leaf is None:
        raise NoSuchLeaf(size)
    signers = [
        key
        for kid in (signed.provider.kid, signed.consumer.kid)
        if (key := key_store.get_key(tx, kid)) is not None
    ]
    return build_agreement_file(
        signed,
        signers,
        leaf.body,
        inclusion_proof_of_leaf(tx, leaf.leaf_index, size),
        head,
        keys.public_keys(tx),
    )
