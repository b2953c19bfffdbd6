"""The standards, what of them is covered, decisions made again, and drafts tried on agreements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Query, Request, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from exchange import replay
from exchange.replayed import Finding, Replay
from policies.access import Reason
from policies.calendar import FIRST_YEAR, LAST_YEAR, china_day
from policies.canonical import to_plain
from policies.decision.clause import ClauseResult, Outcome, Profile
from policies.decision.odrl import from_odrl
from policies.decision.profile import (
    DRAFT_BYTES_MAX,
    profile_in_force,
    profile_named,
    profiles,
    read_draft,
)
from policies.errors import InexpressiblePolicy
from policies.official_calendar import FILE_BYTES_MAX, loaded_years
from portal.coverage import CoveredClause, coverage_of
from portal.jobs import ask_to_replay
from portal.load_calendar import load_calendar
from portal.sign_in import signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["standards"])


class ProfileBody(BaseModel):
    """One version of the standards of a place."""

    id: str
    version: int
    jurisdiction: str
    title: dict[str, str]
    valid_from: date
    valid_to: date | None
    fingerprint: str
    is_current: bool
    clauses: int
    covered: int


class ClauseBody(BaseModel):
    """One clause, and whether this product covers it."""

    id: str
    source: dict[str, str]
    article: dict[str, str]
    basis: str
    valid_from: date
    valid_to: date | None
    regimes: list[str]
    stage: str
    test: str
    severity: str
    message: dict[str, str]
    is_covered: bool
    is_proven: bool
    needs: list[str]


class StandardsBody(ProfileBody):
    """A profile with its clauses."""

    items: list[ClauseBody]


class ReasonBody(BaseModel):
    """A rule and what it says."""

    rule_id: str
    text: dict[str, str]


class ChangeBody(BaseModel):
    """A change that would have refused an access."""

    change: dict[str, str]
    reasons: list[ReasonBody]


class ReplayedBody(BaseModel):
    """A past decision, made again."""

    id: UUID
    at: datetime
    is_allowed: bool
    rule_ids: list[str]
    is_same: bool
    allowed_again: bool
    rules_again: list[str]
    allowed_today: bool
    rules_today: list[str]
    reasons_today: list[ReasonBody]
    would_refuse: list[ChangeBody]


class NewReplay(BaseModel):
    """A profile of this release, or a draft as YAML."""

    model_config = ConfigDict(extra="forbid")

    profile: Annotated[str, Field(max_length=100)] = ""
    version: Annotated[int | None, Field(ge=1, le=9_999)] = None
    draft: Annotated[str, Field(max_length=DRAFT_BYTES_MAX)] = ""


class FailedBody(BaseModel):
    """A clause that stands against an agreement."""

    clause_id: str
    message: dict[str, str]
    source: dict[str, str]
    article: dict[str, str]


class FindingBody(BaseModel):
    """What a draft would change for one agreement."""

    agreement_id: UUID
    stops: list[FailedBody]
    frees: list[FailedBody]
    worth_microcredits: int


class ReplayBody(BaseModel):
    """Live agreements under a draft, as far as they were judged."""

    id: UUID
    profile_id: str
    profile_hash: str
    asked_at: datetime
    total: int
    done: int
    stopped: int
    freed: int
    worth_microcredits: int
    finished_at: datetime | None
    findings: list[FindingBody] = []


class TermsBody(BaseModel):
    """The terms of an ODRL policy, as this exchange holds them."""

    kind: str
    uid: str
    assigner: str
    assignee: str | None
    target: str
    actions: list[str]
    purposes: list[str]
    starts_at: datetime
    ends_at: datetime
    price_microcredits: int
    unit: str
    duties: list[str]
    is_distribution_prohibited: bool


class YearBody(BaseModel):
    """An official calendar that was loaded."""

    year: int
    days_off: list[date]
    days_worked: list[date]
    loaded_at: datetime


class CalendarBody(BaseModel):
    """The years whose working days are known."""

    first_year: int
    last_year: int
    loaded: list[YearBody]


class LoadedBody(BaseModel):
    """What loading a calendar did."""

    year: int
    requests: int
    wishes: int


@router.get("/standards")
def list_standards(request: Request) -> list[ProfileBody]:
    """Every profile of this release, newest first."""
    at = wiring_of(request).now()
    return [_profile(one, at) for one in reversed(profiles())]


@router.get("/standards/{profile_id}")
def show_standards(
    request: Request,
    profile_id: str,
    version: Annotated[int | None, Query(ge=1, le=9_999)] = None,
) -> StandardsBody:
    """A profile with every clause and whether it is covered; the newest version unless named."""
    at = wiring_of(request).now()
    chosen = profile_named(profile_id, version)
    items = [_clause(one) for one in coverage_of(chosen, china_day(at))]
    return StandardsBody(**_profile(chosen, at).model_dump(), items=items)


@router.get("/audit/decisions/{decision_id}/replay")
def replay_decision(request: Request, decision_id: UUID) -> ReplayedBody:
    """A past decision made again under the law of its day, and under today's."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        told = replay.replay_decision(tx, decision_id, by=actor, at=wiring.now())
    return ReplayedBody(
        id=told.then.id,
        at=told.then.at,
        is_allowed=told.then.is_allowed,
        rule_ids=list(told.then.rule_ids),
        is_same=told.is_same,
        allowed_again=told.again.is_allowed,
        rules_again=list(told.again.rule_ids),
        allowed_today=told.today.is_allowed,
        rules_today=list(told.today.rule_ids),
        reasons_today=[_reason(one) for one in told.today.reasons],
        would_refuse=[
            ChangeBody(
                change=one.change.as_map(), reasons=[_reason(reason) for reason in one.reasons]
            )
            for one in told.refusing
        ],
    )


