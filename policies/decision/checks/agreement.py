"""Tests of agreements, tokens, withdrawal and purging."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

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
from policies.decision.facts import AgreeFacts, PurgeFacts, TokenFacts, WithdrawFacts
from policies.terms import Grade, Purpose

_WHOLE_BASIS_POINTS = 10_000


def important_data_is_assessed(facts: AgreeFacts, given: Given) -> Finding:
    """A full risk assessment, or a legal duty, stands before important data is given."""
    many = facts.subject_count > given.number("most_subjects_count")
    if facts.grade < Grade.IMPORTANT and not many:
        return NOT_APPLICABLE
    if facts.legal_duty_reference:
        return holds(is_met=True, legal_duty_reference=facts.legal_duty_reference)
    faults = sorted(given.words("headings") - facts.risk_assessment_headings)
    assessed = facts.risk_assessed_on
    age = timedelta(days=given.number("most_age_days"))
    if assessed is None or given.day - assessed > age:
        faults.append("risk_assessed_on")
    return none_of(faults, grade=facts.grade, risk_assessed_on=assessed)


def use_is_stated(facts: AgreeFacts) -> Finding:
    """Purpose, manner, scope and security duties are written down."""
    return given_all(
        purposes=facts.purposes,
        manner=facts.manner,
        scope=facts.scope,
        security_duties=facts.security_duties,
    )


def passing_on_is_prohibited(facts: AgreeFacts) -> Finding:
    """The agreement prohibits distribution."""
    return given_all(is_distribution_prohibited=facts.is_distribution_prohibited)


def exclusivity_is_justified(facts: AgreeFacts, given: Given) -> Finding:
    """Exclusive use of public data was announced beforehand and will be reviewed."""
    if not facts.is_exclusive or not facts.has_public_inputs or facts.starts_at is None:
        return NOT_APPLICABLE
    starts = facts.starts_at.date()
    announced, review = facts.exclusivity_published_on, facts.exclusivity_review_on
    notice = timedelta(days=given.number("notice_days"))
    return holds(
        is_met=announced is not None
        and starts - announced >= notice
        and review is not None
        and review <= _years_after(starts, given.number("most_years")),
        exclusivity_published_on=announced,
        exclusivity_review_on=review,
    )


def training_names_its_model(facts: AgreeFacts) -> Finding:
    """Where training is agreed, the model and its version are written down."""
    if Purpose.MODEL_TRAINING not in facts.purposes:
        return NOT_APPLICABLE
    return given_all(training_model=facts.training_model)


def personal_data_has_basis(facts: AgreeFacts, given: Given) -> Finding:
    """Handling personal data rests on a basis of the closed list."""
    if not facts.has_personal_data:
        return NOT_APPLICABLE
    return holds(
        is_met=facts.personal_basis in given.words("personal_bases"),
        personal_basis=facts.personal_basis,
    )


def persons_were_told_and_agreed(facts: AgreeFacts) -> Finding:
    """The persons were told who gets what for what, and agreed to just that."""
    if not facts.has_personal_data or facts.legal_duty_reference:
        return NOT_APPLICABLE
    return given_all(
        notice_reference=facts.notice_reference,
        separate_consent_reference=facts.separate_consent_reference,
    )


def impact_is_assessed(facts: AgreeFacts) -> Finding:
    """An impact assessment stands before personal data is given to another."""
    if not facts.has_personal_data and not facts.has_sensitive_data:
        return NOT_APPLICABLE
    return given_all(impact_assessment_reference=facts.impact_assessment_reference)


def parties_are_one_and_one(facts: AgreeFacts) -> Finding:
    """One assigner and one assignee, and they differ."""
    parties = facts.assigner_ids + facts.assignee_ids
    is_met = len(facts.assigner_ids) == len(facts.assignee_ids) == 1 and len(set(parties)) == 2
    return holds(is_met=is_met, assigner_ids=facts.assigner_ids, assignee_ids=facts.assignee_ids)


def conflicts_prohibit(facts: AgreeFacts) -> Finding:
    """The agreement writes out that prohibitions win."""
    return holds(
        is_met=facts.conflict_strategy == "prohibit", conflict_strategy=facts.conflict_strategy
    )


def term_is_ahead(facts: AgreeFacts, given: Given) -> Finding:
    """The agreement has a start and an end, in this order, and the end is not past."""
    starts, ends = facts.starts_at, facts.ends_at
    is_met = starts is not None and ends is not None and starts < ends and given.at < ends
    return holds(is_met=is_met, starts_at=starts, ends_at=ends)


def sections_are_filled(facts: AgreeFacts, given: Given) -> Finding:
    """All sections of the agreement are filled."""
    return none_of(
        sorted(given.words("sections") - facts.filled_sections),
        filled_sections=facts.filled_sections,
    )


def authorisation_is_not_too_long(facts: AgreeFacts, given: Given) -> Finding:
    """An authorisation lasts no longer than the longest term, or a recorded exception allows it."""
    if not facts.is_authorised_operation or facts.starts_at is None or facts.ends_at is None:
        return NOT_APPLICABLE
    last = _years_after(facts.starts_at.date(), given.number("most_years"))
    return holds(
        is_met=facts.ends_at.date() <= last or bool(facts.term_exception_reference),
        starts_at=facts.starts_at,
        ends_at=facts.ends_at,
        term_exception_reference=facts.term_exception_reference,
    )


def assessor_is_no_party(facts: AgreeFacts) -> Finding:
    """Who assessed the product neither sells nor buys it."""
    if not facts.assessor_id:
        return NOT_APPLICABLE
    parties = facts.assigner_ids + facts.assignee_ids
    return holds(
        is_met=facts.assessor_id not in parties, assessor_id=facts.assessor_id, parties=parties
    )


def shares_add_up(facts: AgreeFacts) -> Finding:
    """Shares of the income are positive, make a whole, and name who keeps the rounding rest."""
    shares = facts.revenue_basis_points
    if not shares:
        return NOT_APPLICABLE
    is_whole = sum(shares) == _WHOLE_BASIS_POINTS and min(shares) > 0
    return holds(
        is_met=is_whole and bool(facts.rounding_party_id),
        revenue_basis_points=shares,
        rounding_party_id=facts.rounding_party_id,
    )


def agreement_names_its_target_once(facts: AgreeFacts) -> Finding:
    """The agreement has its time, both parties and one target; no rule has another."""
    return none_of(
        [
            *(["target"] if not facts.target else []),
            *(["concluded_at"] if facts.concluded_at is None else []),
            *facts.rules_with_own_target,
        ],
        target=facts.target,
        concluded_at=facts.concluded_at,
    )


def contract_elsewhere_is_filed(facts: AgreeFacts) -> Finding:
    """A contract on a product of authorised operation that was signed elsewhere is filed here."""
    if not facts.is_contracted_elsewhere or not facts.is_authorised_operation:
        return NOT_APPLICABLE
    return given_all(contract_filing_number=facts.contract_filing_number)


def signatures_are_valid(facts: AgreeFacts) -> Finding:
    """Every signature fits the words of the agreement."""
    return holds(
        is_met=bool(facts.are_signatures_valid), are_signatures_valid=facts.are_signatures_valid
    )


def token_ends_in_time(facts: TokenFacts) -> Finding:
    """The token ends no later than agreement, entitlement and signing key."""
    last = min(facts.agreement_ends_at, facts.entitlement_ends_at, facts.key_retires_at)
    return holds(is_met=facts.expires_at <= last, expires_at=facts.expires_at, last_moment=last)


def agreement_is_running(facts: TokenFacts, given: Given) -> Finding:
    """The agreement has begun and has not ended."""
    return holds(
        is_met=facts.agreement_starts_at <= given.at < facts.agreement_ends_at,
        agreement_starts_at=facts.agreement_starts_at,
        agreement_ends_at=facts.agreement_ends_at,
    )


def holder_is_not_platform(facts: TokenFacts) -> Finding:
    """Who builds or runs the platform gets no token for data."""
    return holds(
        is_met=not facts.is_platform_identity, is_platform_identity=facts.is_platform_identity
    )


def delegation_is_short(facts: TokenFacts, given: Given) -> Finding:
    """Work is handed on at most once, with the owner's consent."""
    if facts.delegation_depth == 0:
        return NOT_APPLICABLE
    is_met = facts.delegation_depth <= given.number("most_depth") and facts.has_delegation_consent
    return holds(
        is_met=is_met,
        delegation_depth=facts.delegation_depth,
        has_delegation_consent=facts.has_delegation_consent,
    )


