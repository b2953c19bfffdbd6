"""Ask for shared or conditionally open data, and answer such a request.

A complete request for unconditional data is granted at once where the provider's share office
signed a standing release, else by that office within its clock. Everything that is missing is
named at once.

Source: 政务数据共享条例 art. 20-22; 深圳经济特区数据条例 art. 48-49.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from catalog.dataset import Dataset
from catalog.find import dataset_with_id
from exchange.application import (
    FIELD_LENGTH_CHARACTERS,
    Application,
    ApplicationState,
    Handing,
    Manner,
    RefusalReason,
    Request,
)
from exchange.clauses import judge_all, refuse_blocked, refuse_incomplete
from exchange.conclude import Wish, conclude_agreement, end_of_day, latest_end
from exchange.duty_needs import columns_asked, is_in_duty_list
from exchange.errors import (
    AlreadyAsked,
    ApplicationNotFound,
    ApplicationNotInState,
    AskedForOwnData,
    EndTooLate,
    FieldTooLong,
    ListingNotFound,
    ListingNotInState,
    NoOrganization,
    NotYourPart,
    OnlyDepartmentsShare,
    OpenToEverybody,
    SameTwoPeople,
    SoldNotShared,
)
from exchange.listing import AccessClass, Listing
from exchange.part import (
    WHOLE,
    Part,
    check_columns,
    check_part,
    offered_columns,
    view_let_out,
)
from exchange.share_clocks import answer_due, delivery_due, is_readable
from exchange.share_head import check_releases, share_head_for
from exchange.store import applications as store
from exchange.store import listings as listing_store
from policies.access import Action
from policies.agree import agreements_in_time
from policies.agreement import Agreement
from policies.calendar import DueDate, china_day
from policies.database import Tx
from policies.decision.clause import Judgement
from policies.decision.facts import ApplyFacts, DecideFacts
from policies.events import Event, EventKind, JsonValue
from policies.identity.people import organization_with_id
from policies.official_calendar import working_days
from policies.party import Actor, Organization, OrganizationKind, Role
from policies.reason import check_reason
from policies.record import record
from policies.roles import can_apply_for, can_approve_for, can_supervise
from policies.seal import KeyRing
from policies.terms import (
    ListingId,
    OrganizationId,
    Regime,
    UserId,
)

ACTIONS_OF_MANNER = {
    Manner.PAGE: frozenset({Action.PREVIEW, Action.READ_PAGE}),
    Manner.QUERY: frozenset({Action.PREVIEW, Action.READ_PAGE, Action.QUERY}),
    Manner.DOWNLOAD: frozenset(Action),
}


def submit(
    tx: Tx, keys: KeyRing, listing_id: ListingId, request: Request, *, by: Actor, at: datetime
) -> Application:
    """Send a request; it is granted at once where a standing release covers it.

    Raises: NoOrganization, NotYourPart, ListingNotFound, NothingToAskFor, AlreadyAsked,
    FieldTooLong, EndTooLate, RequestIncomplete, ClausesFailed, SigningKeyAway.
    """
    applicant = _applicant(by)
    listing = _listed(tx, listing_id)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    _check_asks(listing, applicant)
    if store.open_application(tx, listing_id, applicant.id) or _has_agreement(
        tx, listing, applicant.id, at
    ):
        raise AlreadyAsked(str(listing_id))
    judgement = _judge_request(tx, listing, dataset, request, applicant=applicant, by=by, at=at)
    due = _due(tx, listing, at)
    assert by.user_id is not None
    application = Application(
        id=listing_store.new_id(tx),
        listing_id=listing_id,
        applicant_id=applicant.id,
        applied_by=by.user_id,
        request=request,
        state=ApplicationState.SUBMITTED,
        judgement=judgement,
        submitted_at=at,
        due_on=due.day,
        is_due_provisional=due.is_provisional,
    )
    store.insert_application(tx, application)
    record(tx, _submitted(application, listing, by=by, at=at))
    if listing.release is None or listing.access_class is not AccessClass.UNCONDITIONAL:
        return application
    return _grant_by_release(tx, keys, application, listing, dataset, by=by, at=at)


def send_again(
    tx: Tx, application_id: UUID, request: Request, *, by: Actor, at: datetime
) -> Application:
    """Send a returned request again, its gaps filled; its clock starts anew.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState, ListingNotFound, FieldTooLong,
    EndTooLate, RequestIncomplete.
    """
    applicant = _applicant(by)
    application = _locked(tx, application_id)
    if application.applicant_id != applicant.id:
        raise ApplicationNotFound(str(application_id))
    listing = _listed(tx, application.listing_id)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    judgement = _judge_request(tx, listing, dataset, request, applicant=applicant, by=by, at=at)
    due = _due(tx, listing, at)
    again = application.send_again(
        request, judgement, at=at, due_on=due.day, is_provisional=due.is_provisional
    )
    store.update_application(tx, again)
    record(tx, _submitted(again, listing, by=by, at=at))
    return again


def grant(
    tx: Tx,
    keys: KeyRing,
    application_id: UUID,
    *,
    part: Part = WHOLE,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> Application:
    """Say yes to all or a part, as the share office: an agreement is concluded in the same moment.

    Raises: ApplicationNotFound, NotYourPart, ShareHeadNeeded, ListingNotFound, ListingNotInState,
    ApplicationNotInState, SameTwoPeople, ClausesFailed, ColumnsNotOffered, GrantedTooLong,
    FlowBackInFull, MalformedView, SigningKeyAway.
    """
    application, listing, dataset = to_decide(tx, application_id, by)
    check_releases(tx, listing.provider_id, by=by)
    if not listing.is_listed:
        raise ListingNotInState(str(listing.id), listing.state.value)
    decider = _decider(by, application)
    judgement = judge_all(
        _decide_facts(tx, application, listing, dataset, is_granted=True, decider=decider, at=at),
        at=at,
    )
    refuse_blocked(judgement)
    if application.state is not ApplicationState.SUBMITTED:
        raise ApplicationNotInState(str(application_id), application.state.value)
    check_part(application.request, part)
    agreement = _conclude(
        tx, keys, application, listing, dataset, part=part, by=by, accepted_by=decider, at=at
    )
    granted = replace(
        application.grant(agreement.id, by=decider, at=at, reason=reason.strip()),
        is_part_granted=part != WHOLE,
        handing=_handing(tx, dataset, at),
    )
    return _keep_decision(tx, granted, listing, judgement, by=by, at=at)


def refuse(
    tx: Tx,
    application_id: UUID,
    *,
    reason_code: RefusalReason | None,
    reason: str,
    legal_basis_id: str,
    by: Actor,
    at: datetime,
) -> Application:
    """Say no, with reason and legal basis; unconditional data cannot be refused.

    `reason_code` None says that none was chosen, which the clauses refuse where they ask for one.

    Raises: ApplicationNotFound, NotYourPart, ShareHeadNeeded, ReasonMissing,
    ApplicationNotInState, SameTwoPeople, ClausesFailed.
    """
    application, listing, dataset = to_decide(tx, application_id, by)
    check_releases(tx, listing.provider_id, by=by)
    decider = _decider(by, application)
    reason = check_reason(reason)
    facts = _decide_facts(
        tx, application, listing, dataset, is_granted=False, decider=decider, at=at
    )
    judgement = judge_all(
        replace(
            facts, reason_code=reason_code or "", reason_text=reason, legal_basis_id=legal_basis_id
        ),
        at=at,
    )
    refuse_blocked(judgement)
    refused = application.refuse(
        by=decider, at=at, reason=reason, reason_code=reason_code or "", legal_basis=legal_basis_id
    )
    return _keep_decision(tx, refused, listing, judgement, by=by, at=at)


def give_back(
    tx: Tx, application_id: UUID, *, question: str, by: Actor, at: datetime
) -> Application:
    """Send a request back once, with everything that is missing or unclear.

    Raises: ApplicationNotFound, NotYourPart, ReasonMissing, ApplicationNotInState, SameTwoPeople,
    ClausesFailed where gaps were named before.
    Source: 政务数据共享条例 art. 21 par. 2.
    """
    application, listing, dataset = to_decide(tx, application_id, by)
    decider = _decider(by, application)
    facts = _decide_facts(
        tx, application, listing, dataset, is_granted=True, decider=decider, at=at
    )
    named = application.times_returned + 1
    judgement = judge_all(
        replace(facts, times_gaps_were_named=named, is_released_by_share_head=True), at=at
    )
    refuse_blocked(judgement)
    returned = application.give_back(by=decider, at=at, question=check_reason(question))
    return _keep_decision(tx, returned, listing, judgement, by=by, at=at)


def take_back(tx: Tx, application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Withdraw one's own request before it is answered.

    Raises: ApplicationNotFound, NotYourPart, ApplicationNotInState.
    """
    applicant = _applicant(by)
    application = _locked(tx, application_id)
    if application.applicant_id != applicant.id:
        raise ApplicationNotFound(str(application_id))
    withdrawn = application.take_back()
    store.update_application(tx, withdrawn)
    listing = listing_store.get_listing(tx, application.listing_id)
    assert listing is not None, "a foreign key says so"
    record(tx, _decided(withdrawn, listing, by=by, at=at))
    return withdrawn


