"""What feeds a distribution: its source, schedule, tries, runs and their log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from catalog import find
from catalog.connections import begin, follow, set_up
from catalog.connections.connection import (
    SECRET_LENGTH_CHARACTERS,
    Connection,
    ConnectionState,
    Source,
    SourceKind,
)
from catalog.connections.connection_run import ConnectionRun, RunState
from catalog.connections.rhythm import Every, Rhythm
from catalog.dataset import Distribution
from catalog.way_in import Way
from policies.database import Tx
from policies.party import Actor
from policies.terms import Language
from portal import connection_jobs
from portal.key_file import sealing_key
from portal.pages.rendering import language_of
from portal.problems import code_of, words_of
from portal.sign_in import signed_in
from portal.wiring import wiring_of

_PLACE = "/datasets/{slug}/distributions/{distribution}/connection"
router = APIRouter(prefix="/api/v1", tags=["connections"])


class RhythmBody(BaseModel):
    """When a source is read, by the clock of China."""

    model_config = ConfigDict(extra="forbid")

    every: Every = Every.BY_HAND
    minute: Annotated[int, Field(ge=0, lt=1440)] = 120
    """Minutes after midnight; of an hourly one only the minutes of the hour count."""
    day: Annotated[int, Field(ge=1, le=31)] = 1
    """Weekly 1 (Monday) to 7, monthly 1 to 31."""


class ConnectionWishes(BaseModel):
    """What a publisher says of a source."""

    model_config = ConfigDict(extra="forbid")

    kind: SourceKind
    address: Annotated[str, Field(max_length=2_000)] = ""
    host: Annotated[str, Field(max_length=255)] = ""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    database: Annotated[str, Field(max_length=255)] = ""
    user: Annotated[str, Field(max_length=255)] = ""
    path: Annotated[str, Field(max_length=1_000)] = ""
    statement: Annotated[str, Field(max_length=20_000)] = ""
    secret: Annotated[str | None, Field(max_length=SECRET_LENGTH_CHARACTERS)] = None
    """Password, private key, or the `Authorization` header of an address. It is never told again;
    null keeps the one that is stored, as long as place and user stay the same."""
    rhythm: RhythmBody = RhythmBody()
    way: Way = Way.REPLACE
    """How the rows that come go into the table."""


class ConnectionBody(BaseModel):
    """A connection as it stands."""

    id: UUID
    kind: SourceKind
    source: dict[str, str | int]
    has_secret: bool
    state: ConnectionState
    is_tried: bool
    rhythm: RhythmBody
    way: Way
    host_key: str
    """Fingerprint of the SFTP server's key, noted when it was first seen."""
    next_at: datetime | None
    failures: int
    """Runs that failed one after the other."""


class FailureBody(BaseModel):
    """Why a run failed."""

    code: str
    detail: str


class LookBody(BaseModel):
    """The first rows that a try brought, as text."""

    columns: list[str]
    rows: list[list[str | None]]


class RunBody(BaseModel):
    """A run as it stands."""

    number: int
    state: RunState
    is_try: bool
    is_by_schedule: bool
    created_at: datetime
    ended_at: datetime | None
    size_bytes: int | None
    row_count: int | None
    upload_id: UUID | None
    failure: FailureBody | None
    look: LookBody | None


@router.get(_PLACE)
def show(request: Request, slug: str, distribution: str) -> ConnectionBody:
    """What feeds a distribution; for the publisher's own people."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        return _body(follow.connection_of(tx, place, by=actor))


@router.put(_PLACE)
def connect(
    request: Request, slug: str, distribution: str, wishes: ConnectionWishes
) -> ConnectionBody:
    """Name what feeds a distribution. It takes nothing in before it was tried and switched on."""
    actor, wiring = signed_in(request), wiring_of(request)
    given = wishes.model_dump(exclude={"secret", "rhythm", "way"})
    with wiring.pool.connection() as tx:
        made = set_up.connect(
            tx,
            _place(tx, slug, distribution, actor),
            Source(**given),
            Rhythm(**wishes.rhythm.model_dump()),
            way=wishes.way,
            secret=wishes.secret,
            sealing_key=sealing_key(wiring),
            by=actor,
            at=wiring.now(),
        )
    return _body(made)


@router.delete(_PLACE, status_code=204)
def disconnect(request: Request, slug: str, distribution: str) -> Response:
    """Take the connection away, with its secret and its log; what was taken in stays."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        set_up.disconnect(tx, place, by=actor, at=wiring.now())
    return Response(status_code=204)


