"""Decide who reads what: gather the facts about caller, data, listing and agreement, and ask.

The ways to data are tried from the cheapest: one's own, open, shared, bought. The first that is
allowed counts; where none is, the nearest one's reasons are told. A bound token has one way only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.audience import is_member
from catalog.curation.deposit_errors import DatasetNotYours
from catalog.curation.names import known_distribution
from catalog.dataset import Dataset, Distribution, DistributionId
from catalog.documents import newest_document
from catalog.errors import DatasetNotFound, DistributionNotFound, VersionNotFound
from catalog.find import (
    StoredVersion,
    dataset_named,
    distributions_of,
    newest_stored,
    withdrawn_versions_of,
)
from catalog.pinned import pinned_version, refuse_what_ended
from catalog.version import Version, VersionState
from catalog.view import EVERYTHING, View
from exchange.errors import AccessDenied, NoSuchData, WayOn
from exchange.listing import Listing
from exchange.price import FREE, Price
from exchange.receipt import DeliveryRegime
from exchange.store import decisions as store
from exchange.store import listings as listing_store
from exchange.store.applications import view_of_agreement
from policies.access import (
    AccessRequest,
    Action,
    Asset,
    Caller,
    Decision,
    Face,
    Grant,
)
from policies.agree import agreements_in_time, get_agreement
from policies.agreement import Agreement, AgreementState
from policies.database import Tx
from policies.decision.cedar import shipped_rules
from policies.decision.decide import decide
from policies.decision.profile import profile_in_force
from policies.events import Event, EventKind
from policies.freeze import frozen_targets
from policies.party import Actor, Role
from policies.record import record
from policies.terms import OrganizationId, Purpose, Regime

DISTRIBUTION_MARK = "__"
"""Stands between dataset and distribution where a table is named."""
VERSION_MARK = "@"
"""Stands before the number or digest of the version where one is pinned."""
UUID_LENGTH_CHARACTERS = 36


@dataclass(frozen=True, slots=True)
class Target:
    """The version of a dataset that a caller's words mean."""

    name: str
    """As the caller wrote it."""
    stored: StoredVersion
    offered: tuple[str, ...] | None = None
    """The columns of the newest version, where this is an older one; None where it is not."""

    @property
    def dataset(self) -> Dataset:
        """The dataset's record."""
        return self.stored.dataset

    @property
    def version(self) -> Version:
        """The version itself."""
        return self.stored.version


@dataclass(frozen=True, slots=True)
class Access:
    """A way to data, and the decision about it."""

    target: Target
    listing: Listing | None
    """None where the provider's own people read."""
    agreement: Agreement | None
    """None where none is needed, or there is none."""
    decision: Decision
    narrowed: View | None = None
    """What the agreement lets out, where that is less than its listing offers."""

    @property
    def regime(self) -> DeliveryRegime:
        """Under what it is delivered."""
        return DeliveryRegime.of(self.listing.regime if self.listing else None)

    @property
    def view(self) -> View:
        """What of the version may be seen."""
        if self.listing is None:
            return EVERYTHING
        view = self.narrowed or self.listing.view
        if self.target.offered is None:
            return view
        held = [column.name for column in self.target.version.columns]
        return view.narrowed(self.target.offered, held)

    @property
    def price(self) -> Price:
        """What it costs; only trade costs anything, and older versions may cost less."""
        if self.listing is None or not self._is_trade:
            return FREE
        price = self.listing.price
        if not price.aging_basis_points:
            return price
        return price.aged((self.decision.at - self.target.version.created_at).days)

    @property
    def is_public(self) -> bool:
        """Whether anybody may have it without an agreement, so that pages need no receipt."""
        return self.regime is DeliveryRegime.OPEN and self.agreement is None

    @property
    def _is_trade(self) -> bool:
        return self.regime is DeliveryRegime.TRADE


def table_name(slug: str, distribution: str | None, version: str | None = None) -> str:
    """The name by which a delivery knows a distribution of a dataset, or one version of it."""
    name = f"{slug}{DISTRIBUTION_MARK}{distribution}" if distribution else slug
    return name if version is None else f"{name}{VERSION_MARK}{version}"


