"""Pages of administrators: organisations, users, and who holds which roles where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from policies.errors import (
    CreditCodeTaken,
    LastAdministrator,
    MalformedCreditCode,
    MalformedSlug,
    MalformedUserName,
    NotAdministrator,
    OrganizationNotFound,
    OrganizationTaken,
    Refusal,
    RoleDoesNotFit,
    RoleNeedsOrganization,
    TitleMissing,
    UserNameTaken,
    UserNotFound,
)
from policies.identity.enrol import (
    PasswordLink,
    add_organization,
    add_user,
    create_password_link,
    deactivate_user,
    grant_role,
    reactivate_user,
    withdraw_role,
)
from policies.identity.people import (
    list_organizations,
    list_users,
    members_of,
    organization_named,
    roles_of,
    user_named,
)
from policies.party import OrganizationKind, Role
from policies.roles import (
    GRANTED_BY_ORGANIZATIONS,
    KINDS_OF_ROLE,
    can_administer,
    can_administer_organization,
)
from policies.terms import Text
from portal.pages.rendering import language_of, render
from portal.problems import status_of, words_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

USERS_SHOWN = 100
"""Users on one page; a search finds the others."""

_SEE_OTHER = 303
Field = Annotated[str, Form()]


@router.get("/admin/people")
def show_people(request: Request, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Organisations and users; for administrators of the site."""
    return _people(request, containing=q)


@router.post("/admin/people")
def do_add_user(request: Request, name: Field = "") -> Response:
    """Open an account and show the one-time link for its password."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            user = add_user(tx, name=name.strip(), password=None, by=actor, at=wiring.now())
            link = create_password_link(tx, user, by=actor, at=wiring.now())
    except (MalformedUserName, UserNameTaken) as refusal:
        return _people(request, refusal=refusal, field="name", typed={"name": name})
    return _user(request, user.name, link=link)


@router.post("/admin/organizations")
def do_add_organization(
    request: Request,
    slug: Field = "",
    kind: Annotated[OrganizationKind, Form()] = OrganizationKind.DEPARTMENT,
    title_zh: Field = "",
    title_en: Field = "",
    credit_code: Field = "",
) -> Response:
    """Let an organisation in."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            added = add_organization(
                tx,
                slug=slug.strip(),
                kind=kind,
                title=Text(zh=title_zh, en=title_en),
                credit_code=credit_code.strip() or None,
                by=actor,
                at=wiring.now(),
            )
    except (
        MalformedSlug,
        OrganizationTaken,
        TitleMissing,
        MalformedCreditCode,
        CreditCodeTaken,
    ) as refusal:
        typed = {
            "slug": slug,
            "kind": kind.value,
            "title_zh": title_zh,
            "title_en": title_en,
            "credit_code": credit_code,
        }
        return _people(request, refusal=refusal, field=_field_of(refusal), typed=typed)
    return RedirectResponse(f"/organization/{added.slug}/members", _SEE_OTHER)


@router.get("/admin/people/{name}")
def show_user(request: Request, name: str) -> Response:
    """One user: roles, and what can be done with the account."""
    return _user(request, name)


@router.post("/admin/people/{name}/roles")
def do_grant(
    request: Request, name: str, role: Annotated[Role, Form()], organization: Field = ""
) -> Response:
    """Give a role, for an organisation or for the whole site."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            place = organization_named(tx, organization.strip()) if organization.strip() else None
            user = user_named(tx, name)
            grant_role(tx, user, role, organization=place, by=actor, at=wiring.now())
    except (RoleDoesNotFit, RoleNeedsOrganization, OrganizationNotFound) as refusal:
        return _user(request, name, refusal=refusal, field="organization")
    return RedirectResponse(f"/admin/people/{name}", _SEE_OTHER)


@router.post("/admin/people/{name}/withdraw")
def do_withdraw(
    request: Request, name: str, role: Annotated[Role, Form()], organization: Field = ""
) -> Response:
    """Take a role."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            place = organization_named(tx, organization) if organization else None
            user = user_named(tx, name)
            withdraw_role(tx, user, role, organization=place, by=actor, at=wiring.now())
    except LastAdministrator as refusal:
        return _user(request, name, refusal=refusal, field="account")
    return RedirectResponse(f"/admin/people/{name}", _SEE_OTHER)


@router.post("/admin/people/{name}/link")
def do_create_link(request: Request, name: str) -> Response:
    """Make a one-time link and show it, this once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        link = create_password_link(tx, user_named(tx, name), by=actor, at=wiring.now())
    return _user(request, name, link=link)


@router.post("/admin/people/{name}/deactivate")
def do_deactivate(request: Request, name: str) -> Response:
    """Close the account at once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            deactivate_user(tx, user_named(tx, name), by=actor, at=wiring.now())
    except LastAdministrator as refusal:
        return _user(request, name, refusal=refusal, field="account")
    return RedirectResponse(f"/admin/people/{name}", _SEE_OTHER)


