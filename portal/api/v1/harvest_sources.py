"""Other catalogues that are taken in: sources, dry runs, applying, undoing, the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from catalog.errors import PublisherNeeded
from catalog.harvest import apply, follow, look, name_source, undo
from catalog.harvest.changes import Act, Key, Kind, NoteKind, Suspicion
from catalog.harvest.run import (
    Failure,
    HarvestRun,
    LogKind,
    LogLine,
    Outcome,
    RunId,
    RunItem,
    RunState,
)
from catalog.harvest.source import (
    ANSWER_BYTES_MAX,
    GUARD_PERMILLE,
    HarvestSource,
    Matching,
    Schedule,
    SourceId,
    SourceKind,
    Wishes,
)
from policies.identity.people import organization_named
from policies.party import Actor
from policies.terms import Language, Text
from portal import harvest_jobs
from portal.body_bound import takes_bytes
from portal.incoming_file import FORM_OVERHEAD_BYTES_MAX, receive_file
from portal.pages.harvest.view import rights_of
from portal.pages.rendering import language_of
from portal.problems import words_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/harvest-sources", tags=["harvest"])

ITEMS_DEFAULT = 50


class TitleBody(BaseModel):
    """A text in Chinese, English or both."""

    model_config = ConfigDict(extra="forbid")

    zh: str = ""
    en: str = ""


class SourceWishes(BaseModel):
    """What a publisher says of a source."""

    model_config = ConfigDict(extra="forbid")

    title: TitleBody
    kind: SourceKind
    address: str = ""
    """Empty where its file is sent."""
    schedule: Schedule = Schedule.BY_HAND
    matching: Matching = Matching.SEVERAL_KEYS
    guard_permille: Annotated[int, Field(ge=0, le=1000)] = GUARD_PERMILLE
    options: dict[str, str] = {}


class NewSource(SourceWishes):
    """A source to set up."""

    organization: str
    """The organisation that its records will belong to, by its name in addresses."""


class SourceBody(BaseModel):
    """A source as it stands."""

    id: UUID
    publisher_id: UUID
    title: dict[str, str]
    kind: SourceKind
    address: str
    file_name: str
    file_sha256: str | None
    schedule: Schedule
    matching: Matching
    guard_permille: int
    options: dict[str, str]
    is_paused: bool
    approved_at: datetime | None
    """Since when its records may be published; null: not yet."""
    created_at: datetime
    modified_at: datetime
    next_at: datetime | None
    last_run_id: UUID | None
    """The run that made the present state."""


class NoteBody(BaseModel):
    """Something about all records of a run."""

    kind: NoteKind
    count: int
    before: str
    after: str


class GuardBody(BaseModel):
    """The bound against mass loss, and what it found."""

    known: int
    gone: int
    bound_permille: int
    stands: bool


class FailureBody(BaseModel):
    """Why a run failed."""

    code: str
    detail: str


class RunBody(BaseModel):
    """A run as it stands."""

    id: UUID
    number: int
    state: RunState
    matching: Matching
    is_automatic: bool
    read_count: int
    done_count: int
    total_count: int
    counts: dict[str, int]
    notes: list[NoteBody]
    guard: GuardBody | None
    failure: FailureBody | None
    outcomes: dict[Outcome, int]
    """Records that were left as they were, by reason."""
    created_at: datetime
    planned_at: datetime | None
    applied_at: datetime | None
    undone_at: datetime | None


class DifferenceBody(BaseModel):
    """A field that became different."""

    kind: Kind
    field: str
    before: str
    after: str


class FindingBody(BaseModel):
    """What is not as it should be with a record."""

    kind: str
    field: str
    value: str


class ItemBody(BaseModel):
    """One record of a run."""

    position: int
    act: Act
    identifier: str
    title: str
    dataset_id: UUID | None
    dataset: str | None
    matched_by: Key | None
    differences: list[DifferenceBody]
    findings: list[FindingBody]
    suspicion: Suspicion | None
    other: str
    done_at: datetime | None
    undone_at: datetime | None
    outcome: Outcome | None


class ItemPage(BaseModel):
    """Records of a run, in order."""

    items: list[ItemBody]
    next: int | None
    """What to give as `after` for the following ones; null where these are the last."""


class LogLineBody(BaseModel):
    """One line of a source's log."""

    at: datetime
    kind: LogKind
    facts: dict[str, object]
    run_id: UUID | None


class DryRun(BaseModel):
    """How to look."""

    model_config = ConfigDict(extra="forbid")

    matching: Matching | None = None
    """Null: as the source has it."""


