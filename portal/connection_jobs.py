"""The job of a connection's run, asked for in the transaction that makes it needed."""

from __future__ import annotations

from typing import Final

from catalog.connections.connection_run import ConnectionRunId
from policies.database import Tx
from portal.jobs import Queue, enqueue

RUN: Final = "connection_run"
_ONE_AT_A_TIME: Final = "connections"
"""A far and slow source takes one place of the worker, never all."""


def ask(tx: Tx, run_id: ConnectionRunId) -> None:
    """Ask for the work on this run."""
    enqueue(tx, RUN, queue=Queue.WORK, lock=_ONE_AT_A_TIME, run_id=str(run_id))
