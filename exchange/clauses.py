"""Ask the clauses of the standards, and refuse in their words where they stand against it."""

from __future__ import annotations

from datetime import datetime

from exchange.errors import ClausesFailed, RequestIncomplete
from policies.decision.clause import ClauseResult, Judgement, Severity
from policies.decision.facts import Facts
from policies.decision.judge import judge
from policies.decision.profile import profile_in_force


def judge_all(*stages: Facts, at: datetime) -> Judgement:
    """One judgement over the facts of several stages, by the profile in force at `at`."""
    profile = profile_in_force(at)
    results = tuple(result for facts in stages for result in judge(profile, facts, at=at).results)
    return Judgement(results, profile.id, profile.fingerprint)


def refuse_blocked(judgement: Judgement) -> None:
    """Refuse where a clause blocks the act.

    Raises: ClausesFailed.
    """
    if judgement.blocking:
        raise ClausesFailed(*_named(judgement.blocking))


def refuse_held(judgement: Judgement) -> None:
    """Refuse a new agreement where a clause blocks it or holds new ones back.

    Raises: ClausesFailed.
    """
    against = judgement.blocking + judgement.failed(Severity.HOLD)
    if against:
        raise ClausesFailed(*_named(against))


def refuse_incomplete(judgement: Judgement) -> None:
    """Refuse a request in which something is missing, all of it named at once.

    Raises: RequestIncomplete.
    """
    if judgement.blocking:
        raise RequestIncomplete(*_named(judgement.blocking))


def _named(results: tuple[ClauseResult, ...]) -> tuple[str, list[dict[str, object]]]:
    ids = ", ".join(result.clause_id for result in results)
    return ids, [
        {
            "clause_id": result.clause_id,
            "source": result.source.as_map(),
            "article": result.article.as_map(),
            "message": result.message.as_map(),
        }
        for result in results
    ]