class Application(BaseModel):
    """How to apply."""

    model_config = ConfigDict(extra="forbid")

    lets_guard_through: bool = False
    """Only an approver may."""


@router.get("")
def list_all(request: Request) -> list[SourceBody]:
    """The sources of one's own organisations, newest first; bureau and regulator see all."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return [_source(one) for one in follow.sources_for(tx, by=actor)]


@router.post("", status_code=201)
def create(request: Request, given: NewSource) -> SourceBody:
    """Set a source up. Nothing is read yet."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        publisher = organization_named(tx, given.organization)
        source = name_source.create(
            tx, _wishes(given), publisher_id=publisher.id, by=actor, at=wiring.now()
        )
    return _source(source)


@router.get("/{source_id}")
def show(request: Request, source_id: UUID) -> SourceBody:
    """One source."""
    return _source(_visible(request, signed_in(request), source_id))


@router.put("/{source_id}")
def change(request: Request, source_id: UUID, given: SourceWishes) -> SourceBody:
    """Say everything anew of a source. From another host, it has to be approved again."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        source = name_source.change(
            tx, SourceId(source_id), _wishes(given), by=actor, at=wiring.now()
        )
    return _source(source)


@router.put("/{source_id}/file")
@takes_bytes(ANSWER_BYTES_MAX + FORM_OVERHEAD_BYTES_MAX)
async def send_file(request: Request, source_id: UUID) -> SourceBody:
    """Send the catalogue as the body, named by `?file_name=`."""
    wiring = wiring_of(request)
    actor = await run_in_threadpool(signed_in, request)
    source = await run_in_threadpool(_visible, request, actor, source_id)
    if not rights_of(actor, source).may_work:
        raise PublisherNeeded
    incoming = await receive_file(request, wiring.folders.blobs)

    def keep() -> HarvestSource:
        with wiring.pool.connection() as tx:
            return name_source.send_file(
                tx,
                source.id,
                incoming.blob,
                file_name=incoming.file_name or "catalogue",
                by=actor,
                at=wiring.now(),
            )

    return _source(await run_in_threadpool(keep))


@router.post("/{source_id}/approval")
def approve(request: Request, source_id: UUID) -> SourceBody:
    """Decide that records of this source are published; not by who set it up."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _source(name_source.approve(tx, SourceId(source_id), by=actor, at=wiring.now()))


@router.post("/{source_id}/pause")
def pause(request: Request, source_id: UUID) -> SourceBody:
    """Let the schedule leave it alone."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _source(name_source.pause(tx, SourceId(source_id), by=actor, at=wiring.now()))


@router.post("/{source_id}/resumption")
def resume(request: Request, source_id: UUID) -> SourceBody:
    """Take it up again."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _source(name_source.resume(tx, SourceId(source_id), by=actor, at=wiring.now()))


@router.get("/{source_id}/log")
def show_log(request: Request, source_id: UUID) -> list[LogLineBody]:
    """What happened with a source, newest first."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        return [_log_line(line) for line in follow.log_of(tx, source)]


@router.get("/{source_id}/runs")
def list_runs(request: Request, source_id: UUID) -> list[RunBody]:
    """The runs of a source, newest first."""
    actor, language = signed_in(request), language_of(request)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        return [_run(run, {}, language) for run in follow.runs_of(tx, source)]


@router.post("/{source_id}/runs", status_code=202)
def begin_look(request: Request, source_id: UUID, given: DryRun) -> RunBody:
    """Ask for a dry run. It is read behind; ask for the run until its state is `planned`."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        run = look.begin(
            tx, SourceId(source_id), matching=given.matching, by=actor, at=wiring.now()
        )
        harvest_jobs.ask(tx, harvest_jobs.LOOK, run.id)
    return _run(run, {}, language_of(request))


@router.get("/{source_id}/runs/{run_id}")
def show_run(request: Request, source_id: UUID, run_id: UUID) -> RunBody:
    """One run: what it would do, does or did."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        run = follow.run_with_id(tx, source, RunId(run_id))
        outcomes = follow.outcomes_of(tx, run)
    return _run(run, outcomes, language_of(request))


@router.get("/{source_id}/runs/{run_id}/items")
def list_items(
    request: Request,
    source_id: UUID,
    run_id: UUID,
    act: Act,
    kind: Kind | None = None,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=follow.ITEMS_MAX)] = ITEMS_DEFAULT,
) -> ItemPage:
    """The records of one act, or only those that changed in one way."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        source = follow.source_with_id(tx, SourceId(source_id), by=actor)
        run = follow.run_with_id(tx, source, RunId(run_id))
        items = follow.items_of(tx, run, act, kind=kind, after=after, limit=limit)
    return ItemPage(
        items=[_item(item) for item in items],
        next=items[-1].position if len(items) == limit else None,
    )


