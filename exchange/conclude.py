"""Conclude an agreement on a listing: one canonical text, judged by the clauses first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from uuid import uuid4

from catalog.dataset import Dataset
from catalog.view import View
from exchange.agreement_document import SECURITY_DUTIES, document_of
from exchange.clauses import judge_all, refuse_held
from exchange.list_product import judge_listing
from exchange.listing import Listing
from exchange.price import BASIS_POINTS
from exchange.store.applications import insert_view
from policies import agree
from policies.access import Action
from policies.agreement import Agreement
from policies.calendar import CHINA
from policies.canonical import Plain, canonical_text, fingerprint_of, to_plain
from policies.database import Tx
from policies.decision.facts import AgreeFacts
from policies.decision.odrl import Duty, PolicyKind, PolicyTerms, to_odrl
from policies.evidence.agreement_proof import SECTIONS
from policies.identity.people import organization_with_id
from policies.party import Actor
from policies.seal import KeyRing
from policies.sign import sign
from policies.terms import AgreementId, OrganizationId, Purpose, Regime, UserId

UNIT = "urn:weir:microcredit"

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a consumer wants an agreement for."""

    consumer_id: OrganizationId
    purpose: Purpose
    actions: frozenset[Action]
    ends_at: datetime
    """The first moment at which it no longer holds."""
    duty: str = ""
    """The statutory duty, for departments."""
    training_model: str = ""
    """Name and version of the model where data is wanted to train one."""
    view: View | None = None
    """What of the listing is let out; None: all of it."""


def conclude_agreement(
    tx: Tx,
    keys: KeyRing,
    listing: Listing,
    dataset: Dataset,
    wish: Wish,
    *,
    accepted_by: UserId | None,
    by: Actor,
    at: datetime,
) -> Agreement:
    """Conclude an agreement on a listing that stands, unless a clause blocks it or holds it back.

    `accepted_by` None says that the provider's standing release concluded it. Both sides sign it
    in the same transaction.

    Raises: ClausesFailed, AgreementWithOneself, AgreementTermOutOfOrder, SigningKeyAway.
    """
    refuse_held(judge_listing(tx, listing, dataset, at=at))
    judgement = judge_all(agree_facts(listing, dataset, wish, at), at=at)
    refuse_held(judgement)
    agreement_id = AgreementId(uuid4())
    agreement = Agreement(
        id=agreement_id,
        regime=listing.regime,
        listing_id=listing.id,
        dataset_id=listing.dataset_id,
        provider_id=listing.provider_id,
        consumer_id=wish.consumer_id,
        purpose=wish.purpose,
        actions=wish.actions,
        terms=canonical_text(_terms(agreement_id, listing, wish, at)),
        profile_id=judgement.profile_id,
        profile_hash=judgement.profile_hash,
        starts_at=at,
        ends_at=wish.ends_at,
        concluded_at=at,
        accepted_by=accepted_by,
    )
    concluded = agree.conclude(tx, agreement, by=by)
    if wish.view is not None:
        insert_view(tx, concluded.id, wish.view)
    document = document_of(
        concluded,
        listing,
        dataset,
        provider=organization_with_id(tx, listing.provider_id),
        consumer=organization_with_id(tx, wish.consumer_id),
        view=wish.view,
        duty=wish.duty,
        training_model=wish.training_model,
    )
    sign(tx, keys, concluded, document, by=by)
    return concluded


def end_of_day(day: date) -> datetime:
    """The first moment after `day` in China."""
    return datetime.combine(day + _DAY, clock_time(), CHINA)


def latest_end(listing: Listing, at: datetime) -> datetime:
    """When an agreement that begins at `at` ends at the latest, by what is offered."""
    return at + timedelta(days=listing.uses.term_days)


