"""Organisations, themes and users that a call names by id or by name, and what the caller may do.

A capacity gives CKAN's permissions: an admin everything, an editor and a member those below.
Sysadmins hold every permission everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from catalog.curation.theme_errors import ThemeNotFound
from catalog.curation.themes import kept_by, theme_named, theme_with_id
from catalog.dataset import Dataset
from catalog.errors import DatasetNotFound
from catalog.find import dataset_named, dataset_with_id
from catalog.theme import Theme, ThemeId
from policies.errors import OrganizationNotFound, UserNotFound
from policies.identity.organize import presented_organization
from policies.identity.people import organization_named, roles_of, user_named, user_with_id
from policies.party import Actor, Role, User
from policies.presentation import PresentedOrganization
from policies.roles import Capacity, capacity_of
from policies.terms import DatasetId, OrganizationId, UserId
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import AccessDenied, NoSuchObject

PERMISSIONS: Final[Mapping[Capacity, frozenset[str]]] = {
    Capacity.ADMIN: frozenset({"admin", "membership"}),
    Capacity.EDITOR: frozenset(
        {"read", "delete_dataset", "create_dataset", "update_dataset", "manage_group"}
    ),
    Capacity.MEMBER: frozenset({"read", "manage_group"}),
}


def organization_or_none(call: Call, name: str) -> PresentedOrganization | None:
    """The organisation of that id or name, removed or not."""
    organization_id = uuid_of(name)
    try:
        if organization_id is not None:
            return presented_organization(call.tx, OrganizationId(organization_id))
    except OrganizationNotFound:
        pass
    try:
        return presented_organization(call.tx, organization_named(call.tx, name).id)
    except OrganizationNotFound:
        return None


def theme_or_none(call: Call, name: str) -> Theme | None:
    """The theme of that id or name, removed or not."""
    theme_id = uuid_of(name)
    try:
        if theme_id is not None:
            return theme_with_id(call.tx, ThemeId(theme_id))
    except ThemeNotFound:
        pass
    try:
        return theme_named(call.tx, name)
    except ThemeNotFound:
        return None


def user_or_none(call: Call, name: str) -> User | None:
    """The user of that id or name; closed accounts exist for sysadmins only."""
    user_id = uuid_of(name)
    found: User | None = None
    try:
        if user_id is not None:
            found = user_with_id(call.tx, UserId(user_id))
    except UserNotFound:
        pass
    if found is None:
        try:
            found = user_named(call.tx, name)
        except UserNotFound:
            return None
    return found if found.is_active or call.is_sysadmin else None


def dataset_or_none(call: Call, name: str) -> Dataset | None:
    """The dataset of that id or name that exists for the caller."""
    dataset_id = uuid_of(name)
    try:
        if dataset_id is not None:
            return dataset_with_id(call.tx, DatasetId(dataset_id), by=call.actor)
    except DatasetNotFound:
        pass
    try:
        return dataset_named(call.tx, name, by=call.actor)
    except DatasetNotFound:
        return None


def organization_of(call: Call, name: str) -> PresentedOrganization:
    """The organisation of that id or name.

    Raises: NoSuchObject.
    """
    found = organization_or_none(call, name)
    if found is None:
        raise NoSuchObject("Organization was not found.")
    return found


def theme_of(call: Call, name: str) -> Theme:
    """The theme of that id or name.

    Raises: NoSuchObject.
    """
    found = theme_or_none(call, name)
    if found is None:
        raise NoSuchObject("Group was not found.")
    return found


def user_of(call: Call, name: str) -> User:
    """The user of that id or name.

    Raises: NoSuchObject.
    """
    found = user_or_none(call, name)
    if found is None:
        raise NoSuchObject("User was not found.")
    return found


def capacity_in(actor: Actor, organization_id: OrganizationId) -> Capacity | None:
    """The actor's own capacity in an organisation; site-wide roles do not count."""
    return capacity_of(
        held.role for held in actor.memberships if held.organization_id == organization_id
    )


def permits(capacity: Capacity | None, permission: str) -> bool:
    """Whether a capacity gives a permission; an admin's gives all."""
    if capacity is None:
        return False
    return capacity is Capacity.ADMIN or permission in PERMISSIONS[capacity]


def may_in_organization(call: Call, organization_id: OrganizationId, permission: str) -> bool:
    """Whether the caller holds the permission in the organisation."""
    if call.is_sysadmin:
        return True
    if call.actor.is_program:
        return False
    return permits(capacity_in(call.actor, organization_id), permission)


def may_in_theme(call: Call, theme: Theme, permission: str) -> bool:
    """Whether the caller holds the permission for the theme."""
    if call.is_sysadmin:
        return True
    if call.actor.user_id is None or call.actor.is_program:
        return False
    return permits(kept_by(call.tx, call.actor.user_id).get(theme.id), permission)


def check_may(call: Call, *, allowed: bool, doing: str) -> None:
    """Refuse with the words that CKAN has for it.

    Raises: AccessDenied.
    """
    if not allowed:
        raise AccessDenied(f"User {call.actor.name} not authorized to {doing}")


def organizations_of(call: Call, user_id: UserId) -> dict[UUID, Capacity]:
    """The capacity that a user has in each of their organisations."""
    held: dict[UUID, list[Role]] = {}
    for membership, organization in roles_of(call.tx, user_id):
        if organization is not None:
            held.setdefault(organization.id, []).append(membership.role)
    found = {organization_id: capacity_of(roles) for organization_id, roles in held.items()}
    return {key: capacity for key, capacity in found.items() if capacity is not None}
