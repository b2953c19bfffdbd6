"""People in CKAN's shape, each as much as the caller may know.

Password hashes are never told, whatever a call asks for. The e-mail address and the plug-ins'
extras are told to the person and to sysadmins; `email_hash`, from which CKAN's clients make a
picture, is made of the id, since a hash of an address can be guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import md5
from typing import cast

from catalog.curation.themes import counts_by_creator
from catalog.view import Json
from policies.party import ANONYMOUS
from policies.presentation import PresentedUser
from policies.roles import Capacity
from policies.terms import UserId
from portal.api.ckan.call import Call
from portal.api.ckan.images import display_url
from portal.api.ckan.plain import moment, moment_or_none

User = dict[str, Json]


def user_shapes(
    call: Call, users: Sequence[PresentedUser], *, with_extras: bool = False
) -> list[User]:
    """Users in the order given, with the number of datasets that the caller may know of."""
    ids = [one.user.id for one in users]
    public = counts_by_creator(call.tx, ids, by=ANONYMOUS)
    known = counts_by_creator(call.tx, ids, by=call.actor)
    return [_shape(call, one, public=public, known=known, with_extras=with_extras) for one in users]


def with_capacity(user: User, capacity: Capacity) -> User:
    """A user as a member of something."""
    return {**user, "capacity": capacity.value}


def is_own(call: Call, user_id: UserId) -> bool:
    """Whether the caller asks about themselves."""
    return call.actor.user_id == user_id and not call.actor.is_program


def _shape(
    call: Call,
    one: PresentedUser,
    *,
    public: Mapping[UserId, int],
    known: Mapping[UserId, int],
    with_extras: bool,
) -> User:
    user, shown = one.user, one.presentation
    is_told_more = call.is_sysadmin or is_own(call, user.id)
    shape: User = {
        "id": str(user.id),
        "name": user.name,
        "fullname": shown.full_name or None,
        "display_name": shown.full_name or user.name,
        "about": shown.about or None,
        "created": moment(user.created_at),
        "last_active": moment_or_none(one.last_seen_at) if is_told_more else None,
        "activity_streams_email_notifications": False,
        "sysadmin": one.is_administrator,
        "state": "active" if user.is_active else "deleted",
        "image_url": shown.image_url or None,
        "image_display_url": display_url(call.site_url, shown.image_url, "user") or None,
        "email_hash": md5(user.id.bytes, usedforsecurity=False).hexdigest(),
        "number_created_packages": (known if is_told_more else public).get(user.id, 0),
    }
    if is_told_more:
        shape["email"] = shown.email or None
        shape["apikey"] = None
    if with_extras and call.is_sysadmin:
        # It came as JSON and is kept as such.
        shape["plugin_extras"] = cast("Json", dict(shown.extras)) or None
    return shape
