"""Rules that a dataset's own data suggests, for its publisher to keep or refuse."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from catalog import find
from catalog.curation import describe
from policies.database import Tx
from policies.party import Actor
from policies.terms import DatasetId
from portal.api.v1.rules import RuleBody
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.rule_format import rule_as_json
from quality.suggest import ProposalId, Tried

router = APIRouter(prefix="/api/v1", tags=["quality"])


class TriedBody(BaseModel):
    """How a proposed rule fares in one version."""

    version: int
    element_count: int
    unexpected_count: int
    repeated_count: int


class WayBody(BaseModel):
    """One way in which a column writes the same thing; an empty value is an empty cell."""

    value: str
    count: int


class ProposalBody(BaseModel):
    """A proposed rule with what speaks for it."""

    id: UUID
    rule: dict[str, Any]
    evidence: TriedBody
    older: list[TriedBody]
    ways: list[WayBody]


@router.get("/datasets/{slug}/rules/proposals")
def list_proposals(request: Request, slug: str) -> list[ProposalBody]:
    """The rules that the newest data suggests; for publishers of the organisation."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset_id = _owned(tx, slug, actor)
        return [
            ProposalBody(
                id=proposal_id,
                rule={key: value for key, value in rule_as_json(one.rule).items() if key != "id"},
                evidence=_tried(one.evidence),
                older=[_tried(tried) for tried in one.older],
                ways=[WayBody(value=value, count=count) for value, count in one.ways],
            )
            for proposal_id, one in rules.list_proposals(tx, dataset_id)
        ]


@router.post("/datasets/{slug}/rules/proposals/{proposal_id}/keep", status_code=201)
def keep_proposal(request: Request, slug: str, proposal_id: UUID) -> RuleBody:
    """Make the proposal a rule of the dataset; it warns, and the next check asks it."""
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        dataset_id = _owned(tx, slug, actor)
        kept = rules.keep_proposal(tx, dataset_id, ProposalId(proposal_id), by=actor, at=at)
    return RuleBody(id=UUID(kept.id), rule=dict(rule_as_json(kept)), created_at=at)


@router.post("/datasets/{slug}/rules/proposals/{proposal_id}/refuse", status_code=204)
def refuse_proposal(request: Request, slug: str, proposal_id: UUID) -> Response:
    """Want no such rule: it is not proposed for this dataset again."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset_id = _owned(tx, slug, actor)
        rules.refuse_proposal(tx, dataset_id, ProposalId(proposal_id), by=actor, at=wiring.now())
    return Response(status_code=204)


def _tried(tried: Tried) -> TriedBody:
    return TriedBody(
        version=tried.version,
        element_count=tried.element_count,
        unexpected_count=tried.unexpected_count,
        repeated_count=tried.repeated_count,
    )


def _owned(tx: Tx, slug: str, actor: Actor) -> DatasetId:
    """The dataset, if the caller publishes for its organisation.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    found = find.dataset_named(tx, slug, by=actor)
    return describe.owned_dataset(tx, found.id, by=actor).id
