"""Let organisations and people in, give and take roles, close accounts, and set passwords."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from policies.database import Pool, Tx
from policies.errors import (
    CreditCodeTaken,
    LastAdministrator,
    LinkNotUsable,
    NotAdministrator,
    OrganizationTaken,
    RoleNotHeld,
    SignInFailed,
    TitleMissing,
    UserNameTaken,
    WrongPassword,
)
from policies.events import Event, EventKind, JsonValue
from policies.identity.authenticate import (
    OpenedSession,
    actor_of_user,
    check_signed_in,
    open_session,
    prove_password,
)
from policies.identity.issue import revoke_tokens_of_user
from policies.identity.passwords import check_password, generate_password, hash_password
from policies.identity.people import check_user_name, user_with_id
from policies.party import (
    Actor,
    Organization,
    OrganizationKind,
    Role,
    User,
    check_credit_code,
    check_slug,
)
from policies.record import record
from policies.roles import (
    SYSTEM,
    can_administer,
    can_administer_holder,
    check_administers,
    check_fits,
    check_person,
)
from policies.session import LINK_LIFE, SECRET_MOST_CHARACTERS, hash_secret, new_secret
from policies.store import people as store
from policies.store import sessions as session_store
from policies.terms import OrganizationId, Text, UserId

TITLE_MOST_CHARACTERS: Final = 200
FIRST_ADMIN_NAME: Final = "admin"


@dataclass(frozen=True, slots=True)
class PasswordLink:
    """A one-time link, which lets one user set a password; the secret is shown once."""

    secret: str
    user: User
    expires_at: datetime


def add_organization(
    tx: Tx,
    *,
    slug: str,
    kind: OrganizationKind,
    title: Text,
    credit_code: str | None,
    by: Actor,
    at: datetime,
) -> Organization:
    """Let an organisation in.

    Raises: NotAdministrator, MalformedSlug, MalformedCreditCode, TitleMissing, OrganizationTaken,
    CreditCodeTaken.
    """
    if not can_administer(by):
        raise NotAdministrator
    check_slug(slug)
    if credit_code is not None:
        credit_code = check_credit_code(credit_code)
    title = _checked_title(title)
    added = store.insert_organization(
        tx, slug=slug, kind=kind, title=title, credit_code=credit_code, at=at
    )
    if added is None:
        if store.get_organization_by_slug(tx, slug) is not None or credit_code is None:
            raise OrganizationTaken(slug)
        raise CreditCodeTaken(credit_code)
    record(
        tx,
        Event(
            kind=EventKind.ORGANIZATION_ADDED,
            at=at,
            actor=by,
            organization_id=added.id,
            subject_id=added.id,
            facts={
                "slug": slug,
                "kind": kind,
                "title": title.as_map(),
                "credit_code": credit_code,
            },
        ),
    )
    return added


def add_user(tx: Tx, *, name: str, password: str | None, by: Actor, at: datetime) -> User:
    """Open an account that holds no role yet.

    Without a password nobody can sign in to it until a one-time link was used. An administrator of
    any organisation may open one.

    Raises: NotAdministrator, MalformedUserName, PasswordTooShort, PasswordTooLong,
    PasswordTooPlain, UserNameTaken.
    """
    if not by.holds_anywhere(Role.ADMIN):
        raise NotAdministrator
    check_user_name(name)
    password_hash = None
    if password is not None:
        password_hash = hash_password(check_password(password, name))
    user = store.insert_user(tx, name=name, password_hash=password_hash, at=at)
    if user is None:
        raise UserNameTaken(name)
    record(
        tx,
        Event(
            kind=EventKind.USER_ADDED,
            at=at,
            actor=by,
            subject_id=user.id,
            personal={"name": name},
        ),
    )
    return user


def grant_role(
    tx: Tx,
    user: User,
    role: Role,
    *,
    organization: Organization | None,
    by: Actor,
    at: datetime,
) -> None:
    """Give the user a role in the organisation, or (None) for the whole site.

    A role that is held already is held on, and nothing is recorded.

    Raises: NotAdministrator, PersonNeeded, RoleDoesNotFit, RoleNeedsOrganization.
    """
    organization_id = organization.id if organization else None
    check_administers(by, organization_id, role)
    check_fits(role, organization.kind if organization else None)
    if store.insert_membership(tx, user.id, role=role, organization_id=organization_id, at=at):
        _record_role(tx, EventKind.ROLE_GRANTED, user, role, organization_id, by=by, at=at)


def withdraw_role(
    tx: Tx,
    user: User,
    role: Role,
    *,
    organization: Organization | None,
    by: Actor,
    at: datetime,
) -> None:
    """Take a role from the user.

    Raises: NotAdministrator, PersonNeeded, RoleNotHeld, LastAdministrator.
    """
    organization_id = organization.id if organization else None
    check_administers(by, organization_id, role)
    if role is Role.ADMIN and organization is None:
        _check_not_last(tx, user)
    if not store.delete_membership(tx, user.id, role=role, organization_id=organization_id):
        raise RoleNotHeld(user.name, role)
    _record_role(tx, EventKind.ROLE_WITHDRAWN, user, role, organization_id, by=by, at=at)


def deactivate_user(tx: Tx, user: User, *, by: Actor, at: datetime) -> None:
    """Close the account at once: its sessions end, its tokens are revoked, its links are useless.

    Raises: NotAdministrator, LastAdministrator.
    """
    if not can_administer(by):
        raise NotAdministrator
    _check_not_last(tx, user)
    if not store.update_is_active(tx, user.id, is_active=False):
        return
    session_store.delete_sessions_of_user(tx, user.id)
    session_store.use_links_of_user(tx, user.id, at)
    revoke_tokens_of_user(tx, user.id, by=by, at=at)
    _record_change(tx, user.id, "deactivated", by=by, at=at)


def reactivate_user(tx: Tx, user: User, *, by: Actor, at: datetime) -> None:
    """Reopen the account; tokens that were revoked stay so.

    Raises: NotAdministrator.
    """
    if not can_administer(by):
        raise NotAdministrator
    if store.update_is_active(tx, user.id, is_active=True):
        _record_change(tx, user.id, "reactivated", by=by, at=at)


def change_password(
    pool: Pool, *, old_password: str, new_password: str, by: Actor, at: datetime
) -> OpenedSession:
    """Replace one's own password; every session ends, and a new one is opened here.

    Raises: SignInNeeded, PersonNeeded, WrongPassword, SignInTooOften, PasswordTooShort,
    PasswordTooLong, PasswordTooPlain.
    """
    user_id = check_signed_in(by)
    check_person(by)
    new_password = check_password(new_password, by.name)
    try:
        prove_password(pool, name=by.name, password=old_password, address=by.address, at=at)
    except SignInFailed as failed:
        raise WrongPassword from failed
    password_hash = hash_password(new_password)
    with pool.connection() as tx:
        _set_password(tx, user_id, password_hash, by=by, at=at)
        return open_session(tx, user_id, at=at)


def create_password_link(tx: Tx, user: User, *, by: Actor, at: datetime) -> PasswordLink:
    """A link with which the user sets a password, once; earlier ones are useless from now on.

    An administrator of an organisation can make one only for an account that has no password yet
    and is nothing elsewhere, so that the link is an invitation and never a way into another's.

    Raises: NotAdministrator.
    """
    if not can_administer(by):
        held = [membership for membership, _ in store.memberships_of_user(tx, user.id)]
        has_password = store.get_password_hash(tx, user.id) is not None
        if has_password or not can_administer_holder(by, held):
            raise NotAdministrator
    session_store.use_links_of_user(tx, user.id, at)
    link = PasswordLink(secret=new_secret(), user=user, expires_at=at + LINK_LIFE)
    session_store.insert_link(
        tx,
        hash_secret(link.secret),
        user_id=user.id,
        created_by=by.user_id,
        at=at,
        expires_at=link.expires_at,
    )
    _record_change(tx, user.id, "link_created", by=by, at=at)
    return link


def user_of_link(tx: Tx, secret: str, at: datetime) -> User:
    """Whose password the link sets; looking does not use it up.

    Raises: LinkNotUsable.
    """
    if len(secret) > SECRET_MOST_CHARACTERS:
        raise LinkNotUsable
    user_id = session_store.get_usable_link(tx, hash_secret(secret), at)
    if user_id is None:
        raise LinkNotUsable
    return user_with_id(tx, user_id)


def use_password_link(tx: Tx, secret: str, *, new_password: str, at: datetime) -> User:
    """Set the password that the link is for; every session of the user ends.

    A password that is refused leaves the link unused.

    Raises: LinkNotUsable, PasswordTooShort, PasswordTooLong, PasswordTooPlain, SignInTooOften.
    """
    user = user_of_link(tx, secret, at)
    password_hash = hash_password(check_password(new_password, user.name))
    if not session_store.use_link(tx, hash_secret(secret), at):
        raise LinkNotUsable
    _set_password(tx, user.id, password_hash, by=actor_of_user(tx, user), at=at)
    return user


def first_start_admin(tx: Tx, at: datetime) -> str | None:
    """Where the site has no administrator, make one and return the generated password.

    Its name is `FIRST_ADMIN_NAME`. None where there is an administrator already, or a user of that
    name who was made on purpose.
    """
    if store.lock_site_administrators(tx) or store.get_user_by_name(tx, FIRST_ADMIN_NAME):
        return None
    password = generate_password()
    user = add_user(tx, name=FIRST_ADMIN_NAME, password=password, by=SYSTEM, at=at)
    grant_role(tx, user, Role.ADMIN, organization=None, by=SYSTEM, at=at)
    return password


def _checked_title(title: Text) -> Text:
    checked = Text(zh=title.zh.strip(), en=title.en.strip())
    given = list(checked.as_map().values())
    if not given or any(len(text) > TITLE_MOST_CHARACTERS or "\0" in text for text in given):
        raise TitleMissing(TITLE_MOST_CHARACTERS)
    return checked


def _check_not_last(tx: Tx, user: User) -> None:
    if store.lock_site_administrators(tx) == [user.id]:
        raise LastAdministrator(user.name)


def _set_password(tx: Tx, user_id: UserId, password_hash: str, *, by: Actor, at: datetime) -> None:
    store.update_password(tx, user_id, password_hash=password_hash, at=at)
    session_store.delete_sessions_of_user(tx, user_id)
    session_store.use_links_of_user(tx, user_id, at)
    _record_change(tx, user_id, "password_changed", by=by, at=at)


def _record_change(tx: Tx, user_id: UserId, change: JsonValue, *, by: Actor, at: datetime) -> None:
    record(
        tx,
        Event(
            kind=EventKind.USER_CHANGED,
            at=at,
            actor=by,
            subject_id=user_id,
            facts={"change": change},
        ),
    )


def _record_role(
    tx: Tx,
    kind: EventKind,
    user: User,
    role: Role,
    organization_id: OrganizationId | None,
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
            organization_id=organization_id,
            subject_id=user.id,
            facts={"role": role},
        ),
    )
