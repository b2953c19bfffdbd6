"""What happened, as it is written into the log: one event for every change, and its canonical body.

The body is the canonical JSON (RFC 8785) of an object with exactly these members, and its bytes are
the leaf of the Merkle tree:

    schema            1
    kind              an `EventKind`
    at                UTC with microseconds, "2026-11-22T09:00:00.000000Z"
    actor             {"user_id", "organization_id", "token_id"}, each text or null
    organization_id   the organisation that it concerns, or null
    dataset_id        the dataset that it concerns, or null
    subject_id        the version, listing, agreement, receipt, user ... that it tells of, or null
    facts             an object; no floats, and whole numbers only to 2**53
    edges             [{"source", "target", "by"}], lineage
    personal_sha256   SHA-256 over salt and personal fields, 64 hexadecimal digits, or null

Names of people and free text about them go into `personal`, never into `facts`: it is kept apart,
salted, and can be erased while the body keeps the hash.

Source: docs/decisions/0006-one-log-four-readings.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from policies.canonical import canonical_text, to_plain
from policies.party import Actor

SCHEMA = 1
SALT_LENGTH_BYTES = 32
PERSONAL_FIELDS_MAX = 20

JsonValue = (
    str | int | bool | UUID | date | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
)
"""What a fact may be: what JSON can say without a float; ids and times become text."""


class EventKind(StrEnum):
    """Everything that can happen. A new kind says in its change why no other one covers it."""

    ORGANIZATION_ADDED = "organization.added"
    ORGANIZATION_CHANGED = "organization.changed"
    USER_ADDED = "user.added"
    USER_CHANGED = "user.changed"
    ROLE_GRANTED = "role.granted"
    ROLE_WITHDRAWN = "role.withdrawn"
    DATASET_CREATED = "dataset.created"
    DATASET_CHANGED = "dataset.changed"
    DISTRIBUTION_UPLOADED = "distribution.uploaded"
    VERSION_CREATED = "version.created"
    VERSION_ASSESSED = "version.assessed"
    VERSION_WITHDRAWN = "version.withdrawn"
    """One version alone was taken back; readers are told why, and which one replaces it."""
    VERSIONS_REMOVED = "versions.removed"
    """Bytes of versions whose retention had ended were removed."""
    RETENTION_SET = "retention.set"
    """What is kept of a dataset's older versions was decided."""
    DATASET_SUBMITTED = "dataset.submitted"
    DATASET_RETURNED = "dataset.returned"
    DATASET_PUBLISHED = "dataset.published"
    DATASET_WITHDRAWN = "dataset.withdrawn"
    DATASET_REVIEWED = "dataset.reviewed"
    DATASET_TAKEN_UP = "dataset.taken_up"
    DATASET_PURGED = "dataset.purged"
    THEME_CHANGED = "theme.changed"
    VOCABULARY_CHANGED = "vocabulary.changed"
    TALK_POSTED = "talk.posted"
    TALK_MODERATED = "talk.moderated"
    DEMAND_ASKED = "demand.asked"
    DEMAND_ROUTED = "demand.routed"
    DEMAND_ANSWERED = "demand.answered"
    DEMAND_MODERATED = "demand.moderated"
    SOURCE_CHANGED = "source.changed"
    """Another catalogue was named to be taken in, or named anew; no dataset is touched by it."""
    SOURCE_APPROVED = "source.approved"
    """The standing decision under which records of a source are published."""
    HARVEST_APPLIED = "harvest.applied"
    HARVEST_UNDONE = "harvest.undone"
    CONNECTION_CHANGED = "connection.changed"
    """What feeds a distribution was named, changed, switched on, paused or taken away; neither the
    dataset nor its data is touched by it."""
    CONNECTION_FAILED = "connection.failed"
    """A source could not be read, so nothing arrived that another kind could tell of."""
    FAULT_REPORTED = "fault.reported"
    """Any reader says that data is wrong, of one version: a clock runs, which talk has not, and no
    agreement is needed, as `correction.moved` takes one."""
    FAULT_ANSWERED = "fault.answered"
    LISTING_PROPOSED = "listing.proposed"
    LISTING_OPENED = "listing.opened"
    LISTING_SUSPENDED = "listing.suspended"
    LISTING_WITHDRAWN = "listing.withdrawn"
    APPLICATION_SUBMITTED = "application.submitted"
    APPLICATION_DECIDED = "application.decided"
    APPLICATION_UNDONE = "application.undone"
    """An answer was taken back within its seconds: neither a new request nor an answer."""
    APPLICATION_HANDED = "application.handed"
    """A colleague has it in hand now; nothing of it changed."""
    APPLICATION_EXTENDED = "application.extended"
    """More days were asked for, consented to or denied; the law wants a notice of it."""
    APPLICATION_REMINDED = "application.reminded"
    APPLICATION_ESCALATED = "application.escalated"
    """A clock ran out; nobody acted, so no kind of an act tells of it."""
    DISPUTE_MOVED = "dispute.moved"
    CORRECTION_MOVED = "correction.moved"
    """A user asked for data to be checked, was answered, or the answer is late."""
    SHARE_HEAD_NAMED = "share_head.named"
    """Who releases an organisation's answers is no role: it is one person of its approvers."""
    AGREEMENT_CONCLUDED = "agreement.concluded"
    AGREEMENT_SIGNED = "agreement.signed"
    AGREEMENT_SUSPENDED = "agreement.suspended"
    AGREEMENT_RESUMED = "agreement.resumed"
    AGREEMENT_ENDED = "agreement.ended"
    TOKEN_ISSUED = "token.issued"  # noqa: S105 (the name of an event)
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 (the name of an event)
    CLIENT_MADE = "client.made"
    """A program's key draws tokens for as long as it lives, so its own life is told of."""
    CLIENT_ROTATED = "client.rotated"
    CLIENT_CAPPED = "client.capped"
    CLIENT_REVOKED = "client.revoked"
    PAYMENT_RECORDED = "payment.recorded"
    """Money in and out takes two people, so the log tells of each of them."""
    PAYMENT_WITHDRAWN = "payment.withdrawn"
    CREDIT_TOPPED_UP = "credit.topped_up"
    PAYOUT_ASKED = "payout.asked"
    PAYOUT_SENT = "payout.sent"
    PAYOUT_REFUSED = "payout.refused"
    REFUND_PROPOSED = "refund.proposed"
    REFUND_GIVEN = "refund.given"
    REFUND_WITHDRAWN = "refund.withdrawn"
    INVOICE_ISSUED = "invoice.issued"
    """Numbers of invoices have no gaps, so the log tells of each."""
    CREDIT_NOTE_ISSUED = "credit_note.issued"
    BUDGET_SET = "budget.set"
    BUDGET_REACHED = "budget.reached"
    DATA_DELIVERED = "data.delivered"
    DELIVERY_REFUSED = "delivery.refused"
    FREEZE_PLACED = "freeze.placed"
    FREEZE_CONFIRMED = "freeze.confirmed"
    FREEZE_LIFTED = "freeze.lifted"
    AUDIT_VIEWED = "audit.viewed"
    KEY_MINTED = "key.minted"
    """A signing key was made, so that the log itself shows which keys there ever were."""
    KEY_ACT_PROPOSED = "key.act_proposed"
    """A change of keys takes two people, so the log tells of each of them."""
    KEY_ACT_WITHDRAWN = "key.act_withdrawn"
    KEY_ROTATED = "key.rotated"
    KEY_BURIED = "key.buried"
    CALENDAR_LOADED = "calendar.loaded"
    """The official working days of a year became known, which moves clocks of all kinds."""
    PERSONAL_ERASED = "personal.erased"
    """Personal fields of an earlier event were erased, so that the gap has a reason."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` was made of `source` by `by`. Assets are named "upload:UUID", "version:UUID",
    "report:UUID", "receipt:UUID", "blob:SHA256".
    """

    source: str
    target: str
    by: str


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, to be recorded in the transaction that makes it so."""

    kind: EventKind
    at: datetime
    actor: Actor
    organization_id: UUID | None = None
    """The organisation that it concerns, which may differ from the one the actor acts for."""
    dataset_id: UUID | None = None
    subject_id: UUID | None = None
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
    """Names and words of people; empty for most events."""

    def __post_init__(self) -> None:
        assert self.at.tzinfo is not None, "the log runs on aware times"
        assert len(self.personal) <= PERSONAL_FIELDS_MAX


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event as it stands in the log."""

    id: int
    kind: str
    """One of `EventKind`, or a kind that only an earlier or later release knows."""
    at: datetime
    actor_id: UUID | None
    """None: the system itself, or an anonymous visitor."""
    organization_id: UUID | None
    dataset_id: UUID | None
    subject_id: UUID | None
    body: str
    leaf_index: int | None
    """None until the sequencer has given it one, which takes a second or so."""


