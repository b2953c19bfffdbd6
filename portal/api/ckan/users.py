"""People: list, show, create, update, patch, delete, invite and find them.

Password hashes are neither told nor taken. Who may know of a person follows CKAN's option
`ckan.auth.public_user_details`: on, names and what people say of themselves are public; off, only
signed-in users see them. E-mail addresses are for the person and for sysadmins either way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from secrets import token_hex
from typing import Final, cast

from catalog.curation.follow import Followed, count_followers
from catalog.curation.themes import keep_nothing, registered_by
from catalog.theme import Theme
from catalog.view import Json
from policies.errors import (
    Invalid,
    LastAdministrator,
    PasswordTooLong,
    PasswordTooPlain,
    PasswordTooShort,
)
from policies.events import JsonValue
from policies.identity.enrol import grant_role, reactivate_user, withdraw_role
from policies.identity.organize import by_leave_of_the_site
from policies.identity.register import (
    change_user,
    is_administrator,
    open_users,
    presented_user,
    register_user,
    remove_user,
)
from policies.party import Role, User
from policies.presentation import PresentedUser, UserPresentation
from policies.presentation_errors import EmailTaken, IdTaken
from policies.terms import Language, UserId
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, truth_of
from portal.api.ckan.errors import (
    MISSING,
    AccessDenied,
    NoSuchObject,
    ValidationFailed,
    wrong,
)
from portal.api.ckan.found import (
    may_in_organization,
    may_in_theme,
    organization_or_none,
    theme_or_none,
    user_of,
    user_or_none,
)
from portal.api.ckan.group_fields import capacity_named, check_name, chosen_id
from portal.api.ckan.images import image_of
from portal.api.ckan.members import join
from portal.api.ckan.package_shapes import packages_with_ids
from portal.api.ckan.tokens import issue
from portal.api.ckan.user_shapes import is_own, user_shapes
from portal.problems import words_of

DATASETS_SHOWN: Final = 50
AUTOCOMPLETE_MOST: Final = 100
PASSWORD_LEAST: Final = 8
NAME_TAKEN: Final = (
    "The username is already associated with another account. Please use a different username."
)
EXTRAS_CHARACTERS_MOST: Final = 100_000
_EMAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\".]+(\.[^@\s,;<>\".]+)*")
_ORDERS: Final = (
    "id",
    "name",
    "fullname",
    "display_name",
    "created",
    "about",
    "sysadmin",
    "number_created_packages",
)


def user_list(call: Call) -> Result:
    """List the people whose account is open: whole, or with `all_fields` false their names.

    Takes `q` (in the name or full name), `order_by`, and from a sysadmin `email`.
    """
    check_may_know(call)
    email = call.text("email") or None
    if email is not None:
        call.check_sysadmin()
    order = call.text("order_by") or "display_name"
    if order == "edits":
        raise ValidationFailed({"message": "order_by=edits is no longer supported"})
    found = open_users(call.tx, containing=call.text("q").strip(), email=email)
    if not call.flag("all_fields", otherwise=True) and order != "number_created_packages":
        return [one.user.name for one in sorted(found, key=_display_name)]
    shapes = user_shapes(call, found)
    field = order if order in _ORDERS else "display_name"
    shapes.sort(key=lambda shape: (str(shape[field] or "").casefold(), str(shape["name"])))
    if field == "number_created_packages":
        shapes.sort(key=lambda shape: cast("int", shape[field]))
    if not call.flag("all_fields", otherwise=True):
        return [shape["name"] for shape in shapes]
    return list(shapes)


def user_show(call: Call) -> Result:
    """Show a person, named by `id` (id or name); the caller where none is named.

    Takes `include_datasets` (the first 50), `include_num_followers`, and from a sysadmin
    `include_plugin_extras`. `include_password_hash` is taken and never answered.
    """
    check_may_know(call)
    named = call.text("id") or call.actor.name
    user = user_or_none(call, named) if named else None
    if user is None:
        raise NoSuchObject
    shape = _shown(call, user, with_extras=call.flag("include_plugin_extras"))
    if call.flag("include_datasets"):
        ids = registered_by(call.tx, user.id, by=call.actor, limit=DATASETS_SHOWN)
        shape["datasets"] = list(packages_with_ids(call, ids))
    if call.flag("include_num_followers"):
        shape["num_followers"] = count_followers(call.tx, Followed.USER, user.id)
    return shape


def user_create(call: Call) -> Result:
    """Open an account; for sysadmins, unless `ckan.auth.create_user_via_api` lets everybody.

    Takes `name`, `email`, `password`, `fullname`, `about`, `image_url` or a file `image_upload`,
    `with_apitoken`, and from a sysadmin `id`, `sysadmin`, `state` and `plugin_extras`.
    """
    if not (call.is_sysadmin or call.options.create_user_via_api):
        raise AccessDenied(f"User {call.actor.name} not authorized to create users via the API")
    faults = _faults(call, None)
    password = call.text("password")
    if not password:
        faults["password"] = [MISSING]
    if faults:
        raise ValidationFailed(faults)
    user = _registered(call, call.text("name"), password, _presentation(call, None))
    _set_power(call, user)
    if call.is_sysadmin and call.text("state") == "deleted":
        _remove(call, user)
    shape = _shown(call, user, with_extras=call.has("plugin_extras"))
    shape["email"] = call.text("email").strip()
    shape["apikey"] = None
    if call.flag("with_apitoken"):
        issued = issue(call, user, "default", by_leave_of_the_site(call.actor))
        shape["token"] = issued.encoded
    return shape


def user_update(call: Call) -> Result:
    """Replace what is said of a person, named by `id` (id or name), and the password where one is
    sent; everybody their own, a sysadmin everybody's and their `name`, `sysadmin` and `state` too.

    What is not sent stays.
    """
    user = user_of(call, call.wanted("id"))
    _check_own(call, user)
    faults = _faults(call, user)
    if faults:
        raise ValidationFailed(faults)
    return _change(call, user)


def user_patch(call: Call) -> Result:
    """Change some of what is said of a person, named by `id` (id or name)."""
    user = user_of(call, call.wanted("id"))
    _check_own(call, user)
    faults = _faults(call, user, is_patch=True)
    if faults:
        raise ValidationFailed(faults)
    return _change(call, user)


def user_delete(call: Call) -> Result:
    """Close the account of a person, named by `id` (id or name), and take every role from it; for
    sysadmins.
    """
    call.check_sysadmin()
    named = call.wanted("id")
    user = user_or_none(call, named)
    if user is None:
        raise NoSuchObject(f'User "{named}" was not found.')
    _remove(call, user)
    return None


def user_invite(call: Call) -> Result:
    """Open an account for an `email` address and let it join a group or organisation (`group_id`)
    in a `role`. Its password is set with a one-time link, which an administrator hands over.
    """
    faults: dict[str, Json] = {
        name: [MISSING] for name in ("email", "group_id", "role") if not call.text(name)
    }
    if faults:
        raise ValidationFailed(faults)
    named = call.text("group_id")
    place = organization_or_none(call, named) or theme_or_none(call, named)
    if place is None:
        raise NoSuchObject
    allowed = (
        may_in_theme(call, place, "membership")
        if isinstance(place, Theme)
        else may_in_organization(call, place.organization.id, "membership")
    )
    if not allowed:
        raise AccessDenied(f"User {call.actor.name} not authorized to add members")
    capacity = capacity_named(call.text("role"))
    email = call.text("email").strip()
    if not _EMAIL.fullmatch(email):
        raise wrong("email", f"Email {email} is not a valid format")
    stem = re.sub(r"[^a-z0-9_-]", "-", email.partition("@")[0].lower())[:90]
    user = _registered(call, f"{stem}-{token_hex(3)}", None, UserPresentation(email=email))
    join(call, place, user, capacity)
    return _shown(call, user)


def user_autocomplete(call: Call) -> Result:
    """Find people whose name or full name holds the text `q`; at most `limit` (20).

    `ignore_self` leaves the caller out.
    """
    check_may_know(call)
    limit = call.whole("limit", 20, most=AUTOCOMPLETE_MOST)
    found = open_users(call.tx, containing=call.wanted("q"), limit=limit + 1)
    if call.flag("ignore_self"):
        found = [one for one in found if one.user.id != call.actor.user_id]
    return [
        {
            "id": str(one.user.id),
            "name": one.user.name,
            "fullname": one.presentation.full_name or None,
        }
        for one in found[:limit]
    ]


def check_may_know(call: Call) -> None:
    """Refuse strangers where people are not public.

    Raises: AccessDenied.
    """
    if call.actor.is_anonymous and not call.options.public_user_details:
        raise AccessDenied("Not authorized to see this page")


def _shown(call: Call, user: User, *, with_extras: bool = False) -> dict[str, Json]:
    presented = presented_user(call.tx, user.id)
    return user_shapes(call, [presented], with_extras=with_extras)[0]


def _check_own(call: Call, user: User) -> None:
    if not (call.is_sysadmin or is_own(call, user.id)):
        raise AccessDenied(f"User {call.actor.name} not authorized to edit user {user.id}")


def _faults(call: Call, user: User | None, *, is_patch: bool = False) -> dict[str, Json]:
    """What is wrong with the fields sent, all at once."""
    faults: dict[str, Json] = {}
    if user is None or (call.has("name") and call.text("name") != user.name):
        name_faults = check_name(call.value("name"))
        if not name_faults:
            name_faults = _name_taken(call, user)
        if name_faults:
            faults["name"] = list(name_faults)
    if user is None or call.has("email") or not is_patch:
        email = call.text("email").strip()
        if not email:
            faults["email"] = [MISSING]
        elif not _EMAIL.fullmatch(email):
            faults["email"] = [f"Email {email} is not a valid format"]
        elif _is_email_taken(call, email, user):
            faults["email"] = [f"The email address '{email.lower()}' belongs to a registered user."]
    password = call.value("password")
    if password is not None and not isinstance(password, str):
        faults["password"] = ["Passwords must be strings"]
    elif password and len(password) < PASSWORD_LEAST:
        faults["password"] = [f"Your password must be {PASSWORD_LEAST} characters or longer"]
    if call.value("password_hash") is not None:
        faults["password_hash"] = ["Password hashes are not taken: send a password"]
    return faults


def _name_taken(call: Call, user: User | None) -> list[str]:
    # Closed accounts hold their names too.
    name = call.text("name")
    holder = next(iter(_named(call, name)), None)
    if holder is not None and (user is None or holder.id != user.id):
        return [NAME_TAKEN]
    if user is not None and not call.is_sysadmin:
        return ["That login name can not be modified."]
    return []


def _named(call: Call, name: str) -> list[User]:
    found = user_or_none(_as_sysadmin(call), name)
    return [] if found is None else [found]


def _as_sysadmin(call: Call) -> Call:
    return replace(call, actor=by_leave_of_the_site(call.actor))


def _is_email_taken(call: Call, email: str, user: User | None) -> bool:
    holders = open_users(call.tx, email=email, limit=2) if "\0" not in email else []
    return any(user is None or holder.user.id != user.id for holder in holders)


def _presentation(call: Call, before: PresentedUser | None) -> UserPresentation:
    was = before.presentation if before else UserPresentation()
    return UserPresentation(
        full_name=call.text("fullname", was.full_name),
        email=call.text("email").strip() or was.email,
        about=call.text("about", was.about),
        image_url=image_of(call, was.image_url),
        extras=_plugin_extras(call, was.extras),
    )


def _plugin_extras(call: Call, before: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    sent = call.value("plugin_extras")
    if sent is None or not call.is_sysadmin:
        return before
    if not isinstance(sent, Mapping):
        raise wrong("plugin_extras", "Could not parse extras as a JSON object")
    if len(json.dumps(sent)) > EXTRAS_CHARACTERS_MOST:
        raise wrong("plugin_extras", f"Must be at most {EXTRAS_CHARACTERS_MOST} characters")
    # JSON as it came; it is kept as such and nothing here reads it.
    return cast("Mapping[str, JsonValue]", sent)


def _registered(
    call: Call, name: str, password: str | None, presentation: UserPresentation
) -> User:
    user_id = UserId(chosen_id(call)) if call.is_sysadmin and call.text("id") else None
    try:
        return register_user(
            call.tx,
            name,
            presentation,
            password=password,
            user_id=user_id,
            by=by_leave_of_the_site(call.actor),
            at=call.at,
        )
    except IdTaken as refusal:
        raise wrong("id", "The user id is already taken") from refusal
    except _PASSWORD as refusal:
        raise wrong("password", words_of(refusal, Language.EN)) from refusal
    except EmailTaken as refusal:
        raise wrong("email", words_of(refusal, Language.EN)) from refusal


def _change(call: Call, user: User) -> Json:
    presented = presented_user(call.tx, user.id)
    try:
        change_user(
            call.tx,
            user,
            _presentation(call, presented),
            name=call.text("name") or user.name,
            password=call.text("password") or None,
            by=call.actor,
            at=call.at,
        )
    except _PASSWORD as refusal:
        raise wrong("password", words_of(refusal, Language.EN)) from refusal
    except EmailTaken as refusal:
        raise wrong("email", words_of(refusal, Language.EN)) from refusal
    _set_power(call, user)
    _set_state(call, user)
    changed = presented_user(call.tx, user.id)
    return user_shapes(call, [changed], with_extras=call.has("plugin_extras"))[0]


def _set_power(call: Call, user: User) -> None:
    """Make a user a sysadmin, or no longer one; what others send is ignored, as in CKAN."""
    sent = call.value("sysadmin")
    if sent is None or not call.is_sysadmin:
        return
    wanted = truth_of(sent)
    if wanted == is_administrator(call.tx, user):
        return
    try:
        act = grant_role if wanted else withdraw_role
        act(call.tx, user, Role.ADMIN, organization=None, by=call.actor, at=call.at)
    except LastAdministrator as refusal:
        raise wrong("sysadmin", words_of(refusal, Language.EN)) from refusal


def _set_state(call: Call, user: User) -> None:
    state = call.text("state")
    if not state or not call.is_sysadmin:
        return
    if state == "deleted" and user.is_active:
        _remove(call, user)
    elif state == "active" and not user.is_active:
        reactivate_user(call.tx, user, by=call.actor, at=call.at)


def _remove(call: Call, user: User) -> None:
    try:
        remove_user(call.tx, user, by=call.actor, at=call.at)
    except LastAdministrator as refusal:
        raise ValidationFailed({"message": words_of(refusal, Language.EN)}) from refusal
    keep_nothing(call.tx, user.id)


def _display_name(one: PresentedUser) -> str:
    return (one.presentation.full_name or one.user.name).casefold()


_PASSWORD: Final[tuple[type[Invalid], ...]] = (
    PasswordTooShort,
    PasswordTooLong,
    PasswordTooPlain,
)

ACTIONS: Final[Table] = {
    **reads(
        user_list=user_list,
        user_show=user_show,
        user_autocomplete=user_autocomplete,
    ),
    **writes(
        user_create=user_create,
        user_update=user_update,
        user_patch=user_patch,
        user_delete=user_delete,
        user_invite=user_invite,
    ),
}