def find_target(tx: Tx, name: str, *, by: Actor) -> Target:
    """The version that a dataset's or table's name means for `by`.

    `name` is a dataset's, with "_" for "-" where that is easier to write, followed by "__" and a
    distribution's where it is not the first one; or a distribution's id. "@" with a version's
    number or digest pins that one. Members read the newest version at once, others the newest
    published one.

    Raises: NoSuchData, VersionWithdrawn, VersionRemoved.
    """
    dataset, distribution = _place(tx, name, by)
    newest = newest_stored(tx, dataset, distribution, by=by)
    _, mark, reference = name.partition(VERSION_MARK)
    if mark:
        return _pinned(tx, dataset, distribution, newest, name, reference, by)
    if newest is not None:
        return Target(name, newest)
    for version in withdrawn_versions_of(tx, [distribution.id], limit=1):
        refuse_what_ended(tx, version)
    raise NoSuchData(name)


def find_document(tx: Tx, name: str, *, by: Actor) -> Target:
    """The document that a dataset's or distribution's name means for `by`; see `find_target`.

    A dataset's own name means the first document that exists for the caller.

    Raises: NoSuchData, VersionWithdrawn, VersionRemoved.
    """
    dataset, distribution = _place(tx, name, by)
    called, mark, reference = name.partition(VERSION_MARK)
    if mark:
        target = _pinned(tx, dataset, distribution, None, name, reference, by)
        if target.version.is_document:
            return target
        raise NoSuchData(name)
    is_whole = DISTRIBUTION_MARK not in called and _uuid(called) is None
    places = distributions_of(tx, dataset) if is_whole else [distribution]
    for place in places:
        document = newest_document(tx, dataset, place, by=by)
        if document is not None:
            return Target(name, StoredVersion(dataset, place, document.version, ()))
    for version in withdrawn_versions_of(tx, [place.id for place in places], limit=1):
        if version.is_document:
            refuse_what_ended(tx, version)
    raise NoSuchData(name)


def decide_access(
    tx: Tx, target: Target, action: Action, *, purpose: Purpose | None, by: Actor, at: datetime
) -> Access:
    """The first way that is allowed, else the one whose reasons help most.

    `purpose` None takes the agreement's own.
    """
    refused: list[Access] = []
    for listing, agreement in _ways(tx, target, by, at):
        access = _judged(
            tx, target, listing, agreement, action=action, purpose=purpose, by=by, at=at
        )
        if access.decision.is_allowed:
            return access
        refused.append(access)
    # A forbid says more than a missing permission; agreements say more than bare listings.
    return max(
        refused, key=lambda access: (access.agreement is not None, bool(access.decision.rule_ids))
    )


def record_refusal(tx: Tx, access: Access, *, by: Actor, at: datetime) -> AccessDenied:
    """Write down a refused access and its event, and give the refusal to raise after the commit."""
    decision_id = store.insert_decision(tx, access.decision, by)
    record(
        tx,
        Event(
            kind=EventKind.DELIVERY_REFUSED,
            at=at,
            actor=by,
            organization_id=access.target.dataset.publisher_id,
            dataset_id=access.target.dataset.id,
            subject_id=decision_id,
            facts={
                "action": access.decision.facts.action,
                "rule_ids": list(access.decision.rule_ids),
                "profile_id": access.decision.profile_id,
                "policy_hash": access.decision.policy_hash,
            },
        ),
    )
    return AccessDenied(
        dataset=access.target.dataset.slug,
        way_on=_way_on(access, by),
        rule_ids=list(access.decision.rule_ids),
        reasons=[
            {"rule_id": reason.rule_id, **reason.text.as_map()}
            for reason in access.decision.reasons
        ],
        decision_id=str(decision_id),
    )


def _way_on(access: Access, by: Actor) -> WayOn:
    if access.agreement is not None or by.is_program:
        return WayOn.USE_AGREEMENT
    if access.decision.rule_ids:
        return WayOn.WAIT
    if by.is_anonymous:
        return WayOn.SIGN_IN
    if access.listing is None or not access.listing.is_listed:
        return WayOn.ASK_PUBLISHER
    match access.listing.regime:
        case Regime.OPEN:
            return WayOn.ASK_PUBLISHER
        case Regime.SHARE:
            return WayOn.REQUEST
        case Regime.TRADE:
            return WayOn.BUY


