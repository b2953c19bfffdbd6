"""Agreements as both sides signed them."""

from __future__ import annotations

from uuid import UUID

from policies.database import Tx
from policies.evidence.bundle import PartySignature, SignedAgreement


def insert_document(tx: Tx, agreement_id: UUID, signed: SignedAgreement, event_id: int) -> None:
    """Keep the words of an agreement as both sides signed them."""
    tx.execute(
        """
        INSERT INTO policies.agreement_documents
            (agreement_id, body, provider_kid, provider_signature, consumer_kid,
             consumer_signature, event_id)
        VALUES
            (%(agreement_id)s, %(body)s, %(provider_kid)s, %(provider_signature)s,
             %(consumer_kid)s, %(consumer_signature)s, %(event_id)s)
        """,
        {
            "agreement_id": agreement_id,
            "body": signed.body,
            "provider_kid": signed.provider.kid,
            "provider_signature": signed.provider.signature,
            "consumer_kid": signed.consumer.kid,
            "consumer_signature": signed.consumer.signature,
            "event_id": event_id,
        },
    )


def get_document(tx: Tx, agreement_id: UUID) -> tuple[SignedAgreement, int] | None:
    """The signed words of an agreement and the event that tells of them; None: never signed."""
    row = tx.execute(
        """
        SELECT d.body, a.terms, d.provider_kid, d.provider_signature, d.consumer_kid,
               d.consumer_signature, d.event_id
          FROM policies.agreement_documents AS d
          JOIN policies.agreements AS a ON a.id = d.agreement_id
         WHERE d.agreement_id = %(agreement_id)s
        """,
        {"agreement_id": agreement_id},
    ).fetchone()
    if row is None:
        return None
    signed = SignedAgreement(
        body=row["body"],
        terms=row["terms"],
        provider=PartySignature(row["provider_kid"], row["provider_signature"]),
        consumer=PartySignature(row["consumer_kid"], row["consumer_signature"]),
    )
    return signed, int(row["event_id"])
