"""The process that keeps this node's search index at the present; it alone writes it.

It hears of changes from the database and reads them at once. An index that is lost, damaged or of
another release is built anew, while what there is goes on answering.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout

from catalog.search.engine import writing
from catalog.search.errors import IndexNotReady, IndexWriterBusy
from catalog.search.follow import catch_up, forget_old, learn_names, listen, rebuild
from policies.database import Pool
from portal.pool import connection_pool, utc_now
from portal.search_documents import composer
from portal.settings import Settings

PAUSE_S: Final = 1.0
"""Longest wait for news; a change that nobody told of is read then."""
RETRY_PAUSE_S: Final = 0.2
POOL_SIZE: Final = 2
TURNS_BETWEEN_CLEANING: Final = 300

log = logging.getLogger("weir.indexer")


def serve_index(settings: Settings, database_url: str) -> None:
    """Follow the database until told to end."""
    told_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_end.set())
    with connection_pool(database_url, size=POOL_SIZE) as pool:
        while not told_to_end.is_set():
            # The database may restart, and `weir reindex` may hold the lock; then once more.
            with contextlib.suppress(psycopg.OperationalError, PoolTimeout, IndexWriterBusy):
                try:
                    with pool.connection() as tx:
                        learn_names(tx)
                    _follow(settings, pool, database_url, told_to_end)
                except IndexNotReady:
                    log.warning("building the search index")
                    rebuild(pool.connection, settings.search_folder, composer(utc_now))
                    continue
            told_to_end.wait(RETRY_PAUSE_S)


def _follow(
    settings: Settings, pool: Pool, database_url: str, told_to_end: threading.Event
) -> None:
    turn = 0
    with (
        writing(settings.search_folder) as writer,
        psycopg.connect(database_url, autocommit=True) as ear,
    ):
        listen(ear)
        while not told_to_end.is_set() and writer.is_current:
            with pool.connection() as tx:
                catch_up(tx, writer, composer(utc_now))
            turn += 1
            if turn % TURNS_BETWEEN_CLEANING == 0:
                with pool.connection() as tx:
                    forget_old(tx)
            for _ in ear.notifies(timeout=PAUSE_S, stop_after=1):
                pass
