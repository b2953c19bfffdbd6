"""A dataset's data contract (Open Data Contract Standard 3.1), in and out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from portal import contracts
from portal.pages.dataset.reader import look_at, sight_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["quality"])


class TakenInBody(BaseModel):
    """What became of a contract."""

    rules: int
    unchecked: list[str]
    """What it asks and nothing checks; it is kept and given out again."""


@router.get("/datasets/{slug}/contract")
def give_out(request: Request, slug: str) -> dict[str, Any]:
    """The contract with the dataset's own rules, as far as the caller may know its columns."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
        dataset, sight = look.overview.dataset, sight_of(look)
        return dict(contracts.contract_for(tx, dataset, sight, by=actor))


@router.put("/datasets/{slug}/contract")
def take_in(request: Request, slug: str, wanted: dict[str, Any]) -> TakenInBody:
    """Make what the contract asks the dataset's rules; for publishers of the organisation.

    It takes the place of an earlier contract. Rules that were added one by one stay.
    """
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        taken = contracts.take_in(tx, slug, wanted, by=actor, at=wiring.now())
    return TakenInBody(rules=len(taken.rule_ids), unchecked=list(taken.unchecked))


@router.get("/datasets/{slug}/contract/coverage")
def coverage(request: Request, slug: str) -> TakenInBody:
    """How much of the contract is checked, as far as the caller may know its columns."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
        rule_ids, unchecked = contracts.coverage_for(tx, look.overview.dataset, sight_of(look))
    return TakenInBody(rules=len(rule_ids), unchecked=list(unchecked))
