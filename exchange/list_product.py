"""Put a dataset on offer under one regime: propose, assess, open, suspend, withdraw.

Whoever proposes never opens. Trade is opened by the bureau, after somebody who neither sells nor
buys assessed it; share and open are opened by the provider's approver or the bureau. The clauses of
the profile in force are asked at the proposal, so that the provider sees all gaps at once, and
again when it is opened.

Source: exchange design, state machine of a listing; X002-X072.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from catalog.dataset import Dataset, DatasetState
from catalog.documents import published_document
from catalog.find import dataset_with_id, distributions_of, inputs_of, newest_published
from catalog.version import Version
from catalog.view import EVERYTHING, View
from exchange.clauses import judge_all, refuse_blocked
from exchange.errors import (
    AlreadyListed,
    AssessorIsParty,
    ListingNotFound,
    ListingNotInState,
    MalformedReport,
    NotPublished,
    NotYourPart,
    TermsTooLong,
)
from exchange.listing import (
    ALL_USES,
    NO_TERMS,
    NOTHING_DECLARED,
    TERMS_LENGTH_CHARACTERS,
    AccessClass,
    Assessment,
    Declaration,
    Listing,
    ListingState,
    StandingRelease,
    Uses,
)
from exchange.price import FREE, Price, PriceModel
from exchange.store import listings as store
from exchange.upstream import price_with_parts
from policies.access import Action
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.clause import Judgement
from policies.decision.facts import (
    InputFacts,
    ListingFacts,
    PriceFacts,
    RegisterFacts,
    WithdrawFacts,
)
from policies.decision.profile import profile_in_force
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_approve_for, can_assess, can_publish_for, can_set_standards
from policies.terms import (
    DatasetId,
    ListingId,
    MicroCredits,
    OpenType,
    Regime,
    ShareType,
    Text,
)
from quality.answer_sensitive import hidden_view
from quality.errors import MasksLeak
from quality.masks.check import leaks_known, refuse_leaks
from quality.masks.leak import Leak

FORMATS = ("csv", "json", "parquet")
"""What every listing can be read as."""

SHA256_LENGTH_CHARACTERS = 64
UNSPECIFIED_LICENCE = "notspecified"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a provider offers."""

    regime: Regime
    view: View = EVERYTHING
    price: Price = FREE
    terms: Text = NO_TERMS
    licence: str = ""
    uses: Uses = ALL_USES
    declared: Declaration = NOTHING_DECLARED
    upstream_basis_points: int = 0
    """So much of each charge goes to those whose data it was made from, each as much as of its
    datasets went in."""


def propose(
    tx: Tx, dataset_id: DatasetId, proposal: Proposal, *, by: Actor, at: datetime
) -> Listing:
    """Draft a listing and say what the clauses make of it; nothing is refused but what cannot be.

    Raises: NotYourPart, NotPublished, TermsTooLong, MalformedView, MalformedPrice, AlreadyListed.
    """
    dataset = dataset_with_id(tx, dataset_id, by=by)
    if not can_publish_for(by, dataset.publisher_id):
        raise NotYourPart(Role.PUBLISHER)
    if dataset.state is not DatasetState.PUBLISHED:
        raise NotPublished(dataset.slug)
    if max(len(proposal.terms.zh), len(proposal.terms.en)) > TERMS_LENGTH_CHARACTERS:
        raise TermsTooLong(TERMS_LENGTH_CHARACTERS)
    view = _protected(tx, dataset, proposal.view)
    for version in _published_versions(tx, dataset):
        view.visible([column.name for column in version.columns])
    listing = Listing(
        id=ListingId(store.new_id(tx)),
        dataset_id=dataset_id,
        provider_id=dataset.publisher_id,
        regime=proposal.regime,
        state=ListingState.DRAFT,
        access_class=_access_class(dataset, proposal.regime),
        proposed_by=by.user_id,
        proposed_at=at,
        view=view,
        price=price_with_parts(
            tx, dataset, proposal.price, upstream_basis_points=proposal.upstream_basis_points
        ),
        terms=proposal.terms,
        licence=proposal.licence or dataset.entry.licence,
        uses=proposal.uses,
        declared=proposal.declared,
    )
    listing = replace(listing, judgement=judge_listing(tx, listing, dataset, at=at))
    if not store.insert_listing(tx, listing):
        raise AlreadyListed(proposal.regime.value)
    record(tx, _event(EventKind.LISTING_PROPOSED, listing, by=by, at=at, facts=_offer(listing)))
    return listing


