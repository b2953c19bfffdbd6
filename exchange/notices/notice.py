"""A notice: what one person is told of one event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from policies.events import EventKind
from policies.terms import Language, UserId

MAIL_WAIT: Final = timedelta(seconds=12)
"""An answer can be undone for ten seconds; its mail waits a little longer than that."""
MAIL_ATTEMPTS_MAX: Final = 8
MAIL_CLAIM: Final = timedelta(minutes=10)
"""Whoever took a mail and has not told how it went after this long was killed."""


class Topic(StrEnum):
    """What a person can choose to be told, and how."""

    WORK = "work"
    """Something waits for one's decision."""
    ANSWER = "answer"
    """What became of what one asked for."""
    CLOCK = "clock"
    """Reminders, and time that is up."""
    DATA = "data"
    """What happens to data that one publishes or uses."""
    MONEY = "money"


MAILED_BY_DEFAULT: Final = frozenset({Topic.WORK, Topic.ANSWER, Topic.CLOCK})

TOPICS: Final[Mapping[str, Topic]] = {
    EventKind.APPLICATION_SUBMITTED: Topic.WORK,
    EventKind.APPLICATION_HANDED: Topic.WORK,
    EventKind.APPLICATION_DECIDED: Topic.ANSWER,
    EventKind.APPLICATION_UNDONE: Topic.ANSWER,
    EventKind.APPLICATION_EXTENDED: Topic.CLOCK,
    EventKind.APPLICATION_REMINDED: Topic.CLOCK,
    EventKind.APPLICATION_ESCALATED: Topic.CLOCK,
    EventKind.DISPUTE_MOVED: Topic.ANSWER,
    EventKind.CORRECTION_MOVED: Topic.ANSWER,
    EventKind.AGREEMENT_SUSPENDED: Topic.DATA,
    EventKind.AGREEMENT_RESUMED: Topic.DATA,
    EventKind.AGREEMENT_ENDED: Topic.DATA,
    EventKind.DATASET_RETURNED: Topic.DATA,
    EventKind.DATASET_PUBLISHED: Topic.DATA,
    EventKind.DATASET_WITHDRAWN: Topic.DATA,
    EventKind.HARVEST_APPLIED: Topic.DATA,
    EventKind.HARVEST_UNDONE: Topic.DATA,
    EventKind.LISTING_OPENED: Topic.DATA,
    EventKind.LISTING_WITHDRAWN: Topic.DATA,
    EventKind.FREEZE_PLACED: Topic.DATA,
    EventKind.FREEZE_LIFTED: Topic.DATA,
    EventKind.PAYMENT_RECORDED: Topic.WORK,
    EventKind.CREDIT_TOPPED_UP: Topic.MONEY,
    EventKind.PAYOUT_ASKED: Topic.WORK,
    EventKind.PAYOUT_SENT: Topic.MONEY,
    EventKind.PAYOUT_REFUSED: Topic.MONEY,
    EventKind.REFUND_PROPOSED: Topic.WORK,
    EventKind.REFUND_GIVEN: Topic.MONEY,
    EventKind.INVOICE_ISSUED: Topic.MONEY,
    EventKind.CREDIT_NOTE_ISSUED: Topic.MONEY,
}
"""The kinds of event that anybody is told of."""

FACTS_TOLD: Final = frozenset(
    {
        "state",
        "step",
        "clock",
        "due_on",
        "working_days",
        "outcome",
        "is_part_granted",
        "target_kind",
        "listing_id",
        "agreement_id",
        "source_id",
    }
)
"""What of an event's facts stands in a notice: no free text and nothing about people."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One person's notice."""

    id: UUID
    event_id: int
    user_id: UserId
    kind: str
    topic: Topic
    at: datetime
    dataset_id: UUID | None
    subject_id: UUID | None
    facts: Mapping[str, object]
    read_at: datetime | None
    """None while it was not read."""
    mail_attempts: int = 0


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a person wants to be told."""

    language: Language = Language.ZH
    shown: frozenset[Topic] = frozenset(Topic)
    mailed: frozenset[Topic] = MAILED_BY_DEFAULT
