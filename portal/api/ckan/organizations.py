"""Organisations: list, show, create, update, patch, delete and purge.

An organisation that a sysadmin creates is a department, unless its extras say another `kind`; its
extra `uscc` is the unified social credit code, whose check character has to be right. One that
another user creates, where the option lets them, is an enterprise without a code: nobody vouched
that it is a body of the government, and those see and get more, nor whose code it is. Later, too,
these two extras count only where a sysadmin sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from catalog.curation.follow import Followed, forget_followers
from catalog.curation.hand_over import all_datasets, datasets_in_use, leave_unowned
from catalog.curation.themes import counts_by_publisher
from catalog.view import Json
from policies.errors import CreditCodeTaken, MalformedCreditCode, TitleMissing
from policies.identity.enrol import TITLE_MOST_CHARACTERS
from policies.identity.join import leave, set_capacity
from policies.identity.organize import (
    by_leave_of_the_site,
    change_organization,
    found_organization,
    listed_organizations,
    presented_organization,
    purge_organization,
    remove_organization,
)
from policies.identity.people import user_with_id
from policies.party import Actor, Organization, OrganizationKind, check_credit_code
from policies.presentation import OrganizationPresentation, Parent, PresentedOrganization
from policies.presentation_errors import IdTaken, OrganizationInUse, ParentInCircle
from policies.roles import Capacity
from policies.terms import DatasetId, Language, OrganizationId, Text
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject, ValidationFailed, wrong
from portal.api.ckan.found import (
    check_may,
    may_in_organization,
    organization_of,
    organization_or_none,
    organizations_of,
    permits,
    user_of,
)
from portal.api.ckan.group_fields import (
    check_own_admin,
    chosen_id,
    group_extras,
    group_name,
    group_title,
    is_deleted,
    members_in,
    named_in,
)
from portal.api.ckan.group_lists import Entry, answer_list, asked_names
from portal.api.ckan.group_shapes import (
    CREDIT_CODE_KEY,
    KIND_KEY,
    Wanted,
    organization_members,
    organization_shape,
)
from portal.api.ckan.images import image_of
from portal.api.ckan.plain import plain, text_from
from portal.problems import words_of

TYPE: Final = "organization"
AUTOCOMPLETE_MOST: Final = 100


def organization_list(call: Call) -> Result:
    """List organisations: their names, or with `all_fields` the whole of each.

    Takes `sort` (name, title, package_count; asc or desc), `limit`, `offset`, `organizations`
    (names), `type`, `q`, and with `all_fields` the `include_...` parameters of organization_show.
    """
    wanted = Wanted.in_list(call) if call.flag("all_fields") else Wanted()
    found = listed_organizations(
        call.tx,
        type_name=call.text("type") or TYPE,
        containing=call.text("q").strip(),
        slugs=asked_names(call, "organizations"),
    )
    entries = [_entry(call, one, wanted) for one in found]
    return answer_list(call, entries, lambda: counts_by_publisher(call.tx, by=call.actor))


def organization_show(call: Call) -> Result:
    """Show an organisation, named by `id` (id or name).

    Takes `include_datasets` (the first ten), `include_dataset_count`, `include_extras`,
    `include_users`, `include_groups`, `include_followers`, `include_member_count`.
    """
    presented = organization_or_none(call, call.wanted("id"))
    if presented is None:
        raise NoSuchObject
    if presented.presentation.is_removed or (
        call.flag("include_users") and not call.options.public_user_details
    ):
        check_may(
            call,
            allowed=may_in_organization(call, presented.organization.id, "read"),
            doing=f"read group {presented.organization.id}",
        )
    return organization_shape(call, presented, Wanted.in_show(call))


def organization_create(call: Call) -> Result:
    """Create an organisation; whoever creates it becomes its admin.

    Takes `name`, `title`, `description`, `image_url` or a file `image_upload`, `extras` (also
    `kind` and `uscc`), `users` ([{name, capacity}]), `groups` (what it stands under), and from a
    sysadmin `id` and `state`.
    """
    may_found = call.options.user_create_organizations and _is_person(call.actor)
    check_may(call, allowed=call.is_sysadmin or may_found, doing="create organizations")
    organization_id = OrganizationId(chosen_id(call))
    name = group_name(call, None, "")
    extras = group_extras(call)
    title = group_title(call, "")
    kind = OrganizationKind.DEPARTMENT if call.is_sysadmin else OrganizationKind.ENTERPRISE
    organization = Organization(
        id=organization_id,
        slug=name,
        kind=(_kind_in(extras) or kind) if call.is_sysadmin else kind,
        title=text_from(title or name),
        credit_code=_credit_code_in(extras) if call.is_sysadmin else None,
        created_at=call.at,
    )
    presentation = OrganizationPresentation(
        description=text_from(call.text("description")),
        image_url=image_of(call, ""),
        type_name=call.text("type") or TYPE,
        approval_status=call.text("approval_status") or "approved",
        extras=extras,
        is_titled=bool(title.strip()),
        parents=_parents(call, None),
    )
    power = by_leave_of_the_site(call.actor)
    try:
        found_organization(call.tx, organization, presentation, by=power, at=call.at)
    except _WRONG as refusal:
        raise _as_fields(refusal) from refusal
    for user, capacity in members_in(call) or ():
        set_capacity(call.tx, user, organization, capacity, by=power, at=call.at)
    if call.actor.user_id is not None:
        maker = user_with_id(call.tx, call.actor.user_id)
        set_capacity(call.tx, maker, organization, Capacity.ADMIN, by=power, at=call.at)
    if is_deleted(call, before=False) and call.is_sysadmin:
        remove_organization(call.tx, organization_id, by=call.actor, at=call.at)
    made = presented_organization(call.tx, organization_id)
    return organization_shape(call, made, Wanted())


def organization_update(call: Call) -> Result:
    """Replace what is said of an organisation, named by `id` (id or name).

    Texts that are not sent stay, extras that are not sent go; `users` and `groups` are replaced
    where they are sent. Takes what organization_create takes.
    """
    return update_organization(call, organization_of(call, call.wanted("id")), group_extras(call))


def organization_patch(call: Call) -> Result:
    """Change some of what is said of an organisation, named by `id` (id or name)."""
    presented = organization_of(call, call.wanted("id"))
    extras = group_extras(call) if call.has("extras") else presented.presentation.extras
    return update_organization(call, presented, extras)


def update_organization(
    call: Call, before: PresentedOrganization, extras: tuple[tuple[str, str], ...]
) -> Json:
    """Change an organisation as the call says, and show it."""
    was = before.organization
    _check_admin(call, was, "edit")
    if call.has("type") and call.text("type") not in ("", before.presentation.type_name):
        raise wrong("type", "Type cannot be updated")
    name = group_name(call, was.id, was.slug)
    title = group_title(call, plain(was.title) if before.presentation.is_titled else "")
    organization = replace(
        was,
        slug=name,
        title=text_from(title, was.title) if title.strip() else Text(en=name),
        kind=(_kind_in(extras) or was.kind) if call.is_sysadmin else was.kind,
        credit_code=(
            (_credit_code_in(extras) or was.credit_code) if call.is_sysadmin else was.credit_code
        ),
    )
    presentation = replace(
        before.presentation,
        description=text_from(
            call.text("description", plain(before.presentation.description)),
            before.presentation.description,
        ),
        image_url=image_of(call, before.presentation.image_url),
        approval_status=call.text("approval_status") or before.presentation.approval_status,
        extras=extras,
        is_titled=bool(title.strip()),
        is_removed=before.presentation.is_removed and is_deleted(call, before=True),
        parents=_parents(call, before),
    )
    try:
        change_organization(call.tx, organization, presentation, by=call.actor, at=call.at)
    except _WRONG as refusal:
        raise _as_fields(refusal) from refusal
    _replace_members(call, presented_organization(call.tx, was.id))
    if is_deleted(call, before=before.presentation.is_removed):
        _remove(call, presented_organization(call.tx, was.id))
    return organization_shape(call, presented_organization(call.tx, was.id), Wanted())


def organization_delete(call: Call) -> Result:
    """Hide an organisation, named by `id` (id or name), and let its members go.

    Refused while it has datasets, unless `ckan.auth.create_unowned_dataset` lets them stay without
    one; and while it is a party of an agreement that has not ended.
    """
    presented = organization_of(call, call.wanted("id"))
    organization = presented.organization
    allowed = call.is_sysadmin or (
        call.options.user_delete_organizations
        and may_in_organization(call, organization.id, "delete")
    )
    check_may(call, allowed=allowed, doing=f"delete organization {organization.id}")
    _remove(call, presented)
    return None


def organization_purge(call: Call) -> Result:
    """Remove an organisation, named by `id` (id or name), for good; for sysadmins.

    Refused while datasets, agreements, receipts or accounts name it; datasets stay unowned where
    `ckan.auth.create_unowned_dataset` allows it.
    """
    found = organization_or_none(call, call.wanted("id"))
    if found is None:
        raise NoSuchObject("Organization was not found")
    call.check_sysadmin()
    organization = found.organization
    if datasets_in_use(call.tx, organization.id) and not call.options.create_unowned_dataset:
        raise ValidationFailed(
            {"message": "Organization cannot be purged while it still has datasets"}
        )
    _leave_unowned(call, organization, all_datasets(call.tx, organization.id))
    try:
        purge_organization(call.tx, organization.id, by=call.actor, at=call.at)
    except OrganizationInUse as refusal:
        raise ValidationFailed({"message": words_of(refusal, Language.EN)}) from refusal
    forget_followers(call.tx, Followed.ORGANIZATION, organization.id)
    return None


def organization_list_for_user(call: Call) -> Result:
    """List the organisations in which a user (`id`; the caller, where none is named) holds a
    `permission` (manage_group, where none is named), with the user's capacity.
    """
    if call.actor.is_anonymous and not call.has("id"):
        return []
    user = user_of(call, call.text("id") or call.actor.name)
    permission = call.text("permission") or "manage_group"
    is_own = user.id == call.actor.user_id
    if call.is_sysadmin and is_own:
        listed = [(one, Capacity.ADMIN) for one in listed_organizations(call.tx)]
    else:
        held = organizations_of(call, user.id)
        is_told = is_own or call.is_sysadmin or call.options.public_user_details
        listed = [
            (one, held[one.organization.id])
            for one in listed_organizations(call.tx)
            if is_told
            and one.organization.id in held
            and permits(held[one.organization.id], permission)
        ]
    counts: Mapping[UUID, int] = {}
    is_counted = call.flag("include_dataset_count")
    if is_counted:
        counts = counts_by_publisher(call.tx, by=call.actor)
    wanted = Wanted(
        dataset_count=is_counted,
        extras=False,
        users=False,
        groups=False,
        followers=False,
        member_count=call.flag("include_member_count"),
    )
    return [
        {**organization_shape(call, one, wanted, counts), "capacity": capacity.value}
        for one, capacity in listed
    ]


def organization_autocomplete(call: Call) -> Result:
    """Find organisations whose name or title holds the text `q`; at most `limit` (20)."""
    limit = call.whole("limit", 20, most=AUTOCOMPLETE_MOST)
    q = call.text("q")
    found = [
        one
        for one in listed_organizations(call.tx)
        if q.casefold() in one.organization.slug
        or q.casefold() in plain(one.organization.title).casefold()
    ]
    return [
        {
            "id": str(one.organization.id),
            "name": one.organization.slug,
            "title": plain(one.organization.title),
        }
        for one in found[:limit]
    ]


def _entry(call: Call, one: PresentedOrganization, wanted: Wanted) -> Entry:
    title = plain(one.organization.title) if one.presentation.is_titled else ""
    return Entry(
        one.organization.id,
        one.organization.slug,
        title,
        lambda counts: organization_shape(call, one, wanted, counts),
    )


def _remove(call: Call, presented: PresentedOrganization) -> None:
    organization = presented.organization
    if presented.presentation.is_removed:
        return
    in_use = datasets_in_use(call.tx, organization.id)
    if in_use and not call.options.create_unowned_dataset:
        raise ValidationFailed(
            {"message": "Organization cannot be deleted while it still has datasets"}
        )
    _leave_unowned(call, organization, in_use)
    try:
        remove_organization(call.tx, organization.id, by=call.actor, at=call.at)
    except OrganizationInUse as refusal:
        raise ValidationFailed({"message": words_of(refusal, Language.EN)}) from refusal


def _leave_unowned(call: Call, organization: Organization, dataset_ids: list[DatasetId]) -> None:
    leave_unowned(call.tx, organization.id, dataset_ids, by=call.actor, at=call.at)


def _replace_members(call: Call, presented: PresentedOrganization) -> None:
    wanted = members_in(call)
    if wanted is None:
        return
    organization = presented.organization
    held = organization_members(call, presented)
    for user, capacity in wanted:
        if held.get(user.id) is not capacity:
            check_own_admin(call, user, held=held.get(user.id), wanted=capacity)
            set_capacity(call.tx, user, organization, capacity, by=call.actor, at=call.at)
    for user_id in held.keys() - {user.id for user, _ in wanted}:
        leave(call.tx, user_with_id(call.tx, user_id), organization, by=call.actor, at=call.at)


def _parents(call: Call, before: PresentedOrganization | None) -> tuple[Parent, ...]:
    named = named_in(call, "groups")
    if named is None:
        return before.presentation.parents if before else ()
    found: dict[OrganizationId, Parent] = {}
    for one in named:
        parent = organization_or_none(call, one.name)
        if parent is None:
            raise wrong("groups", f"Organization {one.name} does not exist.")
        found[parent.organization.id] = Parent(parent.organization.id, one.capacity)
    order = sorted(found.values(), key=lambda parent: parent.organization_id)
    if before is not None and set(order) == set(before.presentation.parents):
        return before.presentation.parents
    return tuple(order)


def _kind_in(extras: tuple[tuple[str, str], ...]) -> OrganizationKind | None:
    """The kind that an extra field names; another word under that key means something else."""
    named = dict(extras).get(KIND_KEY)
    return next((kind for kind in OrganizationKind if kind.value == named), None)


def _credit_code_in(extras: tuple[tuple[str, str], ...]) -> str | None:
    written = dict(extras).get(CREDIT_CODE_KEY, "").strip()
    if not written:
        return None
    try:
        return check_credit_code(written)
    except MalformedCreditCode as refusal:
        raise wrong(CREDIT_CODE_KEY, words_of(refusal, Language.EN)) from refusal


def _check_admin(call: Call, organization: Organization, doing: str) -> None:
    check_may(
        call,
        allowed=may_in_organization(call, organization.id, "update"),
        doing=f"{doing} organization {organization.id}",
    )


def _is_person(actor: Actor) -> bool:
    return not actor.is_anonymous and not actor.is_program


_WRONG: Final = (CreditCodeTaken, TitleMissing, IdTaken, ParentInCircle)


def _as_fields(
    refusal: CreditCodeTaken | TitleMissing | IdTaken | ParentInCircle,
) -> ValidationFailed:
    words = words_of(refusal, Language.EN)
    match refusal:
        case CreditCodeTaken():
            return wrong(CREDIT_CODE_KEY, words)
        case TitleMissing():
            return wrong("title", f"Must be a maximum of {TITLE_MOST_CHARACTERS} characters long")
        case IdTaken():
            return wrong("id", "Group id already exists")
        case ParentInCircle():
            return wrong("groups", words)


ACTIONS: Final[Table] = {
    **reads(
        organization_list=organization_list,
        organization_show=organization_show,
        organization_list_for_user=organization_list_for_user,
        organization_autocomplete=organization_autocomplete,
    ),
    **writes(
        organization_create=organization_create,
        organization_update=organization_update,
        organization_patch=organization_patch,
        organization_delete=organization_delete,
        organization_purge=organization_purge,
    ),
}
