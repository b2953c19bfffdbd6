"""Look whether what must always hold in the exchange still does; `weir doctor` asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from exchange.store import invariants as store
from policies.database import Tx
from policies.errors import N_

Rule = tuple[str, Callable[[Tx], list[str]]]

RULES: tuple[Rule, ...] = (
    (N_("Every account adds up to its transfers"), store.accounts_that_do_not_add_up),
    (N_("All debits of an asset equal all its credits"), store.assets_out_of_balance),
    (N_("No account is below its floor"), store.accounts_below_their_floor),
    (N_("Every hold was resolved at most once, within what it held"), store.holds_resolved_wrongly),
    (N_("Every charge has its receipt, of the same amount"), store.charges_without_receipt),
    (N_("Every receipt has a decision that names its rules"), store.receipts_without_decision),
    (N_("What agreements used of a month is what receipts say"), store.months_counted_wrongly),
    (N_("What is spent of monthly budgets is what receipts say"), store.budgets_counted_wrongly),
    (N_("Sharing and opening moved no credits"), store.free_regimes_that_cost),
    (N_("No core data is offered to the public or for money"), store.core_data_on_offer),
)


def examine(tx: Tx) -> Iterator[tuple[str, list[str]]]:
    """Each rule in words with the rows that break it; an empty list where it holds."""
    for words, broken in RULES:
        yield words, broken(tx)
    yield N_("Every receipt is the one that was signed"), _altered_receipts(tx)


def _altered_receipts(tx: Tx) -> list[str]:
    return [
        receipt_id
        for receipt_id, body, recorded in store.receipt_bodies(tx)
        if sha256(body.encode()).hexdigest() != recorded
    ]
