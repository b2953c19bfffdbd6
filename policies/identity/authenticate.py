"""Find out who makes a request: by name and password, by session, or by token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from policies.client import Client
from policies.database import Pool, Tx
from policies.errors import (
    NotAMember,
    NotAToken,
    SignInFailed,
    SignInNeeded,
    SignInTooOften,
    TokenExpired,
    TokenHolderGone,
    TokenRevoked,
    UserNotFound,
)
from policies.evidence.signing_key import KeyPurpose, KeyState
from policies.identity.passwords import hash_password, is_right, needs_rehash
from policies.identity.people import user_named
from policies.identity.tokens import decode, kid_of_token
from policies.party import Actor, Organization, OrganizationKind, Role, User, Warrant
from policies.session import (
    FAILURES_FORGOTTEN_AFTER,
    FREE_FAILURES_PER_ACCOUNT,
    FREE_FAILURES_PER_ADDRESS,
    SECRET_MOST_CHARACTERS,
    SEEN_EVERY,
    SESSIONS_PER_USER,
    Session,
    account_subject,
    address_subject,
    hash_secret,
    new_secret,
    session_end,
    wait_s,
)
from policies.store import clients as client_store
from policies.store import keys as key_store
from policies.store import people as people_store
from policies.store import sessions as store
from policies.store import tokens as token_store
from policies.terms import OrganizationId, UserId
from policies.token import Claims, Token, TokenKind

_KIND_ACTED_FOR = {
    Role.REGULATOR: OrganizationKind.REGULATOR,
    Role.BUREAU: OrganizationKind.BUREAU,
    Role.FINANCE: OrganizationKind.BUREAU,
}


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A new session and the secret that its cookie carries; the secret is kept nowhere else."""

    secret: str
    session: Session


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Whom a token stands for, and until when."""

    actor: Actor
    ends_at: datetime
    jkt: str | None = None
    """Thumbprint of the key whose holder alone may use it. Source: RFC 9449 s. 6.1."""


def sign_in(
    pool: Pool,
    *,
    name: str,
    password: str,
    address: str,
    at: datetime,
    replaced_secret: str | None = None,
) -> OpenedSession:
    """Open a session for whoever knows the name and the password.

    The secret is always new, and a session whose cookie came along ends, so that nobody can have
    planted one.

    Raises: SignInFailed, SignInTooOften.
    """
    user = prove_password(pool, name=name, password=password, address=address, at=at)
    with pool.connection() as tx:
        if replaced_secret is not None:
            sign_out(tx, replaced_secret)
        store.delete_ended_sessions(tx, before=at)
        store.delete_forgotten_failures(tx, before=at - FAILURES_FORGOTTEN_AFTER)
        return open_session(tx, user.id, at=at)


def prove_password(pool: Pool, *, name: str, password: str, address: str, at: datetime) -> User:
    """The user whose name and password these are.

    An attempt counts as a failure before the password is looked at, and is taken back when it was
    right, so that many attempts at once gain nothing. No transaction is open while hashing.

    Raises: SignInFailed, SignInTooOften.
    """
    account, place = account_subject(name), address_subject(address)
    with pool.connection() as tx:
        _count_attempt(tx, account, place, at)
        user, password_hash = _open_account(tx, name)
    try:
        proven = is_right(password_hash, password)
    except SignInTooOften:
        with pool.connection() as tx:
            store.uncount_failure(tx, account)
            store.uncount_failure(tx, place)
        raise
    if user is None or password_hash is None or not proven:
        raise SignInFailed
    new_hash = hash_password(password) if needs_rehash(password_hash) else None
    with pool.connection() as tx:
        store.delete_failures(tx, account)
        store.uncount_failure(tx, place)
        if new_hash is not None:
            people_store.update_password_hash(
                tx, user.id, old_hash=password_hash, new_hash=new_hash
            )
    return user


def open_session(tx: Tx, user_id: UserId, *, at: datetime) -> OpenedSession:
    """A new session with a new secret; the oldest ones end where there are too many."""
    secret = new_secret()
    session = Session(
        secret_hash=hash_secret(secret),
        user_id=user_id,
        organization_id=None,
        created_at=at,
        last_seen_at=at,
        expires_at=session_end(at, at),
    )
    store.insert_session(tx, session)
    store.delete_oldest_sessions(tx, user_id, keep=SESSIONS_PER_USER)
    return OpenedSession(secret, session)


def actor_of_session(tx: Tx, secret: str, *, address: str, at: datetime) -> Actor | None:
    """Who the session's secret stands for; None where it has ended. Its use moves its end."""
    if len(secret) > SECRET_MOST_CHARACTERS:
        return None
    found = store.get_session(tx, hash_secret(secret), at)
    if found is None:
        return None
    session, user = found
    if at - session.last_seen_at >= SEEN_EVERY:
        store.update_session_seen(
            tx,
            session.secret_hash,
            last_seen_at=at,
            expires_at=session_end(session.created_at, at),
        )
    return actor_of_user(tx, user, chosen_id=session.organization_id, address=address)


