"""Tests of negotiations, of deliveries, and of what follows the end of an agreement."""

from __future__ import annotations

from collections.abc import Mapping

from policies.decision.checks.finding import (
    NOT_APPLICABLE,
    Check,
    Finding,
    Given,
    given_all,
    holds,
    none_of,
    of_facts,
)
from policies.decision.facts import DeliverFacts, EndFacts, NegotiateFacts


def move_is_allowed(facts: NegotiateFacts, given: Given) -> Finding:
    """The negotiation moves along the protocol's states."""
    move = f"{facts.state_before}>{facts.state_after}"
    return holds(is_met=move in given.words("moves"), move=move)


def no_gate_is_skipped(facts: NegotiateFacts, given: Given) -> Finding:
    """The gates were passed in their order, none left out."""
    order = given.parameters["gates"]
    assert isinstance(order, tuple)
    passed = facts.gates_passed or ()
    return none_of(
        order[: len(passed)] if passed != order[: len(passed)] else (), gates_passed=passed
    )


def agreement_is_final(facts: DeliverFacts) -> Finding:
    """Data flows only under an agreement that is final and in force."""
    return holds(
        is_met=bool(facts.is_agreement_in_force), is_agreement_in_force=facts.is_agreement_in_force
    )


def delivery_stays_in_scope(facts: DeliverFacts) -> Finding:
    """No column leaves that was not granted."""
    return none_of(facts.columns_outside or (), columns_outside=facts.columns_outside)


def use_stays_as_agreed(facts: DeliverFacts) -> Finding:
    """Purpose and recipient are the agreed ones, or the provider agreed to more."""
    agreed = facts.agreed_purposes or frozenset()
    is_as_agreed = facts.purpose in agreed and facts.is_recipient_assignee
    return holds(
        is_met=is_as_agreed or bool(facts.widening_consent_reference),
        purpose=facts.purpose,
        agreed_purposes=agreed,
        is_recipient_assignee=facts.is_recipient_assignee,
    )


def newest_version_is_read(facts: DeliverFacts) -> Finding:
    """The newest version was read, or a reason says why an older one."""
    return holds(
        is_met=bool(facts.is_newest_version or facts.old_version_reason),
        is_newest_version=facts.is_newest_version,
        old_version_reason=facts.old_version_reason,
    )


def export_stays_in_scale(facts: DeliverFacts) -> Finding:
    """No more people's data left the country than the approval covers."""
    count = facts.exported_subject_count or 0
    return holds(
        is_met=count <= facts.approved_subject_count,
        exported_subject_count=count,
        approved_subject_count=facts.approved_subject_count,
    )


def groups_are_large_enough(facts: DeliverFacts, given: Given) -> Finding:
    """No released group covers fewer people than the threshold."""
    name = "least_sensitive_count" if facts.has_sensitive_data else "least_count"
    least, smallest = given.number(name), facts.smallest_group_count or 0
    return holds(is_met=smallest >= least, smallest_group_count=smallest, least_count=least)


def privacy_budget_lasts(facts: DeliverFacts) -> Finding:
    """What was spent and what is asked stay within the budget."""
    total = (facts.spent_microepsilon or 0) + facts.asked_microepsilon
    return holds(
        is_met=total <= facts.most_microepsilon,
        spent_microepsilon=facts.spent_microepsilon,
        asked_microepsilon=facts.asked_microepsilon,
        most_microepsilon=facts.most_microepsilon,
    )


def questions_differ_enough(facts: DeliverFacts, given: Given) -> Finding:
    """Two questions do not differ by so few people that the difference tells of one."""
    count = facts.smallest_difference_count or 0
    return holds(is_met=count >= given.number("least_count"), smallest_difference_count=count)


def hold_covers_the_charge(facts: DeliverFacts) -> Finding:
    """What was held before the delivery covers the highest charge that it can have."""
    return holds(
        is_met=(facts.held_microcredits or 0) >= facts.highest_charge_microcredits,
        held_microcredits=facts.held_microcredits,
        highest_charge_microcredits=facts.highest_charge_microcredits,
    )


