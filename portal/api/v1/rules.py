"""A dataset's own quality rules; those of the packs are asked of every dataset besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from exchange.look_beside import check_other_table
from portal.contracts import rules_for
from portal.owned import columns_of, owned
from portal.pages.dataset.reader import look_at, sight_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality import rules
from quality.rule import RuleId
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
    """The dataset's own rules, the oldest first, as far as the caller may know its columns."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        look = look_at(tx, slug, by=actor, at=wiring.now())
        found = rules_for(tx, look.overview.dataset, sight_of(look))
    return [RuleBody(id=own.id, rule=dict(rule), created_at=own.created_at) for own, rule in found]


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
