"""The dry run: read a source and write down what taking it in would do, changing nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from catalog.audience import may_publish_for
from catalog.blobs import Blobs
from catalog.errors import PublisherNeeded
from catalog.harvest.changes import Act, Item, Plan, Suspicion, compare
from catalog.harvest.errors import RunUnderWay, SourceIsPaused
from catalog.harvest.follow import visible_source
from catalog.harvest.remote_record import Reading
from catalog.harvest.run import Failure, HarvestRun, LogKind, RunId, RunState
from catalog.harvest.source import HarvestSource, Matching, SourceId, Validators
from catalog.harvest.store import holdings as holding_store
from catalog.harvest.store import runs as store
from catalog.harvest.store import sources as source_store
from policies.database import Pool, Tx
from policies.errors import Refusal
from policies.party import Actor
from policies.terms import UserId

if TYPE_CHECKING:
    from catalog.harvest.reach import IpNetwork

KEPT_RUNS: Final = 20
"""Runs of a source whose details are kept, so that they can be undone."""
SILENT_AFTER: Final = timedelta(minutes=15)
"""A run without a sign of life for this long has lost its worker for good."""

Clock = Callable[[], datetime]


def begin(
    tx: Tx, source_id: SourceId, *, matching: Matching | None = None, by: Actor, at: datetime
) -> HarvestRun:
    """Ask for a dry run, with another matching than the source's own where one is given.

    Raises: SourceNotFound, PublisherNeeded, RunUnderWay, SourceIsEmpty, KindNeedsAddress.
    """
    source = visible_source(source_store.lock_source(tx, source_id), source_id, by)
    if not may_publish_for(by, source.publisher_id):
        raise PublisherNeeded
    source.check_is_ready()
    return begin_run(tx, source, matching or source.wishes.matching, started_by=by.user_id, at=at)


def begin_run(
    tx: Tx,
    source: HarvestSource,
    matching: Matching,
    *,
    started_by: UserId | None,
    at: datetime,
) -> HarvestRun:
    """Add a run to a source that the caller has locked; None as starter is the schedule.

    Raises: RunUnderWay, SourceIsPaused.
    """
    if source.is_paused and started_by is None:
        raise SourceIsPaused(source.id)
    working = store.run_at_work(tx, source.id)
    if working is not None:
        if at - working.touched_at < SILENT_AFTER:
            raise RunUnderWay(source.id)
        _fail(tx, source, working, Failure("WorkBrokeOff"), at)
    run = HarvestRun(
        id=RunId(uuid4()),
        source_id=source.id,
        number=store.next_number(tx, source.id),
        state=RunState.QUEUED,
        matching=matching,
        is_automatic=started_by is None,
        base_run_id=None if source.last_run_id is None else RunId(source.last_run_id),
        source_modified_at=source.modified_at,
        created_at=at,
        touched_at=at,
        started_by=started_by,
    )
    store.insert_run(tx, run)
    return run


def look(
    pool: Pool, blobs: Blobs, run_id: RunId, *, allowed: tuple[IpNetwork, ...], now: Clock
) -> HarvestRun | None:
    """Read the source of a run and plan it; None where the run no longer waits for that.

    A source that cannot be read makes a failed run, not an error: the log says why.
    """
    # Only the worker needs what speaks RDF and to strangers.
    from catalog.harvest.read_source import read_source

    with pool.connection() as tx:
        run = store.lock_run(tx, run_id)
        if run is None or run.state not in (RunState.QUEUED, RunState.READING):
            return None
        source = source_store.get_source(tx, run.source_id)
        assert source is not None
        run = replace(run, state=RunState.READING, touched_at=now())
        store.update_run(tx, run)
        store.clear_items(tx, run.id)

    def on_progress(count: int) -> None:
        with pool.connection() as tx:
            store.note_read(tx, run_id, count, now())

    known = source.validators if run.matching is source.wishes.matching else Validators()
    try:
        reading, validators = read_source(source, known, blobs, allowed, on_progress)
    except Refusal as refusal:
        with pool.connection() as tx:
            return _fail(tx, source, run, _failure_of(refusal), now())
    with pool.connection() as tx:
        return _write_plan(tx, source, run, reading, validators, at=now())


def _write_plan(
    tx: Tx,
    source: HarvestSource,
    run: HarvestRun,
    reading: Reading | None,
    validators: Validators,
    *,
    at: datetime,
) -> HarvestRun:
    if reading is None:
        unchanged = replace(
            run, state=RunState.UNCHANGED, validators=validators, planned_at=at, touched_at=at
        )
        store.update_run(tx, unchanged)
        _log(tx, unchanged, LogKind.UNCHANGED, at)
        store.forget_unchanged_runs(tx, source.id, before_number=run.number - KEPT_RUNS)
        return unchanged
    known = holding_store.known_records(tx, source.id)
    plan = compare(
        reading,
        known,
        matching=run.matching,
        guard_permille=source.wishes.guard_permille,
    )
    items = [*plan.items, *_known_elsewhere(tx, source, plan)]
    plan = replace(plan, items=tuple(items))
    counts = plan.counts()
    planned = replace(
        run,
        state=RunState.PLANNED,
        read_count=len(reading.records),
        total_count=sum(counts.get(act, 0) for act in _DONE_ACTS),
        counts=counts,
        notes=plan.notes,
        guard=plan.guard,
        validators=validators,
        planned_at=at,
        touched_at=at,
    )
    store.insert_items(tx, run.id, items)
    store.update_run(tx, planned)
    _log(tx, planned, LogKind.LOOKED, at)
    if plan.guard.stands:
        _log(tx, planned, LogKind.GUARD_STOOD, at)
    store.forget_old_runs(tx, source.id, before_number=run.number - KEPT_RUNS)
    return planned


_DONE_ACTS: Final = (Act.ADD, Act.CHANGE, Act.REMOVE, Act.RETURN)


def _known_elsewhere(tx: Tx, source: HarvestSource, plan: Plan) -> list[Item]:
    """New records that another source brought under the same identifier."""
    added = {item.identifier: item for item in plan.items if item.act is Act.ADD}
    return [
        Item(
            act=Act.SUSPECT,
            identifier=identifier,
            title=added[identifier].title,
            dataset_id=dataset_id,
            suspicion=Suspicion.ELSEWHERE,
            other_title=slug,
        )
        for identifier, dataset_id, slug in holding_store.identifiers_elsewhere(
            tx, source.id, list(added)
        )
    ]


def _fail(
    tx: Tx, source: HarvestSource, run: HarvestRun, failure: Failure, at: datetime
) -> HarvestRun:
    failed = replace(run, state=RunState.FAILED, failure=failure, touched_at=at)
    store.update_run(tx, failed)
    source_store.insert_log(
        tx,
        source.id,
        LogKind.FAILED,
        facts={"code": failure.code, "facts": dict(failure.facts)},
        run_id=run.id,
        by_user=run.started_by,
        at=at,
    )
    return failed


def _failure_of(refusal: Refusal) -> Failure:
    facts = {
        name: value if isinstance(value, int) else str(value)
        for name, value in vars(refusal).items()
    }
    return Failure(type(refusal).__name__, facts)


def _log(tx: Tx, run: HarvestRun, kind: LogKind, at: datetime) -> None:
    facts: dict[str, int] = dict(run.counts)
    if run.guard is not None:
        facts |= {"gone": run.guard.gone, "known": run.guard.known}
    source_store.insert_log(
        tx, run.source_id, kind, facts=facts, run_id=run.id, by_user=run.started_by, at=at
    )
