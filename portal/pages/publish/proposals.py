"""Rules that the data suggests, in words, each to be kept or refused with one click."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from starlette.responses import RedirectResponse

from catalog import find
from catalog.curation import describe
from policies.errors import N_, Refusal
from portal.pages.rendering import render
from portal.pages.speech import Speech, speech_of
from portal.problems import status_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.errors import UnknownProposal
from quality.suggest import Proposal, ProposalId, Tried

router = APIRouter()

_SEE_OTHER: Final = 303
_DONE: Final = {
    "kept": N_("The rule is kept. The next check asks it."),
    "refused": N_("The proposal is refused. It does not come back."),
}


@router.get("/publish/{slug}/proposals")
def show_proposals(
    request: Request, slug: str, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """What the newest data suggests."""
    return _page(request, slug, done=done)


@router.post("/publish/{slug}/proposals")
def decide(
    request: Request,
    slug: str,
    proposal: Annotated[str, Form(max_length=100)] = "",
    said: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Keep or refuse one proposal."""
    actor, wiring = signed_in(request), wiring_of(request)
    is_kept = said == "keep"
    try:
        with wiring.pool.connection() as tx:
            found = find.dataset_named(tx, slug, by=actor)
            dataset_id = describe.owned_dataset(tx, found.id, by=actor).id
            act = rules.keep_proposal if is_kept else rules.refuse_proposal
            act(tx, dataset_id, _id(proposal), by=actor, at=wiring.now())
    except Refusal as refusal:
        return _page(request, slug, refusal=refusal)
    done = "kept" if is_kept else "refused"
    return RedirectResponse(f"/publish/{slug}/proposals?done={done}", _SEE_OTHER)


def _page(
    request: Request, slug: str, *, done: str = "", refusal: Refusal | None = None
) -> Response:
    actor, say = signed_in(request), speech_of(request)
    with wiring_of(request).pool.connection() as tx:
        found = find.dataset_named(tx, slug, by=actor)
        dataset = describe.owned_dataset(tx, found.id, by=actor)
        proposals = rules.list_proposals(tx, dataset.id)
    return render(
        request,
        "publish/proposals.html",
        status=status_of(refusal) if refusal else 200,
        slug=slug,
        title=dataset.entry.title,
        proposals=[_line(str(held), one, say) for held, one in proposals],
        errors={"": say.refusal(refusal)} if refusal else {},
        message=say.gettext(_DONE[done]) if done in _DONE else None,
    )


def _line(proposal_id: str, proposal: Proposal, say: Speech) -> dict[str, object]:
    allowed = 1000 - proposal.rule.mostly_permille
    return {
        "id": proposal_id,
        "words": say.text(proposal.rule.title),
        "allowed": f"{allowed / 10:g}%" if allowed else "",
        "dimension": say.text(proposal.rule.dimension.label),
        "evidence": _counts(proposal.evidence),
        "older": [_counts(tried) for tried in proposal.older],
        "ways": [
            {"words": f"“{value}”" if value else say.gettext("empty"), "rows": count}
            for value, count in proposal.ways
        ],
    }


def _counts(tried: Tried) -> dict[str, int]:
    return {
        "version": tried.version,
        "rows": tried.element_count,
        "broken": tried.unexpected_count,
        "repeated": tried.repeated_count,
    }


def _id(text: str) -> ProposalId:
    try:
        return ProposalId(UUID(text))
    except ValueError:
        raise UnknownProposal(text) from None
