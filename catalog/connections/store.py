"""Tables `catalog.connections` and `catalog.connection_runs`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.connections.connection import Connection, ConnectionId, ConnectionState, Source
from catalog.connections.connection_run import ConnectionRun, ConnectionRunId, RunState
from catalog.connections.rhythm import Every, Rhythm
from catalog.dataset import DistributionId
from catalog.files.looked import Look
from catalog.harvest.source import Validators
from catalog.version import Failure, UploadId
from catalog.way_in import Way
from policies.database import Tx


def insert_connection(tx: Tx, connection: Connection) -> bool:
    """Add a connection; False where its distribution has one."""
    done = tx.execute(
        """
        INSERT INTO catalog.connections
               (id, distribution_id, source, sealed_secret, rhythm, state, created_by, created_at,
                modified_at, way)
        VALUES (%(id)s, %(distribution_id)s, %(source)s, %(sealed_secret)s, %(rhythm)s, %(state)s,
                %(created_by)s, %(created_at)s, %(modified_at)s, %(way)s)
            ON CONFLICT (distribution_id) DO NOTHING
        """,
        {
            **_values(connection),
            "distribution_id": connection.distribution_id,
            "created_by": connection.created_by,
            "created_at": connection.created_at,
        },
    )
    return done.rowcount == 1


def update_connection(tx: Tx, connection: Connection) -> None:
    """Write a connection as it stands now."""
    tx.execute(
        """
        UPDATE catalog.connections
           SET source = %(source)s,
               sealed_secret = %(sealed_secret)s,
               rhythm = %(rhythm)s,
               state = %(state)s,
               is_tried = %(is_tried)s,
               host_key = %(host_key)s,
               validators = %(validators)s,
               failures = %(failures)s,
               next_at = %(next_at)s,
               modified_at = %(modified_at)s,
               way = %(way)s
         WHERE id = %(id)s
        """,
        _values(connection),
    )


def delete_connection(tx: Tx, connection_id: ConnectionId) -> None:
    """Remove a connection and its runs; what was taken in stays."""
    tx.execute(
        """
        DELETE FROM catalog.connections
         WHERE id = %(id)s
        """,
        {"id": connection_id},
    )


def connection_of(tx: Tx, distribution_id: DistributionId) -> Connection | None:
    """What feeds a distribution; None where nothing does."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connections
         WHERE distribution_id = %(distribution_id)s
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else _connection(row)


def connections_of(tx: Tx, distribution_ids: Sequence[DistributionId]) -> list[Connection]:
    """What feeds these distributions, in order of their ids."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.connections
         WHERE distribution_id = ANY (%(distribution_ids)s)
         ORDER BY distribution_id
        """,
        {"distribution_ids": list(distribution_ids)},
    )
    return [_connection(row) for row in rows]