@router.post(f"{_PLACE}/try", status_code=202)
def try_it(request: Request, slug: str, distribution: str) -> RunBody:
    """Ask for the first rows of the source; nothing is loaded."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        run = begin.begin_try(tx, place, by=actor, at=wiring.now())
        connection_jobs.ask(tx, run.id)
    return _run(run, language_of(request))


@router.post(f"{_PLACE}/run", status_code=202)
def run_now(request: Request, slug: str, distribution: str) -> RunBody:
    """Read the source now, whatever its schedule says."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        run = begin.begin_now(tx, place, by=actor, at=wiring.now())
        connection_jobs.ask(tx, run.id)
    return _run(run, language_of(request))


@router.post(f"{_PLACE}/switch-on")
def switch_on(request: Request, slug: str, distribution: str) -> ConnectionBody:
    """Let its runs take data in."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        return _body(set_up.switch_on(tx, place, by=actor, at=wiring.now()))


@router.post(f"{_PLACE}/pause")
def pause(request: Request, slug: str, distribution: str) -> ConnectionBody:
    """Leave the source alone until it is switched on again."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        return _body(set_up.pause(tx, place, by=actor, at=wiring.now()))


@router.post(f"{_PLACE}/forget-host-key")
def forget_host_key(request: Request, slug: str, distribution: str) -> ConnectionBody:
    """Let the next try note the SFTP server's key anew."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        place = _place(tx, slug, distribution, actor)
        return _body(set_up.forget_host_key(tx, place, by=actor, at=wiring.now()))


@router.get(f"{_PLACE}/runs")
def show_runs(request: Request, slug: str, distribution: str) -> list[RunBody]:
    """The log: every run, newest first."""
    actor, language = signed_in(request), language_of(request)
    with wiring_of(request).pool.connection() as tx:
        held = follow.connection_of(tx, _place(tx, slug, distribution, actor), by=actor)
        return [_run(run, language) for run in follow.runs_of(tx, held)]


@router.get(f"{_PLACE}/runs/{{number}}")
def show_run(request: Request, slug: str, distribution: str, number: int) -> RunBody:
    """One run; of the newest try also the first rows."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        held = follow.connection_of(tx, _place(tx, slug, distribution, actor), by=actor)
        return _run(follow.run_numbered(tx, held, number), language_of(request))


def _place(tx: Tx, slug: str, distribution: str, actor: Actor) -> Distribution:
    return find.distribution_named(tx, find.dataset_named(tx, slug, by=actor), distribution)


def _body(held: Connection) -> ConnectionBody:
    rhythm = held.rhythm
    return ConnectionBody(
        id=held.id,
        kind=held.source.kind,
        source=held.source.as_json(),
        has_secret=held.sealed_secret is not None,
        state=held.state,
        is_tried=held.is_tried,
        rhythm=RhythmBody(every=rhythm.every, minute=rhythm.minute, day=rhythm.day),
        way=held.way,
        host_key=held.host_key,
        next_at=held.next_at,
        failures=held.failures,
    )


def _run(run: ConnectionRun, language: Language) -> RunBody:
    failure = None
    if run.failure is not None:
        refusal = follow.refusal_of(run.failure)
        failure = FailureBody(code=code_of(refusal), detail=words_of(refusal, language))
    look = run.look
    return RunBody(
        number=run.number,
        state=run.state,
        is_try=run.is_try,
        is_by_schedule=run.started_by is None,
        created_at=run.created_at,
        ended_at=None if run.state.is_at_work else run.touched_at,
        size_bytes=run.size_bytes,
        row_count=run.row_count,
        upload_id=run.upload_id,
        failure=failure,
        look=None
        if look is None
        else LookBody(columns=list(look.names), rows=[list(row) for row in look.rows]),
    )
