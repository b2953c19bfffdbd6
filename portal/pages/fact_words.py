"""What rules and clauses read, in the reader's language: names and values of facts.

The words that a profile brings for its own fields come first; these are for all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from policies.canonical import Plain
from policies.errors import N_
from portal.pages.speech import Speech

NAMES: Final[Mapping[str, str]] = {
    "grade": N_("grade"),
    "share_type": N_("share class"),
    "open_type": N_("open class"),
    "provider_id": N_("provider"),
    "action": N_("action"),
    "caller": N_("caller"),
    "asset": N_("data"),
    "face": N_("listing"),
    "grant": N_("agreement"),
    "party_id": N_("organisation"),
    "kind": N_("kind of organisation"),
    "roles": N_("roles"),
    "is_frozen": N_("frozen"),
    "is_platform_identity": N_("the platform itself"),
    "token_agreement_id": N_("agreement of the token"),
    "region": N_("region"),
    "dataset_id": N_("dataset concerned"),
    "is_provider_frozen": N_("provider frozen"),
    "is_version_withdrawn": N_("version withdrawn"),
    "has_export_approval": N_("approved for export"),
    "listing_id": N_("number of the listing"),
    "is_listed": N_("on offer"),
    "agreement_id": N_("number of the agreement"),
    "assignee_id": N_("recipient"),
    "is_active": N_("in force"),
    "starts_at": N_("starts"),
    "ends_at": N_("ends"),
    "actions": N_("what may be done"),
    "agreement_ends_at": N_("end of the agreement"),
    "agreement_starts_at": N_("start of the agreement"),
    "anonymisation_reference": N_("reference of the anonymisation"),
    "applicant_id": N_("applicant"),
    "applicant_kind": N_("kind of applicant"),
    "assessed_on": N_("day of assessment"),
    "assessment_hash": N_("fingerprint of the assessment"),
    "assessor_id": N_("who assesses"),
    "assignee_ids": N_("recipients"),
    "assigner_ids": N_("providers"),
    "authorisation_ends_on": N_("end of the authorisation"),
    "authorisation_reference": N_("reference of the authorisation"),
    "authorised_operator_id": N_("authorised operator"),
    "catalogue_change_working_days": N_("working days for catalogue changes"),
    "ceiling_microcredits": N_("price ceiling, in millionths of a credit"),
    "commercial_secret_columns": N_("columns with commercial secrets"),
    "conditions": N_("conditions"),
    "conflict_strategy": N_("when terms conflict"),
    "decider_id": N_("who decides"),
    "delegation_depth": N_("depth of delegation"),
    "delivery_working_days": N_("working days to deliver"),
    "disclosure_consent_reference": N_("reference of the consent to disclose"),
    "duty_item": N_("item of the duty"),
    "ended_on": N_("day of the end"),
    "entitlement_ends_at": N_("end of the entitlement"),
    "exclusivity_published_on": N_("exclusivity published on"),
    "exclusivity_review_on": N_("exclusivity reviewed on"),
    "expires_at": N_("expires"),
    "export_approval_reference": N_("reference of the export approval"),
    "extension_consent_reference": N_("reference of the consent to extend"),
    "extension_working_days": N_("working days of extension"),
    "filled_sections": N_("sections filled in"),
    "formats": N_("formats"),
    "has_api": N_("has an API"),
    "has_bulk_download": N_("has bulk download"),
    "has_catalogue_extension_consent": N_("consent to extend the catalogue term"),
    "has_delegation_consent": N_("consent to delegate"),
    "has_holder_consent": N_("consent of the holder"),
    "has_operating_right": N_("right to operate"),
    "has_passed_reidentification_test": N_("re-identification test passed"),
    "has_personal_data": N_("personal data"),
    "has_public_inputs": N_("made of public data"),
    "has_sensitive_data": N_("sensitive data"),
    "has_standing_release": N_("standing release"),
    "inputs": N_("inputs"),
    "is_approver_share_head": N_("approved by the share office"),
    "is_authorised_operation": N_("authorised operation"),
    "is_duty_item_in_force": N_("duty in force"),
    "is_exclusive": N_("exclusive"),
    "is_foreign_authority": N_("foreign authority"),
    "is_freely_priced": N_("freely priced"),
    "is_granted": N_("granted"),
    "is_high_value": N_("high-value data"),
    "is_identity_verified": N_("identity verified"),
    "is_impact_assessment": N_("impact assessment"),
    "is_important": N_("important data"),
    "is_labelled_anonymous": N_("labelled anonymous"),
    "is_on_public_price_list": N_("on the public price list"),
    "is_partly_open": N_("partly open"),
    "is_provider_identity_verified": N_("provider's identity verified"),
    "is_public": N_("public data"),
    "is_received_by_sharing": N_("received by sharing"),
    "is_redeveloped": N_("redeveloped"),
    "is_released_by_share_head": N_("released by the share office"),
    "items_owned_elsewhere": N_("items of other owners"),
    "key_retires_at": N_("retirement of the key"),
    "legal_duty_reference": N_("reference of the legal duty"),
    "licence_id": N_("licence"),
    "live_agreement_count": N_("agreements in force"),
    "name": N_("name"),
    "needed_columns": N_("columns needed"),
    "open_gaps": N_("gaps still open"),
    "parent_scope": N_("scope of the parent token"),
    "person_level_inputs": N_("inputs about single persons"),
    "personal_authorisation_reference": N_("reference of the persons' authorisation"),
    "personal_basis": N_("basis for personal data"),
    "personal_columns": N_("columns with personal data"),
    "price_microcredits": N_("price, in millionths of a credit"),
    "provenance_hash": N_("fingerprint of the origin"),
    "purpose": N_("purpose"),
    "purposes": N_("purposes"),
    "quality_checked_on": N_("quality checked on"),
    "regime": N_("way"),
    "regimes": N_("ways"),
    "registration_code": N_("registration code"),
    "registration_expires_on": N_("registration expires on"),
    "regrading_reference": N_("reference of the regrading"),
    "requested_columns": N_("columns asked for"),
    "revenue_basis_points": N_("share of revenue, in basis points"),
    "review_due_on": N_("review due on"),
    "risk_assessment_headings": N_("headings of the risk assessment"),
    "rounding_party_id": N_("who keeps the rounding"),
    "seller_affiliate_ids": N_("seller's affiliates"),
    "seller_id": N_("seller"),
    "sensitive_columns": N_("sensitive columns"),
    "share_consent_reference": N_("reference of the consent to share"),
    "share_legal_basis_id": N_("legal basis for restricting"),
    "special_approval_reference": N_("reference of the special approval"),
    "subject_count": N_("persons concerned"),
    "submitter_id": N_("who submitted"),
    "term_exception_reference": N_("reference of the exception of term"),
    "times_gaps_were_named": N_("times gaps were named"),
    "was_extension_notified": N_("extension notified"),
    "working_days_taken": N_("working days taken"),
    "working_days_allowed": N_("working days allowed"),
    "actor_chain_length": N_("actors in the chain"),
    "affected_object": N_("who would be harmed"),
    "agreed_purposes": N_("purposes agreed"),
    "approved_subject_count": N_("persons approved"),
    "approver_id": N_("who approves"),
    "are_conditions_public": N_("conditions are public"),
    "are_signatures_valid": N_("signatures are valid"),
    "asked_microepsilon": N_("privacy budget asked for, in millionths"),
    "assets_out_of_balance": N_("assets out of balance"),
    "authorisation_filing_number": N_("filing number of the authorisation"),
    "authorisation_published_on": N_("authorisation published on"),
    "authorisation_selection": N_("how the operator was chosen"),
    "basis": N_("basis"),
    "breaches_open": N_("breaches not settled"),
    "can_sender_bind": N_("can bind tokens to its key"),
    "charged_unit_count": N_("units charged"),
    "claims": N_("claims"),
    "columns_outside": N_("columns outside the agreement"),
    "complaints_open": N_("complaints not answered"),
    "concluded_at": N_("concluded at"),
    "consent_withdrawals_open": N_("withdrawals of consent not carried out"),
    "contract_filing_number": N_("filing number of the contract"),
    "corrections_overdue": N_("corrections overdue"),
    "credential_faults": N_("faults of credentials"),
    "days_since_end": N_("days since the end"),
    "declared_by": N_("declared by"),
    "deletion_statement_reference": N_("reference of the statement of deletion"),
    "deliveries_without_proof": N_("deliveries without proof"),
    "deliveries_without_receipt": N_("deliveries without receipt"),
    "demands_overdue": N_("demands overdue"),
    "departments_without_openness_score": N_("departments without a score of openness"),
    "described_elements": N_("elements described"),
    "described_items": N_("columns described"),
    "directory": N_("directory code"),
    "disclosure_working_days": N_("working days to disclose"),
    "disposal_due_in_days": N_("days until disposal is due"),
    "disposal_statement_reference": N_("reference of the statement of disposal"),
    "disputes_out_of_order": N_("disputes out of order"),
    "ends_on": N_("ends on"),
    "events_outside_log": N_("events outside the log"),
    "exchanges_without_link": N_("exchanges without link"),
    "exported_subject_count": N_("persons whose data left"),
    "filing_number": N_("filing number"),
    "foreign_approval_reference": N_("reference of the approval for abroad"),
    "format": N_("format"),
    "free_text_condition": N_("condition in free words"),
    "functions_untested": N_("functions not tested"),
    "gates_passed": N_("gates passed"),
    "grade_assessor": N_("who graded it"),
    "graded_on": N_("graded on"),
    "granted_unit_count": N_("units granted"),
    "harm_level": N_("level of harm"),
    "harm_reviewer_id": N_("who reviewed the harm"),
    "has_linkage_test": N_("linkage tested"),
    "has_pledge": N_("pledge given"),
    "has_third_party_answered": N_("third party has answered"),
    "held_microcredits": N_("held, in millionths of a credit"),
    "highest_charge_microcredits": N_("highest charge, in millionths of a credit"),
    "holds_resolved_wrongly": N_("holds resolved wrongly"),
    "impact_assessment_reference": N_("reference of the impact assessment"),
    "incidents_unreported": N_("incidents not reported"),
    "incomes_not_apart": N_("incomes not kept apart"),
    "incomes_over_cap": N_("incomes above the cap"),
    "input_owner_ids": N_("owners of the inputs"),
    "inputs_without_split": N_("inputs without a share"),
    "is_access_suspended": N_("access suspended"),
    "is_agreement_in_force": N_("agreement in force"),
    "is_contracted_elsewhere": N_("contracted elsewhere"),
    "is_distribution_prohibited": N_("distribution prohibited"),
    "is_flow_back": N_("flow-back"),
    "is_misuse_found": N_("misuse found"),
    "is_newest_version": N_("newest version"),
    "is_recipient_assignee": N_("the recipient is party to it"),
    "is_seller_platform_operator": N_("the seller runs the platform"),
    "is_sender_bound": N_("bound to the sender"),
    "items": N_("columns"),
    "items_named_elsewhere": N_("columns that another source names"),
    "keys_used_early": N_("keys used too early"),
    "keys_with_two_effects": N_("keys with two effects"),
    "lawful_basis": N_("lawful basis"),
    "leaks_without_notice": N_("leaks without notice"),
    "legal_basis_id": N_("legal basis"),
    "live_token_count": N_("tokens alive"),
    "manner": N_("manner"),
    "missing_participant_parts": N_("parts that the participants lack"),
    "most_microepsilon": N_("most privacy budget, in millionths"),
    "negotiation_reference": N_("reference of the negotiation"),
    "notice_reference": N_("reference of the notice"),
    "old_version_reason": N_("reason for the older version"),
    "open_manner": N_("how it is opened"),
    "open_reason": N_("reason for the class of opening"),
    "open_requirements": N_("requirements of opening"),
    "open_safeguards": N_("safeguards of opening"),
    "overlapping_items": N_("columns held already"),
    "personal_data_reviewer_id": N_("who reviewed personal data"),
    "price_spread_permille": N_("spread of prices, per mille"),
    "price_spread_reason": N_("reason for the spread of prices"),
    "prices_not_reviewed": N_("prices not reviewed"),
    "product_registration_code": N_("registration code of the product"),
    "publications_late": N_("publications late"),
    "ranking_inputs_unpublished": N_("inputs of the ranking not published"),
    "reason": N_("reason"),
    "reason_code": N_("reason code"),
    "reason_text": N_("reason in words"),
    "receipt_fields": N_("fields of the receipt"),
    "rectification_due_on": N_("to be put right by"),
    "refunds_owed": N_("refunds owed"),
    "registration_working_days": N_("working days to register"),
    "registrations_overdue": N_("registrations overdue"),
    "revocations_late": N_("revocations late"),
    "risk_assessed_on": N_("risk assessed on"),
    "rules_with_own_target": N_("rules with a target of their own"),
    "scenario": N_("scenario"),
    "scope": N_("scope"),
    "secrecy_reviewer_ids": N_("who reviewed secrecy"),
    "security_duties": N_("duties of security"),
    "seller_class": N_("class of the seller"),
    "separate_consent_reference": N_("reference of the separate consent"),
    "separation_reference": N_("reference of the separation"),
    "service_level_reference": N_("reference of the service level"),
    "settlements_without_identity": N_("settlements without checked identity"),
    "share_conditions": N_("conditions of sharing"),
    "share_manner": N_("how it is shared"),
    "share_reason": N_("reason for the class of sharing"),
    "shared_without_check": N_("shared without a check"),
    "smallest_difference_count": N_("smallest difference of groups"),
    "smallest_group_count": N_("smallest group"),
    "spent_microepsilon": N_("privacy budget spent, in millionths"),
    "state_after": N_("state after"),
    "state_before": N_("state before"),
    "target": N_("target"),
    "third_party_working_days": N_("working days for the third party"),
    "token_algorithm": N_("algorithm of the token"),
    "training_model": N_("training a model"),
    "transfers_outside_table": N_("transfers outside the table"),
    "unequal_decision_count": N_("unequal decisions"),
    "unmet_duties": N_("duties not met"),
    "update_cycle": N_("updated how often"),
    "version_documents_closed": N_("documents of the version closed"),
    "widening_consent_reference": N_("reference of the consent to widen"),
    "yearly_assessments_overdue": N_("yearly assessments overdue"),
}
"""Facts by the names that standards and rules have for them."""

VALUES: Final[Mapping[str, str]] = {
    "true": N_("yes"),
    "false": N_("no"),
    "preview": N_("preview"),
    "read_page": N_("pages of rows"),
    "query": N_("SQL question"),
    "download": N_("download"),
    "share": N_("share"),
    "open": N_("open"),
    "trade": N_("trade"),
    "unconditional": N_("without conditions"),
    "conditional": N_("on conditions"),
    "not_shared": N_("not shared"),
    "not_open": N_("not open"),
    "department": N_("department"),
    "operator": N_("operator"),
    "enterprise": N_("enterprise"),
    "bureau": N_("bureau"),
    "regulator": N_("regulator"),
    "publisher": N_("publisher"),
    "approver": N_("approver"),
    "buyer": N_("buyer"),
    "assessor": N_("assessor"),
    "finance": N_("finance"),
    "admin": N_("administrator"),
    "statutory_duty": N_("statutory duty"),
    "public_service": N_("public service"),
    "public_welfare": N_("public welfare"),
    "research": N_("research"),
    "product": N_("product or service"),
    "analysis": N_("analysis"),
    "model_training": N_("training a model"),
    "own_production": N_("own production"),
    "description": N_("description"),
    "keyword": N_("keywords"),
    "no": N_("no"),
    "title": N_("title"),
    "summary": N_("summary"),
    "yes": N_("yes"),
    "update_cycle": N_("updated how often"),
    "format": N_("format"),
}
"""Values that stand for a word of a closed list; any other is shown as it is."""

_WRITTEN: Final = frozenset(
    {"slug", "title", "name", "file_name", "reason", "reference", "scenario", "duty_item", "scope"}
)
_FEE: Final = "exchange fee"
_EXPIRED: Final = "expired"
_NOT_DELIVERED: Final = "not delivered"
_TOP_UP: Final = "top-up"


def name_of_fact(name: str, say: Speech) -> str:
    """What a fact is called; one that has no words yet keeps its own name."""
    return say.gettext(NAMES[name]) if name in NAMES else name.replace("_", " ")


def value_of_fact(name: str, value: str, say: Speech) -> str:
    """What a fact says; of a list, each of its words. What people wrote is left as it is."""
    parts = value.split(", ")
    if name not in _WRITTEN and any(part in VALUES for part in parts):
        return say.gettext(", ").join(
            say.gettext(VALUES[part]) if part in VALUES else part for part in parts
        )
    return value


def facts_in_words(facts: Plain, say: Speech) -> Iterator[tuple[str, str]]:
    """The facts of a decision as pairs of words; what is not set is left out."""
    for path, value in flat_facts(facts):
        of, dot, name = path.rpartition(".")
        words = name_of_fact(name, say)
        if dot:
            words = say.gettext("{thing}: {name}", thing=name_of_fact(of, say), name=words)
        yield words, value_of_fact(name, value, say)


def flat_facts(facts: Plain, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Facts as pairs, `caller.kind` and so on; what is not set is left out."""
    if isinstance(facts, dict):
        for name, value in facts.items():
            yield from flat_facts(value, f"{prefix}.{name}" if prefix else name)
    elif isinstance(facts, list):
        if any(isinstance(value, dict | list) for value in facts):
            for place, value in enumerate(facts, 1):
                yield from flat_facts(value, f"{prefix} {place}")
        elif facts:
            yield prefix, ", ".join(str(value) for value in facts)
    elif facts is not None and facts != "":
        yield prefix, str(facts).lower() if isinstance(facts, bool) else str(facts)


def ledger_reason(reason: str, say: Speech) -> str:
    """Why an amount moved. The ledger keeps short English notes, since its rows never change."""
    first, _, rest = reason.partition(" ")
    if reason == _FEE:
        return say.gettext("Exchange fee")
    if reason == _EXPIRED:
        return say.gettext("The hold ran out")
    if reason == _NOT_DELIVERED:
        return say.gettext("Not delivered")
    if first == _TOP_UP:
        return say.gettext("Top-up {reference}", reference=rest) if rest else say.gettext("Top-up")
    if first in VALUES and rest:
        action = value_of_fact("action", first, say)
        return say.gettext("{action} of {slug}", action=action, slug=rest)
    return reason
