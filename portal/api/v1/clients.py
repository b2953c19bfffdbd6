"""Keys of programs: made for one agreement or all, capped, rotated, revoked at once.

With a key a program draws its access tokens at `/oauth/token`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from exchange.conclude import end_of_day
from exchange.negotiate import get_agreement
from policies.client import Client
from policies.database import Tx
from policies.identity.clients import (
    NewClient,
    cap_client,
    latest_client_end,
    list_clients,
    make_client,
    revoke_client,
    rotate_client,
    spent_today,
)
from policies.terms import MicroCredits
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/keys", tags=["tokens"])

CREDITS_MOST = 2**53 - 1

Cap = Annotated[int, Field(ge=0, le=CREDITS_MOST)]


class NewKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(extra="forbid")

    name: str
    """Where it will be used."""
    agreement_id: UUID | None = None
    """Null: every agreement of the organisation that the caller acts for."""
    ends_on: date | None = None
    """Its last day; null takes the longest there may be."""
    daily_cap_microcredits: Cap | None = None
    """What its tokens may spend a day; null leaves it to the balance."""
    public_jwk: dict[str, str] | None = None
    """The public half of the program's own key (RFC 7517); null asks for a secret."""


class NewCap(BaseModel):
    """What a key's tokens may spend a day."""

    model_config = ConfigDict(extra="forbid")

    daily_cap_microcredits: Cap | None


class KeyBody(BaseModel):
    """A key as its organisation sees it."""

    id: UUID
    """The program's `client_id`."""
    name: str
    agreement_id: UUID | None
    created_at: datetime
    ends_at: datetime
    is_signing: bool
    """Whether the program signs with a key of its own; else a secret proves it."""
    daily_cap_microcredits: int | None
    spent_today_microcredits: int
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewKeyBody(KeyBody):
    """A new key with its secret, which is shown here and never again."""

    secret: str | None
    """Null where the program signs with a key of its own."""


@router.get("")
def list_own(request: Request) -> list[KeyBody]:
    """The keys of the organisation that the caller acts for."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return [_body(tx, client, wiring.now()) for client in list_clients(tx, by=actor)]


@router.post("", status_code=201)
def make(request: Request, response: Response, wanted: NewKey) -> NewKeyBody:
    """Make a key; its secret is in this answer alone."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        agreement = (
            None
            if wanted.agreement_id is None
            else get_agreement(tx, wanted.agreement_id, by=actor)
        )
        latest = latest_client_end(agreement, at)
        made = make_client(
            tx,
            NewClient(
                name=wanted.name,
                agreement=agreement,
                ends_at=latest if wanted.ends_on is None else end_of_day(wanted.ends_on),
                daily_cap=_cap(wanted.daily_cap_microcredits),
                public_jwk=wanted.public_jwk,
            ),
            by=actor,
            at=at,
        )
        body = _body(tx, made.client, at)
    response.headers["Cache-Control"] = "no-store"
    return NewKeyBody(**body.model_dump(), secret=made.secret)


@router.post("/{key_id}/rotate")
def rotate(request: Request, response: Response, key_id: UUID) -> NewKeyBody:
    """A new secret; the old one and the tokens drawn with it open nothing from then on."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        made = rotate_client(tx, key_id, by=actor, at=wiring.now())
        body = _body(tx, made.client, wiring.now())
    response.headers["Cache-Control"] = "no-store"
    return NewKeyBody(**body.model_dump(), secret=made.secret)


@router.patch("/{key_id}", status_code=204)
def cap(request: Request, key_id: UUID, wanted: NewCap) -> Response:
    """Change what its tokens may spend a day."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        cap_client(tx, key_id, _cap(wanted.daily_cap_microcredits), by=actor, at=wiring.now())
    return Response(status_code=204)


@router.delete("/{key_id}", status_code=204)
def revoke(request: Request, key_id: UUID) -> Response:
    """Revoke a key and its tokens at once; twice is once."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        revoke_client(tx, key_id, by=actor, at=wiring.now())
    return Response(status_code=204)


def _cap(told: int | None) -> MicroCredits | None:
    return None if told is None else MicroCredits(told)


def _body(tx: Tx, client: Client, at: datetime) -> KeyBody:
    return KeyBody(
        id=client.id,
        name=client.name,
        agreement_id=client.agreement_id,
        created_at=client.created_at,
        ends_at=client.ends_at,
        is_signing=client.public_jwk is not None,
        daily_cap_microcredits=client.daily_cap,
        spent_today_microcredits=spent_today(tx, client.id, at),
        last_used_at=client.last_used_at,
        revoked_at=client.revoked_at,
    )