def assess(
    tx: Tx, listing_id: ListingId, *, report_sha256: str, by: Actor, at: datetime
) -> Listing:
    """Sign the compliance assessment 合规评估 of a drafted listing.

    Raises: NotYourPart, MalformedReport, ListingNotFound, AssessorIsParty, ListingNotInState.
    Source: X072.
    """
    if not can_assess(by) or by.organization is None or by.user_id is None:
        raise NotYourPart(Role.ASSESSOR)
    if len(report_sha256) != SHA256_LENGTH_CHARACTERS or set(report_sha256) - set(
        "0123456789abcdef"
    ):
        raise MalformedReport
    listing = _locked(tx, listing_id)
    if by.organization.id == listing.provider_id:
        raise AssessorIsParty
    if listing.state is not ListingState.DRAFT:
        raise ListingNotInState(str(listing_id), listing.state.value)
    assessment = Assessment(by.organization.id, by.user_id, report_sha256, china_day(at))
    listing = replace(listing, assessment=assessment)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    listing = replace(listing, judgement=judge_listing(tx, listing, dataset, at=at))
    store.update_listing(tx, listing)
    facts: dict[str, JsonValue] = {"assessed": True, "report_sha256": report_sha256}
    record(tx, _event(EventKind.LISTING_PROPOSED, listing, by=by, at=at, facts=facts))
    return listing


def open_listing(
    tx: Tx, listing_id: ListingId, *, has_standing_release: bool = False, by: Actor, at: datetime
) -> Listing:
    """Open a drafted listing, or a suspended one again, after all clauses were asked once more.

    `has_standing_release` is the approver's signature under a release of unconditional data.

    Raises: ListingNotFound, NotYourPart, SameTwoPeople, ListingNotInState, ClausesFailed,
    MasksLeak.
    """
    listing = _locked(tx, listing_id)
    if listing.regime is Regime.TRADE and not can_set_standards(by):
        raise NotYourPart(Role.BUREAU)
    if not can_approve_for(by, listing.provider_id) or by.user_id is None:
        raise NotYourPart(Role.APPROVER)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    judgement = judge_listing(tx, listing, dataset, at=at)
    if listing.state is ListingState.SUSPENDED:
        opened = replace(listing.move_to(ListingState.LISTED, reason=""), judgement=judgement)
    else:
        opened = listing.open(by=by.user_id, at=at, judgement=judgement)
    refuse_blocked(judgement)
    for version in _published_versions(tx, dataset):
        refuse_leaks(leaks_known(tx, version.id, listing.view))
    if has_standing_release and listing.access_class is AccessClass.UNCONDITIONAL:
        if not by.holds(Role.APPROVER, listing.provider_id):
            raise NotYourPart(Role.APPROVER)
        opened = replace(opened, release=StandingRelease(by.user_id, at))
    store.update_listing(tx, opened)
    record(tx, _event(EventKind.LISTING_OPENED, opened, by=by, at=at, facts=_offer(opened)))
    return opened


