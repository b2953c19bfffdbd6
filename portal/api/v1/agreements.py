"""Agreements: accepting an offer, drawing access tokens, ending."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from exchange import negotiate
from policies.access import Action
from policies.agreement import Agreement, AgreementState
from policies.canonical import Plain
from policies.identity.issue import Wish
from policies.log import sequence
from policies.sign import agreement_file
from policies.terms import ListingId, Purpose, Regime
from policies.token import ACCESS_LIFE_LEAST, ACCESS_LIFE_MOST
from portal.act_once import act_once
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["agreements"])

DOCUMENT_MEDIA_TYPE = "application/json"
LIFE_LEAST_S = int(ACCESS_LIFE_LEAST.total_seconds())
LIFE_MOST_S = int(ACCESS_LIFE_MOST.total_seconds())


class Acceptance(BaseModel):
    """A buyer's yes to an offer."""

    model_config = ConfigDict(extra="forbid")

    offer_sha256: str
    """Of the listing as the buyer saw it."""
    purpose: Purpose
    ends_on: date | None = None
    """The last day; null takes the longest term that is offered."""
    training_model: str = ""
    """Name and version, where the purpose is to train a model."""


class TokenWish(BaseModel):
    """How long an access token is to live."""

    model_config = ConfigDict(extra="forbid")

    life_s: Annotated[int, Field(ge=LIFE_LEAST_S, le=LIFE_MOST_S)] = LIFE_MOST_S


class Ending(BaseModel):
    """Why an agreement ends before its time."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class Suspending(BaseModel):
    """Why an agreement is suspended, or taken up again."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class AgreementBody(BaseModel):
    """An agreement."""

    id: UUID
    regime: Regime
    listing_id: UUID
    dataset_id: UUID
    provider_id: UUID
    consumer_id: UUID
    purpose: Purpose
    actions: list[Action]
    state: AgreementState
    starts_at: datetime
    ends_at: datetime
    concluded_at: datetime
    ended_at: datetime | None
    end_reason: str
    suspended_at: datetime | None
    suspension_reason: str
    is_suspended_by_supervisor: bool
    profile_id: str
    profile_hash: str
    terms_sha256: str
    terms: dict[str, Any]
    """The ODRL agreement; its canonical JSON (RFC 8785) has the hash above."""


class AccessTokenBody(BaseModel):
    """An access token, shown here and never again."""

    token: str
    token_type: str = "Bearer"  # noqa: S105  a kind of token
    id: UUID
    expires_at: datetime


@router.post("/listings/{listing_id}/agreements", status_code=201, response_model=AgreementBody)
def accept(request: Request, listing_id: UUID, wanted: Acceptance) -> Plain:
    """Accept a trade offer exactly as it was seen."""
    actor, at = signed_in(request), wiring_of(request).now()
    return act_once(
        request,
        actor,
        wanted,
        lambda tx: body_of(
            negotiate.accept(
                tx,
                wiring_of(request).keys,
                ListingId(listing_id),
                purpose=wanted.purpose,
                ends_on=wanted.ends_on,
                offer=wanted.offer_sha256,
                training_model=wanted.training_model,
                by=actor,
                at=at,
            )
        ),
    )


@router.get("/agreements")
def list_own(request: Request) -> list[AgreementBody]:
    """Agreements of the organisation that the caller acts for, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [body_of(one) for one in negotiate.own_agreements(tx, by=actor)]


@router.get("/agreements/{agreement_id}")
def read(request: Request, agreement_id: UUID) -> AgreementBody:
    """One agreement, for its two sides and for supervisors."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return body_of(negotiate.get_agreement(tx, agreement_id, by=actor))


@router.get("/agreements/{agreement_id}/document")
def document(request: Request, agreement_id: UUID) -> Response:
    """The agreement as both sides signed it, with its proof; `weir verify` checks it offline."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        agreement = negotiate.get_agreement(tx, agreement_id, by=actor)
        # An agreement of a moment ago may still wait for its leaf.
        sequence(tx)
        file = agreement_file(tx, wiring.keys, agreement.id, at=wiring.now())
    name = f"weir-agreement-{agreement_id}.json"
    return Response(
        file,
        media_type=DOCUMENT_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/agreements/{agreement_id}/end")
def end(request: Request, agreement_id: UUID, wanted: Ending) -> AgreementBody:
    """End an agreement before its time; nothing is read under it from then on."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(
            negotiate.end_agreement(
                tx, agreement_id, reason=wanted.reason, by=actor, at=wiring.now()
            )
        )


@router.post("/agreements/{agreement_id}/suspend")
def suspend(request: Request, agreement_id: UUID, wanted: Suspending) -> AgreementBody:
    """Suspend an agreement, as its provider or a supervisor; nothing is read under it meanwhile."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(
            negotiate.suspend_agreement(
                tx, agreement_id, reason=wanted.reason, by=actor, at=wiring.now()
            )
        )


@router.post("/agreements/{agreement_id}/resume")
def resume(request: Request, agreement_id: UUID, wanted: Suspending) -> AgreementBody:
    """Take a suspended agreement up again, as whoever suspended it or a supervisor."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(
            negotiate.resume_agreement(
                tx, agreement_id, reason=wanted.reason, by=actor, at=wiring.now()
            )
        )


@router.post("/agreements/{agreement_id}/tokens", status_code=201)
def draw_token(
    request: Request, response: Response, agreement_id: UUID, wanted: TokenWish
) -> AccessTokenBody:
    """Draw an access token on an agreement; it never outlives it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        issued = negotiate.draw_token(
            tx,
            wiring.keys,
            agreement_id,
            Wish(life=timedelta(seconds=wanted.life_s)),
            issuer=wiring.settings.site_url,
            by=actor,
            at=wiring.now(),
        )
    response.headers["Cache-Control"] = "no-store"
    return AccessTokenBody(
        token=issued.encoded, id=issued.token.id, expires_at=issued.token.expires_at
    )


def body_of(agreement: Agreement) -> AgreementBody:
    """The agreement as the API writes it."""
    held = agreement.suspension
    return AgreementBody(
        id=agreement.id,
        regime=agreement.regime,
        listing_id=agreement.listing_id,
        dataset_id=agreement.dataset_id,
        provider_id=agreement.provider_id,
        consumer_id=agreement.consumer_id,
        purpose=agreement.purpose,
        actions=sorted(agreement.actions),
        state=agreement.state,
        starts_at=agreement.starts_at,
        ends_at=agreement.ends_at,
        concluded_at=agreement.concluded_at,
        ended_at=agreement.ended_at,
        end_reason=agreement.end_reason,
        suspended_at=held.at if held else None,
        suspension_reason=held.reason if held else "",
        is_suspended_by_supervisor=held is not None and held.is_by_supervisor,
        profile_id=agreement.profile_id,
        profile_hash=agreement.profile_hash,
        terms_sha256=agreement.terms_sha256,
        terms=json.loads(agreement.terms),
    )
