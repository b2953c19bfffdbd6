"""Data that people ask the city for: asking, joining, and the department's answer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from catalog.demand import answer, ask, board
from catalog.demand.data_request import DataRequest, DataRequestId, DataRequestState
from policies.database import Tx
from policies.identity.people import organizations_with_ids
from policies.party import Actor
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1/data-requests", tags=["data requests"])


class NewDataRequest(BaseModel):
    """What is asked for · 数据需求."""

    model_config = ConfigDict(extra="forbid")

    title: str
    """In a few words, as one would search for it."""
    detail: str = ""
    department: str | None = None
    """Slug of the one to be asked; null: the one whose duties, name or data cover it."""


class Promise(BaseModel):
    """It will be published · 承诺发布."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["promise"]
    on: date
    words: str = ""


class Pointer(BaseModel):
    """It is here · 已有数据."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["point"]
    dataset: str
    """Its slug."""
    words: str = ""


class Refusing(BaseModel):
    """A law stands against it · 依法不予提供."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["refuse"]
    legal_basis: str
    """Id of a text of the profile's list."""
    words: str


class DepartmentChoice(BaseModel):
    """To whom a wish is handed on."""

    model_config = ConfigDict(extra="forbid")

    department: str


class HiddenReason(BaseModel):
    """Why a wish is taken off the board; an empty text shows it again."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class DataRequestBody(BaseModel):
    """A wish for data; who asks is never told."""

    id: UUID
    title: str
    detail: str
    asked_at: datetime
    joined: int
    """How many people ask for it."""
    is_joined: bool
    """The caller is one of them."""
    department: str | None
    """Slug; null while the bureau looks for one."""
    due_on: date
    is_due_provisional: bool
    """The official working days of a year on the way are not known yet."""
    state: DataRequestState
    answer: str
    legal_basis: str
    dataset: str | None
    """Slug of the dataset that the answer points to, where it exists for the caller."""
    promised_on: date | None
    answered_at: datetime | None
    hidden_reason: str


class DataRequestPage(BaseModel):
    """Wishes, those that most people share first."""

    items: list[DataRequestBody]
    count: int
    """Of all pages together."""


Answer = Annotated[Promise | Pointer | Refusing, Field(discriminator="kind")]


@router.get("")
def list_requests(
    request: Request,
    state: DataRequestState | None = None,
    department: str | None = None,
    offset: Annotated[int, Query(ge=0, le=board.OFFSET_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=board.PAGE_MAX)] = 20,
) -> DataRequestPage:
    """The board; open to everybody."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        page = board.board(
            tx,
            states=tuple(DataRequestState) if state is None else (state,),
            department_id=ask.department_named(tx, department).id if department else None,
            offset=offset,
            limit=limit,
            by=actor,
        )
        items = [_body(tx, one, actor) for one in page.requests]
    return DataRequestPage(items=items, count=page.total)


@router.post("", status_code=201)
def make_request(request: Request, wanted: NewDataRequest) -> DataRequestBody:
    """Ask for data, or join the open wish that asks for the same."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        asked = ask.ask(
            tx,
            wanted.title,
            wanted.detail,
            department=wanted.department,
            by=actor,
            at=wiring.now(),
        )
        return _body(tx, asked, actor)


@router.get("/{request_id}")
def show_request(request: Request, request_id: UUID) -> DataRequestBody:
    """One wish; open to everybody."""
    actor = actor_of(request)
    with wiring_of(request).pool.connection() as tx:
        return _body(tx, board.data_request(tx, DataRequestId(request_id), by=actor), actor)


@router.post("/{request_id}/join")
def join(request: Request, request_id: UUID) -> DataRequestBody:
    """Ask for the same."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        joined = ask.join(tx, DataRequestId(request_id), by=actor, at=wiring.now())
        return _body(tx, joined, actor)


@router.post("/{request_id}/leave")
def leave(request: Request, request_id: UUID) -> DataRequestBody:
    """No longer ask for it."""
    actor = signed_in(request)
    with wiring_of(request).pool.connection() as tx:
        return _body(tx, ask.leave(tx, DataRequestId(request_id), by=actor), actor)


@router.post("/{request_id}/answer")
def answer_request(request: Request, request_id: UUID, wanted: Answer) -> DataRequestBody:
    """Answer a wish; for the department that was asked, and the bureau."""
    actor, wiring = signed_in(request), wiring_of(request)
    wish_id, at = DataRequestId(request_id), wiring.now()
    with wiring.pool.connection() as tx:
        match wanted:
            case Promise():
                answered = answer.promise(tx, wish_id, wanted.words, on=wanted.on, by=actor, at=at)
            case Pointer():
                answered = answer.point_to(
                    tx, wish_id, wanted.dataset, wanted.words, by=actor, at=at
                )
            case Refusing():
                answered = answer.refuse(
                    tx, wish_id, wanted.words, legal_basis=wanted.legal_basis, by=actor, at=at
                )
        return _body(tx, answered, actor)


@router.post("/{request_id}/hand-on")
def hand_on(request: Request, request_id: UUID, wanted: DepartmentChoice) -> DataRequestBody:
    """Give a wish to the department that it belongs to."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        handed = answer.hand_on(
            tx, DataRequestId(request_id), wanted.department, by=actor, at=wiring.now()
        )
        return _body(tx, handed, actor)


@router.post("/{request_id}/hide")
def hide(request: Request, request_id: UUID, wanted: HiddenReason) -> DataRequestBody:
    """Take a wish off the board, or put it back."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        hidden = answer.hide(
            tx, DataRequestId(request_id), reason=wanted.reason, by=actor, at=wiring.now()
        )
        return _body(tx, hidden, actor)


def _body(tx: Tx, wish: DataRequest, actor: Actor) -> DataRequestBody:
    department_id = wish.department_id
    departments = organizations_with_ids(tx, [department_id] if department_id else [])
    dataset = board.answer_in(tx, wish, by=actor)
    return DataRequestBody(
        id=wish.id,
        title=wish.title,
        detail=wish.detail,
        asked_at=wish.asked_at,
        joined=wish.joined,
        is_joined=board.is_joined(tx, wish, by=actor),
        department=departments[department_id].slug if department_id in departments else None,
        due_on=wish.due.day,
        is_due_provisional=wish.due.is_provisional,
        state=wish.state,
        answer=wish.answer,
        legal_basis=wish.legal_basis,
        dataset=dataset.slug if dataset else None,
        promised_on=wish.promised_on,
        answered_at=wish.answered_at,
        hidden_reason=wish.hidden_reason,
    )