def get_application(tx: Tx, application_id: UUID, *, by: Actor) -> Application:
    """A request, for the two sides and for supervisors.

    Raises: ApplicationNotFound.
    """
    application = store.get_application(tx, application_id)
    if application is None:
        raise ApplicationNotFound(str(application_id))
    listing = listing_store.get_listing(tx, application.listing_id)
    assert listing is not None, "a foreign key says so"
    if not (
        can_apply_for(by, application.applicant_id)
        or by.holds(Role.APPROVER, application.applicant_id)
        or can_approve_for(by, listing.provider_id)
        or can_supervise(by)
    ):
        raise ApplicationNotFound(str(application_id))
    return application


def own_applications(tx: Tx, *, by: Actor) -> list[Application]:
    """What the organisations of `by` asked for, newest first."""
    return store.applications_of(tx, _organizations(by, (Role.BUYER, Role.PUBLISHER)))


def inbox(tx: Tx, *, by: Actor) -> list[Application]:
    """What waits for the answer of the organisations that `by` decides for, most urgent first."""
    return store.inbox_of(tx, _organizations(by, (Role.APPROVER,)), by.user_id)


def extensions_asked(tx: Tx) -> list[Application]:
    """Requests for which more days are asked, the most urgent first; for the bureau."""
    return store.extensions_asked(tx)


