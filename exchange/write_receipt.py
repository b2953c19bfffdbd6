"""Write the receipt of a delivery, with its decisions, charges and event, in one transaction.

Source: exchange design, reserve, deliver, settle, step 5; X123.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from catalog.result import ResultColumn
from exchange import settle
from exchange.access import Access
from exchange.budgets import count_spent, lock_budgets
from exchange.credit import Transfer
from exchange.errors import FreeUnitsSpent
from exchange.months import Months, count_in, keep_months, month_before, months_of
from exchange.price import Measure, charge, fee_of, parts_of, units_of
from exchange.receipt import READABLE_FOR, Receipt, ReceiptItem, ResultFile
from exchange.store import decisions as decision_store
from exchange.store import listings as listing_store
from exchange.store import receipts as store
from policies.access import Action
from policies.database import Tx
from policies.events import Edge, Event, EventKind
from policies.evidence.signing_key import KeyPurpose
from policies.party import Actor
from policies.record import record
from policies.seal import KeyRing, sha256_hex
from policies.terms import AgreementId, MicroCredits, Purpose


@dataclass(frozen=True, slots=True)
class Outcome:
    """A complete result, not handed out yet."""

    file_name: str
    """In the folder of results."""
    media_type: str
    columns: tuple[ResultColumn, ...]
    row_count: int
    size_bytes: int
    sha256: str

    @property
    def measure(self) -> Measure:
        """Its size, as prices count it."""
        return Measure(self.row_count, self.size_bytes)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was asked, by whom, and what is held for it."""

    by: Actor
    action: Action
    purpose: Purpose | None
    question_sha256: str
    held: Mapping[int, Transfer]
    """The hold of each access, by its place; none for what costs nothing."""
    months: Months = field(default_factory=dict)
    """What was used of the month before, where a price counts it."""


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of a receipt's rows; decisions and holds in the order of its accesses."""

    receipt: UUID
    decisions: tuple[UUID, ...]
    holds: tuple[UUID | None, ...]
    """None for what costs nothing."""


def write_receipt(
    tx: Tx,
    keys: KeyRing,
    delivery: Delivery,
    accesses: Sequence[Access],
    outcome: Outcome,
    *,
    at: datetime,
) -> Receipt:
    """Write the receipt and everything that stands or falls with it.

    The caller has locked the agreements and asked for each access once more.

    Raises: AlreadyResolved where a hold expired meanwhile; FreeUnitsSpent; SigningKeyAway.
    """
    agreement_ids = {access.agreement.id for access in accesses if access.agreement}
    previous = store.lock_chains(tx, agreement_ids) if agreement_ids else {}
    delivery = replace(delivery, months=months_of(tx, accesses, at))
    ids = Ids(
        listing_store.new_id(tx),
        tuple(
            decision_store.insert_decision(tx, access.decision, delivery.by) for access in accesses
        ),
        tuple(
            hold.id if (hold := delivery.held.get(place)) else None
            for place in range(len(accesses))
        ),
    )
    receipt = receipt_of(delivery, accesses, outcome, ids, previous=previous, at=at)
    _refuse_beyond_hold(receipt, delivery)
    body = receipt.body()
    body_sha256 = sha256_hex(body.encode())
    signer = keys.signer(tx, KeyPurpose.RECEIPT, at)
    event_id = record(tx, delivered_event(receipt, accesses, body_sha256, delivery.by))
    store.insert_receipt(
        tx,
        receipt,
        body,
        body_sha256,
        kid=signer.kid,
        signature=signer.sign(body.encode()),
        event_id=event_id,
    )
    store.insert_items(tx, receipt)
    store.insert_parts(tx, receipt)
    if agreement_ids:
        store.advance_chains(tx, agreement_ids, body_sha256)
    keep_months(tx, months_after(delivery.months, accesses, outcome), at)
    payer_id = receipt.consumer_id
    if payer_id is not None and receipt.charge:
        count_spent(tx, lock_budgets(tx, [payer_id], at), {payer_id: receipt.charge}, at)
    charges = [
        settle.Charge(delivery.held[place], item.charge, access.price)
        for place, (item, access) in enumerate(zip(receipt.items, accesses, strict=True))
        if place in delivery.held
    ]
    settle.settle(tx, receipt.id, charges, at=at)
    store.insert_result(
        tx, ResultFile(receipt.id, outcome.file_name, outcome.media_type, at + READABLE_FOR)
    )
    return receipt


def _refuse_beyond_hold(receipt: Receipt, delivery: Delivery) -> None:
    """Refuse a charge that nothing is held for: the free units went elsewhere meanwhile.

    Raises: FreeUnitsSpent.
    """
    for place, item in enumerate(receipt.items):
        held = delivery.held.get(place)
        if item.month is not None and item.charge > (held.amount if held else 0):
            raise FreeUnitsSpent


