"""API tokens of the caller: made, listed with their last use, revoked.

Access tokens are drawn on an agreement, at `/api/v1/agreements`; here they are listed and revoked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from policies.identity.authenticate import check_signed_in
from policies.identity.issue import issue_api_token, list_tokens, revoke_token
from policies.identity.people import user_named
from policies.token import API_LIFE_LEAST, API_LIFE_MOST, Token, TokenKind
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])

LIFE_LEAST_S = int(API_LIFE_LEAST.total_seconds())
LIFE_MOST_S = int(API_LIFE_MOST.total_seconds())


class NewToken(BaseModel):
    """An API token to make."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """Where it will be used, for the caller's own list."""
    life_s: Annotated[int, Field(ge=LIFE_LEAST_S, le=LIFE_MOST_S)] = LIFE_MOST_S
    """Seconds until it ends."""
    user: str | None = None
    """Whose token; only an administrator of the site may name another user."""


class TokenBody(BaseModel):
    """A token as its owner sees it."""

    id: UUID
    kind: TokenKind
    name: str
    agreement_id: UUID | None
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    """True to the minute; null before the first use."""


class NewTokenBody(TokenBody):
    """A new token with its text, which is shown here and never again."""

    token: str


@router.get("")
def list_own(request: Request) -> list[TokenBody]:
    """The caller's tokens, newest first, live or not."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_body(token) for token in list_tokens(tx, check_signed_in(actor), by=actor)]


@router.post("", status_code=201)
def issue(request: Request, response: Response, wanted: NewToken) -> NewTokenBody:
    """Make an API token; its text is in this answer alone."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        issued = issue_api_token(
            tx,
            wiring.keys,
            user_named(tx, wanted.user or actor.name),
            name=wanted.name,
            issuer=wiring.settings.site_url,
            by=actor,
            at=wiring.now(),
            life=timedelta(seconds=wanted.life_s),
        )
    response.headers["Cache-Control"] = "no-store"
    return NewTokenBody(**_body(issued.token).model_dump(), token=issued.encoded)


@router.delete("/{token_id}", status_code=204)
def revoke(request: Request, token_id: UUID) -> Response:
    """Revoke a token at once; twice is once."""
    actor = signed_in(request)
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        revoke_token(tx, token_id, by=actor, at=wiring.now())
    return Response(status_code=204)


def _body(token: Token) -> TokenBody:
    return TokenBody(
        id=token.id,
        kind=token.kind,
        name=token.name,
        agreement_id=token.agreement_id,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