def exchange_narrows(facts: TokenFacts, given: Given) -> Finding:
    """An exchanged token allows no more than the one it was exchanged for."""
    if facts.parent_scope is None:
        return NOT_APPLICABLE
    return none_of(
        sorted(facts.scope - facts.parent_scope)
        + (
            ["actor_chain_length"] if facts.actor_chain_length > given.number("most_actors") else []
        ),
        scope=facts.scope,
        parent_scope=facts.parent_scope,
        actor_chain_length=facts.actor_chain_length,
    )


def export_is_approved(facts: TokenFacts, given: Given) -> Finding:
    """Important or personal data leaves the country only with approval."""
    is_guarded = facts.grade >= Grade.IMPORTANT or facts.has_personal_data
    if facts.region in given.words("regions") or not is_guarded:
        return NOT_APPLICABLE
    return holds(
        is_met=bool(facts.export_approval_reference),
        region=facts.region,
        export_approval_reference=facts.export_approval_reference,
    )


def registration_has_not_lapsed(facts: TokenFacts, given: Given) -> Finding:
    """The registration behind the product runs at least until the token ends."""
    if facts.registration_expires_on is None:
        return NOT_APPLICABLE
    return holds(
        is_met=given.day < facts.registration_expires_on,
        registration_expires_on=facts.registration_expires_on,
    )


