"""Follow data: from a receipt back to the bytes and people it came from, and along the graph.

Everybody sees what concerns them: consumers and providers their own receipts, the public the
records that are public anyway. Supervisors see all of it, and each of their looks is itself
recorded. Names of people are for the regulator alone; others see the organisation.

Source: exchange design, trace; 上海市数据条例 art. 54 (traceable).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from catalog.find import stored_version
from catalog.version import Version
from exchange.credit import Transfer
from exchange.decision import StoredDecision
from exchange.errors import NothingToTrace, ReceiptNotFound
from exchange.lineage import (
    AssetKind,
    LineageEdge,
    LineageGraph,
    LineageNode,
    walk,
    without_hidden,
)
from exchange.receipt import StoredReceipt
from exchange.store import decisions as decision_store
from exchange.store import ledger
from exchange.store import lineage as store
from exchange.store import receipts as receipt_store
from exchange.store.lineage import Described
from policies.agree import get_agreement
from policies.agreement import Agreement
from policies.canonical import Plain
from policies.database import Tx
from policies.errors import LogNotSigned, UserNotFound
from policies.events import Event, EventKind
from policies.history import edges_from, edges_into
from policies.identity.people import organization_with_id, user_with_id
from policies.log import inclusion_proof_of_leaf, latest_head, leaf_of_event
from policies.party import Actor, Organization, Role
from policies.record import record
from policies.roles import can_supervise, is_member_of
from policies.terms import DatasetId, OrganizationId, Text, UserId, VersionId


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who acted: always the organisation, the name for the regulator alone."""

    user_id: UUID | None
    organization: Text | None
    """None where the person acted for none."""
    name: str | None
    """None where the reader may not know it."""


@dataclass(frozen=True, slots=True)
class TracedItem:
    """One dataset of a receipt, back to the bytes that arrived."""

    dataset_id: UUID
    slug: str
    title: Text
    provider: Text
    terms: Mapping[str, Plain]
    """The item as it was signed: regime, price, units, charge, hashes."""
    decision: StoredDecision
    agreement: Agreement | None
    """None where none was needed."""
    version: Version
    file_name: str
    """Of the upload that the version was read from."""
    blob_sha256: str
    uploaded_at: datetime
    uploaded_by: Person


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the delivery stands in the signed log."""

    leaf_index: int
    tree_size: int
    root_hash: str
    head_at: datetime
    path: tuple[str, ...]
    """Hashes of the inclusion proof, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything behind one receipt."""

    receipt: StoredReceipt
    consumer: Text | None
    """None: somebody who acted for no organisation."""
    asked_by: Person
    items: tuple[TracedItem, ...]
    transfers: tuple[Transfer, ...]
    """What the ledger moved for it, holds included, oldest first."""
    place: LogPlace | None
    """None until the next head is signed, within a minute."""


def trace_receipt(tx: Tx, receipt_id: UUID, *, by: Actor, at: datetime) -> Trace:
    """Everything behind a receipt; a supervisor's look is recorded.

    Raises: ReceiptNotFound.
    """
    receipt = get_receipt(tx, receipt_id, by=by)
    record_look(tx, "receipt", receipt_id, by=by, at=at)
    body = json.loads(receipt.body)
    posted = ledger.transfers_of_receipt(tx, receipt_id)
    held = ledger.transfers(tx, [moved.pending_id for moved in posted if moved.pending_id])
    consumer = _organization(tx, receipt.consumer_id)
    return Trace(
        receipt=receipt,
        consumer=consumer.title if consumer else None,
        asked_by=_person(tx, receipt.user_id, receipt.consumer_id, by),
        items=tuple(_item(tx, item, by) for item in body["items"]),
        transfers=tuple(sorted([*held, *posted], key=lambda moved: moved.id)),
        place=_place(tx, receipt),
    )


def get_receipt(tx: Tx, receipt_id: UUID, *, by: Actor) -> StoredReceipt:
    """A receipt, for its consumer, the providers of its data, and supervisors.

    Raises: ReceiptNotFound.
    """
    receipt = receipt_store.get_receipt(tx, receipt_id)
    if receipt is None or not _sees_receipt(tx, receipt, by):
        raise ReceiptNotFound(str(receipt_id))
    return receipt


def receipts_of_file(tx: Tx, sha256: str, *, by: Actor) -> list[StoredReceipt]:
    """The receipts of just these bytes that a reader may see, the newest first."""
    return [
        receipt
        for receipt in receipt_store.receipts_of_result(tx, sha256)
        if _sees_receipt(tx, receipt, by)
    ]


def own_receipts(tx: Tx, *, before: datetime, limit: int, by: Actor) -> list[StoredReceipt]:
    """What was delivered to the caller's organisation, else to the caller, newest first."""
    if by.organization is not None and is_member_of(by, by.organization.id):
        return receipt_store.receipts_of_consumers(
            tx, [by.organization.id], before=before, limit=limit
        )
    if by.user_id is None:
        return []
    return receipt_store.receipts_of_user(tx, by.user_id, before=before, limit=limit)


