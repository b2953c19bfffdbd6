"""Columns that together tell persons apart, and how small the groups of the newest version are."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from exchange.answer_groups import answer_groups, declare_and_count
from portal.after_answer import newest_owned, publish_if_it_waited
from portal.sign_in import signed_in
from portal.wiring import wiring_of
from quality.errors import NotAssessed
from quality.groups.declare import counted_of
from quality.groups.errors import NothingCounted
from quality.groups.group import REASON_CHARACTERS_MAX, CountState, Declared, GroupAnswer

router = APIRouter(prefix="/api/v1", tags=["quality"])


class GroupsBody(BaseModel):
    """Which columns tell persons apart, and how many rows must share their values."""

    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(max_length=100)
    least: int
    about: str = Field("", max_length=1_000, description="Must differ within each group")


class GroupsAnswer(BaseModel):
    """What becomes of small groups."""

    model_config = ConfigDict(extra="forbid")

    answer: GroupAnswer
    reason: str = Field("", max_length=4 * REASON_CHARACTERS_MAX, description="Needed for kept")


class CountedBody(BaseModel):
    """Sizes of the groups; never a value."""

    columns: list[str]
    least: int
    about: str
    row_count: int
    group_count: int
    smallest: int
    small_groups: int
    small_rows: int
    uniform_groups: int
    is_waiting: bool
    answer: GroupAnswer | None
    reason: str
    answered_at: datetime | None


@router.get("/datasets/{slug}/groups")
def read(request: Request, slug: str) -> CountedBody:
    """What was counted in the newest version; for publishers of the organisation."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        _, version = newest_owned(tx, slug, by=actor)
        state = counted_of(tx, version.id) if version else None
    if state is None:
        raise NothingCounted
    return _body(state)


@router.put("/datasets/{slug}/groups")
def declare(request: Request, slug: str, wanted: GroupsBody) -> CountedBody:
    """Declare the columns; they are counted at once, and in every version from now on."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        _, version = newest_owned(tx, slug, by=actor)
    if version is None:
        raise NotAssessed
    declared = Declared(tuple(wanted.columns), wanted.least, wanted.about)
    state = declare_and_count(
        wiring.pool, wiring.folders, version.id, declared, by=actor, at=wiring.now()
    )
    if state is None:
        raise NothingCounted
    return _body(state)


@router.post("/datasets/{slug}/groups/answer")
def answer(request: Request, slug: str, wanted: GroupsAnswer) -> CountedBody:
    """Answer small groups; the version can be handed in after that."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset, version = newest_owned(tx, slug, by=actor)
        if version is None:
            raise NothingCounted
        state = answer_groups(
            tx, version.id, wanted.answer, wanted.reason, by=actor, at=wiring.now()
        )
        publish_if_it_waited(tx, wiring, dataset, version.id)
    return _body(state)


def _body(state: CountState) -> CountedBody:
    counted = state.counted
    return CountedBody(
        columns=list(counted.declared.columns),
        least=counted.declared.least,
        about=counted.declared.about,
        row_count=counted.row_count,
        group_count=counted.group_count,
        smallest=counted.smallest,
        small_groups=counted.small_groups,
        small_rows=counted.small_rows,
        uniform_groups=counted.uniform_groups,
        is_waiting=state.is_waiting,
        answer=state.answer,
        reason=state.reason,
        answered_at=state.answered_at,
    )
