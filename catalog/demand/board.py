"""The public board of wishes for data, and what of it waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.audience import sees_dataset
from catalog.dataset import Dataset
from catalog.demand import store
from catalog.demand.answer import may_answer
from catalog.demand.data_request import DataRequest, DataRequestId, DataRequestState
from catalog.demand.errors import DataRequestNotFound
from catalog.errors import DatasetNotFound
from catalog.find import dataset_with_id
from policies.database import Tx
from policies.party import Actor, Role
from policies.roles import can_set_standards
from policies.terms import OrganizationId

PAGE_MAX = 100
OFFSET_MAX = 10_000
WAITING_MAX = 100

_ANSWERING = (Role.PUBLISHER, Role.APPROVER)


@dataclass(frozen=True, slots=True)
class Board:
    """A page of wishes, those that most people share first."""

    requests: tuple[DataRequest, ...]
    total: int
    joined: frozenset[DataRequestId]
    """Those that the reader shares."""


def board(
    tx: Tx,
    *,
    states: Sequence[DataRequestState] = tuple(DataRequestState),
    department_id: OrganizationId | None = None,
    offset: int = 0,
    limit: int = 20,
    by: Actor,
) -> Board:
    """Wishes in these states, of one department or all; hidden ones only for the bureau."""
    sees_hidden = can_set_standards(by)
    requests = store.ranked(
        tx,
        states=states,
        department_id=department_id,
        with_hidden=sees_hidden,
        offset=min(max(offset, 0), OFFSET_MAX),
        limit=min(max(limit, 1), PAGE_MAX),
    )
    total = store.count(tx, states=states, department_id=department_id, with_hidden=sees_hidden)
    return Board(tuple(requests), total, _joined(tx, requests, by))


def data_request(tx: Tx, request_id: DataRequestId, *, by: Actor) -> DataRequest:
    """One wish.

    Raises: DataRequestNotFound, also where it is hidden from the caller.
    """
    found = store.get_data_request(tx, request_id)
    if found is None or (found.hidden_reason and not may_answer(by, found)):
        raise DataRequestNotFound
    return found


def is_joined(tx: Tx, request: DataRequest, *, by: Actor) -> bool:
    """Whether the reader shares the wish."""
    return request.id in _joined(tx, [request], by)


def answer_in(tx: Tx, request: DataRequest, *, by: Actor) -> Dataset | None:
    """The dataset that an answer points to; None without one that exists for the reader."""
    if request.dataset_id is None:
        return None
    try:
        dataset = dataset_with_id(tx, request.dataset_id, by=by)
    except DatasetNotFound:
        return None
    return dataset if sees_dataset(by, dataset) else None


def waiting_for(tx: Tx, *, by: Actor) -> list[DataRequest]:
    """Open wishes that `by` is to answer, by the day due; unrouted ones go to the bureau."""
    if by.is_anonymous or by.is_program:
        return []
    own = {
        held.organization_id
        for held in by.memberships
        if held.role in _ANSWERING and held.organization_id is not None
    }
    routes = can_set_standards(by)
    if not own and not routes:
        return []
    return store.waiting_at(tx, sorted(own), with_unrouted=routes, limit=WAITING_MAX)


def _joined(tx: Tx, requests: Sequence[DataRequest], by: Actor) -> frozenset[DataRequestId]:
    if by.user_id is None or not requests:
        return frozenset()
    return store.joined_by(tx, by.user_id, [one.id for one in requests])
