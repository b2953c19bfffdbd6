"""Buy data and hold it: the offer, agreements, access tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Protocol
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.dataset import Dataset
from catalog.find import dataset_named
from exchange import apply, negotiate
from exchange.conclude import latest_end, offer_sha256
from exchange.errors import (
    AlreadyAsked,
    ClausesFailed,
    EndTooLate,
    NotForSale,
    NothingToAskFor,
    PurposeNotOffered,
    TermsChanged,
)
from exchange.list_product import listings_of
from exchange.listing import Listing
from exchange.settle import balance_of
from policies.agree import may_suspend
from policies.agreement import Agreement
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import N_, ReasonMissing, Refusal
from policies.freeze import frozen_targets
from policies.identity.issue import IssuedToken
from policies.identity.people import organization_with_id
from policies.party import Actor
from policies.roles import can_apply_for, can_supervise
from policies.sign import document_sha256
from policies.terms import OrganizationId, Purpose, Regime
from portal.news import count_new
from portal.note_refused import note_refused
from portal.pages.buy.agreement_view import agreement_facts, agreement_state, terms_lines
from portal.pages.buy.asking import asked_listing
from portal.pages.clause_lines import failed_clauses
from portal.pages.dataset_names import name_of_dataset
from portal.pages.offer import offer_facts, price_words, purpose_choices, worked_example
from portal.pages.rendering import render
from portal.pages.request_view import request_view
from portal.pages.search.saved_searches import saved_searches_of
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import day_of, member_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_DONE: Final = {
    "bought": N_("The agreement is concluded. You can draw access now."),
    "suspended": N_("The agreement is suspended. Nothing is read under it for now."),
    "resumed": N_("The agreement holds again."),
    "ended": N_("The agreement is ended. Nothing is read under it any more."),
}
_SEE_OTHER = 303
Field = Annotated[str, Form(max_length=20_000)]
Done = Annotated[str, Query(max_length=20)]


# Buying --------------------------------------------------------------------------------------


@router.get("/dataset/{slug}/access")
def find_the_way(request: Request, slug: str) -> Response:
    """On to the form for this reader: to ask where that is the way, else to buy."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        try:
            asked_listing(tx, dataset, actor)
        except NothingToAskFor:
            _sold_listing(tx, dataset, actor)
            return RedirectResponse(f"/dataset/{slug}/buy", _SEE_OTHER)
    return RedirectResponse(f"/dataset/{slug}/request", _SEE_OTHER)


@router.get("/dataset/{slug}/buy")
def show_offer(request: Request, slug: str) -> Response:
    """What is sold, at which price, under which words."""
    return _offer_page(request, slug, typed={}, errors={})