def overdue(tx: Tx, *, at: datetime) -> list[Application]:
    """Requests whose clock ran out; they go to the bureau. For `policies.roles.can_supervise`."""
    return store.overdue(tx, china_day(at))


def reckon_again(tx: Tx) -> int:
    """Reckon provisional days of open requests again, from the start of their clocks; how many."""
    moved = store.provisional(tx)
    for application in moved:
        listing = listing_store.get_listing(tx, application.listing_id)
        assert listing is not None, "a foreign key says so"
        due = _due(tx, listing, application.submitted_at, application.extension_days)
        store.update_application(
            tx, replace(application, due_on=due.day, is_due_provisional=due.is_provisional)
        )
    return len(moved)


def _grant_by_release(
    tx: Tx,
    keys: KeyRing,
    application: Application,
    listing: Listing,
    dataset: Dataset,
    *,
    by: Actor,
    at: datetime,
) -> Application:
    """Grant at once by the provider's standing release; nobody of the provider acts."""
    assert listing.release is not None
    judgement = judge_all(
        _decide_facts(
            tx,
            application,
            listing,
            dataset,
            is_granted=True,
            decider=listing.release.signed_by,
            at=at,
        ),
        at=at,
    )
    refuse_blocked(judgement)
    agreement = _conclude(
        tx, keys, application, listing, dataset, part=WHOLE, by=by, accepted_by=None, at=at
    )
    granted = replace(
        application.grant(agreement.id, by=None, at=at), handing=_handing(tx, dataset, at)
    )
    return _keep_decision(tx, granted, listing, judgement, by=by, at=at)


def _conclude(
    tx: Tx,
    keys: KeyRing,
    application: Application,
    listing: Listing,
    dataset: Dataset,
    *,
    part: Part,
    by: Actor,
    accepted_by: UserId | None,
    at: datetime,
) -> Agreement:
    request = application.request
    assert request.manner is not None, "a complete request has a manner"
    assert request.ends_on is not None, "a complete request has an end"
    wish = Wish(
        consumer_id=application.applicant_id,
        purpose=request.purpose,
        actions=ACTIONS_OF_MANNER[request.manner] & listing.uses.actions,
        ends_at=end_of_day(part.ends_on or request.ends_on),
        duty=request.duty,
        view=view_let_out(tx, listing, dataset, request, part),
    )
    return conclude_agreement(
        tx, keys, listing, dataset, wish, accepted_by=accepted_by, by=by, at=at
    )


