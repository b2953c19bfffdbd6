"""Have the serving copies of a listed dataset ready before somebody waits for them.

A copy that is missing when it is read is built then, so this only moves the seconds that it takes.
Of what is open, size and digest are noted for those who describe it. What is masked is looked at
before anybody gets it: a listing whose masks let identifiers through is stopped, and one that is
still a draft cannot be opened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from catalog.find import published_rows_of
from catalog.folders import Folders
from catalog.open_files import note_open_file
from catalog.serve import serving_copy
from exchange.list_product import stop_leaking
from exchange.listing import ListingState
from exchange.store import listings as store
from policies.database import Pool
from policies.terms import DatasetId, Regime
from quality.masks.check import check_masks


def prepare_copies(
    pool: Pool,
    folders: Folders,
    dataset_id: DatasetId,
    *,
    mask_key: bytes,
    now: Callable[[], datetime],
) -> int:
    """Build what each open listing shows of the newest published versions; says how many.

    Drafts that mask something are built too, so that their masks are known to hold or not.
    Repeating it is harmless.

    Raises: FileDamaged, MalformedView where a listing's columns are no longer there.
    """
    with pool.connection() as tx:
        listings = [
            held
            for held in store.listings_of_dataset(tx, dataset_id)
            if held.is_listed or (held.state is ListingState.DRAFT and held.view.masks)
        ]
        versions = published_rows_of(tx, dataset_id) if listings else []
    for stored in versions:
        for listing in listings:
            copy = serving_copy(stored, folders, listing.view, mask_key=mask_key)
            leaks = check_masks(pool, stored.version.id, listing.view, copy, at=now())
            if leaks and listing.is_listed:
                with pool.connection() as tx:
                    stop_leaking(tx, listing.id, leaks[0], at=now())
            elif listing.regime is Regime.OPEN and listing.is_listed:
                with pool.connection() as tx:
                    note_open_file(tx, stored.version.id, listing.view, copy)
    return len(listings) * len(versions)
