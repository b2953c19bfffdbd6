"""Show the publisher of a draft what its masks make of the data, before anything is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.build_copy import masked_rows
from catalog.dataset import Dataset
from catalog.find import StoredVersion, dataset_with_id, published_rows_of
from catalog.folders import Folders
from catalog.json_rows import Row
from catalog.view import View
from exchange import list_product
from exchange.errors import NotPublished, NotYourPart
from exchange.listing import Listing
from policies.database import Pool
from policies.party import Actor, Role
from policies.roles import can_publish_for
from policies.terms import ListingId
from quality.masks.check import leaks_known
from quality.masks.leak import Leak

PREVIEW_ROWS = 10


@dataclass(frozen=True, slots=True)
class Masking:
    """A listing of the caller's, with the newest published version that it masks."""

    listing: Listing
    dataset: Dataset
    stored: StoredVersion
    leaks: tuple[Leak, ...]
    """What is known to come through the masks as they are kept now."""


@dataclass(frozen=True, slots=True)
class MaskedPreview:
    """Some rows as a view would show them."""

    columns: tuple[str, ...]
    rows: Sequence[Row]


def masking_of(pool: Pool, listing_id: ListingId, *, by: Actor) -> Masking:
    """The listing to choose masks for.

    Raises: ListingNotFound, NotYourPart, NotPublished.
    """
    with pool.connection() as tx:
        listing = list_product.get_listing(tx, listing_id, by=by)
        if not can_publish_for(by, listing.provider_id):
            raise NotYourPart(Role.PUBLISHER)
        dataset = dataset_with_id(tx, listing.dataset_id, by=by)
        published = published_rows_of(tx, dataset.id)
        if not published:
            raise NotPublished(dataset.slug)
        leaks = leaks_known(tx, published[0].version.id, listing.view)
    return Masking(listing, dataset, published[0], leaks)


def preview_masks(
    masking: Masking, view: View, folders: Folders, *, mask_key: bytes
) -> MaskedPreview:
    """The first rows as `view` would show them; hashes are those of no agreement.

    Raises: MalformedView, UnfitValue, FileDamaged.
    """
    paths = masking.stored.checked_paths(folders)
    columns, rows = masked_rows(paths, view, mask_key=mask_key, limit=PREVIEW_ROWS)
    return MaskedPreview(tuple(column.name for column in columns), rows)
