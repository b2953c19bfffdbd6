"""Background jobs: one function a job; each calls one verb and asks for the next job.

The only module that may import `quality.assess`, and only inside the job that needs it: the process
of the other queue never loads Great Expectations.
"""

from __future__ import annotations

import logging
from uuid import UUID

import procrastinate
from procrastinate import App, PsycopgConnector

from portal.jobs import Queue, enqueue
from portal.migrate import JOBS_SCHEMA
from portal.wiring import Wiring

HEARTBEAT_S = 2.0
STALLED_AFTER_S = 8.0
"""A worker that was killed is noticed after this long, and its job runs again."""
POLL_S = 5.0
ATTEMPTS_MAX = 5
RETRY_WAIT_S = 2

log = logging.getLogger("weir.worker")


def run_worker(wiring: Wiring, database_url: str, role: str) -> None:
    """Take the jobs of a queue until the process is told to end."""
    queue = Queue.QUALITY if role == "quality" else Queue.WORK
    app = App(
        connector=PsycopgConnector(
            conninfo=database_url, kwargs={"options": f"-c search_path={JOBS_SCHEMA}"}, max_size=4
        )
    )
    add_jobs(app, wiring, queue)
    app.run_worker(
        queues=[queue],
        name=role,
        concurrency=1,
        fetch_job_polling_interval=POLL_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=STALLED_AFTER_S,
        shutdown_graceful_timeout=10,
        delete_jobs="successful",
    )
