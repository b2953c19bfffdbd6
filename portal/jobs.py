"""Ask for background work inside the transaction that makes it needed.

The job's row commits or vanishes with the change that asked for it, so an accepted upload is never
without its ingest and a rolled-back one never has any.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from uuid import UUID

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.errors import N_
from policies.terms import DatasetId


class Queue(StrEnum):
    """Which child of `weir serve` takes the job."""

    WORK = "work"
    QUALITY = "quality"
    """The long-lived process that has Great Expectations loaded."""


def ask_for_copies(tx: Tx, dataset_id: DatasetId) -> None:
    """Have what is now open or published ready for its first reader."""
    enqueue(
        tx,
        "prepare_copies",
        queue=Queue.WORK,
        lock=f"copies:{dataset_id}",
        dataset_id=str(dataset_id),
    )


REPLAY = "replay"
FOUND_MAX = 20
"""Rows named for the rule; the first few say where to look."""


def ask_to_replay(tx: Tx, replay_id: UUID) -> None:
    """Have live agreements judged under a draft."""
    enqueue(tx, REPLAY, queue=Queue.WORK, lock=f"replay:{replay_id}", replay_id=str(replay_id))


def enqueue(tx: Tx, task: str, *, queue: Queue, lock: str | None = None, **arguments: str) -> None:
    """Ask for task `task`; jobs of one `lock` run one after the other."""
    tx.execute(
        """
        SELECT jobs.procrastinate_defer_jobs_v1(
            ARRAY[ROW(%(queue)s, %(task)s, 0, %(lock)s, NULL, %(arguments)s, NULL)
                  ::jobs.procrastinate_job_to_defer_v1])
        """,
        {"queue": queue, "task": task, "lock": lock, "arguments": Jsonb(arguments)},
    )


def examine(tx: Tx) -> Iterator[tuple[str, list[str]]]:
    """What must always hold of background work, with what breaks it; `weir doctor` asks."""
    yield N_("Every accepted file was read, refused, or waits for its job"), uploads_without_job(tx)


def uploads_without_job(tx: Tx) -> list[str]:
    """Ids of accepted uploads that were not read and that no job is going to read."""
    rows = tx.execute(
        """
        SELECT upload.id::text AS found
          FROM catalog.uploads AS upload
         WHERE upload.state IN ('queued', 'ingesting')
           AND NOT EXISTS (SELECT 1
                             FROM jobs.procrastinate_jobs AS job
                            WHERE job.task_name = 'ingest'
                              AND job.status IN ('todo', 'doing')
                              AND job.args ->> 'upload_id'
                                  IN (upload.id::text, upload.parent_id::text))
         ORDER BY upload.id
         LIMIT %(limit)s
        """,
        {"limit": FOUND_MAX},
    )
    return [row["found"] for row in rows]
