"""How fresh a dataset is, with what it was made from."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel

from catalog import find
from catalog.holdings import Source
from policies.terms import UpdateCycle
from portal.sign_in import actor_of
from portal.wiring import wiring_of
from quality.freshness import Lateness
from quality.promise import next_due
from quality.tell_freshness import freshness_for

router = APIRouter(prefix="/api/v1", tags=["quality"])


class SourceBody(BaseModel):
    """A dataset that this one was made from."""

    name: str
    title: dict[str, str]
    came_at: datetime
    due: date | None
    """When its next data is due; null where no day is promised."""


class FreshnessBody(BaseModel):
    """How fresh a dataset is."""

    update_cycle: UpdateCycle
    came_at: datetime | None
    """When its own last data came that the caller reads; null where none did."""
    due: date | None
    as_of: datetime | None
    """The same with everything that it was made from: as old as its oldest source."""
    oldest_source: SourceBody | None
    """Null where its own data is the oldest."""
    late_sources: list[SourceBody]
    """What it was made from, by however many steps, that breaks a promise of its own."""
    state: Lateness


@router.get("/datasets/{slug}/freshness")
def show_freshness(request: Request, slug: str) -> FreshnessBody:
    """When the data came, with what it was made from, as far as the caller sees that."""
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = find.dataset_named(tx, slug, by=actor)
        cycle = dataset.entry.update_cycle
        held = freshness_for(tx, dataset, by=actor, at=wiring.now())
    if held is None:
        return FreshnessBody(
            update_cycle=cycle,
            came_at=None,
            due=None,
            as_of=None,
            oldest_source=None,
            late_sources=[],
            state=Lateness.NO_PROMISE,
        )
    due = next_due(cycle, held.came_at)
    return FreshnessBody(
        update_cycle=cycle,
        came_at=held.came_at,
        due=due.day if due else None,
        as_of=held.as_of,
        oldest_source=_source(held.oldest) if held.oldest else None,
        late_sources=[_source(one) for one in held.late],
        state=held.lateness,
    )


def _source(source: Source) -> SourceBody:
    due = next_due(source.update_cycle, source.came_at)
    return SourceBody(
        name=source.slug,
        title=dict(source.title.as_map()),
        came_at=source.came_at,
        due=due.day if due else None,
    )
