"""An index that is as new as the database, for those who search right after a write.

One process of a node keeps the index at the present. A search compares it with the database first
and waits for the little that is missing; where nobody writes, it reads the changes itself.
"""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from psycopg_pool import PoolTimeout

from catalog.search.engine import writing
from catalog.search.errors import IndexNotReady, IndexWriterBusy
from catalog.search.follow import Begin, Compose, catch_up, learn_names, read_mark, rebuild
from catalog.search.found import Found, Term
from catalog.search.index import Index
from catalog.search.query import Search
from catalog.store import search_feed as store
from policies.database import Pool, Tx

WAIT_S: Final = 3.0
"""How long a search waits for the index; then it answers with what there is."""
PAUSE_S: Final = 0.004
CHANGES_READ_HERE_MAX: Final = 500
RECORDS_BUILT_HERE_MAX: Final = 1_000
"""More than this is left to the process whose work it is."""
CONNECTION_WAIT_S: Final = 0.5


class LiveIndex:
    """The index as the processes that search hold it; threads share it."""

    def __init__(self, folder: Path, pool: Pool, compose: Compose) -> None:
        self.folder = folder
        self._pool = pool
        self._compose = compose
        self._index = Index(folder)
        self._helping = threading.Lock()
        self._has_learned = False

    def search(self, tx: Tx, wanted: Search) -> Found:
        """What is found, with everything that was committed before.

        Raises: IndexNotReady while a large catalogue is read for the first time; and what
        `Index.search` refuses.
        """
        self._wait_for_present(tx)
        return self._index.search(wanted)

    def terms(self, tx: Tx, kind: str, prefix: str, labels: frozenset[str]) -> list[Term]:
        """Words that begin so, among what the labels may know of.

        Raises: IndexNotReady.
        """
        self._wait_for_present(tx)
        return self._index.terms(kind, prefix, labels)

    def _wait_for_present(self, tx: Tx) -> None:
        if not self._has_learned:
            learn_names(tx)
            self._has_learned = True
        deadline = time.monotonic() + WAIT_S
        while True:
            missing = self._missing(tx)
            if missing == 0:
                return
            if time.monotonic() > deadline:
                if missing is None:
                    raise IndexNotReady
                # Hits are checked again wherever they are shown; a stale answer is still true.
                return
            if not self._help(tx, missing):
                time.sleep(PAUSE_S)

    def _missing(self, tx: Tx) -> int | None:
        """Changes that the index has not read; None where there is no index to compare with."""
        try:
            self._index.refresh()
            mark = read_mark(self._index.position)
        except IndexNotReady:
            return None
        if mark is None or not store.is_followed(tx, mark):
            return None
        return store.count_changes(tx, mark, limit=CHANGES_READ_HERE_MAX + 1)

    def _help(self, tx: Tx, missing: int | None) -> bool:
        """Do the writer's work where nobody does it; whether anything was done."""
        if missing is not None and missing > CHANGES_READ_HERE_MAX:
            return False
        if not self._helping.acquire(blocking=False):
            return False
        begin = self._begin(tx)
        try:
            if missing is None:
                if store.count_datasets(tx, limit=RECORDS_BUILT_HERE_MAX + 1) > (
                    RECORDS_BUILT_HERE_MAX
                ):
                    return False
                rebuild(begin, self.folder, self._compose)
                return True
            with writing(self.folder) as writer, begin() as clean:
                catch_up(clean, writer, self._compose)
        except (IndexWriterBusy, IndexNotReady, PoolTimeout):
            return False
        finally:
            self._helping.release()
        return True

    def _begin(self, tx: Tx) -> Begin:
        """The asking transaction where it changed nothing itself, else one of our own.

        Those who wait must not all need a second connection.
        """
        if store.has_changed_nothing(tx):
            return lambda: nullcontext(tx)
        return lambda: self._pool.connection(timeout=CONNECTION_WAIT_S)