def open_directly(tx: Tx, dataset_id: DatasetId, *, by: Actor, at: datetime) -> Listing | None:
    """List an openly available dataset at once, the profile itself being the decider.

    For installations with direct publication. None where the dataset is listed already, or where a
    clause stands against it; the draft then waits for a person with its gaps named.
    """
    dataset = dataset_with_id(tx, dataset_id, by=by)
    if any(held.regime is Regime.OPEN for held in store.listings_of_dataset(tx, dataset_id)):
        return None
    listing = Listing(
        id=ListingId(store.new_id(tx)),
        dataset_id=dataset_id,
        provider_id=dataset.publisher_id,
        regime=Regime.OPEN,
        state=ListingState.DRAFT,
        access_class=_access_class(dataset, Regime.OPEN),
        # Whoever entered the dataset answers for it.
        proposed_by=dataset.created_by,
        proposed_at=at,
        view=_protected(tx, dataset, EVERYTHING),
        licence=dataset.entry.licence or UNSPECIFIED_LICENCE,
        declared=Declaration(lawful_basis="lawfully_public"),
    )
    judgement = judge_listing(tx, listing, dataset, at=at)
    listing = replace(listing, judgement=judgement)
    is_open = judgement.is_allowed and dataset.entry.open_type is OpenType.UNCONDITIONAL
    if is_open:
        listing = listing.open(by=None, at=at, judgement=judgement)
    store.insert_listing(tx, listing)
    kind = EventKind.LISTING_OPENED if is_open else EventKind.LISTING_PROPOSED
    record(tx, _event(kind, listing, by=by, at=at, facts=_offer(listing)))
    return listing if is_open else None


def _protected(tx: Tx, dataset: Dataset, view: View) -> View:
    """The view with the columns masked or left out that the publisher answered for."""
    versions = [[column.name for column in one.columns] for one in _published_versions(tx, dataset)]
    shared = [name for name in (versions or [[]])[0] if all(name in one for one in versions)]
    return hidden_view(tx, dataset.id, view, shared)


def change_view(tx: Tx, listing_id: ListingId, view: View, *, by: Actor, at: datetime) -> Listing:
    """Choose anew what a drafted listing lets out and how it is masked.

    An assessment that was signed for the earlier view falls with it.

    Raises: ListingNotFound, NotYourPart, ListingNotInState, MalformedView.
    """
    listing = _locked(tx, listing_id)
    if not can_publish_for(by, listing.provider_id):
        raise NotYourPart(Role.PUBLISHER)
    if listing.state is not ListingState.DRAFT:
        raise ListingNotInState(str(listing_id), listing.state.value)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    view = _protected(tx, dataset, view)
    for version in _published_versions(tx, dataset):
        view.visible([column.name for column in version.columns])
    changed = replace(listing, view=view, assessment=None, proposed_by=by.user_id)
    changed = replace(changed, judgement=judge_listing(tx, changed, dataset, at=at))
    store.update_listing(tx, changed)
    store.update_view(tx, changed)
    facts = {**_offer(changed), "view_changed": True}
    record(tx, _event(EventKind.LISTING_PROPOSED, changed, by=by, at=at, facts=facts))
    return changed


def stop_leaking(tx: Tx, listing_id: ListingId, leak: Leak, *, at: datetime) -> None:
    """Suspend an open listing whose masks let identifiers through; a second time does nothing."""
    listing = store.lock_listing(tx, listing_id)
    if listing is None or listing.state is not ListingState.LISTED:
        return
    reason = str(MasksLeak(leak.column, leak.kind.value))
    stopped = listing.move_to(ListingState.SUSPENDED, reason=reason)
    store.update_listing(tx, stopped)
    facts: dict[str, JsonValue] = {"reason": "masks leak", "column": leak.column, "kind": leak.kind}
    record(
        tx,
        _event(EventKind.LISTING_SUSPENDED, stopped, by=Actor(name="system"), at=at, facts=facts),
    )


def suspend(tx: Tx, listing_id: ListingId, *, reason: str, by: Actor, at: datetime) -> Listing:
    """Stop all deliveries through a listing for now.

    Raises: ListingNotFound, NotYourPart, ReasonMissing, ListingNotInState.
    """
    listing = _own(tx, listing_id, by)
    suspended = listing.move_to(ListingState.SUSPENDED, reason=check_reason(reason))
    store.update_listing(tx, suspended)
    record(
        tx,
        _event(EventKind.LISTING_SUSPENDED, suspended, by=by, at=at, facts={"reason": reason}),
    )
    return suspended


