"""Have the serving copies of a listed dataset ready before somebody waits for them.

A copy that is missing when it is read is built then, so this only moves the seconds that it takes.
Of what is open, size and digest are noted for those who describe it.
"""

from __future__ import annotations

from catalog.find import published_rows_of
from catalog.folders import Folders
from catalog.open_files import note_open_file
from catalog.serve import serving_copy
from exchange.store import listings as store
from policies.database import Pool
from policies.terms import DatasetId, Regime


def prepare_copies(pool: Pool, folders: Folders, dataset_id: DatasetId, *, mask_key: bytes) -> int:
    """Build what each open listing shows of the newest published versions; says how many.

    Repeating it is harmless.

    Raises: FileDamaged, MalformedView where a listing's columns are no longer there.
    """
    with pool.connection() as tx:
        listings = [held for held in store.faces_of_dataset(tx, dataset_id) if held.is_listed]
        versions = published_rows_of(tx, dataset_id) if listings else []
    for stored in versions:
        for listing in listings:
            copy = serving_copy(stored, folders, listing.view, mask_key=mask_key)
            if listing.regime is Regime.OPEN:
                with pool.connection() as tx:
                    note_open_file(tx, stored.version.id, listing.view, copy)
    return len(listings) * len(versions)
