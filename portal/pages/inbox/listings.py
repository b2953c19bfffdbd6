"""One drafted listing: the page to open it, assess it or take it off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from catalog.find import dataset_with_id
from exchange import list_product
from exchange.errors import (
    ClausesFailed,
    MalformedReport,
)
from exchange.listing import AccessClass, ListingState
from policies.errors import ReasonMissing
from policies.identity.people import organization_with_id
from policies.party import Role
from policies.terms import ListingId, Regime
from portal.jobs import ask_for_copies
from portal.note_refused import note_refused
from portal.pages.clause_lines import advice_of
from portal.pages.inbox.told import errors_of, name_of
from portal.pages.inbox_items import (
    waits_for_assessment,
    waits_for_opening,
)
from portal.pages.offer import offer_facts
from portal.pages.rendering import render
from portal.pages.speech import speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/inbox/listing/{listing_id}")
def show_listing(request: Request, listing_id: UUID) -> Response:
    """One drafted listing: offer, clauses, and what the reader may do about it."""
    return _listing_page(request, ListingId(listing_id), errors={}, typed={})


@router.post("/inbox/listing/{listing_id}")
def decide_listing(
    request: Request,
    listing_id: UUID,
    decision: Field = "",
    standing_release: Field = "",
    report_sha256: Field = "",
    reason: Field = "",
) -> Response:
    """Open a listing, sign its assessment, or take it off."""
    actor, wiring = signed_in(request), wiring_of(request)
    at, held_id = wiring.now(), ListingId(listing_id)
    try:
        with wiring.pool.connection() as tx:
            match decision:
                case "assess":
                    digest = report_sha256.strip().lower()
                    list_product.assess(tx, held_id, report_sha256=digest, by=actor, at=at)
                    done = "assessed"
                case "withdraw":
                    list_product.withdraw(tx, held_id, reason=reason, by=actor, at=at)
                    done = "withdrawn"
                case "open":
                    opened = list_product.open_listing(
                        tx,
                        held_id,
                        has_standing_release=standing_release == "yes",
                        by=actor,
                        at=at,
                    )
                    ask_for_copies(tx, opened.dataset_id)
                    done = "opened"
                case _:
                    return RedirectResponse(f"/inbox/listing/{listing_id}", _SEE_OTHER)
    except (ReasonMissing, ClausesFailed, MalformedReport) as refusal:
        note_refused(request, refusal)
        errors = errors_of(refusal, speech_of(request))
        typed = {"report_sha256": report_sha256, "reason": reason}
        return _listing_page(
            request, held_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse(f"/inbox?done={done}", _SEE_OTHER)


def _listing_page(
    request: Request,
    listing_id: ListingId,
    *,
    errors: Mapping[str, str],
    typed: Mapping[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        listing = list_product.get_listing(tx, listing_id, by=actor)
        dataset = dataset_with_id(tx, listing.dataset_id, by=actor)
        provider = organization_with_id(tx, listing.provider_id)
        judgement = list_product.judge_listing(tx, listing, dataset, at=at)
        proposer = name_of(tx, listing.proposed_by)
    is_draft = listing.state is ListingState.DRAFT
    return render(
        request,
        "inbox/listing.html",
        status=status,
        listing=listing,
        dataset=dataset,
        facts=[
            (say.gettext("Provider"), say.text(provider.title)),
            (say.gettext("Proposed by"), proposer),
            *offer_facts(listing, say),
        ],
        advice=advice_of(judgement, say),
        can_assess=is_draft and waits_for_assessment(listing, actor),
        can_open=is_draft and waits_for_opening(listing, actor),
        can_release=(
            listing.regime is Regime.SHARE
            and listing.access_class is AccessClass.UNCONDITIONAL
            and actor.holds(Role.APPROVER, listing.provider_id)
        ),
        errors=errors,
        typed=typed,
    )
