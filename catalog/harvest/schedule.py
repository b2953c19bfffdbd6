"""Begin the runs whose time has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from catalog.harvest.errors import RunUnderWay
from catalog.harvest.look import begin_run
from catalog.harvest.run import RunId
from catalog.harvest.store import sources as store
from policies.database import Tx

DUE_MAX: Final = 20
"""Runs that one look at the clock begins."""


def begin_due(tx: Tx, *, at: datetime) -> list[RunId]:
    """Add a run to every approved source whose time has come, and set its next one."""
    begun = []
    for source in store.lock_due_sources(tx, at, limit=DUE_MAX):
        store.update_source(tx, replace(source, next_at=source.due_after(at)))
        try:
            run = begin_run(tx, source, source.wishes.matching, started_by=None, at=at)
        except RunUnderWay:
            continue
        begun.append(run.id)
    return begun
