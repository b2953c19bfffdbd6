"""Notice promises of freshness that broke with the passing of time, once a day."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from catalog.holdings import made_from, newest_data_after
from catalog.search.follow import read_again
from policies.calendar import china_day
from policies.database import Tx
from policies.terms import DatasetId
from quality.promise import PROMISING, next_due
from quality.store import promises as promise_store

PAGE_DATASETS: Final = 1_000


def notice_late(tx: Tx, *, at: datetime) -> int:
    """Have the search read again each record whose promise broke since the last look; how many.

    Days that were missed are made up for. A promise that is kept again is noticed with the data
    that keeps it.
    """
    today = china_day(at)
    before = promise_store.promises_judged_to(tx)
    if before is not None and before >= today:
        return 0
    noticed = 0
    after: DatasetId | None = None
    while True:
        page = newest_data_after(tx, after, cycles=PROMISING, limit=PAGE_DATASETS)
        broken = [
            one.dataset_id
            for one in page
            if (due := next_due(one.update_cycle, one.came_at)) is not None
            and due.is_breached_on(today)
            and not (before is not None and due.is_breached_on(before))
        ]
        read_again(tx, [*broken, *made_from(tx, broken)])
        noticed += len(broken)
        if len(page) < PAGE_DATASETS:
            break
        after = page[-1].dataset_id
    promise_store.set_promises_judged_to(tx, today)
    return noticed
