"""The inbox: one list of everything that waits for this reader, and a page to decide each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog import publish
from catalog.dataset import DatasetState
from catalog.errors import DatasetNotFound, MalformedView
from catalog.errors import ReasonMissing as CatalogReasonMissing
from catalog.find import dataset_named, dataset_with_id, overview
from catalog.version import VersionState
from catalog.view import COLUMNS_MAX
from exchange import apply, dispute, extend, list_product, take_in_hand
from exchange.application import UNDO
from exchange.dispute_step import Outcome
from exchange.errors import (
    ApplicationNotFound,
    ClausesFailed,
    ColumnsNotOffered,
    ExtensionTooLong,
    FlowBackInFull,
    GrantedTooLong,
    ListingNotFound,
    MalformedReport,
    ReferenceMissing,
)
from exchange.listing import AccessClass, ListingState
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.errors import N_, ReasonMissing, Refusal, UserNotFound
from policies.identity.people import organization_with_id, user_with_id
from policies.party import Actor, Role
from policies.terms import ListingId, Regime, UserId
from portal.jobs import ask_for_copies
from portal.note_refused import note_refused
from portal.pages.clause_lines import advice_of, failed_clauses
from portal.pages.inbox.decided import decided_items
from portal.pages.inbox.share_desk import ShareDesk, part_of, share_desk
from portal.pages.inbox_items import (
    InboxItem,
    ItemKind,
    inbox_items,
    waits_for_assessment,
    waits_for_opening,
)
from portal.pages.legal_words import citation_words
from portal.pages.offer import offer_facts
from portal.pages.publish.change_words import change_pairs
from portal.pages.rendering import render
from portal.pages.request_view import request_view
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

CHOSEN_MOST: Final = 50
"""Requests that are granted together at most."""

REASON_CODES: Final = {
    "not_held": N_("We do not hold this data"),
    "law_forbids": N_("A legal text forbids it"),
    "beyond_duty": N_("It goes beyond the applicant's duty"),
    "security": N_("It would endanger security or somebody's rights"),
}
_DONE: Final = {
    "answered": N_("Your answer is on record."),
    "granted": N_("Granted. The asker has an agreement now."),
    "returned": N_("Returned with your question."),
    "undone": N_("Undone. The request waits as before."),
    "handed": N_("Your colleague has it now."),
    "asked": N_("The share authority is asked for more days. The clock runs on until it consents."),
    "consented": N_("The clock is longer now. The asker is told."),
    "denied": N_("No more days. The clock runs on."),
    "settled": N_("The outcome is on record. Both sides see it."),
    "reported": N_("The asker reads what the check came to."),
    "refused": N_("Refused. The asker sees your reason and its legal basis."),
    "published": N_("Published. Everybody who may sees it now."),
    "sent-back": N_("Returned to the publisher with your reason."),
    "reviewed": N_("Approved. It waits here until somebody puts it out."),
    "taken-back": N_("The dataset is withdrawn. Nobody finds it any more."),
    "opened": N_("The listing is open."),
    "assessed": N_("Your assessment is signed and recorded."),
    "withdrawn": N_("The listing is taken off."),
    "confirmed": N_("The freeze is confirmed and lasts until it is lifted."),
}
_TABS: Final = (
    (None, N_("All")),
    (ItemKind.REQUEST, N_("Requests")),
    (ItemKind.DATASET, N_("Versions")),
    (ItemKind.LISTING, N_("Listings")),
    (ItemKind.ASSESSMENT, N_("Assessments")),
    (ItemKind.FREEZE, N_("Freezes")),
    (ItemKind.DEMAND, N_("Wishes for data")),
    (ItemKind.FAULT, N_("Fault reports")),
    (ItemKind.PLEA, N_("Quality pleas")),
    (ItemKind.EXTENSION, N_("More days")),
    (ItemKind.DISPUTE, N_("Disputes")),
    (ItemKind.CORRECTION, N_("Corrections")),
)
_DECIDED: Final = "decided"
_TOLD_IN_PLACE: Final = (
    ReasonMissing,
    ClausesFailed,
    GrantedTooLong,
    ColumnsNotOffered,
    FlowBackInFull,
    MalformedView,
)
_WITH_APPROVER: Final = (DatasetState.SUBMITTED, DatasetState.REVIEWED)
_SEE_OTHER = 303
Field = Annotated[str, Form(max_length=20_000)]


@router.get("/inbox")
def show_inbox(
    request: Request,
    kind: ItemKind | None = None,
    done: Annotated[str, Query(max_length=20)] = "",
    undo: UUID | None = None,
) -> Response:
    """Everything that waits for the reader, what has a clock first."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        items = inbox_items(tx, by=actor, at=wiring.now(), say=say)
        can_undo = undo is not None and _can_undo(tx, undo, actor, wiring.now())
    shown = [item for item in items if kind in (None, item.kind)]
    return render(
        request,
        "inbox/list.html",
        requests=shown,
        tabs=_tabs(items, say, current=kind),
        total=len(items),
        can_choose=sum(item.can_be_chosen for item in shown) > 1,
        message={
            "text": say.gettext(_DONE[done]),
            "undo_href": f"/inbox/request/{undo}/undo" if can_undo else None,
        }
        if done in _DONE
        else None,
    )


