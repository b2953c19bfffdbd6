"""The head of an organisation's share office: one of its approvers, who releases its answers.

Where nobody is named, each approver is taken for the head; the bureau may answer for everybody.

Source: 政务数据共享条例 art. 20-21.
"""

from __future__ import annotations

from datetime import datetime

from exchange.errors import NotAColleague, ShareHeadNeeded
from exchange.store import share as store
from policies.database import Tx
from policies.errors import NotAdministrator
from policies.events import Event, EventKind
from policies.identity.people import members_of, user_with_id
from policies.party import Actor, Role, User
from policies.record import record
from policies.roles import (
    SYSTEM,
    can_administer_organization,
    can_set_standards,
    check_person,
)
from policies.terms import OrganizationId, UserId


def share_head(tx: Tx, organization_id: OrganizationId) -> UserId | None:
    """Who was named and still is an approver there; None where each approver may release."""
    named = store.share_head(tx, organization_id)
    return named if named in {one.id for one in approvers_of(tx, organization_id)} else None


def approvers_of(tx: Tx, organization_id: OrganizationId) -> list[User]:
    """Those who decide for an organisation, by name."""
    members = members_of(tx, organization_id, by=SYSTEM)
    return [one.user for one in members if Role.APPROVER in one.roles and one.user.is_active]


def name_share_head(
    tx: Tx, organization_id: OrganizationId, name: str, *, by: Actor, at: datetime
) -> None:
    """Name the head of the share office; empty leaves it to each approver again.

    Raises: PersonNeeded, NotAdministrator, NotAColleague.
    """
    check_person(by)
    if not (can_administer_organization(by, organization_id) or can_set_standards(by)):
        raise NotAdministrator
    held = {one.name: one.id for one in approvers_of(tx, organization_id)}
    if name and name not in held:
        raise NotAColleague(name)
    store.delete_share_head(tx, organization_id)
    if name:
        store.insert_share_head(tx, organization_id, held[name], named_by=by.user_id, at=at)
    record(
        tx,
        Event(
            kind=EventKind.SHARE_HEAD_NAMED,
            at=at,
            actor=by,
            organization_id=organization_id,
            facts={"user_id": held.get(name)},
        ),
    )


def check_releases(tx: Tx, organization_id: OrganizationId, *, by: Actor) -> None:
    """See that `by` may release answers of the organisation.

    Raises: ShareHeadNeeded.
    """
    head = share_head(tx, organization_id)
    if head is not None and head != by.user_id and not can_set_standards(by):
        raise ShareHeadNeeded(user_with_id(tx, head).name)


def share_head_for(tx: Tx, organization_id: OrganizationId, *, by: Actor) -> UserId | None:
    """Under whose eyes a request of the organisation goes out; None where there is nobody else.

    The applicant's pledge covers the approval itself; that it was another person is seen here.
    """
    head = share_head(tx, organization_id)
    if head is not None and head != by.user_id:
        return head
    others = (one.id for one in approvers_of(tx, organization_id) if one.id != by.user_id)
    return next(others, None)
