"""Look at every running clock: work out its end, remind, and tell the bureau when it ran out.

A date beyond the official calendar is worked out again at each look and never counted as run out.
Each reminder and each escalation is one event, however often one looks.

Source: 政务数据共享条例 art. 21-22, 26; docs/decisions/0005-working-days-beyond-the-calendar.md.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from exchange.application import Application
from exchange.apply import moved
from exchange.correct_shared import correction_event
from exchange.listing import AccessClass, Listing
from exchange.share_clocks import (
    answer_due,
    correction_due,
    delivery_due,
    is_readable,
    reminder_days,
)
from exchange.store import applications as store
from exchange.store import corrections as correction_store
from exchange.store import listings as listing_store
from policies.calendar import DueDate, WorkingDays, china_day
from policies.database import Tx
from policies.decision.clause import ClockName
from policies.events import EventKind, JsonValue
from policies.official_calendar import working_days
from policies.party import Actor
from policies.record import record

_SYSTEM = Actor(name="system")


def run_clocks(tx: Tx, *, at: datetime) -> int:
    """Remind and escalate what is due; how many events it made."""
    return _answers(tx, at) + _deliveries(tx, at) + _corrections(tx, at)


def _answers(tx: Tx, at: datetime) -> int:
    today, told, known = china_day(at), 0, working_days(tx)
    for held in store.waiting(tx):
        listing = _listing(tx, held)
        due = answer_due(
            listing, held.submitted_at, extension_days=held.extension_days, known=known
        )
        now = replace(held, due_on=due.day, is_due_provisional=due.is_provisional)
        is_unconditional = listing.access_class is AccessClass.UNCONDITIONAL
        name = ClockName.ANSWER_UNCONDITIONAL if is_unconditional else ClockName.ANSWER_CONDITIONAL
        reached = _reached(name, held.submitted_at, today, known, held.reminded_days)
        if due.is_breached_on(today):
            now = replace(now, escalated_at=at)
            told += _tell(tx, EventKind.APPLICATION_ESCALATED, now, listing, "answer", at)
        elif reached > held.reminded_days:
            now = replace(now, reminded_days=reached)
            told += _tell(tx, EventKind.APPLICATION_REMINDED, now, listing, "answer", at)
        if now != held:
            store.update_application(tx, now)
    return told


def _deliveries(tx: Tx, at: datetime) -> int:
    today, told, known = china_day(at), 0, working_days(tx)
    for held in store.undelivered(tx):
        handing, granted_at = held.handing, held.decided_at
        assert handing is not None, "the query asked for it"
        assert granted_at is not None, "what was granted has its moment"
        listing = _listing(tx, held)
        if is_readable(tx, listing.dataset_id):
            now = replace(held, handing=replace(handing, delivered_at=at))
            store.update_application(tx, now)
            continue
        due = delivery_due(granted_at, known)
        later = replace(handing, due=due)
        reached = _reached(ClockName.DELIVERY, granted_at, today, known, handing.reminded_days)
        now = replace(held, handing=later)
        if due.is_breached_on(today) and handing.escalated_at is None:
            now = replace(held, handing=replace(later, escalated_at=at))
            told += _tell(tx, EventKind.APPLICATION_ESCALATED, now, listing, "delivery", at)
        elif reached > handing.reminded_days and not due.is_breached_on(today):
            now = replace(held, handing=replace(later, reminded_days=reached))
            told += _tell(tx, EventKind.APPLICATION_REMINDED, now, listing, "delivery", at)
        if now != held:
            store.update_application(tx, now)
    return told


def _corrections(tx: Tx, at: datetime) -> int:
    today, told, known = china_day(at), 0, working_days(tx)
    for held in correction_store.ticking(tx):
        due = correction_due(held.asked_at, known)
        reached = _reached(ClockName.CORRECTION, held.asked_at, today, known, held.reminded_days)
        now = replace(held, due=due)
        step = ""
        if due.is_breached_on(today):
            now, step = replace(now, escalated_at=at), "escalated"
        elif reached > held.reminded_days:
            now, step = replace(now, reminded_days=reached), "reminded"
        if now != held:
            correction_store.update_correction(tx, now)
        if step:
            record(tx, correction_event(now, {"step": step}, by=_SYSTEM, at=at))
            told += 1
    return told


def _reached(
    name: ClockName, start: datetime, today: date, known: WorkingDays, reminded: int
) -> int:
    """The last reminder day that has come; what was told already where none is new."""
    passed = known.between(china_day(start), today)
    return max((day for day in reminder_days(name, start) if day <= passed), default=reminded)


def _tell(
    tx: Tx, kind: EventKind, application: Application, listing: Listing, clock: str, at: datetime
) -> int:
    due = _due_of(application, clock)
    facts: dict[str, JsonValue] = {
        "clock": clock,
        "due_on": due.day.isoformat(),
        "is_provisional": due.is_provisional,
    }
    record(tx, moved(kind, application, listing, facts, by=_SYSTEM, at=at))
    return 1


def _due_of(application: Application, clock: str) -> DueDate:
    if clock == "delivery" and application.handing is not None:
        return application.handing.due
    return application.due


def _listing(tx: Tx, application: Application) -> Listing:
    listing = listing_store.get_listing(tx, application.listing_id)
    assert listing is not None, "a foreign key says so"
    return listing
