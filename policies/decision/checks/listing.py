"""Tests of a product before it is listed: grade, lineage, rights, form, assessment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from policies.access import Action
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
from policies.decision.facts import InputFacts, ListingFacts
from policies.terms import Grade, OpenType, Regime

_RAW = frozenset((Action.PREVIEW, Action.READ_PAGE, Action.DOWNLOAD))
_BAD_NAME = re.compile(r"[\s/.\x00-\x1f\x7f]")


def grade_covers_inputs(facts: ListingFacts) -> Finding:
    """The product is graded at least as strictly as every input, or was regraded by signature."""
    if not facts.inputs:
        return NOT_APPLICABLE
    stricter = () if facts.regrading_reference else facts.inputs
    return none_of(
        (item.name for item in stricter if item.grade > facts.grade),
        grade=facts.grade,
        inputs=tuple(f"{item.name}={int(item.grade)}" for item in facts.inputs),
        regrading_reference=facts.regrading_reference,
    )


def core_stays_inside(facts: ListingFacts) -> Finding:
    """Core data is neither opened nor traded, and shared only with a special approval."""
    if facts.grade is not Grade.CORE:
        return NOT_APPLICABLE
    is_met = facts.regime is Regime.SHARE and bool(facts.special_approval_reference)
    return holds(
        is_met=is_met,
        regime=facts.regime,
        special_approval_reference=facts.special_approval_reference,
    )


def inputs_have_provenance(facts: ListingFacts) -> Finding:
    """Each input says where it came from, with evidence."""
    return _inputs(facts, lambda item: bool(item.provenance_hash))


def collection_is_lawful(facts: ListingFacts, given: Given) -> Finding:
    """A lawful basis of the closed list, declared by a named officer."""
    faults = []
    if facts.lawful_basis not in given.words("lawful_bases"):
        faults.append("lawful_basis")
    if not facts.declared_by:
        faults.append("declared_by")
    return none_of(faults, lawful_basis=facts.lawful_basis, declared_by=facts.declared_by)


def seller_may_operate(facts: ListingFacts) -> Finding:
    """The seller holds the operating right for each input that is not openly available."""
    return _inputs(facts, lambda item: _is_opened(item) or item.has_operating_right)


def holders_consent(facts: ListingFacts) -> Finding:
    """The lawful holder of each input agrees, or the input is openly available."""
    return _inputs(facts, lambda item: _is_opened(item) or item.has_holder_consent)


def public_inputs_may_be_traded(facts: ListingFacts) -> Finding:
    """Each public input is openly available or under an authorised-operation agreement."""
    return _inputs(
        facts,
        lambda item: not item.is_public or _is_opened(item) or bool(item.authorisation_reference),
    )


def shared_inputs_have_consent(facts: ListingFacts) -> Finding:
    """The department that shared an input agrees to its being traded."""
    return _inputs(
        facts, lambda item: not item.is_received_by_sharing or bool(item.share_consent_reference)
    )


def operator_does_not_redevelop(facts: ListingFacts) -> Finding:
    """Who delivered a product under authorised operation does not sell what is made out of it."""
    if not facts.is_redeveloped:
        return NOT_APPLICABLE
    own = facts.seller_affiliate_ids | {facts.seller_id}
    return none_of(
        (item.name for item in facts.inputs if item.authorised_operator_id in own),
        seller_id=facts.seller_id,
        inputs=tuple(item.name for item in facts.inputs),
    )


def resource_is_registered(facts: ListingFacts, given: Given) -> Finding:
    """What is traded under authorised operation has a registration code that has not lapsed."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    expires = facts.registration_expires_on
    is_met = bool(facts.registration_code) and expires is not None and given.day < expires
    return holds(is_met=is_met, code=facts.registration_code, registration_expires_on=expires)


