"""Audit: what goes on, who decided what and why, where data came from, and the freeze."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from catalog.find import dataset_named
from exchange import supervise, trace
from exchange.decision import StoredDecision
from exchange.lineage import DEPTH_MAX, LineageGraph
from exchange.oversight import Counts
from exchange.trace import LogPlace, Person, Trace, TracedItem
from policies import freeze
from policies.events import RecordedEvent
from policies.freeze_order import Freeze, FreezeTarget
from portal.api.v1.agreements import AgreementBody
from portal.api.v1.agreements import body_of as agreement_body
from portal.api.v1.receipts import ReceiptBody
from portal.api.v1.receipts import body_of as receipt_body
from portal.sign_in import actor_of, signed_in
from portal.wiring import wiring_of

router = APIRouter(prefix="/api/v1", tags=["audit"])

_Depth = Annotated[int, Query(ge=1, le=DEPTH_MAX)]


class CountsBody(BaseModel):
    """The last thirty days, and what stands open."""

    deliveries: int
    rows: int
    charged_microcredits: int
    refusals: int
    agreements_in_force: int
    applications_open: int
    applications_overdue: int
    listings_to_open: int


class DecisionBody(BaseModel):
    """A decision about access, with the facts that it was made on."""

    id: UUID
    at: datetime
    user_id: UUID | None
    organization_id: UUID | None
    action: str
    dataset_id: UUID
    listing_id: UUID | None
    agreement_id: UUID | None
    is_allowed: bool
    rule_ids: list[str]
    reasons: Any
    facts: Any
    profile_id: str
    profile_hash: str
    policy_hash: str


class EventBody(BaseModel):
    """An event of the log."""

    id: int
    leaf_index: int | None
    """Null until it is sequenced, which takes a second or so."""
    kind: str
    at: datetime
    body: dict[str, Any]


class PersonBody(BaseModel):
    """Somebody who acted; the name is for the regulator alone."""

    user_id: UUID | None
    organization: dict[str, str] | None
    name: str | None


class TracedItemBody(BaseModel):
    """One dataset of a receipt, back to the bytes that arrived."""

    dataset_id: UUID
    slug: str
    title: dict[str, str]
    provider: dict[str, str]
    signed: dict[str, Any]
    decision: DecisionBody
    agreement: AgreementBody | None
    version_id: UUID
    version_number: int
    version_digest: str
    report_id: UUID | None
    upload_id: UUID | None
    """Null for a table that is fed in steps."""
    file_name: str
    blob_sha256: str
    uploaded_at: datetime
    uploaded_by: PersonBody


class TransferBody(BaseModel):
    """An entry of the ledger."""

    id: UUID
    kind: str
    pending_id: UUID | None
    debit_account_id: UUID
    credit_account_id: UUID
    amount_microcredits: int
    reason: str
    created_at: datetime


class PlaceBody(BaseModel):
    """Where the delivery stands in the signed log."""

    leaf_index: int
    tree_size: int
    root_hash: str
    head_at: datetime
    path: list[str]


class TraceBody(BaseModel):
    """Everything behind one receipt."""

    receipt: ReceiptBody
    consumer: dict[str, str] | None
    asked_by: PersonBody
    items: list[TracedItemBody]
    transfers: list[TransferBody]
    place: PlaceBody | None
    """Null until the next head is signed."""


class NodeBody(BaseModel):
    """A node of the lineage graph."""

    id: str
    kind: str
    label: str
    facts: dict[str, Any]


class EdgeBody(BaseModel):
    """`target` was made of `source`."""

    source: str
    target: str
    by: str


class GraphBody(BaseModel):
    """A part of the lineage graph."""

    roots: list[str]
    nodes: list[NodeBody]
    edges: list[EdgeBody]
    is_cut: bool


class NewFreeze(BaseModel):
    """What is to stand still, and why."""

    model_config = ConfigDict(extra="forbid")

    target_kind: FreezeTarget
    target_id: UUID
    reason: str


class Lifting(BaseModel):
    """Why a freeze ends."""

    model_config = ConfigDict(extra="forbid")

    reason: str


class FreezeBody(BaseModel):
    """A freeze."""

    id: UUID
    target_kind: FreezeTarget
    target_id: UUID
    reason: str
    placed_by: UUID
    placed_at: datetime
    lapses_at: datetime
    is_confirmed: bool
    confirmed_at: datetime | None
    lifted_at: datetime | None
    lift_reason: str


@router.get("/audit/overview")
def overview(request: Request) -> CountsBody:
    """The supervisor's figures."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _counts(supervise.overview(tx, by=actor, at=wiring.now()))


@router.get("/audit/decisions")
def decisions(
    request: Request,
    dataset_id: UUID | None = None,
    organization_id: UUID | None = None,
    is_allowed: Annotated[bool | None, Query()] = None,
    before: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=supervise.PAGE_MAX)] = 50,
) -> list[DecisionBody]:
    """Decisions, newest first, with rules, reasons and facts."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = supervise.search_decisions(
            tx,
            dataset_id=dataset_id,
            organization_id=organization_id,
            is_allowed=is_allowed,
            before=before,
            limit=limit,
            by=actor,
            at=wiring.now(),
        )
        return [_decision(one) for one in found]


@router.get("/audit/events")
def events(
    request: Request,
    dataset_id: UUID | None = None,
    organization_id: UUID | None = None,
    subject_id: UUID | None = None,
    actor_id: UUID | None = None,
    before: Annotated[int | None, Query(description="Id of the last event seen.")] = None,
    limit: Annotated[int, Query(ge=1, le=supervise.PAGE_MAX)] = 50,
) -> list[EventBody]:
    """The log of one thing, newest first; without a condition the log in its own order."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        found = supervise.events(
            tx,
            dataset_id=dataset_id,
            organization_id=organization_id,
            subject_id=subject_id,
            actor_id=actor_id,
            before=before,
            limit=limit,
            by=actor,
            at=wiring.now(),
        )
        return [_event(one) for one in found]


