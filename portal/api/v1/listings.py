"""Listings: a dataset's faces under share, open and trade."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from catalog.find import dataset_named
from catalog.view import View
from exchange import list_product
from exchange.conclude import offer_sha256
from exchange.errors import MalformedDeclaration
from exchange.list_product import Proposal
from exchange.listing import AccessClass, Declaration, Listing, ListingState, Uses
from exchange.price import Price
from policies.access import Action
from policies.canonical import Plain, from_plain, to_plain
from policies.database import Tx
from policies.decision.clause import Judgement, Outcome
from policies.party import Actor
from policies.terms import ListingId, Purpose, Regime, Text
from portal.act_once import act_once
from portal.api.v1.datasets import Words
from portal.jobs import ask_for_copies
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["listings"])


class NewListing(BaseModel):
    """What a provider offers."""

    model_config = ConfigDict(extra="forbid")

    regime: Regime
    view: dict[str, Any] | None = None
    """`{"columns": [...], "rows": [conditions], "masks": {...}}`; null lets everything be seen.
    How a column is masked is told at `/listings/{id}/masks`."""
    price: dict[str, Any] = Field(default_factory=lambda: {"model": "free"})
    """`{"model": "free" | "per_row" | "per_query", "unit_microcredits": n, ...}`."""
    upstream_basis_points: Annotated[int, Field(strict=True, ge=0, le=10_000)] = 0
    """So much of each charge goes to those whose data it was made from, in ten-thousandths."""
    terms: Words = Words()
    licence: str = ""
    """Empty takes the dataset's own."""
    actions: list[Action] = Field(default_factory=lambda: list(Action))
    purposes: list[Purpose] = Field(default_factory=lambda: list(Purpose))
    term_days: Annotated[int, Field(ge=1)] = 365
    declaration: dict[str, Any] = Field(default_factory=dict)
    """What the provider answers for, such as `lawful_basis`; see `exchange.listing.Declaration`."""


class Opening(BaseModel):
    """The decision to open a listing."""

    model_config = ConfigDict(extra="forbid")

    standing_release: bool = False
    """The approver's signature that complete requests are granted at once."""


class AssessmentBody(BaseModel):
    """A signed compliance assessment."""

    model_config = ConfigDict(extra="forbid")

    report_sha256: str


class Suspension(BaseModel):
    """Why a listing is stopped."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class Withdrawal(BaseModel):
    """Why a listing goes for good, with what shared data in use needs for that."""

    model_config = ConfigDict(extra="forbid")

    reason: str
    negotiation_reference: str = ""
    filing_number: str = ""


class ClauseBody(BaseModel):
    """What one clause of the standards said."""

    clause_id: str
    outcome: Outcome
    severity: str
    source: dict[str, str]
    article: dict[str, str]
    message: dict[str, str]
    """What to do where it failed; empty otherwise."""


class JudgementBody(BaseModel):
    """What the standards said."""

    profile_id: str
    profile_hash: str
    is_allowed: bool
    is_held: bool
    clauses: list[ClauseBody]


class ListingBody(BaseModel):
    """A listing."""

    id: UUID
    dataset_id: UUID
    provider_id: UUID
    regime: Regime
    state: ListingState
    access_class: AccessClass
    view: dict[str, Any]
    price: dict[str, Any]
    terms: dict[str, str]
    licence: str
    actions: list[Action]
    purposes: list[Purpose]
    term_days: int
    declaration: dict[str, Any]
    has_standing_release: bool
    assessed_on: date | None
    offer_sha256: str
    """What a buyer sends back to accept exactly this."""
    judgement: JudgementBody | None
    proposed_at: datetime
    opened_at: datetime | None
    state_reason: str


@router.get("/datasets/{slug}/listings")
def list_of_dataset(request: Request, slug: str) -> list[ListingBody]:
    """The listings of a dataset: open ones for everybody, drafts for those who work on them."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        return [body_of(held) for held in list_product.listings_of(tx, dataset.id, by=actor)]


@router.post("/datasets/{slug}/listings", status_code=201, response_model=ListingBody)
def propose(request: Request, slug: str, wanted: NewListing) -> Plain:
    """Draft a listing; the answer names every clause that stands against it."""
    actor, at = signed_in(request), wiring_of(request).now()

    def act(tx: Tx) -> ListingBody:
        dataset = dataset_named(tx, slug, by=actor)
        proposed = list_product.propose(tx, dataset.id, proposal_of(wanted), by=actor, at=at)
        ask_for_copies(tx, dataset.id)
        return body_of(proposed)

    return act_once(request, actor, wanted, act)


