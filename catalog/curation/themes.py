"""Themes: make, change, remove and purge them, put datasets under them, and say who keeps them.

A theme's keepers have one of three capacities, as CKAN's members of a group do: every one of them
puts datasets under it and takes them away, an admin also changes the theme and names keepers.
Administrators of the site and the bureau keep every theme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from catalog.audience import audience_of, sees_dataset
from catalog.curation.theme_errors import (
    ThemeInCircle,
    ThemeKeeperNeeded,
    ThemeNotFound,
    ThemeTaken,
)
from catalog.errors import DatasetNotFound
from catalog.store import datasets as dataset_store
from catalog.store import follows as follow_store
from catalog.store import themes as store
from catalog.theme import Keeper, Theme, ThemeId, ThemeParent
from policies.database import Tx
from policies.events import Event, EventKind, JsonValue
from policies.party import SLUG, Actor, User, check_slug
from policies.record import record
from policies.roles import Capacity, can_administer, can_set_standards, check_person
from policies.terms import DatasetId, OrganizationId, UserId

THEMES_MOST: Final = 20_000
"""Themes of one site in one answer."""


def create_theme(
    tx: Tx, theme: Theme, parents: Sequence[ThemeParent] = (), *, by: Actor, at: datetime
) -> None:
    """Make a theme; who makes it keeps it.

    Raises: PersonNeeded, ThemeKeeperNeeded, MalformedSlug, ThemeTaken, ThemeNotFound (a parent),
    ThemeInCircle.
    """
    check_person(by)
    if not _keeps_every_theme(by):
        raise ThemeKeeperNeeded(theme.slug)
    check_slug(theme.slug)
    if not store.insert_theme(tx, theme):
        raise ThemeTaken(theme.slug)
    _keep_parents(tx, theme, parents)
    if by.user_id is not None:
        store.upsert_keeper(tx, theme.id, by.user_id, Capacity.ADMIN)
    _record(tx, theme, {"change": "created", "slug": theme.slug}, by=by, at=at)


def change_theme(
    tx: Tx, theme: Theme, parents: Sequence[ThemeParent], *, by: Actor, at: datetime
) -> None:
    """Replace what is said of a theme; saying the same again changes nothing.

    Raises: PersonNeeded, ThemeNotFound, ThemeKeeperNeeded, MalformedSlug, ThemeTaken,
    ThemeInCircle.
    """
    before = theme_with_id(tx, theme.id)
    check_keeps(tx, before, by, Capacity.ADMIN)
    check_slug(theme.slug)
    named = store.find_theme(tx, theme.slug)
    if named is not None and named.id != theme.id:
        raise ThemeTaken(theme.slug)
    before_parents = [parent for _, parent in store.parents_of(tx, [theme.id])]
    changed: list[JsonValue] = [
        name
        for name in ("slug", "title", "description", "image_url", "kind", "extras", "is_removed")
        if getattr(before, name) != getattr(theme, name)
    ]
    if set(before_parents) != set(parents):
        changed.append("parents")
        _keep_parents(tx, theme, parents)
    if not changed:
        return
    store.update_theme(tx, theme)
    facts: dict[str, JsonValue] = {"change": "described", "slug": theme.slug, "fields": changed}
    _record(tx, theme, facts, by=by, at=at)


def remove_theme(tx: Tx, theme: Theme, *, by: Actor, at: datetime) -> list[DatasetId]:
    """Hide a theme, and take its datasets and keepers from it; which datasets those were.

    Raises: PersonNeeded, ThemeKeeperNeeded.
    """
    check_keeps(tx, theme, by, Capacity.ADMIN)
    held = store.datasets_under(tx, theme.id)
    for dataset_id in held:
        store.delete_held(tx, theme.id, dataset_id)
    for _, keeper in store.keepers_of(tx, [theme.id]):
        store.delete_keeper(tx, theme.id, keeper.user_id)
    store.update_theme(tx, replace(theme, is_removed=True))
    _record(tx, theme, {"change": "removed", "slug": theme.slug}, by=by, at=at)
    return held


def purge_theme(tx: Tx, theme: Theme, *, by: Actor, at: datetime) -> list[DatasetId]:
    """Remove a theme for good; its datasets stay, and which they were is returned.

    Raises: PersonNeeded, ThemeKeeperNeeded for everybody but administrators and the bureau.
    """
    check_person(by)
    if not _keeps_every_theme(by):
        raise ThemeKeeperNeeded(theme.slug)
    held = store.datasets_under(tx, theme.id)
    store.delete_theme(tx, theme.id)
    follow_store.delete_followers(tx, "theme", theme.id)
    _record(tx, theme, {"change": "purged", "slug": theme.slug}, by=by, at=at)
    return held


def put_under(tx: Tx, theme: Theme, dataset_id: DatasetId, *, by: Actor, at: datetime) -> bool:
    """Put a dataset that the actor sees under a theme; False where it was there.

    Raises: PersonNeeded, ThemeKeeperNeeded, DatasetNotFound.
    """
    check_keeps(tx, theme, by, Capacity.MEMBER)
    dataset = dataset_store.get_dataset(tx, dataset_id)
    if dataset is None or not sees_dataset(by, dataset):
        raise DatasetNotFound(str(dataset_id))
    added = store.insert_held(tx, theme.id, dataset_id)
    if added:
        _record(tx, theme, {"change": "put_under"}, by=by, at=at, dataset_id=dataset_id)
    return added


def take_from(tx: Tx, theme: Theme, dataset_id: DatasetId, *, by: Actor, at: datetime) -> bool:
    """Take a dataset from under a theme; False where it was not there.

    Raises: PersonNeeded, ThemeKeeperNeeded.
    """
    check_keeps(tx, theme, by, Capacity.MEMBER)
    taken = store.delete_held(tx, theme.id, dataset_id)
    if taken:
        _record(tx, theme, {"change": "taken_from"}, by=by, at=at, dataset_id=dataset_id)
    return taken


def let_keep(
    tx: Tx, theme: Theme, user: User, capacity: Capacity, *, by: Actor, at: datetime
) -> None:
    """Let a user look after a theme, in that capacity alone.

    Raises: PersonNeeded, ThemeKeeperNeeded.
    """
    check_keeps(tx, theme, by, Capacity.ADMIN)
    if store.upsert_keeper(tx, theme.id, user.id, capacity):
        facts: dict[str, JsonValue] = {
            "change": "keeper_named",
            "user_id": user.id,
            "capacity": capacity,
        }
        _record(tx, theme, facts, by=by, at=at)


def keep_no_longer(tx: Tx, theme: Theme, user: User, *, by: Actor, at: datetime) -> bool:
    """No longer let a user look after a theme; False where they did not.

    Raises: PersonNeeded, ThemeKeeperNeeded.
    """
    check_keeps(tx, theme, by, Capacity.ADMIN)
    taken = store.delete_keeper(tx, theme.id, user.id)
    if taken:
        facts: dict[str, JsonValue] = {"change": "keeper_gone", "user_id": user.id}
        _record(tx, theme, facts, by=by, at=at)
    return taken


def keep_nothing(tx: Tx, user_id: UserId) -> None:
    """Take every theme from a user whose account was closed."""
    store.delete_keeper_everywhere(tx, user_id)


def check_keeps(tx: Tx, theme: Theme, actor: Actor, least: Capacity) -> None:
    """Refuse an actor who does not look after the theme: in any capacity, or as its admin.

    Raises: PersonNeeded, ThemeKeeperNeeded.
    """
    check_person(actor)
    if _keeps_every_theme(actor):
        return
    held = None if actor.user_id is None else store.kept_by(tx, actor.user_id).get(theme.id)
    if held is None or (least is Capacity.ADMIN and held is not Capacity.ADMIN):
        raise ThemeKeeperNeeded(theme.slug)


def theme_with_id(tx: Tx, theme_id: ThemeId) -> Theme:
    """The theme of that id, removed or not.

    Raises: ThemeNotFound.
    """
    found = store.get_theme(tx, theme_id)
    if found is None:
        raise ThemeNotFound(str(theme_id))
    return found


def theme_named(tx: Tx, slug: str) -> Theme:
    """The theme of that name, removed or not.

    Raises: ThemeNotFound.
    """
    found = store.find_theme(tx, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise ThemeNotFound(slug.replace("\0", ""))
    return found


def listed_themes(
    tx: Tx,
    *,
    kind: str | None = None,
    containing: str = "",
    slugs: Sequence[str] | None = None,
    limit: int = THEMES_MOST,
) -> list[Theme]:
    """Themes that are not removed, by name; everybody may see them.

    `kind` None means of every kind, `slugs` None of every name.
    """
    if kind is not None and "\0" in kind:
        return []
    return store.themes(
        tx,
        kind=kind,
        containing=containing.replace("\0", ""),
        slugs=None if slugs is None else [slug for slug in slugs if "\0" not in slug],
        limit=min(limit, THEMES_MOST),
    )


def themes_with_ids(tx: Tx, theme_ids: Sequence[ThemeId]) -> list[Theme]:
    """These themes that are not removed, by name."""
    return store.themes_in(tx, theme_ids)


def themes_of_dataset(tx: Tx, dataset_id: DatasetId) -> list[Theme]:
    """The themes that a dataset stands under, by name."""
    return [theme for _, theme in store.themes_of(tx, [dataset_id])]


def keepers_of(tx: Tx, theme_id: ThemeId) -> list[Keeper]:
    """Who looks after a theme."""
    return [keeper for _, keeper in store.keepers_of(tx, [theme_id])]


def kept_by(tx: Tx, user_id: UserId) -> Mapping[ThemeId, Capacity]:
    """The themes that a user looks after."""
    return store.kept_by(tx, user_id)


def parents_of(tx: Tx, theme_id: ThemeId) -> list[ThemeParent]:
    """What a theme stands under, by name."""
    return [parent for _, parent in store.parents_of(tx, [theme_id])]


def counts_by_theme(tx: Tx, *, by: Actor) -> Mapping[UUID, int]:
    """How many published datasets `by` sees under each theme; themes without are absent."""
    return store.counts_by_theme(tx, audience_of(by))


def counts_by_publisher(tx: Tx, *, by: Actor) -> Mapping[UUID, int]:
    """How many published datasets of each organisation `by` sees; those without are absent."""
    return store.counts_by_publisher(tx, audience_of(by))


def counts_by_creator(tx: Tx, user_ids: Sequence[UserId], *, by: Actor) -> Mapping[UserId, int]:
    """How many datasets that `by` sees each of these users registered; without: absent."""
    return store.counts_by_creator(tx, user_ids, audience_of(by))


def registered_by(tx: Tx, user_id: UserId, *, by: Actor, limit: int) -> list[DatasetId]:
    """Datasets that a user registered and `by` sees, the last changed first."""
    return store.created_by(tx, user_id, audience_of(by), limit=limit)


def datasets_under(
    tx: Tx, theme_id: ThemeId, *, by: Actor, offset: int = 0, limit: int
) -> list[DatasetId]:
    """Published datasets under a theme that `by` sees, the last changed first."""
    return store.published_under(tx, theme_id, audience_of(by), offset=offset, limit=limit)


def datasets_of_publisher(
    tx: Tx, publisher_id: OrganizationId, *, by: Actor, offset: int = 0, limit: int
) -> list[DatasetId]:
    """Published datasets of an organisation that `by` sees, the last changed first."""
    return store.published_by(tx, publisher_id, audience_of(by), offset=offset, limit=limit)


def _keeps_every_theme(actor: Actor) -> bool:
    return can_administer(actor) or can_set_standards(actor)


def _keep_parents(tx: Tx, theme: Theme, parents: Sequence[ThemeParent]) -> None:
    parent_ids = [parent.theme_id for parent in parents]
    if theme.id in {*parent_ids, *store.ancestors_of(tx, parent_ids)}:
        raise ThemeInCircle(theme.slug)
    for parent_id in parent_ids:
        theme_with_id(tx, parent_id)
    store.replace_parents(tx, theme.id, parents)


def _record(
    tx: Tx,
    theme: Theme,
    facts: Mapping[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
    dataset_id: DatasetId | None = None,
) -> None:
    record(
        tx,
        Event(
            kind=EventKind.THEME_CHANGED,
            at=at,
            actor=by,
            dataset_id=dataset_id,
            subject_id=theme.id,
            facts=facts,
        ),
    )
