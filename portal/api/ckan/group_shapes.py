"""Organisations and themes in CKAN's shape, which is one for both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from catalog.curation.follow import Followed, count_followers
from catalog.curation.themes import (
    counts_by_publisher,
    counts_by_theme,
    datasets_of_publisher,
    datasets_under,
    keepers_of,
    parents_of,
    theme_with_id,
)
from catalog.theme import Theme
from catalog.view import Json
from policies.identity.organize import presented_organizations
from policies.identity.people import members_of
from policies.identity.register import presented_users
from policies.party import OrganizationKind
from policies.presentation import PresentedOrganization
from policies.roles import SYSTEM, Capacity, capacity_of
from policies.terms import UserId
from portal.api.ckan.call import Call, truth_of
from portal.api.ckan.errors import ValidationFailed
from portal.api.ckan.found import may_in_organization, may_in_theme
from portal.api.ckan.images import display_url
from portal.api.ckan.package_shapes import packages_with_ids
from portal.api.ckan.plain import moment, plain
from portal.api.ckan.user_shapes import user_shapes, with_capacity

PACKAGES_SHOWN: Final = 10
"""Datasets that come with an organisation or a group."""
KIND_KEY: Final = "kind"
CREDIT_CODE_KEY: Final = "uscc"

Group = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts of a group a call asks for."""

    datasets: bool = False
    dataset_count: bool = True
    extras: bool = True
    users: bool = True
    groups: bool = True
    followers: bool = True
    member_count: bool = False

    @classmethod
    def in_show(cls, call: Call) -> Wanted:
        """Those of a call that shows one group: everything but its datasets.

        Raises: ValidationFailed.
        """
        return cls._read(call, otherwise=True)

    @classmethod
    def in_list(cls, call: Call) -> Wanted:
        """Those of a call that lists groups: only the count of their datasets.

        Raises: ValidationFailed.
        """
        return cls._read(call, otherwise=False)

    @classmethod
    def _read(cls, call: Call, *, otherwise: bool) -> Wanted:
        return cls(
            datasets=_truth(call, "include_datasets", otherwise=False),
            dataset_count=_truth(call, "include_dataset_count", otherwise=True),
            extras=_truth(call, "include_extras", otherwise=otherwise),
            users=_truth(
                call, "include_users", otherwise=otherwise and call.options.public_user_details
            ),
            groups=_truth(call, "include_groups", otherwise=otherwise),
            followers=_truth(call, "include_followers", otherwise=otherwise),
            member_count=_truth(call, "include_member_count", otherwise=False),
        )


def organization_shape(
    call: Call,
    presented: PresentedOrganization,
    wanted: Wanted,
    counts: Mapping[UUID, int] | None = None,
) -> Group:
    """An organisation; `counts` are those of all organisations, where a list counted them."""
    organization, shown = presented.organization, presented.presentation
    title = plain(organization.title) if shown.is_titled else ""
    shape = _frame(call, shown.image_url) | {
        "id": str(organization.id),
        "name": organization.slug,
        "title": title,
        "display_name": title or organization.slug,
        "description": plain(shown.description),
        "type": shown.type_name,
        "is_organization": True,
        "approval_status": shown.approval_status,
        "state": "deleted" if shown.is_removed else "active",
        "created": moment(organization.created_at),
    }
    if wanted.extras:
        shape["extras"] = [
            {"key": key, "value": value} for key, value in organization_extras(presented)
        ]
    if wanted.datasets:
        ids = datasets_of_publisher(call.tx, organization.id, by=call.actor, limit=PACKAGES_SHOWN)
        shape["packages"] = list(packages_with_ids(call, ids))
    if wanted.datasets or wanted.dataset_count:
        found = counts_by_publisher(call.tx, by=call.actor) if counts is None else counts
        shape["package_count"] = found.get(organization.id, 0)
    if wanted.groups:
        shape["groups"] = _parents_of_organization(call, presented)
    if wanted.users or wanted.member_count:
        capacities = organization_members(call, presented)
        is_told = call.options.public_user_details or may_in_organization(
            call, organization.id, "read"
        )
        _add_users(call, shape, capacities if is_told else {}, wanted)
    if wanted.followers:
        shape["num_followers"] = count_followers(call.tx, Followed.ORGANIZATION, organization.id)
    return shape