def actor_of_token(tx: Tx, encoded: str, *, address: str, at: datetime) -> Actor:
    """Who the token stands for.

    Raises: as `holder_of_token`.
    """
    return holder_of_token(tx, encoded, address=address, at=at).actor


def holder_of_token(tx: Tx, encoded: str, *, address: str, at: datetime) -> TokenHolder:
    """Who the token stands for, and until when.

    The powers of an access token are those of its agreement: its actor holds no role.

    Raises: NotAToken, TokenExpired, TokenRevoked, TokenHolderGone.
    Source: X111, X112, X115.
    """
    claims = _verify(tx, encoded, at)
    found = token_store.get_token(tx, claims.id)
    if found is None:
        raise NotAToken
    token, user = found
    if not _says_the_same(claims, token):
        raise NotAToken
    if token.revoked_at is not None:
        raise TokenRevoked
    holder = _holder(tx, token, user, address=address, at=at)
    if token.last_used_at is None or at - token.last_used_at >= SEEN_EVERY:
        token_store.update_token_used(tx, token.id, at=at, not_since=at - SEEN_EVERY)
    return holder


def _holder(tx: Tx, token: Token, user: User, *, address: str, at: datetime) -> TokenHolder:
    """Whom a token's row stands for. Raises: TokenRevoked, TokenHolderGone."""
    if not user.is_active:
        raise TokenHolderGone
    actor = actor_of_user(
        tx, user, chosen_id=token.organization_id, token_id=str(token.id), address=address
    )
    if token.kind is TokenKind.API:
        return TokenHolder(actor, token.expires_at)
    client = _client_of(tx, token, at)
    if actor.organization is None or actor.organization.id != token.organization_id:
        raise TokenHolderGone
    bound = Actor(
        user_id=user.id,
        name=user.name,
        organization=actor.organization,
        agreement_id=token.agreement_id,
        token_id=str(token.id),
        warrant=Warrant(
            client_id=token.client_id,
            actions=token.bounds.actions,
            is_limited=token.bounds.is_limited,
            has_cap=client is not None and client.daily_cap is not None,
            is_sender_bound=token.bounds.jkt is not None,
        ),
        address=address,
    )
    return TokenHolder(bound, token.expires_at, token.bounds.jkt)


def live_access_token(tx: Tx, encoded: str, *, at: datetime) -> tuple[Token, Actor]:
    """A live access token's row, and the person that it stands for with all their roles.

    Raises: NotAToken, TokenExpired, TokenRevoked, TokenHolderGone.
    """
    holder_of_token(tx, encoded, address="", at=at)
    found = token_store.get_token(tx, _verify(tx, encoded, at).id)
    assert found is not None, "it was found a moment ago"
    token, user = found
    if token.kind is not TokenKind.ACCESS:
        raise NotAToken
    return token, actor_of_user(tx, user, chosen_id=token.organization_id)


def known_token(tx: Tx, encoded: str) -> Token | None:
    """The row of a token that was signed here, live or not; None for any other text.

    For those who ask about tokens and revoke them, and so must be told no more.
    """
    try:
        key = key_store.get_key(tx, kid_of_token(encoded))
        if key is None or key.purpose is not KeyPurpose.TOKEN:
            return None
        claims = decode(encoded, key)
    except NotAToken:
        return None
    found = token_store.get_token(tx, claims.id)
    return found[0] if found and _says_the_same(claims, found[0]) else None


def is_reader_live(tx: Tx, reader: Actor, at: datetime) -> bool:
    """Whether nothing took back since what a reader showed: token, key, account, membership.

    That the token's time ran out since does not count.
    """
    if reader.user_id is None:
        return True
    token_id = UUID(reader.token_id) if reader.token_id else None
    organization_id = reader.organization.id if reader.organization else None
    return (
        reader_of(
            tx,
            reader.user_id,
            organization_id=organization_id,
            token_id=token_id,
            address=reader.address,
            at=at,
        )
        is not None
    )


