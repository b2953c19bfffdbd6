"""Organisations and people for tests, made as an installation makes them."""

from __future__ import annotations

from datetime import UTC, datetime

from policies.database import Tx
from policies.identity.authenticate import actor_of_user
from policies.identity.enrol import add_organization, add_user, grant_role
from policies.party import Actor, Organization, OrganizationKind, Role, User
from policies.roles import SYSTEM
from policies.terms import Text

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
PASSWORD = "water over the weir"


def found(
    tx: Tx, slug: str = "transport", kind: OrganizationKind = OrganizationKind.DEPARTMENT
) -> Organization:
    """A new organisation."""
    return add_organization(
        tx, slug=slug, kind=kind, title=Text(en=slug.title()), credit_code=None, by=SYSTEM, at=AT
    )


def enrol(
    tx: Tx, name: str, *held: tuple[Role, Organization | None], password: str | None = None
) -> User:
    """A new user with roles."""
    user = add_user(tx, name=name, password=password, by=SYSTEM, at=AT)
    for role, organization in held:
        grant_role(tx, user, role, organization=organization, by=SYSTEM, at=AT)
    return user


def acting(tx: Tx, name: str, *held: tuple[Role, Organization | None]) -> Actor:
    """A new user with roles, as the actor of a request."""
    return actor_of_user(tx, enrol(tx, name, *held))