@router.post("/dataset/{slug}/buy")
def accept_offer(
    request: Request,
    slug: str,
    purpose: Field = "",
    ends_on: Field = "",
    training_model: Field = "",
    offer: Field = "",
    is_accepted: Field = "",
) -> Response:
    """Accept exactly the offer that was shown."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    typed = {"purpose": purpose, "ends_on": ends_on, "training_model": training_model}
    wish = member_of(Purpose, purpose)
    errors: dict[str, str] = {}
    if wish is None:
        errors["purpose"] = say.gettext("Say what the data is for.")
    if ends_on.strip() and day_of(ends_on) is None:
        errors["ends_on"] = say.gettext("Write the day as 2026-12-31.")
    if is_accepted != "yes":
        errors["is_accepted"] = say.gettext("Tick this to conclude the agreement.")
    if errors or wish is None:
        return _offer_page(request, slug, typed=typed, errors=errors, status=400)
    try:
        with wiring.pool.connection() as tx:
            dataset = dataset_named(tx, slug, by=actor)
            concluded = negotiate.accept(
                tx,
                wiring.keys,
                _sold_listing(tx, dataset, actor).id,
                purpose=wish,
                ends_on=day_of(ends_on),
                offer=offer,
                training_model=training_model,
                by=actor,
                at=wiring.now(),
            )
    except (EndTooLate, PurposeNotOffered, TermsChanged, ClausesFailed, AlreadyAsked) as refusal:
        note_refused(request, refusal)
        return _offer_page(
            request,
            slug,
            typed=typed,
            errors=_offer_errors(refusal, say),
            status=status_of(refusal),
        )
    return RedirectResponse(f"/my/agreements/{concluded.id}?done=bought", _SEE_OTHER)


def _offer_errors(refusal: Refusal, say: Speech) -> dict[str, str]:
    match refusal:
        case ClausesFailed():
            return failed_clauses(refusal.failed, say)
        case EndTooLate():
            return {"ends_on": say.refusal(refusal)}
        case PurposeNotOffered():
            return {"purpose": say.refusal(refusal)}
        case _:
            return {"offer": say.refusal(refusal)}


def _offer_page(
    request: Request,
    slug: str,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        listing = _sold_listing(tx, dataset, actor)
        provider = organization_with_id(tx, listing.provider_id)
        balance = balance_of(tx, actor.organization.id) if actor.organization else None
    latest = china_day(latest_end(listing, at)) - timedelta(days=1)
    return render(
        request,
        "buying/buy.html",
        status=status,
        dataset=dataset,
        provider=provider,
        listing=listing,
        price=price_words(listing.price, say),
        example=worked_example(listing.price, say),
        facts=offer_facts(listing, say),
        offer=offer_sha256(listing),
        balance=balance.available if balance else None,
        latest=latest,
        can_buy=actor.organization is not None and can_apply_for(actor, actor.organization.id),
        typed={"purpose": "", "ends_on": latest.isoformat(), "training_model": "", **typed},
        errors=errors,
        purposes=purpose_choices(listing, say),
    )


def _sold_listing(tx: Tx, dataset: Dataset, actor: Actor) -> Listing:
    """The dataset's trade listing. Raises: NotForSale."""
    for held in listings_of(tx, dataset.id, by=actor):
        if held.regime is Regime.TRADE and held.is_listed:
            return held
    raise NotForSale


# Holding -------------------------------------------------------------------------------------


@router.get("/my")
def show_desk(request: Request) -> Response:
    """What the reader's organisation may read and until when, and what it asked for."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        held = negotiate.own_agreements(tx, by=actor) if actor.organization else []
        frozen = _frozen(tx, held, wiring.now())
        agreements = [
            {
                "href": f"/my/agreements/{agreement.id}",
                "number": number_of("A", agreement.id),
                "title": name_of_dataset(tx, agreement.dataset_id, by=actor).title,
                "other": say.text(organization_with_id(tx, _other(agreement, actor)).title),
                "is_consumer": agreement.consumer_id == _own_id(actor),
                "regime": agreement.regime,
                "last_day": china_day(agreement.ends_at - timedelta(seconds=1)),
                "state": agreement_state(agreement, at, is_frozen=agreement.id in frozen),
            }
            for agreement in held
        ]
        requests = [
            request_view(tx, application, by=actor, today=china_day(at), say=say)
            for application in apply.own_applications(tx, by=actor)
        ]
        searches = saved_searches_of(tx, wiring, by=actor, say=say)
        new = count_new(tx, by=actor)
    return render(
        request,
        "buying/desk.html",
        organization=actor.organization,
        agreements=agreements,
        requests=requests,
        searches=searches,
        news=new,
    )


@router.get("/my/agreements/{agreement_id}")
def show_agreement(request: Request, agreement_id: UUID, done: Done = "") -> Response:
    """One agreement: its words with their hash, its end, and access to the data."""
    return _agreement_page(request, agreement_id, done=done)


@router.post("/my/agreements/{agreement_id}/token")
def draw_token(request: Request, agreement_id: UUID) -> Response:
    """Draw an access token and show its text, this once."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            issued = negotiate.draw_token(
                tx,
                wiring.keys,
                agreement_id,
                issuer=wiring.settings.site_url,
                by=actor,
                at=wiring.now(),
            )
    except ClausesFailed as refusal:
        note_refused(request, refusal)
        errors = failed_clauses(refusal.failed, speech_of(request))
        return _agreement_page(request, agreement_id, errors=errors, status=status_of(refusal))
    return _agreement_page(request, agreement_id, issued=issued)


