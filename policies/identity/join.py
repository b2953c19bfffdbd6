"""Let people join an organisation in one of CKAN's three capacities, and leave it.

An admin is administrator, publisher and approver here, an editor publisher, and a member buyer: who
may see what the organisation sees, ask in its name and change nothing. Where the organisation is of
a kind that has no such role, as a regulator has no publisher, an admin is its administrator only.
Roles of other duties, such as finance, are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from policies.database import Tx
from policies.errors import RoleDoesNotFit
from policies.identity.enrol import grant_role, withdraw_role
from policies.party import Actor, Organization, Role, User
from policies.roles import GRANTED_BY_ORGANIZATIONS, KINDS_OF_ROLE, Capacity, can_administer
from policies.store import people as store

ROLES_OF_CAPACITY: Final[Mapping[Capacity, tuple[Role, ...]]] = {
    Capacity.ADMIN: (Role.ADMIN, Role.PUBLISHER, Role.APPROVER),
    Capacity.EDITOR: (Role.PUBLISHER,),
    Capacity.MEMBER: (Role.BUYER,),
}


def set_capacity(
    tx: Tx,
    user: User,
    organization: Organization,
    capacity: Capacity,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Give the user the roles of a capacity in the organisation, and take those of the others.

    Raises: NotAdministrator, PersonNeeded, RoleDoesNotFit.
    """
    wanted = [
        role for role in ROLES_OF_CAPACITY[capacity] if organization.kind in KINDS_OF_ROLE[role]
    ]
    if not wanted:
        raise RoleDoesNotFit(ROLES_OF_CAPACITY[capacity][0], organization.kind)
    for role in wanted:
        grant_role(tx, user, role, organization=organization, by=by, at=at)
    for role in _roles_in(tx, user, organization):
        if role in GRANTED_BY_ORGANIZATIONS and role not in wanted:
            withdraw_role(tx, user, role, organization=organization, by=by, at=at)


def leave(tx: Tx, user: User, organization: Organization, *, by: Actor, at: datetime) -> bool:
    """Take the user's roles in the organisation; False where there were none.

    Its own administrators take those that they may grant, administrators of the site all.

    Raises: NotAdministrator, PersonNeeded.
    """
    held = _roles_in(tx, user, organization)
    for role in held:
        if role in GRANTED_BY_ORGANIZATIONS or can_administer(by):
            withdraw_role(tx, user, role, organization=organization, by=by, at=at)
    return bool(held)


def _roles_in(tx: Tx, user: User, organization: Organization) -> list[Role]:
    return [
        membership.role
        for membership, _ in store.memberships_of_user(tx, user.id)
        if membership.organization_id == organization.id
    ]