def receipts_of_dataset(
    tx: Tx, dataset_id: DatasetId, *, before: datetime, limit: int, by: Actor, at: datetime
) -> list[StoredReceipt]:
    """Every delivery of a dataset, for its provider and for supervisors, whose look is recorded."""
    described = store.datasets(tx, [dataset_id])
    if not described or not (can_supervise(by) or is_member_of(by, _provider_id(described[0]))):
        raise NothingToTrace(f"{AssetKind.DATASET}:{dataset_id}")
    record_look(tx, "receipts of dataset", dataset_id, by=by, at=at)
    return receipt_store.receipts_of_dataset(tx, dataset_id, before=before, limit=limit)


def lineage_of(tx: Tx, asset: str, *, depth: int = 5, by: Actor, at: datetime) -> LineageGraph:
    """The graph around a dataset, version, upload, report, receipt or blob, as `by` may see it.

    Raises: NothingToTrace where there is no such thing for `by`.
    """
    roots, own = _roots(tx, asset)
    edges, is_cut = walk(
        roots,
        into=lambda names: [*_edges_into(tx, names), *(e for e in own if e.target in names)],
        out_of=lambda names: _edges_from(tx, names),
        depth=depth,
    )
    visible = _visible(tx, {asset, *(end for e in edges for end in (e.source, e.target))}, by)
    if asset not in visible:
        raise NothingToTrace(asset)
    record_look(tx, "lineage", None, by=by, at=at, asset=asset)
    kept = [edge for edge in edges if edge.source in visible and edge.target in visible]
    nodes = without_hidden(kept, visible, [asset])
    return LineageGraph((asset,), nodes, tuple(kept), is_cut)


def record_look(
    tx: Tx, what: str, subject_id: UUID | None, *, by: Actor, at: datetime, asset: str = ""
) -> None:
    """Record that a supervisor looked; others look at what is theirs, which nobody records."""
    if not can_supervise(by):
        return
    record(
        tx,
        Event(
            kind=EventKind.AUDIT_VIEWED,
            at=at,
            actor=by,
            subject_id=subject_id,
            facts={"what": what, "asset": asset},
        ),
    )


def _item(tx: Tx, item: Mapping[str, Plain], by: Actor) -> TracedItem:
    stored = stored_version(tx, VersionId(UUID(str(item["version_id"]))))
    decision = decision_store.get_decision(tx, UUID(str(item["decision_id"])))
    assert decision is not None, "a foreign key says so"
    agreement_id = item["agreement_id"]
    upload_id = stored.version.upload_id
    # A table fed in steps comes of no file.
    (upload,) = (None,) if upload_id is None else store.uploads(tx, [upload_id])
    provider = _organization(tx, stored.dataset.publisher_id)
    assert provider is not None, "a foreign key says so"
    return TracedItem(
        dataset_id=stored.dataset.id,
        slug=stored.dataset.slug,
        title=stored.dataset.entry.title,
        provider=provider.title,
        terms=item,
        decision=decision,
        agreement=get_agreement(tx, UUID(str(agreement_id))) if agreement_id else None,
        version=stored.version,
        file_name="" if upload is None else upload.label,
        blob_sha256="" if upload is None else upload.detail,
        uploaded_at=stored.version.created_at if upload is None else upload.at,
        uploaded_by=_person(
            tx,
            None if upload is None else upload.by_user_id,
            stored.dataset.publisher_id if upload is None else upload.by_organization_id,
            by,
        ),
    )


def _place(tx: Tx, receipt: StoredReceipt) -> LogPlace | None:
    """The delivery's place in the newest signed tree; None where it is too young for it."""
    leaf = leaf_of_event(tx, receipt.event_id)
    try:
        signed = latest_head(tx)
    except LogNotSigned:
        return None
    if leaf is None or leaf.leaf_index >= signed.head.tree_size:
        return None
    proof = inclusion_proof_of_leaf(tx, leaf.leaf_index, signed.head.tree_size)
    return LogPlace(
        leaf_index=leaf.leaf_index,
        tree_size=signed.head.tree_size,
        root_hash=signed.head.root_hash.hex(),
        head_at=signed.head.timestamp,
        path=tuple(hashed.hex() for hashed in proof.hashes),
    )


