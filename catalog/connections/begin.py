"""Ask for a run: a try, one by hand, and those whose time has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from catalog.connections import store
from catalog.connections.connection import SECONDS_MAX, Connection
from catalog.connections.connection_run import ConnectionRun, ConnectionRunId, RunState
from catalog.connections.errors import ConnectionNotFound, ConnectionNotOn, ConnectionUnderWay
from catalog.connections.follow import RUNS_MAX
from catalog.dataset import Distribution
from catalog.upload import check_may_receive
from catalog.version import Failure
from policies.database import Tx
from policies.party import Actor
from policies.terms import UserId

DUE_MAX: Final = 50
"""Runs that one look at the clock begins."""
SILENT_AFTER: Final = timedelta(seconds=2 * SECONDS_MAX)
"""A run without a sign of life for this long has lost its worker for good."""


def begin_try(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> ConnectionRun:
    """Ask for the first rows of the source; nothing is loaded.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, ConnectionNotFound, ConnectionUnderWay.
    """
    held = _locked(tx, distribution, by=by)
    return _begin(tx, held, started_by=by.user_id, is_try=True, at=at)


def begin_now(tx: Tx, distribution: Distribution, *, by: Actor, at: datetime) -> ConnectionRun:
    """Ask for a run by hand, whatever its schedule says.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, ConnectionNotFound, ConnectionNotOn,
    ConnectionUnderWay.
    """
    held = _locked(tx, distribution, by=by)
    if not held.is_on:
        raise ConnectionNotOn
    return _begin(tx, held, started_by=by.user_id, is_try=False, at=at)


def begin_due(tx: Tx, *, at: datetime) -> list[ConnectionRunId]:
    """Begin a run for every connection whose time has come, once however often it was missed."""
    begun = []
    for connection in store.lock_due_connections(tx, at, limit=DUE_MAX):
        store.update_connection(tx, replace(connection, next_at=connection.rhythm.next_after(at)))
        try:
            run = _begin(tx, connection, started_by=None, is_try=False, at=at)
        except ConnectionUnderWay:
            continue
        begun.append(run.id)
    return begun


def _locked(tx: Tx, distribution: Distribution, *, by: Actor) -> Connection:
    check_may_receive(tx, distribution, by=by)
    found = store.connection_of(tx, distribution.id)
    held = None if found is None else store.lock_connection(tx, found.id)
    if held is None:
        raise ConnectionNotFound
    return held


def _begin(
    tx: Tx, held: Connection, *, started_by: UserId | None, is_try: bool, at: datetime
) -> ConnectionRun:
    asking = store.run_that_asks(tx, held.id)
    if asking is not None:
        if at - asking.touched_at < SILENT_AFTER:
            raise ConnectionUnderWay
        broken = replace(asking, state=RunState.FAILED, failure=Failure("ConnectionBrokeOff", {}))
        store.update_run(tx, broken)
    number = store.next_number(tx, held.id)
    run = ConnectionRun(
        id=ConnectionRunId(uuid4()),
        connection_id=held.id,
        number=number,
        is_try=is_try,
        state=RunState.QUEUED,
        started_by=started_by,
        created_at=at,
        touched_at=at,
        source_modified_at=held.modified_at,
    )
    store.insert_run(tx, run)
    store.forget_old_runs(tx, held.id, before_number=number - RUNS_MAX)
    return run
