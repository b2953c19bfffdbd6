"""Issue tokens and revoke them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from policies.agreement import Agreement
from policies.client import Client
from policies.database import Tx
from policies.errors import (
    MalformedTokenName,
    NotAdministrator,
    NotTheConsumer,
    TokenNotFound,
    TokenSpent,
    TooManyTokens,
)
from policies.events import Event, EventKind, moment_text
from policies.evidence.signing_key import KeyPurpose, KeyState, SigningKey
from policies.identity.authenticate import check_signed_in
from policies.identity.tokens import encode
from policies.party import Actor, User
from policies.record import record
from policies.roles import can_administer, can_apply_for, check_person
from policies.seal import KeyRing, Signer
from policies.store import tokens as store
from policies.terms import Grade, OrganizationId, UserId
from policies.token import (
    ACCESS_LIFE_MOST,
    API_LIFE_MOST,
    API_TOKENS_PER_USER,
    TOKEN_NAME_MOST_CHARACTERS,
    UNBOUNDED,
    Bounds,
    Claims,
    Token,
    TokenKind,
    access_token_end,
    api_token_end,
    latest_token_end,
)

TOKENS_SHOWN_MOST = 1000
"""Tokens of one user in one answer, the newest."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token and its text, which is shown once."""

    encoded: str
    token: Token