@router.post("/my/agreements/{agreement_id}/end")
def end_agreement(request: Request, agreement_id: UUID, reason: Field = "") -> Response:
    """End an agreement before its time."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            negotiate.end_agreement(tx, agreement_id, reason=reason, by=actor, at=wiring.now())
    except ReasonMissing as refusal:
        errors = {"reason": speech_of(request).refusal(refusal)}
        return _agreement_page(request, agreement_id, errors=errors, status=status_of(refusal))
    return RedirectResponse(f"/my/agreements/{agreement_id}?done=ended", _SEE_OTHER)


@router.post("/my/agreements/{agreement_id}/suspend")
def suspend_agreement(request: Request, agreement_id: UUID, why_suspended: Field = "") -> Response:
    """Suspend an agreement, as its provider or a supervisor."""
    return _turn(
        request, agreement_id, negotiate.suspend_agreement, why_suspended, done="suspended"
    )


@router.post("/my/agreements/{agreement_id}/resume")
def resume_agreement(request: Request, agreement_id: UUID, why_resumed: Field = "") -> Response:
    """Take a suspended agreement up again."""
    return _turn(request, agreement_id, negotiate.resume_agreement, why_resumed, done="resumed")


class _Turn(Protocol):
    """Suspending an agreement, or taking it up again."""

    def __call__(
        self, tx: Tx, agreement_id: UUID, /, *, reason: str, by: Actor, at: datetime
    ) -> Agreement: ...


def _turn(request: Request, agreement_id: UUID, turn: _Turn, reason: str, *, done: str) -> Response:
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            turn(tx, agreement_id, reason=reason, by=actor, at=wiring.now())
    except ReasonMissing as refusal:
        errors = {f"why_{done}": speech_of(request).refusal(refusal)}
        return _agreement_page(request, agreement_id, errors=errors, status=status_of(refusal))
    return RedirectResponse(f"/my/agreements/{agreement_id}?done={done}", _SEE_OTHER)


def _agreement_page(
    request: Request,
    agreement_id: UUID,
    *,
    issued: IssuedToken | None = None,
    errors: Mapping[str, str] | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        agreement = negotiate.get_agreement(tx, agreement_id, by=actor)
        dataset = name_of_dataset(tx, agreement.dataset_id, by=actor)
        facts = agreement_facts(tx, agreement, say)
        frozen = _frozen(tx, [agreement], at)
        signed_sha256 = document_sha256(tx, agreement.id)
    state = agreement_state(agreement, at, is_frozen=bool(frozen))
    is_party = actor.organization is not None and actor.organization.id in (
        agreement.consumer_id,
        agreement.provider_id,
    )
    return render(
        request,
        "buying/agreement.html",
        status=status,
        agreement=agreement,
        number=number_of("A", agreement.id),
        dataset=dataset,
        facts=facts,
        terms=terms_lines(agreement),
        signed_sha256=signed_sha256,
        state=state,
        can_draw=state == "active" and can_apply_for(actor, agreement.consumer_id),
        can_suspend=state == "active" and may_suspend(actor, agreement),
        can_resume=state == "suspended"
        and agreement.suspension is not None
        and (
            can_supervise(actor)
            if agreement.suspension.is_by_supervisor
            else may_suspend(actor, agreement)
        ),
        can_end=state in ("active", "frozen", "suspended") and is_party,
        can_correct=agreement.is_in_force(at)
        and bool(dataset.slug)
        and can_apply_for(actor, agreement.consumer_id),
        issued=issued,
        site_url=wiring.settings.site_url,
        errors=errors or {},
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )


def _frozen(tx: Tx, held: list[Agreement], at: datetime) -> set[UUID]:
    """The agreements among `held` that a freeze stops, whatever of theirs it stands on."""
    targets = {
        agreement.id: {
            agreement.id,
            agreement.listing_id,
            agreement.dataset_id,
            agreement.provider_id,
            agreement.consumer_id,
        }
        for agreement in held
    }
    wanted = {target for ids in targets.values() for target in ids}
    frozen = frozen_targets(tx, wanted, at) if wanted else frozenset()
    return {agreement_id for agreement_id, ids in targets.items() if ids & frozen}


def _other(agreement: Agreement, actor: Actor) -> OrganizationId:
    is_consumer = agreement.consumer_id == _own_id(actor)
    return agreement.provider_id if is_consumer else agreement.consumer_id


def _own_id(actor: Actor) -> UUID | None:
    return actor.organization.id if actor.organization else None
