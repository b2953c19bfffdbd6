"""Who is to be told of an event; never the one who did it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from exchange.dispute_step import Step
from exchange.notices import store
from exchange.share_head import approvers_of
from exchange.store import applications as application_store
from exchange.store import corrections as correction_store
from policies.database import Tx
from policies.errors import OrganizationNotFound
from policies.events import EventKind, RecordedEvent
from policies.identity.people import list_organizations, members_of
from policies.party import OrganizationKind, Role
from policies.roles import SYSTEM
from policies.terms import OrganizationId, UserId

_PROVIDERS = (Role.PUBLISHER, Role.APPROVER)
_WAITS_FOR_FINANCE = (
    EventKind.PAYMENT_RECORDED,
    EventKind.PAYOUT_ASKED,
    EventKind.REFUND_PROPOSED,
)
_ABOUT_CREDITS = (
    EventKind.CREDIT_TOPPED_UP,
    EventKind.INVOICE_ISSUED,
    EventKind.CREDIT_NOTE_ISSUED,
)
_ABOUT_AGREEMENTS = frozenset(
    {EventKind.AGREEMENT_SUSPENDED, EventKind.AGREEMENT_RESUMED, EventKind.AGREEMENT_ENDED}
)
_OF_HARVESTS = frozenset({EventKind.HARVEST_APPLIED, EventKind.HARVEST_UNDONE})
_CONSUMERS = (Role.BUYER, Role.PUBLISHER)


def recipients_of(tx: Tx, event: RecordedEvent, facts: Mapping[str, object]) -> frozenset[UserId]:
    """Everybody who is told of the event."""
    told = frozenset(_told(tx, event, facts))
    return told - {UserId(event.actor_id)} if event.actor_id else told


def organizations_of(event: RecordedEvent, facts: Mapping[str, object]) -> frozenset[UUID]:
    """The organisations whose programs are told of the event: its two sides."""
    provider = _uuid(facts.get("provider_id"))
    return frozenset(one for one in (event.organization_id, provider) if one is not None)


def _told(tx: Tx, event: RecordedEvent, facts: Mapping[str, object]) -> Iterable[UserId]:
    kind = event.kind
    provider = _uuid(facts.get("provider_id"))
    if kind.startswith(("application.", "dispute.")):
        return _of_request(tx, event, facts, provider)
    if kind == EventKind.CORRECTION_MOVED:
        return _of_correction(tx, event, facts, provider)
    if kind in _ABOUT_CREDITS:
        return _people(tx, event.organization_id, (Role.BUYER, Role.ADMIN))
    if kind in _WAITS_FOR_FINANCE:
        return _bureau(tx, Role.FINANCE)
    if kind == EventKind.REFUND_GIVEN:
        return [
            *_people(tx, event.organization_id, (Role.BUYER, Role.ADMIN)),
            *_people(tx, provider, (Role.APPROVER, Role.ADMIN)),
        ]
    if kind in (EventKind.PAYOUT_SENT, EventKind.PAYOUT_REFUSED):
        return _people(tx, event.organization_id, (Role.FINANCE, Role.ADMIN))
    if kind in _ABOUT_AGREEMENTS:
        return [
            *_people(tx, event.organization_id, _CONSUMERS),
            *_people(tx, provider, (Role.APPROVER,)),
        ]
    if kind in _OF_HARVESTS:
        return _people(tx, event.organization_id, _PROVIDERS)
    if kind in (EventKind.DATASET_RETURNED, EventKind.LISTING_OPENED):
        return _publishers(tx, event)
    return _of_data(tx, event, facts)


def _of_data(tx: Tx, event: RecordedEvent, facts: Mapping[str, object]) -> Iterable[UserId]:
    users: list[UserId] = []
    if event.kind in (EventKind.FREEZE_PLACED, EventKind.FREEZE_LIFTED):
        users += _bureau(tx)
        users += _people(tx, event.organization_id, (*_CONSUMERS, Role.APPROVER))
    if event.dataset_id is not None:
        for consumer in store.consumers_of(tx, event.dataset_id, event.at):
            users += _people(tx, consumer, _CONSUMERS)
        # Of records that a harvest took in their providers are told once, with the run.
        if "source_id" not in facts:
            users += _publishers(tx, event)
    return users


def _of_request(
    tx: Tx, event: RecordedEvent, facts: Mapping[str, object], provider: UUID | None
) -> Iterable[UserId]:
    held = application_store.get_application(tx, event.subject_id) if event.subject_id else None
    if held is None or provider is None:
        return []
    deciding = [held.assigned_to] if held.assigned_to else _approvers(tx, provider)
    match event.kind:
        case EventKind.APPLICATION_SUBMITTED | EventKind.APPLICATION_REMINDED:
            return deciding
        case EventKind.APPLICATION_HANDED:
            return [held.assigned_to] if held.assigned_to else []
        case EventKind.APPLICATION_ESCALATED:
            return [*deciding, held.applied_by, *_bureau(tx)]
        case EventKind.APPLICATION_EXTENDED:
            if facts.get("step") == "asked":
                return _bureau(tx)
            asker = [held.applied_by] if facts.get("step") == "consented" else []
            return [*asker, *deciding]
        case EventKind.DISPUTE_MOVED:
            if facts.get("outcome") is not None:
                return [held.applied_by, *deciding]
            is_between = facts.get("step") == Step.BETWEEN_THE_TWO
            return deciding if is_between else _bureau(tx)
        case _:
            return [held.applied_by]


def _of_correction(
    tx: Tx, event: RecordedEvent, facts: Mapping[str, object], provider: UUID | None
) -> Iterable[UserId]:
    held = correction_store.get_correction(tx, event.subject_id) if event.subject_id else None
    if held is None:
        return []
    if facts.get("step") in ("corrected", "kept"):
        return [held.asked_by]
    checking = _people(tx, provider, _PROVIDERS)
    if facts.get("step") == "escalated":
        return [*checking, held.asked_by, *_bureau(tx)]
    return checking


def _publishers(tx: Tx, event: RecordedEvent) -> list[UserId]:
    publisher = store.publisher_of(tx, event.dataset_id) if event.dataset_id else None
    return _people(tx, publisher, _PROVIDERS)


def _approvers(tx: Tx, organization_id: UUID) -> list[UserId]:
    return [one.id for one in approvers_of(tx, OrganizationId(organization_id))]


def _bureau(tx: Tx, role: Role = Role.BUREAU) -> list[UserId]:
    found = _members(tx, None, (role,))
    for bureau in list_organizations(tx, kind=OrganizationKind.BUREAU):
        found += _members(tx, bureau.id, (role,))
    return found


def _people(tx: Tx, organization_id: UUID | None, roles: Collection[Role]) -> list[UserId]:
    if organization_id is None:
        return []
    return _members(tx, OrganizationId(organization_id), roles)


def _members(
    tx: Tx, organization_id: OrganizationId | None, roles: Collection[Role]
) -> list[UserId]:
    try:
        members = members_of(tx, organization_id, by=SYSTEM)
    except OrganizationNotFound:
        return []
    return [
        one.user.id
        for one in members
        if one.user.is_active and not set(roles).isdisjoint(one.roles)
    ]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
