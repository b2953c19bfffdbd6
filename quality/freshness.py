"""How fresh a dataset is with what it was made from: as old as its oldest source.

The blame stays where it belongs: a dataset that keeps its own promise while a source breaks the
source's is not late itself, but says whose data is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from catalog.holdings import Source
from policies.terms import UpdateCycle
from quality.promise import is_late, next_due


class Lateness(StrEnum):
    """How the promises of a dataset and of its sources are kept."""

    KEPT = "kept"
    LATE = "late"
    LATE_SOURCE = "late_source"
    NO_PROMISE = "no_promise"
    """No day is promised, and no source is late."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh a dataset is."""

    came_at: datetime
    """When its own last data came."""
    as_of: datetime
    """When the oldest came of its own data and that of its sources."""
    oldest: Source | None
    """The source that makes it so old; None where its own data is the oldest."""
    late: tuple[Source, ...]
    """Sources that break their own promise, the oldest data first."""
    lateness: Lateness


def freshness_of(
    cycle: UpdateCycle, came_at: datetime, sources: Sequence[Source], at: datetime
) -> Freshness:
    """How fresh a dataset is that was given data at `came_at` and was made from these."""
    oldest = min(sources, key=lambda source: source.came_at, default=None)
    if oldest is not None and oldest.came_at >= came_at:
        oldest = None
    late = tuple(one for one in sources if is_late(one.update_cycle, one.came_at, at))
    if is_late(cycle, came_at, at):
        lateness = Lateness.LATE
    elif late:
        lateness = Lateness.LATE_SOURCE
    elif next_due(cycle, came_at) is None:
        lateness = Lateness.NO_PROMISE
    else:
        lateness = Lateness.KEPT
    return Freshness(came_at, oldest.came_at if oldest else came_at, oldest, late, lateness)
