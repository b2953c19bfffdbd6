"""API tokens of people: made, listed and revoked. The token itself is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from policies.errors import (
    MalformedTokenName,
    NotSignedIn,
    TokenLifeOutOfBounds,
    TokenNotFound,
    TooManyTokens,
)
from policies.identity.authenticate import actor_of_token
from policies.identity.issue import IssuedToken, issue_api_token, list_tokens, revoke_token
from policies.party import Actor, User
from policies.terms import Language
from policies.token import API_LIFE_MOST, TokenKind
from portal.api.ckan.action import Result, Table, reads, writes
from portal.api.ckan.call import Call, uuid_of
from portal.api.ckan.errors import (
    AccessDenied,
    NoSuchObject,
    ValidationFailed,
    missing,
    wrong,
)
from portal.api.ckan.found import user_of, user_or_none
from portal.api.ckan.plain import moment, moment_or_none
from portal.api.ckan.user_shapes import is_own
from portal.problems import words_of


def api_token_create(call: Call) -> Result:
    """Make an API token for a `user` (id or name) under a `name`; one's own, or as a sysadmin
    anybody's.

    It ends after `expires_in` times `unit` seconds where both are given, else as late as any does.
    """
    faults = {name: ["Missing value"] for name in ("user", "name") if not call.text(name)}
    if faults:
        raise ValidationFailed(dict(faults))
    user = user_or_none(call, call.text("user"))
    if user is None or not user.is_active:
        raise NoSuchObject("User not found")
    _check_own(call, user)
    issued = issue(call, user, call.text("name"), call.actor, life=_life(call))
    return {"token": issued.encoded, "id": str(issued.token.id)}


def api_token_list(call: Call) -> Result:
    """List the live API tokens of a user (`user_id`: id or name), oldest first; one's own, or as a
    sysadmin anybody's.
    """
    named = call.text("user_id") or call.text("user")
    if not named:
        raise missing("user_id")
    user = user_or_none(call, named)
    if user is None and not call.is_sysadmin:
        raise AccessDenied
    user = user_of(call, named)
    _check_own(call, user)
    return [
        {
            "id": str(token.id),
            "name": token.name,
            "user_id": str(token.user_id),
            "created_at": moment(token.issued_at),
            "last_access": moment_or_none(token.last_used_at),
            "expires_at": moment(token.expires_at),
        }
        for token in reversed(list_tokens(call.tx, user.id, by=call.actor))
        if token.kind is TokenKind.API and token.revoked_at is None and token.expires_at > call.at
    ]


def api_token_revoke(call: Call) -> Result:
    """Revoke an API token, named by its id `jti` or by the `token` itself."""
    call.check_signed_in(call.action)
    jti = call.text("jti")
    token_id = uuid_of(jti) if jti else _id_in(call, call.wanted("token"))
    if token_id is None:
        raise NoSuchObject("API token not found")
    try:
        revoke_token(call.tx, token_id, by=call.actor, at=call.at)
    except TokenNotFound as refusal:
        # Whether somebody else has such a token is not told.
        raise AccessDenied("Not authorized to revoke this token") from refusal
    return None


def issue(
    call: Call, user: User, name: str, by: Actor, *, life: timedelta = API_LIFE_MOST
) -> IssuedToken:
    """Make an API token.

    Raises: ValidationFailed.
    """
    try:
        return issue_api_token(
            call.tx,
            call.wiring.keys,
            user,
            name=name,
            issuer=call.site_url,
            by=by,
            at=call.at,
            life=life,
        )
    except (MalformedTokenName, TooManyTokens) as refusal:
        raise wrong("name", words_of(refusal, Language.EN)) from refusal
    except TokenLifeOutOfBounds as refusal:
        raise wrong("expires_in", words_of(refusal, Language.EN)) from refusal


def _life(call: Call) -> timedelta:
    number = call.whole("expires_in", 0)
    unit_s = call.whole("unit", 1)
    if not number * unit_s:
        return API_LIFE_MOST
    seconds = min(number * unit_s, int(API_LIFE_MOST.total_seconds()) + 1)
    return timedelta(seconds=seconds)


def _check_own(call: Call, user: User) -> None:
    if not (call.is_sysadmin or is_own(call, user.id)):
        raise AccessDenied


def _id_in(call: Call, encoded: str) -> UUID | None:
    try:
        shown = actor_of_token(call.tx, encoded, address=call.actor.address, at=call.at)
    except NotSignedIn:
        # Ended, revoked or never one: there is nothing to revoke.
        return None
    return uuid_of(shown.token_id or "")


ACTIONS: Final[Table] = {
    **reads(api_token_list=api_token_list),
    **writes(api_token_create=api_token_create, api_token_revoke=api_token_revoke),
}
