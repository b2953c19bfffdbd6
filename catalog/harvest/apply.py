"""Carry a planned run out, some records a transaction, so that it can stop and go on anywhere.

Each record is written whole or not at all, and one that is refused does not hold the others up.

A harvested record is made and published by the system under the standing approval of its source.
What people here said of a record stays where the source did not change it; what went at the source
is withdrawn here with the day, and comes back when it does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final, TypeVar
from uuid import uuid4

from catalog.audience import may_approve_for, may_publish_for
from catalog.curation.describe import entry_facts
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId, Entry
from catalog.directory import Directory
from catalog.errors import PublisherNeeded
from catalog.harvest.changes import Act
from catalog.harvest.entry import Link, entry_of, links_of, other_slug_of, slug_of
from catalog.harvest.errors import (
    GuardStands,
    PlanIsOld,
    RunNotFound,
    RunNotInState,
    SourceNotApproved,
)
from catalog.harvest.follow import visible_source
from catalog.harvest.remote_record import RemoteRecord
from catalog.harvest.run import HarvestRun, LogKind, Outcome, RunId, RunItem, RunState
from catalog.harvest.source import HarvestSource, SourceId
from catalog.harvest.store import holdings as holding_store
from catalog.harvest.store import runs as store
from catalog.harvest.store import sources as source_store
from catalog.store import datasets as dataset_store
from catalog.view import Json
from policies.database import Pool, Tx
from policies.errors import Refusal
from policies.events import Event, EventKind, JsonValue
from policies.identity.people import organization_with_id
from policies.party import Actor, Organization
from policies.record import record
from policies.roles import SYSTEM

BATCH: Final = 25
"""Records of one transaction: a commit waits for the disk, and others wait for the records."""
WITHDRAWN_AT_SOURCE: Final = "来源已撤下 · Withdrawn at source"

Clock = Callable[[], datetime]


def begin_apply(
    tx: Tx,
    source_id: SourceId,
    run_id: RunId,
    *,
    lets_guard_through: bool,
    by: Actor,
    at: datetime,
) -> HarvestRun:
    """Decide that a planned run is carried out. Only an approver lets the guard through.

    Raises: SourceNotFound, RunNotFound, PublisherNeeded, SourceNotApproved, RunNotInState,
    PlanIsOld, GuardStands.
    """
    source = visible_source(source_store.lock_source(tx, source_id), source_id, by)
    may_approve = may_approve_for(by, source.publisher_id)
    if not may_publish_for(by, source.publisher_id) and not may_approve:
        raise PublisherNeeded
    run = locked_run(tx, source, run_id)
    _check_may_begin(source, run)
    assert run.guard is not None
    if run.guard.stands:
        if not (lets_guard_through and may_approve):
            raise GuardStands(run.guard.gone, run.guard.known)
        tell(tx, run, LogKind.GUARD_OVERRULED, {"gone": run.guard.gone}, by, at)
    return _begin(tx, run, by=by, at=at)


def begin_by_itself(tx: Tx, run_id: RunId, *, at: datetime) -> HarvestRun | None:
    """Carry an automatic run out where nothing stands against it; None where something does."""
    run = store.get_run(tx, run_id)
    if run is None or not run.is_automatic:
        return None
    source = source_store.lock_source(tx, run.source_id)
    assert source is not None
    run = locked_run(tx, source, run_id)
    try:
        _check_may_begin(source, run)
    except Refusal:
        return None
    if run.guard is None or run.guard.stands or source.is_paused:
        return None
    return _begin(tx, run, by=SYSTEM, at=at)


def _check_may_begin(source: HarvestSource, run: HarvestRun) -> None:
    if run.state is not RunState.PLANNED:
        raise RunNotInState(run.number, run.state)
    if not source.is_approved:
        raise SourceNotApproved(source.id)
    if run.base_run_id != source.last_run_id or run.source_modified_at != source.modified_at:
        raise PlanIsOld(run.number)


def _begin(tx: Tx, run: HarvestRun, *, by: Actor, at: datetime) -> HarvestRun:
    if store.run_at_work(tx, run.source_id) is not None:
        raise RunNotInState(run.number, run.state)
    begun = replace(
        run, state=RunState.APPLYING, done_count=0, applied_by=by.user_id, touched_at=at
    )
    store.update_run(tx, begun)
    return begun


def apply(pool: Pool, run_id: RunId, *, seconds_max: float, now: Clock) -> bool:
    """Carry out as much of a run as fits into the time; says whether anything is left."""
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        with pool.connection() as tx:
            run = store.lock_run(tx, run_id)
            if run is None or run.state is not RunState.APPLYING:
                return False
            source = source_store.get_source(tx, run.source_id)
            assert source is not None
            scene = _Scene(source, organization_with_id(tx, source.publisher_id), run, now())
            items = store.items_to_do(tx, run_id, limit=BATCH)
            for item in items:
                _do(tx, scene, item)
            count = run.done_count + len(items)
            store.update_run(tx, replace(run, done_count=count, touched_at=scene.at))
        if not items:
            with pool.connection() as tx:
                _finish(tx, run_id, at=now())
            return False
    return True


@dataclass(frozen=True, slots=True)
class _Scene:
    source: HarvestSource
    publisher: Organization
    run: HarvestRun
    at: datetime


def _do(tx: Tx, scene: _Scene, item: RunItem) -> None:
    """One record, whole or not at all."""
    outcome: Outcome | None = None
    done = replace(item, done_at=scene.at)
    try:
        with tx.transaction():
            done = replace(_ACTS[item.act](tx, scene, item), done_at=scene.at)
    except _LeftAlone as left:
        outcome = left.outcome
    except Refusal:
        outcome = Outcome.INVALID
    store.update_item(tx, scene.run.id, replace(done, outcome=outcome))


class _LeftAlone(Exception):
    """The record stays as it is, for a reason that the run tells."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


