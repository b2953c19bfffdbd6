"""What each role may do, as statements about an actor.

Roles are held for one organisation or for the whole site. Two duties never meet by role alone: an
administrator lets people in but decides nothing about data, and an approver decides but is never
the submitter (that part is checked where it is decided, with both names at hand).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from policies.errors import (
    NotAdministrator,
    PersonNeeded,
    RoleDoesNotFit,
    RoleNeedsOrganization,
)
from policies.party import Actor, Membership, OrganizationKind, Role
from policies.terms import OrganizationId

_ANY_KIND: Final = frozenset(OrganizationKind)
_DATA_HOLDERS: Final = _ANY_KIND - {OrganizationKind.REGULATOR}

KINDS_OF_ROLE: Final[Mapping[Role, frozenset[OrganizationKind]]] = {
    Role.PUBLISHER: _DATA_HOLDERS,
    Role.APPROVER: _DATA_HOLDERS,
    Role.BUYER: _DATA_HOLDERS,
    Role.ASSESSOR: frozenset({OrganizationKind.BUREAU, OrganizationKind.ENTERPRISE}),
    # Whoever sells or buys must not be able to credit an account.
    Role.FINANCE: frozenset({OrganizationKind.BUREAU, OrganizationKind.DEPARTMENT}),
    Role.REGULATOR: frozenset({OrganizationKind.REGULATOR}),
    Role.BUREAU: frozenset({OrganizationKind.BUREAU}),
    Role.ADMIN: _ANY_KIND,
}
"""The kinds of organisation in which a role can be held."""

SITE_WIDE: Final = frozenset({Role.ASSESSOR, Role.FINANCE, Role.REGULATOR, Role.BUREAU, Role.ADMIN})
"""Roles that can be held without an organisation."""

GRANTED_BY_ORGANIZATIONS: Final = frozenset({Role.PUBLISHER, Role.APPROVER, Role.BUYER, Role.ADMIN})
"""Roles whose power ends with the organisation, so that its own administrators may grant them."""

SYSTEM: Final = Actor(name="system", memberships=(Membership(Role.ADMIN, None),))
"""The installation itself: its command line, used by whoever may read its keys anyway."""


class Capacity(StrEnum):
    """What CKAN calls a user's capacity in an organisation."""

    ADMIN = "admin"
    EDITOR = "editor"
    MEMBER = "member"


def can_publish_for(actor: Actor, organization_id: OrganizationId) -> bool:
    """Register, upload, describe and submit datasets of that organisation.

    Its administrators may too, as CKAN's may.
    """
    return actor.holds(Role.PUBLISHER, organization_id) or actor.holds(Role.ADMIN, organization_id)


def can_approve_for(actor: Actor, organization_id: OrganizationId) -> bool:
    """Decide about datasets of that organisation and about requests for them.

    The bureau may decide for everyone; an administrator is no approver.
    """
    return actor.holds(Role.APPROVER, organization_id) or actor.holds_anywhere(Role.BUREAU)


def can_apply_for(actor: Actor, organization_id: OrganizationId) -> bool:
    """Ask for data, buy it and use it in the name of that organisation."""
    return any(actor.holds(role, organization_id) for role in (Role.BUYER, Role.PUBLISHER))


def can_set_standards(actor: Actor) -> bool:
    """Put profiles in force and decide what the standards leave to the bureau."""
    return actor.holds_anywhere(Role.BUREAU)


def can_supervise(actor: Actor) -> bool:
    """See every decision, delivery and lineage, and place a freeze."""
    return actor.holds_anywhere(Role.REGULATOR) or actor.holds_anywhere(Role.BUREAU)


def can_top_up(actor: Actor) -> bool:
    """Record what others paid."""
    return actor.holds_anywhere(Role.FINANCE)


def can_confirm_money(actor: Actor) -> bool:
    """Confirm payments that others recorded, and send payouts that others asked for."""
    return can_top_up(actor) or actor.holds_anywhere(Role.BUREAU)


def can_ask_payout(actor: Actor, organization_id: OrganizationId) -> bool:
    """Ask for what that very organisation earned; a site-wide role does not count."""
    return any(
        held.organization_id == organization_id and held.role in (Role.FINANCE, Role.ADMIN)
        for held in actor.memberships
    )


def can_assess(actor: Actor) -> bool:
    """Give an opinion on quality and price, as somebody who neither sells nor buys."""
    return actor.holds_anywhere(Role.ASSESSOR)


def can_see_books_of(actor: Actor, organization_id: OrganizationId) -> bool:
    """See the balance, bills and receipts of that organisation."""
    return is_member_of(actor, organization_id) or can_supervise(actor) or can_top_up(actor)


def can_administer(actor: Actor) -> bool:
    """Add organisations and users, grant every role, close accounts."""
    return actor.holds(Role.ADMIN)


def can_administer_organization(actor: Actor, organization_id: OrganizationId) -> bool:
    """Grant and take the roles whose power ends with that organisation."""
    return actor.holds(Role.ADMIN, organization_id)


def can_administer_holder(actor: Actor, memberships: Iterable[Membership]) -> bool:
    """Make a one-time link for, close or reopen the account that holds `memberships`.

    An administrator of an organisation may do so only to accounts that are nothing elsewhere and
    hold no power over the site; else such a link would be a way up.
    """
    if can_administer(actor):
        return True
    held = tuple(memberships)
    return bool(held) and all(
        membership.organization_id is not None
        and membership.role in GRANTED_BY_ORGANIZATIONS
        and can_administer_organization(actor, membership.organization_id)
        for membership in held
    )


def is_member_of(actor: Actor, organization_id: OrganizationId) -> bool:
    """Hold any role in that very organisation; a site-wide role does not count."""
    return any(held.organization_id == organization_id for held in actor.memberships)


def check_administers(actor: Actor, organization_id: OrganizationId | None, role: Role) -> None:
    """Refuse unless `actor` may grant and take `role` there.

    Raises: NotAdministrator, PersonNeeded.
    """
    check_person(actor)
    if can_administer(actor):
        return
    if (
        organization_id is None
        or role not in GRANTED_BY_ORGANIZATIONS
        or not can_administer_organization(actor, organization_id)
    ):
        raise NotAdministrator


def check_person(actor: Actor) -> None:
    """Refuse an actor that is known by an access token only; such a one holds no role either.

    Raises: PersonNeeded.
    """
    if actor.is_program:
        raise PersonNeeded


def check_fits(role: Role, kind: OrganizationKind | None) -> None:
    """Refuse a role that an organisation of `kind`, or (None) the whole site, does not have.

    Raises: RoleDoesNotFit, RoleNeedsOrganization.
    """
    if kind is None:
        if role not in SITE_WIDE:
            raise RoleNeedsOrganization(role)
        return
    if kind not in KINDS_OF_ROLE[role]:
        raise RoleDoesNotFit(role, kind)


def capacity_of(roles: Iterable[Role]) -> Capacity | None:
    """The capacity that CKAN's face shows for the roles held in one organisation; None for none."""
    held = frozenset(roles)
    if Role.ADMIN in held:
        return Capacity.ADMIN
    if Role.PUBLISHER in held:
        return Capacity.EDITOR
    return Capacity.MEMBER if held else None
