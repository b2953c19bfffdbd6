"""What pages of the regulator show: entries of the log, decisions, freezes, lineage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from exchange.decision import StoredDecision
from exchange.lineage import AssetKind, LineageGraph
from exchange.trace import record_look
from policies import history
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import N_, LogNotSigned, OrganizationNotFound, UserNotFound
from policies.events import EventKind, RecordedEvent
from policies.freeze_order import Freeze, FreezeTarget
from policies.identity.people import organization_with_id, user_with_id
from policies.log import latest_head, leaf_of_event, tree_size
from policies.party import Actor, Role
from policies.terms import OrganizationId, Text, UserId
from portal.pages.audit.receipt_view import DecisionView, decision_view
from portal.pages.dataset_names import name_of_dataset
from portal.pages.fact_words import flat_facts, name_of_fact, value_of_fact
from portal.pages.freeze_targets import title_of
from portal.pages.speech import Speech
from portal.pages.words import ACTIONS, ASSETS, EVENTS, TARGETS, number_of

PAGE: Final = 500
PAGES_MOST: Final = 20
"""So many entries are looked through for one answer; older ones are on the next page."""


FACTS: Final[Mapping[str, str]] = {
    "action": N_("What may be done"),
    "amount_microcredits": N_("Amount, in millionths of a credit"),
    "asset": N_("What was looked at"),
    "charge_microcredits": N_("Charged, in millionths of a credit"),
    "digest": N_("Fingerprint (SHA-256)"),
    "expires_at": N_("Until"),
    "file_name": N_("File"),
    "number": N_("Version"),
    "profile_id": N_("Standards"),
    "purpose": N_("Purpose"),
    "reason": N_("Reason"),
    "reference": N_("Payment"),
    "regime": N_("Way"),
    "role": N_("Role"),
    "row_count": N_("Rows"),
    "rows": N_("Rows"),
    "score": N_("Quality"),
    "size_bytes": N_("Size in bytes"),
    "slug": N_("Short name"),
    "state": N_("State"),
    "target_kind": N_("Kind"),
    "title": N_("Title"),
    "user_id": N_("Person"),
    "verdict": N_("Quality gate"),
    "what": N_("Page that was looked at"),
}
"""Names of facts in words; others are shown by their own name."""

EVERYTHING: Final = "all"
"""In place of a kind of entry."""


@dataclass(frozen=True, slots=True)
class EventQuestion:
    """Which entries are looked for; what is None or empty does not count."""

    dataset_id: UUID | None = None
    organization_id: UUID | None = None
    kind: str = ""
    """Empty: all but the looks of supervisors; `EVERYTHING`: those too."""
    since: date | None = None
    until: date | None = None
    before: int | None = None
    """Goes on behind this mark, which an earlier answer gave."""
    is_impossible: bool = False
    """Something was named that does not exist, so nothing is found."""

    def wants(self, event: RecordedEvent) -> bool:
        """Whether the entry is one of those looked for."""
        day = china_day(event.at)
        return (
            self._wants_kind(event.kind)
            and (self.organization_id is None or event.organization_id == self.organization_id)
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
        )

    def _wants_kind(self, kind: str) -> bool:
        if self.kind == EVERYTHING:
            return True
        if self.kind:
            return kind == self.kind
        # Each page that a supervisor opens is an entry; they would hide all others.
        return kind != EventKind.AUDIT_VIEWED


@dataclass(frozen=True, slots=True)
class FoundEvents:
    """A page of entries, newest first."""

    events: tuple[RecordedEvent, ...]
    next_before: int | None
    """Where the next page begins; None where nothing older is left."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """One entry in a list."""

    number: str
    href: str | None
    """None until it has its place in the log, for a second or so."""
    at: datetime
    kind: str
    sentence: str
    about: str
    about_href: str | None
    by: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry by itself."""

    line: EventLine
    facts: tuple[tuple[str, str], ...]
    body: str
    leaf_hash: str
    leaf_index: int
    tree_size: int
    is_signed: bool
    """Whether the newest signed head covers it."""


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One decision in a list."""

    href: str
    at: datetime
    title: Text
    dataset_href: str | None
    by: str
    action: str
    view: DecisionView


@dataclass(frozen=True, slots=True)
class FreezeLine:
    """A freeze in force, and what the reader may do about it."""

    id: str
    number: str
    title: Text
    kind: str
    target_href: str | None
    reason: str
    placed_by: str
    placed_at: datetime
    lapses_at: datetime | None
    """None once a second person confirmed it."""
    can_second: bool
    """The reader is not the one who placed it."""


@dataclass(frozen=True, slots=True)
class AssetView:
    """One thing in the lineage."""

    kind: str
    label: str
    facts: tuple[tuple[str, str], ...]
    events: tuple[EventLine, ...]


def kind_choices(say: Speech) -> list[tuple[str, str]]:
    """Every kind of entry, by its name in words."""
    return [(str(kind), say.gettext(words)) for kind, words in EVENTS.items()]


def find_events(
    tx: Tx, question: EventQuestion, *, limit: int, by: Actor, at: datetime
) -> FoundEvents:
    """Entries that were asked for, newest first; the look itself is recorded.

    Raises: AuditTrailClosed.
    """
    history.check_may_audit(by)
    record_look(tx, "events", question.dataset_id or question.organization_id, by=by, at=at)
    if question.is_impossible:
        return FoundEvents((), None)
    found: list[RecordedEvent] = []
    before = question.before
    for _ in range(PAGES_MOST):
        page, mark = _page(tx, question, before)
        for event in page:
            if question.wants(event):
                found.append(event)
                if len(found) == limit:
                    return FoundEvents(tuple(found), _mark(question, event))
        if mark is None or (page and question.since and china_day(page[-1].at) < question.since):
            return FoundEvents(tuple(found), None)
        before = mark
    return FoundEvents(tuple(found), before)


def _page(
    tx: Tx, question: EventQuestion, before: int | None
) -> tuple[list[RecordedEvent], int | None]:
    """The next entries behind `before`, and the mark behind them."""
    if question.dataset_id is not None:
        page = history.events_of_dataset(tx, question.dataset_id, before=before, limit=PAGE)
    elif question.organization_id is not None:
        page = history.events_of_organization(
            tx, question.organization_id, before=before, limit=PAGE
        )
    else:
        stop = tree_size(tx) if before is None else before
        start = max(0, stop - PAGE)
        page = history.changes_from(tx, start, limit=stop - start)[::-1]
        return page, start or None
    return page, page[-1].id if len(page) == PAGE else None


def _mark(question: EventQuestion, last: RecordedEvent) -> int | None:
    if question.dataset_id is not None or question.organization_id is not None:
        return last.id
    return last.leaf_index or None


def event_line(tx: Tx, event: RecordedEvent, *, by: Actor, say: Speech) -> EventLine:
    """An entry as a line of a list."""
    about, about_href = _about(tx, event, by, say)
    index = event.leaf_index
    return EventLine(
        number="" if index is None else say.number(index),
        href=None if index is None else f"/audit/event/{index}",
        at=event.at,
        kind=event.kind,
        sentence=say.gettext(EVENTS[event.kind]) if event.kind in EVENTS else event.kind,
        about=about,
        about_href=about_href,
        by=_actor_words(tx, event, by, say),
    )


def event_view(
    tx: Tx, leaf_index: int, *, by: Actor, at: datetime, say: Speech
) -> EventView | None:
    """The entry at a place of the log; None where the log is not so long. The look is recorded."""
    history.check_may_audit(by)
    found = history.changes_from(tx, leaf_index, limit=1) if leaf_index >= 0 else []
    if not found or found[0].leaf_index != leaf_index:
        return None
    event = found[0]
    record_look(tx, "event", event.subject_id, by=by, at=at, asset=str(leaf_index))
    leaf = leaf_of_event(tx, event.id)
    assert leaf is not None, "it was found by its leaf"
    try:
        signed_size = latest_head(tx).head.tree_size
    except LogNotSigned:
        signed_size = 0
    body = json.loads(event.body)
    return EventView(
        line=event_line(tx, event, by=by, say=say),
        facts=tuple(
            (
                say.gettext(FACTS[name]) if name in FACTS else name_of_fact(name, say),
                value_of_fact(name, value, say),
            )
            for name, value in flat_facts(body["facts"])
        ),
        body=json.dumps(body, ensure_ascii=False, indent=2),
        leaf_hash=leaf.leaf_hash.hex(),
        leaf_index=leaf_index,
        tree_size=tree_size(tx),
        is_signed=leaf_index < signed_size,
    )


def decision_lines(
    tx: Tx, decisions: Sequence[StoredDecision], *, by: Actor, say: Speech
) -> list[DecisionLine]:
    """Decisions with what they were about."""
    return [
        DecisionLine(
            href=f"/audit/decision/{decision.id}",
            at=decision.at,
            title=(name := name_of_dataset(tx, decision.dataset_id, by=by)).title,
            dataset_href=name.href,
            by=_organization_title(tx, decision.organization_id, say)
            or say.gettext("Somebody who acts for no organisation"),
            action=_action_words(decision.action, say),
            view=decision_view(decision, say),
        )
        for decision in decisions
    ]


def freeze_lines(tx: Tx, freezes: Sequence[Freeze], *, by: Actor, say: Speech) -> list[FreezeLine]:
    """Freezes in force with what they stand on."""
    return [
        FreezeLine(
            id=str(freeze.id),
            number=number_of("F", freeze.id),
            title=title_of(tx, freeze.target_kind, freeze.target_id, by=by),
            kind=say.gettext(TARGETS[freeze.target_kind]),
            target_href=_target_href(tx, freeze, by),
            reason=freeze.reason,
            placed_by=_user_name(tx, freeze.placed_by, by) or say.gettext("A supervisor"),
            placed_at=freeze.placed_at,
            lapses_at=None if freeze.is_confirmed else freeze.lapses_at,
            can_second=freeze.placed_by != by.user_id,
        )
        for freeze in freezes
    ]


def asset_facts(
    tx: Tx, asset: str, graph: LineageGraph, *, by: Actor, say: Speech, is_supervisor: bool
) -> AssetView:
    """The thing that a lineage was asked for, with its entries for supervisors."""
    node = next(held for held in graph.nodes if held.id == asset)
    facts: list[tuple[str, str]] = [(say.gettext("Kind"), say.gettext(ASSETS[node.kind]))]
    when, detail, organization = (node.facts.get(n) for n in ("at", "detail", "organization"))
    if isinstance(when, str):
        facts.append((say.gettext("When"), say.moment(datetime.fromisoformat(when))))
    if isinstance(organization, dict):
        title = Text.from_map({key: str(value) for key, value in organization.items()})
        facts.append((say.gettext("By"), say.text(title)))
    if node.facts.get("person"):
        facts.append((say.gettext("Person"), str(node.facts["person"])))
    if detail:
        facts.append((say.gettext("Fingerprint"), str(detail)))
    subject = None if node.kind is AssetKind.BLOB else UUID(asset.partition(":")[2])
    events: list[RecordedEvent] = []
    if is_supervisor and subject is not None:
        events = (
            history.events_of_dataset(tx, subject)
            if node.kind is AssetKind.DATASET
            else history.events_of_subject(tx, subject)
        )
    return AssetView(
        kind=say.gettext(ASSETS[node.kind]),
        label=node.label,
        facts=tuple(facts),
        events=tuple(event_line(tx, event, by=by, say=say) for event in events),
    )


def _about(tx: Tx, event: RecordedEvent, by: Actor, say: Speech) -> tuple[str, str | None]:
    if event.kind == EventKind.DATA_DELIVERED and event.subject_id is not None:
        return number_of("W", event.subject_id), f"/audit/receipt/{event.subject_id}"
    if event.dataset_id is not None:
        name = name_of_dataset(tx, event.dataset_id, by=by)
        return say.text(name.title), f"/audit?dataset={name.slug}" if name.slug else None
    title = _organization_title(tx, event.organization_id, say)
    return title or "", None


def _actor_words(tx: Tx, event: RecordedEvent, by: Actor, say: Speech) -> str:
    actor = json.loads(event.body)["actor"]
    organization_id = actor["organization_id"]
    title = _organization_title(tx, UUID(organization_id) if organization_id else None, say)
    parts = [part for part in (title, _user_name(tx, event.actor_id, by)) if part]
    if parts:
        return " · ".join(parts)
    if event.actor_id is None:
        return say.gettext("The system, or an anonymous visitor")
    return say.gettext("A person")


def _organization_title(tx: Tx, organization_id: UUID | None, say: Speech) -> str:
    if organization_id is None:
        return ""
    try:
        return say.text(organization_with_id(tx, OrganizationId(organization_id)).title)
    except OrganizationNotFound:
        return ""


def _user_name(tx: Tx, user_id: UUID | None, by: Actor) -> str:
    """The person's name, for the regulator and for themselves."""
    if user_id is None or not (by.holds_anywhere(Role.REGULATOR) or by.user_id == user_id):
        return ""
    try:
        return user_with_id(tx, UserId(user_id)).name
    except UserNotFound:
        return ""


def _action_words(action: str, say: Speech) -> str:
    return next((say.gettext(words) for held, words in ACTIONS.items() if held == action), action)


def _target_href(tx: Tx, freeze: Freeze, by: Actor) -> str | None:
    match freeze.target_kind:
        case FreezeTarget.DATASET:
            return name_of_dataset(tx, freeze.target_id, by=by).href
        case FreezeTarget.ORGANIZATION:
            held = organization_with_id(tx, OrganizationId(freeze.target_id))
            return f"/organization/{held.slug}"
        case FreezeTarget.AGREEMENT:
            return f"/my/agreements/{freeze.target_id}"
        case FreezeTarget.LISTING:
            return f"/inbox/listing/{freeze.target_id}"
