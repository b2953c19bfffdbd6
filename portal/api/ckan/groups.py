"""Groups, which are our themes: list, show, create, update, patch, delete and purge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from catalog.curation.theme_errors import ThemeInCircle, ThemeTaken
from catalog.curation.themes import (
    change_theme,
    counts_by_theme,
    create_theme,
    datasets_of_publisher,
    datasets_under,
    keep_no_longer,
    kept_by,
    let_keep,
    listed_themes,
    parents_of,
    purge_theme,
    put_under,
    remove_theme,
    take_from,
    theme_with_id,
)
from catalog.theme import Theme, ThemeId, ThemeParent
from catalog.view import Json
from policies.identity.organize import by_leave_of_the_site
from policies.identity.people import user_with_id
from policies.terms import Language
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import NoSuchObject, wrong
from portal.api.ckan.found import (
    check_may,
    dataset_or_none,
    may_in_theme,
    organization_or_none,
    theme_of,
    theme_or_none,
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
    Wanted,
    theme_members,
    theme_shape,
)
from portal.api.ckan.images import image_of
from portal.api.ckan.organizations import update_organization
from portal.api.ckan.package_shapes import packages_with_ids
from portal.api.ckan.plain import plain, text_from
from portal.problems import words_of

TYPE: Final = "group"
AUTOCOMPLETE_MOST: Final = 100
PACKAGES_MOST: Final = 1000
_BARE: Final = Wanted(dataset_count=False, extras=False, users=False, groups=False, followers=False)


def group_list(call: Call) -> Result:
    """List groups: their names, or with `all_fields` the whole of each.

    Takes `sort` (name, title, package_count; asc or desc), `limit`, `offset`, `groups` (names),
    `type`, `q`, and with `all_fields` the `include_...` parameters of group_show.
    """
    wanted = Wanted.in_list(call) if call.flag("all_fields") else Wanted()
    found = listed_themes(
        call.tx,
        kind=call.text("type") or TYPE,
        containing=call.text("q").strip(),
        slugs=asked_names(call, "groups"),
    )
    entries = [_entry(call, theme, wanted) for theme in found]
    return answer_list(call, entries, lambda: counts_by_theme(call.tx, by=call.actor))


def group_show(call: Call) -> Result:
    """Show a group, named by `id` (id or name).

    Takes `include_datasets` (the first ten), `include_dataset_count`, `include_extras`,
    `include_users`, `include_groups`, `include_followers`, `include_member_count`.
    """
    theme = theme_or_none(call, call.wanted("id"))
    if theme is None:
        raise NoSuchObject
    if theme.is_removed or (call.flag("include_users") and not call.options.public_user_details):
        check_may(call, allowed=may_in_theme(call, theme, "read"), doing=f"read group {theme.id}")
    return theme_shape(call, theme, Wanted.in_show(call))


def group_create(call: Call) -> Result:
    """Create a group; whoever creates it becomes its admin.

    Takes `name`, `title`, `description`, `image_url` or a file `image_upload`, `type`, `extras`,
    `users` ([{name, capacity}]), `groups` (what it stands under), `packages`, and from a sysadmin
    `id` and `state`.
    """
    may_create = (
        call.options.user_create_groups
        and not call.actor.is_anonymous
        and not call.actor.is_program
    )
    check_may(call, allowed=call.is_sysadmin or may_create, doing="create groups")
    theme_id = ThemeId(chosen_id(call))
    theme = Theme(
        id=theme_id,
        slug=group_name(call, None, ""),
        title=text_from(group_title(call, "")),
        created_at=call.at,
        description=text_from(call.text("description")),
        image_url=image_of(call, ""),
        kind=call.text("type") or TYPE,
        extras=group_extras(call),
        created_by=call.actor.user_id,
    )
    power = by_leave_of_the_site(call.actor)
    try:
        create_theme(call.tx, theme, _parents(call, ()), by=power, at=call.at)
    except ThemeTaken as refusal:
        raise wrong("id", "Group id already exists") from refusal
    for user, capacity in members_in(call) or ():
        if user.id != call.actor.user_id:
            let_keep(call.tx, theme, user, capacity, by=power, at=call.at)
    _replace_packages(call, theme)
    if call.is_sysadmin and is_deleted(call, before=False):
        _remove(call, theme)
    return theme_shape(call, theme_with_id(call.tx, theme_id), Wanted())


def group_update(call: Call) -> Result:
    """Replace what is said of a group, or of an organisation, named by `id` (id or name).

    Texts that are not sent stay, extras that are not sent go; `users`, `groups` and `packages` are
    replaced where they are sent. Takes what group_create takes.
    """
    named = call.wanted("id")
    theme = theme_or_none(call, named)
    if theme is None:
        presented = organization_or_none(call, named)
        if presented is None:
            raise NoSuchObject("Group was not found.")
        return update_organization(call, presented, group_extras(call))
    return _update(call, theme, group_extras(call))


def group_patch(call: Call) -> Result:
    """Change some of what is said of a group, or of an organisation, named by `id` (id or name)."""
    named = call.wanted("id")
    theme = theme_or_none(call, named)
    if theme is None:
        presented = organization_or_none(call, named)
        if presented is None:
            raise NoSuchObject("Group was not found.")
        kept = presented.presentation.extras
        extras = group_extras(call) if call.has("extras") else kept
        return update_organization(call, presented, extras)
    return _update(call, theme, group_extras(call) if call.has("extras") else theme.extras)


def group_delete(call: Call) -> Result:
    """Hide a group, named by `id` (id or name); its datasets stay."""
    theme = theme_of(call, call.wanted("id"))
    allowed = call.is_sysadmin or (
        call.options.user_delete_groups and may_in_theme(call, theme, "delete")
    )
    check_may(call, allowed=allowed, doing=f"delete group {theme.id}")
    _remove(call, theme)
    return None


def group_purge(call: Call) -> Result:
    """Remove a group, named by `id` (id or name), for good; for sysadmins. Its datasets stay."""
    theme = theme_or_none(call, call.wanted("id"))
    if theme is None:
        raise NoSuchObject("Group was not found")
    call.check_sysadmin()
    purge_theme(call.tx, theme, by=call.actor, at=call.at)
    return None


def group_list_authz(call: Call) -> Result:
    """List the groups that the caller may put datasets under.

    `am_member` leaves out those that only a sysadmin's power opens; `available_only` is taken and
    changes nothing, since no dataset is named.
    """
    if call.actor.user_id is None or call.actor.is_program:
        return []
    held = kept_by(call.tx, call.actor.user_id)
    is_all = call.is_sysadmin and not call.flag("am_member")
    is_counted = call.flag("include_dataset_count")
    counts = counts_by_theme(call.tx, by=call.actor) if is_counted else {}
    wanted = replace(
        _BARE, dataset_count=is_counted, member_count=call.flag("include_member_count")
    )
    return [
        theme_shape(call, theme, wanted, counts)
        for theme in listed_themes(call.tx)
        if is_all or theme.id in held
    ]


def group_list_available(call: Call) -> Result:
    """List the groups that the caller may put datasets under; the older name of it."""
    return group_list_authz(call)


def group_package_show(call: Call) -> Result:
    """List the datasets of a group or of an organisation, named by `id` (id or name).

    At most `limit` (1000) of them, the last changed first.
    """
    named = call.wanted("id")
    limit = call.whole("limit", PACKAGES_MOST, most=PACKAGES_MOST)
    theme = theme_or_none(call, named)
    if theme is not None and not theme.is_removed:
        ids = datasets_under(call.tx, theme.id, by=call.actor, limit=limit)
        return list(packages_with_ids(call, ids))
    presented = organization_or_none(call, named)
    if presented is None or presented.presentation.is_removed:
        raise NoSuchObject("Group was not found.")
    ids = datasets_of_publisher(call.tx, presented.organization.id, by=call.actor, limit=limit)
    return list(packages_with_ids(call, ids))


def group_autocomplete(call: Call) -> Result:
    """Find groups whose name or title holds the text `q`; at most `limit` (20)."""
    limit = call.whole("limit", 20, most=AUTOCOMPLETE_MOST)
    q = call.text("q").casefold()
    found = [
        theme
        for theme in listed_themes(call.tx)
        if q in theme.slug or q in plain(theme.title).casefold()
    ]
    return [
        {"id": str(theme.id), "name": theme.slug, "title": plain(theme.title)}
        for theme in found[:limit]
    ]


def _update(call: Call, before: Theme, extras: tuple[tuple[str, str], ...]) -> Json:
    check_may(
        call,
        allowed=may_in_theme(call, before, "update"),
        doing=f"edit group {before.id}",
    )
    if call.has("type") and call.text("type") not in ("", before.kind):
        raise wrong("type", "Type cannot be updated")
    theme = replace(
        before,
        slug=group_name(call, before.id, before.slug),
        title=text_from(group_title(call, plain(before.title)), before.title),
        description=text_from(
            call.text("description", plain(before.description)), before.description
        ),
        image_url=image_of(call, before.image_url),
        extras=extras,
        is_removed=before.is_removed and is_deleted(call, before=True),
    )
    try:
        parents = _parents(call, parents_of(call.tx, before.id))
        change_theme(call.tx, theme, parents, by=call.actor, at=call.at)
    except ThemeInCircle as refusal:
        raise wrong("groups", words_of(refusal, Language.EN)) from refusal
    _replace_packages(call, theme)
    _replace_members(call, theme)
    if is_deleted(call, before=before.is_removed) and not theme.is_removed:
        _remove(call, theme)
    return theme_shape(call, theme_with_id(call.tx, before.id), Wanted())


def _entry(call: Call, theme: Theme, wanted: Wanted) -> Entry:
    return Entry(
        theme.id,
        theme.slug,
        plain(theme.title),
        lambda counts: theme_shape(call, theme, wanted, counts),
    )


def _remove(call: Call, theme: Theme) -> None:
    if not theme.is_removed:
        remove_theme(call.tx, theme, by=call.actor, at=call.at)


def _replace_members(call: Call, theme: Theme) -> None:
    wanted = members_in(call)
    if wanted is None:
        return
    held = theme_members(call, theme)
    for user, capacity in wanted:
        check_own_admin(call, user, held=held.get(user.id), wanted=capacity)
        let_keep(call.tx, theme, user, capacity, by=call.actor, at=call.at)
    for user_id in held.keys() - {user.id for user, _ in wanted}:
        keep_no_longer(call.tx, theme, user_with_id(call.tx, user_id), by=call.actor, at=call.at)


def _replace_packages(call: Call, theme: Theme) -> None:
    """Have the theme hold the datasets that the call names, as far as the caller sees them."""
    named = named_in(call, "packages")
    if named is None:
        return
    power = by_leave_of_the_site(call.actor)
    wanted = set()
    for one in named:
        dataset = dataset_or_none(call, one.name)
        if dataset is not None:
            wanted.add(dataset.id)
    held = set(datasets_under(call.tx, theme.id, by=call.actor, limit=PACKAGES_MOST))
    for dataset_id in wanted - held:
        # Seeing the dataset was checked; `power` is for the theme alone, which the caller keeps.
        put_under(call.tx, theme, dataset_id, by=power, at=call.at)
    for dataset_id in held - wanted:
        take_from(call.tx, theme, dataset_id, by=power, at=call.at)


def _parents(call: Call, before: Sequence[ThemeParent]) -> list[ThemeParent]:
    named = named_in(call, "groups")
    if named is None:
        return list(before)
    found: dict[ThemeId, ThemeParent] = {}
    for one in named:
        parent = theme_or_none(call, one.name)
        if parent is None:
            raise wrong("groups", f"Group {one.name} does not exist.")
        found[parent.id] = ThemeParent(parent.id, one.capacity)
    return list(found.values())


ACTIONS: Final[Table] = {
    **reads(
        group_list=group_list,
        group_show=group_show,
        group_list_authz=group_list_authz,
        group_list_available=group_list_available,
        group_package_show=group_package_show,
        group_autocomplete=group_autocomplete,
    ),
    **writes(
        group_create=group_create,
        group_update=group_update,
        group_patch=group_patch,
        group_delete=group_delete,
        group_purge=group_purge,
    ),
}
