"""Organisations and who holds which roles in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from policies.identity.enrol import add_organization, grant_role, withdraw_role
from policies.identity.people import (
    PEOPLE_PAGE_MOST,
    list_organizations,
    members_of,
    organization_named,
    user_named,
)
from policies.party import Member, Organization, OrganizationKind, Role
from policies.terms import Text
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/organizations", tags=["organizations"])

PAGE_DEFAULT = 100


class Title(BaseModel):
    """A text in Chinese, English or both."""

    model_config = ConfigDict(extra="forbid")

    zh: str = ""
    en: str = ""


class NewOrganization(BaseModel):
    """An organisation to let in."""

    model_config = ConfigDict(extra="forbid")

    slug: str
    kind: OrganizationKind
    title: Title
    credit_code: str | None = None


class OrganizationBody(BaseModel):
    """An organisation as everybody may see it."""

    id: UUID
    slug: str
    kind: OrganizationKind
    title: dict[str, str]
    credit_code: str | None
    created_at: datetime


class OrganizationPage(BaseModel):
    """Organisations by slug."""

    items: list[OrganizationBody]
    next: str | None
    """What to give as `after` for the following ones; null where these are the last."""


class MemberBody(BaseModel):
    """A user and the roles held in one organisation."""

    name: str
    is_active: bool
    roles: list[Role]


@router.get("")
def list_all(
    request: Request,
    kind: OrganizationKind | None = None,
    after: str = "",
    limit: Annotated[int, Query(ge=1, le=PEOPLE_PAGE_MOST)] = PAGE_DEFAULT,
) -> OrganizationPage:
    """Every organisation, by slug; open to everybody."""
    with wiring_of(request).pool.connection() as tx:
        found = list_organizations(tx, kind=kind, after=after, limit=limit)
    return OrganizationPage(
        items=[body_of(organization) for organization in found],
        next=found[-1].slug if len(found) == limit else None,
    )


@router.post("", status_code=201)
def add(request: Request, wanted: NewOrganization) -> OrganizationBody:
    """Let an organisation in; for administrators of the site."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        added = add_organization(
            tx,
            slug=wanted.slug,
            kind=wanted.kind,
            title=Text(zh=wanted.title.zh, en=wanted.title.en),
            credit_code=wanted.credit_code,
            by=actor,
            at=wiring.now(),
        )
    return body_of(added)


@router.get("/{slug}")
def show(request: Request, slug: str) -> OrganizationBody:
    """One organisation; open to everybody."""
    with wiring_of(request).pool.connection() as tx:
        return body_of(organization_named(tx, slug))


@router.get("/{slug}/members")
def list_members(request: Request, slug: str) -> list[MemberBody]:
    """Who holds which roles there; for its members, administrators and supervisors."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        organization = organization_named(tx, slug)
        return [_member(member) for member in members_of(tx, organization.id, by=actor)]


@router.put("/{slug}/members/{name}/{role}", status_code=204)
def grant(request: Request, slug: str, name: str, role: Role) -> Response:
    """Give a user a role there; twice is once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        grant_role(
            tx,
            user_named(tx, name),
            role,
            organization=organization_named(tx, slug),
            by=actor,
            at=wiring.now(),
        )
    return Response(status_code=204)


@router.delete("/{slug}/members/{name}/{role}", status_code=204)
def withdraw(request: Request, slug: str, name: str, role: Role) -> Response:
    """Take a role from a user there."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        withdraw_role(
            tx,
            user_named(tx, name),
            role,
            organization=organization_named(tx, slug),
            by=actor,
            at=wiring.now(),
        )
    return Response(status_code=204)


def body_of(organization: Organization) -> OrganizationBody:
    """The organisation as the API writes it."""
    return OrganizationBody(
        id=organization.id,
        slug=organization.slug,
        kind=organization.kind,
        title=organization.title.as_map(),
        credit_code=organization.credit_code,
        created_at=organization.created_at,
    )


def _member(member: Member) -> MemberBody:
    return MemberBody(
        name=member.user.name, is_active=member.user.is_active, roles=list(member.roles)
    )
