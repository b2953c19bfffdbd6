"""Draw access tokens for programs: with their key, or a narrower one for a token they hold.

Source: RFC 6749 s. 4.4, RFC 7523 s. 2.1, RFC 8693; X113.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from exchange import negotiate
from exchange.errors import Frozen
from policies import agree
from policies.client import Client
from policies.database import Tx
from policies.errors import NotNarrower, NotSignedIn
from policies.freeze import frozen_targets
from policies.identity.authenticate import known_token, live_access_token
from policies.identity.clients import client_with_id, holder_of_client
from policies.identity.issue import IssuedToken, Wish, issue_wide_token, revoke_access_token
from policies.party import Actor
from policies.seal import KeyRing
from policies.terms import Purpose
from policies.token import ACCESS_LIFE_MOST, UNBOUNDED, Bounds, Token


@dataclass(frozen=True, slots=True)
class TokenAsk:
    """What a program asks of the token endpoint."""

    life: timedelta = ACCESS_LIFE_MOST
    bounds: Bounds = UNBOUNDED
    agreement_id: UUID | None = None
    """None: that of the key, or of the token to be narrowed; all where neither names one."""
    purpose: Purpose | None = None
    """None: the agreement's own."""


def draw_for_client(
    tx: Tx, keys: KeyRing, client: Client, ask: TokenAsk, *, issuer: str, at: datetime
) -> IssuedToken:
    """A token for a program that proved its key.

    Raises: ClientUnproven, NotNarrower, and what `negotiate.draw_token` raises.
    """
    holder = holder_of_client(tx, client, address="")
    if client.agreement_id is not None and ask.agreement_id not in (None, client.agreement_id):
        raise NotNarrower("resource")
    wish = Wish(life=ask.life, bounds=ask.bounds, client=client)
    agreement_id = client.agreement_id or ask.agreement_id
    return _draw(tx, keys, agreement_id, wish, ask, issuer=issuer, by=holder, at=at)


def narrow_token(
    tx: Tx,
    keys: KeyRing,
    encoded: str,
    ask: TokenAsk,
    *,
    client: Client,
    actor: str | None,
    issuer: str,
    at: datetime,
) -> IssuedToken:
    """A narrower token for one that a program of the same organisation holds.

    `actor` is whom it is for: an officer or a job; None names the program itself.

    Raises: NotAToken, TokenExpired, TokenRevoked, TokenHolderGone, NotNarrower, ClientUnproven,
    and what `negotiate.draw_token` raises.
    Source: RFC 8693 s. 2.1.
    """
    held, holder = live_access_token(tx, encoded, at=at)
    if held.organization_id != client.organization_id:
        raise NotNarrower("subject_token")
    if held.agreement_id is not None and ask.agreement_id not in (None, held.agreement_id):
        raise NotNarrower("resource")
    own = client_with_id(tx, held.client_id) if held.client_id else None
    wish = Wish(
        life=ask.life,
        bounds=held.bounds.narrowed(ask.bounds, actor=actor or str(client.id)),
        client=own,
        parent=held,
    )
    agreement_id = held.agreement_id or ask.agreement_id
    return _draw(tx, keys, agreement_id, wish, ask, issuer=issuer, by=holder, at=at)


def look_at_token(tx: Tx, encoded: str, *, client: Client, at: datetime) -> Token | None:
    """A live token of the program's organisation, or on data that this provides; None otherwise.

    Source: RFC 7662 s. 2.2.
    """
    token = known_token(tx, encoded)
    if token is None or not _concerns(tx, token, client):
        return None
    try:
        live_access_token(tx, encoded, at=at)
    except NotSignedIn:
        return None
    return token


def revoke_for_client(tx: Tx, encoded: str, *, client: Client, at: datetime) -> None:
    """Revoke a token of the program's organisation; for any other text nothing happens.

    Raises: ClientUnproven.
    Source: RFC 7009 s. 2.1-2.2.
    """
    token = known_token(tx, encoded)
    if token is not None and token.organization_id == client.organization_id:
        holder = holder_of_client(tx, client, address="")
        revoke_access_token(tx, token, by=holder, at=at)


def _concerns(tx: Tx, token: Token, client: Client) -> bool:
    if token.organization_id == client.organization_id:
        return True
    if token.agreement_id is None:
        return False
    return agree.get_agreement(tx, token.agreement_id).provider_id == client.organization_id


def _draw(
    tx: Tx,
    keys: KeyRing,
    agreement_id: UUID | None,
    wish: Wish,
    ask: TokenAsk,
    *,
    issuer: str,
    by: Actor,
    at: datetime,
) -> IssuedToken:
    if agreement_id is None:
        assert wish.client is not None, "a person's token is bound to an agreement"
        if ask.purpose is not None:
            raise NotNarrower("purpose")
        if frozen_targets(tx, [wish.client.organization_id], at):
            raise Frozen
        return issue_wide_token(tx, keys, wish.client, wish, issuer=issuer, by=by, at=at)
    agreement = negotiate.get_agreement(tx, agreement_id, by=by)
    if ask.purpose not in (None, agreement.purpose):
        raise NotNarrower("purpose")
    if ask.bounds.actions is not None and not ask.bounds.actions <= agreement.actions:
        raise NotNarrower("scope")
    return negotiate.draw_token(tx, keys, agreement_id, wish, issuer=issuer, by=by, at=at)