def offer_of(listing: Listing) -> dict[str, Plain]:
    """What a buyer accepts, word for word; `offer_sha256` names it."""
    return {
        "listing_id": str(listing.id),
        "dataset_id": str(listing.dataset_id),
        "provider_id": str(listing.provider_id),
        "regime": listing.regime.value,
        "view": _plain_view(listing),
        "price": to_plain(listing.price.as_json()),
        "licence": listing.licence,
        "terms": {**listing.terms.as_map()},
        "actions": [action.value for action in sorted(listing.uses.actions)],
        "purposes": [purpose.value for purpose in sorted(listing.uses.purposes)],
        "term_days": listing.uses.term_days,
    }


def offer_sha256(listing: Listing) -> str:
    """The hash that a buyer sends back to accept exactly this offer."""
    return fingerprint_of(offer_of(listing))


def _terms(
    agreement_id: AgreementId, listing: Listing, wish: Wish, at: datetime
) -> dict[str, Plain]:
    """The ODRL agreement, with the offer that it rests on beside it."""
    odrl = to_odrl(
        PolicyTerms(
            kind=PolicyKind.AGREEMENT,
            uid=f"urn:uuid:{agreement_id}",
            assigner=f"urn:uuid:{listing.provider_id}",
            assignee=f"urn:uuid:{wish.consumer_id}",
            target=f"urn:uuid:{listing.dataset_id}",
            actions=wish.actions,
            purposes=frozenset({wish.purpose}),
            starts_at=at,
            ends_at=wish.ends_at,
            price_microcredits=listing.price.unit,
            unit=UNIT,
            duties=frozenset({Duty.DELETE, Duty.INFORM}),
            is_distribution_prohibited=listing.regime is not Regime.OPEN,
        )
    )
    part = {"weir:view": wish.view.fingerprint()} if wish.view else {}
    return {**odrl, "weir:offer": offer_of(listing), "weir:duty": wish.duty, **part}


def agree_facts(listing: Listing, dataset: Dataset, wish: Wish, at: datetime) -> AgreeFacts:
    """What the clauses read of an agreement that begins at `at`."""
    declared, assessment = listing.declared, listing.assessment
    return AgreeFacts(
        regime=listing.regime,
        assigner_ids=(str(listing.provider_id),),
        assignee_ids=(str(wish.consumer_id),),
        assessor_id=str(assessment.assessor_id) if assessment else "",
        starts_at=at,
        ends_at=wish.ends_at,
        purposes=frozenset({wish.purpose}),
        manner=", ".join(sorted(wish.actions)),
        scope=(wish.view or listing.view).fingerprint(),
        security_duties="; ".join(SECURITY_DUTIES),
        filled_sections=SECTIONS,
        grade=dataset.entry.grade,
        risk_assessment_headings=declared.risk_assessment_headings,
        risk_assessed_on=declared.risk_assessed_on,
        legal_duty_reference=wish.duty,
        is_distribution_prohibited=listing.regime is not Regime.OPEN,
        conflict_strategy="prohibit",
        training_model=wish.training_model,
        has_personal_data=bool(listing.personal_columns),
        has_sensitive_data=bool(listing.personal_columns & set(declared.sensitive_columns)),
        personal_basis=declared.personal_basis,
        notice_reference=declared.notice_reference,
        separate_consent_reference=declared.separate_consent_reference,
        impact_assessment_reference=declared.impact_assessment_reference,
        is_authorised_operation=declared.is_authorised_operation,
        revenue_basis_points=_shares(listing),
        rounding_party_id=str(listing.provider_id),
        target=str(dataset.id),
        concluded_at=at,
        is_contracted_elsewhere=False,
    )


def _shares(listing: Listing) -> tuple[int, ...]:
    """How the income is split: the provider's part, the exchange's where it takes one, others'."""
    if listing.regime is not Regime.TRADE:
        return ()
    taken = [part.basis_points for part in listing.price.parts]
    if fee := listing.price.fee_basis_points:
        taken.insert(0, fee)
    return (BASIS_POINTS - sum(taken), *taken)


def _plain_view(listing: Listing) -> Plain:
    """The view by its fingerprint: its conditions may hold numbers that are not whole."""
    return listing.view.fingerprint()