def receipt_of(
    delivery: Delivery,
    accesses: Sequence[Access],
    outcome: Outcome,
    ids: Ids,
    *,
    previous: Mapping[AgreementId, str],
    at: datetime,
) -> Receipt:
    """The receipt of a delivery; `previous` holds the last one of each agreement."""
    by, first = delivery.by, accesses[0].decision
    months, items = dict(delivery.months), []
    for access, decision_id, hold_id in zip(accesses, ids.decisions, ids.holds, strict=True):
        item = _item(access, outcome, previous, months, decision_id=decision_id, hold_id=hold_id)
        items.append(item)
        count_in(access, months, outcome.measure)
    return Receipt(
        id=ids.receipt,
        created_at=at,
        action=delivery.action,
        user_id=by.user_id,
        consumer_id=by.organization.id if by.organization else None,
        token_id=by.token_id,
        purpose=delivery.purpose or _agreed_purpose(accesses),
        question_sha256=delivery.question_sha256,
        columns=tuple(column.name for column in outcome.columns),
        row_count=outcome.row_count,
        size_bytes=outcome.size_bytes,
        media_type=outcome.media_type,
        result_sha256=outcome.sha256,
        profile_id=first.profile_id,
        profile_hash=first.profile_hash,
        policy_hash=first.policy_hash,
        items=tuple(items),
    )


def months_after(months: Months, accesses: Sequence[Access], outcome: Outcome) -> Months:
    """How far the months are used once the outcome is delivered."""
    used = dict(months)
    for access in accesses:
        count_in(access, used, outcome.measure)
    return used


def charges_of(
    accesses: Sequence[Access], months: Months, outcome: Outcome
) -> tuple[MicroCredits, ...]:
    """What the outcome costs by each access, in order."""
    used, charges = dict(months), []
    for access in accesses:
        units = units_of(access.price, outcome.measure)
        charges.append(charge(access.price, units, month_before(access, used)))
        count_in(access, used, outcome.measure)
    return tuple(charges)


def _item(
    access: Access,
    outcome: Outcome,
    previous: Mapping[AgreementId, str],
    months: Months,
    *,
    decision_id: UUID,
    hold_id: UUID | None,
) -> ReceiptItem:
    dataset, version, agreement = access.target.dataset, access.target.version, access.agreement
    units, used = units_of(access.price, outcome.measure), month_before(access, months)
    amount = charge(access.price, units, used)
    return ReceiptItem(
        dataset_id=dataset.id,
        version_id=version.id,
        version_digest=version.digest,
        provider_id=dataset.publisher_id,
        regime=access.regime,
        listing_id=access.listing.id if access.listing else None,
        agreement_id=agreement.id if agreement else None,
        terms_sha256=agreement.terms_sha256 if agreement else None,
        previous_sha256=previous.get(agreement.id) if agreement else None,
        view_fingerprint=access.view.fingerprint(),
        decision_id=decision_id,
        rule_ids=access.decision.rule_ids,
        report_id=version.report_id,
        price=access.price.as_json(),
        units=units,
        charge=amount,
        fee=fee_of(access.price, amount),
        hold_id=hold_id,
        month=used if access.price.counts_months else None,
        parts=parts_of(access.price, amount),
    )


def _agreed_purpose(accesses: Sequence[Access]) -> Purpose | None:
    """The purpose of the first agreement; None where none is relied on."""
    return next((access.agreement.purpose for access in accesses if access.agreement), None)


def delivered_event(
    receipt: Receipt, accesses: Sequence[Access], body_sha256: str, by: Actor
) -> Event:
    """What is logged of a delivery."""
    is_one = len(receipt.items) == 1
    masked = [sorted(access.view.changed_columns) for access in accesses]
    return Event(
        kind=EventKind.DATA_DELIVERED,
        at=receipt.created_at,
        actor=by,
        organization_id=receipt.consumer_id,
        dataset_id=receipt.items[0].dataset_id if is_one else None,
        subject_id=receipt.id,
        facts={
            "receipt_sha256": body_sha256,
            "action": receipt.action,
            "datasets": [str(item.dataset_id) for item in receipt.items],
            "regimes": [item.regime.value for item in receipt.items],
            "rows": receipt.row_count,
            "size_bytes": receipt.size_bytes,
            "result_sha256": receipt.result_sha256,
            "charge_microcredits": receipt.charge,
            **({"masked_columns": masked} if any(masked) else {}),
        },
        edges=tuple(
            Edge(
                f"version:{item.version_id}",
                f"receipt:{receipt.id}",
                "deliver_masked" if names else "deliver",
            )
            for item, names in zip(receipt.items, masked, strict=True)
        ),
    )
