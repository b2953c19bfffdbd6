"""Tests of requests for data and of the answers to them."""

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
from policies.decision.facts import ApplyFacts, DecideFacts
from policies.terms import ShareType


def both_sides_are_identified(facts: ApplyFacts) -> Finding:
    """Applicant and provider have proved who they are."""
    return given_all(
        applicant_identity=facts.is_identity_verified,
        provider_identity=facts.is_provider_identity_verified,
    )


def duty_item_is_in_force(facts: ApplyFacts) -> Finding:
    """The request rests on an item of the applicant's own duty list."""
    return holds(
        is_met=bool(facts.duty_item) and facts.is_duty_item_in_force,
        duty_item=facts.duty_item,
        is_duty_item_in_force=facts.is_duty_item_in_force,
    )


def foreign_authority_is_approved(facts: ApplyFacts) -> Finding:
    """Judicial and law-enforcement bodies of other countries get nothing without approval."""
    if not facts.is_foreign_authority:
        return NOT_APPLICABLE
    return given_all(foreign_approval_reference=facts.foreign_approval_reference)


def scenario_is_pledged(facts: ApplyFacts) -> Finding:
    """A scenario, and a pledge that the request is true, compliant and safe."""
    return given_all(scenario=facts.scenario, has_pledge=facts.has_pledge)


def columns_are_needed(facts: ApplyFacts) -> Finding:
    """No more columns are asked for than the purpose needs."""
    if facts.needed_columns is None:
        return NOT_APPLICABLE
    return none_of(
        sorted(facts.requested_columns - facts.needed_columns),
        requested_columns=facts.requested_columns,
        needed_columns=facts.needed_columns,
    )


def purpose_is_from_list(facts: ApplyFacts) -> Finding:
    """The purpose was chosen, not only described."""
    return holds(is_met=facts.purpose is not None, purpose=facts.purpose)


def request_is_complete(facts: ApplyFacts, given: Given) -> Finding:
    """Basis, scenario, scope, manner and time limit, with approval by the share office's head."""
    return given_all(
        basis=facts.basis,
        scenario=facts.scenario,
        scope=facts.scope,
        manner=facts.manner,
        ends_on=facts.ends_on if facts.ends_on and facts.ends_on > given.day else None,
        has_pledge=facts.has_pledge,
        approver_id=facts.approver_id if facts.is_approver_share_head else "",
    )


def request_approver_is_another(facts: ApplyFacts) -> Finding:
    """Nobody approves their own request."""
    if not facts.approver_id:
        return NOT_APPLICABLE
    return holds(
        is_met=facts.approver_id != facts.submitter_id,
        submitter_id=facts.submitter_id,
        approver_id=facts.approver_id,
    )


def credential_counts(facts: ApplyFacts) -> Finding:
    """Issuer, proof, dates and status of the credential are good."""
    faults = facts.credential_faults or ()
    return none_of(faults, credential_faults=faults)


def unconditional_is_granted(facts: DecideFacts) -> Finding:
    """Unconditional data is released, by the head of the share office or a standing release."""
    if facts.share_type is not ShareType.UNCONDITIONAL:
        return NOT_APPLICABLE
    is_released = facts.has_standing_release or facts.is_released_by_share_head
    return holds(
        is_met=facts.is_granted and is_released,
        is_granted=facts.is_granted,
        has_standing_release=facts.has_standing_release,
        is_released_by_share_head=facts.is_released_by_share_head,
    )


def unconditional_is_answered_in_time(facts: DecideFacts, given: Given) -> Finding:
    """Unconditional data is given within the term; with a standing release at once."""
    if facts.share_type is not ShareType.UNCONDITIONAL:
        return NOT_APPLICABLE
    most = 0 if facts.has_standing_release else given.number("working_days")
    taken = facts.working_days_taken
    return holds(is_met=taken <= most, working_days_taken=taken, working_days_allowed=most)


def conditional_is_answered_in_time(facts: DecideFacts, given: Given) -> Finding:
    """Conditional data is decided within the term; a longer one has consent and notice."""
    if facts.share_type is not ShareType.CONDITIONAL:
        return NOT_APPLICABLE
    is_extended = bool(facts.extension_consent_reference) and facts.was_extension_notified
    extension = facts.extension_working_days if is_extended else 0
    most = given.number("working_days") + min(extension, given.number("extension_working_days"))
    taken = facts.working_days_taken
    return holds(is_met=taken <= most, working_days_taken=taken, working_days_allowed=most)


def delivery_is_in_time(facts: DecideFacts, given: Given) -> Finding:
    """The data is delivered within the term after the yes."""
    taken = facts.delivery_working_days
    if taken is None:
        return NOT_APPLICABLE
    most = given.number("working_days")
    return holds(is_met=taken <= most, working_days_taken=taken, working_days_allowed=most)


def refusal_has_reasons(facts: DecideFacts, given: Given) -> Finding:
    """A refusal has a reason code, a text and a legal basis of the closed list."""
    if facts.is_granted:
        return NOT_APPLICABLE
    return given_all(
        reason_code=facts.reason_code,
        reason_text=facts.reason_text,
        legal_basis_id=given.profile.legal_basis(facts.legal_basis_id),
    )


