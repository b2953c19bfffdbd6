"""Receipts, charges and events of many deliveries in one transaction.

Each result is there already and not handed out yet. The transaction holds the agreements, chains
and accounts in one order, asks whether what was allowed still stands, lets through in turn whom the
funds cover, and writes one statement for each kind of row. What one delivery is refused for does
not touch the others. Here is what needs no hold while it runs: pages, whose price is known
once they are read, and what costs nothing.

Source: exchange design, reserve, deliver, settle; X118-X124; performance notes, metering.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from exchange.access import Access
from exchange.allow import Allowed, Parts, Posting, caller_of, refusal_of
from exchange.budget import Budget
from exchange.budgets import count_spent, lock_budgets
from exchange.credit import QUERY_RESERVATION_LIFE, Account, AccountKind, Asset, TransferKind
from exchange.delivery import Delivered, SqlQuestion
from exchange.errors import CapReached, InsufficientCredits, KeyCapReached, NoOrganization
from exchange.ids import ids_at
from exchange.meter import ask_again, count_against_token, earlier_receipt, is_counted
from exchange.months import Months, keep_months, months_of
from exchange.price import PriceModel, fee_of
from exchange.read_again import handed_out
from exchange.receipt import READABLE_FOR, Receipt, ReceiptItem
from exchange.store import fair_use, ledger
from exchange.store import group as store
from exchange.store import receipts as receipt_store
from exchange.write_receipt import (
    Delivery,
    Ids,
    charges_of,
    delivered_event,
    months_after,
    receipt_of,
)
from policies import once
from policies.calendar import china_day
from policies.database import Tx
from policies.errors import Refusal, TokenSpent
from policies.evidence.signing_key import KeyPurpose
from policies.freeze import frozen_targets
from policies.record import record_all
from policies.seal import Signer, sha256_hex
from policies.terms import AgreementId, MicroCredits, OrganizationId

_Owner = tuple[UUID | None, AccountKind]
_OPENED = (AccountKind.AVAILABLE, AccountKind.PAYABLE, AccountKind.FEE)


@dataclass(slots=True)
class _Entry:
    """One delivery on its way through the transaction."""

    posting: Posting
    accesses: Sequence[Access] = ()
    charges: tuple[MicroCredits, ...] = ()
    """What each access costs, once that is known."""
    months: Months = field(default_factory=dict)
    """What was used of the month before it, where a price counts it."""
    told: Delivered | Refusal | None = None
    """Known once it is refused, or was delivered before."""

    @property
    def allowed(self) -> Allowed:
        """What was asked and allowed."""
        return self.posting.allowed

    @property
    def access(self) -> Access:
        """Of the one dataset of a delivery that costs something."""
        (access,) = self.accesses
        return access

    @property
    def agreement_ids(self) -> set[AgreementId]:
        """The agreements that it relies on."""
        return {access.agreement.id for access in self.accesses if access.agreement}

    @property
    def cost(self) -> MicroCredits:
        """What it costs."""
        return MicroCredits(sum(self.charges))

    @property
    def is_priced(self) -> bool:
        """Whether it may cost something."""
        return any(access.price.model is not PriceModel.FREE for access in self.accesses)

    @property
    def has_payer(self) -> bool:
        """Whether somebody is there to pay."""
        return self.allowed.ask.by.organization is not None

    @property
    def payer_id(self) -> OrganizationId:
        """Who pays; asked only where something costs."""
        payer = self.allowed.ask.by.organization
        assert payer is not None, "refused before"
        return payer.id


@dataclass(slots=True)
class _Books:
    """The accounts of the group, held, and what of each can still be spent."""

    accounts: dict[_Owner, Account]
    left: dict[_Owner, int] = field(init=False)

    def __post_init__(self) -> None:
        self.left = {owner: account.available for owner, account in self.accounts.items()}

    def id_of(self, owner_id: UUID | None, kind: AccountKind) -> str:
        """The id of an account as text."""
        return str(self.accounts[owner_id, kind].id)


@dataclass(slots=True)
class _Spent:
    """What agreements and payers used of the month, while the group goes on."""

    months: Months
    budgets: Mapping[OrganizationId, Budget]
    spent: Counter[OrganizationId] = field(default_factory=Counter)


def names_of(posting: Posting) -> frozenset[object]:
    """What a delivery goes by: of two with a name in common, the second is answered by the receipt
    of the first.
    """
    ask = posting.allowed.ask
    caller = caller_of(ask.by)
    names: set[object] = {(caller, "question", posting.allowed.sha256)}
    if ask.idempotency_key is not None:
        names.add((caller, "key", ask.idempotency_key))
    return frozenset(names)


def post_deliveries(parts: Parts, postings: Sequence[Posting]) -> list[Delivered | Refusal]:
    """Write all that is due for these results; for each the delivery, or why there is none.

    Raises: SigningKeyAway.
    """
    at = parts.now()
    entries = [_Entry(posting) for posting in postings]
    with parts.pool.connection() as tx:
        _answer_earlier(tx, parts, entries, at)
        _ask_again(tx, parts, _open(entries), at)
        last = _lock_chains(tx, _open(entries))
        payers = {entry.payer_id for entry in _open(entries) if entry.is_priced and entry.has_payer}
        budgets = lock_budgets(tx, payers, at)
        books = _lock_books(tx, _open(entries), at)
        accesses = [access for entry in _open(entries) for access in entry.accesses]
        months = months_of(tx, accesses, at)
        so_far = _Spent(months, budgets)
        _let_through(tx, _open(entries), books, so_far, at)
        count_spent(tx, budgets, so_far.spent, at)
        keep_months(tx, {one: used for one, used in months.items() if used.deliveries}, at)
        _write(tx, parts, _open(entries), books, last, at)
        for entry in entries:
            key = entry.allowed.ask.idempotency_key
            if key is not None and isinstance(entry.told, Refusal):
                once.give_up(tx, caller_of(entry.allowed.ask.by), key)
    told = [entry.told for entry in entries if entry.told is not None]
    assert len(told) == len(entries), "each was refused or delivered"
    return told


def _open(entries: Sequence[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if entry.told is None]


def _answer_earlier(tx: Tx, parts: Parts, entries: Sequence[_Entry], at: datetime) -> None:
    """Hand out again what was delivered before; take the keys of the others."""
    plain: dict[tuple[str, UUID, UUID | None], _Entry] = {}
    for entry in entries:
        ask = entry.allowed.ask
        if ask.idempotency_key is not None:
            try:
                earlier = earlier_receipt(tx, entry.allowed, at)
                if earlier is not None:
                    entry.told = handed_out(parts, tx, earlier, at)
            except Refusal as refusal:
                entry.told = refusal
        elif ask.by.user_id is not None and not isinstance(entry.allowed.question, SqlQuestion):
            organization_id = ask.by.organization.id if ask.by.organization else None
            plain[entry.allowed.sha256, ask.by.user_id, organization_id] = entry
    for asked, earlier in store.receipts_of_questions(tx, list(plain), at).items():
        try:
            plain[asked].told = handed_out(parts, tx, earlier, at)
        except Refusal as refusal:
            plain[asked].told = refusal


def _ask_again(tx: Tx, parts: Parts, entries: Sequence[_Entry], at: datetime) -> None:
    """See that what was allowed still stands, with its agreements held still.

    What nothing was heard of and no freeze nor end touches stands as it was decided; anything else
    is decided anew.
    """
    accesses = [access for entry in entries for access in entry.allowed.accesses]
    in_force = store.lock_active_agreements(
        tx, {access.agreement.id for access in accesses if access.agreement}, at
    )
    named = {entry_id for entry in entries for entry_id in _freezable(entry)}
    frozen = frozen_targets(tx, named, at)
    for entry in entries:
        is_standing = (
            entry.allowed.changes == parts.pool.standing.changes
            and not frozen & _freezable(entry)
            and all(
                access.agreement is None or access.agreement.id in in_force
                for access in entry.allowed.accesses
            )
        )
        if is_standing:
            entry.accesses = entry.allowed.accesses
            continue
        try:
            entry.accesses = ask_again(tx, entry.allowed, at)
        except Refusal as refusal:
            entry.told = refusal
            continue
        entry.told = refusal_of(tx, entry.accesses, entry.allowed.ask.by, at)


def _freezable(entry: _Entry) -> frozenset[UUID]:
    """All whose freeze stops the delivery."""
    by = entry.allowed.ask.by
    ids: set[UUID] = {by.organization.id} if by.organization else set()
    for access in entry.allowed.accesses:
        ids |= {access.target.dataset.id, access.target.dataset.publisher_id}
        ids |= {access.listing.id} if access.listing else set()
        ids |= {access.agreement.id} if access.agreement else set()
    return frozenset(ids)


def _lock_chains(tx: Tx, entries: Sequence[_Entry]) -> dict[AgreementId, str]:
    """The hash of the last receipt of each agreement, held, as agreements are, before accounts."""
    agreement_ids = {one for entry in entries for one in entry.agreement_ids}
    return receipt_store.lock_chains(tx, agreement_ids) if agreement_ids else {}


def _lock_books(tx: Tx, entries: Sequence[_Entry], at: datetime) -> _Books:
    """Hold every account that the group moves; a provider's or the exchange's may be new."""
    owners: set[_Owner] = set()
    for entry in entries:
        if not entry.is_priced:
            continue
        if entry.allowed.ask.by.organization is None:
            entry.told = NoOrganization()
            continue
        owners |= {
            (entry.payer_id, AccountKind.AVAILABLE),
            (entry.access.target.dataset.publisher_id, AccountKind.PAYABLE),
            (None, AccountKind.FEE),
            *((part.organization_id, AccountKind.PAYABLE) for part in entry.access.price.parts),
        }
    if not owners:
        return _Books({})
    accounts = store.lock_accounts_of(tx, owners)
    if accounts:
        return _Books(accounts)
    # Opened in the order of every other delivery, before any is held: a new account is a lock too.
    missing = owners - store.owners_with_account(tx, owners)
    for owner_id, kind in sorted(missing, key=lambda owner: (_OPENED.index(owner[1]), owner[0])):
        organization_id = None if owner_id is None else OrganizationId(owner_id)
        ledger.ensure_account(tx, organization_id, kind, asset=Asset.CREDIT, at=at)
    return _Books(store.lock_accounts_of(tx, owners))


def _let_through(
    tx: Tx, entries: Sequence[_Entry], books: _Books, so_far: _Spent, at: datetime
) -> None:
    """Those whom the funds, the month's budget, their token and its key cover, as they came.

    What is spent `so_far` goes on with each.
    """
    months, spent = so_far.months, so_far.spent
    for entry in entries:
        outcome = entry.posting.outcome
        if not entry.is_priced:
            entry.told = _counted(tx, entry, MicroCredits(0), at)
            continue
        entry.months = dict(months)
        entry.charges = charges_of(entry.accesses, months, outcome)
        payer = (entry.payer_id, AccountKind.AVAILABLE)
        if books.left[payer] < entry.cost:
            entry.told = InsufficientCredits(entry.cost, max(books.left[payer], 0))
            continue
        budget = so_far.budgets.get(entry.payer_id)
        used = spent[entry.payer_id] + books.accounts[payer].debits_pending
        left = budget.left(used) if budget else None
        if budget is not None and left is not None and left < entry.cost:
            entry.told = CapReached(budget.cap, budget.spent + used, entry.cost)
            continue
        entry.told = _counted(tx, entry, MicroCredits(entry.cost), at)
        if entry.told is None:
            books.left[payer] -= entry.cost
            spent[entry.payer_id] += entry.cost
            months |= months_after(months, entry.accesses, outcome)


def _counted(tx: Tx, entry: _Entry, cost: MicroCredits, at: datetime) -> Refusal | None:
    """Count a delivery against its token and key; why it may not be where they are used up."""
    by = entry.allowed.ask.by
    if not is_counted(by):
        return None
    try:
        with tx.transaction():
            count_against_token(tx, by, entry.posting.outcome, cost, at)
    except (TokenSpent, KeyCapReached) as refusal:
        return refusal
    return None


def _write(
    tx: Tx,
    parts: Parts,
    entries: Sequence[_Entry],
    books: _Books,
    last: dict[AgreementId, str],
    at: datetime,
) -> None:
    """Write the rows of everybody who was let through, and say what was delivered."""
    if not entries:
        return
    signer = parts.keys.signer(tx, KeyPurpose.RECEIPT, at)
    receipts, bodies = _receipts(entries, last, at)
    written = [
        _Written(entry, receipt, body, sha256_hex(body))
        for entry, receipt, body in zip(entries, receipts, bodies, strict=True)
    ]
    # One statement after the other, without waiting for the database's word on each.
    with tx.pipeline():
        _insert(tx, written, signer, books, last, at)
        _count_fair_use(tx, entries, at)
    for one in written:
        one.entry.told = _delivered(tx, parts, one.entry, one.receipt, books)


@dataclass(frozen=True, slots=True)
class _Written:
    """A delivery and the receipt that is to be kept of it."""

    entry: _Entry
    receipt: Receipt
    body: bytes
    sha256: str


def _insert(
    tx: Tx,
    written: Sequence[_Written],
    signer: Signer,
    books: _Books,
    last: Mapping[AgreementId, str],
    at: datetime,
) -> None:
    store.insert_decisions(tx, _decision_rows(written))
    event_ids = record_all(
        tx,
        [
            delivered_event(
                one.receipt, one.entry.allowed.accesses, one.sha256, one.entry.allowed.ask.by
            )
            for one in written
        ],
    )
    store.insert_receipts(
        tx,
        [
            {
                **_receipt_row(one.receipt),
                "body": one.body.decode(),
                "body_sha256": one.sha256,
                "kid": signer.kid,
                "signature": signer.sign(one.body).hex(),
                "event_id": event_id,
            }
            for one, event_id in zip(written, event_ids, strict=True)
        ],
    )
    store.insert_items(
        tx, [_item_row(one.receipt, item) for one in written for item in one.receipt.items]
    )
    parts = [row for one in written for row in _part_rows(one.receipt)]
    if parts:
        store.insert_parts(tx, parts)
    transfers = [
        row for one in written for row in _transfer_rows(one.entry, one.receipt, books, at)
    ]
    if transfers:
        store.insert_transfers(tx, transfers)
    if last:
        store.advance_chains_to(tx, last)
    store.insert_results(
        tx,
        [
            {
                "receipt_id": str(one.receipt.id),
                "path": one.entry.posting.outcome.file_name,
                "media_type": one.entry.posting.outcome.media_type,
                "readable_until": (at + READABLE_FOR).isoformat(),
            }
            for one in written
        ],
    )


def _decision_rows(written: Sequence[_Written]) -> list[store.Row]:
    """The decisions of the receipts; a remembered one that many rest on is put into words once."""
    told: dict[tuple[int, int], store.Row] = {}
    rows: list[store.Row] = []
    for one in written:
        by = one.entry.allowed.ask.by
        for item, access in zip(one.receipt.items, one.entry.accesses, strict=True):
            name = (id(access.decision), id(by))
            if name not in told:
                told[name] = store.decision_row(access.decision, by)
            rows.append({**told[name], "id": str(item.decision_id)})
    return rows


def _count_fair_use(tx: Tx, entries: Sequence[_Entry], at: datetime) -> None:
    """Count what was taken of open data, once for each caller."""
    taken: Counter[str] = Counter()
    for entry in entries:
        if any(access.is_public for access in entry.accesses):
            taken[caller_of(entry.allowed.ask.by)] += entry.posting.outcome.row_count
    for caller in sorted(taken):
        fair_use.count_rows(tx, caller, china_day(at), taken[caller])


def _receipts(
    entries: Sequence[_Entry], last: dict[AgreementId, str], at: datetime
) -> tuple[list[Receipt], list[bytes]]:
    """The receipts with their bodies, each naming the one before it; `last` ends at the last."""
    receipts, bodies = [], []
    ids = iter(ids_at(at, sum(1 + 2 * len(entry.accesses) for entry in entries)))
    for entry in entries:
        own = Ids(
            next(ids),
            tuple(next(ids) for _ in entry.accesses),
            tuple(next(ids) if entry.cost else None for _ in entry.accesses),
        )
        ask, outcome = entry.allowed.ask, entry.posting.outcome
        delivery = Delivery(
            ask.by,
            entry.allowed.question.action,
            ask.purpose,
            entry.allowed.sha256,
            held={},
            months=entry.months,
        )
        receipt = receipt_of(delivery, entry.accesses, outcome, own, previous=last, at=at)
        body = receipt.body().encode()
        last |= dict.fromkeys(entry.agreement_ids, sha256_hex(body))
        receipts.append(receipt)
        bodies.append(body)
    return receipts, bodies


def _delivered(
    tx: Tx, parts: Parts, entry: _Entry, receipt: Receipt, books: _Books
) -> Delivered | Refusal:
    outcome, ask = entry.posting.outcome, entry.allowed.ask
    if ask.idempotency_key is not None:
        once.remember(tx, caller_of(ask.by), ask.idempotency_key, str(receipt.id))
    payer = ask.by.organization
    return Delivered(
        path=parts.results / outcome.file_name,
        media_type=outcome.media_type,
        row_count=outcome.row_count,
        size_bytes=outcome.size_bytes,
        sha256=outcome.sha256,
        charge=receipt.charge,
        receipt_id=receipt.id,
        is_replay=False,
        is_open=all(access.is_public for access in entry.accesses),
        data=entry.posting.data,
        funds=books.left.get((payer.id, AccountKind.AVAILABLE)) if payer else None,
    )


def _receipt_row(receipt: Receipt) -> dict[str, object]:
    return {
        "id": str(receipt.id),
        "created_at": receipt.created_at.isoformat(),
        "action": receipt.action.value,
        "user_id": _text(receipt.user_id),
        "consumer_id": _text(receipt.consumer_id),
        "row_count": receipt.row_count,
        "size_bytes": receipt.size_bytes,
        "question_sha256": receipt.question_sha256,
        "result_sha256": receipt.result_sha256,
        "charge_microcredits": receipt.charge,
    }


def _item_row(receipt: Receipt, item: ReceiptItem) -> dict[str, object]:
    return {
        "receipt_id": str(receipt.id),
        "decision_id": str(item.decision_id),
        "dataset_id": str(item.dataset_id),
        "version_id": str(item.version_id),
        "listing_id": _text(item.listing_id),
        "agreement_id": _text(item.agreement_id),
        "regime": item.regime.value,
        "charge_microcredits": item.charge,
        "fee_microcredits": item.fee,
    }


def _transfer_rows(
    entry: _Entry, receipt: Receipt, books: _Books, at: datetime
) -> list[Mapping[str, object]]:
    """The hold, its posting, and the exchange's part."""
    if not entry.cost:
        return []
    (item,) = receipt.items
    provider = books.id_of(entry.access.target.dataset.publisher_id, AccountKind.PAYABLE)
    shared = {
        "debit_account_id": books.id_of(entry.payer_id, AccountKind.AVAILABLE),
        "credit_account_id": provider,
        "amount": item.charge,
        "reason": f"{receipt.action} {entry.access.target.dataset.slug}",
        "created_at": at.isoformat(),
    }
    post_id, fee_id = ids_at(at, 2)
    rows: list[Mapping[str, object]] = [
        {
            **shared,
            "id": str(item.hold_id),
            "kind": TransferKind.PENDING.value,
            "expires_at": (at + QUERY_RESERVATION_LIFE).isoformat(),
        },
        {
            **shared,
            "id": str(post_id),
            "kind": TransferKind.POST.value,
            "pending_id": str(item.hold_id),
            "receipt_id": str(receipt.id),
        },
    ]
    fee = fee_of(entry.access.price, item.charge)
    if fee:
        rows.append(
            {
                "id": str(fee_id),
                "kind": TransferKind.DIRECT.value,
                "debit_account_id": provider,
                "credit_account_id": books.id_of(None, AccountKind.FEE),
                "amount": fee,
                "reason": "exchange fee",
                "receipt_id": str(receipt.id),
                "created_at": at.isoformat(),
            }
        )
    for part, part_id in zip(item.parts, ids_at(at, len(item.parts)), strict=True):
        if part.amount:
            rows.append(
                {
                    "id": str(part_id),
                    "kind": TransferKind.DIRECT.value,
                    "debit_account_id": provider,
                    "credit_account_id": books.id_of(part.organization_id, AccountKind.PAYABLE),
                    "amount": part.amount,
                    "reason": f"{part.role} part",
                    "receipt_id": str(receipt.id),
                    "created_at": at.isoformat(),
                }
            )
    return rows


def _part_rows(receipt: Receipt) -> list[store.Row]:
    return [
        {
            "receipt_id": str(receipt.id),
            "dataset_id": str(item.dataset_id),
            **part.as_json(),
        }
        for item in receipt.items
        for part in item.parts
        if part.amount
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(value)
