"""Hand out again what was delivered before, free of charge while it is kept and allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from catalog.audience import sees_dataset
from catalog.errors import FileDamaged, VersionNotFound
from catalog.find import stored_version
from catalog.pinned import refuse_what_ended
from exchange.access import Access, Target, decide_access, record_refusal
from exchange.allow import Ask, Parts
from exchange.delivery import (
    Delivered,
)
from exchange.errors import (
    AccessDenied,
    ResultGone,
)
from exchange.receipt import DeliveryRegime, StoredReceipt
from exchange.store import receipts as store
from policies.access import Action
from policies.database import Tx
from policies.identity.authenticate import is_reader_live
from policies.party import Actor
from policies.terms import VersionId


def read_again(parts: Parts, receipt_id: UUID, ask: Ask) -> Delivered:
    """The result of one's own earlier delivery, free of charge while it is kept and still allowed.

    Raises: ResultGone, AccessDenied.
    """
    at = parts.now()
    with parts.pool.connection() as tx:
        receipt = store.get_receipt(tx, receipt_id)
        if receipt is None or not _is_own(receipt, ask.by):
            raise ResultGone(str(receipt_id))
        refusal = _no_longer_allowed(tx, receipt, ask, at)
        if refusal is None:
            return handed_out(parts, tx, receipt, at)
    raise refusal


def is_still_allowed(parts: Parts, receipt_id: UUID, ask: Ask) -> bool:
    """Whether what was delivered may go on being read at this moment; nothing is written down.

    Asked while a file is on its way, so that a revoked token, an ended agreement or a freeze stops
    it. That a token's time runs out stops nothing that began in time.
    """
    at = parts.now()
    with parts.pool.connection() as tx:
        receipt = store.get_receipt(tx, receipt_id)
        if receipt is None or not is_reader_live(tx, ask.by, at):
            return False
        try:
            return all(
                _access(tx, receipt, target, ask, at).decision.is_allowed
                for target in _targets_of(tx, receipt, ask.by)
            )
        except ResultGone:
            return False


def handed_out(parts: Parts, tx: Tx, receipt: StoredReceipt, at: datetime) -> Delivered:
    """What was delivered before, again.

    Raises: ResultGone.
    """
    result = store.get_result(tx, receipt.id, at)
    if result is None:
        raise ResultGone(str(receipt.id))
    with suppress(FileDamaged):
        parts.folders.storage.bring(parts.results / result.path, receipt.result_sha256)
    if not (parts.results / result.path).is_file():
        raise ResultGone(str(receipt.id))
    return Delivered(
        path=parts.results / result.path,
        media_type=result.media_type,
        row_count=receipt.row_count,
        size_bytes=receipt.size_bytes,
        sha256=receipt.result_sha256,
        charge=receipt.charge,
        receipt_id=receipt.id,
        is_replay=True,
        is_open=_is_open(receipt),
    )


def _is_open(receipt: StoredReceipt) -> bool:
    """Whether all of it is anybody's."""
    return all(
        item["regime"] == DeliveryRegime.OPEN and item["agreement_id"] is None
        for item in json.loads(receipt.body)["items"]
    )


def _is_own(receipt: StoredReceipt, by: Actor) -> bool:
    if by.user_id is None or receipt.user_id is None:
        return False
    return receipt.user_id == by.user_id or (
        by.organization is not None and receipt.consumer_id == by.organization.id
    )


def _no_longer_allowed(
    tx: Tx, receipt: StoredReceipt, ask: Ask, at: datetime
) -> AccessDenied | None:
    """The refusal that stands against reading a result again; None where nothing does."""
    for target in _targets_of(tx, receipt, ask.by):
        access = _access(tx, receipt, target, ask, at)
        if not access.decision.is_allowed:
            return record_refusal(tx, access, by=ask.by, at=at)
    return None


def _access(tx: Tx, receipt: StoredReceipt, target: Target, ask: Ask, at: datetime) -> Access:
    return decide_access(tx, target, Action(receipt.action), purpose=ask.purpose, by=ask.by, at=at)


def _targets_of(tx: Tx, receipt: StoredReceipt, by: Actor) -> Iterator[Target]:
    """The versions that a receipt covers, as they stand now.

    Raises: ResultGone where the record of one no longer exists for the caller; VersionWithdrawn,
    VersionRemoved.
    """
    for item in json.loads(receipt.body)["items"]:
        try:
            stored = stored_version(tx, VersionId(UUID(item["version_id"])))
        except VersionNotFound:
            raise ResultGone(str(receipt.id)) from None
        if not sees_dataset(by, stored.dataset):
            raise ResultGone(str(receipt.id))
        refuse_what_ended(tx, stored.version)
        yield Target(stored.dataset.slug, stored)
