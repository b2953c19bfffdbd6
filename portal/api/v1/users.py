"""Users: who they are, their roles for the whole site, and their accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from policies.database import Tx
from policies.errors import UserNotFound
from policies.identity.enrol import (
    add_user,
    create_password_link,
    deactivate_user,
    grant_role,
    reactivate_user,
    withdraw_role,
)
from policies.identity.people import PEOPLE_PAGE_MOST, list_users, roles_of, user_named
from policies.party import Role, User
from policies.roles import can_administer
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/users", tags=["users"])

PAGE_DEFAULT = 100


class NewUser(BaseModel):
    """An account to open."""

    model_config = ConfigDict(extra="forbid")

    name: str
    password: str | None = None
    """Without one, nobody can sign in until a password link was used."""


class HeldRole(BaseModel):
    """A role, and the organisation that it is held for."""

    role: Role
    organization: str | None
    """Its slug; null for the whole site."""


class UserBody(BaseModel):
    """A user."""

    id: UUID
    name: str
    is_active: bool
    created_at: datetime
    roles: list[HeldRole]


class Me(UserBody):
    """The caller."""

    organization: str | None
    """Slug of the organisation that the caller acts for; null where none is chosen."""


class UserEntry(BaseModel):
    """A user in a list."""

    id: UUID
    name: str
    is_active: bool
    created_at: datetime


class UserPage(BaseModel):
    """Users by name."""

    items: list[UserEntry]
    next: str | None
    """What to give as `after` for the following ones; null where these are the last."""


class LinkBody(BaseModel):
    """A one-time link; its path is shown here and never again."""

    path: str
    expires_at: datetime


@router.get("")
def list_all(
    request: Request,
    containing: str = "",
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=PEOPLE_PAGE_MOST)] = PAGE_DEFAULT,
) -> UserPage:
    """Every user, by name; for administrators of the site."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        found = list_users(tx, by=actor, containing=containing, after=after, limit=limit)
    return UserPage(
        items=[
            UserEntry(
                id=user.id, name=user.name, is_active=user.is_active, created_at=user.created_at
            )
            for user in found
        ],
        next=found[-1].name if len(found) == limit else None,
    )


@router.post("", status_code=201)
def add(request: Request, wanted: NewUser) -> UserBody:
    """Open an account without any role; for administrators."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        user = add_user(tx, name=wanted.name, password=wanted.password, by=actor, at=wiring.now())
        return _body(tx, user)


@router.get("/me")
def show_me(request: Request) -> Me:
    """Who the caller is, with which roles, and for which organisation they act."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        body = _body(tx, user_named(tx, actor.name))
    acting_for = actor.organization.slug if actor.organization else None
    return Me(**body.model_dump(), organization=acting_for)


@router.get("/{name}")
def show(request: Request, name: str) -> UserBody:
    """One user; for that user and for administrators of the site."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        if not can_administer(actor) and actor.name.lower() != name.lower():
            raise UserNotFound(name)
        return _body(tx, user_named(tx, name))


@router.put("/{name}/roles/{role}", status_code=204)
def grant(request: Request, name: str, role: Role) -> Response:
    """Give a user a role for the whole site; twice is once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        user = user_named(tx, name)
        grant_role(tx, user, role, organization=None, by=actor, at=wiring.now())
    return Response(status_code=204)


@router.delete("/{name}/roles/{role}", status_code=204)
def withdraw(request: Request, name: str, role: Role) -> Response:
    """Take a role for the whole site from a user."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        user = user_named(tx, name)
        withdraw_role(tx, user, role, organization=None, by=actor, at=wiring.now())
    return Response(status_code=204)


@router.post("/{name}/deactivate", status_code=204)
def deactivate(request: Request, name: str) -> Response:
    """Close the account: its sessions end and its tokens are revoked at once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        deactivate_user(tx, user_named(tx, name), by=actor, at=wiring.now())
    return Response(status_code=204)


@router.post("/{name}/reactivate", status_code=204)
def reactivate(request: Request, name: str) -> Response:
    """Reopen the account; revoked tokens stay revoked."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        reactivate_user(tx, user_named(tx, name), by=actor, at=wiring.now())
    return Response(status_code=204)


@router.post("/{name}/password-link", status_code=201)
def create_link(request: Request, response: Response, name: str) -> LinkBody:
    """A link with which the user sets a password, once; earlier ones become useless."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        link = create_password_link(tx, user_named(tx, name), by=actor, at=wiring.now())
    response.headers["Cache-Control"] = "no-store"
    return LinkBody(path=f"/user/reset/{link.secret}", expires_at=link.expires_at)


def _body(tx: Tx, user: User) -> UserBody:
    return UserBody(
        id=user.id,
        name=user.name,
        is_active=user.is_active,
        created_at=user.created_at,
        roles=[
            HeldRole(role=held.role, organization=organization.slug if organization else None)
            for held, organization in roles_of(tx, user.id)
        ],
    )