def issue_api_token(
    tx: Tx,
    keys: KeyRing,
    owner: User,
    *,
    name: str,
    issuer: str,
    by: Actor,
    at: datetime,
    life: timedelta = API_LIFE_MOST,
) -> IssuedToken:
    """A token that stands for `owner` until it ends or is revoked.

    Everybody makes their own; an administrator may make one for another user, which that user sees
    listed and the log tells of.

    Raises: PersonNeeded, NotAdministrator, MalformedTokenName, TooManyTokens,
    TokenLifeOutOfBounds, KeyRetiresFirst, SigningKeyAway.
    """
    check_person(by)
    if by.user_id != owner.id and not can_administer(by):
        raise NotAdministrator
    name = name.strip()
    if not 1 <= len(name) <= TOKEN_NAME_MOST_CHARACTERS or not name.isprintable():
        raise MalformedTokenName(TOKEN_NAME_MOST_CHARACTERS)
    if store.count_live_api_tokens(tx, owner.id, at) >= API_TOKENS_PER_USER:
        raise TooManyTokens(API_TOKENS_PER_USER)
    signer = keys.signer(tx, KeyPurpose.TOKEN, at)
    claims = Claims(
        id=uuid4(),
        issuer=issuer,
        user_id=owner.id,
        client_id=str(owner.id),
        issued_at=at.replace(microsecond=0),
        expires_at=api_token_end(issued_at=at, life=life, key_retires_at=signer.retire_at),
    )
    token = _token(claims, TokenKind.API, name=name, kid=signer.kid)
    _keep(tx, token, by=by, at=at)
    return IssuedToken(encode(claims, signer), token)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an access token is to be."""

    life: timedelta = ACCESS_LIFE_MOST
    bounds: Bounds = UNBOUNDED
    client: Client | None = None
    """The key of the program that draws it; None for a person."""
    parent: Token | None = None
    """The token that it is a narrower one of; None where it is none."""


def issue_access_token(
    tx: Tx,
    keys: KeyRing,
    agreement: Agreement,
    wish: Wish,
    *,
    issuer: str,
    by: Actor,
    at: datetime,
) -> IssuedToken:
    """A token that opens the data of one agreement for 20 to 60 minutes, and never past its end.

    Whether anything is frozen is checked by the decision at each read.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, TokenLifeOutOfBounds, AgreementEnded,
    AgreementSuspended, AgreementNotStarted, TokenSpent, KeyRetiresFirst, SigningKeyAway.
    Source: X111, X113.
    """
    user_id = check_signed_in(by)
    check_person(by)
    if not can_apply_for(by, agreement.consumer_id):
        raise NotTheConsumer
    signer = keys.signer(tx, KeyPurpose.TOKEN, at)
    agreed_end = access_token_end(
        agreement, issued_at=at, life=wish.life, key_retires_at=signer.retire_at
    )
    claims = Claims(
        id=uuid4(),
        issuer=issuer,
        user_id=user_id,
        client_id=str(wish.client.id if wish.client else agreement.consumer_id),
        issued_at=at.replace(microsecond=0),
        expires_at=_end(wish, [agreed_end], at, signer),
        agreement_id=agreement.id,
        regime=agreement.regime,
        purpose=agreement.purpose,
        profile_hash=agreement.profile_hash,
        entitlement_id=wish.client.id if wish.client else agreement.id,
        grade_most=Grade.IMPORTANT,
        bounds=wish.bounds,
    )
    token = _access_token(claims, wish, kid=signer.kid, organization_id=agreement.consumer_id)
    _keep(tx, token, by=by, at=at)
    return IssuedToken(encode(claims, signer), token)


def issue_wide_token(
    tx: Tx, keys: KeyRing, client: Client, wish: Wish, *, issuer: str, by: Actor, at: datetime
) -> IssuedToken:
    """A token that opens the data of every agreement of a key's organisation.

    Each read takes the agreement that it needs and is decided, counted and charged under it.

    Raises: SignInNeeded, PersonNeeded, NotTheConsumer, TokenLifeOutOfBounds, TokenSpent,
    KeyRetiresFirst, SigningKeyAway.
    Source: X111, X113.
    """
    user_id = check_signed_in(by)
    check_person(by)
    if not can_apply_for(by, client.organization_id):
        raise NotTheConsumer
    signer = keys.signer(tx, KeyPurpose.TOKEN, at)
    claims = Claims(
        id=uuid4(),
        issuer=issuer,
        user_id=user_id,
        client_id=str(client.id),
        issued_at=at.replace(microsecond=0),
        expires_at=_end(wish, [], at, signer),
        entitlement_id=client.id,
        grade_most=Grade.IMPORTANT,
        bounds=wish.bounds,
    )
    token = _access_token(claims, wish, kid=signer.kid, organization_id=client.organization_id)
    _keep(tx, token, by=by, at=at)
    return IssuedToken(encode(claims, signer), token)


def revoke_token(tx: Tx, token_id: UUID, *, by: Actor, at: datetime) -> None:
    """Revoke a token of one's own, or as an administrator anybody's; a second time does nothing.

    Raises: SignInNeeded, TokenNotFound.
    """
    user_id = check_signed_in(by)
    found = store.get_token(tx, token_id)
    if found is None or not _may_revoke(found[0], user_id, by):
        raise TokenNotFound
    _revoke(tx, found[0], by=by, at=at)


def revoke_access_token(tx: Tx, token: Token, *, by: Actor, at: datetime) -> None:
    """Revoke a token of the organisation that `by` acts for, whoever of it drew the token."""
    assert by.organization is not None
    assert by.organization.id == token.organization_id
    _revoke(tx, token, by=by, at=at)


def _revoke(tx: Tx, token: Token, *, by: Actor, at: datetime) -> None:
    if store.revoke_token(tx, token.id, at):
        record(
            tx,
            Event(
                kind=EventKind.TOKEN_REVOKED,
                at=at,
                actor=by,
                organization_id=token.organization_id,
                subject_id=token.id,
                facts={"kind": token.kind, "user_id": str(token.user_id)},
            ),
        )


def revoke_tokens_of_user(tx: Tx, user_id: UserId, *, by: Actor, at: datetime) -> int:
    """Revoke every token of a user whose account is closed; how many there were."""
    revoked = store.revoke_tokens_of_user(tx, user_id, at)
    if revoked:
        record(
            tx,
            Event(
                kind=EventKind.TOKEN_REVOKED,
                at=at,
                actor=by,
                subject_id=user_id,
                facts={"number": revoked},
            ),
        )
    return revoked


def list_tokens(tx: Tx, user_id: UserId, *, by: Actor) -> Sequence[Token]:
    """The user's tokens, newest first; one's own, or as an administrator anybody's.

    Raises: PersonNeeded, NotAdministrator.
    """
    check_person(by)
    if by.user_id != user_id and not can_administer(by):
        raise NotAdministrator
    return store.tokens_of_user(tx, user_id, limit=TOKENS_SHOWN_MOST)


def has_left(tx: Tx, token_id: UUID) -> bool:
    """Whether a token that counts down may take anything more."""
    return store.has_left(tx, token_id)


def count_use(tx: Tx, token_id: UUID, *, rows: int, size_bytes: int) -> None:
    """Count one delivery against a token and the wider ones that it was made of.

    Raises: TokenSpent.
    """
    if not store.count_use(tx, token_id, rows=rows, size_bytes=size_bytes, queries=1):
        raise TokenSpent


def verification_keys(tx: Tx, keys: KeyRing, at: datetime) -> list[SigningKey]:
    """The keys with which others can check our tokens, oldest first.

    Source: RFC 7517 s. 5; X116.
    """
    return [
        key
        for key in keys.public_keys(tx)
        if key.purpose is KeyPurpose.TOKEN and key.state is not KeyState.DEAD and key.retire_at > at
    ]


def _end(wish: Wish, ends: Sequence[datetime], at: datetime, signer: Signer) -> datetime:
    """When the token ends: within what is agreed, its key of a program, and its wider token."""
    bounds = list(ends)
    bounds += [wish.client.ends_at] if wish.client else []
    bounds += [wish.parent.expires_at] if wish.parent else []
    return latest_token_end(bounds, issued_at=at, life=wish.life, key_retires_at=signer.retire_at)


def _access_token(
    claims: Claims, wish: Wish, *, kid: str, organization_id: OrganizationId
) -> Token:
    return replace(
        _token(claims, TokenKind.ACCESS, name="", kid=kid),
        organization_id=organization_id,
        client_id=wish.client.id if wish.client else None,
        parent_id=wish.parent.id if wish.parent else None,
        bounds=wish.bounds,
    )


def _token(claims: Claims, kind: TokenKind, *, name: str, kid: str) -> Token:
    return Token(
        id=claims.id,
        kind=kind,
        user_id=claims.user_id,
        organization_id=None,
        agreement_id=claims.agreement_id,
        name=name,
        issuer=claims.issuer,
        kid=kid,
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        revoked_at=None,
        last_used_at=None,
    )


def _keep(tx: Tx, token: Token, *, by: Actor, at: datetime) -> None:
    store.insert_token(tx, token)
    record(
        tx,
        Event(
            kind=EventKind.TOKEN_ISSUED,
            at=at,
            actor=by,
            organization_id=token.organization_id,
            subject_id=token.id,
            facts={
                "kind": token.kind,
                "user_id": str(token.user_id),
                "agreement_id": str(token.agreement_id) if token.agreement_id else None,
                "client_id": str(token.client_id) if token.client_id else None,
                "parent_id": str(token.parent_id) if token.parent_id else None,
                "expires_at": moment_text(token.expires_at),
            },
        ),
    )


def _may_revoke(token: Token, user_id: UserId, by: Actor) -> bool:
    # A stolen access token may at least be used to end itself.
    is_own = token.user_id == user_id and (not by.is_program or by.token_id == str(token.id))
    return is_own or can_administer(by)