def _keep_decision(
    tx: Tx,
    application: Application,
    listing: Listing,
    judgement: Judgement,
    *,
    by: Actor,
    at: datetime,
) -> Application:
    decided = replace(application, judgement=judgement)
    store.update_application(tx, decided)
    record(tx, _decided(decided, listing, by=by, at=at))
    return decided


def _judge_request(
    tx: Tx,
    listing: Listing,
    dataset: Dataset,
    request: Request,
    *,
    applicant: Organization,
    by: Actor,
    at: datetime,
) -> Judgement:
    """Judge a request, and refuse it with everything that it lacks.

    Raises: FieldTooLong, ColumnsNotOffered, EndTooLate, RequestIncomplete.
    """
    for name in ("duty", "scenario"):
        if len(getattr(request, name)) > FIELD_LENGTH_CHARACTERS:
            raise FieldTooLong(name, FIELD_LENGTH_CHARACTERS)
    if request.wanted_columns is not None:
        check_columns(request.wanted_columns, offered_columns(tx, listing, dataset))
    approver = share_head_for(tx, applicant.id, by=by)
    requested, needed = columns_asked(tx, listing, dataset, request, applicant.id)
    provider = organization_with_id(tx, listing.provider_id)
    facts = ApplyFacts(
        regime=listing.regime,
        share_type=dataset.entry.share_type,
        applicant_id=str(applicant.id),
        applicant_kind=applicant.kind,
        purpose=request.purpose,
        duty_item=request.duty.strip(),
        is_duty_item_in_force=bool(request.duty.strip())
        and is_in_duty_list(tx, applicant.id, request),
        basis=request.duty.strip(),
        scenario=request.scenario.strip(),
        scope=listing.view.fingerprint(),
        manner=request.manner or "",
        ends_on=request.ends_on,
        requested_columns=requested,
        needed_columns=needed,
        has_pledge=request.is_pledged,
        submitter_id=str(by.user_id),
        approver_id=str(approver or ""),
        is_approver_share_head=approver is not None,
        has_personal_data=bool(listing.personal_columns),
        is_identity_verified=applicant.credit_code is not None,
        is_provider_identity_verified=provider.credit_code is not None,
    )
    judgement = judge_all(facts, at=at)
    refuse_incomplete(judgement)
    latest = latest_end(listing, at)
    if request.ends_on is None or request.manner is None:
        raise ListingNotFound(str(listing.id))
    if end_of_day(request.ends_on) > latest:
        raise EndTooLate(china_day(latest) - timedelta(days=1))
    return judgement


def _decide_facts(
    tx: Tx,
    application: Application,
    listing: Listing,
    dataset: Dataset,
    *,
    is_granted: bool,
    decider: UserId,
    at: datetime,
) -> DecideFacts:
    unequal = store.count_decided_otherwise(tx, application, is_granted=is_granted)
    return DecideFacts(
        regime=listing.regime,
        is_granted=is_granted,
        share_type=dataset.entry.share_type if listing.regime is Regime.SHARE else None,
        working_days_taken=working_days(tx).between(
            china_day(application.submitted_at), china_day(at)
        ),
        extension_working_days=application.extension_days,
        # The consent is one person's act in the log, and its event is the notice.
        extension_consent_reference=_consent(application),
        was_extension_notified=application.extension_days > 0,
        has_standing_release=listing.release is not None,
        is_released_by_share_head=is_granted and listing.release is None,
        applicant_id=str(application.applicant_id),
        decider_id=str(decider),
        submitter_id=str(application.applied_by),
        times_gaps_were_named=application.times_returned,
        unequal_decision_count=unequal,
        is_flow_back=application.request.is_flow_back,
    )


def _consent(application: Application) -> str:
    extension = application.extension
    return str(extension.consented_by or "") if extension else ""


def _due(tx: Tx, listing: Listing, at: datetime, extension_days: int = 0) -> DueDate:
    return answer_due(listing, at, extension_days=extension_days, known=working_days(tx))


def _handing(tx: Tx, dataset: Dataset, at: datetime) -> Handing:
    due = delivery_due(at, working_days(tx))
    return Handing(due, delivered_at=at if is_readable(tx, dataset.id) else None)