def lock_connection(tx: Tx, connection_id: ConnectionId) -> Connection | None:
    """A connection that nobody else changes until the transaction ends; None where it is gone."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connections
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": connection_id},
    ).fetchone()
    return None if row is None else _connection(row)


def lock_due_connections(tx: Tx, at: datetime, *, limit: int) -> list[Connection]:
    """Those that are on, whose time has come and that no other clock holds, longest due first."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.connections
         WHERE next_at <= %(at)s
           AND state = 'on'
         ORDER BY next_at, id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED
        """,
        {"at": at, "limit": limit},
    )
    return [_connection(row) for row in rows]


def next_number(tx: Tx, connection_id: ConnectionId) -> int:
    """The number of the next run of a connection that the caller holds."""
    row = tx.execute(
        """
        SELECT coalesce(max(number), 0) + 1 AS number
          FROM catalog.connection_runs
         WHERE connection_id = %(connection_id)s
        """,
        {"connection_id": connection_id},
    ).fetchone()
    assert row is not None
    number: int = row["number"]
    return number


def insert_run(tx: Tx, run: ConnectionRun) -> None:
    """Add a run that waits."""
    tx.execute(
        """
        INSERT INTO catalog.connection_runs
               (id, connection_id, number, is_try, state, started_by, created_at, touched_at,
                source_modified_at)
        VALUES (%(id)s, %(connection_id)s, %(number)s, %(is_try)s, %(state)s, %(started_by)s,
                %(created_at)s, %(touched_at)s, %(source_modified_at)s)
        """,
        {
            "id": run.id,
            "connection_id": run.connection_id,
            "number": run.number,
            "is_try": run.is_try,
            "state": run.state,
            "started_by": run.started_by,
            "created_at": run.created_at,
            "touched_at": run.touched_at,
            "source_modified_at": run.source_modified_at,
        },
    )


def update_run(tx: Tx, run: ConnectionRun) -> None:
    """Write a run as it stands now."""
    tx.execute(
        """
        UPDATE catalog.connection_runs
           SET state = %(state)s,
               touched_at = %(touched_at)s,
               attempts = %(attempts)s,
               size_bytes = %(size_bytes)s,
               row_count = %(row_count)s,
               upload_id = %(upload_id)s,
               failure = %(failure)s,
               look = %(look)s
         WHERE id = %(id)s
        """,
        {
            "id": run.id,
            "state": run.state,
            "touched_at": run.touched_at,
            "attempts": run.attempts,
            "size_bytes": run.size_bytes,
            "row_count": run.row_count,
            "upload_id": run.upload_id,
            "failure": run.failure
            and Jsonb({"code": run.failure.code, "facts": dict(run.failure.facts)}),
            "look": run.look and Jsonb(run.look.as_json()),
        },
    )


def lock_run(tx: Tx, run_id: ConnectionRunId) -> ConnectionRun | None:
    """A run that nobody else changes until the transaction ends."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connection_runs
         WHERE id = %(id)s
           FOR UPDATE
        """,
        {"id": run_id},
    ).fetchone()
    return None if row is None else _run(row)


def lock_run_of_upload(tx: Tx, upload_id: UploadId) -> ConnectionRun | None:
    """The run that brought an upload; None where a person sent it."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connection_runs
         WHERE upload_id = %(upload_id)s
           FOR UPDATE
        """,
        {"upload_id": upload_id},
    ).fetchone()
    return None if row is None else _run(row)


def run_that_asks(tx: Tx, connection_id: ConnectionId) -> ConnectionRun | None:
    """The run that waits to ask the source or is asking it; None where none does."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connection_runs
         WHERE connection_id = %(connection_id)s
           AND state IN ('queued', 'fetching')
        """,
        {"connection_id": connection_id},
    ).fetchone()
    return None if row is None else _run(row)


def run_numbered(tx: Tx, connection_id: ConnectionId, number: int) -> ConnectionRun | None:
    """A run by its number; None where there is none."""
    row = tx.execute(
        """
        SELECT *
          FROM catalog.connection_runs
         WHERE connection_id = %(connection_id)s
           AND number = %(number)s
        """,
        {"connection_id": connection_id, "number": number},
    ).fetchone()
    return None if row is None else _run(row)


def runs_of(tx: Tx, connection_id: ConnectionId, *, limit: int) -> list[ConnectionRun]:
    """The runs of a connection, newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM catalog.connection_runs
         WHERE connection_id = %(connection_id)s
         ORDER BY number DESC
         LIMIT %(limit)s
        """,
        {"connection_id": connection_id, "limit": limit},
    )
    return [_run(row) for row in rows]


def newest_runs(tx: Tx, connection_ids: Sequence[ConnectionId]) -> list[ConnectionRun]:
    """The newest run of each connection that has one, in order of the connections."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (connection_id) *
          FROM catalog.connection_runs
         WHERE connection_id = ANY (%(connection_ids)s)
         ORDER BY connection_id, number DESC
        """,
        {"connection_ids": list(connection_ids)},
    )
    return [_run(row) for row in rows]


def forget_looks(tx: Tx, connection_id: ConnectionId) -> None:
    """Forget the rows that earlier tries showed."""
    tx.execute(
        """
        UPDATE catalog.connection_runs
           SET look = NULL
         WHERE connection_id = %(connection_id)s
           AND look IS NOT NULL
        """,
        {"connection_id": connection_id},
    )


def forget_old_runs(tx: Tx, connection_id: ConnectionId, *, before_number: int) -> None:
    """Forget runs that are older than the log reaches."""
    tx.execute(
        """
        DELETE FROM catalog.connection_runs
         WHERE connection_id = %(connection_id)s
           AND number < %(before_number)s
           AND state NOT IN ('queued', 'fetching', 'loading')
        """,
        {"connection_id": connection_id, "before_number": before_number},
    )


def _values(connection: Connection) -> dict[str, object]:
    rhythm = connection.rhythm
    return {
        "way": connection.way,
        "id": connection.id,
        "source": Jsonb(connection.source.as_json()),
        "sealed_secret": connection.sealed_secret,
        "rhythm": Jsonb({"every": rhythm.every, "minute": rhythm.minute, "day": rhythm.day}),
        "state": connection.state,
        "is_tried": connection.is_tried,
        "host_key": connection.host_key,
        "validators": Jsonb(connection.validators.as_json()),
        "failures": connection.failures,
        "next_at": connection.next_at,
        "modified_at": connection.modified_at,
    }


def _connection(row: DictRow) -> Connection:
    rhythm = row["rhythm"]
    return Connection(
        id=ConnectionId(row["id"]),
        distribution_id=DistributionId(row["distribution_id"]),
        source=Source.from_json(row["source"]),
        rhythm=Rhythm(Every(rhythm["every"]), rhythm["minute"], rhythm["day"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        state=ConnectionState(row["state"]),
        sealed_secret=row["sealed_secret"],
        host_key=row["host_key"],
        is_tried=row["is_tried"],
        next_at=row["next_at"],
        failures=row["failures"],
        validators=Validators.from_json(row["validators"]),
        way=Way(row["way"]),
    )


def _run(row: DictRow) -> ConnectionRun:
    failure, look = row["failure"], row["look"]
    return ConnectionRun(
        id=ConnectionRunId(row["id"]),
        connection_id=ConnectionId(row["connection_id"]),
        number=row["number"],
        is_try=row["is_try"],
        state=RunState(row["state"]),
        started_by=row["started_by"],
        created_at=row["created_at"],
        touched_at=row["touched_at"],
        source_modified_at=row["source_modified_at"],
        attempts=row["attempts"],
        size_bytes=row["size_bytes"],
        row_count=row["row_count"],
        upload_id=row["upload_id"],
        failure=None if failure is None else Failure(failure["code"], failure["facts"]),
        look=None if look is None else Look.from_json(look),
    )
