"""Who and what belongs to an organisation or a group.

CKAN's capacities are roles of ours: an admin is administrator, publisher and approver, an editor
publisher, a member buyer, who may see what the organisation sees and ask in its name. Members of a
group look after a theme.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID, uuid5

from catalog.curation.themes import (
    change_theme,
    datasets_of_publisher,
    datasets_under,
    keep_no_longer,
    let_keep,
    parents_of,
    put_under,
    take_from,
)
from catalog.theme import Theme, ThemeParent
from catalog.view import Json
from policies.identity.join import leave, set_capacity
from policies.identity.organize import change_organization
from policies.party import User
from policies.presentation import Parent, PresentedOrganization
from policies.roles import Capacity
from policies.terms import DatasetId, OrganizationId
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, missing, wrong
from portal.api.ckan.found import (
    check_may,
    dataset_or_none,
    may_in_organization,
    may_in_theme,
    organization_or_none,
    theme_or_none,
    user_or_none,
)
from portal.api.ckan.group_fields import capacity_named, check_own_admin
from portal.api.ckan.group_shapes import organization_members, theme_members

OBJECT_TYPES: Final = ("user", "package", "group")
LISTED_MOST: Final = 10_000
_SHOWN: Final = {Capacity.ADMIN: "Admin", Capacity.EDITOR: "Editor", Capacity.MEMBER: "Member"}
_NAMESPACE: Final = UUID("0b1c9a52-5f5e-5d3c-9f5e-6d1b7c2a4e10")
"""Memberships have no id of their own; one is made of what they join."""

Place = PresentedOrganization | Theme


def member_list(call: Call) -> Result:
    """List what belongs to a group or organisation, named by `id`, as [id, type, capacity].

    `object_type` (user, package or group) and `capacity` limit the list.
    """
    place = _place(call)
    asked_type, asked = call.text("object_type"), call.text("capacity")
    is_removed = place.is_removed if isinstance(place, Theme) else place.presentation.is_removed
    is_told = call.options.public_user_details and not is_removed
    if asked_type == "user" or is_removed:
        check_may(
            call, allowed=is_told or _may(call, place, "read"), doing=f"read group {_id_of(place)}"
        )
    found: list[tuple[UUID, str, str]] = []
    if asked_type in ("", "user") and (is_told or _may(call, place, "read")):
        found += [
            (user_id, "user", _SHOWN[capacity])
            for user_id, capacity in _members(call, place).items()
            if asked in ("", capacity.value)
        ]
    if asked_type in ("", "package") and asked in ("", "public", "organization"):
        found += [(dataset_id, "package", "public") for dataset_id in _datasets(call, place)]
    if asked_type in ("", "group") and asked in ("", "public", "parent"):
        found += [(tie, "group", capacity) for tie, capacity in _ties(call, place)]
    return [[str(one), kind, capacity] for one, kind, capacity in found[:LISTED_MOST]]


def member_create(call: Call) -> Result:
    """Have an `object` (id or name) of an `object_type` (user, package or group) belong to a group
    or organisation, named by `id`, in a `capacity`.
    """
    place, kind = _place(call), _object_type(call)
    object_name, capacity = call.wanted("object"), call.wanted("capacity")
    match kind:
        case "user":
            user = _user(call, object_name)
            _check_may_change(call, place, "update")
            return join(call, place, user, capacity_named(capacity))
        case "package":
            dataset_id = _dataset(call, object_name)
            if not isinstance(place, Theme):
                raise wrong("object_type", "Use package_owner_org_update for an organization")
            _check_may_change(call, place, "manage_group")
            put_under(call.tx, place, dataset_id, by=call.actor, at=call.at)
            return _membership(place, dataset_id, kind, "public")
        case _:
            _check_may_change(call, place, "update")
            return _tie(call, place, object_name, capacity)


def member_delete(call: Call) -> Result:
    """Have an `object` (id or name) of an `object_type` no longer belong to a group or
    organisation, named by `id`.
    """
    place, kind = _place(call), _object_type(call)
    object_name = call.wanted("object")
    match kind:
        case "user":
            user = _user(call, object_name)
            _check_may_change(call, place, "update")
            part(call, place, user)
        case "package":
            dataset_id = _dataset(call, object_name)
            _check_may_change(call, place, "manage_group")
            if isinstance(place, Theme):
                take_from(call.tx, place, dataset_id, by=call.actor, at=call.at)
        case _:
            _check_may_change(call, place, "update")
            _untie(call, place, object_name)
    return None


def organization_member_create(call: Call) -> Result:
    """Let a user (`username`: id or name) join an organisation, named by `id`, in a `role`: admin,
    editor or member.
    """
    return _member_create(call, is_organization=True)


def organization_member_delete(call: Call) -> Result:
    """Have a user (`username`: id or name) leave an organisation, named by `id`."""
    return _member_delete(call, is_organization=True)


def group_member_create(call: Call) -> Result:
    """Let a user (`username`: id or name) look after a group, named by `id`, in a `role`: admin,
    editor or member.
    """
    return _member_create(call, is_organization=False)


def group_member_delete(call: Call) -> Result:
    """No longer let a user (`username`: id or name) look after a group, named by `id`."""
    return _member_delete(call, is_organization=False)


def member_roles_list(call: Call) -> Result:
    """List the roles of members of an organization, or with `group_type` group those of a group."""
    is_group = call.text("group_type") == "group"
    return [
        {"text": words, "value": capacity.value}
        for capacity, words in _SHOWN.items()
        if not (is_group and capacity is Capacity.EDITOR)
    ]


def join(call: Call, place: Place, user: User, capacity: Capacity) -> Json:
    """Let a user join in a capacity, in place of the one they held."""
    held = _members(call, place).get(user.id)
    check_own_admin(call, user, held=held, wanted=capacity)
    if isinstance(place, Theme):
        let_keep(call.tx, place, user, capacity, by=call.actor, at=call.at)
    elif held is not capacity or capacity is Capacity.ADMIN:
        set_capacity(call.tx, user, place.organization, capacity, by=call.actor, at=call.at)
    return _membership(place, user.id, "user", capacity.value)


def part(call: Call, place: Place, user: User) -> None:
    """Have a user leave."""
    if isinstance(place, Theme):
        keep_no_longer(call.tx, place, user, by=call.actor, at=call.at)
    else:
        leave(call.tx, user, place.organization, by=call.actor, at=call.at)


def _member_create(call: Call, *, is_organization: bool) -> Json:
    faults: dict[str, Json] = {
        name: ["Missing value"] for name in ("id", "username", "role") if not call.text(name)
    }
    if faults:
        raise ValidationFailed(faults)
    place = _place_of(call, call.text("id"), is_organization=is_organization)
    if place is None:
        words = "Organization not found" if is_organization else "Group not found"
        raise NoSuchObject(words)
    check_may(call, allowed=_may(call, place, "membership"), doing="add members")
    user = user_or_none(call, call.text("username"))
    if user is None:
        raise wrong("username", "That user name or ID does not exist.")
    return join(call, place, user, capacity_named(call.text("role")))


def _member_delete(call: Call, *, is_organization: bool) -> Json:
    place = _place_of(call, call.wanted("id"), is_organization=is_organization)
    if place is None:
        raise NoSuchObject("Organization not found" if is_organization else "Group not found")
    check_may(
        call,
        allowed=_may(call, place, "membership"),
        doing=f"delete {'organization' if is_organization else 'group'} members",
    )
    named = call.text("username") or call.text("user_id")
    if not named:
        raise missing("username")
    part(call, place, _user(call, named))
    return None


def _place(call: Call) -> Place:
    named = call.wanted("id")
    place = theme_or_none(call, named) or organization_or_none(call, named)
    if place is None:
        raise NoSuchObject("Group was not found.")
    return place


def _place_of(call: Call, named: str, *, is_organization: bool) -> Place | None:
    return organization_or_none(call, named) if is_organization else theme_or_none(call, named)


def _id_of(place: Place) -> UUID:
    return place.id if isinstance(place, Theme) else place.organization.id


def _may(call: Call, place: Place, permission: str) -> bool:
    if isinstance(place, Theme):
        return may_in_theme(call, place, permission)
    return may_in_organization(call, place.organization.id, permission)


def _check_may_change(call: Call, place: Place, permission: str) -> None:
    check_may(call, allowed=_may(call, place, permission), doing=f"edit group {_id_of(place)}")


def _members(call: Call, place: Place) -> dict[UUID, Capacity]:
    if isinstance(place, Theme):
        return dict(theme_members(call, place).items())
    return dict(organization_members(call, place).items())


def _datasets(call: Call, place: Place) -> list[DatasetId]:
    if isinstance(place, Theme):
        return datasets_under(call.tx, place.id, by=call.actor, limit=LISTED_MOST)
    return datasets_of_publisher(call.tx, place.organization.id, by=call.actor, limit=LISTED_MOST)


def _ties(call: Call, place: Place) -> list[tuple[UUID, str]]:
    if isinstance(place, Theme):
        return [(one.theme_id, one.capacity) for one in parents_of(call.tx, place.id)]
    return [(one.organization_id, one.capacity) for one in place.presentation.parents]


def _tie(call: Call, place: Place, named: str, capacity: str) -> Json:
    """Have a group or organisation stand under another of its kind."""
    if isinstance(place, Theme):
        theme = theme_or_none(call, named)
        if theme is None:
            raise NoSuchObject("Group was not found.")
        others = [one for one in parents_of(call.tx, place.id) if one.theme_id != theme.id]
        parents = [*others, ThemeParent(theme.id, capacity)]
        change_theme(call.tx, place, parents, by=call.actor, at=call.at)
        return _membership(place, theme.id, "group", capacity)
    parent = organization_or_none(call, named)
    if parent is None:
        raise NoSuchObject("Group was not found.")
    parent_id = parent.organization.id
    kept = _without(place, parent_id)
    presentation = replace(place.presentation, parents=(*kept, Parent(parent_id, capacity)))
    change_organization(call.tx, place.organization, presentation, by=call.actor, at=call.at)
    return _membership(place, parent_id, "group", capacity)


def _untie(call: Call, place: Place, named: str) -> None:
    if isinstance(place, Theme):
        theme = theme_or_none(call, named)
        if theme is None:
            raise NoSuchObject("Group was not found.")
        others = [one for one in parents_of(call.tx, place.id) if one.theme_id != theme.id]
        change_theme(call.tx, place, others, by=call.actor, at=call.at)
        return
    parent = organization_or_none(call, named)
    if parent is None:
        raise NoSuchObject("Group was not found.")
    kept = _without(place, parent.organization.id)
    presentation = replace(place.presentation, parents=kept)
    change_organization(call.tx, place.organization, presentation, by=call.actor, at=call.at)


def _without(place: PresentedOrganization, parent_id: OrganizationId) -> tuple[Parent, ...]:
    return tuple(one for one in place.presentation.parents if one.organization_id != parent_id)


def _object_type(call: Call) -> str:
    kind = call.wanted("object_type")
    if kind not in OBJECT_TYPES:
        raise wrong("object_type", f"Value must be one of {list(OBJECT_TYPES)}")
    return kind


def _user(call: Call, named: str) -> User:
    user = user_or_none(call, named)
    if user is None:
        raise NoSuchObject("User was not found.")
    return user


def _dataset(call: Call, named: str) -> DatasetId:
    dataset = dataset_or_none(call, named)
    if dataset is None:
        raise NoSuchObject("Package was not found.")
    return dataset.id


def _membership(place: Place, object_id: UUID, kind: str, capacity: str) -> Json:
    group_id = _id_of(place)
    return {
        "id": str(uuid5(_NAMESPACE, f"{group_id}/{kind}/{object_id}")),
        "group_id": str(group_id),
        "table_id": str(object_id),
        "table_name": kind,
        "capacity": capacity,
        "state": "active",
    }


ACTIONS: Final[Table] = {
    **reads(member_list=member_list, member_roles_list=member_roles_list),
    **writes(
        member_create=member_create,
        member_delete=member_delete,
        organization_member_create=organization_member_create,
        organization_member_delete=organization_member_delete,
        group_member_create=group_member_create,
        group_member_delete=group_member_delete,
    ),
}
