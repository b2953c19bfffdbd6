"""Activity lists: what happened to datasets, people, groups and organisations.

Each is a reading of the event log. An event about a dataset is told to whoever sees the dataset
now, one about a person to that person and to sysadmins; what an event says beyond its kind, its
time and its actor stays in the log. Lists are read, never written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID, uuid5

from catalog.curation.follow import Followed, mark_seen, seen_at
from catalog.curation.themes import datasets_of_publisher, datasets_under
from catalog.errors import DatasetNotFound
from catalog.find import dataset_with_id
from catalog.view import Json
from policies.activity import ACTIVITY_PAGE_MOST, events_about, newest_events
from policies.events import EventKind, RecordedEvent
from policies.terms import DatasetId, UserId
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import AccessDenied, NoSuchObject
from portal.api.ckan.found import (
    check_may,
    dataset_or_none,
    may_in_organization,
    may_in_theme,
    organization_of,
    theme_of,
    user_of,
)
from portal.api.ckan.plain import moment
from portal.api.ckan.users import check_may_know
from portal.news import count_new, watched_by

SHOWN: Final = 31
"""Activities in one answer where no number is asked for."""
SHOWN_MOST: Final = 100
_DATASETS_MOST: Final = 1000
_NAMESPACE: Final = UUID("4c7a3f0e-6f0c-5b52-8d6d-0f0b7f6f3a11")

_OF_DATASETS: Final[Mapping[EventKind, str]] = {
    EventKind.DATASET_CREATED: "new package",
    EventKind.DATASET_CHANGED: "changed package",
    EventKind.DISTRIBUTION_UPLOADED: "changed package",
    EventKind.DATASET_PUBLISHED: "changed package",
    EventKind.DATASET_WITHDRAWN: "deleted package",
}
_OF_ORGANIZATIONS: Final[Mapping[EventKind, str]] = {
    EventKind.ORGANIZATION_ADDED: "new organization",
    EventKind.ORGANIZATION_CHANGED: "changed organization",
}
_OF_THEMES: Final[Mapping[EventKind, str]] = {EventKind.THEME_CHANGED: "changed group"}
_OF_USERS: Final[Mapping[EventKind, str]] = {
    EventKind.USER_ADDED: "new user",
    EventKind.USER_CHANGED: "changed user",
}
_TYPES: Final = {**_OF_DATASETS, **_OF_ORGANIZATIONS, **_OF_THEMES, **_OF_USERS}

Read = Callable[[int | None], list[RecordedEvent]]
More = Callable[[RecordedEvent], dict[str, Json]]


def package_activity_list(call: Call) -> Result:
    """List what happened to a dataset, named by `id` (id or name), newest first; `limit` (31),
    `offset`.
    """
    dataset = dataset_or_none(call, call.wanted("id"))
    if dataset is None:
        raise NoSuchObject
    return _answer(
        call,
        lambda before: events_about(
            call.tx, list(_OF_DATASETS), dataset_ids=[dataset.id], before=before
        ),
    )


def user_activity_list(call: Call) -> Result:
    """List what a person, named by `id` (id or name), did, newest first; `limit` (31), `offset`."""
    check_may_know(call)
    user = user_of(call, call.wanted("id"))
    return _answer(
        call,
        lambda before: events_about(call.tx, list(_TYPES), actor_ids=[user.id], before=before),
    )


def organization_activity_list(call: Call) -> Result:
    """List what happened to an organisation, named by `id` (id or name), and to its datasets,
    newest first; `limit` (31), `offset`.
    """
    organization = organization_of(call, call.wanted("id"))
    organization_id = organization.organization.id
    if organization.presentation.is_removed:
        check_may(
            call,
            allowed=may_in_organization(call, organization_id, "read"),
            doing=f"read group {organization_id}",
        )
    ids = datasets_of_publisher(call.tx, organization_id, by=call.actor, limit=_DATASETS_MOST)
    return _answer(
        call,
        lambda before: events_about(
            call.tx,
            [*_OF_DATASETS, *_OF_ORGANIZATIONS],
            dataset_ids=ids,
            subject_ids=[organization_id],
            before=before,
        ),
    )


def group_activity_list(call: Call) -> Result:
    """List what happened to a group, named by `id` (id or name), and to its datasets, newest first;
    `limit` (31), `offset`.
    """
    theme = theme_of(call, call.wanted("id"))
    if theme.is_removed:
        check_may(call, allowed=may_in_theme(call, theme, "read"), doing=f"read group {theme.id}")
    ids = datasets_under(call.tx, theme.id, by=call.actor, limit=_DATASETS_MOST)
    return _answer(
        call,
        lambda before: events_about(
            call.tx,
            [*_OF_DATASETS, *_OF_THEMES],
            dataset_ids=ids,
            subject_ids=[theme.id],
            before=before,
        ),
    )


def recently_changed_packages_activity_list(call: Call) -> Result:
    """List what happened to datasets lately, newest first; `limit` (31), `offset`."""
    return _answer(call, lambda before: newest_events(call.tx, list(_OF_DATASETS), before=before))


def dashboard_activity_list(call: Call) -> Result:
    """List what happened to everything that the caller follows, and what they did themselves,
    newest first; `limit` (31), `offset`.
    """
    user_id = _check_dashboard(call)
    watched = watched_by(call.tx, user_id, by=call.actor)
    followed = watched.followed
    datasets = {*followed[Followed.DATASET], *(i for ids in watched.datasets.values() for i in ids)}
    since = seen_at(call.tx, user_id)
    return _answer(
        call,
        lambda before: events_about(
            call.tx,
            list(_TYPES),
            dataset_ids=sorted(datasets),
            subject_ids=[*followed[Followed.THEME], *followed[Followed.ORGANIZATION]],
            actor_ids=[user_id, *followed[Followed.USER]],
            before=before,
        ),
        lambda event: {"is_new": event.actor_id != user_id and (since is None or event.at > since)},
    )


def dashboard_new_activities_count(call: Call) -> Result:
    """Say how many things happened to what the caller follows since they last looked; what they
    did themselves does not count.
    """
    _check_dashboard(call)
    return count_new(call.tx, by=call.actor)


def dashboard_mark_activities_old(call: Call) -> Result:
    """Count as new for the caller only what happens from now on."""
    _check_dashboard(call)
    mark_seen(call.tx, by=call.actor, at=call.at)
    return None


def _check_dashboard(call: Call) -> UserId:
    user_id = call.actor.user_id
    if user_id is None or call.actor.is_program:
        raise AccessDenied("You must be logged in to access your dashboard.")
    return user_id


def _answer(call: Call, read: Read, more: More | None = None) -> Result:
    """A page of activities that the caller may know of; looks through a bounded part of the log."""
    offset = call.whole("offset", 0, most=ACTIVITY_PAGE_MOST)
    limit = call.whole("limit", SHOWN, least=1, most=SHOWN_MOST)
    found: list[RecordedEvent] = []
    known: dict[UUID, bool] = {}
    before: int | None = None
    for _ in range(4):
        events = read(before)
        found += [event for event in events if _is_told(call, event, known)]
        if len(found) >= offset + limit or len(events) < ACTIVITY_PAGE_MOST:
            break
        before = events[-1].id
    page = found[offset : offset + limit]
    return [{**_shape(event), **(more(event) if more else {})} for event in page]


def _is_told(call: Call, event: RecordedEvent, known: dict[UUID, bool]) -> bool:
    if event.dataset_id is not None:
        if event.dataset_id not in known:
            known[event.dataset_id] = _sees(call, DatasetId(event.dataset_id))
        return known[event.dataset_id]
    kind = EventKind(event.kind)
    if kind in _OF_USERS:
        return call.is_sysadmin or event.subject_id == call.actor.user_id
    return kind in _TYPES


def _sees(call: Call, dataset_id: DatasetId) -> bool:
    try:
        dataset_with_id(call.tx, dataset_id, by=call.actor)
    except DatasetNotFound:
        return False
    return True


def _shape(event: RecordedEvent) -> dict[str, Json]:
    object_id = event.dataset_id or event.subject_id
    return {
        "id": str(uuid5(_NAMESPACE, str(event.id))),
        "timestamp": moment(event.at),
        "user_id": str(event.actor_id) if event.actor_id else None,
        "object_id": str(object_id) if object_id else None,
        "activity_type": _TYPES[EventKind(event.kind)],
        "data": {},
    }


ACTIONS: Final[Table] = writes(
    dashboard_mark_activities_old=dashboard_mark_activities_old,
) | reads(
    dashboard_new_activities_count=dashboard_new_activities_count,
    package_activity_list=package_activity_list,
    user_activity_list=user_activity_list,
    organization_activity_list=organization_activity_list,
    group_activity_list=group_activity_list,
    recently_changed_packages_activity_list=recently_changed_packages_activity_list,
    dashboard_activity_list=dashboard_activity_list,
)
