"""What a call says of an organisation or a group, checked as CKAN checks it and in its words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from catalog.view import Json
from policies.party import User
from policies.presentation import NAME_MOST_CHARACTERS
from policies.roles import Capacity
from portal.api.ckan.call import Call, text_of, uuid_of
from portal.api.ckan.errors import MISSING, AccessDenied, ValidationFailed, wrong
from portal.api.ckan.found import organization_or_none, theme_or_none, user_or_none

NAME_LEAST: Final = 2
NAME_MOST: Final = 100
RESERVED_NAMES: Final = ("new", "edit", "search")
STATES: Final = ("active", "deleted", "draft")

_NAME: Final = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a call names under a key, with the capacity of the tie."""

    name: str
    capacity: str


def check_name(written: Json) -> list[str]:
    """What is wrong with a name; empty where it is right."""
    if written is None or written == "":
        return [MISSING]
    if not isinstance(written, str):
        return ["Names must be strings"]
    if written in RESERVED_NAMES:
        return ["That name cannot be used"]
    if len(written) < NAME_LEAST:
        return [f"Must be at least {NAME_LEAST} characters long"]
    if len(written) > NAME_MOST:
        return [f"Name must be a maximum of {NAME_MOST} characters long"]
    if not _NAME.fullmatch(written):
        return ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"]
    return []


def group_name(call: Call, own_id: UUID | None, before: str) -> str:
    """The name that the call gives; organisations and groups have no name in common.

    Raises: ValidationFailed.
    """
    if before and not call.has("name"):
        return before
    faults = check_name(call.value("name"))
    if not faults:
        name = call.text("name")
        organization, theme = organization_or_none(call, name), theme_or_none(call, name)
        holders = {
            *([organization.organization.id] if organization else []),
            *([theme.id] if theme else []),
        }
        if holders - {own_id}:
            faults = ["Group name already exists in database"]
    if faults:
        raise ValidationFailed({"name": list(faults)})
    return call.text("name")


def chosen_id(call: Call) -> UUID:
    """The id of something new: a sysadmin may choose it.

    Raises: ValidationFailed.
    """
    written = call.text("id")
    if not written:
        return uuid4()
    if not call.is_sysadmin:
        raise wrong("id", "The input field id was not expected.")
    chosen = uuid_of(written)
    if chosen is None or str(chosen) != written.lower():
        raise wrong("id", "Invalid id provided")
    return chosen


def group_title(call: Call, before: str) -> str:
    """The title that the call gives; it may be empty.

    Raises: ValidationFailed.
    """
    if not call.has("title"):
        return before
    title = call.text("title")
    if len(title) > NAME_MOST_CHARACTERS:
        raise wrong("title", f"Must be a maximum of {NAME_MOST_CHARACTERS} characters long")
    return title


def is_deleted(call: Call, *, before: bool) -> bool:
    """The state that the call gives; only sysadmins and admins come here with one.

    Raises: ValidationFailed.
    """
    state = call.text("state")
    if not state:
        return before
    if state not in STATES:
        raise wrong("state", f"Value must be one of {list(STATES)}")
    return state == "deleted"


def group_extras(call: Call) -> tuple[tuple[str, str], ...]:
    """Extra fields in the order given; those that were not sent are none.

    Raises: ValidationFailed.
    """
    sent = call.value("extras")
    if sent is None or sent == "":
        return ()
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        raise wrong("extras", "Not a list")
    found: dict[str, str] = {}
    faults: list[Json] = []
    for item in sent:
        fault: dict[str, Json] = {}
        if not isinstance(item, Mapping):
            raise wrong("extras", "Not a dict")
        key = text_of("key", item.get("key"))
        if item.get("deleted"):
            continue
        if not key:
            fault["key"] = [MISSING]
        if item.get("value") is None:
            fault["value"] = [MISSING]
        if key in found:
            fault["key"] = [f'There is more than one extra "{key}"']
        faults.append(fault)
        if not fault:
            found[key] = text_of("value", item["value"])
    if any(faults):
        raise ValidationFailed({"extras": faults})
    return tuple(found.items())


def named_in(call: Call, key: str) -> list[Named] | None:
    """What the call names under a key by id or name; None where the key was not sent.

    Raises: ValidationFailed.
    """
    sent = call.value(key)
    if sent is None:
        return None
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        raise wrong(key, "Not a list")
    named = []
    for item in sent:
        if isinstance(item, str):
            named.append(Named(item, "public"))
            continue
        if not isinstance(item, Mapping):
            raise wrong(key, "Not a dict")
        name = text_of("id", item.get("id")) or text_of("name", item.get("name"))
        if name:
            capacity = text_of("capacity", item.get("capacity"), "public") or "public"
            named.append(Named(name, capacity))
    return named


def members_in(call: Call) -> list[tuple[User, Capacity]] | None:
    """The users that the call names as members; None where it does not speak of them.

    Users that are not known are left out, as in CKAN.

    Raises: ValidationFailed.
    """
    named = named_in(call, "users")
    if named is None:
        return None
    found = []
    for one in named:
        user = user_or_none(call, one.name)
        if user is not None:
            found.append((user, capacity_named(one.capacity)))
    return found


def capacity_named(written: str) -> Capacity:
    """The capacity of that name; CKAN's `public` is a member.

    Raises: ValidationFailed.
    """
    if written == "public":
        return Capacity.MEMBER
    try:
        return Capacity(written)
    except ValueError:
        raise wrong("role", "role does not exist.") from None


def check_own_admin(call: Call, user: User, *, held: Capacity | None, wanted: Capacity) -> None:
    """Refuse administrators who would take their own power.

    Raises: AccessDenied.
    """
    if user.id == call.actor.user_id and held is Capacity.ADMIN and wanted is not Capacity.ADMIN:
        raise AccessDenied("Administrators cannot revoke their own admin status")
