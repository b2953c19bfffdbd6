"""Found organisations with what they say of themselves, change, remove, restore and purge them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from policies.database import Tx
from policies.errors import (
    CreditCodeTaken,
    NotAdministrator,
    OrganizationNotFound,
    OrganizationTaken,
    TitleMissing,
)
from policies.events import Event, EventKind, JsonValue
from policies.identity.enrol import TITLE_MOST_CHARACTERS, withdraw_role
from policies.party import (
    UNOWNED,
    Actor,
    Membership,
    Organization,
    Role,
    check_credit_code,
    check_slug,
)
from policies.presentation import (
    OrganizationPresentation,
    PresentedOrganization,
    check_written,
)
from policies.presentation_errors import IdTaken, OrganizationInUse, ParentInCircle
from policies.record import record
from policies.roles import can_administer, can_administer_organization, check_person
from policies.store import people as people_store
from policies.store import presentations as store
from policies.terms import OrganizationId, Text

ORGANIZATIONS_MOST: Final = 20_000
"""Organisations of one site in one answer."""

_MEMBERS_MOST: Final = 100_000


def by_leave_of_the_site(actor: Actor) -> Actor:
    """The actor with an administrator's power, for one act that the site lets everybody do.

    Settings such as CKAN's `ckan.auth.user_create_organizations` say which acts those are; the log
    names the person all the same.
    """
    return replace(actor, memberships=(*actor.memberships, Membership(Role.ADMIN, None)))


def found_organization(
    tx: Tx,
    organization: Organization,
    presentation: OrganizationPresentation,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Let an organisation in under an id of the caller's choice.

    Raises: NotAdministrator, MalformedSlug, MalformedCreditCode, TitleMissing, OrganizationTaken,
    CreditCodeTaken, IdTaken, OrganizationNotFound (a parent), ParentInCircle.
    """
    check_person(by)
    if not can_administer(by):
        raise NotAdministrator
    organization = _checked(organization)
    _check_free(tx, organization)
    if not store.insert_organization(tx, organization):
        raise IdTaken(str(organization.id))
    _keep(tx, organization, presentation)
    _record(
        tx,
        EventKind.ORGANIZATION_ADDED,
        organization,
        {
            "slug": organization.slug,
            "kind": organization.kind,
            "title": organization.title.as_map(),
            "credit_code": organization.credit_code,
        },
        by=by,
        at=at,
    )


