"""Background jobs: one function a job; each calls one verb and asks for the next job.

The only module that may import `quality.assess`, and only inside the job that needs it: the process
of the other queue never loads Great Expectations.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from procrastinate import App, PsycopgConnector, RetryStrategy

from catalog import find, graphs, ingest, publish
from catalog.arrivals import arrive
from catalog.blobs import sweep_arriving
from catalog.connections import begin, carry_out
from catalog.connections.connection_run import ConnectionRunId
from catalog.dataset import DatasetState, DistributionId
from catalog.demand import unmet
from catalog.errors import FileDamaged
from catalog.harvest import apply, look, schedule, undo
from catalog.harvest.reach import networks_of
from catalog.harvest.run import RunId
from catalog.links.look import look_at_links
from catalog.steps import settle as settle_steps
from catalog.steps.take_step import Place
from catalog.version import UploadId, VersionKind
from exchange import list_product, replay, retain, settle
from exchange.hand_link import forget_links
from exchange.look_beside import other_tables
from exchange.notices import webhooks
from exchange.notices.follow_log import follow_log
from exchange.prepare_copies import prepare_copies
from exchange.result_files import sweep_results
from exchange.run_clocks import run_clocks
from policies import once
from policies.database import Tx
from policies.decision.profile import profile_in_force
from policies.identity.clients import forget_used_proofs
from policies.party import Actor
from policies.terms import DatasetId, VersionId
from portal import connection_jobs, harvest_jobs
from portal.accept_upload import ask_to_read
from portal.jobs import REPLAY, Queue, ask_for_copies, enqueue
from portal.key_file import sealing_key
from portal.mask_key import mask_key
from portal.migrate import JOBS_SCHEMA
from portal.public_graphs import graphs_of
from portal.send_mails import send_due
from portal.settings import Publication
from portal.wiring import Wiring
from quality import notice_late
from quality.rules import versions_to_try

HEARTBEAT_S = 2.0
STALLED_AFTER_S = 8.0
"""A worker that was killed is noticed after this long, and its job runs again."""
POLL_S = 5.0
GRACE_S = 10
ATTEMPTS_MAX = 20
SLOTS = 2
"""One more than a harvest takes, so that files need not wait for a far and slow server."""
PREPARING_ATTEMPTS_MAX = 3
RETRY_WAIT_S = 2
QUALITY_MEMORY_BYTES = 512 << 20

_SYSTEM = Actor(name="system")


def run_worker(wiring: Wiring, database_url: str, role: str) -> None:
    """Take the jobs of a queue until the process is told to end."""
    app = App(
        connector=PsycopgConnector(
            conninfo=database_url, kwargs={"options": f"-c search_path={JOBS_SCHEMA}"}, max_size=4
        )
    )
    queue = Queue.QUALITY if role == "quality" else Queue.WORK
    if queue is Queue.QUALITY:
        _add_quality_jobs(app, wiring)
    else:
        _add_jobs(app, wiring)
    app.run_worker(
        queues=[queue],
        name=role,
        concurrency=SLOTS if queue is Queue.WORK else 1,
        fetch_job_polling_interval=POLL_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=STALLED_AFTER_S,
        shutdown_graceful_timeout=GRACE_S,
        delete_jobs="successful",
    )


def _add_jobs(app: App, wiring: Wiring) -> None:
    again = RetryStrategy(max_attempts=ATTEMPTS_MAX, wait=RETRY_WAIT_S)

    @app.task(name="ingest", queue=Queue.WORK, retry=again)
    def _ingest(upload_id: str) -> None:
        version = ingest.ingest(
            wiring.pool,
            wiring.confinement,
            wiring.folders,
            UploadId(UUID(upload_id)),
            now=wiring.now,
        )
        with wiring.pool.connection() as tx:
            carry_out.settle(tx, UploadId(UUID(upload_id)), at=wiring.now())
            if version is None:
                for part_id in ingest.parts_to_read(tx, UploadId(UUID(upload_id))):
                    enqueue(tx, "ingest", queue=Queue.WORK, upload_id=str(part_id))
                _ask_to_publish_document(tx, wiring, UploadId(UUID(upload_id)))
            else:
                enqueue(tx, "assess", queue=Queue.QUALITY, version_id=str(version.id))

    @app.task(name=REPLAY, queue=Queue.WORK, retry=again)
    def _replay(replay_id: str) -> None:
        replay.run_replay(wiring.pool, UUID(replay_id), now=wiring.now)

    @app.task(name="publish_directly", queue=Queue.WORK, retry=again)
    def _publish_directly(dataset_id: str) -> None:
        publish_where_the_profile_decides(wiring, DatasetId(UUID(dataset_id)))

    # Who reads builds what is missing, so this need not be tried for long.
    @app.task(
        name="prepare_copies",
        queue=Queue.WORK,
        retry=RetryStrategy(max_attempts=PREPARING_ATTEMPTS_MAX, wait=RETRY_WAIT_S),
    )
    def _prepare_copies(dataset_id: str) -> None:
        prepare_copies(
            wiring.pool,
            wiring.folders,
            DatasetId(UUID(dataset_id)),
            mask_key=mask_key(wiring),
            now=wiring.now,
        )

    @app.periodic(cron="* * * * * */10")
    @app.task(name="sweep_holds", queue=Queue.WORK, queueing_lock="sweep_holds", pass_context=False)
    def _sweep_holds(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            settle.sweep_expired(tx, wiring.now())

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="sweep_files", queue=Queue.WORK, queueing_lock="sweep_files", pass_context=False)
    def _sweep_files(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        folders = wiring.folders
        sweep_results(wiring.pool, wiring.settings.results_folder, folders.storage, wiring.now())
        sweep_arriving(folders.blobs)
        arrive.sweep(wiring.pool, folders.blobs, at=wiring.now())
        with wiring.pool.connection() as tx:
            unmet.forget_rarest(tx)

    @app.periodic(cron="47 3 * * *")
    @app.task(
        name="sweep_tables", queue=Queue.WORK, queueing_lock="sweep_tables", pass_context=False
    )
    def _sweep_tables(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        retain.sweep(wiring.pool, wiring.folders, wiring.settings.retention, wiring.now())

    @app.periodic(cron="* * * * *")
    @app.task(name="draw_graphs", queue=Queue.WORK, queueing_lock="draw_graphs", pass_context=False)
    def _draw_graphs(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        graphs.refresh(graphs_of(wiring))

    @app.periodic(cron="17 3 * * *")
    @app.task(name="forget", queue=Queue.WORK, queueing_lock="forget", pass_context=False)
    def _forget(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            once.forget(tx, wiring.now())
        with wiring.pool.connection() as tx:
            forget_used_proofs(tx, wiring.now())
            forget_links(tx, wiring.now())
        with wiring.pool.connection() as tx:
            settle.forget_fair_use(tx, wiring.now())

    _add_watch_jobs(app, wiring)
    _add_harvest_jobs(app, wiring)
    _add_connection_jobs(app, wiring)
    _add_step_jobs(app, wiring)
    _rescue(app, Queue.WORK)


def _add_watch_jobs(app: App, wiring: Wiring) -> None:
    """What changes with the passing of time alone: promises that break, addresses that die."""

    @app.periodic(cron="*/20 * * * *")
    @app.task(name="notice_late", queue=Queue.WORK, queueing_lock="notice_late", pass_context=False)
    def _notice_late(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            notice_late.notice_late(tx, at=wiring.now())

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="run_clocks", queue=Queue.WORK, queueing_lock="run_clocks", pass_context=False)
    def _run_clocks(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            run_clocks(tx, at=wiring.now())

    @app.periodic(cron="* * * * * */3")
    @app.task(name="follow_log", queue=Queue.WORK, queueing_lock="follow_log", pass_context=False)
    def _follow_log(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            follow_log(tx, at=wiring.now())

    @app.periodic(cron="* * * * * */5")
    @app.task(name="send_mails", queue=Queue.WORK, queueing_lock="send_mails", pass_context=False)
    def _send_mails(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        send_due(wiring)

    @app.periodic(cron="* * * * * */5")
    @app.task(
        name="call_webhooks", queue=Queue.WORK, queueing_lock="call_webhooks", pass_context=False
    )
    def _call_webhooks(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        webhooks.call_due(
            wiring.pool,
            sealing_key=sealing_key(wiring),
            allowed=networks_of(wiring.settings.webhook_allow),
            now=wiring.now,
        )

    @app.periodic(cron="*/15 * * * *")
    @app.task(
        name="look_at_links", queue=Queue.WORK, queueing_lock="look_at_links", pass_context=False
    )
    def _look_at_links(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        look_at_links(
            wiring.pool, allowed=networks_of(wiring.settings.harvest_allow), now=wiring.now
        )


def _ask_to_publish_document(tx: Tx, wiring: Wiring, upload_id: UploadId) -> None:
    """Ask for the publication of a file without a table, where the profile decides."""
    kept = ingest.document_to_publish(tx, upload_id)
    if kept is not None and wiring.settings.publication is Publication.DIRECT:
        enqueue(tx, "publish_directly", queue=Queue.WORK, dataset_id=str(kept))


def _add_step_jobs(app: App, wiring: Wiring) -> None:
    """Tables that are fed in steps: small files merged, what was fed settled and checked."""
    again = RetryStrategy(max_attempts=ATTEMPTS_MAX, wait=RETRY_WAIT_S)
    place = Place(wiring.folders, wiring.row_files)

    @app.task(name="merge_steps", queue=Queue.WORK, retry=again)
    def _merge(distribution_id: str) -> None:
        with wiring.pool.connection() as tx:
            table = DistributionId(UUID(distribution_id))
            settle_steps.merge_small_files(tx, place, table, at=wiring.now())

    @app.periodic(cron="* * * * * */5")
    @app.task(
        name="settle_steps", queue=Queue.WORK, queueing_lock="settle_steps", pass_context=False
    )
    def _settle(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            due = settle_steps.due(tx, at=wiring.now())
        for distribution_id in due:
            with wiring.pool.connection() as tx:
                settled = settle_steps.settle(tx, place, distribution_id, at=wiring.now())
                if settled is not None:
                    enqueue(tx, "assess", queue=Queue.QUALITY, version_id=str(settled.id))

    @app.task(name="publish_settled", queue=Queue.WORK, retry=again)
    def _publish_settled(version_id: str) -> None:
        at = wiring.now()
        with wiring.pool.connection() as tx:
            held = find.stored_version(tx, VersionId(UUID(version_id)))
            is_direct = wiring.settings.publication is Publication.DIRECT
            published = settle_steps.publish_settled(
                tx,
                held.version.id,
                profile_id=profile_in_force(at).id,
                is_direct=is_direct and publish.may_be_published_directly(held.dataset),
                at=at,
            )
            if published is None:
                return
            if is_direct:
                list_product.open_directly(tx, held.dataset.id, by=_SYSTEM, at=at)
            ask_for_copies(tx, held.dataset.id)


def _add_harvest_jobs(app: App, wiring: Wiring) -> None:
    """Runs of all sources one after the other, in slices that let other work in between."""
    again = RetryStrategy(max_attempts=ATTEMPTS_MAX, wait=RETRY_WAIT_S)
    allowed = networks_of(wiring.settings.harvest_allow)

    @app.task(name=harvest_jobs.LOOK, queue=Queue.WORK, retry=again)
    def _look(run_id: str) -> None:
        looked = look.look(
            wiring.pool,
            wiring.folders.blobs,
            RunId(UUID(run_id)),
            allowed=allowed,
            now=wiring.now,
        )
        if looked is not None and looked.is_automatic:
            with wiring.pool.connection() as tx:
                if apply.begin_by_itself(tx, looked.id, at=wiring.now()) is not None:
                    harvest_jobs.ask(tx, harvest_jobs.APPLY, looked.id)

    @app.task(name=harvest_jobs.APPLY, queue=Queue.WORK, retry=again)
    def _apply(run_id: str) -> None:
        run = RunId(UUID(run_id))
        if apply.apply(wiring.pool, run, seconds_max=harvest_jobs.SLICE_S, now=wiring.now):
            with wiring.pool.connection() as tx:
                harvest_jobs.ask(tx, harvest_jobs.APPLY, run)

    @app.task(name=harvest_jobs.UNDO, queue=Queue.WORK, retry=again)
    def _undo(run_id: str) -> None:
        run = RunId(UUID(run_id))
        if undo.undo(wiring.pool, run, seconds_max=harvest_jobs.SLICE_S, now=wiring.now):
            with wiring.pool.connection() as tx:
                harvest_jobs.ask(tx, harvest_jobs.UNDO, run)

    @app.periodic(cron="* * * * *")
    @app.task(name="harvest_due", queue=Queue.WORK, queueing_lock="harvest_due", pass_context=False)
    def _due(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            for run_id in schedule.begin_due(tx, at=wiring.now()):
                harvest_jobs.ask(tx, harvest_jobs.LOOK, run_id)


def _add_connection_jobs(app: App, wiring: Wiring) -> None:
    """Sources that feed distributions: one run after the other, those that are due every minute."""
    again = RetryStrategy(max_attempts=ATTEMPTS_MAX, wait=RETRY_WAIT_S)
    place = carry_out.Place(
        folders=wiring.folders,
        work=wiring.settings.results_folder,
        sealing_key=sealing_key(wiring),
        allowed=networks_of(wiring.settings.connect_allow),
    )

    @app.task(name=connection_jobs.RUN, queue=Queue.WORK, retry=again)
    def _run(run_id: str) -> None:
        carry_out.carry_out(
            wiring.pool,
            wiring.confinement,
            place,
            ConnectionRunId(UUID(run_id)),
            accept=ask_to_read,
            now=wiring.now,
        )

    @app.periodic(cron="* * * * *")
    @app.task(
        name="connections_due",
        queue=Queue.WORK,
        queueing_lock="connections_due",
        pass_context=False,
    )
    def _due(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        with wiring.pool.connection() as tx:
            for run_id in begin.begin_due(tx, at=wiring.now()):
                connection_jobs.ask(tx, run_id)


def _add_quality_jobs(app: App, wiring: Wiring) -> None:
    from quality.assess import assess
    from quality.engine.open_table import Limits
    from quality.quarantine_rows import quarantine_rows
    from quality.take_down import Subject

    limits = Limits(
        memory_bytes=QUALITY_MEMORY_BYTES,
        threads=os.cpu_count() or 1,
        cluster_url=wiring.settings.engine_url,
    )

    @app.task(
        name="assess",
        queue=Queue.QUALITY,
        retry=RetryStrategy(max_attempts=ATTEMPTS_MAX, wait=RETRY_WAIT_S),
    )
    def _assess(version_id: str) -> None:
        with wiring.pool.connection() as tx:
            held = find.stored_version(tx, VersionId(UUID(version_id)))
        assess(
            wiring.pool,
            Subject(
                version_id=held.version.id,
                dataset_id=held.dataset.id,
                organization_id=held.dataset.publisher_id,
                paths=tuple(held.checked_paths(wiring.folders)),
                number=held.version.number,
                key=held.key,
                older=_older(wiring, held.version.id),
            ),
            by=_SYSTEM,
            clock=wiring.now,
            limits=limits,
            on_progress=lambda _permille: None,
            look_up=lambda rules: other_tables(
                wiring.pool, wiring.folders, held.dataset, rules, at=wiring.now()
            ),
        )
        sifted = quarantine_rows(
            wiring.pool, wiring.folders, held.version.id, at=wiring.now(), limits=limits
        )
        if sifted is not None:
            with wiring.pool.connection() as tx:
                enqueue(tx, "assess", queue=Queue.QUALITY, version_id=str(sifted.id))
            return
        if held.version.kind is VersionKind.SETTLED:
            with wiring.pool.connection() as tx:
                enqueue(tx, "publish_settled", queue=Queue.WORK, version_id=str(held.version.id))
            if held.dataset.state is DatasetState.PUBLISHED:
                return
        is_direct = wiring.settings.publication is Publication.DIRECT
        if is_direct and publish.may_be_published_directly(held.dataset):
            with wiring.pool.connection() as tx:
                enqueue(tx, "publish_directly", queue=Queue.WORK, dataset_id=str(held.dataset.id))

    _rescue(app, Queue.QUALITY)


def _older(wiring: Wiring, version_id: VersionId) -> tuple[tuple[int, tuple[Path, ...]], ...]:
    """Numbers and files of the versions that proposals are tried on, without damaged ones."""
    with wiring.pool.connection() as tx:
        before = [find.stored_version(tx, one) for one in versions_to_try(tx, version_id)]
    older = []
    for held in before:
        try:
            older.append((held.version.number, tuple(held.checked_paths(wiring.folders))))
        except FileDamaged:
            continue
    return tuple(older)


def publish_where_the_profile_decides(wiring: Wiring, dataset_id: DatasetId) -> None:
    """Publish and list a dataset whose own classes leave nothing for a person to weigh."""
    at = wiring.now()
    with wiring.pool.connection() as tx:
        profile = profile_in_force(at)
        published = publish.publish_directly(tx, dataset_id, profile_id=profile.id, at=at)
        list_product.open_directly(tx, published.id, by=_SYSTEM, at=at)
        ask_for_copies(tx, published.id)


def _rescue(app: App, queue: Queue) -> None:
    """Let jobs of killed workers run again, soon after their last sign of life."""

    @app.periodic(cron="* * * * * */5")
    @app.task(
        name=f"rescue_{queue}", queue=queue, queueing_lock=f"rescue_{queue}", pass_context=False
    )
    async def _retry_stalled(timestamp: int) -> None:  # noqa: ARG001 - the scheduler passes it
        stalled = await app.job_manager.get_stalled_jobs(
            queue=queue, seconds_since_heartbeat=STALLED_AFTER_S
        )
        for job in stalled:
            await app.job_manager.retry_job(job)