def _can_undo(tx: Tx, application_id: UUID, actor: Actor, at: datetime) -> bool:
    try:
        held = apply.get_application(tx, application_id, by=actor)
    except ApplicationNotFound:
        return False
    decided_at = held.decided_at
    return held.decided_by == actor.user_id and decided_at is not None and at - decided_at <= UNDO


@router.get("/inbox/decided")
def show_decided(request: Request) -> Response:
    """What the reader decided, newest first."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        waiting = inbox_items(tx, by=actor, at=wiring.now(), say=say)
        items = decided_items(tx, by=actor, say=say)
    tabs = _tabs(waiting, say, current=_DECIDED)
    return render(request, "inbox/decided.html", items=items, tabs=tabs)


def _tabs(
    items: Sequence[InboxItem], say: Speech, *, current: str | None
) -> list[dict[str, object]]:
    """A tab for all, one for each kind that waits, and one for what was decided."""
    present = {item.kind for item in items}
    tabs: list[dict[str, object]] = [
        {
            "label": f"{say.gettext(label)} {sum(of in (None, item.kind) for item in items)}",
            "href": f"/inbox?kind={of}" if of else "/inbox",
            "is_current": of == current,
        }
        for of, label in _TABS
        if of is None or of in present or of == current
    ]
    is_decided = current == _DECIDED
    return [
        *tabs,
        {"label": say.gettext("Decided"), "href": "/inbox/decided", "is_current": is_decided},
    ]


@router.post("/inbox/approve")
def approve_chosen(
    request: Request,
    chosen: Annotated[list[UUID] | None, Form(alias="request", max_length=CHOSEN_MOST)] = None,
    is_sure: Annotated[bool, Form()] = False,  # noqa: FBT002 - a field of a form
) -> Response:
    """Grant several requests together, after a page that sums them up."""
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    errors: dict[str, str] = {}
    with wiring.pool.connection() as tx:
        waiting = {item.id: item for item in inbox_items(tx, by=actor, at=at, say=say)}
    picked = [waiting[str(one)] for one in chosen or () if str(one) in waiting]
    if not picked:
        return RedirectResponse("/inbox", _SEE_OTHER)
    if is_sure:
        for item in picked:
            try:
                with wiring.pool.connection() as tx:
                    apply.grant(tx, UUID(item.id), by=actor, at=at)
            except Refusal as refusal:
                errors[item.id] = f"{item.number}: {say.refusal(refusal)}"
        if not errors:
            return RedirectResponse("/inbox?done=granted", _SEE_OTHER)
        picked = [item for item in picked if item.id in errors]
    return render(request, "inbox/approve.html", requests=picked, errors=errors)


# Requests ------------------------------------------------------------------------------------


@router.get("/inbox/request/{application_id}")
def show_request(request: Request, application_id: UUID) -> Response:
    """One request for data: who, what for, what the standards say, and the decision."""
    return _request_page(request, application_id, errors={}, typed={})


@router.post("/inbox/request/{application_id}")
def decide_request(
    request: Request,
    application_id: UUID,
    decision: Field = "",
    reason: Field = "",
    reason_code: Field = "",
    legal_basis: Field = "",
    ends_on: Field = "",
    columns: Annotated[list[str] | None, Form(alias="column", max_length=COLUMNS_MAX)] = None,
    row_column: Field = "",
    row_operator: Field = "=",
    row_value: Field = "",
) -> Response:
    """Grant a request, return it with a question, or refuse it with reason and legal basis."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    try:
        with wiring.pool.connection() as tx:
            match decision:
                case "return":
                    apply.give_back(tx, application_id, question=reason, by=actor, at=at)
                    done = "returned"
                case "reject":
                    apply.refuse(
                        tx,
                        application_id,
                        reason_code=reason_code,
                        reason=reason,
                        legal_basis_id=legal_basis,
                        by=actor,
                        at=at,
                    )
                    done = "refused"
                case "approve":
                    view = _desk(tx, application_id, actor, at, speech_of(request))
                    part = part_of(
                        columns,
                        view.columns,
                        ends_on=ends_on,
                        row_column=row_column,
                        row_operator=row_operator,
                        row_value=row_value,
                    )
                    apply.grant(tx, application_id, part=part, reason=reason, by=actor, at=at)
                    done = "granted"
                case _:
                    return RedirectResponse(f"/inbox/request/{application_id}", _SEE_OTHER)
    except _TOLD_IN_PLACE as refusal:
        note_refused(request, refusal)
        errors = _errors(refusal, speech_of(request))
        typed = {"reason": reason, "reason_code": reason_code, "legal_basis": legal_basis}
        if decision == "approve":
            typed = {
                "reason": reason,
                "ends_on": ends_on,
                "row_column": row_column,
                "row_operator": row_operator,
                "row_value": row_value,
            }
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse(f"/inbox?done={done}&undo={application_id}", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/undo")
def undo_answer(request: Request, application_id: UUID) -> Response:
    """Take one's answer back within its seconds."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        take_in_hand.undo(tx, application_id, by=actor, at=wiring.now())
    return RedirectResponse("/inbox?done=undone", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/hand-over")
def hand_over(request: Request, application_id: UUID, colleague: Field = "") -> Response:
    """Give a request to a colleague."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        take_in_hand.hand_over(tx, application_id, colleague, by=actor, at=wiring.now())
    return RedirectResponse("/inbox?done=handed", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/longer")
def ask_longer(
    request: Request, application_id: UUID, days: Field = "", why_longer: Field = ""
) -> Response:
    """Ask the share authority for more working days."""
    actor, wiring = signed_in(request), wiring_of(request)
    typed = {"days": days, "why_longer": why_longer}
    try:
        with wiring.pool.connection() as tx:
            extend.ask_longer(
                tx,
                application_id,
                working_days=int(days) if days.isascii() and days.isdigit() else 0,
                reason=why_longer,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, ExtensionTooLong) as refusal:
        field = "days" if isinstance(refusal, ExtensionTooLong) else "why_longer"
        errors = {field: speech_of(request).refusal(refusal)}
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse("/inbox?done=asked", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/consent")
def decide_extension(request: Request, application_id: UUID, decision: Field = "") -> Response:
    """Consent to more days as the share authority, or not."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        if decision == "consent":
            extend.consent(tx, application_id, by=actor, at=at)
            done = "consented"
        else:
            extend.deny(tx, application_id, by=actor, at=at)
            done = "denied"
    return RedirectResponse(f"/inbox?done={done}", _SEE_OTHER)


@router.post("/inbox/request/{application_id}/dispute")
def settle_dispute(
    request: Request,
    application_id: UUID,
    outcome: Field = "",
    outcome_words: Field = "",
    reference: Field = "",
) -> Response:
    """Close the open step of a dispute."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dispute.settle_step(
                tx,
                application_id,
                outcome=Outcome.AGREED if outcome == "agreed" else Outcome.KEPT,
                words=outcome_words,
                reference=reference,
                by=actor,
                at=wiring.now(),
            )
    except (ReasonMissing, ReferenceMissing) as refusal:
        field = "reference" if isinstance(refusal, ReferenceMissing) else "outcome_words"
        errors = {field: speech_of(request).refusal(refusal)}
        typed = {"outcome_words": outcome_words, "reference": reference}
        return _request_page(
            request, application_id, errors=errors, typed=typed, status=status_of(refusal)
        )
    return RedirectResponse("/inbox?done=settled", _SEE_OTHER)


def _desk(tx: Tx, application_id: UUID, actor: Actor, at: datetime, say: Speech) -> ShareDesk:
    application = apply.get_application(tx, application_id, by=actor)
    try:
        listing = list_product.get_listing(tx, application.listing_id, by=actor)
        dataset = dataset_with_id(tx, listing.dataset_id, by=actor)
    except (ListingNotFound, DatasetNotFound):
        return share_desk(tx, application, None, None, by=actor, at=at, say=say)
    return share_desk(tx, application, listing, dataset, by=actor, at=at, say=say)


def _request_page(
    request: Request,
    application_id: UUID,
    *,
    errors: Mapping[str, str],
    typed: Mapping[str, str],
    status: int = 200,
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        application = apply.get_application(tx, application_id, by=actor)
        view = request_view(tx, application, by=actor, today=china_day(at), say=say)
        desk = _desk(tx, application_id, actor, at, say)
    bases = profile_in_force(at).legal_bases
    return render(
        request,
        "inbox/request.html",
        status=status,
        request=view,
        desk=desk,
        advice=advice_of(application.judgement, say),
        steps=view.steps,
        dealings=view.dealings,
        reason_codes=[(code, say.gettext(label)) for code, label in REASON_CODES.items()],
        legal_bases=[(basis.id, say.text(basis.title)) for basis in bases],
        typed=typed,
        errors=errors,
    )


# Datasets ------------------------------------------------------------------------------------


@router.get("/inbox/dataset/{slug}")
def show_submission(request: Request, slug: str) -> Response:
    """What was submitted of one dataset, to be published or returned."""
    return _submission_page(request, slug, errors={}, reason="")


@router.post("/inbox/dataset/{slug}")
def decide_submission(
    request: Request, slug: str, decision: Field = "", reason: Field = ""
) -> Response:
    """Publish what was submitted, approve it for later, return it, or withdraw what is out."""
    actor, wiring = signed_in(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            dataset = dataset_named(tx, slug, by=actor)
            if decision == "publish":
                publish.publish(tx, dataset.id, by=actor, at=wiring.now())
                ask_for_copies(tx, dataset.id)
                done = "published"
            elif decision == "review":
                publish.review(tx, dataset.id, by=actor, at=wiring.now())
                done = "reviewed"
            elif decision == "withdraw":
                publish.withdraw(tx, dataset.id, reason=reason, by=actor, at=wiring.now())
                done = "taken-back"
            else:
                publish.return_to_publisher(
                    tx, dataset.id, reason=reason, by=actor, at=wiring.now()
                )
                done = "sent-back"
    except CatalogReasonMissing as refusal:
        errors = {"reason": speech_of(request).refusal(refusal)}
        return _submission_page(
            request, slug, errors=errors, reason=reason, status=status_of(refusal)
        )
    return RedirectResponse(f"/inbox?done={done}", _SEE_OTHER)


def _submission_page(
    request: Request, slug: str, *, errors: Mapping[str, str], reason: str, status: int = 200
) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = overview(tx, slug, by=actor)
        submitted = [
            (held.distribution, version)
            for held in found.distributions
            for version in held.versions
            if version.state is VersionState.SUBMITTED
        ]
        handed_in = [version.submitted_by for _, version in submitted]
        if found.dataset.state in _WITH_APPROVER:
            handed_in.append(found.dataset.submitted_by)
        submitters = {_name(tx, user_id) for user_id in handed_in if user_id is not None}
        bases = profile_in_force(wiring.now()).legal_bases
    entry = found.dataset.entry
    return render(
        request,
        "inbox/dataset.html",
        status=status,
        dataset=found.dataset,
        facts=[
            (say.gettext("Publishing organisation"), say.text(found.publisher.title)),
            (say.gettext("Submitted by"), ", ".join(sorted(submitters)) or "—"),
            (say.gettext("Summary"), say.text(entry.summary) or "—"),
            (
                say.gettext("Why it is not shared"),
                citation_words(entry.share_basis, bases, say) or "—",
            ),
            (
                say.gettext("Why it is not open"),
                citation_words(entry.open_basis, bases, say) or "—",
            ),
        ],
        versions=[
            {
                "title": distribution.title,
                "version": version,
                "changes": change_pairs(version, say),
            }
            for distribution, version in submitted
        ],
        is_first=found.dataset.state is not DatasetState.PUBLISHED,
        may_approve=found.may_approve
        and (bool(submitted) or found.dataset.state in _WITH_APPROVER),
        may_review=found.dataset.state is DatasetState.SUBMITTED,
        may_withdraw=found.may_approve and found.dataset.state is DatasetState.PUBLISHED,
        is_submitter=actor.user_id in handed_in,
        errors=errors,
        reason=reason,
    )


# Listings ------------------------------------------------------------------------------------


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
        errors = _errors(refusal, speech_of(request))
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
        proposer = _name(tx, listing.proposed_by)
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


def _errors(refusal: Refusal, say: Speech) -> dict[str, str]:
    """What is wrong, by the field that it is about; clauses by their ids."""
    if isinstance(refusal, ClausesFailed):
        return failed_clauses(refusal.failed, say)
    fields: dict[type[Refusal], str] = {
        MalformedReport: "report_sha256",
        GrantedTooLong: "ends_on",
        ColumnsNotOffered: "column",
        FlowBackInFull: "column",
        MalformedView: "row_column",
    }
    field = fields.get(type(refusal), "reason")
    return {field: say.refusal(refusal)}


def _name(tx: Tx, user_id: UserId | None) -> str:
    if user_id is None:
        return "—"
    try:
        return user_with_id(tx, user_id).name
    except UserNotFound:
        return "—"
