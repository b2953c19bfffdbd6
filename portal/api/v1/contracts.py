"""A dataset's data contract (Open Data Contract Standard 3.1), in and out."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from catalog import find
from catalog.audience import is_member
from exchange.look_beside import check_other_table
from portal.api.v1.rules import columns_of, owned
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.contract import without_other_tables
from quality.rules import list_rules
from quality.take_in_contract import contract_taken_in, give_out_contract, take_in_contract

router = APIRouter(prefix="/api/v1", tags=["quality"])


class TakenInBody(BaseModel):
    """What became of a contract."""

    rules: int
    unchecked: list[str]
    """What it asks and nothing checks; it is kept and given out again."""


@router.get("/datasets/{slug}/contract")
def give_out(request: Request, slug: str) -> dict[str, Any]:
    """The contract with all the dataset's own rules; for whoever the dataset exists for."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        columns = columns_of(tx, dataset, actor)
        body = give_out_contract(tx, dataset.id, dataset.slug, columns)
    return body if is_member(actor, dataset.publisher_id) else without_other_tables(body)


@router.put("/datasets/{slug}/contract")
def take_in(request: Request, slug: str, wanted: dict[str, Any]) -> TakenInBody:
    """Make what the contract asks the dataset's rules; for publishers of the organisation.

    It takes the place of an earlier contract. Rules that were added one by one stay.
    """
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = owned(tx, slug, actor)
        columns = columns_of(tx, dataset, actor)
        at = wiring.now()
        taken = take_in_contract(tx, dataset.id, wanted, columns, by=actor, at=at)
        for own in list_rules(tx, dataset.id):
            if own.id in taken.rule_ids:
                check_other_table(tx, dataset, own.rule, columns, by=actor, at=at)
    return TakenInBody(rules=len(taken.rule_ids), unchecked=list(taken.unchecked))


@router.get("/datasets/{slug}/contract/coverage")
def coverage(request: Request, slug: str) -> TakenInBody:
    """How much of the contract is checked; for whoever the dataset exists for."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        taken = contract_taken_in(tx, find.dataset_named(tx, slug, by=actor).id)
    if taken is None:
        return TakenInBody(rules=0, unchecked=[])
    return TakenInBody(rules=len(taken.rule_ids), unchecked=list(taken.unchecked))
