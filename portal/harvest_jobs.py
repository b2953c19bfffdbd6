"""The jobs of a harvest run, asked for in the transaction that makes them needed."""

from __future__ import annotations

from typing import Final

from catalog.harvest.run import RunId
from policies.database import Tx
from portal.jobs import Queue, enqueue

LOOK: Final = "harvest_look"
APPLY: Final = "harvest_apply"
UNDO: Final = "harvest_undo"
SLICE_S: Final = 5.0
"""A run is carried out in slices of this length, so that files of others get their turn."""
_ONE_AT_A_TIME: Final = "harvest"


def ask(tx: Tx, task: str, run_id: RunId) -> None:
    """Ask for the next work on this run."""
    enqueue(tx, task, queue=Queue.WORK, lock=_ONE_AT_A_TIME, run_id=str(run_id))