def change_organization(
    tx: Tx,
    organization: Organization,
    presentation: OrganizationPresentation,
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Replace what is said of an organisation, its name in addresses included.

    Its own administrators may; what kind it is and its credit code, which decisions read, only an
    administrator of the site changes. Saying the same again changes nothing.

    Raises: OrganizationNotFound, NotAdministrator, MalformedSlug, MalformedCreditCode,
    TitleMissing, OrganizationTaken, CreditCodeTaken, ParentInCircle.
    """
    before = presented_organization(tx, organization.id)
    _check_may_change(by, organization.id)
    organization = _checked(organization)
    facts = _differences(before, PresentedOrganization(organization, presentation))
    if not facts:
        return
    if {"kind", "credit_code"} & facts.keys() and not can_administer(by):
        raise NotAdministrator
    _check_free(tx, organization)
    store.update_organization(tx, organization)
    _keep(tx, organization, presentation)
    _record(tx, EventKind.ORGANIZATION_CHANGED, organization, facts, by=by, at=at)


def remove_organization(
    tx: Tx, organization_id: OrganizationId, *, by: Actor, at: datetime
) -> None:
    """Hide an organisation and let all its members go; it can be restored, they join anew.

    Raises: OrganizationNotFound, NotAdministrator, OrganizationInUse while it is a party of an
    agreement that has not ended.
    """
    before = presented_organization(tx, organization_id)
    _check_may_change(by, organization_id)
    if before.presentation.is_removed:
        return
    if store.has_live_agreement(tx, organization_id):
        raise OrganizationInUse(before.organization.slug)
    for member in people_store.members(tx, organization_id, limit=_MEMBERS_MOST):
        for role in member.roles:
            withdraw_role(
                tx,
                member.user,
                role,
                organization=before.organization,
                # Whoever may remove the organisation takes every role with it.
                by=by_leave_of_the_site(by),
                at=at,
            )
    store.upsert_organization_presentation(
        tx, organization_id, replace(before.presentation, is_removed=True)
    )
    facts: dict[str, JsonValue] = {"change": "removed"}
    _record(tx, EventKind.ORGANIZATION_CHANGED, before.organization, facts, by=by, at=at)


def purge_organization(tx: Tx, organization_id: OrganizationId, *, by: Actor, at: datetime) -> None:
    """Remove an organisation for good; the log keeps that it was there.

    Raises: OrganizationNotFound, NotAdministrator, OrganizationInUse while a dataset, an agreement,
    a receipt or an account names it.
    """
    found = presented_organization(tx, organization_id).organization
    check_person(by)
    if not can_administer(by):
        raise NotAdministrator
    if not store.delete_organization(tx, organization_id):
        raise OrganizationInUse(found.slug)
    facts: dict[str, JsonValue] = {"change": "purged", "slug": found.slug}
    _record(tx, EventKind.ORGANIZATION_CHANGED, found, facts, by=by, at=at)


def presented_organization(tx: Tx, organization_id: OrganizationId) -> PresentedOrganization:
    """The organisation with what it says of itself, removed or not.

    Raises: OrganizationNotFound.
    """
    found = store.presented_organizations(tx, [organization_id])
    if not found or organization_id == UNOWNED:
        raise OrganizationNotFound(str(organization_id))
    return found[0]


def presented_organizations(
    tx: Tx, organization_ids: Sequence[OrganizationId]
) -> list[PresentedOrganization]:
    """These organisations, removed ones too, by name."""
    return store.presented_organizations(tx, organization_ids)


def listed_organizations(
    tx: Tx,
    *,
    type_name: str | None = None,
    containing: str = "",
    slugs: Sequence[str] | None = None,
    limit: int = ORGANIZATIONS_MOST,
) -> list[PresentedOrganization]:
    """Organisations that are not removed, by name; everybody may see them.

    `type_name` None means of every type, `slugs` None of every name.
    """
    if type_name is not None and "\0" in type_name:
        return []
    return store.listed_organizations(
        tx,
        type_name=type_name,
        containing=containing.replace("\0", ""),
        slugs=None if slugs is None else [slug for slug in slugs if "\0" not in slug],
        limit=min(limit, ORGANIZATIONS_MOST),
    )


def _check_may_change(actor: Actor, organization_id: OrganizationId) -> None:
    check_person(actor)
    if not can_administer_organization(actor, organization_id):
        raise NotAdministrator


def _checked(organization: Organization) -> Organization:
    check_slug(organization.slug)
    _check_title(organization.title)
    if organization.credit_code is None:
        return organization
    return replace(organization, credit_code=check_credit_code(organization.credit_code))


def _check_title(title: Text) -> None:
    given = list(title.as_map().values())
    if not any(text.strip() for text in given):
        raise TitleMissing(TITLE_MOST_CHARACTERS)
    for text in given:
        check_written("title", text, TITLE_MOST_CHARACTERS)


def _check_free(tx: Tx, organization: Organization) -> None:
    named = people_store.get_organization_by_slug(tx, organization.slug)
    if named is not None and named.id != organization.id:
        raise OrganizationTaken(organization.slug)
    if organization.credit_code is not None:
        holder = store.organization_with_credit_code(tx, organization.credit_code)
        if holder not in (None, organization.id):
            raise CreditCodeTaken(organization.credit_code)


def _keep(tx: Tx, organization: Organization, presentation: OrganizationPresentation) -> None:
    parent_ids = [parent.organization_id for parent in presentation.parents]
    above = {*parent_ids, *store.ancestors_of(tx, parent_ids)}
    if organization.id in above:
        raise ParentInCircle(organization.slug)
    for parent_id in parent_ids:
        if people_store.get_organization(tx, parent_id) is None:
            raise OrganizationNotFound(str(parent_id))
    store.upsert_organization_presentation(tx, organization.id, presentation)
    store.replace_parents(tx, organization.id, presentation.parents)


def _differences(
    before: PresentedOrganization, after: PresentedOrganization
) -> dict[str, JsonValue]:
    """What changes: facts that decisions and addresses read with both values, texts by name."""
    was, now = before.organization, after.organization
    facts: dict[str, JsonValue] = {}
    for name in ("slug", "kind", "credit_code"):
        if getattr(was, name) != getattr(now, name):
            facts[name] = {"before": getattr(was, name), "after": getattr(now, name)}
    if was.title != now.title:
        facts["title"] = {"before": was.title.as_map(), "after": now.title.as_map()}
    texts = [
        name
        for name in (
            *("description", "image_url", "type_name", "approval_status"),
            *("extras", "is_titled", "is_removed", "parents"),
        )
        if getattr(before.presentation, name) != getattr(after.presentation, name)
    ]
    if texts:
        facts["presentation"] = texts
    return facts


def _record(
    tx: Tx,
    kind: EventKind,
    organization: Organization,
    facts: dict[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=organization.id,
            subject_id=organization.id,
            facts=facts,
        ),
    )