def _ways(
    tx: Tx, target: Target, by: Actor, at: datetime
) -> Iterator[tuple[Listing | None, Agreement | None]]:
    """The ways to the data, from the cheapest; at least one."""
    listings = listing_store.faces_of_dataset(tx, target.dataset.id)
    if by.agreement_id is not None:
        yield _bound_way(tx, target, by, listings)
        return
    is_own = is_member(by, target.dataset.publisher_id)
    if is_own:
        yield None, None
    # A version that was not published is for its own people alone.
    is_offered = target.version.offered_under is not None
    if target.version.state is not VersionState.PUBLISHED and not is_offered:
        if not is_own:
            yield None, None
        return
    ordered = sorted(listings, key=lambda listing: _ORDER[listing.regime])
    agreements = (
        agreements_in_time(tx, consumer_id=by.organization.id, dataset_id=target.dataset.id, at=at)
        if by.organization
        else []
    )
    for listing in ordered:
        for agreement in agreements:
            if agreement.listing_id == listing.id:
                yield listing, agreement
        yield listing, None
    if not ordered:
        yield None, None


_ORDER = {Regime.OPEN: 0, Regime.SHARE: 1, Regime.TRADE: 2}


def _bound_way(
    tx: Tx, target: Target, by: Actor, listings: list[Listing]
) -> tuple[Listing | None, Agreement | None]:
    """The one way of a token that is bound to an agreement; open data stays open to it."""
    assert by.agreement_id is not None
    agreement = get_agreement(tx, by.agreement_id)
    if agreement.dataset_id != target.dataset.id:
        for listing in listings:
            if listing.regime is Regime.OPEN:
                return listing, None
        return None, None
    return listing_store.get_listing(tx, agreement.listing_id), agreement


def _judged(
    tx: Tx,
    target: Target,
    listing: Listing | None,
    agreement: Agreement | None,
    *,
    action: Action,
    purpose: Purpose | None,
    by: Actor,
    at: datetime,
) -> Access:
    frozen = _frozen(tx, target, listing, agreement, by, at)
    request = AccessRequest(
        caller=_caller(by, target, listing, agreement, frozen),
        action=action,
        asset=_asset(target, listing, frozen),
        face=_face(listing, frozen),
        grant=_grant(agreement, frozen, by),
        purpose=purpose or (agreement.purpose if agreement else None),
    )
    decision = decide(request, profile=profile_in_force(at), rules=shipped_rules(), at=at)
    is_asked_for = agreement is not None and agreement.regime is not Regime.TRADE
    narrowed = view_of_agreement(tx, agreement.id) if agreement and is_asked_for else None
    return Access(target, listing, agreement, decision, narrowed)


def _frozen(
    tx: Tx,
    target: Target,
    listing: Listing | None,
    agreement: Agreement | None,
    by: Actor,
    at: datetime,
) -> frozenset[UUID]:
    asked: list[UUID] = [target.dataset.id, target.dataset.publisher_id]
    asked += [listing.id] if listing else []
    asked += [agreement.id] if agreement else []
    asked += [by.organization.id] if by.organization else []
    return frozen_targets(tx, asked, at)


def _caller(
    by: Actor,
    target: Target,
    listing: Listing | None,
    agreement: Agreement | None,
    frozen: frozenset[UUID],
) -> Caller:
    organization_id = by.organization.id if by.organization else None
    kind = by.organization.kind if by.organization else None
    if listing is None and is_member(by, target.dataset.publisher_id):
        # One's own data is read for the organisation that it belongs to.
        organization_id = target.dataset.publisher_id
    roles = _roles(by, organization_id)
    is_administrator = by.holds(Role.ADMIN) and not roles - {Role.ADMIN}
    return Caller(
        party_id=str(organization_id or by.user_id or ""),
        kind=kind,
        roles=roles,
        is_frozen=by.organization is not None and by.organization.id in frozen,
        # Open data is anybody's, so also theirs who run the platform.
        is_platform_identity=is_administrator
        and not (listing is not None and listing.regime is Regime.OPEN),
        token_agreement_id=_token_agreement(by, agreement),
    )


def _roles(by: Actor, organization_id: OrganizationId | None) -> frozenset[Role]:
    return frozenset(
        held.role
        for held in by.memberships
        if organization_id is not None and held.organization_id == organization_id
    )


