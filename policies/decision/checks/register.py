"""Tests of a dataset as described, and of who reviewed and approved it."""

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
from policies.decision.facts import ApproveFacts, RegisterFacts
from policies.terms import Grade, OpenType, ShareType


def grade_is_explained(facts: RegisterFacts) -> Finding:
    """A grade with its assessor, its day, and who would be harmed how badly."""
    return given_all(
        grade=facts.grade,
        grade_assessor=facts.grade_assessor,
        graded_on=facts.graded_on,
        affected_object=facts.affected_object,
        harm_level=facts.harm_level,
    )


def grade_is_reviewed(facts: RegisterFacts, given: Given) -> Finding:
    """The grade was looked at again in time."""
    if facts.review_due_on is None:
        return NOT_APPLICABLE
    return holds(is_met=given.day <= facts.review_due_on, review_due_on=facts.review_due_on)


def many_subjects_are_important(facts: RegisterFacts, given: Given) -> Finding:
    """Data about very many people is at least important."""
    if facts.subject_count <= given.number("most_subjects_count"):
        return NOT_APPLICABLE
    is_met = facts.grade is not None and facts.grade >= Grade.IMPORTANT
    return holds(is_met=is_met, subject_count=facts.subject_count, grade=facts.grade)


def share_type_is_set(facts: RegisterFacts) -> Finding:
    """One of the three share classes was chosen."""
    return holds(is_met=facts.share_type is not None, share_type=facts.share_type)


def not_shared_is_founded(facts: RegisterFacts, given: Given) -> Finding:
    """Not sharing rests on a text of a rank that suffices, and says why."""
    if facts.share_type is not ShareType.NOT_SHARED:
        return NOT_APPLICABLE
    basis = given.profile.legal_basis(facts.share_legal_basis_id)
    is_met = basis is not None and basis.kind in given.words("kinds") and bool(facts.share_reason)
    return holds(
        is_met=is_met,
        share_legal_basis_id=facts.share_legal_basis_id,
        legal_basis_kind=basis and basis.kind,
        share_reason=facts.share_reason,
    )


def restriction_has_reason(facts: RegisterFacts) -> Finding:
    """Anything less than unconditional sharing says why."""
    if facts.share_type in (None, ShareType.UNCONDITIONAL):
        return NOT_APPLICABLE
    return given_all(share_reason=facts.share_reason)


def open_type_is_set(facts: RegisterFacts) -> Finding:
    """One of the three open classes was chosen; less than unconditional says why."""
    if facts.open_type is OpenType.UNCONDITIONAL:
        return holds(is_met=True, open_type=facts.open_type)
    return given_all(open_type=facts.open_type, open_reason=facts.open_reason)


def catalogue_is_current(facts: RegisterFacts, given: Given) -> Finding:
    """A change of law or duty was worked into the entry in time."""
    taken = facts.catalogue_change_working_days
    if taken is None:
        return NOT_APPLICABLE
    most = given.number("working_days")
    if facts.has_catalogue_extension_consent:
        most += given.number("extension_working_days")
    return holds(is_met=taken <= most, working_days_taken=taken, working_days_allowed=most)


def entry_is_complete(facts: RegisterFacts) -> Finding:
    """The nine things that a catalogue entry names."""
    return none_of((name for name, value in _entry(facts).items() if not value), items=facts.items)


def _entry(facts: RegisterFacts) -> dict[str, object]:
    is_conditional = facts.share_type is ShareType.CONDITIONAL
    return {
        "directory": facts.directory,
        "items": facts.items,
        "provider_id": facts.provider_id,
        "format": facts.format,
        "update_cycle": facts.update_cycle,
        "share_type": facts.share_type,
        "share_manner": facts.share_manner,
        "share_conditions": facts.share_conditions or not is_conditional,
        "grade": facts.grade,
    }


def items_have_one_source(facts: RegisterFacts) -> Finding:
    """No item belongs to another department as its named source."""
    return none_of(facts.items_owned_elsewhere, items=facts.items)


def nothing_is_collected_again(facts: RegisterFacts) -> Finding:
    """No item is collected that sharing can supply."""
    return none_of(facts.overlapping_items or (), items=facts.items)


