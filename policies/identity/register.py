"""Register people with what they say of themselves, change that, and let them go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from policies.database import Tx
from policies.errors import NotAdministrator, UserNameTaken
from policies.events import Event, EventKind, JsonValue
from policies.identity.enrol import deactivate_user, withdraw_role
from policies.identity.passwords import check_password, hash_password
from policies.identity.people import check_user_name, user_with_id
from policies.party import Actor, Role, User
from policies.presentation import PresentedUser, UserPresentation
from policies.presentation_errors import EmailTaken, IdTaken
from policies.record import record
from policies.roles import can_administer, check_person
from policies.store import people as people_store
from policies.store import presentations as store
from policies.store import sessions as session_store
from policies.terms import UserId

USERS_MOST: Final = 20_000
"""Users in one answer."""


def register_user(
    tx: Tx,
    name: str,
    presentation: UserPresentation,
    *,
    password: str | None,
    user_id: UserId | None = None,
    by: Actor,
    at: datetime,
) -> User:
    """Open an account that holds no role yet, under an id of the caller's choice (None: a new one).

    Raises: PersonNeeded, NotAdministrator, MalformedUserName, PasswordTooShort, PasswordTooLong,
    PasswordTooPlain, UserNameTaken, IdTaken, EmailTaken.
    """
    check_person(by)
    if not can_administer(by):
        raise NotAdministrator
    check_user_name(name)
    _check_email(tx, presentation.email, None)
    password_hash = None
    if password is not None:
        password_hash = hash_password(check_password(password, name))
    user = store.insert_user(tx, user_id=user_id, name=name, password_hash=password_hash, at=at)
    if user is None:
        if people_store.get_user_by_name(tx, name) is not None or user_id is None:
            raise UserNameTaken(name)
        raise IdTaken(str(user_id))
    store.upsert_user_presentation(tx, user.id, presentation)
    record(
        tx,
        Event(
            kind=EventKind.USER_ADDED,
            at=at,
            actor=by,
            subject_id=user.id,
            personal={"name": name, "full_name": presentation.full_name},
        ),
    )
    return user


def change_user(
    tx: Tx,
    user: User,
    presentation: UserPresentation,
    *,
    name: str,
    password: str | None,
    by: Actor,
    at: datetime,
) -> None:
    """Replace what a person says of themselves, and the password where one is given.

    Everybody changes their own account; an administrator changes every account, and alone a name.
    A new password ends every session.

    Raises: PersonNeeded, NotAdministrator, MalformedUserName, UserNameTaken, EmailTaken,
    PasswordTooShort, PasswordTooLong, PasswordTooPlain.
    """
    check_person(by)
    if by.user_id != user.id and not can_administer(by):
        raise NotAdministrator
    (before,) = store.users_in(tx, [user.id])
    if name != user.name:
        if not can_administer(by):
            raise NotAdministrator
        check_user_name(name)
        holder = people_store.get_user_by_name(tx, name)
        if holder is not None and holder.id != user.id:
            raise UserNameTaken(name)
        store.update_user_name(tx, user.id, name)
    changed = [
        field
        for field in ("full_name", "email", "about", "image_url", "extras")
        if getattr(before.presentation, field) != getattr(presentation, field)
    ]
    if "email" in changed:
        _check_email(tx, presentation.email, user.id)
    if changed:
        store.upsert_user_presentation(tx, user.id, presentation)
    if name != user.name or changed:
        facts: dict[str, JsonValue] = {
            "change": "described",
            "fields": [*(["name"] if name != user.name else []), *changed],
        }
        _record(tx, user.id, facts, by=by, at=at, personal={"name": name})
    if password is not None:
        password_hash = hash_password(check_password(password, name))
        people_store.update_password(tx, user.id, password_hash=password_hash, at=at)
        session_store.delete_sessions_of_user(tx, user.id)
        session_store.use_links_of_user(tx, user.id, at)
        _record(tx, user.id, {"change": "password_changed"}, by=by, at=at)


def remove_user(tx: Tx, user: User, *, by: Actor, at: datetime) -> None:
    """Close the account at once and take every role from it.

    Raises: NotAdministrator, LastAdministrator.
    """
    deactivate_user(tx, user, by=by, at=at)
    for membership, organization in people_store.memberships_of_user(tx, user.id):
        withdraw_role(tx, user, membership.role, organization=organization, by=by, at=at)


def presented_user(tx: Tx, user_id: UserId) -> PresentedUser:
    """The person with what they say of themselves, closed accounts too.

    What of it is shown to whom is for the caller to choose.

    Raises: UserNotFound.
    """
    user_with_id(tx, user_id)
    return store.users_in(tx, [user_id])[0]


def presented_users(tx: Tx, user_ids: Sequence[UserId]) -> list[PresentedUser]:
    """These people, closed accounts too, by name."""
    return store.users_in(tx, user_ids)


def open_users(
    tx: Tx, *, containing: str = "", email: str | None = None, limit: int = USERS_MOST
) -> list[PresentedUser]:
    """People whose account is open, by name, of that name or e-mail address where one is given."""
    if "\0" in containing or (email is not None and "\0" in email):
        return []
    return store.open_users(tx, containing=containing, email=email, limit=min(limit, USERS_MOST))


def is_administrator(tx: Tx, user: User) -> bool:
    """Whether the user administers the whole site."""
    return any(
        membership.role is Role.ADMIN and membership.organization_id is None
        for membership, _ in people_store.memberships_of_user(tx, user.id)
    )


def _check_email(tx: Tx, email: str, user_id: UserId | None) -> None:
    if not email:
        return
    for holder in store.open_users(tx, containing="", email=email, limit=2):
        if holder.user.id != user_id:
            raise EmailTaken(email)


def _record(
    tx: Tx,
    user_id: UserId,
    facts: dict[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
    personal: dict[str, str] | None = None,
) -> None:
    record(
        tx,
        Event(
            kind=EventKind.USER_CHANGED,
            at=at,
            actor=by,
            subject_id=user_id,
            facts=facts,
            personal=personal or {},
        ),
    )