def only_granted_units_are_charged(facts: DeliverFacts) -> Finding:
    """No more is charged than was granted, however often it was fetched."""
    return holds(
        is_met=(facts.charged_unit_count or 0) <= facts.granted_unit_count,
        charged_unit_count=facts.charged_unit_count,
        granted_unit_count=facts.granted_unit_count,
    )


def delivery_has_full_receipt(facts: DeliverFacts, given: Given) -> Finding:
    """A receipt stands, and states everything that it has to."""
    stated = facts.receipt_fields or frozenset()
    return none_of(sorted(given.words("fields") - stated), receipt_fields=stated)


def ended_trade_is_closed(facts: EndFacts, given: Given) -> Finding:
    """Tokens are dead, and the statement of deletion came within its days."""
    is_late = facts.days_since_end > given.number("most_days")
    faults = ["live_token_count"] if facts.live_token_count else []
    if is_late and not facts.deletion_statement_reference:
        faults.append("deletion_statement_reference")
    return none_of(
        faults, live_token_count=facts.live_token_count, days_since_end=facts.days_since_end
    )


def data_is_disposed_of(facts: EndFacts) -> Finding:
    """What the provider asked to be disposed of was, by the day that it set."""
    days = facts.disposal_due_in_days or 0
    return holds(
        is_met=days >= 0 or bool(facts.disposal_statement_reference),
        disposal_due_in_days=days,
        disposal_statement_reference=facts.disposal_statement_reference,
    )


def misuse_stops_access(facts: EndFacts) -> Finding:
    """Where misuse was found, access is suspended and a day is set to put it right."""
    if not facts.is_misuse_found:
        return NOT_APPLICABLE
    return given_all(
        is_access_suspended=facts.is_access_suspended,
        rectification_due_on=facts.rectification_due_on,
    )


NEGOTIATE_CHECKS: Mapping[str, Check[NegotiateFacts]] = {
    "move_is_allowed": Check(move_is_allowed, words=("moves",), needs=("state_before",)),
    "no_gate_is_skipped": Check(no_gate_is_skipped, words=("gates",), needs=("gates_passed",)),
}

DELIVER_CHECKS: Mapping[str, Check[DeliverFacts]] = {
    "agreement_is_final": of_facts(agreement_is_final, "is_agreement_in_force"),
    "delivery_stays_in_scope": of_facts(delivery_stays_in_scope, "columns_outside"),
    "use_stays_as_agreed": of_facts(use_stays_as_agreed, "agreed_purposes"),
    "newest_version_is_read": of_facts(newest_version_is_read, "is_newest_version"),
    "export_stays_in_scale": of_facts(export_stays_in_scale, "exported_subject_count"),
    "groups_are_large_enough": Check(
        groups_are_large_enough,
        numbers=("least_count", "least_sensitive_count"),
        needs=("smallest_group_count",),
    ),
    "privacy_budget_lasts": of_facts(privacy_budget_lasts, "spent_microepsilon"),
    "questions_differ_enough": Check(
        questions_differ_enough, numbers=("least_count",), needs=("smallest_difference_count",)
    ),
    "hold_covers_the_charge": of_facts(hold_covers_the_charge, "held_microcredits"),
    "only_granted_units_are_charged": of_facts(
        only_granted_units_are_charged, "charged_unit_count"
    ),
    "delivery_has_full_receipt": Check(
        delivery_has_full_receipt, words=("fields",), needs=("receipt_fields",)
    ),
}

END_CHECKS: Mapping[str, Check[EndFacts]] = {
    "ended_trade_is_closed": Check(
        ended_trade_is_closed, numbers=("most_days",), needs=("live_token_count",)
    ),
    "data_is_disposed_of": of_facts(data_is_disposed_of, "disposal_due_in_days"),
    "misuse_stops_access": of_facts(misuse_stops_access, "is_misuse_found"),
}
