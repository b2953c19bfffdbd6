"""Decisions made again, and live agreements under a draft: for the bureau and the regulator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from exchange import replay
from exchange.replayed import Finding
from policies.agree import get_agreement
from policies.database import Tx
from policies.decision.clause import ClauseResult, Profile
from policies.decision.profile import DRAFT_BYTES_MAX, profile_named, profiles, read_draft
from policies.errors import MalformedProfile, ProfileNotFound
from policies.history import check_may_audit
from policies.identity.people import organization_with_id
from policies.party import Actor
from policies.terms import MicroCredits, Text
from portal.jobs import ask_to_replay
from portal.pages.audit.receipt_view import decision_view
from portal.pages.dataset_names import DatasetName, name_of_dataset
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.pages.words import number_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter()

_SEE_OTHER: Final = 303


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What a draft would change for one agreement, in words."""

    number: str
    href: str
    title: DatasetName
    provider: Text
    consumer: Text
    stops: tuple[tuple[str, str, str], ...]
    """Id, sentence and place of each clause."""
    frees: tuple[tuple[str, str, str], ...]
    worth: MicroCredits


@router.get("/audit/decision/{decision_id}")
def show_decision(request: Request, decision_id: UUID) -> Response:
    """A past decision: why, what would have refused it, and the same facts decided again."""
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        told = replay.replay_decision(tx, decision_id, by=actor, at=wiring.now())
        title = name_of_dataset(tx, told.then.dataset_id, by=actor)
    return render(
        request,
        "audit/decision.html",
        told=told,
        view=decision_view(told.then, say),
        title=title,
        refusing=[
            (
                say.text(one.change),
                [(reason.rule_id, say.text(reason.text)) for reason in one.reasons],
            )
            for one in told.refusing
        ],
        today=[(reason.rule_id, say.text(reason.text)) for reason in told.today.reasons],
    )


@router.get("/audit/replays")
def show_replays(request: Request) -> Response:
    """The replays that were asked for, and the form to ask for one."""
    return _replays(request)


@router.post("/audit/replays")
def send_replay(
    request: Request,
    profile: Annotated[str, Form(max_length=200)] = "",
    draft: Annotated[str, Form(max_length=DRAFT_BYTES_MAX)] = "",
) -> Response:
    """Judge all live agreements under a profile of this release, or under a draft."""
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    try:
        chosen = read_draft(draft) if draft.strip() else _chosen(profile)
    except (MalformedProfile, ProfileNotFound) as refusal:
        field = "draft" if draft.strip() else "profile"
        return _replays(
            request,
            typed={"profile": profile, "draft": draft},
            errors={field: say.refusal(refusal)},
            status=status_of(refusal),
        )
    with wiring.pool.connection() as tx:
        asked = replay.ask_for_replay(tx, chosen, by=actor, at=wiring.now())
        ask_to_replay(tx, asked.id)
    return RedirectResponse(f"/audit/replays/{asked.id}", _SEE_OTHER)


@router.get("/audit/replays/{replay_id}")
def show_replay(request: Request, replay_id: UUID) -> Response:
    """What a draft would change, as far as it is known."""
    return _replay(request, replay_id, "audit/replay.html")


@router.get("/audit/replays/{replay_id}/part")
def show_replay_part(request: Request, replay_id: UUID) -> Response:
    """The piece of the page that looks again while the work goes on."""
    return _replay(request, replay_id, "audit/replay_part.html")


def _replay(request: Request, replay_id: UUID, template: str) -> Response:
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        told, found = replay.get_replay(tx, replay_id, by=actor)
        lines = [_line(tx, one, actor, say) for one in found]
    percent = 100 if not told.total else min(100, told.done * 100 // told.total)
    return render(
        request,
        template,
        replay=told,
        lines=lines,
        percent=percent,
        is_at_work=told.finished_at is None,
    )


def _chosen(named: str) -> Profile:
    name, _, version = named.rpartition(".")
    return profile_named(name or named, int(version) if name and version.isdecimal() else None)


def _replays(
    request: Request,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor, say, wiring = _supervisor(request), speech_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        held = replay.replays(tx, by=actor)
    return render(
        request,
        "audit/replays.html",
        status=status,
        replays=held,
        profiles=[(f"{one.id}.{one.version}", say.text(one.title)) for one in reversed(profiles())],
        typed=typed or {"profile": "", "draft": ""},
        errors=errors or {},
    )


def _line(tx: Tx, found: Finding, actor: Actor, say: Speech) -> FindingLine:
    agreement = get_agreement(tx, found.agreement_id)
    return FindingLine(
        number=number_of("A", agreement.id),
        href=f"/my/agreements/{agreement.id}",
        title=name_of_dataset(tx, agreement.dataset_id, by=actor),
        provider=organization_with_id(tx, agreement.provider_id).title,
        consumer=organization_with_id(tx, agreement.consumer_id).title,
        stops=tuple(_clause(one, say) for one in found.stops),
        frees=tuple(_clause(one, say) for one in found.frees),
        worth=found.worth,
    )


def _clause(result: ClauseResult, say: Speech) -> tuple[str, str, str]:
    return (
        result.clause_id,
        say.text(result.message),
        f"{say.text(result.source)} {say.text(result.article)}",
    )


def _supervisor(request: Request) -> Actor:
    actor = signed_in(request)
    check_may_audit(actor)
    return actor
