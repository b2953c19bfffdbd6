"""Tokens for programs: the endpoints of OAuth 2.0.

A program proves its key by secret (in the header or in the form) or by a signed statement, and is
given a token for one agreement or all of its organisation's. A token that it holds can be exchanged
for a narrower one. Nothing here takes a password or a browser.

Source: RFC 6749 s. 2.3, 3.2, 4.4, 5; RFC 7523 s. 2; RFC 8693 s. 2; RFC 7662; RFC 7009;
RFC 9449 s. 5.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import unquote_plus
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from exchange.draw import (
    TokenAsk,
    draw_for_client,
    look_at_token,
    narrow_token,
    revoke_for_client,
)
from policies.access import Action
from policies.canonical import Plain
from policies.client import Client
from policies.database import Tx
from policies.errors import (
    ClientUnproven,
    NotAToken,
    NotNarrower,
    NotSignedIn,
    ProofNonceNeeded,
    ProofRefused,
    Refusal,
)
from policies.identity.authenticate import holder_of_token
from policies.identity.clients import prove_assertion, prove_secret
from policies.identity.issue import IssuedToken
from policies.identity.tokens import SCOPE_READ, actors_said, scope_of
from policies.terms import Purpose
from policies.token import ACCESS_LIFE_LEAST, ACCESS_LIFE_MOST, LIMIT_MOST, Bounds, Token
from portal.answers import headers_of, nonce_of
from portal.api_description import OAUTH_TAG
from portal.errors import OAuthRequestMalformed
from portal.key_file import nonce_key
from portal.pages.rendering import language_of
from portal.problems import status_of, words_of
from portal.sign_in import possession_of
from portal.wiring import wiring_of

router = APIRouter(prefix="/oauth", tags=[OAUTH_TAG])

CLIENT_CREDENTIALS: Final = "client_credentials"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105
GRANT_TYPES: Final = (CLIENT_CREDENTIALS, JWT_BEARER, TOKEN_EXCHANGE)
CLIENT_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt")
SIGNING_ALGORITHMS: Final = ("EdDSA", "ES256", "RS256")
ACCESS_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
TOKEN_TYPES: Final = (ACCESS_TOKEN_TYPE, "urn:ietf:params:oauth:token-type:jwt")
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES: Final = (SCOPE_READ, *sorted(Action))
AGREEMENT_SCOPE: Final = "agreement:"
ACTOR_MOST_CHARACTERS: Final = 200

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


async def _form(request: Request) -> dict[str, str]:
    """The fields of the form; each may stand there once. Source: RFC 6749 s. 3.2."""
    if not request.headers.get("Content-Type", "").startswith(_FORM_TYPE):
        return {}
    fields = (await request.form()).multi_items()
    if len(fields) != len({name for name, _ in fields}):
        return {}
    return {name: value for name, value in fields if isinstance(value, str) and value}


Fields = Annotated[dict[str, str], Depends(_form)]


@router.post("/token")
def give_token(request: Request, form: Fields) -> JSONResponse:
    """An access token for a program that proves its key, or a narrower one for a token it holds."""
    return _answered(request, lambda tx: _give_token(request, tx, form))


@router.post("/introspect")
def introspect(request: Request, form: Fields) -> JSONResponse:
    """What a token is worth now, for programs of its organisation and of the data's provider."""
    return _answered(request, lambda tx: _introspect(request, tx, form))


@router.post("/revoke")
def revoke(request: Request, form: Fields) -> JSONResponse:
    """Revoke a token of the program's organisation; no other text does anything."""

    def act(tx: Tx) -> dict[str, Plain]:
        at = wiring_of(request).now()
        client = _client(request, tx, form)
        revoke_for_client(tx, _needed(form, "token"), client=client, at=at)
        return {}

    return _answered(request, act)


# The three acts ------------------------------------------------------------------------------


def _give_token(request: Request, tx: Tx, form: Mapping[str, str]) -> dict[str, Plain]:
    wiring = wiring_of(request)
    issuer, at = wiring.settings.site_url, wiring.now()
    grant_type = _needed(form, "grant_type")
    if grant_type not in GRANT_TYPES:
        raise OAuthRequestMalformed("unsupported_grant_type", "grant_type")
    ask = _ask(form, jkt=possession_of(request, tx))
    if grant_type == TOKEN_EXCHANGE:
        return _exchange(request, tx, form, ask)
    if grant_type == JWT_BEARER:
        client = _signer(request, tx, _needed(form, "assertion"))
    else:
        client = _client(request, tx, form)
    issued = draw_for_client(tx, wiring.keys, client, ask, issuer=issuer, at=at)
    return _token_said(issued)