def _add(tx: Tx, scene: _Scene, item: RunItem) -> RunItem:
    remote = _remote(item)
    entry = entry_of(remote)
    dataset = Dataset(
        id=dataset_store.new_dataset_id(tx),
        slug=slug_of(remote),
        publisher_id=scene.publisher.id,
        entry=entry,
        state=DatasetState.DRAFT,
        created_by=None,
        created_at=scene.at,
        modified_at=scene.at,
    )
    for slug in (dataset.slug, other_slug_of(remote, scene.publisher.slug)):
        dataset = replace(dataset, slug=slug)
        if dataset_store.insert_dataset(tx, dataset):
            break
    else:
        raise _LeftAlone(Outcome.INVALID)
    facts = {"slug": dataset.slug, **_facts(entry), **_origin(scene, item)}
    _record(tx, EventKind.DATASET_CREATED, dataset, facts, scene.at)
    links = [_distribution(link, dataset, scene.at) for link in links_of(remote)]
    holding_store.write_distributions(tx, dataset.id, links, at=scene.at)
    _publish(tx, scene, dataset, item)
    holding_store.write_known(tx, scene.source.id, dataset.id, remote, gone_at=None)
    written = holding_store.mark(tx, dataset.id)
    return replace(item, dataset_id=dataset.id, written_md5=written)


def _change(tx: Tx, scene: _Scene, item: RunItem) -> RunItem:
    dataset, before, known = _held(tx, item)
    if dataset.state is not DatasetState.PUBLISHED:
        raise _LeftAlone(Outcome.CHANGED_HERE)
    _rewrite(tx, scene, dataset, known, item)
    written = holding_store.mark(tx, dataset.id)
    return replace(item, before=before, written_md5=written)


