"""Set a source up, change it, send its file, approve and pause it.

A source is approved once, by an approver of its organisation who neither set it up nor changed last
where its records come from; that is the standing decision under which they are published. It lapses
when the records would come from somebody else.

Source: 政务数据共享条例 art. 13 (an entry has the approval of the department's head).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from catalog.audience import may_approve_for, may_publish_for
from catalog.blobs import StoredBlob
from catalog.errors import ApproverNeeded, PublisherNeeded
from catalog.harvest.errors import ApproverSetItUp, RunUnderWay
from catalog.harvest.follow import visible_source
from catalog.harvest.run import LogKind
from catalog.harvest.source import HarvestSource, SourceId, Validators, Wishes
from catalog.harvest.store import runs as run_store
from catalog.harvest.store import sources as store
from catalog.store import uploads as upload_store
from catalog.upload import check_file_name
from catalog.view import Json
from policies.database import Tx
from policies.events import Event, EventKind, JsonValue
from policies.identity.people import organization_with_id
from policies.party import Actor
from policies.record import record
from policies.terms import OrganizationId


def create(
    tx: Tx, wishes: Wishes, *, publisher_id: OrganizationId, by: Actor, at: datetime
) -> HarvestSource:
    """Set a source up; nothing is read yet.

    Raises: OrganizationNotFound, PublisherNeeded.
    """
    organization_with_id(tx, publisher_id)
    if not may_publish_for(by, publisher_id):
        raise PublisherNeeded
    source = HarvestSource(
        id=SourceId(uuid4()),
        publisher_id=publisher_id,
        wishes=wishes,
        created_by=by.user_id,
        created_at=at,
        changed_by=by.user_id,
        modified_at=at,
    )
    store.insert_source(tx, source)
    _tell(tx, source, LogKind.CREATED, {"kind": wishes.kind, "address": wishes.address}, by, at)
    return source


def change(
    tx: Tx, source_id: SourceId, wishes: Wishes, *, by: Actor, at: datetime
) -> HarvestSource:
    """Say something else of a source.

    Raises: SourceNotFound, PublisherNeeded, RunUnderWay.
    """
    source = _locked(tx, source_id, by=by)
    if wishes == source.wishes:
        return source
    changed = replace(source, wishes=wishes, modified_at=at, validators=Validators())
    is_same = source.comes_from_the_same(wishes)
    if not is_same:
        changed = replace(changed, changed_by=by.user_id, approved_by=None, approved_at=None)
    changed = replace(changed, next_at=changed.due_after(at) if changed.is_approved else None)
    store.update_source(tx, changed)
    facts: dict[str, Json] = {
        "kind": wishes.kind,
        "address": wishes.address,
        "schedule": wishes.schedule,
    }
    _tell(tx, changed, LogKind.CHANGED, facts, by, at)
    if source.is_approved and not is_same:
        store.insert_log(
            tx,
            source_id,
            LogKind.APPROVAL_LAPSED,
            facts={},
            run_id=None,
            by_user=by.user_id,
            at=at,
        )
    return changed


def send_file(
    tx: Tx, source_id: SourceId, blob: StoredBlob, *, file_name: str, by: Actor, at: datetime
) -> HarvestSource:
    """Give a source its file; the next dry run reads it. An address of the source wins over it.

    Raises: SourceNotFound, PublisherNeeded, RunUnderWay, MalformedFileName.
    """
    name = check_file_name(file_name)
    source = _locked(tx, source_id, by=by)
    upload_store.insert_blob(tx, blob.sha256, size_bytes=blob.size_bytes, at=at)
    changed = replace(
        source,
        blob_sha256=blob.sha256,
        file_name=name,
        modified_at=at,
        validators=Validators(),
    )
    store.update_source(tx, changed)
    facts: dict[str, Json] = {"sha256": blob.sha256, "size_bytes": blob.size_bytes}
    _tell(tx, changed, LogKind.FILE_SENT, facts, by, at)
    return changed


def approve(tx: Tx, source_id: SourceId, *, by: Actor, at: datetime) -> HarvestSource:
    """Decide that records of this source are published on its word.

    Raises: SourceNotFound, ApproverNeeded, ApproverSetItUp, SourceIsEmpty, KindNeedsAddress.
    """
    source = visible_source(store.lock_source(tx, source_id), source_id, by)
    if not may_approve_for(by, source.publisher_id):
        raise ApproverNeeded
    if by.user_id in (source.created_by, source.changed_by):
        raise ApproverSetItUp(source_id)
    source.check_is_ready()
    if source.is_approved:
        return source
    approved = replace(source, approved_by=by.user_id, approved_at=at)
    approved = replace(approved, next_at=approved.due_after(at))
    store.update_source(tx, approved)
    _tell(tx, approved, LogKind.APPROVED, {}, by, at, kind=EventKind.SOURCE_APPROVED)
    return approved


def pause(tx: Tx, source_id: SourceId, *, by: Actor, at: datetime) -> HarvestSource:
    """Let the schedule leave a source alone.

    Raises: SourceNotFound, PublisherNeeded, RunUnderWay.
    """
    return _set_paused(tx, source_id, LogKind.PAUSED, by=by, at=at)


def resume(tx: Tx, source_id: SourceId, *, by: Actor, at: datetime) -> HarvestSource:
    """Take a paused source up again.

    Raises: SourceNotFound, PublisherNeeded, RunUnderWay.
    """
    return _set_paused(tx, source_id, LogKind.RESUMED, by=by, at=at)


def _set_paused(
    tx: Tx, source_id: SourceId, kind: LogKind, *, by: Actor, at: datetime
) -> HarvestSource:
    source = _locked(tx, source_id, by=by)
    is_paused = kind is LogKind.PAUSED
    if source.is_paused is is_paused:
        return source
    changed = replace(source, is_paused=is_paused)
    if source.is_approved and not is_paused:
        changed = replace(changed, next_at=source.due_after(at))
    store.update_source(tx, changed)
    _tell(tx, changed, kind, {}, by, at)
    return changed


def _locked(tx: Tx, source_id: SourceId, *, by: Actor) -> HarvestSource:
    """The source, locked, for one who may change it while no run works on it."""
    source = visible_source(store.lock_source(tx, source_id), source_id, by)
    if not may_publish_for(by, source.publisher_id):
        raise PublisherNeeded
    if run_store.run_at_work(tx, source_id) is not None:
        raise RunUnderWay(source_id)
    return source


def _tell(
    tx: Tx,
    source: HarvestSource,
    line: LogKind,
    facts: Mapping[str, Json],
    by: Actor,
    at: datetime,
    *,
    kind: EventKind = EventKind.SOURCE_CHANGED,
) -> None:
    store.insert_log(tx, source.id, line, facts=facts, run_id=None, by_user=by.user_id, at=at)
    plain: dict[str, JsonValue] = {
        name: value if isinstance(value, int) else str(value) for name, value in facts.items()
    }
    record(
        tx,
        Event(
            kind=kind,
            at=at,
            actor=by,
            organization_id=source.publisher_id,
            subject_id=source.id,
            facts={"act": line.value, **plain},
        ),
    )