def _check_asks(listing: Listing, applicant: Organization) -> None:
    """Refuse where the listing takes no requests, or none from such a party."""
    match listing.regime:
        case Regime.SHARE:
            if applicant.kind not in (OrganizationKind.DEPARTMENT, OrganizationKind.BUREAU):
                raise OnlyDepartmentsShare
        case Regime.OPEN:
            if listing.access_class is AccessClass.UNCONDITIONAL:
                raise OpenToEverybody
        case Regime.TRADE:
            raise SoldNotShared
    if applicant.id == listing.provider_id:
        raise AskedForOwnData


def _has_agreement(tx: Tx, listing: Listing, applicant_id: OrganizationId, at: datetime) -> bool:
    held = agreements_in_time(tx, consumer_id=applicant_id, dataset_id=listing.dataset_id, at=at)
    return any(agreement.listing_id == listing.id for agreement in held)


def _applicant(by: Actor) -> Organization:
    if by.organization is None:
        raise NoOrganization
    if not can_apply_for(by, by.organization.id) or by.user_id is None:
        raise NotYourPart(Role.BUYER)
    return by.organization


def _decider(by: Actor, application: Application) -> UserId:
    assert by.user_id is not None, "an approver is a person"
    if by.user_id == application.applied_by:
        raise SameTwoPeople
    return by.user_id


def _listed(tx: Tx, listing_id: ListingId) -> Listing:
    listing = listing_store.get_listing(tx, listing_id)
    if listing is None or not listing.is_listed:
        raise ListingNotFound(str(listing_id))
    return listing


def _locked(tx: Tx, application_id: UUID) -> Application:
    application = store.lock_application(tx, application_id)
    if application is None:
        raise ApplicationNotFound(str(application_id))
    return application


def to_decide(tx: Tx, application_id: UUID, by: Actor) -> tuple[Application, Listing, Dataset]:
    """A request, locked, with its listing and dataset, for somebody who may answer it.

    Raises: ApplicationNotFound, NotYourPart.
    """
    application = _locked(tx, application_id)
    listing = listing_store.get_listing(tx, application.listing_id)
    assert listing is not None, "a foreign key says so"
    if not can_approve_for(by, listing.provider_id):
        if can_apply_for(by, application.applicant_id):
            raise NotYourPart(Role.APPROVER)
        raise ApplicationNotFound(str(application_id))
    return application, listing, dataset_with_id(tx, listing.dataset_id, by=by)


def _organizations(by: Actor, roles: Sequence[Role]) -> list[OrganizationId]:
    return [
        held.organization_id
        for held in by.memberships
        if held.organization_id is not None and held.role in roles
    ]


def _submitted(application: Application, listing: Listing, *, by: Actor, at: datetime) -> Event:
    facts: dict[str, JsonValue] = {
        "listing_id": listing.id,
        "provider_id": listing.provider_id,
        "purpose": application.request.purpose,
        "due_on": application.due_on.isoformat(),
        "profile_id": application.judgement.profile_id,
    }
    return Event(
        kind=EventKind.APPLICATION_SUBMITTED,
        at=at,
        actor=by,
        organization_id=application.applicant_id,
        dataset_id=listing.dataset_id,
        subject_id=application.id,
        facts=facts,
    )


def moved(
    kind: EventKind,
    application: Application,
    listing: Listing,
    facts: Mapping[str, JsonValue],
    *,
    by: Actor,
    at: datetime,
) -> Event:
    """Something that happened to a request between its coming in and its end."""
    return Event(
        kind=kind,
        at=at,
        actor=by,
        organization_id=application.applicant_id,
        dataset_id=listing.dataset_id,
        subject_id=application.id,
        facts={
            "listing_id": listing.id,
            "provider_id": listing.provider_id,
            "due_on": application.due_on.isoformat(),
            **facts,
        },
    )


def _decided(application: Application, listing: Listing, *, by: Actor, at: datetime) -> Event:
    facts: dict[str, JsonValue] = {
        "listing_id": listing.id,
        "provider_id": listing.provider_id,
        "state": application.state,
        "agreement_id": application.agreement_id,
        "legal_basis": application.legal_basis,
        "reason_code": application.reason_code,
        "is_part_granted": application.is_part_granted,
        "is_by_standing_release": application.state is ApplicationState.GRANTED
        and application.decided_by is None,
    }
    return Event(
        kind=EventKind.APPLICATION_DECIDED,
        at=at,
        actor=by,
        organization_id=application.applicant_id,
        dataset_id=listing.dataset_id,
        subject_id=application.id,
        facts=facts,
        personal={"reason": application.decision_reason} if application.decision_reason else {},
    )