def operator_is_authorised(facts: ListingFacts, given: Given) -> Finding:
    """An authorisation that covers the day stands behind the product."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    ends = facts.authorisation_ends_on
    is_met = bool(facts.authorisation_reference) and ends is not None and given.day < ends
    return holds(
        is_met=is_met,
        authorisation_reference=facts.authorisation_reference,
        authorisation_ends_on=ends,
    )


def is_machine_readable(facts: ListingFacts, given: Given) -> Finding:
    """At least one distribution is in a format of the closed list."""
    readable = given.words("formats") & {name.lower() for name in facts.formats}
    return holds(is_met=bool(readable), formats=facts.formats)


def conditional_opening_says_how(facts: ListingFacts) -> Finding:
    """Conditional opening states manner, use requirements and safeguards."""
    if facts.open_type is not OpenType.CONDITIONAL:
        return NOT_APPLICABLE
    return given_all(
        open_manner=facts.open_manner,
        open_requirements=facts.open_requirements,
        open_safeguards=facts.open_safeguards,
    )


def not_open_is_not_opened(facts: ListingFacts) -> Finding:
    """What is not open is opened only without the names, or with the holder's consent."""
    if facts.open_type is not OpenType.NOT_OPEN:
        return NOT_APPLICABLE
    return holds(
        is_met=bool(facts.anonymisation_reference or facts.disclosure_consent_reference),
        anonymisation_reference=facts.anonymisation_reference,
        disclosure_consent_reference=facts.disclosure_consent_reference,
    )


def secrets_have_consent(facts: ListingFacts) -> Finding:
    """Personal or commercial secrets are opened only with consent or an overriding interest."""
    columns = facts.personal_columns + facts.commercial_secret_columns
    if not columns:
        return NOT_APPLICABLE
    return none_of(() if facts.disclosure_consent_reference else columns, columns=columns)


def high_value_is_served_well(facts: ListingFacts, given: Given) -> Finding:
    """High-value data is free, under an open licence, and both an API and a download."""
    if not facts.is_high_value:
        return NOT_APPLICABLE
    licence = given.profile.licence(facts.licence_id)
    return given_all(
        api=facts.has_api,
        bulk_download=facts.has_bulk_download,
        price_zero=facts.price_microcredits == 0,
        open_licence=licence is not None and licence.is_open,
    )


def service_level_is_published(facts: ListingFacts) -> Finding:
    """What has an API says how well it is served."""
    if not facts.has_api:
        return NOT_APPLICABLE
    return given_all(service_level_reference=facts.service_level_reference)


def licence_is_known(facts: ListingFacts, given: Given) -> Finding:
    """The licence stands on the closed list."""
    return holds(
        is_met=given.profile.licence(facts.licence_id) is not None, licence_id=facts.licence_id
    )


def personal_columns_are_authorised(facts: ListingFacts) -> Finding:
    """Personal columns are sold only with authorisation or after anonymising."""
    if not facts.personal_columns:
        return NOT_APPLICABLE
    is_met = facts.personal_authorisation_reference or facts.anonymisation_reference
    return none_of(
        () if is_met else facts.personal_columns,
        personal_columns=facts.personal_columns,
        personal_authorisation_reference=facts.personal_authorisation_reference,
        anonymisation_reference=facts.anonymisation_reference,
    )


def sensitive_columns_are_guarded(facts: ListingFacts) -> Finding:
    """Sensitive columns make the data important, and no row leaves as it is."""
    if not facts.sensitive_columns:
        return NOT_APPLICABLE
    is_met = facts.grade >= Grade.IMPORTANT and not facts.actions & _RAW
    return holds(
        is_met=is_met, named=facts.sensitive_columns, grade=facts.grade, actions=facts.actions
    )


def raw_public_data_stays(facts: ListingFacts) -> Finding:
    """Public inputs that are not open and are personal or important are used without being seen."""
    hidden = tuple(
        item.name
        for item in facts.inputs
        if item.is_public
        and not _is_opened(item)
        and (item.grade >= Grade.IMPORTANT or facts.personal_columns)
    )
    if not hidden:
        return NOT_APPLICABLE
    return none_of(hidden if facts.actions & _RAW else (), actions=facts.actions, inputs=hidden)