def _token_agreement(by: Actor, agreement: Agreement | None) -> str | None:
    """The agreement of the token shown.

    Somebody in a session is asked for at each read and shows no token: it is as if one were drawn
    on the agreement for just this read. Programs draw theirs, since their credentials lie about.
    """
    if by.agreement_id is not None:
        return str(by.agreement_id)
    if by.warrant is not None and agreement is not None:
        # Drawn on every agreement of the organisation, so on this one too.
        is_own = by.organization is not None and agreement.consumer_id == by.organization.id
        return str(agreement.id) if is_own else None
    if by.token_id is None and by.user_id is not None and agreement is not None:
        return str(agreement.id)
    return None


def _asset(target: Target, listing: Listing | None, frozen: frozenset[UUID]) -> Asset:
    entry = target.dataset.entry
    return Asset(
        dataset_id=str(target.dataset.id),
        provider_id=str(target.dataset.publisher_id),
        grade=entry.grade,
        share_type=entry.share_type,
        open_type=entry.open_type,
        has_personal_data=bool(listing.personal_columns) if listing else False,
        is_frozen=target.dataset.id in frozen,
        is_provider_frozen=target.dataset.publisher_id in frozen,
        is_version_withdrawn=target.version.state is VersionState.WITHDRAWN,
    )


def _face(listing: Listing | None, frozen: frozenset[UUID]) -> Face | None:
    if listing is None:
        return None
    return Face(str(listing.id), listing.regime, listing.is_listed, listing.id in frozen)


def _grant(agreement: Agreement | None, frozen: frozenset[UUID], by: Actor) -> Grant | None:
    if agreement is None:
        return None
    return Grant(
        agreement_id=str(agreement.id),
        listing_id=str(agreement.listing_id),
        assignee_id=str(agreement.consumer_id),
        is_active=agreement.state is AgreementState.ACTIVE,
        starts_at=agreement.starts_at,
        ends_at=agreement.ends_at,
        purposes=frozenset({agreement.purpose}),
        actions=agreement.actions & _left_by_token(by),
        is_frozen=agreement.id in frozen,
    )


def _left_by_token(by: Actor) -> frozenset[Action]:
    """The actions that the token shown leaves; all of them where it says nothing of them."""
    if by.warrant is None or by.warrant.actions is None:
        return frozenset(Action)
    return frozenset(Action(action) for action in by.warrant.actions)


def _place(tx: Tx, name: str, by: Actor) -> tuple[Dataset, Distribution]:
    """Raises: NoSuchData."""
    called, _, _ = name.partition(VERSION_MARK)
    distribution_id = _uuid(called)
    if distribution_id is None:
        dataset_slug, _, distribution_slug = called.lower().partition(DISTRIBUTION_MARK)
        dataset = _dataset(tx, dataset_slug, name, by)
        return dataset, _distribution(tx, dataset, distribution_slug, name)
    try:
        return known_distribution(tx, DistributionId(distribution_id), by=by)
    except (DatasetNotFound, DatasetNotYours, DistributionNotFound):
        raise NoSuchData(name) from None


def _pinned(
    tx: Tx,
    dataset: Dataset,
    distribution: Distribution,
    newest: StoredVersion | None,
    name: str,
    reference: str,
    by: Actor,
) -> Target:
    try:
        stored = pinned_version(tx, dataset, distribution, reference, by=by)
    except VersionNotFound:
        raise NoSuchData(name) from None
    if newest is None or newest.version.id == stored.version.id:
        return Target(name, stored)
    # A listing speaks of what its dataset has now; a column that went since is not offered.
    return Target(name, stored, tuple(column.name for column in newest.version.columns))


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name) if len(name) == UUID_LENGTH_CHARACTERS else None
    except ValueError:
        return None


def _dataset(tx: Tx, slug: str, name: str, by: Actor) -> Dataset:
    for wanted in dict.fromkeys((slug, slug.replace("_", "-"))):
        try:
            return dataset_named(tx, wanted, by=by)
        except DatasetNotFound:
            continue
    raise NoSuchData(name)


def _distribution(tx: Tx, dataset: Dataset, slug: str, name: str) -> Distribution:
    for distribution in distributions_of(tx, dataset):
        if slug in ("", distribution.slug, distribution.slug.replace("-", "_")):
            return distribution
    raise NoSuchData(name)
