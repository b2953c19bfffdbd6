"""The facts that clauses are tested on, one type per stage. Packages above fill them in.

An empty string, an empty tuple, 0 or None says that a thing was not given. References are ids or
document numbers that the caller has already resolved; whether the document behind one says what it
should is for a person to judge. Days are days in China.
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
)
