"""Read the log on from where it was left, and tell people and programs of what happened.

The log is the only source: no verb tells anybody anything. The mark moves in the transaction that
writes the notices, so that nothing is told twice or missed, whoever is killed when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from exchange.notices import store, webhook_store
from exchange.notices.notice import FACTS_TOLD, MAIL_WAIT, TOPICS, Topic
from exchange.notices.recipients import organizations_of, recipients_of
from policies.database import Tx
from policies.events import EventKind, RecordedEvent, moment_text
from policies.history import PAGE_EVENTS_MAX, changes_from


def follow_log(tx: Tx, *, at: datetime, limit: int = PAGE_EVENTS_MAX) -> int:
    """Tell of the next events; how many of them were read."""
    start = store.lock_mark(tx)
    events = changes_from(tx, start, limit=limit)
    for event in events:
        topic = TOPICS.get(event.kind)
        if topic is not None:
            _tell(tx, event, topic, at)
    if events:
        last = events[-1].leaf_index
        assert last is not None, "events of the feed have their leaves"
        store.set_mark(tx, last + 1)
    return len(events)


def _tell(tx: Tx, event: RecordedEvent, topic: Topic, at: datetime) -> None:
    facts: Mapping[str, object] = json.loads(event.body)["facts"]
    told = {name: value for name, value in facts.items() if name in FACTS_TOLD}
    if event.kind == EventKind.APPLICATION_UNDONE and event.subject_id is not None:
        store.drop_mails(tx, event.subject_id, EventKind.APPLICATION_DECIDED)
    for user_id in sorted(recipients_of(tx, event, facts)):
        wishes = store.preferences_of(tx, user_id)
        store.insert_notice(
            tx,
            event_id=event.id,
            user_id=user_id,
            kind=event.kind,
            topic=topic,
            at=event.at,
            dataset_id=event.dataset_id,
            subject_id=event.subject_id,
            facts=told,
            is_shown=topic in wishes.shown,
            mail_at=max(at, event.at + MAIL_WAIT) if topic in wishes.mailed else None,
        )
    for organization_id in sorted(organizations_of(event, facts)):
        for webhook in webhook_store.active_of(tx, organization_id):
            body = json.dumps(_body(event, told), sort_keys=True, separators=(",", ":"))
            webhook_store.insert_delivery(tx, webhook.id, event.id, body, at=at)


def _body(event: RecordedEvent, told: Mapping[str, object]) -> dict[str, object]:
    """What a program is sent: ids and facts, as they stand in the log."""
    return {
        "type": event.kind,
        "at": moment_text(event.at),
        "leaf_index": event.leaf_index,
        "dataset_id": str(event.dataset_id) if event.dataset_id else None,
        "subject_id": str(event.subject_id) if event.subject_id else None,
        "facts": dict(told),
    }