@router.get("/listings")
def list_drafts(
    request: Request,
    state: Annotated[ListingState, Query(description="Only drafts are queued.")] = (
        ListingState.DRAFT
    ),
) -> list[ListingBody]:
    """Drafts that wait for somebody like the caller: approver, assessor or bureau."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [
            body_of(held)
            for held in list_product.listings_to_open(tx, by=actor)
            if held.state is state
        ]


@router.get("/listings/{listing_id}")
def read(request: Request, listing_id: UUID) -> ListingBody:
    """One listing."""
    with wiring_of(request).pool.connection() as tx:
        return body_of(list_product.get_listing(tx, ListingId(listing_id), by=actor_of(request)))


@router.post("/listings/{listing_id}/assess")
def assess(request: Request, listing_id: UUID, wanted: AssessmentBody) -> ListingBody:
    """Sign the compliance assessment of a draft; for assessors, who are neither side."""
    return _step(
        request,
        lambda tx, by, at: list_product.assess(
            tx, ListingId(listing_id), report_sha256=wanted.report_sha256, by=by, at=at
        ),
    )


@router.post("/listings/{listing_id}/open")
def open_draft(request: Request, listing_id: UUID, wanted: Opening) -> ListingBody:
    """Open a draft or a suspended listing; takes somebody other than its proposer."""

    def step(tx: Tx, by: Actor, at: datetime) -> Listing:
        opened = list_product.open_listing(
            tx,
            ListingId(listing_id),
            has_standing_release=wanted.standing_release,
            by=by,
            at=at,
        )
        ask_for_copies(tx, opened.dataset_id)
        return opened

    return _step(request, step)


@router.post("/listings/{listing_id}/suspend")
def suspend(request: Request, listing_id: UUID, wanted: Suspension) -> ListingBody:
    """Stop all deliveries through a listing for now."""
    return _step(
        request,
        lambda tx, by, at: list_product.suspend(
            tx, ListingId(listing_id), reason=wanted.reason, by=by, at=at
        ),
    )


@router.post("/listings/{listing_id}/withdraw")
def withdraw(request: Request, listing_id: UUID, wanted: Withdrawal) -> ListingBody:
    """Take a listing off for good."""
    return _step(
        request,
        lambda tx, by, at: list_product.withdraw(
            tx,
            ListingId(listing_id),
            reason=wanted.reason,
            negotiation_reference=wanted.negotiation_reference,
            filing_number=wanted.filing_number,
            by=by,
            at=at,
        ),
    )


def proposal_of(wanted: NewListing) -> Proposal:
    """The proposal as the packages below know it.

    Raises: MalformedView, MalformedPrice, MalformedUses, MalformedDeclaration.
    """
    return Proposal(
        regime=wanted.regime,
        view=View() if wanted.view is None else View.from_json(wanted.view),
        price=Price.from_json(wanted.price),
        upstream_basis_points=wanted.upstream_basis_points,
        terms=Text(wanted.terms.zh, wanted.terms.en),
        licence=wanted.licence,
        uses=Uses(frozenset(wanted.actions), frozenset(wanted.purposes), wanted.term_days),
        declared=declaration_of(wanted.declaration),
    )


def declaration_of(told: dict[str, Any]) -> Declaration:
    """Read what a provider declares.

    Raises: MalformedDeclaration.
    """
    unknown = set(told) - set(Declaration.__slots__)
    if unknown:
        raise MalformedDeclaration(min(unknown))
    for name, value in told.items():
        try:
            from_plain(Declaration, {name: value})
        except (TypeError, ValueError, AttributeError):
            raise MalformedDeclaration(name) from None
    return from_plain(Declaration, told)


def body_of(listing: Listing) -> ListingBody:
    """The listing as the API writes it."""
    declared = to_plain(listing.declared)
    assert isinstance(declared, dict)
    return ListingBody(
        id=listing.id,
        dataset_id=listing.dataset_id,
        provider_id=listing.provider_id,
        regime=listing.regime,
        state=listing.state,
        access_class=listing.access_class,
        view=dict(listing.view.as_json()),
        price=dict(listing.price.as_json()),
        terms=listing.terms.as_map(),
        licence=listing.licence,
        actions=sorted(listing.uses.actions),
        purposes=sorted(listing.uses.purposes),
        term_days=listing.uses.term_days,
        declaration={name: value for name, value in declared.items() if value},
        has_standing_release=listing.release is not None,
        assessed_on=listing.assessment.assessed_on if listing.assessment else None,
        offer_sha256=offer_sha256(listing),
        judgement=judgement_body(listing.judgement) if listing.judgement else None,
        proposed_at=listing.proposed_at,
        opened_at=listing.opened_at,
        state_reason=listing.state_reason,
    )


def judgement_body(judgement: Judgement) -> JudgementBody:
    """What the standards said, as the API writes it."""
    return JudgementBody(
        profile_id=judgement.profile_id,
        profile_hash=judgement.profile_hash,
        is_allowed=judgement.is_allowed,
        is_held=judgement.is_held,
        clauses=[
            ClauseBody(
                clause_id=result.clause_id,
                outcome=result.outcome,
                severity=result.severity.value,
                source=result.source.as_map(),
                article=result.article.as_map(),
                message=result.message.as_map(),
            )
            for result in judgement.results
        ],
    )


def _step(request: Request, step: Callable[[Tx, Actor, datetime], Listing]) -> ListingBody:
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return body_of(step(tx, actor, wiring.now()))