def _remove(tx: Tx, scene: _Scene, item: RunItem) -> RunItem:
    dataset, before, known = _held(tx, item)
    if dataset.state is not DatasetState.PUBLISHED:
        raise _LeftAlone(Outcome.CHANGED_HERE)
    if holding_store.has_versions(tx, dataset.id):
        # Data was uploaded here since: its publisher decides, not the source.
        raise _LeftAlone(Outcome.IN_USE)
    reason = f"{WITHDRAWN_AT_SOURCE} {scene.at.date().isoformat()}"
    withdrawn = dataset.move_to(DatasetState.WITHDRAWN, at=scene.at, reason=reason)
    dataset_store.update_state(tx, withdrawn)
    facts: dict[str, JsonValue] = {"reason": reason, **_origin(scene, item)}
    _record(tx, EventKind.DATASET_WITHDRAWN, withdrawn, facts, scene.at)
    holding_store.write_known(tx, scene.source.id, dataset.id, known, gone_at=scene.at)
    written = holding_store.mark(tx, dataset.id)
    return replace(item, before=before, written_md5=written)


def _return(tx: Tx, scene: _Scene, item: RunItem) -> RunItem:
    dataset, before, known = _held(tx, item)
    if dataset.state is not DatasetState.WITHDRAWN or not dataset.state_reason.startswith(
        WITHDRAWN_AT_SOURCE
    ):
        raise _LeftAlone(Outcome.CHANGED_HERE)
    draft = dataset.move_to(DatasetState.DRAFT, at=scene.at)
    _publish(tx, scene, draft, item)
    published = dataset_store.get_dataset(tx, dataset.id)
    assert published is not None
    _rewrite(tx, scene, published, known, item)
    written = holding_store.mark(tx, dataset.id)
    return replace(item, before=before, written_md5=written)


_ACTS: Final[Mapping[Act, Callable[[Tx, _Scene, RunItem], RunItem]]] = {
    Act.ADD: _add,
    Act.CHANGE: _change,
    Act.REMOVE: _remove,
    Act.RETURN: _return,
}


def _held(tx: Tx, item: RunItem) -> tuple[Dataset, Mapping[str, Json], RemoteRecord]:
    """The dataset of an item, locked, with its image and what the source said last."""
    assert item.dataset_id is not None
    dataset = dataset_store.lock_dataset(tx, item.dataset_id)
    before = holding_store.image(tx, item.dataset_id)
    known = holding_store.known_record(tx, item.dataset_id)
    if dataset is None or before is None or known is None:
        raise _LeftAlone(Outcome.GONE)
    return dataset, before, known.record


def _rewrite(tx: Tx, scene: _Scene, dataset: Dataset, known: RemoteRecord, item: RunItem) -> None:
    """Write what the source says differently now, and leave alone what people said here."""
    remote = _remote(item)
    entry = merged(dataset.entry, entry_of(known), entry_of(remote))
    # The time moves on even where only addresses of the data did.
    changed = replace(dataset.described_as(entry, at=scene.at), modified_at=scene.at)
    dataset_store.update_entry(tx, changed)
    _rewrite_distributions(tx, dataset, links_of(known), links_of(remote), scene.at)
    before, after = _facts(dataset.entry), _facts(entry)
    facts: dict[str, JsonValue] = {
        name: {"before": before[name], "after": after[name]}
        for name in after
        if before[name] != after[name]
    }
    facts |= _origin(scene, item)
    _record(tx, EventKind.DATASET_CHANGED, changed, facts, scene.at)
    holding_store.write_known(tx, scene.source.id, dataset.id, remote, gone_at=None)


def merged(current: Entry, base: Entry, new: Entry) -> Entry:
    """The current entry with what became different between two states of the source."""
    directory = _merged(current.directory, base.directory, new.directory)
    return replace(_merged(current, base, new), directory=directory)


_Either = TypeVar("_Either", Entry, Directory)


def _merged(current: _Either, base: _Either, new: _Either) -> _Either:
    changes = {
        each.name: getattr(new, each.name)
        for each in fields(new)
        if each.name != "directory" and getattr(new, each.name) != getattr(base, each.name)
    }
    return replace(current, **changes)


def _rewrite_distributions(
    tx: Tx, dataset: Dataset, old: tuple[Link, ...], new: tuple[Link, ...], at: datetime
) -> None:
    if old == new:
        return
    links = [_distribution(link, dataset, at) for link in new]
    holding_store.write_distributions(tx, dataset.id, links, at=at)
    kept = {link.slug for link in new}
    gone = [link.slug for link in old if link.slug not in kept]
    if gone:
        holding_store.remove_distributions(tx, dataset.id, gone, at=at)


