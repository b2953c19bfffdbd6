"""A receipt 用数凭证: what was delivered to whom, of which data, by which decision, for how much.

Its canonical text is signed, and its hash stands in the logged event, so it proves itself offline.
Receipts of one agreement form a chain: each names the one before it.

Source: exchange design, receipts and log; X123, X124.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from exchange.price import MonthUse, PaidPart, PriceValue
from policies.access import Action
from policies.canonical import Plain, canonical_text, to_plain
from policies.events import moment_text
from policies.terms import (
    AgreementId,
    DatasetId,
    ListingId,
    MicroCredits,
    OrganizationId,
    Purpose,
    Regime,
    UserId,
    VersionId,
)

RECEIPT_FORMAT = "weir-receipt-body/1"

READABLE_FOR = timedelta(hours=24)
"""A delivered result can be read again for so long, free of charge."""


class DeliveryRegime(StrEnum):
    """Under what data was delivered: one of the three regimes, or a provider's own reading."""

    SHARE = "share"
    OPEN = "open"
    TRADE = "trade"
    OWN = "own"

    @classmethod
    def of(cls, regime: Regime | None) -> DeliveryRegime:
        """The word for a listing's regime; None is the provider's own reading."""
        return cls.OWN if regime is None else cls(regime.value)


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """One dataset that a receipt covers."""

    dataset_id: DatasetId
    version_id: VersionId
    version_digest: str
    provider_id: OrganizationId
    regime: DeliveryRegime
    listing_id: ListingId | None
    """None where the provider's own people read."""
    agreement_id: AgreementId | None
    """None where no agreement is needed."""
    terms_sha256: str | None
    previous_sha256: str | None
    """Hash of the receipt before this one under the same agreement; None for the first."""
    view_fingerprint: str
    decision_id: UUID
    rule_ids: tuple[str, ...]
    report_id: UUID | None
    """The quality report of the version; None where it was never assessed."""
    price: Mapping[str, PriceValue]
    units: int
    """What the price counts: rows, deliveries or megabytes."""
    charge: MicroCredits
    fee: MicroCredits
    """The exchange's part of the charge."""
    hold_id: UUID | None
    """The ledger's hold that the charge was posted against; None where nothing costs."""
    month: MonthUse | None = None
    """What was used of the month before it; None where the price does not ask."""
    parts: tuple[PaidPart, ...] = ()
    """What of the charge went to others than the provider and the exchange."""

    def as_plain(self) -> dict[str, Plain]:
        """The item as it is signed."""
        return {
            "dataset_id": str(self.dataset_id),
            "version_id": str(self.version_id),
            "version_digest": self.version_digest,
            "provider_id": str(self.provider_id),
            "regime": self.regime.value,
            "listing_id": _text(self.listing_id),
            "agreement_id": _text(self.agreement_id),
            "terms_sha256": self.terms_sha256,
            "previous_sha256": self.previous_sha256,
            "view_fingerprint": self.view_fingerprint,
            "decision_id": str(self.decision_id),
            "rule_ids": [*self.rule_ids],
            "report_id": _text(self.report_id),
            "price": to_plain(self.price),
            "units": self.units,
            "charge_microcredits": self.charge,
            "fee_microcredits": self.fee,
            "hold_id": _text(self.hold_id),
            **({"month": {**self.month.as_json()}} if self.month else {}),
            **({"parts": [{**one.as_json()} for one in self.parts]} if self.parts else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One delivery, which may cover several datasets."""

    id: UUID
    created_at: datetime
    action: Action
    user_id: UserId | None
    """None: an anonymous visitor."""
    consumer_id: OrganizationId | None
    """None: a person or visitor who acts for no organisation."""
    token_id: str | None
    purpose: Purpose | None
    question_sha256: str
    columns: tuple[str, ...]
    row_count: int
    size_bytes: int
    media_type: str
    result_sha256: str
    profile_id: str
    profile_hash: str
    policy_hash: str
    items: tuple[ReceiptItem, ...]

    @property
    def charge(self) -> MicroCredits:
        """What the delivery cost altogether."""
        return MicroCredits(sum(item.charge for item in self.items))

    def body(self) -> str:
        """The canonical text that is signed and hashed."""
        return canonical_text(
            {
                "format": RECEIPT_FORMAT,
                "id": str(self.id),
                "at": moment_text(self.created_at),
                "action": self.action.value,
                "user_id": _text(self.user_id),
                "consumer_id": _text(self.consumer_id),
                "token_id": self.token_id,
                "purpose": self.purpose.value if self.purpose else None,
                "question_sha256": self.question_sha256,
                "columns": [*self.columns],
                "row_count": self.row_count,
                "size_bytes": self.size_bytes,
                "media_type": self.media_type,
                "result_sha256": self.result_sha256,
                "profile_id": self.profile_id,
                "profile_hash": self.profile_hash,
                "policy_hash": self.policy_hash,
                "lineage": [*sorted(f"version:{item.version_id}" for item in self.items)],
                "items": [item.as_plain() for item in self.items],
                "charge_microcredits": self.charge,
            }
        )


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt as it stands in the database."""

    id: UUID
    created_at: datetime
    action: str
    user_id: UUID | None
    consumer_id: UUID | None
    row_count: int
    size_bytes: int
    result_sha256: str
    charge: MicroCredits
    body: str
    body_sha256: str
    kid: str
    signature: bytes
    event_id: int


@dataclass(frozen=True, slots=True)
class ResultFile:
    """Where a delivered result lies, and until when it can be read again."""

    receipt_id: UUID
    path: str
    """Relative to the folder of results."""
    media_type: str
    readable_until: datetime


def _text(value: object) -> str | None:
    return None if value is None else str(value)
