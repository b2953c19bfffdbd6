"""A longer clock for an answer: the provider asks, the share authority consents, all are told.

Source: 政务数据共享条例 art. 21 par. 1.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from exchange.application import Application
from exchange.apply import moved, to_decide
from exchange.errors import ExtensionNotOpen, ExtensionTooLong, NotYourPart
from exchange.share_clocks import answer_clock, answer_due
from exchange.store import applications as store
from policies.calendar import china_day
from policies.database import Tx
from policies.events import EventKind, JsonValue
from policies.official_calendar import working_days
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_set_standards
from policies.terms import UserId


def ask_longer(
    tx: Tx,
    application_id: UUID,
    *,
    working_days: int,
    reason: str,
    by: Actor,
    at: datetime,
) -> Application:
    """Ask the share authority for more days, once and while there is time.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState, SameTwoPeople, ReasonMissing,
    ExtensionNotOpen, ExtensionTooLong.
    """
    application, listing, _ = to_decide(tx, application_id, by)
    clock = answer_clock(listing, application.submitted_at)
    days_max = clock.extension_working_days if clock else 0
    if days_max == 0 or application.due.is_breached_on(china_day(at)):
        raise ExtensionNotOpen
    if not 1 <= working_days <= days_max:
        raise ExtensionTooLong(days_max)
    asked = application.ask_longer(working_days, reason=check_reason(reason), by=_person(by), at=at)
    store.update_application(tx, asked)
    facts: dict[str, JsonValue] = {"step": "asked", "working_days": working_days}
    record(tx, moved(EventKind.APPLICATION_EXTENDED, asked, listing, facts, by=by, at=at))
    return asked


def consent(tx: Tx, application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Consent to the days that the provider asked for, as the share authority.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState, SameTwoPeople,
    ExtensionNotOpen.
    """
    application, listing, _ = to_decide(tx, application_id, by)
    _check_authority(by)
    asked = application.extension
    if asked is None:
        raise ExtensionNotOpen
    due = answer_due(
        listing, application.submitted_at, extension_days=asked.working_days, known=working_days(tx)
    )
    longer = application.lengthen(due, by=_person(by), at=at)
    store.update_application(tx, longer)
    facts: dict[str, JsonValue] = {"step": "consented", "working_days": asked.working_days}
    record(tx, moved(EventKind.APPLICATION_EXTENDED, longer, listing, facts, by=by, at=at))
    return longer


def deny(tx: Tx, application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Leave the clock as it is; the provider may ask again while there is time.

    Raises: ApplicationNotFound, NotYourPart, ExtensionNotOpen.
    """
    application, listing, _ = to_decide(tx, application_id, by)
    _check_authority(by)
    asked = application.extension
    if asked is None or asked.consented_by is not None:
        raise ExtensionNotOpen
    kept = replace(application, extension=None)
    store.update_application(tx, kept)
    facts: dict[str, JsonValue] = {"step": "denied", "working_days": asked.working_days}
    record(tx, moved(EventKind.APPLICATION_EXTENDED, kept, listing, facts, by=by, at=at))
    return kept


def _check_authority(by: Actor) -> None:
    if not can_set_standards(by):
        raise NotYourPart(Role.BUREAU)


def _person(by: Actor) -> UserId:
    assert by.user_id is not None, "who holds a role is a person"
    return by.user_id