def _exchange(request: Request, tx: Tx, form: Mapping[str, str], ask: TokenAsk) -> dict[str, Plain]:
    wiring = wiring_of(request)
    for name in ("subject_token_type", "requested_token_type"):
        is_optional = name == "requested_token_type" and name not in form
        if not is_optional and _needed(form, name) not in TOKEN_TYPES:
            raise OAuthRequestMalformed("invalid_request", name)
    issued = narrow_token(
        tx,
        wiring.keys,
        _needed(form, "subject_token"),
        ask,
        client=_client(request, tx, form),
        actor=_actor(request, tx, form),
        issuer=wiring.settings.site_url,
        at=wiring.now(),
    )
    return {**_token_said(issued), "issued_token_type": ACCESS_TOKEN_TYPE}


def _introspect(request: Request, tx: Tx, form: Mapping[str, str]) -> dict[str, Plain]:
    client = _client(request, tx, form)
    token = look_at_token(tx, _needed(form, "token"), client=client, at=wiring_of(request).now())
    if token is None:
        return {"active": False}
    bounds = token.bounds
    said: dict[str, Plain] = {
        "active": True,
        "scope": scope_of(bounds),
        "client_id": str(token.client_id or token.organization_id),
        "sub": str(token.user_id),
        "iss": token.issuer,
        "aud": token.issuer,
        "jti": str(token.id),
        "iat": int(token.issued_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
        "token_type": "Bearer" if bounds.jkt is None else "DPoP",
    }
    if token.agreement_id is not None:
        said["agr"] = str(token.agreement_id)
    limits = {
        "rows": bounds.rows_most,
        "bytes": bounds.bytes_most,
        "queries": bounds.queries_most,
    }
    said |= {name: most for name, most in limits.items() if most is not None}
    if bounds.actors:
        said["act"] = actors_said(bounds.actors)
    if bounds.jkt is not None:
        said["cnf"] = {"jkt": bounds.jkt}
    return said


# Reading what was sent -----------------------------------------------------------------------


def _client(request: Request, tx: Tx, form: Mapping[str, str]) -> Client:
    """The key that the program proved, in one way and no more.

    Raises: ClientUnproven, ProofRefused, OAuthRequestMalformed.
    Source: RFC 6749 s. 2.3, RFC 7523 s. 2.2.
    """
    at = wiring_of(request).now()
    shown = request.headers.get("Authorization", "")
    ways = [bool(shown), "client_secret" in form, "client_assertion" in form]
    if sum(ways) != 1:
        raise (
            ClientUnproven
            if not any(ways)
            else OAuthRequestMalformed("invalid_request", "client_secret")
        )
    if "client_assertion" in form:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthRequestMalformed("invalid_request", "client_assertion_type")
        return _signer(request, tx, form["client_assertion"])
    if shown:
        name, secret = _basic(shown)
        return prove_secret(tx, name, secret, at=at)
    return prove_secret(tx, form.get("client_id", ""), form["client_secret"], at=at)


def _signer(request: Request, tx: Tx, assertion: str) -> Client:
    wiring = wiring_of(request)
    site = wiring.settings.site_url
    return prove_assertion(tx, assertion, audiences={site, f"{site}/oauth/token"}, at=wiring.now())


def _basic(shown: str) -> tuple[str, str]:
    """Name and secret of a header. Source: RFC 7617, RFC 6749 s. 2.3.1 (both are form-encoded)."""
    scheme, _, told = shown.partition(" ")
    if scheme.lower() != "basic":
        raise ClientUnproven
    try:
        name, colon, secret = b64decode(told.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise ClientUnproven from None
    if not colon:
        raise ClientUnproven
    return unquote_plus(name), unquote_plus(secret)


def _actor(request: Request, tx: Tx, form: Mapping[str, str]) -> str | None:
    """Whom a narrower token is for; None names the program itself. Source: RFC 8693 s. 2.1."""
    if "actor_token" in form:
        if form.get("actor_token_type") not in TOKEN_TYPES:
            raise OAuthRequestMalformed("invalid_request", "actor_token_type")
        at = wiring_of(request).now()
        holder = holder_of_token(tx, form["actor_token"], address="", at=at)
        return str(holder.actor.user_id)
    actor = form.get("actor")
    if actor is not None and not (len(actor) <= ACTOR_MOST_CHARACTERS and actor.isprintable()):
        raise OAuthRequestMalformed("invalid_request", "actor")
    return actor


def _ask(form: Mapping[str, str], *, jkt: str | None) -> TokenAsk:
    words = form.get("scope", "").split()
    named = [word for word in words if word.startswith(AGREEMENT_SCOPE)]
    actions = [word for word in words if word not in named]
    if any(word not in SCOPES for word in actions) or len(named) > 1:
        raise OAuthRequestMalformed("invalid_scope", "scope")
    is_all = not actions or SCOPE_READ in actions
    resource = form.get("resource") or (named[0].removeprefix(AGREEMENT_SCOPE) if named else None)
    return TokenAsk(
        life=_life(form),
        bounds=Bounds(
            actions=None if is_all else frozenset(Action(word) for word in actions),
            rows_most=_number(form, "rows"),
            bytes_most=_number(form, "bytes"),
            queries_most=_number(form, "queries"),
            jkt=jkt,
        ),
        agreement_id=None if resource is None else _agreement(resource),
        purpose=_purpose(form),
    )


def _agreement(resource: str) -> UUID:
    """The agreement that a token is for: its id, or its address. Source: RFC 8707 s. 2."""
    try:
        return UUID(resource.rstrip("/").rpartition("/")[2])
    except ValueError:
        raise OAuthRequestMalformed("invalid_target", "resource") from None


def _purpose(form: Mapping[str, str]) -> Purpose | None:
    try:
        return Purpose(form["purpose"]) if "purpose" in form else None
    except ValueError:
        raise OAuthRequestMalformed("invalid_request", "purpose") from None


def _life(form: Mapping[str, str]) -> timedelta:
    told = _number(form, "life_s")
    if told is None:
        return ACCESS_LIFE_MOST
    if not ACCESS_LIFE_LEAST.total_seconds() <= told <= ACCESS_LIFE_MOST.total_seconds():
        raise OAuthRequestMalformed("invalid_request", "life_s")
    return timedelta(seconds=told)


def _number(form: Mapping[str, str], name: str) -> int | None:
    if name not in form:
        return None
    told = form[name]
    if not (told.isascii() and told.isdigit() and len(told) <= len(str(LIMIT_MOST))):
        raise OAuthRequestMalformed("invalid_request", name)
    return int(told)


def _needed(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise OAuthRequestMalformed("invalid_request", name)
    return form[name]


# Answering -----------------------------------------------------------------------------------


def _token_said(issued: IssuedToken) -> dict[str, Plain]:
    """Source: RFC 6749 s. 5.1."""
    token: Token = issued.token
    said: dict[str, Plain] = {
        "access_token": issued.encoded,
        "token_type": "Bearer" if token.bounds.jkt is None else "DPoP",
        "expires_in": int((token.expires_at - token.issued_at).total_seconds()),
        "scope": scope_of(token.bounds),
    }
    if token.agreement_id is not None:
        said["agr"] = str(token.agreement_id)
    return said


def _answered(request: Request, act: Callable[[Tx], dict[str, Plain]]) -> JSONResponse:
    """What the act gives, in a transaction of its own; a refusal in OAuth's words.

    Source: RFC 6749 s. 5.2.
    """
    wiring = wiring_of(request)
    # Before the transaction, since the secret may have one of its own.
    nonce_key(wiring)
    try:
        with wiring.pool.connection() as tx:
            said = act(tx)
    except Refusal as refusal:
        return _refused(request, refusal)
    return JSONResponse(said, headers=_NO_STORE)


def _refused(request: Request, refusal: Refusal) -> JSONResponse:
    status, error = status_of(refusal), "invalid_grant"
    headers = dict(_NO_STORE)
    match refusal:
        case OAuthRequestMalformed():
            error = refusal.error
        case ProofNonceNeeded():
            status, error = 400, "use_dpop_nonce"
            headers["DPoP-Nonce"] = nonce_of(request)
        case ClientUnproven():
            error = "invalid_client"
            headers["WWW-Authenticate"] = 'Basic realm="weir"'
        case NotNarrower():
            names = {"scope": "invalid_scope", "resource": "invalid_target"}
            error = names.get(refusal.name, "invalid_request")
        case ProofRefused():
            status = 400
            is_dpop = "DPoP" in request.headers
            error = "invalid_dpop_proof" if is_dpop else "invalid_grant"
        case NotAToken() | NotSignedIn():
            status = 400
        case _ if status >= 500 or status == 429:
            error = "temporarily_unavailable"
            headers |= headers_of(request, refusal, status)
        case _:
            # Clients read on only with the statuses that OAuth knows.
            status = 400
    words = words_of(refusal, language_of(request))
    return JSONResponse(
        {"error": error, "error_description": words}, status_code=status, headers=headers
    )