def token_is_complete(facts: TokenFacts, given: Given) -> Finding:
    """The token carries every claim that a reader has to check."""
    claims = facts.claims or frozenset()
    return none_of(sorted(given.words("claims") - claims), claims=claims)


def algorithm_is_allowed(facts: TokenFacts, given: Given) -> Finding:
    """The token is signed by a listed algorithm."""
    return holds(
        is_met=facts.token_algorithm in given.words("algorithms"),
        token_algorithm=facts.token_algorithm,
    )


def important_tokens_are_bound(facts: TokenFacts) -> Finding:
    """A token for important data is bound to its holder's key where the client can do it."""
    if facts.grade < Grade.IMPORTANT or not facts.can_sender_bind:
        return NOT_APPLICABLE
    return holds(is_met=bool(facts.is_sender_bound), is_sender_bound=facts.is_sender_bound)


def duties_are_done(facts: TokenFacts) -> Finding:
    """No duty that the permission depends on is due and undone."""
    unmet = facts.unmet_duties or ()
    return none_of(unmet, unmet_duties=unmet)


def withdrawal_is_negotiated(facts: WithdrawFacts) -> Finding:
    """A running service is stopped or changed with reason, after talks, and filed."""
    if facts.live_agreement_count == 0:
        return NOT_APPLICABLE
    return given_all(
        reason=facts.reason,
        negotiation_reference=facts.negotiation_reference,
        filing_number=facts.filing_number,
    )


def records_are_old_enough(facts: PurgeFacts, given: Given) -> Finding:
    """Records of use are kept for the years that the clause sets."""
    return _is_kept(facts, given)


