"""Count which clauses refused an act: the act left nothing behind, so its answer is counted."""

from __future__ import annotations

from fastapi import Request

from exchange.errors import ClausesFailed, RequestIncomplete
from exchange.stand import count_refusals
from portal.wiring import wiring_of


def note_refused(request: Request, refusal: Exception) -> None:
    """Count the clauses of a refusal, in a transaction of its own; others are not counted."""
    if not isinstance(refusal, ClausesFailed | RequestIncomplete):
        return
    wiring = wiring_of(request)
    with wiring.pool.connection() as tx:
        count_refusals(tx, [str(one["clause_id"]) for one in refusal.failed], at=wiring.now())
