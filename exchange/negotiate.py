"""Buy: see the offer, accept exactly it, draw access tokens, end the agreement.

Source: exchange design, negotiation; X011, X098-X106, X113.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from catalog.find import dataset_with_id
from exchange.clauses import judge_all, refuse_blocked
from exchange.conclude import Wish as AgreementWish
from exchange.conclude import conclude_agreement, end_of_day, latest_end, offer_sha256
from exchange.errors import (
    AlreadyAsked,
    EndTooLate,
    Frozen,
    ListingNotFound,
    NoOrganization,
    NotForSale,
    NotYourPart,
    PurposeNotOffered,
    TermsChanged,
)
from exchange.listing import Listing
from exchange.store import listings as listing_store
from policies import agree
from policies.agreement import Agreement, AgreementState
from policies.calendar import china_day
from policies.database import Tx
from policies.decision.facts import ApplyFacts, TokenFacts
from policies.errors import AgreementNotFound, AgreementSuspended
from policies.evidence.signing_key import KeyPurpose
from policies.freeze import frozen_targets
from policies.identity import issue, tokens
from policies.identity.issue import IssuedToken, Wish
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization, OrganizationKind, Role
from policies.roles import can_apply_for, can_supervise, is_member_of
from policies.seal import KeyRing
from policies.terms import ListingId, Purpose, Regime

PLAIN_WISH = Wish()
BUYING_KINDS = frozenset({OrganizationKind.ENTERPRISE, OrganizationKind.OPERATOR})


def accept(
    tx: Tx,
    keys: KeyRing,
    listing_id: ListingId,
    *,
    purpose: Purpose,
    ends_on: date | None,
    offer: str,
    training_model: str = "",
    by: Actor,
    at: datetime,
) -> Agreement:
    """Accept a trade offer as it stands; `offer` is the hash of what the buyer saw.

    `ends_on` None takes the longest term that is offered.

    Raises: NoOrganization, NotYourPart, ListingNotFound, NotForSale, TermsChanged,
    PurposeNotOffered, EndTooLate, AgreementSuspended, AlreadyAsked, ClausesFailed, SigningKeyAway.
    """
    buyer = _buyer(by)
    listing = listing_store.lock_listing(tx, listing_id)
    if listing is None or not listing.is_listed:
        raise ListingNotFound(str(listing_id))
    if listing.regime is not Regime.TRADE or buyer.kind not in BUYING_KINDS:
        raise NotForSale
    if offer != offer_sha256(listing):
        raise TermsChanged(offer_sha256(listing))
    if purpose not in listing.uses.purposes:
        raise PurposeNotOffered(purpose.value)
    ends_at = latest_end(listing, at) if ends_on is None else end_of_day(ends_on)
    if ends_at > latest_end(listing, at):
        raise EndTooLate(china_day(latest_end(listing, at)) - timedelta(days=1))
    _check_standing(tx, listing, buyer, purpose, at)
    dataset = dataset_with_id(tx, listing.dataset_id, by=by)
    refuse_blocked(judge_all(_apply_facts(tx, listing, buyer, purpose, by), at=at))
    wish = AgreementWish(
        consumer_id=buyer.id,
        purpose=purpose,
        actions=listing.uses.actions,
        ends_at=ends_at,
        training_model=training_model,
    )
    return conclude_agreement(
        tx, keys, listing, dataset, wish, accepted_by=by.user_id, by=by, at=at
    )


def draw_token(
    tx: Tx,
    keys: KeyRing,
    agreement_id: UUID,
    wish: Wish = PLAIN_WISH,
    *,
    issuer: str,
    by: Actor,
    at: datetime,
) -> IssuedToken:
    """Draw an access token on an agreement in force; it never outlives it or its signing key.

    Raises: AgreementNotFound, AgreementEnded, AgreementSuspended, AgreementNotStarted, Frozen,
    ClausesFailed, SignInNeeded, PersonNeeded, NotTheConsumer, TokenLifeOutOfBounds,
    TokenSpent, KeyRetiresFirst, SigningKeyAway.
    Source: X113.
    """
    agreement = get_agreement(tx, agreement_id, by=by)
    agree.agreement_in_force(tx, agreement_id, at)
    if frozen_targets(
        tx,
        [
            agreement.id,
            agreement.listing_id,
            agreement.dataset_id,
            agreement.provider_id,
            agreement.consumer_id,
        ],
        at,
    ):
        raise Frozen
    listing = listing_store.get_listing(tx, agreement.listing_id)
    assert listing is not None, "an agreement rests on a listing"
    signer = keys.signer(tx, KeyPurpose.TOKEN, at)
    entitlement_ends_at = wish.client.ends_at if wish.client else agreement.ends_at
    refuse_blocked(
        judge_all(
            TokenFacts(
                regime=agreement.regime,
                expires_at=min(at + wish.life, agreement.ends_at, entitlement_ends_at),
                agreement_starts_at=agreement.starts_at,
                agreement_ends_at=agreement.ends_at,
                entitlement_ends_at=entitlement_ends_at,
                key_retires_at=signer.retire_at,
                has_personal_data=bool(listing.personal_columns),
                registration_expires_on=listing.declared.registration_expires_on,
                token_algorithm=tokens.ALGORITHM,
                claims=tokens.CLAIMS,
            ),
            at=at,
        )
    )
    return issue.issue_access_token(tx, keys, agreement, wish, issuer=issuer, by=by, at=at)


def end_agreement(tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime) -> Agreement:
    """End an agreement before its time; every read asks it, so its tokens open nothing any more.

    Raises: AgreementNotFound, NotAParty, AgreementEnded, ReasonMissing.
    """
    get_agreement(tx, agreement_id, by=by)
    return agree.end(tx, agreement_id, reason=reason, by=by, at=at)


def suspend_agreement(
    tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime
) -> Agreement:
    """Suspend an agreement as its provider or a supervisor; nothing is read under it meanwhile.

    Raises: AgreementNotFound, NotTheSuspender, AgreementEnded, AgreementSuspended, ReasonMissing.
    """
    get_agreement(tx, agreement_id, by=by)
    return agree.suspend(tx, agreement_id, reason=reason, by=by, at=at)


def resume_agreement(
    tx: Tx, agreement_id: UUID, *, reason: str, by: Actor, at: datetime
) -> Agreement:
    """Take a suspended agreement up again, as whoever suspended it or is senior.

    Raises: AgreementNotFound, NotTheSuspender, AgreementEnded, AgreementNotSuspended,
    ReasonMissing.
    """
    get_agreement(tx, agreement_id, by=by)
    return agree.resume(tx, agreement_id, reason=reason, by=by, at=at)


def get_agreement(tx: Tx, agreement_id: UUID, *, by: Actor) -> Agreement:
    """An agreement, for its two sides and for supervisors.

    Raises: AgreementNotFound.
    """
    agreement = agree.get_agreement(tx, agreement_id)
    if not (
        is_member_of(by, agreement.consumer_id)
        or is_member_of(by, agreement.provider_id)
        or can_supervise(by)
    ):
        raise AgreementNotFound(agreement_id)
    return agreement


def own_agreements(tx: Tx, *, by: Actor) -> list[Agreement]:
    """Agreements in which the organisation that `by` acts for provides or consumes.

    Raises: NoOrganization.
    """
    if by.organization is None:
        raise NoOrganization
    return agree.agreements_of_party(tx, by.organization.id)


def _check_standing(
    tx: Tx, listing: Listing, buyer: Organization, purpose: Purpose, at: datetime
) -> None:
    """Refuse a second agreement of the same kind while the first one runs."""
    held = agree.agreements_in_time(tx, consumer_id=buyer.id, dataset_id=listing.dataset_id, at=at)
    for one in held:
        # Else a suspension would be got round by buying once more.
        if one.listing_id == listing.id and one.state is AgreementState.SUSPENDED:
            raise AgreementSuspended(one.id)
    if any(one.listing_id == listing.id and one.purpose is purpose for one in held):
        raise AlreadyAsked(str(listing.id))


def _apply_facts(
    tx: Tx, listing: Listing, buyer: Organization, purpose: Purpose, by: Actor
) -> ApplyFacts:
    provider = organization_with_id(tx, listing.provider_id)
    return ApplyFacts(
        regime=listing.regime,
        applicant_id=str(buyer.id),
        applicant_kind=buyer.kind,
        purpose=purpose,
        scope=listing.view.fingerprint(),
        submitter_id=str(by.user_id),
        has_personal_data=bool(listing.personal_columns),
        is_identity_verified=buyer.credit_code is not None,
        is_provider_identity_verified=provider.credit_code is not None,
    )


def _buyer(by: Actor) -> Organization:
    if by.organization is None:
        raise NoOrganization
    if not can_apply_for(by, by.organization.id) or by.user_id is None:
        raise NotYourPart(Role.BUYER)
    return by.organization
