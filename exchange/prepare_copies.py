"""Have the serving copies of a listed dataset ready before somebody waits for them.

A copy that is missing when it is read is built then, so this only moves the seconds that it takes.
"""

from __future__ import annotations

from catalog.find import published_rows_of
from catalog.folders import Folders
from catalog.serve import serving_copy
from exchange.store import listings as store
from policies.database import Pool
from policies.terms import DatasetId


def prepare_copies(pool: Pool, folders: Folders, dataset_id: DatasetId, *, mask_key: bytes) -> int:
    """Build what each open listing shows of the newest published versions; says how many.

    Repeating it is harmless.

    Raises: FileDamaged, MalformedView where a listing's columns are no longer there.
    """
    with pool.connection() as tx:
        views = [held.view for held in store.faces_of_dataset(tx, dataset_id) if held.is_listed]
        versions = published_rows_of(tx, dataset_id) if views else []
    for stored in versions:
        for view in views:
            serving_copy(stored, folders, view, mask_key=mask_key)
    return len(views) * len(versions)