@router.post("/{source_id}/runs/{run_id}/application", status_code=202)
def begin_apply(request: Request, source_id: UUID, run_id: UUID, given: Application) -> RunBody:
    """Carry a planned run out."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        run = apply.begin_apply(
            tx,
            SourceId(source_id),
            RunId(run_id),
            lets_guard_through=given.lets_guard_through,
            by=actor,
            at=wiring.now(),
        )
        harvest_jobs.ask(tx, harvest_jobs.APPLY, run.id)
    return _run(run, {}, language_of(request))


@router.post("/{source_id}/runs/{run_id}/undoing", status_code=202)
def begin_undo(request: Request, source_id: UUID, run_id: UUID) -> RunBody:
    """Take the run that was applied last back."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        run = undo.begin_undo(tx, SourceId(source_id), RunId(run_id), by=actor, at=wiring.now())
        harvest_jobs.ask(tx, harvest_jobs.UNDO, run.id)
    return _run(run, {}, language_of(request))


def _wishes(given: SourceWishes) -> Wishes:
    return Wishes(
        title=Text(zh=given.title.zh.strip(), en=given.title.en.strip()),
        kind=given.kind,
        address=given.address.strip(),
        schedule=given.schedule,
        matching=given.matching,
        guard_permille=given.guard_permille,
        options=given.options,
    )


def _visible(request: Request, actor: Actor, source_id: UUID) -> HarvestSource:
    with wiring_of(request).pool.connection() as tx:
        return follow.source_with_id(tx, SourceId(source_id), by=actor)


def _source(source: HarvestSource) -> SourceBody:
    wishes = source.wishes
    return SourceBody(
        id=source.id,
        publisher_id=source.publisher_id,
        title=wishes.title.as_map(),
        kind=wishes.kind,
        address=wishes.address,
        file_name=source.file_name,
        file_sha256=source.blob_sha256,
        schedule=wishes.schedule,
        matching=wishes.matching,
        guard_permille=wishes.guard_permille,
        options=dict(wishes.options),
        is_paused=source.is_paused,
        approved_at=source.approved_at,
        created_at=source.created_at,
        modified_at=source.modified_at,
        next_at=source.next_at,
        last_run_id=source.last_run_id,
    )


def _run(run: HarvestRun, outcomes: dict[str, int], language: Language) -> RunBody:
    guard = run.guard
    return RunBody(
        id=run.id,
        number=run.number,
        state=run.state,
        matching=run.matching,
        is_automatic=run.is_automatic,
        read_count=run.read_count,
        done_count=run.done_count,
        total_count=run.total_count,
        counts=dict(run.counts),
        notes=[
            NoteBody(kind=one.kind, count=one.count, before=one.before, after=one.after)
            for one in run.notes
        ],
        guard=None
        if guard is None
        else GuardBody(
            known=guard.known,
            gone=guard.gone,
            bound_permille=guard.bound_permille,
            stands=guard.stands,
        ),
        failure=None if run.failure is None else _failure(run.failure, language),
        outcomes={Outcome(name): count for name, count in outcomes.items()},
        created_at=run.created_at,
        planned_at=run.planned_at,
        applied_at=run.applied_at,
        undone_at=run.undone_at,
    )


def _failure(failure: Failure, language: Language) -> FailureBody:
    return FailureBody(code=failure.code, detail=words_of(follow.refusal_of(failure), language))


def _item(item: RunItem) -> ItemBody:
    return ItemBody(
        position=item.position,
        act=item.act,
        identifier=item.identifier,
        title=item.title,
        dataset_id=item.dataset_id,
        dataset=item.slug or None,
        matched_by=item.matched_by,
        differences=[
            DifferenceBody(kind=one.kind, field=one.field, before=one.before, after=one.after)
            for one in item.differences
        ],
        findings=[
            FindingBody(kind=one.kind, field=one.field, value=one.value) for one in item.findings
        ],
        suspicion=item.suspicion,
        other=item.other_title,
        done_at=item.done_at,
        undone_at=item.undone_at,
        outcome=item.outcome,
    )


def _log_line(line: LogLine) -> LogLineBody:
    return LogLineBody(at=line.at, kind=line.kind, facts=dict(line.facts), run_id=line.run_id)