def theme_shape(
    call: Call, theme: Theme, wanted: Wanted, counts: Mapping[UUID, int] | None = None
) -> Group:
    """A theme as a group; `counts` are those of all themes, where a list counted them."""
    shape = _frame(call, theme.image_url) | {
        "id": str(theme.id),
        "name": theme.slug,
        "title": plain(theme.title),
        "display_name": plain(theme.title) or theme.slug,
        "description": plain(theme.description),
        "type": theme.kind,
        "is_organization": False,
        "approval_status": "approved",
        "state": "deleted" if theme.is_removed else "active",
        "created": moment(theme.created_at),
    }
    if wanted.extras:
        shape["extras"] = [{"key": key, "value": value} for key, value in theme.extras]
    if wanted.datasets:
        ids = datasets_under(call.tx, theme.id, by=call.actor, limit=PACKAGES_SHOWN)
        shape["packages"] = list(packages_with_ids(call, ids))
    if wanted.datasets or wanted.dataset_count:
        found = counts_by_theme(call.tx, by=call.actor) if counts is None else counts
        shape["package_count"] = found.get(theme.id, 0)
    if wanted.groups:
        shape["groups"] = _parents_of_theme(call, theme)
    if wanted.users or wanted.member_count:
        is_told = call.options.public_user_details or may_in_theme(call, theme, "read")
        _add_users(call, shape, theme_members(call, theme) if is_told else {}, wanted)
    if wanted.followers:
        shape["num_followers"] = count_followers(call.tx, Followed.THEME, theme.id)
    return shape


def organization_extras(presented: PresentedOrganization) -> list[tuple[str, str]]:
    """Extra fields with what we know better: the kind and the unified social credit code."""
    organization = presented.organization
    own: dict[str, str] = {}
    if organization.credit_code is not None:
        own[CREDIT_CODE_KEY] = organization.credit_code
    kept = presented.presentation.extras
    kinds = {kind.value for kind in OrganizationKind}
    if dict(kept).get(KIND_KEY) in kinds or (
        KIND_KEY not in dict(kept) and organization.kind is not OrganizationKind.DEPARTMENT
    ):
        own[KIND_KEY] = organization.kind.value
    shown = [(key, own.pop(key, value)) for key, value in kept]
    return [*shown, *sorted(own.items())]


def organization_members(call: Call, presented: PresentedOrganization) -> dict[UserId, Capacity]:
    """The organisation's people whose account is open, with their capacity."""
    # Whether the caller is told has been decided by CKAN's options.
    members = members_of(call.tx, presented.organization.id, by=SYSTEM)
    found = {
        member.user.id: capacity_of(member.roles) for member in members if member.user.is_active
    }
    return {user_id: capacity for user_id, capacity in found.items() if capacity is not None}


def theme_members(call: Call, theme: Theme) -> dict[UserId, Capacity]:
    """Who looks after the theme, with their capacity."""
    keepers = keepers_of(call.tx, theme.id)
    users = presented_users(call.tx, [keeper.user_id for keeper in keepers])
    is_open = {one.user.id for one in users if one.user.is_active}
    return {keeper.user_id: keeper.capacity for keeper in keepers if keeper.user_id in is_open}


def _frame(call: Call, image_url: str) -> Group:
    return {
        "image_url": image_url,
        "image_display_url": display_url(call.site_url, image_url, "group"),
        "tags": [],
    }


def _add_users(
    call: Call, shape: Group, capacities: Mapping[UserId, Capacity], wanted: Wanted
) -> None:
    if wanted.users:
        users = presented_users(call.tx, list(capacities))
        shape["users"] = [
            with_capacity(user, capacities[one.user.id])
            for one, user in zip(users, user_shapes(call, users), strict=True)
        ]
    if wanted.member_count:
        shape["member_count"] = len(capacities)


def _parents_of_organization(call: Call, presented: PresentedOrganization) -> list[Json]:
    ties = {parent.organization_id: parent for parent in presented.presentation.parents}
    return [
        {
            **organization_shape(call, parent, _BRIEFLY),
            "capacity": ties[parent.organization.id].capacity,
        }
        for parent in presented_organizations(call.tx, list(ties))
        if not parent.presentation.is_removed
    ]


def _parents_of_theme(call: Call, theme: Theme) -> list[Json]:
    return [
        {
            **theme_shape(call, theme_with_id(call.tx, parent.theme_id), _BRIEFLY),
            "capacity": parent.capacity,
        }
        for parent in parents_of(call.tx, theme.id)
    ]


def _truth(call: Call, name: str, *, otherwise: bool) -> bool:
    value = call.value(name)
    if isinstance(value, str) and value.strip().lower() not in _TRUTHS:
        raise ValidationFailed({"message": "Parameter is not an bool"})
    return truth_of(value, otherwise=otherwise)


_TRUTHS: Final = frozenset(
    ("", "true", "yes", "on", "y", "t", "1", "false", "no", "off", "n", "f", "0")
)
_BRIEFLY: Final = Wanted(
    dataset_count=False, extras=False, users=False, groups=False, followers=False
)
