"""What can be frozen, found by the words that a supervisor types, and called by its name."""

from __future__ import annotations

from uuid import UUID

from catalog.errors import DatasetNotFound
from catalog.find import dataset_named, dataset_with_id
from exchange.errors import ListingNotFound
from exchange.list_product import get_listing
from exchange.negotiate import get_agreement
from policies.database import Tx
from policies.freeze_order import FreezeTarget
from policies.identity.people import organization_named, organization_with_id
from policies.party import Actor
from policies.terms import DatasetId, ListingId, OrganizationId, Text


def title_of(tx: Tx, kind: FreezeTarget, target_id: UUID, *, by: Actor) -> Text:
    """The name of a frozen thing; a listing or agreement is called by its dataset."""
    try:
        match kind:
            case FreezeTarget.ORGANIZATION:
                return organization_with_id(tx, OrganizationId(target_id)).title
            case FreezeTarget.DATASET:
                dataset_id = DatasetId(target_id)
            case FreezeTarget.LISTING:
                dataset_id = get_listing(tx, ListingId(target_id), by=by).dataset_id
            case FreezeTarget.AGREEMENT:
                dataset_id = get_agreement(tx, target_id, by=by).dataset_id
        return dataset_with_id(tx, dataset_id, by=by).entry.title
    except (ListingNotFound, DatasetNotFound):
        # Withdrawn since; the freeze stays and its id still names it.
        return Text(en=str(target_id))


def target_named(tx: Tx, kind: FreezeTarget, name: str, *, by: Actor) -> UUID:
    """The id of an organisation or dataset by its short name, of others by the id itself.

    Raises: OrganizationNotFound, DatasetNotFound, ListingNotFound.
    """
    name = name.strip()
    match kind:
        case FreezeTarget.ORGANIZATION:
            return organization_named(tx, name).id
        case FreezeTarget.DATASET:
            return dataset_named(tx, name, by=by).id
        case FreezeTarget.LISTING | FreezeTarget.AGREEMENT:
            try:
                return UUID(name)
            except ValueError:
                raise ListingNotFound(name) from None