def assessment_is_independent(facts: ListingFacts, given: Given) -> Finding:
    """Somebody other than the seller assessed the product, not too long ago, in a report."""
    assessed = facts.assessed_on
    is_met = (
        bool(facts.assessor_id)
        and facts.assessor_id not in facts.seller_affiliate_ids | {facts.seller_id}
        and bool(facts.assessment_hash)
        and assessed is not None
        and given.day - assessed <= timedelta(days=given.number("most_age_days"))
    )
    return holds(
        is_met=is_met,
        assessor_id=facts.assessor_id,
        seller_id=facts.seller_id,
        assessment_hash=facts.assessment_hash,
        assessed_on=assessed,
    )


def quality_is_recent(facts: ListingFacts, given: Given) -> Finding:
    """The quality was checked lately."""
    checked = facts.quality_checked_on
    age = timedelta(days=given.number("most_age_days"))
    return holds(
        is_met=checked is not None and given.day - checked <= age, quality_checked_on=checked
    )


def anonymous_means_tested(facts: ListingFacts) -> Finding:
    """Only what withstood a re-identification test is called anonymous."""
    if not facts.is_labelled_anonymous:
        return NOT_APPLICABLE
    return given_all(reidentification_test=facts.has_passed_reidentification_test)


def name_can_be_shared(facts: ListingFacts, given: Given) -> Finding:
    """The name works as a share, schema and table name."""
    is_met = 0 < len(facts.name) <= given.number("most_characters") and not _BAD_NAME.search(
        facts.name
    )
    return holds(is_met=is_met, name=facts.name)


def _is_opened(item: InputFacts) -> bool:
    return item.open_type is OpenType.UNCONDITIONAL


def _inputs(facts: ListingFacts, is_met: Callable[[InputFacts], bool]) -> Finding:
    """Passed where each input meets the condition; names those that do not."""
    if not facts.inputs:
        return NOT_APPLICABLE
    return none_of(
        (item.name for item in facts.inputs if not is_met(item)),
        inputs=tuple(item.name for item in facts.inputs),
    )


def product_is_registered(facts: ListingFacts) -> Finding:
    """A product of authorised operation has a code of its own."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    return given_all(product_registration_code=facts.product_registration_code)


def harm_was_looked_for(facts: ListingFacts) -> Finding:
    """Somebody else than the seller looked whether the trade harms anyone."""
    is_met = bool(facts.harm_reviewer_id) and facts.harm_reviewer_id != facts.seller_id
    return holds(is_met=is_met, harm_reviewer_id=facts.harm_reviewer_id)


def seller_class_is_known(facts: ListingFacts, given: Given) -> Finding:
    """The seller is registered under a class of market party."""
    return holds(
        is_met=facts.seller_class in given.words("classes"), seller_class=facts.seller_class
    )


def product_is_described(facts: ListingFacts, given: Given) -> Finding:
    """The fixed items of a traded product's description are there."""
    described = facts.described_items or frozenset()
    return none_of(sorted(given.words("items") - described), described_items=described)


def conditions_are_public(facts: ListingFacts) -> Finding:
    """Everybody reads the conditions and the fees."""
    return holds(
        is_met=bool(facts.are_conditions_public), are_conditions_public=facts.are_conditions_public
    )


def linked_inputs_are_tested(facts: ListingFacts) -> Finding:
    """What was linked from several owners was tested for what the parts keep hidden."""
    if len(facts.input_owner_ids or ()) < 2:
        return NOT_APPLICABLE
    return holds(
        is_met=facts.has_linkage_test and bool(facts.regrading_reference),
        input_owner_ids=facts.input_owner_ids,
        has_linkage_test=facts.has_linkage_test,
        regrading_reference=facts.regrading_reference,
    )


def operator_was_chosen_fairly(facts: ListingFacts, given: Given) -> Finding:
    """The operator was chosen in one of the allowed ways, and the agreement is filed."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    is_known = facts.authorisation_selection in given.words("selections")
    return given_all(
        authorisation_selection=facts.authorisation_selection if is_known else "",
        authorisation_filing_number=facts.authorisation_filing_number,
    )


def authorisation_is_shown(facts: ListingFacts, given: Given) -> Finding:
    """To whom, what and how long was shown to the public not long ago."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    shown = facts.authorisation_published_on
    age = timedelta(days=given.number("most_age_days"))
    return holds(
        is_met=shown is not None and given.day - shown <= age, authorisation_published_on=shown
    )