def reader_of(
    tx: Tx,
    user_id: UserId,
    *,
    organization_id: OrganizationId | None,
    token_id: UUID | None,
    address: str,
    at: datetime,
) -> Actor | None:
    """Who read a while ago, with what they may do now; None where that was taken back.

    `token_id` None stands for a session, whose user has to be there still and act for the same
    organisation.
    """
    if token_id is not None:
        found = token_store.get_token(tx, token_id)
        if found is None or found[0].revoked_at is not None or found[0].user_id != user_id:
            return None
        try:
            return _holder(tx, *found, address=address, at=at).actor
        except (TokenRevoked, TokenHolderGone):
            return None
    user = people_store.get_user(tx, user_id)
    if user is None or not user.is_active:
        return None
    actor = actor_of_user(tx, user, chosen_id=organization_id, address=address)
    acts_for = actor.organization.id if actor.organization else None
    return actor if organization_id is None or acts_for == organization_id else None


def actor_of_user(
    tx: Tx,
    user: User,
    *,
    chosen_id: OrganizationId | None = None,
    token_id: str | None = None,
    address: str = "",
) -> Actor:
    """The user with all roles, acting for the chosen organisation or for the only one.

    Whoever holds a role for the whole site and for no organisation acts for the only bureau or
    regulator there is.
    """
    held = people_store.memberships_of_user(tx, user.id)
    own = {organization.id: organization for _, organization in held if organization}
    acting = own.get(chosen_id) if chosen_id is not None else None
    if acting is None and len(own) == 1:
        acting = next(iter(own.values()))
    if acting is None and not own:
        acting = _site_organization(tx, [membership.role for membership, _ in held])
    return Actor(
        user_id=user.id,
        name=user.name,
        memberships=tuple(membership for membership, _ in held),
        organization=acting,
        token_id=token_id,
        address=address,
    )


def choose_organization(tx: Tx, secret: str, organization_id: OrganizationId, *, by: Actor) -> None:
    """Let the session act for another organisation of its user.

    Raises: NotAMember.
    """
    if not any(held.organization_id == organization_id for held in by.memberships):
        raise NotAMember
    store.update_session_organization(tx, hash_secret(secret), organization_id)


def sign_out(tx: Tx, secret: str) -> None:
    """End the session of that secret, if there is one."""
    store.delete_session(tx, hash_secret(secret))


def check_signed_in(actor: Actor) -> UserId:
    """The id of the user who acts.

    Raises: SignInNeeded.
    """
    if actor.user_id is None:
        raise SignInNeeded
    return actor.user_id


def _count_attempt(tx: Tx, account: str, place: str, at: datetime) -> None:
    """Raises: SignInTooOften, and then nothing is counted, since the transaction rolls back."""
    # Always the account first, so that two attempts never wait for each other.
    for subject, free in (
        (account, FREE_FAILURES_PER_ACCOUNT),
        (place, FREE_FAILURES_PER_ADDRESS),
    ):
        before = store.count_failure(
            tx, subject, at=at, forgotten_before=at - FAILURES_FORGOTTEN_AFTER
        )
        if wait := wait_s(before, at, free=free):
            raise SignInTooOften(wait)


def _open_account(tx: Tx, name: str) -> tuple[User | None, str | None]:
    try:
        user = user_named(tx, name)
    except UserNotFound:
        return None, None
    if not user.is_active:
        return None, None
    return user, people_store.get_password_hash(tx, user.id)


def _verify(tx: Tx, encoded: str, at: datetime) -> Claims:
    key = key_store.get_key(tx, kid_of_token(encoded))
    if (
        key is None
        or key.purpose is not KeyPurpose.TOKEN
        or key.state not in (KeyState.CURRENT, KeyState.OLD)
        or key.retire_at <= at
    ):
        raise NotAToken
    claims = decode(encoded, key)
    if claims.expires_at <= at:
        raise TokenExpired(f"{claims.expires_at:%Y-%m-%d %H:%M}")
    return claims


def _client_of(tx: Tx, token: Token, at: datetime) -> Client | None:
    """The key that a token was drawn with; None where a person drew it.

    Raises: TokenRevoked.
    """
    if token.client_id is None:
        return None
    found = client_store.get_client(tx, token.client_id)
    if found is None or not found[0].is_live(at):
        raise TokenRevoked
    return found[0]


def _says_the_same(claims: Claims, token: Token) -> bool:
    """Whether the token's text and its row agree; a foreign issuer's cannot."""
    return (
        claims.issuer == token.issuer
        and claims.user_id == token.user_id
        and claims.agreement_id == token.agreement_id
        and claims.is_access == (token.kind is TokenKind.ACCESS)
        and claims.bounds == token.bounds
        and claims.expires_at == token.expires_at
    )


def _site_organization(tx: Tx, roles: list[Role]) -> Organization | None:
    for role in roles:
        if role in _KIND_ACTED_FOR:
            only = people_store.organizations(tx, kind=_KIND_ACTED_FOR[role], after="", limit=2)
            if len(only) == 1:
                return only[0]
    return None