@router.post("/admin/people/{name}/reactivate")
def do_reactivate(request: Request, name: str) -> Response:
    """Reopen the account."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        reactivate_user(tx, user_named(tx, name), by=actor, at=wiring.now())
    return RedirectResponse(f"/admin/people/{name}", _SEE_OTHER)


@router.get("/organization/{slug}/members")
def show_members(request: Request, slug: str) -> Response:
    """Who holds which roles in an organisation."""
    return _members(request, slug)


@router.post("/organization/{slug}/members")
def do_add_member(
    request: Request, slug: str, name: Field, role: Annotated[Role, Form()], is_new: Field = ""
) -> Response:
    """Give a user a role there; where asked to, open the account first and show its link."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    link = None
    try:
        with wiring.pool.connection() as tx:
            place = organization_named(tx, slug)
            if is_new:
                user = add_user(tx, name=name.strip(), password=None, by=actor, at=wiring.now())
            else:
                user = user_named(tx, name.strip())
            grant_role(tx, user, role, organization=place, by=actor, at=wiring.now())
            if is_new:
                link = create_password_link(tx, user, by=actor, at=wiring.now())
    except (UserNotFound, UserNameTaken, MalformedUserName) as refusal:
        return _members(request, slug, refusal=refusal, field="name", typed={"name": name})
    except RoleDoesNotFit as refusal:
        return _members(request, slug, refusal=refusal, field="role", typed={"name": name})
    if link is not None:
        return _members(request, slug, link=link)
    return RedirectResponse(f"/organization/{slug}/members", _SEE_OTHER)


@router.post("/organization/{slug}/members/withdraw")
def do_withdraw_member(
    request: Request, slug: str, name: Field, role: Annotated[Role, Form()]
) -> Response:
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
    return RedirectResponse(f"/organization/{slug}/members", _SEE_OTHER)


def _people(
    request: Request,
    *,
    containing: str = "",
    refusal: Refusal | None = None,
    field: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        users = list_users(tx, by=actor, containing=containing, limit=USERS_SHOWN)
        organizations = list_organizations(tx)
    return render(
        request,
        "account/people.html",
        status=200 if refusal is None else status_of(refusal),
        users=users,
        organizations=organizations,
        containing=containing,
        is_cut=len(users) == USERS_SHOWN,
        kinds=list(OrganizationKind),
        typed=typed or {},
        errors=_errors(request, refusal, field),
    )


def _user(
    request: Request,
    name: str,
    *,
    link: PasswordLink | None = None,
    refusal: Refusal | None = None,
    field: str = "",
) -> Response:
    actor = signed_in(request)
    if not can_administer(actor):
        raise NotAdministrator
    with wiring_of(request).pool.connection() as tx:
        user = user_named(tx, name)
        held = roles_of(tx, user.id)
        organizations = list_organizations(tx)
    return render(
        request,
        "account/user.html",
        status=200 if refusal is None else status_of(refusal),
        user=user,
        held=held,
        organizations=organizations,
        roles=list(Role),
        link=_address(request, link),
        errors=_errors(request, refusal, field),
    )


def _members(
    request: Request,
    slug: str,
    *,
    link: PasswordLink | None = None,
    refusal: Refusal | None = None,
    field: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        organization = organization_named(tx, slug)
        members = members_of(tx, organization.id, by=actor)
    grantable = set(Role) if can_administer(actor) else GRANTED_BY_ORGANIZATIONS
    return render(
        request,
        "account/members.html",
        status=200 if refusal is None else status_of(refusal),
        organization=organization,
        members=members,
        roles=[
            role for role in Role if role in grantable and organization.kind in KINDS_OF_ROLE[role]
        ],
        may_change=can_administer_organization(actor, organization.id),
        is_administrator=can_administer(actor),
        link=_address(request, link),
        typed=typed or {},
        errors=_errors(request, refusal, field),
    )


def _address(request: Request, link: PasswordLink | None) -> str | None:
    """The whole address to hand on, at the host that the administrator sees."""
    return f"{request.base_url}user/reset/{link.secret}" if link else None


def _errors(request: Request, refusal: Refusal | None, field: str) -> dict[str, str]:
    return {} if refusal is None else {field: words_of(refusal, language_of(request))}


def _field_of(refusal: Refusal) -> str:
    if isinstance(refusal, MalformedCreditCode | CreditCodeTaken):
        return "credit_code"
    return "title_zh" if isinstance(refusal, TitleMissing) else "slug"