def _distribution(link: Link, dataset: Dataset, at: datetime) -> Distribution:
    return Distribution(
        id=DistributionId(uuid4()),
        dataset_id=dataset.id,
        slug=link.slug,
        title=link.title,
        key_columns=(),
        created_at=at,
        modified_at=at,
        description=link.description,
        access_url=link.access_url,
        format=link.format,
        media_type=link.media_type,
        kind=link.kind,
        position=link.position,
        details=link.details,
    )


def _publish(tx: Tx, scene: _Scene, draft: Dataset, item: RunItem) -> None:
    published = draft.move_to(DatasetState.PUBLISHED, at=scene.at)
    dataset_store.update_state(tx, published)
    facts: dict[str, JsonValue] = {
        "versions": [],
        "profile_id": None,
        "approved_by": scene.source.approved_by,
        **_origin(scene, item),
    }
    _record(tx, EventKind.DATASET_PUBLISHED, published, facts, scene.at)


def _finish(tx: Tx, run_id: RunId, *, at: datetime) -> None:
    held = store.get_run(tx, run_id)
    assert held is not None
    source = source_store.lock_source(tx, held.source_id)
    run = store.lock_run(tx, run_id)
    assert source is not None
    assert run is not None
    if run.state is not RunState.APPLYING:
        return
    applied = replace(run, state=RunState.APPLIED, applied_at=at, touched_at=at)
    store.update_run(tx, applied)
    source_store.update_source(tx, replace(source, last_run_id=run.id, validators=run.validators))
    actor = SYSTEM if run.applied_by is None else Actor(user_id=run.applied_by)
    facts = {name: run.counts.get(name, 0) for name in ("add", "change", "remove", "return")}
    tell(tx, applied, LogKind.APPLIED, facts, actor, at)
    record_run(tx, EventKind.HARVEST_APPLIED, source, applied, actor, at)


def locked_run(tx: Tx, source: HarvestSource, run_id: RunId) -> HarvestRun:
    """The run of a source, locked.

    Raises: RunNotFound.
    """
    run = store.lock_run(tx, run_id)
    if run is None or run.source_id != source.id:
        raise RunNotFound(run_id)
    return run


def tell(
    tx: Tx, run: HarvestRun, kind: LogKind, facts: Mapping[str, int], by: Actor, at: datetime
) -> None:
    """Add a line about a run to its source's log."""
    source_store.insert_log(
        tx, run.source_id, kind, facts=facts, run_id=run.id, by_user=by.user_id, at=at
    )


def record_run(
    tx: Tx, kind: EventKind, source: HarvestSource, run: HarvestRun, by: Actor, at: datetime
) -> None:
    """Record what a run did to the catalogue as a whole."""
    facts: dict[str, JsonValue] = {
        "source_id": source.id,
        "number": run.number,
        "counts": dict(run.counts),
        "guard": None if run.guard is None else run.guard.as_json(),
    }
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=source.publisher_id,
            subject_id=run.id,
            facts=facts,
        ),
    )


def _remote(item: RunItem) -> RemoteRecord:
    assert item.remote is not None, "what is added or changed came from somewhere"
    return item.remote


def _origin(scene: _Scene, item: RunItem) -> dict[str, JsonValue]:
    return {
        "source_id": scene.source.id,
        "run": scene.run.number,
        "identifier": item.identifier,
    }


def _facts(entry: Entry) -> dict[str, JsonValue]:
    """What events tell of a harvested entry. What a foreign catalogue keeps beside its fields may
    name people, who could never be erased from the log; it stays with the record.
    """
    directory = replace(entry.directory, extras=())
    return entry_facts(replace(entry, directory=directory))


def _record(
    tx: Tx, kind: EventKind, dataset: Dataset, facts: Mapping[str, JsonValue], at: datetime
) -> None:
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=SYSTEM,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=dataset.id,
            facts=facts,
        ),
    )
