"""Ask the clauses of the standards, and refuse in their words where they stand against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from exchange.errors import ClausesFailed, RequestIncomplete
from policies.decision.clause import ClauseResult, Judgement, Profile, Severity, Stage
from policies.decision.facts import Facts
from policies.decision.judge import judge
from policies.decision.profile import profile_in_force

GIVEN: Mapping[Stage, frozenset[str]] = {
    Stage.REGISTER: frozenset({"described_elements"}),
    Stage.LIST: frozenset(
        {"are_conditions_public", "described_items", "harm_reviewer_id", "input_owner_ids"}
    ),
    Stage.PRICE: frozenset(),
    Stage.APPLY: frozenset(),
    Stage.DECIDE: frozenset({"is_flow_back", "unequal_decision_count"}),
    Stage.AGREE: frozenset({"target", "is_contracted_elsewhere"}),
    Stage.TOKEN: frozenset({"token_algorithm", "claims"}),
    Stage.WITHDRAW: frozenset(),
    Stage.DELIVER: frozenset(
        {"is_agreement_in_force", "agreed_purposes", "held_microcredits", "receipt_fields"}
    ),
    Stage.AUDIT: frozenset(
        {
            "assets_out_of_balance",
            "deliveries_without_proof",
            "deliveries_without_receipt",
            "demands_overdue",
            "events_outside_log",
            "holds_resolved_wrongly",
            "settlements_without_identity",
            "shared_without_check",
        }
    ),
}
"""The stages at which clauses are asked, with the facts that could be unknown and are given."""


def judge_all(*stages: Facts, at: datetime) -> Judgement:
    """One judgement over the facts of several stages, by the profile in force at `at`."""
    return judge_under(profile_in_force(at), *stages, at=at)


def judge_under(profile: Profile, *stages: Facts, at: datetime) -> Judgement:
    """One judgement over the facts of several stages, by any profile."""
    results = tuple(result for facts in stages for result in judge(profile, facts, at=at).results)
    return Judgement(results, profile.id, profile.fingerprint)


def is_given(stage: Stage, needs: Iterable[str]) -> bool:
    """Whether the exchange asks clauses of that stage and can give the facts that one needs."""
    return stage in GIVEN and GIVEN[stage].issuperset(needs)


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
