"""Reserve before a question is run, and settle with its receipt when the result is complete.

Source: exchange design, reserve, deliver, settle; X118-X124.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from catalog.audience import sees_dataset
from catalog.errors import VersionNotFound
from catalog.find import held_version
from exchange import settle
from exchange.access import Access, Target, decide_access
from exchange.allow import Allowed, Parts, caller_of, refusal_of, rows_at_most
from exchange.budgets import lock_budgets
from exchange.credit import Transfer
from exchange.delivery import (
    Delivered,
    SqlQuestion,
)
from exchange.errors import (
    CapReached,
    DataChanged,
    FairUseSpent,
    InsufficientCredits,
    KeyCapReached,
    NoOrganization,
    ResultGone,
)
from exchange.fair_use import limits_of, reset_s
from exchange.months import ceilings_of, months_until
from exchange.price import rows_covered
from exchange.receipt import StoredReceipt
from exchange.result_files import (
    remove_result,
)
from exchange.store import fair_use
from exchange.store import receipts as store
from exchange.write_receipt import Delivery, Outcome, write_receipt
from policies import once
from policies.calendar import china_day
from policies.canonical import fingerprint_of
from policies.database import Tx
from policies.errors import Refusal, TokenSpent
from policies.identity.clients import client_with_id, count_spent, spent_today
from policies.identity.issue import count_use, has_left
from policies.party import Actor
from policies.terms import MicroCredits


@dataclass(frozen=True, slots=True)
class Reserved:
    """What is held for a question, and how many rows that pays for."""

    held: dict[int, Transfer]
    rows_max: int
    beyond: Refusal | None = None
    """What a larger result is refused with; None where the question itself sets the bound."""


def earlier_receipt(tx: Tx, allowed: Allowed, at: datetime) -> StoredReceipt | None:
    """The receipt of the same request, made before; None where this is the first.

    Raises: MalformedIdempotencyKey, IdempotencyKeyReused, RequestUnderWay, ResultGone.
    """
    ask = allowed.ask
    if ask.idempotency_key is not None:
        answer = once.begin(tx, caller_of(ask.by), ask.idempotency_key, request_sha256(allowed), at)
        if answer is None:
            return None
        receipt = store.get_receipt(tx, UUID(str(answer)))
        if receipt is None:
            raise ResultGone(str(answer))
        return receipt
    if isinstance(allowed.question, SqlQuestion) or ask.by.user_id is None:
        return None
    return store.receipt_of_question(
        tx,
        allowed.sha256,
        user_id=ask.by.user_id,
        consumer_id=ask.by.organization.id if ask.by.organization else None,
        at=at,
    )


def request_sha256(allowed: Allowed) -> str:
    """What the caller sent, whatever the data was at the time: a later version changes nothing."""
    return fingerprint_of(
        {
            "question": allowed.question.as_plain(),
            "names": [access.target.name for access in allowed.accesses],
            "purpose": allowed.ask.purpose.value if allowed.ask.purpose else None,
        }
    )


def count_fair_use(tx: Tx, allowed: Allowed, at: datetime) -> None:
    """Count a query or file of open data against the caller's day.

    Raises: FairUseSpent.
    """
    if any(access.is_public for access in allowed.accesses):
        deliveries, rows = fair_use.count_delivery(tx, caller_of(allowed.ask.by), china_day(at))
        limits = limits_of(allowed.ask.by)
        if deliveries > limits.deliveries or rows > limits.rows:
            raise FairUseSpent(limits.name, limits.deliveries, limits.rows, reset_s(at))


def reserve(
    tx: Tx, allowed: Allowed, *, size_at_most: int, life: timedelta, at: datetime
) -> Reserved:
    """Hold the highest possible charge of a result of at most `size_at_most` bytes.

    The rows of a page or file are known. Those of a query often are not; then what is there is
    held, up to the bound of a query, and pays for so many rows and no more.

    Raises: NoOrganization, InsufficientCredits, CapReached, KeyCapReached, TokenSpent.
    """
    rows = rows_at_most(allowed)
    check_token_left(tx, allowed.ask.by)
    if not allowed.prices:
        return Reserved({}, rows)
    payer = allowed.ask.by.organization
    if payer is None:
        raise NoOrganization
    budget = lock_budgets(tx, [payer.id], at).get(payer.id)
    balance = settle.balance_of(tx, payer.id)
    key_cap, key_left = cap_left(tx, allowed.ask.by, at)
    month_left = budget.left(balance.held) if budget else None
    lefts = [one for one in (key_left, month_left) if one is not None]
    funds = min([balance.available, *lefts])
    months = months_until(tx, allowed.accesses, at, life)
    ceilings = ceilings_of(allowed.accesses, months, size_at_most)
    covered = rows_covered(lambda count: sum(ceilings(count)), funds, rows_at_most=rows)
    is_known = not isinstance(allowed.question, SqlQuestion)
    beyond: Refusal | None = None
    if covered is None or covered < rows:
        needed = rows if is_known else min(1, rows) if covered is None else covered + 1
        cost = sum(ceilings(needed))
        if key_cap is not None and key_left is not None and key_left == funds < balance.available:
            beyond = KeyCapReached(key_cap, funds)
        elif budget is not None and month_left == funds < cost <= balance.available:
            beyond = CapReached(budget.cap, budget.spent + balance.held, cost)
        else:
            beyond = InsufficientCredits(cost, balance.available)
    if beyond is not None and (covered is None or is_known):
        raise beyond
    assert covered is not None, "refused otherwise"
    holds = {
        place: settle.Hold(
            access.target.dataset.publisher_id,
            amount,
            f"{allowed.question.action} {access.target.dataset.slug}",
        )
        for place, (access, amount) in enumerate(
            zip(allowed.accesses, ceilings(covered), strict=True)
        )
        if amount
    }
    held = settle.reserve(tx, payer.id, list(holds.values()), life=life, at=at)
    return Reserved(dict(zip(holds, held, strict=True)), covered, beyond)


def settle_delivery(
    parts: Parts, allowed: Allowed, reserved: Reserved, outcome: Outcome
) -> Delivered:
    """Ask once more, then write receipt, decisions, charges and event, all or nothing.

    Raises: AccessDenied, DataChanged, AlreadyResolved, FreeUnitsSpent, RequestUnderWay.
    """
    ask, at = allowed.ask, parts.now()
    with parts.pool.connection() as tx:
        accesses = ask_again(tx, allowed, at)
        refusal = refusal_of(tx, accesses, ask.by, at)
        if refusal is None:
            delivery = Delivery(
                ask.by, allowed.question.action, ask.purpose, allowed.sha256, reserved.held
            )
            receipt = write_receipt(tx, parts.keys, delivery, accesses, outcome, at=at)
            count_against_token(tx, ask.by, outcome, receipt.charge, at)
            if any(access.is_public for access in accesses):
                fair_use.count_rows(tx, caller_of(ask.by), china_day(at), outcome.row_count)
            if ask.idempotency_key is not None:
                once.remember(tx, caller_of(ask.by), ask.idempotency_key, str(receipt.id))
    if refusal is not None:
        raise refusal
    return Delivered(
        path=parts.results / outcome.file_name,
        media_type=outcome.media_type,
        row_count=outcome.row_count,
        size_bytes=outcome.size_bytes,
        sha256=outcome.sha256,
        charge=receipt.charge,
        receipt_id=receipt.id,
        is_replay=False,
        is_open=all(access.is_public for access in accesses),
    )


def check_token_left(tx: Tx, by: Actor) -> None:
    """See that the token shown has something left of what it counts down.

    Raises: TokenSpent.
    """
    if by.warrant is None or not by.warrant.is_limited or by.token_id is None:
        return
    if not has_left(tx, UUID(by.token_id)):
        raise TokenSpent


def cap_left(tx: Tx, by: Actor, at: datetime) -> tuple[MicroCredits | None, MicroCredits | None]:
    """The daily cap of the key that the token was drawn with, and what is left of it today."""
    if by.warrant is None or not by.warrant.has_cap or by.warrant.client_id is None:
        return None, None
    cap = client_with_id(tx, by.warrant.client_id).daily_cap
    assert cap is not None, "the token said that there is one"
    return cap, MicroCredits(max(0, cap - spent_today(tx, by.warrant.client_id, at)))


def is_counted(by: Actor) -> bool:
    """Whether what is delivered counts against the token shown, or the key that drew it."""
    return by.warrant is not None and (by.warrant.is_limited or by.warrant.client_id is not None)


def count_against_token(
    tx: Tx, by: Actor, outcome: Outcome, charged: MicroCredits, at: datetime
) -> None:
    """Count a delivery against the token shown and the key that it was drawn with.

    Raises: TokenSpent, KeyCapReached; then nothing of the delivery stands.
    """
    if by.warrant is None:
        return
    if by.warrant.is_limited and by.token_id is not None:
        count_use(tx, UUID(by.token_id), rows=outcome.row_count, size_bytes=outcome.size_bytes)
    if by.warrant.client_id is None or not charged:
        return
    spent = count_spent(tx, by.warrant.client_id, charged, at)
    cap = client_with_id(tx, by.warrant.client_id).daily_cap
    if cap is not None and spent > cap:
        raise KeyCapReached(cap, max(0, cap - (spent - charged)))


def ask_again(tx: Tx, allowed: Allowed, at: datetime) -> list[Access]:
    """Decide anew about what was read, with its agreements held still.

    A freeze, an end or a withdrawal that came while the question ran wins.

    Raises: DataChanged where another way to the data was taken than the one that was reserved for.
    """
    store.lock_agreements(
        tx, {access.agreement.id for access in allowed.accesses if access.agreement}
    )
    again = []
    for access in allowed.accesses:
        target = _target_now(tx, access.target, allowed.ask.by)
        now = decide_access(
            tx,
            target,
            allowed.question.action,
            purpose=allowed.ask.purpose,
            by=allowed.ask.by,
            at=at,
        )
        if now.decision.is_allowed and not _is_same_way(access, now):
            raise DataChanged
        again.append(now)
    return again


def _target_now(tx: Tx, target: Target, by: Actor) -> Target:
    """The same version as its record stands now.

    Raises: DataChanged.
    """
    try:
        stored = held_version(tx, target.version.id)
    except VersionNotFound:
        raise DataChanged from None
    if not sees_dataset(by, stored.dataset) or not stored.version.is_left:
        raise DataChanged
    return replace(target, stored=stored)


def _is_same_way(before: Access, now: Access) -> bool:
    return (before.listing.id if before.listing else None) == (
        now.listing.id if now.listing else None
    ) and (before.agreement.id if before.agreement else None) == (
        now.agreement.id if now.agreement else None
    )


@contextmanager
def undone_unless_settled(
    parts: Parts, allowed: Allowed, reserved: Reserved, path: Path
) -> Iterator[None]:
    """Give back what is held, free the key and remove the file, whatever ends the block early."""
    is_settled = False
    try:
        yield
        is_settled = True
    finally:
        if not is_settled:
            remove_result(path)
            _give_back(parts, allowed, reserved)


def _give_back(parts: Parts, allowed: Allowed, reserved: Reserved) -> None:
    key = allowed.ask.idempotency_key
    with parts.pool.connection() as tx:
        if reserved.held:
            settle.release(tx, list(reserved.held.values()), reason="not delivered", at=parts.now())
        if key is not None:
            once.give_up(tx, caller_of(allowed.ask.by), key)
