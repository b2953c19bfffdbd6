"""Look up who there is: organisations, users and their roles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from policies.database import Tx
from policies.errors import (
    MalformedUserName,
    NotAdministrator,
    OrganizationNotFound,
    UserNotFound,
)
from policies.party import (
    SLUG,
    Actor,
    Member,
    Membership,
    Organization,
    OrganizationKind,
    User,
)
from policies.roles import can_administer, can_administer_organization, can_supervise, is_member_of
from policies.store import people as store
from policies.terms import OrganizationId, UserId

PEOPLE_PAGE_MOST: Final = 1000
"""Organisations, users or members in one answer."""

_USER_NAME: Final = re.compile(r"[\w.@-]{2,100}")


def check_user_name(name: str) -> str:
    """Return `name` unchanged if it may name a user.

    Raises: MalformedUserName.
    """
    if not _USER_NAME.fullmatch(name):
        raise MalformedUserName(name)
    return name


def organization_named(tx: Tx, slug: str) -> Organization:
    """The organisation with that name in its address.

    Raises: OrganizationNotFound.
    """
    found = store.get_organization_by_slug(tx, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise OrganizationNotFound(slug)
    return found


def organization_with_id(tx: Tx, organization_id: OrganizationId) -> Organization:
    """The organisation with that id.

    Raises: OrganizationNotFound.
    """
    found = store.get_organization(tx, organization_id)
    if found is None:
        raise OrganizationNotFound(str(organization_id))
    return found


def organizations_with_ids(
    tx: Tx, organization_ids: Sequence[OrganizationId]
) -> dict[OrganizationId, Organization]:
    """The organisations of these ids, in one statement."""
    return store.organizations_in(tx, organization_ids)


def list_organizations(
    tx: Tx, *, kind: OrganizationKind | None = None, after: str = "", limit: int = PEOPLE_PAGE_MOST
) -> list[Organization]:
    """Organisations by slug, those after the slug `after`; everybody may see them."""
    return store.organizations(
        tx, kind=kind, after=_without_nul(after), limit=min(limit, PEOPLE_PAGE_MOST)
    )


def user_named(tx: Tx, name: str) -> User:
    """The user with that name, upper and lower case alike.

    Raises: UserNotFound.
    """
    found = store.get_user_by_name(tx, name) if _USER_NAME.fullmatch(name) else None
    if found is None:
        raise UserNotFound(_without_nul(name))
    return found


def user_with_id(tx: Tx, user_id: UserId) -> User:
    """The user with that id.

    Raises: UserNotFound.
    """
    found = store.get_user(tx, user_id)
    if found is None:
        raise UserNotFound(str(user_id))
    return found


def list_users(
    tx: Tx, *, by: Actor, containing: str = "", after: str = "", limit: int = PEOPLE_PAGE_MOST
) -> list[User]:
    """Users by name, those after the name `after`, whose names contain a text.

    Raises: NotAdministrator.
    """
    if not can_administer(by):
        raise NotAdministrator
    return store.users(
        tx,
        containing=_without_nul(containing),
        after=_without_nul(after),
        limit=min(limit, PEOPLE_PAGE_MOST),
    )


def roles_of(tx: Tx, user_id: UserId) -> Sequence[tuple[Membership, Organization | None]]:
    """The user's roles with their organisations, oldest first; None for the whole site."""
    return store.memberships_of_user(tx, user_id)


def members_of(tx: Tx, organization_id: OrganizationId | None, *, by: Actor) -> list[Member]:
    """Who holds which roles in the organisation, or (None) for the whole site; by name.

    Its members, administrators and supervisors may see that.

    Raises: NotAdministrator.
    """
    is_open = can_administer(by) or can_supervise(by)
    if organization_id is not None and not is_open:
        is_open = is_member_of(by, organization_id) or can_administer_organization(
            by, organization_id
        )
    if not is_open:
        raise NotAdministrator
    return store.members(tx, organization_id, limit=PEOPLE_PAGE_MOST)


def _without_nul(text: str) -> str:
    # PostgreSQL's text cannot hold it.
    return text.replace("\0", "")
