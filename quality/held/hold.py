"""Keep what rules said of a batch that only its department reads, and list it.

Who may read it is decided by the caller, before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.dataset import DistributionId
from catalog.version import Version
from policies.database import Tx
from quality.check_batch import Broken
from quality.held import store
from quality.held.batch import HELD_BATCHES_MAX, HELD_FOR, HeldBatch, held_rules


def hold_batch(
    tx: Tx, version: Version, broken: Sequence[Broken], *, row_count: int, at: datetime
) -> None:
    """Keep why a step of a table is not read by others; the last `HELD_BATCHES_MAX` stay.

    No event: that of the step names the rules.
    """
    sensitive = store.sensitive_columns_of(tx, version.distribution_id)
    rules = held_rules(broken, sensitive_columns=sensitive)
    store.insert_batch(tx, HeldBatch(version.distribution_id, version.number, row_count, rules, at))
    store.forget_batches(
        tx, version.distribution_id, before=at - HELD_FOR, kept_max=HELD_BATCHES_MAX
    )


def held_batches(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, at: datetime
) -> list[HeldBatch]:
    """The last batches of these tables, the newest first; none that is past its time."""
    return store.batches_of(tx, distribution_ids, since=at - HELD_FOR, limit=HELD_BATCHES_MAX)
