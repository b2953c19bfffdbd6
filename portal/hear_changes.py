"""Hear at once of what other processes change of rights and versions."""

from __future__ import annotations

import contextlib
import threading

import psycopg

from policies.standing import CHANNEL, Standing

LISTEN_S = 1.0
RETRY_PAUSE_S = 1.0


class Ear:
    """A connection of its own that listens, in a thread of its own, until it is closed."""

    def __init__(self, database_url: str, standing: Standing) -> None:
        self._database_url, self._standing = database_url, standing
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="weir-standing", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._is_closed.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            # The database may restart; what was missed meanwhile is taken for a change.
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(self._database_url, autocommit=True) as connection,
            ):
                connection.execute(f"LISTEN {CHANNEL}")
                self._standing.change()
                while not self._is_closed.is_set():
                    for _ in connection.notifies(timeout=LISTEN_S, stop_after=1):
                        self._standing.change()
            self._is_closed.wait(RETRY_PAUSE_S)