def registration_is_filed_in_time(facts: ListingFacts, given: Given) -> Finding:
    """The first registration is filed within the term after the first delivery."""
    if not facts.is_authorised_operation:
        return NOT_APPLICABLE
    taken, most = facts.registration_working_days, given.number("working_days")
    return holds(
        is_met=taken is not None and taken <= most,
        working_days_taken=taken,
        working_days_allowed=most,
    )


def platform_does_not_sell(facts: ListingFacts) -> Finding:
    """Who runs the platform sells nothing on it."""
    return holds(
        is_met=not facts.is_seller_platform_operator,
        is_seller_platform_operator=facts.is_seller_platform_operator,
    )


LIST_CHECKS: Mapping[str, Check[ListingFacts]] = {
    "grade_covers_inputs": of_facts(grade_covers_inputs),
    "core_stays_inside": of_facts(core_stays_inside),
    "inputs_have_provenance": of_facts(inputs_have_provenance),
    "collection_is_lawful": Check(collection_is_lawful, words=("lawful_bases",)),
    "seller_may_operate": of_facts(seller_may_operate),
    "holders_consent": of_facts(holders_consent),
    "public_inputs_may_be_traded": of_facts(public_inputs_may_be_traded),
    "shared_inputs_have_consent": of_facts(shared_inputs_have_consent),
    "operator_does_not_redevelop": of_facts(operator_does_not_redevelop),
    "resource_is_registered": Check(resource_is_registered),
    "operator_is_authorised": Check(operator_is_authorised),
    "is_machine_readable": Check(is_machine_readable, words=("formats",)),
    "conditional_opening_says_how": of_facts(conditional_opening_says_how),
    "not_open_is_not_opened": of_facts(not_open_is_not_opened),
    "secrets_have_consent": of_facts(secrets_have_consent),
    "high_value_is_served_well": Check(high_value_is_served_well),
    "service_level_is_published": of_facts(service_level_is_published),
    "licence_is_known": Check(licence_is_known),
    "personal_columns_are_authorised": of_facts(personal_columns_are_authorised),
    "sensitive_columns_are_guarded": of_facts(sensitive_columns_are_guarded),
    "raw_public_data_stays": of_facts(raw_public_data_stays),
    "assessment_is_independent": Check(assessment_is_independent, numbers=("most_age_days",)),
    "quality_is_recent": Check(quality_is_recent, numbers=("most_age_days",)),
    "anonymous_means_tested": of_facts(anonymous_means_tested),
    "name_can_be_shared": Check(name_can_be_shared, numbers=("most_characters",)),
    "product_is_registered": of_facts(product_is_registered, "product_registration_code"),
    "harm_was_looked_for": of_facts(harm_was_looked_for, "harm_reviewer_id"),
    "seller_class_is_known": Check(
        seller_class_is_known, words=("classes",), needs=("seller_class",)
    ),
    "product_is_described": Check(
        product_is_described, words=("items",), needs=("described_items",)
    ),
    "conditions_are_public": of_facts(conditions_are_public, "are_conditions_public"),
    "linked_inputs_are_tested": of_facts(linked_inputs_are_tested, "input_owner_ids"),
    "operator_was_chosen_fairly": Check(
        operator_was_chosen_fairly, words=("selections",), needs=("authorisation_selection",)
    ),
    "authorisation_is_shown": Check(
        authorisation_is_shown,
        numbers=("most_age_days",),
        needs=("authorisation_published_on",),
    ),
    "registration_is_filed_in_time": Check(
        registration_is_filed_in_time,
        numbers=("working_days",),
        needs=("registration_working_days",),
    ),
    "platform_does_not_sell": of_facts(platform_does_not_sell, "is_seller_platform_operator"),
}
