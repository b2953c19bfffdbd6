"""The facts that clauses are tested on, one type per stage. Packages above fill them in.

An empty string, an empty tuple, 0 or None says that a thing was not given. References are ids or
document numbers that the caller has already resolved; whether the document behind one says what it
should is for a person to judge. Days are days in China.

Of the fields that a test names as needed (`Check.needs`), None says that nobody can tell: the
clause then says "not covered" of this thing, and neither passes nor fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from policies.access import Action
from policies.decision.clause import Stage
from policies.party import OrganizationKind
from policies.terms import Grade, MicroCredits, OpenType, Purpose, Regime, ShareType, UpdateCycle

FREE = MicroCredits(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFacts:
    """A dataset as its publisher describes it."""

    stage: ClassVar[Stage] = Stage.REGISTER
    grade: Grade | None = None
    grade_assessor: str = ""
    graded_on: date | None = None
    affected_object: str = ""
    harm_level: str = ""
    review_due_on: date | None = None
    """The day by which the grade is to be looked at again."""
    subject_count: int = 0
    """How many people the data is about; 0 where it is about none."""
    share_type: ShareType | None = None
    share_reason: str = ""
    share_legal_basis_id: str = ""
    open_type: OpenType | None = None
    open_reason: str = ""
    directory: str = ""
    items: tuple[str, ...] = ()
    """Names of the data items."""
    provider_id: str = ""
    format: str = ""
    update_cycle: UpdateCycle | None = None
    share_manner: str = ""
    share_conditions: str = ""
    catalogue_change_working_days: int | None = None
    """Since a change of law or duty that the entry does not reflect; None where there is none."""
    has_catalogue_extension_consent: bool = False
    items_owned_elsewhere: tuple[str, ...] = ()
    """Items for which another department is the named source."""
    regimes: frozenset[Regime] = frozenset(Regime)
    """The regimes that the dataset is meant for; clauses of others are not tested."""
    items_named_elsewhere: tuple[str, ...] | None = None
    """Items for which another department is the named source; None where no list is kept."""
    overlapping_items: tuple[str, ...] | None = None
    """Items to be collected that a shareable dataset already holds, each with its dataset."""
    described_elements: frozenset[str] | None = None
    """Elements of the description that are filled in."""
    missing_participant_parts: tuple[str, ...] | None = None
    """Parts of the provider's own description that no credential vouches for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveFacts:
    """Who submitted, reviewed and approved a dataset or a listing."""

    stage: ClassVar[Stage] = Stage.APPROVE
    regimes: frozenset[Regime] = frozenset(Regime)
    submitter_id: str = ""
    approver_id: str = ""
    secrecy_reviewer_ids: tuple[str, ...] = ()
    personal_data_reviewer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFacts:
    """One dataset that a product was made from."""

    name: str
    grade: Grade
    is_public: bool = False
    """It is public data of a department or public body."""
    open_type: OpenType | None = None
    is_received_by_sharing: bool = False
    share_consent_reference: str = ""
    authorisation_reference: str = ""
    """The authorised-operation agreement that covers it on the day."""
    authorised_operator_id: str = ""
    provenance_hash: str = ""
    """Hash of the evidence that says where the data came from."""
    has_operating_right: bool = False
    has_holder_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """A product under one regime, about to be listed."""

    stage: ClassVar[Stage] = Stage.LIST
    regime: Regime
    name: str = ""
    grade: Grade = Grade.GENERAL
    open_type: OpenType | None = None
    special_approval_reference: str = ""
    regrading_reference: str = ""
    inputs: tuple[InputFacts, ...] = ()
    actions: frozenset[Action] = frozenset()
    """What callers may do with it."""
    formats: tuple[str, ...] = ()
    has_api: bool = False
    has_bulk_download: bool = False
    is_high_value: bool = False
    price_microcredits: MicroCredits = FREE
    licence_id: str = ""
    service_level_reference: str = ""
    open_manner: str = ""
    open_requirements: str = ""
    open_safeguards: str = ""
    lawful_basis: str = ""
    declared_by: str = ""
    """The named officer who signed that the data was collected lawfully."""
    personal_columns: tuple[str, ...] = ()
    sensitive_columns: tuple[str, ...] = ()
    personal_authorisation_reference: str = ""
    anonymisation_reference: str = ""
    is_labelled_anonymous: bool = False
    has_passed_reidentification_test: bool = False
    commercial_secret_columns: tuple[str, ...] = ()
    disclosure_consent_reference: str = ""
    """Consent of the person concerned, or the signed finding of an overriding public interest."""
    seller_id: str = ""
    seller_affiliate_ids: frozenset[str] = frozenset()
    is_redeveloped: bool = False
    """Made again out of a product that was delivered under authorised operation."""
    assessor_id: str = ""
    assessment_hash: str = ""
    assessed_on: date | None = None
    quality_checked_on: date | None = None
    is_authorised_operation: bool = False
    authorisation_reference: str = ""
    authorisation_ends_on: date | None = None
    """The first day without authorisation."""
    registration_code: str = ""
    registration_expires_on: date | None = None
    product_registration_code: str | None = None
    """The product's own code, beside that of the resource that it was made from."""
    harm_reviewer_id: str | None = None
    """Who looked whether the trade harms security, public interest or privacy."""
    seller_class: str | None = None
    """The class of market party 数商 that the seller is registered under."""
    described_items: frozenset[str] | None = None
    are_conditions_public: bool | None = None
    input_owner_ids: frozenset[str] | None = None
    """The owners of the inputs; more than one makes it a product of linking."""
    has_linkage_test: bool = False
    authorisation_selection: str | None = None
    """How the operator was chosen: open_tender, invited_tender or negotiation."""
    authorisation_filing_number: str = ""
    authorisation_published_on: date | None = None
    """The day on which scope and use of the authorisation were last shown to the public."""
    registration_working_days: int | None = None
    """From first delivery to the filing of the registration, or to today while none is filed."""
    is_seller_platform_operator: bool | None = None

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the listing."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFacts:
    """A price for a set of purposes."""

    stage: ClassVar[Stage] = Stage.PRICE
    regime: Regime
    price_microcredits: MicroCredits = FREE
    purposes: frozenset[Purpose] = frozenset()
    """The purposes for which this price is asked."""
    is_authorised_operation: bool = False
    """An input is public data under authorised operation."""
    is_freely_priced: bool = False
    """The seller sets the price without a ceiling."""
    ceiling_microcredits: MicroCredits | None = None
    """The government-guided ceiling on the day; None where none was set."""
    is_on_public_price_list: bool = False
    person_level_inputs: tuple[str, ...] = ()
    """Attributes of persons that a changing price reads."""
    price_spread_permille: int | None = None
    """By how much prices of like buyers differ, in thousandths of the lowest."""
    price_spread_reason: str = ""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the price."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyFacts:
    """A request for data, before it is sent."""

    stage: ClassVar[Stage] = Stage.APPLY
    regime: Regime
    share_type: ShareType | None = None
    applicant_id: str = ""
    applicant_kind: OrganizationKind | None = None
    purpose: Purpose | None = None
    duty_item: str = ""
    is_duty_item_in_force: bool = False
    """The item stands in the applicant's own duty list on the day."""
    basis: str = ""
    scenario: str = ""
    scope: str = ""
    manner: str = ""
    ends_on: date | None = None
    has_pledge: bool = False
    submitter_id: str = ""
    approver_id: str = ""
    is_approver_share_head: bool = False
    """The approver is the head of the applicant's share office."""
    requested_columns: frozenset[str] = frozenset()
    needed_columns: frozenset[str] | None = None
    """Columns that the purpose needs; None where no such list is kept."""
    has_personal_data: bool = False
    is_identity_verified: bool = False
    is_provider_identity_verified: bool = False
    is_foreign_authority: bool = False
    """The recipient is a judicial or law-enforcement body of another country."""
    foreign_approval_reference: str = ""
    credential_faults: tuple[str, ...] | None = None
    """What is wrong with the applicant's credential: issuer, proof, dates or status."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the request."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionFacts:
    """One condition that a provider sets."""

    name: str
    legal_basis_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideFacts:
    """A provider's answer to a request, about to be released."""

    stage: ClassVar[Stage] = Stage.DECIDE
    regime: Regime
    is_granted: bool
    share_type: ShareType | None = None
    reason_code: str = ""
    reason_text: str = ""
    legal_basis_id: str = ""
    conditions: tuple[ConditionFacts, ...] = ()
    free_text_condition: str = ""
    working_days_taken: int = 0
    """From receipt to answer; `policies.calendar.working_days_between`."""
    extension_working_days: int = 0
    extension_consent_reference: str = ""
    was_extension_notified: bool = False
    has_standing_release: bool = False
    is_released_by_share_head: bool = False
    applicant_id: str = ""
    decider_id: str = ""
    """The person who answers."""
    submitter_id: str = ""
    """The person who sent the request."""
    open_gaps: tuple[str, ...] = ()
    """What was found missing in the request and is still missing."""
    times_gaps_were_named: int = 0
    is_partly_open: bool = False
    """Only some columns or rows stand against giving it."""
    separation_reference: str = ""
    """The record of the attempt to give the rest."""
    delivery_working_days: int | None = None
    """From the yes to the delivery; None while nothing was delivered."""
    is_flow_back: bool | None = None
    """An area asks for what an upper level's system holds about it 回流."""
    unequal_decision_count: int | None = None
    """Earlier answers to the same facts that were decided otherwise."""
    third_party_working_days: int | None = None
    """Since an affected third party was asked; None where none was asked."""
    has_third_party_answered: bool = False
    disclosure_working_days: int | None = None
    """From receipt to the answer of a disclosure request, without the time of third parties."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the request."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreeFacts:
    """An agreement, about to be concluded."""

    stage: ClassVar[Stage] = Stage.AGREE
    regime: Regime
    assigner_ids: tuple[str, ...] = ()
    assignee_ids: tuple[str, ...] = ()
    assessor_id: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """The first moment at which it no longer holds."""
    purposes: frozenset[Purpose] = frozenset()
    manner: str = ""
    scope: str = ""
    security_duties: str = ""
    filled_sections: frozenset[str] = frozenset()
    grade: Grade = Grade.GENERAL
    subject_count: int = 0
    risk_assessment_headings: frozenset[str] = frozenset()
    risk_assessed_on: date | None = None
    legal_duty_reference: str = ""
    is_distribution_prohibited: bool = False
    conflict_strategy: str = ""
    has_public_inputs: bool = False
    is_exclusive: bool = False
    exclusivity_published_on: date | None = None
    exclusivity_review_on: date | None = None
    training_model: str = ""
    """Name and version of the model where training is agreed."""
    has_personal_data: bool = False
    has_sensitive_data: bool = False
    personal_basis: str = ""
    notice_reference: str = ""
    separate_consent_reference: str = ""
    impact_assessment_reference: str = ""
    is_authorised_operation: bool = False
    term_exception_reference: str = ""
    revenue_basis_points: tuple[int, ...] = ()
    """Shares of the income in ten-thousandths; empty where nothing is paid."""
    rounding_party_id: str = ""
    target: str | None = None
    """What the agreement is about, named once."""
    concluded_at: datetime | None = None
    rules_with_own_target: tuple[str, ...] = ()
    is_contracted_elsewhere: bool | None = None
    """Signed outside the platform."""
    contract_filing_number: str = ""
    are_signatures_valid: bool | None = None
    """Each signature fits the words, under a key that only its signer holds."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the agreement."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """An access token, about to be issued."""

    stage: ClassVar[Stage] = Stage.TOKEN
    regime: Regime
    expires_at: datetime
    agreement_starts_at: datetime
    agreement_ends_at: datetime
    entitlement_ends_at: datetime
    key_retires_at: datetime
    is_platform_identity: bool = False
    delegation_depth: int = 0
    has_delegation_consent: bool = False
    actor_chain_length: int = 0
    scope: frozenset[str] = frozenset()
    parent_scope: frozenset[str] | None = None
    """Scope of the token it was exchanged for; None for a first token."""
    grade: Grade = Grade.GENERAL
    has_personal_data: bool = False
    region: str = "CN"
    export_approval_reference: str = ""
    registration_expires_on: date | None = None
    """None where the product needs no registration code."""
    token_algorithm: str | None = None
    claims: frozenset[str] | None = None
    """Claims and header fields that the token carries."""
    is_sender_bound: bool | None = None
    can_sender_bind: bool = False
    """The client is able to prove that it holds a key."""
    unmet_duties: tuple[str, ...] | None = None
    """Duties of the permission that are due and not done."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the agreement behind the token."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawFacts:
    """A listing or dataset, about to be withdrawn or changed."""

    stage: ClassVar[Stage] = Stage.WITHDRAW
    regime: Regime
    live_agreement_count: int = 0
    reason: str = ""
    negotiation_reference: str = ""
    filing_number: str = ""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the listing."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeFacts:
    """Records of use, about to be deleted."""

    stage: ClassVar[Stage] = Stage.PURGE
    regimes: frozenset[Regime] = frozenset(Regime)
    ended_on: date | None = None
    """The last day of the agreement or use that the records are about; None while it goes on."""
    has_personal_data: bool = False
    is_important: bool = False
    is_impact_assessment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateFacts:
    """One move of a negotiation or of the trade that follows it."""

    stage: ClassVar[Stage] = Stage.NEGOTIATE
    regime: Regime
    state_before: str | None = None
    """In the words of the Dataspace Protocol."""
    state_after: str = ""
    gates_passed: tuple[str, ...] | None = None
    """The gates with a recorded decision, in the order in which they were passed."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the negotiation."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverFacts:
    """One delivery, as it is made or as its receipt tells."""

    stage: ClassVar[Stage] = Stage.DELIVER
    regime: Regime
    is_agreement_in_force: bool | None = None
    """Concluded, begun, neither ended nor suspended. None where no agreement is needed."""
    columns_outside: tuple[str, ...] | None = None
    """Columns given that the listing's view does not hold."""
    purpose: Purpose | None = None
    agreed_purposes: frozenset[Purpose] | None = None
    is_recipient_assignee: bool = False
    widening_consent_reference: str = ""
    is_newest_version: bool | None = None
    old_version_reason: str = ""
    exported_subject_count: int | None = None
    """People whose data left the country under the approval, this delivery included."""
    approved_subject_count: int = 0
    smallest_group_count: int | None = None
    """How many people the smallest released group covers."""
    has_sensitive_data: bool = False
    spent_microepsilon: int | None = None
    asked_microepsilon: int = 0
    most_microepsilon: int = 0
    smallest_difference_count: int | None = None
    """By how many people this question differs from the nearest earlier one."""
    held_microcredits: MicroCredits | None = None
    highest_charge_microcredits: MicroCredits = FREE
    charged_unit_count: int | None = None
    granted_unit_count: int = 0
    """Distinct rows or objects that were granted, repeats left out."""
    receipt_fields: frozenset[str] | None = None
    """What the receipt states; empty where there is no receipt."""

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the delivery."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFacts:
    """An agreement that has ended, or is to be stopped."""

    stage: ClassVar[Stage] = Stage.END
    regime: Regime
    live_token_count: int | None = None
    """Tokens of the agreement that still open something."""
    days_since_end: int = 0
    deletion_statement_reference: str = ""
    disposal_due_in_days: int | None = None
    """Until the provider's instruction to dispose is due; negative once it is past."""
    disposal_statement_reference: str = ""
    is_misuse_found: bool | None = None
    is_access_suspended: bool = False
    rectification_due_on: date | None = None

    @property
    def regimes(self) -> frozenset[Regime]:
        """The one regime of the agreement."""
        return frozenset((self.regime,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFacts:
    """How the exchange stands on a day: what is outstanding, by kind; 0 where nothing is."""

    stage: ClassVar[Stage] = Stage.AUDIT
    regimes: frozenset[Regime] = frozenset(Regime)
    yearly_assessments_overdue: int | None = None
    settlements_without_identity: int | None = None
    disputes_out_of_order: int | None = None
    corrections_overdue: int | None = None
    demands_overdue: int | None = None
    publications_late: int | None = None
    departments_without_openness_score: int | None = None
    deliveries_without_proof: int | None = None
    functions_untested: int | None = None
    ranking_inputs_unpublished: int | None = None
    consent_withdrawals_open: int | None = None
    leaks_without_notice: int | None = None
    version_documents_closed: int | None = None
    revocations_late: int | None = None
    keys_used_early: int | None = None
    holds_resolved_wrongly: int | None = None
    assets_out_of_balance: int | None = None
    keys_with_two_effects: int | None = None
    deliveries_without_receipt: int | None = None
    events_outside_log: int | None = None
    refunds_owed: int | None = None
    inputs_without_split: int | None = None
    transfers_outside_table: int | None = None
    shared_without_check: int | None = None
    exchanges_without_link: int | None = None
    incidents_unreported: int | None = None
    breaches_open: int | None = None
    complaints_open: int | None = None
    registrations_overdue: int | None = None
    incomes_not_apart: int | None = None
    incomes_over_cap: int | None = None
    prices_not_reviewed: int | None = None


Facts = (
    RegisterFacts
    | ApproveFacts
    | ListingFacts
    | PriceFacts
    | ApplyFacts
    | DecideFacts
    | AgreeFacts
    | TokenFacts
    | WithdrawFacts
    | PurgeFacts
    | NegotiateFacts
    | DeliverFacts
    | EndFacts
    | AuditFacts
)
