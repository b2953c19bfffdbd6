"""A dataset's own quality rules; those of the packs are asked of every dataset besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from catalog import find
from catalog.audience import is_member
from catalog.dataset import Dataset
from exchange.look_beside import check_other_table
from policies.party import Actor
from portal.owned import columns_of, owned
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.check import table_named_in
from quality.rule import Rule, RuleId
from quality.rule_format import offered_checks, rule_as_json

router = APIRouter(prefix="/api/v1", tags=["quality"])


class RuleBody(BaseModel):
    """A rule of a dataset's own."""

    id: UUID
    rule: dict[str, Any]
    created_at: datetime


@router.get("/quality/checks")
def list_checks() -> list[dict[str, Any]]:
    """The checks that a rule can make, with their parameters and the columns that they fit."""
    return [dict(check) for check in offered_checks()]


@router.get("/datasets/{slug}/rules")
def list_rules(request: Request, slug: str) -> list[RuleBody]:
    """The dataset's own rules, the oldest first; for whoever the dataset exists for."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        return [
            RuleBody(id=own.id, rule=_told(own.rule, actor, dataset), created_at=own.created_at)
            for own in rules.list_rules(tx, dataset.id)
        ]


@router.post("/datasets/{slug}/rules", status_code=201)
def add_rule(request: Request, slug: str, wanted: dict[str, Any]) -> RuleBody:
    """Give the dataset a rule that the next check asks; for publishers of the organisation.

    Its fields are those of the rule packs: `expect` with `kind` and parameters, `columns`, `gate`,
    `title`, `weight` and the like. A rule that looks at another table (`in_other_table`,
    `same_total`) names one that the organisation may read whole.
    """
    actor, wiring = signed_in(request), wiring_of(request)
    at = wiring.now()
    with wiring.pool.connection() as tx:
        dataset = owned(tx, slug, actor)
        columns = columns_of(tx, dataset, actor)
        added = rules.add_rule(tx, dataset.id, wanted, columns, by=actor, at=at)
        check_other_table(tx, dataset, added, columns, by=actor, at=at)
    return RuleBody(id=UUID(added.id), rule=dict(rule_as_json(added)), created_at=at)


@router.delete("/datasets/{slug}/rules/{rule_id}", status_code=204)
def remove_rule(request: Request, slug: str, rule_id: UUID) -> Response:
    """Take a rule out of use; reports that it stood in keep it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = owned(tx, slug, actor)
        rules.remove_rule(tx, dataset.id, RuleId(rule_id), by=actor, at=wiring.now())
    return Response(status_code=204)


def _told(rule: Rule, actor: Actor, dataset: Dataset) -> dict[str, Any]:
    """The rule; which other table it looks at is the publisher's own people's to know."""
    body: dict[str, Any] = dict(rule_as_json(rule))
    if table_named_in(rule.check) is not None and not is_member(actor, dataset.publisher_id):
        body["expect"] = {"kind": rule.check.kind.value}
    return body