def withdraw(
    tx: Tx,
    listing_id: ListingId,
    *,
    reason: str,
    negotiation_reference: str = "",
    filing_number: str = "",
    by: Actor,
    at: datetime,
) -> Listing:
    """Take a listing off for good. A shared one with live agreements needs talks and a filing.

    Raises: ListingNotFound, NotYourPart, ReasonMissing, ListingNotInState, ClausesFailed.
    Source: 政务数据共享条例 art. 27 (X135).
    """
    listing = _own(tx, listing_id, by)
    withdrawn = listing.move_to(ListingState.WITHDRAWN, reason=check_reason(reason))
    facts = WithdrawFacts(
        regime=listing.regime,
        live_agreement_count=store.live_agreement_count(tx, listing_id),
        reason=reason,
        negotiation_reference=negotiation_reference,
        filing_number=filing_number,
    )
    refuse_blocked(judge_all(facts, at=at))
    store.update_listing(tx, withdrawn)
    record(
        tx,
        _event(EventKind.LISTING_WITHDRAWN, withdrawn, by=by, at=at, facts={"reason": reason}),
    )
    return withdrawn


def get_listing(tx: Tx, listing_id: ListingId, *, by: Actor) -> Listing:
    """A listing: an open one for everybody, a draft for those who work on it.

    Raises: ListingNotFound.
    """
    listing = store.get_listing(tx, listing_id)
    if listing is None or not _sees(by, listing):
        raise ListingNotFound(str(listing_id))
    return listing


