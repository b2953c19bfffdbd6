"""The regulator's desk: figures, events, decisions, lineage, freezes. Every look is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog.errors import DatasetNotFound
from catalog.find import dataset_named
from exchange import supervise, trace
from exchange.errors import ListingNotFound, NothingToTrace
from policies import freeze
from policies.database import Tx
from policies.errors import (
    N_,
    AlreadyFrozen,
    FreezeNotRenewable,
    NoSuchLeaf,
    OrganizationNotFound,
    ReasonMissing,
    SecondPersonNeeded,
)
from policies.freeze_order import FreezeTarget
from policies.history import check_may_audit
from policies.identity.people import list_organizations, organization_named
from policies.party import Actor
from policies.roles import can_supervise
from portal.pages.audit.audit_view import (
    EVERYTHING,
    EventQuestion,
    asset_facts,
    decision_lines,
    event_line,
    event_view,
    find_events,
    freeze_lines,
    kind_choices,
)
from portal.pages.dataset.lineage import drawable
from portal.pages.drawing.lineage_layout import LineageGraph, lay_out
from portal.pages.freeze_targets import target_named
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.typed import day_of, member_of
from portal.pages.words import TARGETS
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

EVENTS_SHOWN: Final = 50
DECISIONS_SHOWN: Final = 50
DEPTH: Final = 5
DEPTH_MOST: Final = 20

_DONE: Final = {
    "placed": N_("Frozen. No read succeeds from now on; it lapses after 72 hours unconfirmed."),
    "confirmed": N_("The freeze is confirmed and lasts until it is lifted."),
    "lifted": N_("The freeze is lifted."),
}
_SEE_OTHER = 303
Word = Annotated[str, Query(max_length=200)]
Field = Annotated[str, Form(max_length=20_000)]
_FreezeRefusals = (
    ReasonMissing,
    AlreadyFrozen,
    FreezeNotRenewable,
    SecondPersonNeeded,
    NothingToTrace,
    OrganizationNotFound,
    DatasetNotFound,
    ListingNotFound,
)


@router.get("/audit")
def show_desk(
    request: Request,
    dataset: Word = "",
    organization: Word = "",
    kind: Word = "",
    since: Word = "",
    until: Word = "",
    before: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """The last thirty days in figures, and the log searched by dataset, organisation and kind."""
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    typed = {
        "dataset": dataset.strip(),
        "organization": organization.strip(),
        "kind": kind,
        "since": since,
        "until": until,
    }
    errors: dict[str, str] = {}
    with wiring.pool.connection() as tx:
        counts = supervise.overview(tx, by=actor, at=at)
        question = _question(tx, typed, errors, actor, say)
        found = find_events(
            tx, replace(question, before=before), limit=EVENTS_SHOWN, by=actor, at=at
        )
        events = [event_line(tx, event, by=actor, say=say) for event in found.events]
        decisions = supervise.search_decisions(
            tx,
            dataset_id=question.dataset_id,
            organization_id=question.organization_id,
            is_allowed=False,
            limit=DECISIONS_SHOWN,
            by=actor,
            at=at,
        )
        refused = decision_lines(tx, decisions, by=actor, say=say)
        frozen = freeze.freezes_in_force(tx, at)
    return render(
        request,
        "audit/desk.html",
        counts=counts,
        days=supervise.OVERVIEW_DAYS,
        events=events,
        next_before=found.next_before,
        refused=refused,
        freezes=len(frozen),
        kinds=[
            ("", say.gettext("All but the looks of supervisors")),
            (EVERYTHING, say.gettext("All kinds")),
            *kind_choices(say),
        ],
        typed=typed,
        errors=errors,
    )


def _question(
    tx: Tx, typed: Mapping[str, str], errors: dict[str, str], actor: Actor, say: Speech
) -> EventQuestion:
    """What is looked for; what cannot be found is told at its field."""
    dataset_id, organization_id = None, None
    if typed["dataset"]:
        try:
            dataset_id = dataset_named(tx, typed["dataset"], by=actor).id
        except DatasetNotFound as refusal:
            errors["dataset"] = say.refusal(refusal)
    if typed["organization"]:
        try:
            organization_id = organization_named(tx, typed["organization"]).id
        except OrganizationNotFound as refusal:
            errors["organization"] = say.refusal(refusal)
    return EventQuestion(
        dataset_id=dataset_id,
        organization_id=organization_id,
        kind=typed["kind"],
        since=day_of(typed["since"]),
        until=day_of(typed["until"]),
        is_impossible=bool(errors),
    )


@router.get("/audit/event/{leaf_index}")
def show_event(request: Request, leaf_index: int) -> Response:
    """One entry of the log by its place: what it says, and where it stands."""
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        view = event_view(tx, leaf_index, by=actor, at=wiring.now(), say=say)
    if view is None:
        raise NoSuchLeaf(leaf_index)
    return render(request, "audit/event.html", event=view)


@router.get("/audit/lineage")
def show_audited_lineage(
    request: Request,
    asset: Word,
    depth: Annotated[int, Query(ge=1, le=DEPTH_MOST)] = DEPTH,
) -> Response:
    """Where one thing comes from and what became of it, for supervisors."""
    _supervisor(request)
    return _lineage(request, asset, depth, path="/audit/lineage")


@router.get("/my/lineage")
def show_own_lineage(
    request: Request,
    asset: Word,
    depth: Annotated[int, Query(ge=1, le=DEPTH_MOST)] = DEPTH,
) -> Response:
    """Where what one received comes from, as far as one may know."""
    signed_in(request)
    return _lineage(request, asset, depth, path="/my/lineage")


def _lineage(request: Request, asset: str, depth: int, *, path: str) -> Response:
    actor, say, wiring = signed_in(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        graph = trace.lineage_of(tx, asset, depth=depth, by=actor, at=at)
        is_supervisor = can_supervise(actor)
        about = asset_facts(tx, asset, graph, by=actor, say=say, is_supervisor=is_supervisor)
    drawn = drawable(graph, say)
    linked = tuple(
        replace(node, href=f"{path}?asset={node.id}&depth={depth}") for node in drawn.nodes
    )
    return render(
        request,
        "audit/lineage.html",
        is_audit=is_supervisor,
        asset=asset,
        depth=depth,
        is_cut=graph.is_cut,
        layout=lay_out(LineageGraph(linked, drawn.edges)),
        node=about,
    )


# Freezes -------------------------------------------------------------------------------------


@router.get("/audit/freezes")
def show_freezes(
    request: Request,
    kind: Word = FreezeTarget.DATASET.value,
    target: Word = "",
    done: Word = "",
) -> Response:
    """The freezes in force, and the form to place one."""
    return _freezes(request, typed={"kind": kind, "target": target}, errors={}, done=done)


@router.post("/audit/freezes")
def place_freeze(
    request: Request, kind: Field = "", target: Field = "", reason: Field = ""
) -> Response:
    """Freeze an organisation, dataset, listing or agreement at once, for 72 hours."""
    actor, wiring = _supervisor(request), wiring_of(request)
    typed = {"kind": kind, "target": target, "reason": reason}
    target_kind = member_of(FreezeTarget, kind) or FreezeTarget.DATASET
    try:
        with wiring.pool.connection() as tx:
            target_id = target_named(tx, target_kind, target, by=actor)
            supervise.place_freeze(
                tx, target_kind, target_id, reason=reason, by=actor, at=wiring.now()
            )
    except _FreezeRefusals as refusal:
        field = "reason" if isinstance(refusal, ReasonMissing) else "target"
        return _freezes(
            request,
            typed=typed,
            errors={field: speech_of(request).refusal(refusal)},
            status=status_of(refusal),
        )
    return RedirectResponse("/audit/freezes?done=placed", _SEE_OTHER)


@router.post("/audit/freezes/{freeze_id}/confirm")
def confirm_freeze(request: Request, freeze_id: UUID) -> Response:
    """Make a freeze last, as a second person."""
    actor, wiring = _supervisor(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        freeze.confirm(tx, freeze_id, by=actor, at=wiring.now())
    return RedirectResponse("/audit/freezes?done=confirmed", _SEE_OTHER)


@router.post("/audit/freezes/{freeze_id}/lift")
def lift_freeze(request: Request, freeze_id: UUID, reason: Field = "") -> Response:
    """End a freeze, as a second person, for a reason."""
    actor, wiring = _supervisor(request), wiring_of(request)
    try:
        with wiring.pool.connection() as tx:
            freeze.lift(tx, freeze_id, reason=reason, by=actor, at=wiring.now())
    except ReasonMissing as refusal:
        errors = {f"reason-{freeze_id}": speech_of(request).refusal(refusal)}
        return _freezes(request, typed={}, errors=errors, status=status_of(refusal))
    return RedirectResponse("/audit/freezes?done=lifted", _SEE_OTHER)


def _freezes(
    request: Request,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    done: str = "",
    status: int = 200,
) -> Response:
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        lines = freeze_lines(tx, supervise.freezes(tx, by=actor, at=at), by=actor, say=say)
        organizations = list_organizations(tx)
    return render(
        request,
        "audit/freezes.html",
        status=status,
        freezes=lines,
        organizations=organizations,
        kinds=[(kind.value, say.gettext(words)) for kind, words in TARGETS.items()],
        typed={"kind": FreezeTarget.DATASET.value, "target": "", "reason": "", **typed},
        errors=errors,
        message=say.gettext(_DONE[done]) if done in _DONE else "",
    )


def _supervisor(request: Request) -> Actor:
    actor = signed_in(request)
    check_may_audit(actor)
    return actor