def guarded_records_are_old_enough(facts: PurgeFacts, given: Given) -> Finding:
    """Records of giving personal or important data are kept for the years that the clause sets."""
    if not facts.has_personal_data and not facts.is_important:
        return NOT_APPLICABLE
    return _is_kept(facts, given)


def assessments_are_old_enough(facts: PurgeFacts, given: Given) -> Finding:
    """Impact assessments are kept for the years that the clause sets."""
    if not facts.is_impact_assessment:
        return NOT_APPLICABLE
    return _is_kept(facts, given)


def _is_kept(facts: PurgeFacts, given: Given) -> Finding:
    ended = facts.ended_on
    is_met = ended is not None and _years_after(ended, given.number("least_years")) <= given.day
    return holds(is_met=is_met, ended_on=ended)


def _years_after(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


AGREE_CHECKS: Mapping[str, Check[AgreeFacts]] = {
    "important_data_is_assessed": Check(
        important_data_is_assessed,
        numbers=("most_subjects_count", "most_age_days"),
        words=("headings",),
    ),
    "use_is_stated": of_facts(use_is_stated),
    "passing_on_is_prohibited": of_facts(passing_on_is_prohibited),
    "exclusivity_is_justified": Check(
        exclusivity_is_justified, numbers=("notice_days", "most_years")
    ),
    "training_names_its_model": of_facts(training_names_its_model),
    "personal_data_has_basis": Check(personal_data_has_basis, words=("personal_bases",)),
    "persons_were_told_and_agreed": of_facts(persons_were_told_and_agreed),
    "impact_is_assessed": of_facts(impact_is_assessed),
    "parties_are_one_and_one": of_facts(parties_are_one_and_one),
    "conflicts_prohibit": of_facts(conflicts_prohibit),
    "term_is_ahead": Check(term_is_ahead),
    "sections_are_filled": Check(sections_are_filled, words=("sections",)),
    "authorisation_is_not_too_long": Check(authorisation_is_not_too_long, numbers=("most_years",)),
    "assessor_is_no_party": of_facts(assessor_is_no_party),
    "shares_add_up": of_facts(shares_add_up),
    "agreement_names_its_target_once": of_facts(agreement_names_its_target_once, "target"),
    "contract_elsewhere_is_filed": of_facts(contract_elsewhere_is_filed, "is_contracted_elsewhere"),
    "signatures_are_valid": of_facts(signatures_are_valid, "are_signatures_valid"),
}

TOKEN_CHECKS: Mapping[str, Check[TokenFacts]] = {
    "token_ends_in_time": of_facts(token_ends_in_time),
    "agreement_is_running": Check(agreement_is_running),
    "holder_is_not_platform": of_facts(holder_is_not_platform),
    "delegation_is_short": Check(delegation_is_short, numbers=("most_depth",)),
    "exchange_narrows": Check(exchange_narrows, numbers=("most_actors",)),
    "export_is_approved": Check(export_is_approved, words=("regions",)),
    "registration_has_not_lapsed": Check(registration_has_not_lapsed),
    "token_is_complete": Check(token_is_complete, words=("claims",), needs=("claims",)),
    "algorithm_is_allowed": Check(
        algorithm_is_allowed, words=("algorithms",), needs=("token_algorithm",)
    ),
    "important_tokens_are_bound": of_facts(important_tokens_are_bound, "is_sender_bound"),
    "duties_are_done": of_facts(duties_are_done, "unmet_duties"),
}

WITHDRAW_CHECKS: Mapping[str, Check[WithdrawFacts]] = {
    "withdrawal_is_negotiated": of_facts(withdrawal_is_negotiated),
}

PURGE_CHECKS: Mapping[str, Check[PurgeFacts]] = {
    "records_are_old_enough": Check(records_are_old_enough, numbers=("least_years",)),
    "guarded_records_are_old_enough": Check(
        guarded_records_are_old_enough, numbers=("least_years",)
    ),
    "assessments_are_old_enough": Check(assessments_are_old_enough, numbers=("least_years",)),
}
