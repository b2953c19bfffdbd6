"""Follow people, datasets, groups and organisations. Who follows what is told to that person and
to sysadmins; how many follow something is told to everybody who may know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from catalog.curation import follow as verbs
from catalog.curation.follow import Followed
from catalog.curation.theme_errors import NotFollowing
from catalog.curation.themes import themes_with_ids
from catalog.theme import ThemeId
from catalog.view import Json
from policies.identity.organize import presented_organizations
from policies.identity.register import presented_users
from policies.party import User
from policies.terms import DatasetId, OrganizationId, UserId
from portal.api.ckan.action import Result, Run, Table, reads, writes
from portal.api.ckan.call import Call
from portal.api.ckan.errors import AccessDenied, ValidationFailed, missing, wrong
from portal.api.ckan.found import (
    dataset_or_none,
    organization_or_none,
    theme_or_none,
    user_of,
    user_or_none,
)
from portal.api.ckan.group_shapes import Wanted, organization_shape, theme_shape
from portal.api.ckan.package_shapes import packages_with_ids
from portal.api.ckan.plain import moment
from portal.api.ckan.user_shapes import is_own, user_shapes
from portal.api.ckan.users import check_may_know

_GROUP: Final = Wanted(users=False, followers=False)


def followee_list(call: Call) -> Result:
    """List everything that a user (`id`: id or name) follows, with its `type`, `display_name` and
    whole self as `dict`; with `q`, what is called so or begins so.
    """
    user = _own_user(call)
    found: list[dict[str, Json]] = [
        {"type": kind, "display_name": _display_name(shape), "dict": shape}
        for kind, shapes in (
            ("user", _users(call, user)),
            ("dataset", _datasets(call, user)),
            ("group", _themes(call, user)),
            ("organization", _organizations(call, user)),
        )
        for shape in shapes
    ]
    q = call.text("q").strip().lower()
    found = [one for one in found if str(one["display_name"]).strip().lower().startswith(q)]
    return sorted(found, key=lambda one: str(one["display_name"]))


def followee_count(call: Call) -> Result:
    """Say how many things of any kind a user (`id`: id or name) follows."""
    user = _named_user(call)
    return sum(len(verbs.followed_by(call.tx, kind, user.id)) for kind in Followed)


def _find(call: Call, kind: Followed, named: str) -> UUID:
    """The thing of that kind that the call names, if the caller may know of it.

    Raises: ValidationFailed in CKAN's words, AccessDenied.
    """
    match kind:
        case Followed.USER:
            check_may_know(call)
            user = user_or_none(call, named)
            if user is not None:
                return user.id
            raise wrong("id", "Not found: User")
        case Followed.DATASET:
            dataset = dataset_or_none(call, named)
            if dataset is not None:
                return dataset.id
            raise wrong("id", "Not found: Dataset")
        case Followed.THEME:
            theme = theme_or_none(call, named)
            if theme is not None and not theme.is_removed:
                return theme.id
            raise wrong("id", "That group name or ID does not exist.")
        case Followed.ORGANIZATION:
            presented = organization_or_none(call, named)
            if presented is not None and not presented.presentation.is_removed:
                return presented.organization.id
            raise wrong("id", "That group name or ID does not exist.")


def _kind_of(call: Call, kind: Followed, named: str) -> tuple[Followed, UUID]:
    """CKAN follows an organisation as a group: what is no group may be an organisation."""
    if kind is not Followed.THEME:
        return kind, _find(call, kind, named)
    theme = theme_or_none(call, named)
    if theme is None and organization_or_none(call, named) is not None:
        return Followed.ORGANIZATION, _find(call, Followed.ORGANIZATION, named)
    return kind, _find(call, kind, named)


def _following(kind: Followed, words: str) -> Run:
    def run(call: Call) -> Result:
        if call.actor.user_id is None or call.actor.is_program:
            raise AccessDenied(f"You must be logged in to follow {words}")
        found_kind, object_id = _kind_of(call, kind, call.wanted("id"))
        if object_id == call.actor.user_id:
            raise ValidationFailed({"message": "You cannot follow yourself"})
        since = verbs.follow(call.tx, found_kind, object_id, by=call.actor, at=call.at)
        return {
            "follower_id": str(call.actor.user_id),
            "object_id": str(object_id),
            "datetime": moment(since),
        }

    return run


def _unfollowing(kind: Followed, words: str) -> Run:
    def run(call: Call) -> Result:
        if call.actor.user_id is None or call.actor.is_program:
            raise AccessDenied(f"You must be logged in to unfollow {words}.")
        found_kind, object_id = _kind_of(call, kind, call.wanted("id"))
        try:
            verbs.unfollow(call.tx, found_kind, object_id, by=call.actor)
        except NotFollowing:
            # Not to follow what one did not follow is done already.
            return None
        return None

    return run


def _am_following(kind: Followed) -> Run:
    def run(call: Call) -> Result:
        if call.actor.user_id is None:
            raise AccessDenied
        found_kind, object_id = _kind_of(call, kind, call.wanted("id"))
        return verbs.is_following(call.tx, found_kind, object_id, user_id=call.actor.user_id)

    return run


def _follower_count(kind: Followed) -> Run:
    def run(call: Call) -> Result:
        found_kind, object_id = _kind_of(call, kind, call.wanted("id"))
        return verbs.count_followers(call.tx, found_kind, object_id)

    return run


def _follower_list(kind: Followed) -> Run:
    def run(call: Call) -> Result:
        call.check_sysadmin()
        found_kind, object_id = _kind_of(call, kind, call.wanted("id"))
        ids = verbs.followers_of(call.tx, found_kind, object_id)
        return list(user_shapes(call, presented_users(call.tx, ids)))

    return run


def _followee_count(kind: Followed) -> Run:
    def run(call: Call) -> Result:
        return len(verbs.followed_by(call.tx, kind, _named_user(call).id))

    return run


def _followee_list(shapes: Callable[[Call, User], list[dict[str, Json]]]) -> Run:
    def run(call: Call) -> Result:
        return list(shapes(call, _own_user(call)))

    return run


def _named_user(call: Call) -> User:
    if not call.text("id"):
        raise missing("id")
    check_may_know(call)
    user = user_or_none(call, call.text("id"))
    if user is None:
        raise wrong("id", "Not found: User")
    return user


def _own_user(call: Call) -> User:
    if call.actor.is_anonymous:
        raise AccessDenied("Not authorized")
    user = user_of(call, call.wanted("id"))
    if not (call.is_sysadmin or is_own(call, user.id)):
        raise AccessDenied("Not authorized")
    return user


def _users(call: Call, user: User) -> list[dict[str, Json]]:
    ids = [UserId(one) for one in verbs.followed_by(call.tx, Followed.USER, user.id)]
    users = [one for one in presented_users(call.tx, ids) if one.user.is_active]
    return user_shapes(call, users)


def _datasets(call: Call, user: User) -> list[dict[str, Json]]:
    # Only what the caller sees comes back, whoever followed it.
    ids = [DatasetId(one) for one in verbs.followed_by(call.tx, Followed.DATASET, user.id)]
    return packages_with_ids(call, ids)


def _themes(call: Call, user: User) -> list[dict[str, Json]]:
    ids = [ThemeId(one) for one in verbs.followed_by(call.tx, Followed.THEME, user.id)]
    return [theme_shape(call, theme, _GROUP) for theme in themes_with_ids(call.tx, ids)]


def _organizations(call: Call, user: User) -> list[dict[str, Json]]:
    followed = verbs.followed_by(call.tx, Followed.ORGANIZATION, user.id)
    presented = presented_organizations(call.tx, [OrganizationId(one) for one in followed])
    return [
        organization_shape(call, one, _GROUP)
        for one in presented
        if not one.presentation.is_removed
    ]


def _display_name(shape: Mapping[str, Json]) -> str:
    for key in ("display_name", "fullname", "title", "name"):
        if shape.get(key):
            return str(shape[key])
    return ""


_KINDS: Final = (
    ("user", "users", Followed.USER, _users),
    ("dataset", "datasets", Followed.DATASET, _datasets),
    ("group", "groups", Followed.THEME, _themes),
    ("organization", "organizations", Followed.ORGANIZATION, _organizations),
)


def _described(run: Run, words: str) -> Run:
    run.__doc__ = words
    return run


def _table() -> Table:
    """The same acts for each kind of thing; CKAN follows an organisation as a group."""
    reading: dict[str, Run] = {"followee_list": followee_list, "followee_count": followee_count}
    writing: dict[str, Run] = {}
    for name, many, kind, shapes in _KINDS:
        a = "an" if name == "organization" else "a"
        writing[f"follow_{name}"] = _described(
            _following(kind, many), f"Follow {a} {name}, named by `id` (id or name)."
        )
        writing[f"unfollow_{name}"] = _described(
            _unfollowing(kind, many),
            f"Follow {a} {name}, named by `id` (id or name), no longer.",
        )
        reading[f"am_following_{name}"] = _described(
            _am_following(kind),
            f"Say whether the caller follows {a} {name}, named by `id` (id or name).",
        )
        reading[f"{name}_follower_count"] = _described(
            _follower_count(kind), f"Say how many people follow {a} {name}, named by `id`."
        )
        reading[f"{name}_follower_list"] = _described(
            _follower_list(kind),
            f"List the people who follow {a} {name}, named by `id`; for sysadmins.",
        )
        reading[f"{name}_followee_count"] = _described(
            _followee_count(kind), f"Say how many {many} a user (`id`) follows."
        )
        reading[f"{name}_followee_list"] = _described(
            _followee_list(shapes),
            f"List the {many} that a user (`id`) follows; one's own, or as a sysadmin anybody's.",
        )
    return {**reads(**reading), **writes(**writing)}


ACTIONS: Final[Table] = _table()