def description_has_elements(facts: RegisterFacts, given: Given) -> Finding:
    """The description has every element that the clause names."""
    described = facts.described_elements or frozenset()
    return none_of(sorted(given.words("elements") - described), described_elements=described)


def participant_is_described(facts: RegisterFacts) -> Finding:
    """What the provider says of itself is vouched for."""
    missing = facts.missing_participant_parts or ()
    return none_of(missing, missing_participant_parts=missing)


def grade_is_assessed(facts: RegisterFacts) -> Finding:
    """A grade with the one who answers for it and the day."""
    return given_all(
        grade=facts.grade, grade_assessor=facts.grade_assessor, graded_on=facts.graded_on
    )


def entry_names_its_data(facts: RegisterFacts) -> Finding:
    """The things that a catalogue entry names of the data itself."""
    entry = _entry(facts)
    told = ("items", "provider_id", "format", "update_cycle", "share_type", "grade")
    return none_of((name for name in told if not entry[name]), items=facts.items)


def entry_names_its_sharing(facts: RegisterFacts) -> Finding:
    """The things that a catalogue entry names of its place and of how it is shared."""
    entry = _entry(facts)
    told = ("directory", "share_manner", "share_conditions")
    return none_of((name for name in told if not entry[name]), directory=facts.directory)


def items_have_one_named_source(facts: RegisterFacts) -> Finding:
    """No item belongs to another department, as far as a list of sources is kept."""
    return none_of(facts.items_named_elsewhere or (), items=facts.items)


def reviews_are_signed(facts: ApproveFacts) -> Finding:
    """A secrecy review, a personal-data review and an approval."""
    return given_all(
        secrecy_reviewer_ids=facts.secrecy_reviewer_ids,
        personal_data_reviewer_id=facts.personal_data_reviewer_id,
        approver_id=facts.approver_id,
    )


def secrecy_takes_two(facts: ApproveFacts) -> Finding:
    """Two different people looked for secrets."""
    reviewers = facts.secrecy_reviewer_ids
    return holds(is_met=len(set(reviewers) - {""}) >= 2, secrecy_reviewer_ids=reviewers)


def approver_is_another(facts: ApproveFacts) -> Finding:
    """Nobody approves what they submitted."""
    is_met = bool(facts.approver_id) and facts.approver_id != facts.submitter_id
    return holds(is_met=is_met, submitter_id=facts.submitter_id, approver_id=facts.approver_id)


REGISTER_CHECKS: Mapping[str, Check[RegisterFacts]] = {
    "grade_is_explained": of_facts(grade_is_explained),
    "grade_is_reviewed": Check(grade_is_reviewed),
    "many_subjects_are_important": Check(
        many_subjects_are_important, numbers=("most_subjects_count",)
    ),
    "share_type_is_set": of_facts(share_type_is_set),
    "not_shared_is_founded": Check(not_shared_is_founded, words=("kinds",)),
    "restriction_has_reason": of_facts(restriction_has_reason),
    "open_type_is_set": of_facts(open_type_is_set),
    "catalogue_is_current": Check(
        catalogue_is_current, numbers=("working_days", "extension_working_days")
    ),
    "entry_is_complete": of_facts(entry_is_complete),
    "items_have_one_source": of_facts(items_have_one_source),
    "grade_is_assessed": of_facts(grade_is_assessed),
    "entry_names_its_data": of_facts(entry_names_its_data),
    "entry_names_its_sharing": of_facts(entry_names_its_sharing),
    "items_have_one_named_source": of_facts(items_have_one_named_source, "items_named_elsewhere"),
    "nothing_is_collected_again": of_facts(nothing_is_collected_again, "overlapping_items"),
    "description_has_elements": Check(
        description_has_elements, words=("elements",), needs=("described_elements",)
    ),
    "participant_is_described": of_facts(participant_is_described, "missing_participant_parts"),
}

APPROVE_CHECKS: Mapping[str, Check[ApproveFacts]] = {
    "reviews_are_signed": of_facts(reviews_are_signed),
    "secrecy_takes_two": of_facts(secrecy_takes_two),
    "approver_is_another": of_facts(approver_is_another),
}