@router.get("/audit/receipts/{receipt_id}")
def trace_receipt(request: Request, receipt_id: UUID) -> TraceBody:
    """Everything behind a receipt, back to the bytes and the office that brought them."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _trace(trace.trace_receipt(tx, receipt_id, by=actor, at=wiring.now()))


@router.get("/audit/lineage")
def lineage(
    request: Request,
    asset: Annotated[str, Query(description='Such as "version:UUID" or "receipt:UUID".')],
    depth: _Depth = 5,
) -> GraphBody:
    """The lineage graph around anything, as the caller may see it."""
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _graph(trace.lineage_of(tx, asset, depth=depth, by=actor, at=wiring.now()))


@router.get("/datasets/{slug}/lineage")
def lineage_of_dataset(request: Request, slug: str, depth: _Depth = 5) -> GraphBody:
    """Where a dataset comes from and where it goes, as the caller may see it."""
    actor, wiring = actor_of(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        dataset = dataset_named(tx, slug, by=actor)
        return _graph(
            trace.lineage_of(tx, f"dataset:{dataset.id}", depth=depth, by=actor, at=wiring.now())
        )


@router.get("/audit/freezes")
def list_freezes(request: Request) -> list[FreezeBody]:
    """The freezes in force."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return [_freeze(one) for one in supervise.freezes(tx, by=actor, at=wiring.now())]


@router.post("/audit/freezes", status_code=201)
def place_freeze(request: Request, wanted: NewFreeze) -> FreezeBody:
    """Freeze something at once; it lapses after 72 hours unless a second person confirms it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _freeze(
            supervise.place_freeze(
                tx,
                wanted.target_kind,
                wanted.target_id,
                reason=wanted.reason,
                by=actor,
                at=wiring.now(),
            )
        )


@router.post("/audit/freezes/{freeze_id}/confirm")
def confirm_freeze(request: Request, freeze_id: UUID) -> FreezeBody:
    """Make a freeze last; takes somebody other than the one who placed it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _freeze(freeze.confirm(tx, freeze_id, by=actor, at=wiring.now()))


@router.post("/audit/freezes/{freeze_id}/lift")
def lift_freeze(request: Request, freeze_id: UUID, wanted: Lifting) -> FreezeBody:
    """End a freeze; takes somebody other than the one who placed it."""
    actor, wiring = signed_in(request), wiring_of(request)
    with wiring.pool.connection() as tx:
        return _freeze(freeze.lift(tx, freeze_id, reason=wanted.reason, by=actor, at=wiring.now()))


def _counts(told: Counts) -> CountsBody:
    return CountsBody(**{name: getattr(told, name) for name in CountsBody.model_fields})


def _decision(told: StoredDecision) -> DecisionBody:
    return DecisionBody(**{name: getattr(told, name) for name in DecisionBody.model_fields})


def _event(told: RecordedEvent) -> EventBody:
    return EventBody(
        id=told.id,
        leaf_index=told.leaf_index,
        kind=told.kind,
        at=told.at,
        body=json.loads(told.body),
    )


def _trace(told: Trace) -> TraceBody:
    return TraceBody(
        receipt=receipt_body(told.receipt),
        consumer=told.consumer.as_map() if told.consumer else None,
        asked_by=_person(told.asked_by),
        items=[_item(item) for item in told.items],
        transfers=[
            TransferBody(
                id=moved.id,
                kind=moved.kind.value,
                pending_id=moved.pending_id,
                debit_account_id=moved.debit_account_id,
                credit_account_id=moved.credit_account_id,
                amount_microcredits=moved.amount,
                reason=moved.reason,
                created_at=moved.created_at,
            )
            for moved in told.transfers
        ],
        place=_place(told.place) if told.place else None,
    )


def _item(item: TracedItem) -> TracedItemBody:
    return TracedItemBody(
        dataset_id=item.dataset_id,
        slug=item.slug,
        title=item.title.as_map(),
        provider=item.provider.as_map(),
        signed=dict(item.terms),
        decision=_decision(item.decision),
        agreement=agreement_body(item.agreement) if item.agreement else None,
        version_id=item.version.id,
        version_number=item.version.number,
        version_digest=item.version.digest,
        report_id=item.version.report_id,
        upload_id=item.version.upload_id,
        file_name=item.file_name,
        blob_sha256=item.blob_sha256,
        uploaded_at=item.uploaded_at,
        uploaded_by=_person(item.uploaded_by),
    )


def _place(told: LogPlace) -> PlaceBody:
    return PlaceBody(
        leaf_index=told.leaf_index,
        tree_size=told.tree_size,
        root_hash=told.root_hash,
        head_at=told.head_at,
        path=list(told.path),
    )


def _person(told: Person) -> PersonBody:
    return PersonBody(
        user_id=told.user_id,
        organization=told.organization.as_map() if told.organization else None,
        name=told.name,
    )


def _graph(told: LineageGraph) -> GraphBody:
    return GraphBody(
        roots=list(told.roots),
        nodes=[
            NodeBody(id=node.id, kind=node.kind.value, label=node.label, facts=dict(node.facts))
            for node in told.nodes
        ],
        edges=[EdgeBody(source=edge.source, target=edge.target, by=edge.by) for edge in told.edges],
        is_cut=told.is_cut,
    )


def _freeze(told: Freeze) -> FreezeBody:
    return FreezeBody(**{name: getattr(told, name) for name in FreezeBody.model_fields})
