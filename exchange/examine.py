"""Look whether what must always hold in the exchange still does; `weir doctor` asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Final
from uuid import UUID

from exchange.receipt import StoredReceipt
from exchange.store import examination
from exchange.store import invariants as store
from policies.database import Tx
from policies.errors import N_
from policies.evidence.ed25519 import is_signed
from policies.examine import receipt_keys

PAGE_RECEIPTS: Final = 2000
BREACHES_MAX: Final = 200
_BEFORE_ALL: Final = UUID(int=0)

Rule = tuple[str, Callable[[Tx], list[str]]]

RULES: tuple[Rule, ...] = (
    (N_("Every account adds up to its transfers"), store.accounts_that_do_not_add_up),
    (N_("All debits of an asset equal all its credits"), store.assets_out_of_balance),
    (N_("No account is below its floor"), store.accounts_below_their_floor),
    (N_("Every hold was resolved at most once, within what it held"), store.holds_resolved_wrongly),
    (N_("Every charge has its receipt, of the same amount"), store.charges_without_receipt),
    (N_("What others have of a charge is what its receipt says"), store.parts_paid_wrongly),
    (N_("What was given back two people decided, within the charge"), store.refunds_given_wrongly),
    (N_("Invoices have no gaps and come to what receipts say"), store.invoices_issued_wrongly),
    (N_("Money came in and went out by two people"), store.money_without_two_people),
    (N_("Every receipt has a decision that names its rules"), store.receipts_without_decision),
    (
        N_("Whatever is handed out has its receipt"),
        examination.handed_out_without_receipt,
    ),
    (
        N_("Nothing was shared or sold outside its agreement"),
        examination.delivered_beyond_agreement,
    ),
    (N_("Nothing was delivered while it was frozen"), examination.delivered_while_frozen),
    (N_("What agreements used of a month is what receipts say"), store.months_counted_wrongly),
    (N_("What is spent of monthly budgets is what receipts say"), store.budgets_counted_wrongly),
    (N_("Sharing and opening moved no credits"), store.free_regimes_that_cost),
    (N_("No core data is offered to the public or for money"), store.core_data_on_offer),
    (
        N_("Nothing on offer is graded below what it was made from"),
        examination.graded_below_inputs,
    ),
    (N_("Nobody decided alone what takes two people"), examination.decided_by_one_person),
    (N_("No seller or buyer assessed what is traded"), examination.assessed_by_a_side),
)


def examine(tx: Tx) -> Iterator[tuple[str, list[str]]]:
    """Each rule in words with the rows that break it; an empty list where it holds."""
    for words, broken in RULES:
        yield words, broken(tx)
    yield N_("Every receipt is the one that was signed"), _altered_receipts(tx)


def _altered_receipts(tx: Tx) -> list[str]:
    keys = receipt_keys(tx)
    altered: list[str] = []
    last = _BEFORE_ALL
    while page := examination.receipts(tx, last, limit=PAGE_RECEIPTS):
        altered += [
            str(receipt.id)
            for receipt, is_logged in page
            if not (is_logged and _is_as_signed(receipt, keys))
        ]
        last = page[-1][0].id
    return altered[:BREACHES_MAX]


def _is_as_signed(receipt: StoredReceipt, keys: Mapping[str, bytes]) -> bool:
    body = receipt.body.encode()
    key = keys.get(receipt.kid)
    return (
        sha256(body).hexdigest() == receipt.body_sha256
        and key is not None
        and is_signed(body, receipt.signature, key)
        and _says_the_same(receipt)
    )


def _says_the_same(receipt: StoredReceipt) -> bool:
    """Whether the columns, which bills and statistics read, repeat the signed text."""
    told = json.loads(receipt.body)
    return (
        told["id"],
        told["action"],
        told["user_id"],
        told["consumer_id"],
        told["row_count"],
        told["size_bytes"],
        told["result_sha256"],
        told["charge_microcredits"],
    ) == (
        str(receipt.id),
        receipt.action,
        str(receipt.user_id) if receipt.user_id else None,
        str(receipt.consumer_id) if receipt.consumer_id else None,
        receipt.row_count,
        receipt.size_bytes,
        receipt.result_sha256,
        receipt.charge,
    )