@dataclass(frozen=True, slots=True)
class RecordedEdge:
    """An edge as it stands in the log."""

    event_id: int
    source: str
    target: str
    by: str


def body_of(event: Event, personal_sha256: str | None) -> str:
    """The canonical text of the event; the shape is in the head of this file."""
    organization = event.actor.organization
    return canonical_text(
        to_plain(
            {
                "schema": SCHEMA,
                "kind": event.kind,
                "at": moment_text(event.at),
                "actor": {
                    "user_id": event.actor.user_id,
                    "organization_id": organization.id if organization else None,
                    "token_id": event.actor.token_id,
                },
                "organization_id": event.organization_id,
                "dataset_id": event.dataset_id,
                "subject_id": event.subject_id,
                "facts": event.facts,
                "edges": event.edges,
                "personal_sha256": personal_sha256,
            }
        )
    )


def personal_text(personal: Mapping[str, str]) -> str:
    """The canonical text of personal fields, which the side row holds."""
    return canonical_text(to_plain(personal))


def personal_hash(salt: bytes, text: str) -> str:
    """What the body says of personal fields: without the salt, names cannot be guessed from it."""
    assert len(salt) == SALT_LENGTH_BYTES
    return sha256(salt + text.encode()).hexdigest()


def moment_text(at: datetime) -> str:
    """A moment in UTC, always with microseconds: "2026-11-22T09:00:00.000000Z"."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
