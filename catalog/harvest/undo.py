"""Take the last applied run back: each record as it stood before, some records a transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from catalog.audience import may_approve_for, may_publish_for
from catalog.dataset import Dataset, DatasetState
from catalog.errors import PublisherNeeded
from catalog.harvest.apply import locked_run, record_run, tell
from catalog.harvest.changes import Act
from catalog.harvest.errors import NotTheLastRun, RunNotInState
from catalog.harvest.follow import visible_source
from catalog.harvest.run import HarvestRun, LogKind, Outcome, RunId, RunItem, RunState
from catalog.harvest.source import SourceId, Validators
from catalog.harvest.store import holdings as holding_store
from catalog.harvest.store import runs as store
from catalog.harvest.store import sources as source_store
from catalog.store import datasets as dataset_store
from catalog.view import Json
from policies.database import Pool, Tx
from policies.events import Event, EventKind, JsonValue
from policies.party import Actor
from policies.record import record
from policies.roles import SYSTEM

BATCH: Final = 25

Clock = Callable[[], datetime]


def begin_undo(
    tx: Tx, source_id: SourceId, run_id: RunId, *, by: Actor, at: datetime
) -> HarvestRun:
    """Decide that the run that was applied last is taken back.

    Raises: SourceNotFound, RunNotFound, PublisherNeeded, RunNotInState, NotTheLastRun.
    """
    source = visible_source(source_store.lock_source(tx, source_id), source_id, by)
    if not (may_publish_for(by, source.publisher_id) or may_approve_for(by, source.publisher_id)):
        raise PublisherNeeded
    run = locked_run(tx, source, run_id)
    if run.state is not RunState.APPLIED or store.run_at_work(tx, source_id) is not None:
        raise RunNotInState(run.number, run.state)
    if source.last_run_id != run.id or not (run.total_count == 0 or store.has_items(tx, run.id)):
        raise NotTheLastRun(run.number)
    begun = replace(run, state=RunState.UNDOING, done_count=0, undone_by=by.user_id, touched_at=at)
    store.update_run(tx, begun)
    return begun


def undo(pool: Pool, run_id: RunId, *, seconds_max: float, now: Clock) -> bool:
    """Take as much of a run back as fits into the time; says whether anything is left."""
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        with pool.connection() as tx:
            run = store.lock_run(tx, run_id)
            if run is None or run.state is not RunState.UNDOING:
                return False
            items = store.items_to_undo(tx, run_id, limit=BATCH)
            for item in items:
                _take_back(tx, run, item, at=now())
            count = run.done_count + len(items)
            store.update_run(tx, replace(run, done_count=count, touched_at=now()))
        if not items:
            with pool.connection() as tx:
                _finish(tx, run_id, at=now())
            return False
    return True


def _take_back(tx: Tx, run: HarvestRun, item: RunItem, *, at: datetime) -> None:
    assert item.dataset_id is not None
    dataset = dataset_store.lock_dataset(tx, item.dataset_id)
    outcome: Outcome | None = None
    if dataset is None:
        outcome = Outcome.GONE
    elif holding_store.mark(tx, dataset.id) != item.written_md5:
        outcome = Outcome.CHANGED_HERE
    elif item.act is Act.ADD:
        outcome = _remove(tx, run, dataset, at=at)
    else:
        assert item.before is not None
        _restore(tx, run, dataset, item.before, at=at)
    store.update_item(tx, run.id, replace(item, undone_at=at, outcome=outcome))


def _remove(tx: Tx, run: HarvestRun, dataset: Dataset, *, at: datetime) -> Outcome | None:
    """Remove what the run added; where something was built on it, it is withdrawn instead."""
    holding_store.delete_known(tx, dataset.id)
    if holding_store.delete_dataset(tx, dataset.id, at=at):
        _record(tx, EventKind.DATASET_PURGED, dataset, run, {"slug": dataset.slug}, at)
        return None
    reason = f"采集已撤销 · Harvest undone {at.date().isoformat()}"
    withdrawn = dataset.move_to(DatasetState.WITHDRAWN, at=at, reason=reason)
    dataset_store.update_state(tx, withdrawn)
    _record(tx, EventKind.DATASET_WITHDRAWN, dataset, run, {"reason": reason}, at)
    return Outcome.IN_USE


def _restore(
    tx: Tx, run: HarvestRun, dataset: Dataset, before: Mapping[str, Json], *, at: datetime
) -> None:
    holding_store.restore_dataset(tx, dataset.id, before, at=at)
    holding_store.restore_distributions(tx, dataset.id, before, at=at)
    holding_store.remove_other_distributions(tx, dataset.id, before, at=at)
    holding_store.restore_known(tx, before)
    restored = dataset_store.get_dataset(tx, dataset.id)
    assert restored is not None
    kind = EventKind.DATASET_CHANGED
    facts: dict[str, JsonValue] = {}
    if restored.state is not dataset.state:
        is_back = restored.state is DatasetState.PUBLISHED
        kind = EventKind.DATASET_PUBLISHED if is_back else EventKind.DATASET_WITHDRAWN
        facts = (
            {"versions": [], "profile_id": None} if is_back else {"reason": restored.state_reason}
        )
    _record(tx, kind, restored, run, facts, at)


def _finish(tx: Tx, run_id: RunId, *, at: datetime) -> None:
    held = store.get_run(tx, run_id)
    assert held is not None
    source = source_store.lock_source(tx, held.source_id)
    run = store.lock_run(tx, run_id)
    assert source is not None
    assert run is not None
    if run.state is not RunState.UNDOING:
        return
    undone = replace(run, state=RunState.UNDONE, undone_at=at, touched_at=at)
    store.update_run(tx, undone)
    source_store.update_source(
        tx, replace(source, last_run_id=run.base_run_id, validators=Validators())
    )
    actor = SYSTEM if run.undone_by is None else Actor(user_id=run.undone_by)
    tell(tx, undone, LogKind.UNDONE, {"records": undone.done_count}, actor, at)
    record_run(tx, EventKind.HARVEST_UNDONE, source, undone, actor, at)


def _record(
    tx: Tx,
    kind: EventKind,
    dataset: Dataset,
    run: HarvestRun,
    facts: Mapping[str, JsonValue],
    at: datetime,
) -> None:
    origin: dict[str, JsonValue] = {"source_id": run.source_id, "run": run.number, "undone": True}
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=SYSTEM,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=dataset.id,
            facts={**facts, **origin},
        ),
    )
