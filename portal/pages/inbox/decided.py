"""What one reader decided, newest first: a reading of the log, so that nothing can be missing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from exchange import apply
from exchange.errors import ApplicationNotFound
from policies.database import Tx
from policies.errors import N_, OrganizationNotFound
from policies.events import EventKind, RecordedEvent
from policies.history import events_of_actor
from policies.identity.people import organization_with_id
from policies.party import Actor
from policies.terms import OrganizationId, Text
from portal.pages.dataset_names import name_of_dataset
from portal.pages.speech import Speech
from portal.pages.words import number_of

EVENTS_READ: Final = 500
"""How far back it is looked; most of what a decider does is no decision."""
DECISIONS_SHOWN: Final = 50

Decision = tuple[str, str, str]
"""Words, sign and tone."""

_ANSWERS: Final[Mapping[str, Decision]] = {
    "granted": (N_("Request granted"), "check", "good"),
    "returned": (N_("Request returned with a question"), "back", "wait"),
    "refused": (N_("Request refused"), "cross", "bad"),
}
_DECISIONS: Final[Mapping[str, Decision]] = {
    EventKind.DATASET_PUBLISHED: (N_("Version published"), "check", "good"),
    EventKind.DATASET_RETURNED: (N_("Version returned to its publisher"), "back", "wait"),
    EventKind.LISTING_PROPOSED: (N_("Listing assessed"), "seal", "good"),
    EventKind.LISTING_OPENED: (N_("Listing opened"), "check", "good"),
    EventKind.LISTING_WITHDRAWN: (N_("Listing taken off"), "cross", "bad"),
    EventKind.FREEZE_CONFIRMED: (N_("Freeze confirmed"), "freeze", "bad"),
    EventKind.FREEZE_LIFTED: (N_("Freeze lifted"), "check", "good"),
}


@dataclass(frozen=True, slots=True)
class DecidedItem:
    """One decision."""

    title: Text
    href: str | None
    number: str
    words: str
    sign: str
    tone: str
    reason: str
    at: datetime


def decided_items(tx: Tx, *, by: Actor, say: Speech) -> list[DecidedItem]:
    """What `by` decided; at most `DECISIONS_SHOWN` of the last `EVENTS_READ` things done."""
    if by.user_id is None:
        return []
    items: list[DecidedItem] = []
    for event in events_of_actor(tx, by.user_id, limit=EVENTS_READ):
        item = _item(tx, event, by, say)
        if item is not None:
            items.append(item)
        if len(items) == DECISIONS_SHOWN:
            break
    return items


def _item(tx: Tx, event: RecordedEvent, by: Actor, say: Speech) -> DecidedItem | None:
    facts = json.loads(event.body)["facts"]
    decision = _decision(event.kind, facts)
    if decision is None:
        return None
    words, sign, tone = decision
    path, letter = _place(event.kind)
    name = None if event.dataset_id is None else name_of_dataset(tx, event.dataset_id, by=by)
    href = name.href if name else None
    if path:
        href = f"{path}{event.subject_id}" if event.subject_id else path
    return DecidedItem(
        title=name.title if name else _organization(tx, event),
        href=href,
        number=number_of(letter, event.subject_id) if letter and event.subject_id else "",
        words=say.gettext(words),
        sign=sign,
        tone=tone,
        reason=_reason(tx, event, facts, by),
        at=event.at,
    )


def _decision(kind: str, facts: Mapping[str, object]) -> Decision | None:
    """Words, sign and tone; None for what is no decision of a person about what waited."""
    if kind == EventKind.APPLICATION_DECIDED:
        is_own = not facts.get("is_by_standing_release")
        return _ANSWERS.get(str(facts.get("state"))) if is_own else None
    if kind == EventKind.DATASET_PUBLISHED and facts.get("profile_id"):
        return None  # published by the standard itself
    if kind == EventKind.LISTING_PROPOSED and not facts.get("assessed"):
        return None
    return _DECISIONS.get(kind)


def _place(kind: str) -> tuple[str, str]:
    """Where the decided thing is shown, and the letter of its number; empty: at its dataset."""
    if kind == EventKind.APPLICATION_DECIDED:
        return "/inbox/request/", "R"
    if kind in (
        EventKind.LISTING_PROPOSED,
        EventKind.LISTING_OPENED,
        EventKind.LISTING_WITHDRAWN,
    ):
        return "/inbox/listing/", "L"
    if kind in (EventKind.FREEZE_CONFIRMED, EventKind.FREEZE_LIFTED):
        return "/audit/freezes#freeze-", "F"
    return "", ""


def _reason(tx: Tx, event: RecordedEvent, facts: Mapping[str, object], by: Actor) -> str:
    """What was written beside the decision; of requests it stands only at the request itself."""
    if event.kind == EventKind.APPLICATION_DECIDED and event.subject_id is not None:
        try:
            return apply.get_application(tx, event.subject_id, by=by).decision_reason
        except ApplicationNotFound:
            return ""
    return str(facts.get("reason") or "")


def _organization(tx: Tx, event: RecordedEvent) -> Text:
    if event.organization_id is None:
        return Text(en="—")
    try:
        return organization_with_id(tx, OrganizationId(event.organization_id)).title
    except OrganizationNotFound:
        return Text(en="—")