def listings_of(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> list[Listing]:
    """The listings of a dataset that `by` may know of, by regime."""
    return [held for held in store.listings_of_dataset(tx, dataset_id) if _sees(by, held)]


def listings_to_open(tx: Tx, *, by: Actor) -> list[Listing]:
    """Drafts that wait for somebody like `by`: a bureau's, an assessor's or an approver's queue."""
    if can_set_standards(by) or can_assess(by):
        return store.listings_in_state(tx, ListingState.DRAFT, provider_ids=None)
    own = [
        held.organization_id
        for held in by.memberships
        if held.organization_id is not None and held.role in (Role.APPROVER, Role.PUBLISHER)
    ]
    return store.listings_in_state(tx, ListingState.DRAFT, provider_ids=own)


def judge_listing(tx: Tx, listing: Listing, dataset: Dataset, *, at: datetime) -> Judgement:
    """What every clause about record, listing and price says of the listing at `at`."""
    return judge_all(*listing_facts(tx, listing, dataset, at=at), at=at)


def listing_facts(
    tx: Tx, listing: Listing, dataset: Dataset, *, at: datetime
) -> tuple[RegisterFacts, ListingFacts, PriceFacts]:
    """What the clauses read of a listing: the record behind it, itself, its price."""
    items = inputs_of(tx, dataset.id)
    inputs = tuple(_input_facts(tx, item, listing) for item in items)
    versions = _published_versions(tx, dataset)
    facts = _listing_facts(listing, dataset, inputs, [*versions, *_documents(tx, dataset)])
    owners = frozenset(str(item.publisher_id) for item in items)
    return (
        _register_facts(listing, dataset, versions, at),
        replace(facts, input_owner_ids=owners),
        _price_facts(listing),
    )


def _register_facts(
    listing: Listing, dataset: Dataset, versions: list[Version], at: datetime
) -> RegisterFacts:
    """What the record says; whoever approved it answers for its grade, else who entered it."""
    entry, directory = dataset.entry, dataset.entry.directory
    columns = {column.name: None for version in versions for column in version.columns}
    assessor = dataset.reviewed_by or dataset.created_by or dataset.publisher_id
    described = {
        "title": entry.title != Text(),
        "description": entry.summary != Text(),
        "publisher": True,
        "keyword": bool(entry.keywords),
        "format": bool(versions),
        "update_cycle": True,
    }
    basis = next(
        (
            one.id
            for one in profile_in_force(at).legal_bases
            if one.title.zh and one.title.zh in entry.share_basis
        ),
        "",
    )
    return RegisterFacts(
        grade=entry.grade,
        grade_assessor=str(assessor),
        graded_on=china_day(dataset.reviewed_at or dataset.created_at),
        share_type=entry.share_type,
        share_reason=entry.share_basis or directory.share_condition,
        share_legal_basis_id=basis,
        open_type=entry.open_type,
        open_reason=(
            entry.open_basis or directory.open_condition or listing.declared.open_requirements
        ),
        directory=directory.class_code or directory.gov_code,
        items=tuple(columns),
        provider_id=str(dataset.publisher_id),
        format=", ".join(FORMATS),
        update_cycle=entry.update_cycle,
        share_manner=directory.share_channel or "",
        share_conditions=directory.share_condition,
        described_elements=frozenset(name for name, is_there in described.items() if is_there),
        regimes=frozenset((listing.regime,)),
    )


def _published_versions(tx: Tx, dataset: Dataset) -> list[Version]:
    """What everybody reads of each distribution that has something to read."""
    newest = [newest_published(tx, held.id) for held in distributions_of(tx, dataset)]
    return [version for version in newest if version is not None]


def _documents(tx: Tx, dataset: Dataset) -> list[Version]:
    """What everybody reads of each distribution that is a document."""
    found = [published_document(tx, held.id) for held in distributions_of(tx, dataset)]
    return [document.version for document in found if document is not None]


def _listing_facts(
    listing: Listing, dataset: Dataset, inputs: tuple[InputFacts, ...], versions: list[Version]
) -> ListingFacts:
    declared, assessment = listing.declared, listing.assessment
    # The gate has nothing to say of a document; who approved it looked at it.
    looked = [one.published_at if one.is_document else one.assessed_at for one in versions]
    checked = [china_day(moment) for moment in looked if moment]
    return ListingFacts(
        regime=listing.regime,
        name=dataset.slug,
        grade=dataset.entry.grade,
        open_type=dataset.entry.open_type,
        special_approval_reference=declared.special_approval_reference,
        regrading_reference=declared.regrading_reference,
        inputs=inputs,
        actions=listing.uses.actions,
        formats=FORMATS,
        has_api=True,
        has_bulk_download=Action.DOWNLOAD in listing.uses.actions,
        is_high_value=declared.is_high_value,
        price_microcredits=listing.price.unit,
        licence_id=listing.licence,
        service_level_reference=declared.service_level_reference,
        open_manner=declared.open_manner,
        open_requirements=declared.open_requirements,
        open_safeguards=declared.open_safeguards,
        lawful_basis=declared.lawful_basis,
        declared_by=str(listing.proposed_by or ""),
        personal_columns=tuple(sorted(listing.personal_columns)),
        sensitive_columns=tuple(sorted(listing.personal_columns & set(declared.sensitive_columns))),
        personal_authorisation_reference=declared.personal_authorisation_reference,
        anonymisation_reference=declared.anonymisation_reference,
        is_labelled_anonymous=declared.is_labelled_anonymous,
        commercial_secret_columns=declared.commercial_secret_columns,
        disclosure_consent_reference=declared.disclosure_consent_reference,
        seller_id=str(listing.provider_id),
        seller_affiliate_ids=declared.affiliate_ids,
        is_redeveloped=declared.is_redeveloped,
        assessor_id=str(assessment.assessor_id) if assessment else "",
        assessment_hash=assessment.report_sha256 if assessment else "",
        assessed_on=assessment.assessed_on if assessment else None,
        quality_checked_on=min(checked, default=None),
        is_authorised_operation=declared.is_authorised_operation,
        authorisation_reference=declared.authorisation_reference,
        authorisation_ends_on=declared.authorisation_ends_on,
        registration_code=declared.registration_code,
        # The dataset page shows terms and price of every listing to everybody.
        are_conditions_public=True,
        described_items=frozenset(
            name
            for name, is_there in (
                ("title", dataset.entry.title != Text()),
                ("description", dataset.entry.summary != Text()),
                ("provider", True),
                ("format", bool(versions)),
                ("price", True),
                ("terms", listing.terms != NO_TERMS),
            )
            if is_there
        ),
        # The compliance assessment 合规评估 is the look at what the trade could harm.
        harm_reviewer_id=str(assessment.assessor_id) if assessment else "",
        registration_expires_on=declared.registration_expires_on,
    )


def _price_facts(listing: Listing) -> PriceFacts:
    declared = listing.declared
    return PriceFacts(
        regime=listing.regime,
        price_microcredits=listing.price.dearest,
        purposes=listing.uses.purposes,
        is_authorised_operation=declared.is_authorised_operation,
        is_freely_priced=(
            listing.price.model is not PriceModel.FREE and declared.ceiling_microcredits is None
        ),
        ceiling_microcredits=(
            None
            if declared.ceiling_microcredits is None
            else MicroCredits(declared.ceiling_microcredits)
        ),
        # The dataset page shows every listing's price to everybody, from the data that meters.
        is_on_public_price_list=True,
    )


def _input_facts(tx: Tx, item: Dataset, listing: Listing) -> InputFacts:
    """What is known of a dataset that the product was made from."""
    held = store.listings_of_dataset(tx, item.id)
    is_own = item.publisher_id == listing.provider_id
    references = listing.declared
    return InputFacts(
        name=item.slug,
        grade=item.entry.grade,
        is_public=store.is_public_body(tx, item.publisher_id),
        open_type=item.entry.open_type,
        is_received_by_sharing=not is_own
        and any(other.regime is Regime.SHARE and other.is_listed for other in held),
        share_consent_reference=references.authorisation_reference,
        authorisation_reference=references.authorisation_reference,
        authorised_operator_id=(
            str(listing.provider_id) if references.is_authorised_operation else ""
        ),
        # The version chain of the exchange itself is the evidence of where it came from.
        provenance_hash=str(item.id),
        has_operating_right=is_own or bool(references.authorisation_reference),
        has_holder_consent=is_own or bool(references.authorisation_reference),
    )


def _access_class(dataset: Dataset, regime: Regime) -> AccessClass:
    entry = dataset.entry
    is_unconditional = (
        entry.share_type is ShareType.UNCONDITIONAL
        if regime is Regime.SHARE
        else regime is Regime.OPEN and entry.open_type is OpenType.UNCONDITIONAL
    )
    return AccessClass.UNCONDITIONAL if is_unconditional else AccessClass.CONDITIONAL


def _locked(tx: Tx, listing_id: ListingId) -> Listing:
    listing = store.lock_listing(tx, listing_id)
    if listing is None:
        raise ListingNotFound(str(listing_id))
    return listing


def _own(tx: Tx, listing_id: ListingId, by: Actor) -> Listing:
    """The listing, for those who may stop it: its publisher, its approver, the bureau."""
    listing = _locked(tx, listing_id)
    if not (can_publish_for(by, listing.provider_id) or can_approve_for(by, listing.provider_id)):
        raise NotYourPart(Role.PUBLISHER)
    return listing


def _sees(by: Actor, listing: Listing) -> bool:
    if listing.state in (ListingState.LISTED, ListingState.SUSPENDED):
        return True
    return (
        can_publish_for(by, listing.provider_id)
        or can_approve_for(by, listing.provider_id)
        or can_assess(by)
    )


def _offer(listing: Listing) -> dict[str, JsonValue]:
    judgement = listing.judgement
    return {
        "regime": listing.regime,
        "access_class": listing.access_class,
        "price": listing.price.as_json(),
        "view_fingerprint": listing.view.fingerprint(),
        "masks": _masks_told(listing.view),
        "profile_id": judgement.profile_id if judgement else None,
        "profile_hash": judgement.profile_hash if judgement else None,
        "failed_clauses": (
            [result.clause_id for result in judgement.blocking] if judgement else []
        ),
    }


def _masks_told(view: View) -> dict[str, JsonValue]:
    """Which columns do not leave as they are, and why not."""
    told: dict[str, JsonValue] = {name: mask.kind.value for name, mask in view.masks.items()}
    for name in view.suppression.columns if view.suppression else ():
        told.setdefault(name, "suppress")
    return told


def _event(
    kind: EventKind, listing: Listing, *, by: Actor, at: datetime, facts: dict[str, JsonValue]
) -> Event:
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=listing.provider_id,
        dataset_id=listing.dataset_id,
        subject_id=listing.id,
        facts=facts,
    )