@router.get("/audit/replays")
def list_replays(request: Request) -> list[ReplayBody]:
    """Drafts that were tried on live agreements, newest first."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return [_replay(one, []) for one in replay.replays(tx, by=actor)]


@router.post("/audit/replays", status_code=202)
def new_replay(request: Request, wanted: NewReplay) -> ReplayBody:
    """Have all live agreements judged under a draft; nothing is changed by it."""
    actor, wiring = signed_in(request), wiring_of(request)
    draft = (
        read_draft(wanted.draft) if wanted.draft else profile_named(wanted.profile, wanted.version)
    )
    with wiring.pool.connection() as tx:
        asked = replay.ask_for_replay(tx, draft, by=actor, at=wiring.now())
        ask_to_replay(tx, asked.id)
    return _replay(asked, [])


@router.get("/audit/replays/{replay_id}")
def show_replay(request: Request, replay_id: UUID) -> ReplayBody:
    """What a draft would change, as far as it is known."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _replay(*replay.get_replay(tx, replay_id, by=actor))


@router.post("/odrl")
def read_odrl(request: Request, policy: dict[str, Any]) -> TermsBody:
    """Read somebody's ODRL offer or agreement; what cannot be expressed here is refused by name."""
    signed_in(request)
    try:
        terms = from_odrl(to_plain(policy))
    except TypeError:  # a number that is not whole
        raise InexpressiblePolicy(["numbers that are not whole"]) from None
    return TermsBody(
        kind=terms.kind.value,
        uid=terms.uid,
        assigner=terms.assigner,
        assignee=terms.assignee,
        target=terms.target,
        actions=sorted(terms.actions),
        purposes=sorted(terms.purposes),
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        price_microcredits=terms.price_microcredits,
        unit=terms.unit,
        duties=sorted(terms.duties),
        is_distribution_prohibited=terms.is_distribution_prohibited,
    )


@router.get("/calendar")
def show_calendar(request: Request) -> CalendarBody:
    """The years whose official working days are known."""
    with wiring_of(request).pool.connection() as tx:
        loaded = [
            YearBody(
                year=known.year,
                days_off=sorted(known.days_off),
                days_worked=sorted(known.days_worked),
                loaded_at=at,
            )
            for known, at in loaded_years(tx)
        ]
    return CalendarBody(first_year=FIRST_YEAR, last_year=LAST_YEAR, loaded=loaded)


@router.post("/calendar", status_code=201)
def send_calendar(request: Request, file: Annotated[UploadFile, File()]) -> LoadedBody:
    """Load the official calendar of a year; clocks that waited for it are reckoned again."""
    actor, wiring = signed_in(request), wiring_of(request)
    content = file.file.read(FILE_BYTES_MAX + 1)
    with wiring.pool.connection() as tx:
        loaded = load_calendar(tx, content, by=actor, at=wiring.now())
    return LoadedBody(year=loaded.known.year, requests=loaded.requests, wishes=loaded.wishes)


def _profile(profile: Profile, at: datetime) -> ProfileBody:
    covered = coverage_of(profile, china_day(at))
    return ProfileBody(
        id=profile.id,
        version=profile.version,
        jurisdiction=profile.jurisdiction,
        title=profile.title.as_map(),
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        fingerprint=profile.fingerprint,
        is_current=profile == profile_in_force(at),
        clauses=len(covered),
        covered=sum(one.is_covered for one in covered),
    )


def _clause(one: CoveredClause) -> ClauseBody:
    clause = one.clause
    return ClauseBody(
        id=clause.id,
        source=clause.source.title.as_map(),
        article=clause.article.as_map(),
        basis=clause.basis.value,
        valid_from=clause.valid_from,
        valid_to=clause.valid_to,
        regimes=sorted(clause.regimes),
        stage=clause.stage.value,
        test=clause.test,
        severity=clause.severity.value,
        message=clause.message.as_map(),
        is_covered=one.is_covered,
        is_proven=one.is_proven,
        needs=list(one.needs),
    )


def _reason(reason: Reason) -> ReasonBody:
    return ReasonBody(rule_id=reason.rule_id, text=reason.text.as_map())


def _replay(told: Replay, found: list[Finding]) -> ReplayBody:
    return ReplayBody(
        id=told.id,
        profile_id=told.profile_id,
        profile_hash=told.profile_hash,
        asked_at=told.asked_at,
        total=told.total,
        done=told.done,
        stopped=told.stopped,
        freed=told.freed,
        worth_microcredits=told.worth,
        finished_at=told.finished_at,
        findings=[
            FindingBody(
                agreement_id=one.agreement_id,
                stops=[_failed(result) for result in one.stops],
                frees=[_failed(result) for result in one.frees],
                worth_microcredits=one.worth,
            )
            for one in found
        ],
    )


def _failed(result: ClauseResult) -> FailedBody:
    assert result.outcome is Outcome.FAILED
    return FailedBody(
        clause_id=result.clause_id,
        message=result.message.as_map(),
        source=result.source.as_map(),
        article=result.article.as_map(),
    )
