"""For each clause, facts that pass it and facts that fail it: the cases of tests and of coverage.

Parties, references and days are made up; nothing here is about anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from policies.access import Action
from policies.decision.clause import Profile
from policies.decision.facts import (
    AgreeFacts,
    ApplyFacts,
    ApproveFacts,
    AuditFacts,
    ConditionFacts,
    DecideFacts,
    DeliverFacts,
    EndFacts,
    Facts,
    InputFacts,
    ListingFacts,
    NegotiateFacts,
    PriceFacts,
    PurgeFacts,
    RegisterFacts,
    TokenFacts,
    WithdrawFacts,
)
from policies.terms import Grade, MicroCredits, OpenType, Purpose, Regime, ShareType, UpdateCycle

AT = datetime(2026, 8, 3, 4, 0, tzinfo=UTC)
"""Noon of a Monday in China."""
TODAY = date(2026, 8, 3)

F = TypeVar("F", bound=Facts)

REGISTER = RegisterFacts(
    grade=Grade.GENERAL,
    grade_assessor="u-1",
    graded_on=date(2026, 3, 2),
    affected_object="public",
    harm_level="slight",
    review_due_on=date(2027, 3, 2),
    share_type=ShareType.CONDITIONAL,
    share_reason="holds addresses of firms",
    open_type=OpenType.NOT_OPEN,
    open_reason="holds addresses of firms",
    directory="water",
    items=("station", "level"),
    provider_id="o-water",
    format="csv",
    update_cycle=UpdateCycle.DAILY,
    share_manner="api",
    share_conditions="named users",
)
APPROVE = ApproveFacts(
    submitter_id="u-1",
    approver_id="u-2",
    secrecy_reviewer_ids=("u-3", "u-4"),
    personal_data_reviewer_id="u-5",
)
INPUT = InputFacts(
    name="levels",
    grade=Grade.GENERAL,
    is_public=True,
    is_received_by_sharing=True,
    share_consent_reference="c-1",
    authorisation_reference="a-1",
    authorised_operator_id="o-operator",
    provenance_hash="00ff",
    has_operating_right=True,
    has_holder_consent=True,
)
TRADED = ListingFacts(
    regime=Regime.TRADE,
    name="flood-index",
    inputs=(INPUT,),
    actions=frozenset((Action.QUERY,)),
    formats=("csv",),
    lawful_basis="statutory_duty",
    declared_by="u-2",
    seller_id="o-seller",
    seller_affiliate_ids=frozenset(("o-sister",)),
    is_redeveloped=True,
    assessor_id="o-assessor",
    assessment_hash="00ff",
    assessed_on=date(2026, 2, 2),
    quality_checked_on=date(2026, 8, 1),
    is_authorised_operation=True,
    authorisation_reference="a-1",
    authorisation_ends_on=date(2028, 1, 1),
    registration_code="r-1",
    registration_expires_on=date(2028, 1, 1),
    personal_authorisation_reference="p-1",
)
OPENED = ListingFacts(
    regime=Regime.OPEN,
    name="water-levels",
    open_type=OpenType.UNCONDITIONAL,
    formats=("CSV",),
    has_api=True,
    has_bulk_download=True,
    is_high_value=True,
    licence_id="CC-BY-4.0",
    service_level_reference="s-1",
    open_manner="api",
    open_requirements="name the source",
    open_safeguards="rate limit",
    disclosure_consent_reference="d-1",
    anonymisation_reference="n-1",
    lawful_basis="statutory_duty",
    declared_by="u-2",
    has_passed_reidentification_test=True,
)
PRICED = PriceFacts(
    regime=Regime.TRADE,
    price_microcredits=MicroCredits(5),
    purposes=frozenset((Purpose.PRODUCT,)),
    is_authorised_operation=True,
    ceiling_microcredits=MicroCredits(5),
    is_on_public_price_list=True,
)
ASKED = ApplyFacts(
    regime=Regime.SHARE,
    share_type=ShareType.CONDITIONAL,
    purpose=Purpose.STATUTORY_DUTY,
    duty_item="d-7",
    is_duty_item_in_force=True,
    basis="d-7",
    scenario="flood warning",
    scope="all stations",
    manner="query",
    ends_on=date(2027, 8, 3),
    has_pledge=True,
    submitter_id="u-6",
    approver_id="u-7",
    is_approver_share_head=True,
    requested_columns=frozenset(("level",)),
    needed_columns=frozenset(("level", "station")),
    is_identity_verified=True,
    is_provider_identity_verified=True,
)
REFUSED = DecideFacts(
    regime=Regime.SHARE,
    is_granted=False,
    share_type=ShareType.CONDITIONAL,
    reason_code="not_needed",
    reason_text="the duty does not need it",
    legal_basis_id="data-sharing-regulations",
    conditions=(ConditionFacts(name="query_only", legal_basis_id="personal-information-law"),),
    working_days_taken=10,
    decider_id="u-8",
    submitter_id="u-6",
    is_partly_open=True,
    separation_reference="s-2",
)
UNCONDITIONAL = replace(
    REFUSED,
    is_granted=True,
    share_type=ShareType.UNCONDITIONAL,
    is_released_by_share_head=True,
    working_days_taken=1,
    delivery_working_days=20,
)
AGREED = AgreeFacts(
    regime=Regime.TRADE,
    assigner_ids=("o-seller",),
    assignee_ids=("o-buyer",),
    assessor_id="o-assessor",
    starts_at=AT,
    ends_at=AT + timedelta(days=365),
    purposes=frozenset((Purpose.PRODUCT,)),
    manner="query",
    scope="all",
    security_duties="encrypt",
    filled_sections=frozenset(
        ("data", "uses", "term", "roles", "security", "quality", "liability", "end")
    ),
    grade=Grade.IMPORTANT,
    risk_assessment_headings=frozenset(
        (
            "purpose_and_scope",
            "leak_risk",
            "recipient_record",
            "contract_strength",
            "safeguards",
        )
    ),
    risk_assessed_on=date(2026, 7, 1),
    is_distribution_prohibited=True,
    conflict_strategy="prohibit",
    has_public_inputs=True,
    is_exclusive=True,
    exclusivity_published_on=date(2026, 5, 1),
    exclusivity_review_on=date(2028, 5, 1),
    has_personal_data=True,
    personal_basis="consent",
    notice_reference="n-2",
    separate_consent_reference="c-2",
    impact_assessment_reference="i-1",
    is_authorised_operation=True,
    revenue_basis_points=(7_000, 3_000),
    rounding_party_id="o-seller",
)
TOKEN = TokenFacts(
    regime=Regime.TRADE,
    expires_at=AT + timedelta(hours=1),
    agreement_starts_at=AT,
    agreement_ends_at=AT + timedelta(hours=1),
    entitlement_ends_at=AT + timedelta(hours=1),
    key_retires_at=AT + timedelta(hours=1),
    delegation_depth=1,
    has_delegation_consent=True,
    actor_chain_length=2,
    scope=frozenset(("query",)),
    parent_scope=frozenset(("query", "download")),
    grade=Grade.IMPORTANT,
    region="SG",
    export_approval_reference="e-1",
    registration_expires_on=date(2028, 1, 1),
)
WITHDRAWN = WithdrawFacts(
    regime=Regime.SHARE,
    live_agreement_count=1,
    reason="replaced",
    negotiation_reference="n-3",
    filing_number="f-1",
)
PURGED = PurgeFacts(
    ended_on=date(2023, 8, 3),
    has_personal_data=True,
    is_impact_assessment=True,
)


def _pair(base: F, **changes: Any) -> tuple[F, F]:
    """Facts that pass, and the same with the changes that make them fail."""
    return base, replace(base, **changes)


def _opened_pair(passing: dict[str, Any], **changes: Any) -> tuple[ListingFacts, ListingFacts]:
    return _pair(replace(OPENED, **passing), **changes)


def _input(**changes: Any) -> tuple[InputFacts, ...]:
    return (INPUT, replace(INPUT, name="gauges", **changes))


CASES_2025: dict[str, tuple[Facts, Facts]] = {
    "X001": _pair(REGISTER, harm_level=""),
    "X003": _pair(REGISTER, review_due_on=date(2026, 8, 2)),
    "X009": _pair(
        replace(REGISTER, subject_count=10_000_001, grade=Grade.IMPORTANT), grade=Grade.GENERAL
    ),
    "X021": _pair(REGISTER, share_type=None),
    "X022": _pair(
        replace(REGISTER, share_type=ShareType.NOT_SHARED, share_legal_basis_id="statistics-law"),
        share_legal_basis_id="directory-guide-2017",
    ),
    "X023": _pair(REGISTER, share_reason=""),
    "X030": _pair(
        replace(REGISTER, catalogue_change_working_days=15, has_catalogue_extension_consent=True),
        has_catalogue_extension_consent=False,
    ),
    "X040": _pair(REGISTER, open_reason=""),
    "X129": _pair(REGISTER, share_conditions=""),
    "X137": _pair(REGISTER, items_owned_elsewhere=("level",)),
    "X046": _pair(APPROVE, secrecy_reviewer_ids=("u-3", "u-3")),
    "X129-approval": _pair(APPROVE, personal_data_reviewer_id=""),
    "W001": _pair(APPROVE, approver_id="u-1"),
    "X002": _pair(TRADED, inputs=_input(grade=Grade.IMPORTANT)),
    "X004": _pair(
        replace(TRADED, regime=Regime.SHARE, grade=Grade.CORE, special_approval_reference="s-1"),
        regime=Regime.TRADE,
    ),
    "X010": _pair(TRADED, inputs=_input(provenance_hash="")),
    "X013": _pair(TRADED, lawful_basis="found it"),
    "X017": _pair(TRADED, inputs=_input(has_operating_right=False)),
    "X018": _pair(TRADED, registration_expires_on=TODAY),
    "X020": _pair(TRADED, authorisation_ends_on=TODAY),
    "X042": _pair(OPENED, formats=("pdf",)),
    "X044": _opened_pair({"open_type": OpenType.CONDITIONAL}, open_safeguards=""),
    "X045": _opened_pair(
        {"open_type": OpenType.NOT_OPEN},
        anonymisation_reference="",
        disclosure_consent_reference="",
    ),
    "X047": _opened_pair({"personal_columns": ("phone",)}, disclosure_consent_reference=""),
    "X054": _pair(OPENED, licence_id="CC-BY-NC-4.0"),
    "X055": _pair(OPENED, service_level_reference=""),
    "X058": _pair(OPENED, licence_id="mine"),
    "X059": _pair(
        replace(TRADED, personal_columns=("phone",)), personal_authorisation_reference=""
    ),
    "X060": _pair(TRADED, inputs=_input(authorisation_reference="")),
    "X062": _pair(TRADED, inputs=_input(has_holder_consent=False)),
    "X070": _pair(
        replace(TRADED, personal_columns=("phone",)),
        actions=frozenset((Action.QUERY, Action.DOWNLOAD)),
    ),
    "X072": _pair(TRADED, assessor_id="o-sister"),
    "X073": _pair(TRADED, quality_checked_on=date(2026, 7, 3)),
    "X087": _pair(
        replace(TRADED, sensitive_columns=("illness",), grade=Grade.IMPORTANT),
        grade=Grade.GENERAL,
    ),
    "X094": _opened_pair({"is_labelled_anonymous": True}, has_passed_reidentification_test=False),
    "X110": _pair(TRADED, name="flood index"),
    "X144": _pair(TRADED, inputs=_input(share_consent_reference="")),
    "X145": _pair(TRADED, seller_id="o-operator"),
    "X039": _pair(PriceFacts(regime=Regime.SHARE), price_microcredits=MicroCredits(1)),
    "X041": _pair(PriceFacts(regime=Regime.OPEN), price_microcredits=MicroCredits(1)),
    "X064": _pair(
        replace(PRICED, is_freely_priced=True, is_authorised_operation=False),
        is_authorised_operation=True,
    ),
    "X065": _pair(
        replace(
            PRICED,
            price_microcredits=MicroCredits(0),
            purposes=frozenset((Purpose.PUBLIC_WELFARE, Purpose.PRODUCT)),
        ),
        price_microcredits=MicroCredits(1),
    ),
    "X066": _pair(PRICED, price_microcredits=MicroCredits(6)),
    "X068": _pair(PRICED, is_on_public_price_list=False),
    "X079": _pair(PRICED, person_level_inputs=("age",)),
    "W002": _pair(PRICED, price_microcredits=MicroCredits(-1)),
    "X011": _pair(replace(ASKED, regime=Regime.TRADE), is_identity_verified=False),
    "X014": _pair(ASKED, is_duty_item_in_force=False),
    "X016": _pair(
        replace(ASKED, is_foreign_authority=True, foreign_approval_reference="f-2"),
        foreign_approval_reference="",
    ),
    "X034": _pair(ASKED, has_pledge=False),
    "X084": _pair(ASKED, requested_columns=frozenset(("level", "phone"))),
    "X107": _pair(ASKED, purpose=None),
    "X130": _pair(ASKED, ends_on=TODAY),
    "W003": _pair(ASKED, approver_id="u-6"),
    "X024": _pair(UNCONDITIONAL, is_granted=False),
    "X024-clock": _pair(UNCONDITIONAL, has_standing_release=True),
    "X025": _pair(
        replace(
            REFUSED,
            working_days_taken=20,
            extension_working_days=30,
            extension_consent_reference="c-3",
            was_extension_notified=True,
        ),
        was_extension_notified=False,
    ),
    "X026": _pair(REFUSED, legal_basis_id="because"),
    "X028": _pair(REFUSED, free_text_condition="bring cake"),
    "X029": _pair(UNCONDITIONAL, delivery_working_days=21),
    "X050": _pair(replace(REFUSED, regime=Regime.OPEN), separation_reference=""),
    "X131": _pair(REFUSED, open_gaps=("scope",)),
    "W004": _pair(REFUSED, decider_id="u-6"),
    "X005": _pair(AGREED, risk_assessed_on=date(2025, 8, 2)),
    "X007": _pair(AGREED, scope=""),
    "X036": _pair(replace(AGREED, regime=Regime.SHARE), is_distribution_prohibited=False),
    "X056": _pair(AGREED, exclusivity_published_on=date(2026, 7, 1)),
    "X080": _pair(
        replace(AGREED, purposes=frozenset((Purpose.MODEL_TRAINING,)), training_model="river 1.0"),
        training_model="",
    ),
    "X085": _pair(AGREED, personal_basis="curiosity"),
    "X086": _pair(AGREED, separate_consent_reference=""),
    "X092": _pair(AGREED, impact_assessment_reference=""),
    "X098": _pair(AGREED, assignee_ids=("o-seller",)),
    "X099": _pair(AGREED, conflict_strategy="perm"),
    "X105": _pair(AGREED, ends_at=AT),
    "X106": _pair(AGREED, filled_sections=frozenset(("data",))),
    "X146": _pair(AGREED, ends_at=AT + timedelta(days=5 * 366)),
    "X072-buyer": _pair(AGREED, assessor_id="o-buyer"),
    "X126": _pair(AGREED, revenue_basis_points=(7_000, 2_999)),
    "X113": _pair(TOKEN, key_retires_at=AT + timedelta(minutes=59)),
    "X105-token": _pair(TOKEN, agreement_ends_at=AT),
    "X015": _pair(TOKEN, is_platform_identity=True),
    "X088": _pair(TOKEN, delegation_depth=2),
    "X117": _pair(TOKEN, scope=frozenset(("query", "preview"))),
    "X089": _pair(TOKEN, export_approval_reference=""),
    "X151": _pair(TOKEN, registration_expires_on=TODAY),
    "X135": _pair(WITHDRAWN, filing_number=""),
    "X136": _pair(PURGED, ended_on=date(2023, 8, 4)),
    "X008": _pair(PURGED, ended_on=None),
    "X092-record": _pair(PURGED, ended_on=date(2023, 8, 4)),
}

AUDITED = replace(
    AuditFacts(),
    **{field.name: 0 for field in fields(AuditFacts) if field.name != "regimes"},  # type: ignore[arg-type]
)
NEGOTIATED = NegotiateFacts(
    regime=Regime.TRADE,
    state_before="REQUESTED",
    state_after="OFFERED",
    gates_passed=("apply", "negotiate"),
)
DELIVERED = DeliverFacts(
    regime=Regime.SHARE,
    is_agreement_in_force=True,
    columns_outside=(),
    purpose=Purpose.STATUTORY_DUTY,
    agreed_purposes=frozenset((Purpose.STATUTORY_DUTY,)),
    is_recipient_assignee=True,
    is_newest_version=True,
    exported_subject_count=10,
    approved_subject_count=10,
    smallest_group_count=20,
    has_sensitive_data=True,
    spent_microepsilon=900_000,
    asked_microepsilon=100_000,
    most_microepsilon=1_000_000,
    smallest_difference_count=5,
    held_microcredits=MicroCredits(5),
    highest_charge_microcredits=MicroCredits(5),
    charged_unit_count=3,
    granted_unit_count=3,
    receipt_fields=frozenset(("version", "result", "rows", "policy", "price")),
)
SOLD = replace(DELIVERED, regime=Regime.TRADE)
ENDED = EndFacts(
    regime=Regime.TRADE,
    live_token_count=0,
    days_since_end=31,
    deletion_statement_reference="d-2",
    disposal_due_in_days=-1,
    disposal_statement_reference="d-3",
    is_misuse_found=True,
    is_access_suspended=True,
    rectification_due_on=date(2026, 9, 1),
)
ENDED_SHARE = replace(ENDED, regime=Regime.SHARE)


def _counted(name: str) -> tuple[AuditFacts, AuditFacts]:
    return _pair(AUDITED, **{name: 1})


CASES_LATER: dict[str, tuple[Facts, Facts]] = {
    "X001": _pair(REGISTER, grade_assessor=""),
    "X006": _counted("yearly_assessments_overdue"),
    "X012": _counted("settlements_without_identity"),
    "X019": _pair(replace(TRADED, product_registration_code="p-2"), product_registration_code=""),
    "X027": _counted("disputes_out_of_order"),
    "X031": _pair(replace(REGISTER, overlapping_items=()), overlapping_items=("level (water)",)),
    "X032": _counted("corrections_overdue"),
    "X033": _pair(
        replace(REFUSED, is_granted=True, is_flow_back=True, conditions=()),
        free_text_condition="only once",
    ),
    "X035": _pair(DELIVERED, columns_outside=("phone",)),
    "X037": _pair(DELIVERED, is_newest_version=False),
    "X038": _counted("demands_overdue"),
    "X043": _pair(
        replace(REFUSED, regime=Regime.OPEN, unequal_decision_count=0), unequal_decision_count=1
    ),
    "X048": _pair(
        replace(REFUSED, regime=Regime.OPEN, is_granted=True, third_party_working_days=16),
        third_party_working_days=15,
    ),
    "X049": _pair(
        replace(REFUSED, regime=Regime.OPEN, disclosure_working_days=20),
        disclosure_working_days=21,
    ),
    "X051": _counted("publications_late"),
    "X052": _pair(
        replace(
            REGISTER,
            described_elements=frozenset(
                ("title", "description", "publisher", "keyword", "format", "update_cycle")
            ),
        ),
        described_elements=frozenset(("title",)),
    ),
    "X053": _counted("departments_without_openness_score"),
    "X057": _pair(replace(OPENED, are_conditions_public=True), are_conditions_public=False),
    "X061": _pair(replace(TRADED, harm_reviewer_id="o-assessor"), harm_reviewer_id="o-seller"),
    "X063": _counted("deliveries_without_proof"),
    "X067": _counted("incomes_over_cap"),
    "X069": _pair(
        replace(AGREED, is_contracted_elsewhere=True, contract_filing_number="k-1"),
        contract_filing_number="",
    ),
    "X071": _pair(replace(TRADED, seller_class="supply"), seller_class="friend"),
    "X074": _pair(
        replace(TRADED, described_items=frozenset(("title", "provider", "format", "price"))),
        described_items=frozenset(("title",)),
    ),
    "X075": _counted("functions_untested"),
    "X076": _pair(NEGOTIATED, gates_passed=("apply", "carry_out")),
    "X077": _pair(ENDED, deletion_statement_reference=""),
    "X077-2025": _pair(ENDED, live_token_count=1),
    "X078": _pair(replace(PRICED, price_spread_permille=100), price_spread_permille=101),
    "X081": _pair(replace(AGREED, are_signatures_valid=True), are_signatures_valid=False),
    "X082": _pair(
        replace(TRADED, is_seller_platform_operator=False), is_seller_platform_operator=True
    ),
    "X083": _counted("ranking_inputs_unpublished"),
    "X090": _pair(DELIVERED, exported_subject_count=11),
    "X091": _counted("consent_withdrawals_open"),
    "X093": _counted("leaks_without_notice"),
    "X095": _pair(DELIVERED, smallest_group_count=19),
    "X096": _pair(DELIVERED, asked_microepsilon=100_001),
    "X097": _pair(DELIVERED, smallest_difference_count=4),
    "X100": _pair(replace(TOKEN, unmet_duties=()), unmet_duties=("attribute",)),
    "X101": _pair(NEGOTIATED, state_after="FINALIZED"),
    "X102": _pair(
        replace(AGREED, target="d-1", concluded_at=AT), rules_with_own_target=("permission 1",)
    ),
    "X103": _pair(DELIVERED, is_agreement_in_force=False),
    "X104": _counted("version_documents_closed"),
    "X108": _pair(replace(ASKED, credential_faults=()), credential_faults=("status",)),
    "X109": _pair(
        replace(REGISTER, missing_participant_parts=()), missing_participant_parts=("seat",)
    ),
    "X111": _pair(
        replace(
            TOKEN,
            claims=frozenset(("typ", "iss", "exp", "aud", "sub", "client_id", "iat", "jti")),
        ),
        claims=frozenset(("typ", "iss", "exp")),
    ),
    "X112": _pair(replace(TOKEN, token_algorithm="EdDSA"), token_algorithm="none"),  # noqa: S106
    "X114": _pair(
        replace(TOKEN, is_sender_bound=True, can_sender_bind=True), is_sender_bound=False
    ),
    "X115": _counted("revocations_late"),
    "X116": _counted("keys_used_early"),
    "X118": _pair(SOLD, held_microcredits=MicroCredits(4)),
    "X119": _pair(SOLD, charged_unit_count=4),
    "X120": _counted("holds_resolved_wrongly"),
    "X121": _counted("assets_out_of_balance"),
    "X122": _counted("keys_with_two_effects"),
    "X123": _pair(DELIVERED, receipt_fields=frozenset(("rows",))),
    "X123-audit": _counted("deliveries_without_receipt"),
    "X124": _counted("events_outside_log"),
    "X125": _counted("refunds_owed"),
    "X127": _counted("inputs_without_split"),
    "X128": _counted("transfers_outside_table"),
    "X129": _pair(REGISTER, items=()),
    "X129-sharing": _pair(REGISTER, share_conditions=""),
    "X132": _pair(DELIVERED, purpose=Purpose.ANALYSIS),
    "X133": _pair(ENDED_SHARE, disposal_statement_reference=""),
    "X134": _pair(ENDED_SHARE, is_access_suspended=False),
    "X137": _pair(replace(REGISTER, items_named_elsewhere=()), items_named_elsewhere=("level",)),
    "X138": _counted("shared_without_check"),
    "X139": _counted("exchanges_without_link"),
    "X140": _counted("incidents_unreported"),
    "X141": _counted("breaches_open"),
    "X142": _counted("complaints_open"),
    "X143": _pair(
        replace(
            TRADED,
            input_owner_ids=frozenset(("o-water", "o-road")),
            has_linkage_test=True,
            regrading_reference="g-1",
        ),
        has_linkage_test=False,
    ),
    "X147": _pair(
        replace(TRADED, authorisation_selection="open_tender", authorisation_filing_number="f-3"),
        authorisation_selection="friendship",
    ),
    "X148": _pair(
        replace(TRADED, authorisation_published_on=date(2026, 7, 1)),
        authorisation_published_on=date(2026, 3, 1),
    ),
    "X149": _pair(replace(TRADED, registration_working_days=20), registration_working_days=21),
    "X150": _counted("registrations_overdue"),
    "X152": _counted("incomes_not_apart"),
    "X153": _counted("prices_not_reviewed"),
}

CASES_LOCAL: dict[str, tuple[Facts, Facts]] = {
    "Y001": CASES_2025["X023"],
    "Y002": CASES_2025["X070"],
    "Y003": CASES_2025["X020"],
}

CASES_2016: dict[str, tuple[Facts, Facts]] = {
    **{name: CASES_2025[name] for name in ("X021", "X023", "X039", "W001", "X105")},
    "X022": _pair(
        replace(REGISTER, share_type=ShareType.NOT_SHARED, share_legal_basis_id="guofa-2015-50"),
        share_legal_basis_id="yinchuan-smart-city-regulations",
    ),
    "X024-clock": _pair(replace(UNCONDITIONAL, working_days_taken=0), working_days_taken=1),
    "X025": _pair(REFUSED, working_days_taken=11),
    "X026": _pair(REFUSED, reason_text=""),
}


def cases_of(profile: Profile) -> Mapping[str, tuple[Facts, Facts]]:
    """Facts that pass and facts that fail, for each clause of a profile by its id."""
    if profile.id == "cn-2016":
        return CASES_2016
    if (profile.id, profile.version) == ("cn-2025", 1):
        return CASES_2025
    return {**CASES_2025, **CASES_LATER, **CASES_LOCAL}