def refusal_says_why(facts: DecideFacts) -> Finding:
    """A refusal has a reason in words."""
    if facts.is_granted:
        return NOT_APPLICABLE
    return given_all(reason_text=facts.reason_text)


def conditions_have_legal_basis(facts: DecideFacts, given: Given) -> Finding:
    """Every condition is from the closed list and cites a text; none is free text."""
    known = given.words("conditions")
    faults = [
        condition.name
        for condition in facts.conditions
        if condition.name not in known
        or given.profile.legal_basis(condition.legal_basis_id) is None
    ]
    if facts.free_text_condition:
        faults.append("free_text_condition")
    return none_of(faults, conditions=tuple(condition.name for condition in facts.conditions))


def gaps_are_named_at_once(facts: DecideFacts) -> Finding:
    """No refusal while something is missing, and what is missing was named once."""
    is_met = (facts.is_granted or not facts.open_gaps) and facts.times_gaps_were_named <= 1
    return holds(
        is_met=is_met, named=facts.open_gaps, times_gaps_were_named=facts.times_gaps_were_named
    )


def rest_is_given(facts: DecideFacts) -> Finding:
    """Before a partly open dataset is refused, giving the rest was tried."""
    if facts.is_granted or not facts.is_partly_open:
        return NOT_APPLICABLE
    return given_all(separation_reference=facts.separation_reference)


def decider_is_another(facts: DecideFacts) -> Finding:
    """Nobody decides on a request that they sent themselves."""
    return holds(
        is_met=bool(facts.decider_id) and facts.decider_id != facts.submitter_id,
        submitter_id=facts.submitter_id,
        decider_id=facts.decider_id,
    )


def flow_back_has_no_conditions(facts: DecideFacts) -> Finding:
    """What an area asks back is given, without further conditions."""
    if not facts.is_flow_back:
        return NOT_APPLICABLE
    named = tuple(condition.name for condition in facts.conditions)
    return holds(
        is_met=facts.is_granted and not named and not facts.free_text_condition,
        is_granted=facts.is_granted,
        conditions=named,
    )


def like_requests_fare_alike(facts: DecideFacts) -> Finding:
    """The same facts were never answered otherwise."""
    count = facts.unequal_decision_count
    return holds(is_met=not count, unequal_decision_count=count)


def third_party_was_heard(facts: DecideFacts, given: Given) -> Finding:
    """An affected third party answered, or its time to comment is over."""
    taken, most = facts.third_party_working_days or 0, given.number("working_days")
    return holds(
        is_met=not facts.is_granted or facts.has_third_party_answered or taken > most,
        working_days_taken=taken,
        working_days_allowed=most,
        has_third_party_answered=facts.has_third_party_answered,
    )


def disclosure_is_answered_in_time(facts: DecideFacts, given: Given) -> Finding:
    """A disclosure request is answered within the term; a longer one has consent and notice."""
    is_extended = bool(facts.extension_consent_reference) and facts.was_extension_notified
    extension = facts.extension_working_days if is_extended else 0
    most = given.number("working_days") + min(extension, given.number("extension_working_days"))
    taken = facts.disclosure_working_days or 0
    return holds(is_met=taken <= most, working_days_taken=taken, working_days_allowed=most)


APPLY_CHECKS: Mapping[str, Check[ApplyFacts]] = {
    "both_sides_are_identified": of_facts(both_sides_are_identified),
    "duty_item_is_in_force": of_facts(duty_item_is_in_force),
    "foreign_authority_is_approved": of_facts(foreign_authority_is_approved),
    "scenario_is_pledged": of_facts(scenario_is_pledged),
    "columns_are_needed": of_facts(columns_are_needed),
    "purpose_is_from_list": of_facts(purpose_is_from_list),
    "request_is_complete": Check(request_is_complete),
    "request_approver_is_another": of_facts(request_approver_is_another),
    "credential_counts": of_facts(credential_counts, "credential_faults"),
}

DECIDE_CHECKS: Mapping[str, Check[DecideFacts]] = {
    "unconditional_is_granted": of_facts(unconditional_is_granted),
    "unconditional_is_answered_in_time": Check(
        unconditional_is_answered_in_time, numbers=("working_days",)
    ),
    "conditional_is_answered_in_time": Check(
        conditional_is_answered_in_time, numbers=("working_days", "extension_working_days")
    ),
    "delivery_is_in_time": Check(delivery_is_in_time, numbers=("working_days",)),
    "refusal_has_reasons": Check(refusal_has_reasons),
    "refusal_says_why": of_facts(refusal_says_why),
    "conditions_have_legal_basis": Check(conditions_have_legal_basis, words=("conditions",)),
    "gaps_are_named_at_once": of_facts(gaps_are_named_at_once),
    "rest_is_given": of_facts(rest_is_given),
    "decider_is_another": of_facts(decider_is_another),
    "flow_back_has_no_conditions": of_facts(flow_back_has_no_conditions, "is_flow_back"),
    "like_requests_fare_alike": of_facts(like_requests_fare_alike, "unequal_decision_count"),
    "third_party_was_heard": Check(
        third_party_was_heard, numbers=("working_days",), needs=("third_party_working_days",)
    ),
    "disclosure_is_answered_in_time": Check(
        disclosure_is_answered_in_time,
        numbers=("working_days", "extension_working_days"),
        needs=("disclosure_working_days",),
    ),
}
