"""Read connections and their runs, as far as the caller may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalog import errors as catalog_errors
from catalog import file_errors
from catalog.connections import errors, store
from catalog.connections.connection import Connection
from catalog.connections.connection_run import ConnectionRun
from catalog.connections.errors import ConnectionNotFound, ConnectionRunNotFound
from catalog.curation.describe import owned_dataset
from catalog.dataset import Distribution, DistributionId
from catalog.harvest import errors as harvest_errors
from catalog.version import Failure
from policies.database import Tx
from policies.errors import Refusal
from policies.party import Actor

RUNS_MAX: Final = 100
"""Runs that are kept and shown."""


def connection_of(tx: Tx, distribution: Distribution, *, by: Actor) -> Connection:
    """What feeds a distribution; for its publisher's own people.

    Raises: DatasetNotFound, PublisherNeeded, ConnectionNotFound.
    """
    owned_dataset(tx, distribution.dataset_id, by=by)
    found = store.connection_of(tx, distribution.id)
    if found is None:
        raise ConnectionNotFound
    return found


def runs_of(tx: Tx, connection: Connection) -> list[ConnectionRun]:
    """The runs of a connection, newest first."""
    return store.runs_of(tx, connection.id, limit=RUNS_MAX)


def run_numbered(tx: Tx, connection: Connection, number: int) -> ConnectionRun:
    """One run.

    Raises: ConnectionRunNotFound.
    """
    found = store.run_numbered(tx, connection.id, number)
    if found is None:
        raise ConnectionRunNotFound(number)
    return found


def failing(
    tx: Tx, distribution_ids: Sequence[DistributionId]
) -> dict[DistributionId, tuple[Connection, ConnectionRun]]:
    """Connections of one's own distributions whose last run failed, with that run."""
    ill = {
        one.id: one
        for one in store.connections_of(tx, distribution_ids)
        if one.failures and one.is_on
    }
    return {
        ill[run.connection_id].distribution_id: (ill[run.connection_id], run)
        for run in store.newest_runs(tx, list(ill))
        if run.failure is not None
    }


def refusal_of(failure: Failure) -> Refusal:
    """The refusal that a run ended with, to be said in the reader's language."""
    for module in (errors, harvest_errors, catalog_errors, file_errors):
        kind = getattr(module, failure.code, None)
        if isinstance(kind, type) and issubclass(kind, Refusal):
            return kind(**failure.facts)
    return errors.ConnectionBrokeOff()