def _person(tx: Tx, user_id: UUID | None, organization_id: UUID | None, by: Actor) -> Person:
    organization = _organization(tx, organization_id)
    return Person(
        user_id=user_id,
        organization=organization.title if organization else None,
        name=_name(tx, user_id, by),
    )


def _name(tx: Tx, user_id: UUID | None, by: Actor) -> str | None:
    """The person's name, for the regulator and for themselves."""
    if user_id is None or not (by.holds_anywhere(Role.REGULATOR) or by.user_id == user_id):
        return None
    try:
        return user_with_id(tx, UserId(user_id)).name
    except UserNotFound:
        return None


def _organization(tx: Tx, organization_id: UUID | None) -> Organization | None:
    return organization_with_id(tx, OrganizationId(organization_id)) if organization_id else None


def _sees_receipt(tx: Tx, receipt: StoredReceipt, by: Actor) -> bool:
    if can_supervise(by):
        return True
    if receipt.user_id is not None and receipt.user_id == by.user_id:
        return True
    if receipt.consumer_id and is_member_of(by, OrganizationId(receipt.consumer_id)):
        return True
    return any(
        is_member_of(by, provider_id)
        for provider_id in receipt_store.providers_of_receipt(tx, receipt.id)
    )


def _roots(tx: Tx, asset: str) -> tuple[list[str], list[LineageEdge]]:
    """Where the walk begins; a dataset is walked through its versions, which make it up."""
    kind, _, name = asset.partition(":")
    if kind != AssetKind.DATASET:
        return [asset], []
    versions = store.versions_of_dataset(tx, _uuid(name, asset))
    return [asset, *(edge.source for edge in versions)], versions


def _edges_into(tx: Tx, names: Sequence[str]) -> list[LineageEdge]:
    return [LineageEdge(edge.source, edge.target, edge.by) for edge in edges_into(tx, names)]


def _edges_from(tx: Tx, names: Sequence[str]) -> list[LineageEdge]:
    return [LineageEdge(edge.source, edge.target, edge.by) for edge in edges_from(tx, names)]


def _visible(tx: Tx, names: set[str], by: Actor) -> dict[str, LineageNode]:
    """The nodes that exist for `by`, by name."""
    wanted: dict[AssetKind, list[str]] = {kind: [] for kind in AssetKind}
    for name in sorted(names):
        kind, _, rest = name.partition(":")
        if kind in AssetKind.__members__.values() and rest:
            wanted[AssetKind(kind)].append(rest)
    described = [
        *store.datasets(tx, _uuids(wanted[AssetKind.DATASET])),
        *store.versions(tx, _uuids(wanted[AssetKind.VERSION])),
        *store.uploads(tx, _uuids(wanted[AssetKind.UPLOAD])),
        *store.reports(tx, _uuids(wanted[AssetKind.REPORT])),
        *store.receipts(tx, _uuids(wanted[AssetKind.RECEIPT])),
        *store.blobs(tx, wanted[AssetKind.BLOB]),
    ]
    return {found.id: _node(tx, found, by) for found in described if _sees(found, by)}


def _sees(found: Described, by: Actor) -> bool:
    if found.is_public or can_supervise(by):
        return True
    return any(
        is_member_of(by, OrganizationId(organization_id))
        for organization_id in (found.provider_id, found.consumer_id)
        if organization_id is not None
    )


def _node(tx: Tx, found: Described, by: Actor) -> LineageNode:
    organization = _organization(tx, found.by_organization_id)
    facts: dict[str, Plain] = {
        "at": found.at.isoformat(),
        "dataset_id": str(found.dataset_id) if found.dataset_id else None,
        "detail": found.detail,
        "number": found.number,
        "organization": {**organization.title.as_map()} if organization else None,
        "person": _name(tx, found.by_user_id, by),
    }
    return LineageNode(found.id, AssetKind(found.id.split(":", 1)[0]), found.label, facts)


def _provider_id(found: Described) -> OrganizationId:
    assert found.provider_id is not None, "a dataset has a publisher"
    return OrganizationId(found.provider_id)


def _uuids(names: Sequence[str]) -> list[UUID]:
    """The ids among names; what is none names nothing."""
    found = []
    for name in names:
        try:
            found.append(UUID(name))
        except ValueError:
            continue
    return found


def _uuid(name: str, asset: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NothingToTrace(asset) from None
