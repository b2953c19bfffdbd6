"""Try what the machines of an installation share: `python -m portal.check_shared DATA`.

Run by `weir serve` and `weir worker` before they start anything; says what is wrong in a line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from catalog.errors import StorageAway
from catalog.tables import check_storage
from policies.errors import SigningKeyAway
from portal.keeping import folders_of, keys_of
from portal.pool import connection_pool
from portal.serve import KEYS_AWAY_STATUS, STORAGE_UNFIT_STATUS
from portal.settings import settings_from


def main(data: str) -> int:
    """0 where all is well, else the status that `portal.serve` knows."""
    settings = settings_from(os.environ, data=Path(data))
    with connection_pool(os.environ["WEIR_CHILD_DATABASE_URL"], size=1) as pool:
        try:
            with pool.connection() as tx:
                keys_of(settings).check(tx)
        except SigningKeyAway as away:
            sys.stdout.write(str(away))
            return KEYS_AWAY_STATUS
    if settings.storage_url is None:
        return 0
    folders = folders_of(settings)
    try:
        is_fit = check_storage(folders.storage, settings.private_folder / "trial")
    except StorageAway as away:
        sys.stdout.write(f"{settings.storage_url} cannot be used: {away.__cause__ or away}")
        return STORAGE_UNFIT_STATUS
    if not is_fit:
        sys.stdout.write(
            f"{settings.storage_url} lets a later write replace an earlier one; it must offer "
            "PutObject with If-None-Match"
        )
        return STORAGE_UNFIT_STATUS
    folders.cache.trim()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
