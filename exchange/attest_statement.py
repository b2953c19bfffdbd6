"""Write a statement with its proofs, piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from exchange.errors import NoOrganization
from exchange.receipt import StoredReceipt
from exchange.statement_file import Sums
from exchange.store import receipts as store
from policies.database import Tx
from policies.evidence.bundle import SignedReceipt, statement_head_line, statement_line
from policies.evidence.signing_key import KeyPurpose
from policies.log import fresh_head
from policies.party import Actor
from policies.seal import KeyRing
from policies.terms import OrganizationId

RECEIPTS_AT_ONCE: Final = 1_000
_MOMENT: Final = timedelta(microseconds=1)
_FIRST: Final = UUID(int=0)


def statement_file(
    tx: Tx, keys: KeyRing, since: datetime, until: datetime, *, by: Actor, at: datetime
) -> Iterator[bytes]:
    """The lines of the statement of what the organisation of `by` took from `since` to `until`.

    A period that goes on ends with `at`.

    Raises: NoOrganization, SigningKeyAway.
    """
    owner = by.organization
    if owner is None:
        raise NoOrganization
    yield from statement_of(tx, keys, owner.id, since, until, at=at)


def statement_of(
    tx: Tx,
    keys: KeyRing,
    organization_id: OrganizationId,
    since: datetime,
    until: datetime,
    *,
    at: datetime,
) -> Iterator[bytes]:
    """The lines of one organisation's statement, whoever asks.

    Raises: SigningKeyAway.
    """
    end = min(until, at + _MOMENT)
    signer = keys.signer(tx, KeyPurpose.RECEIPT, at)
    yield statement_head_line(fresh_head(tx, keys, at), keys.public_keys(tx))
    sums = Sums()
    for receipt in receipts_between(tx, organization_id, since, end):
        fees = sum(item["fee_microcredits"] for item in json.loads(receipt.body)["items"])
        sums.add(receipt.body, receipt.charge, fees)
        yield statement_line("receipt", SignedReceipt(receipt.body, receipt.kid, receipt.signature))
    body = sums.body(str(organization_id), since, end)
    yield statement_line("statement", SignedReceipt(body, signer.kid, signer.sign(body.encode())))


def receipts_between(
    tx: Tx, organization_id: OrganizationId, since: datetime, until: datetime
) -> Iterator[StoredReceipt]:
    """Every receipt of what the organisation took in a period, oldest first."""
    after = (since, _FIRST)
    while receipts := store.receipts_of_consumer(
        tx, organization_id, since, until, after=after, limit=RECEIPTS_AT_ONCE
    ):
        yield from receipts
        after = (receipts[-1].created_at, receipts[-1].id)
