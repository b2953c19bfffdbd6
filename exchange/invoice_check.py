"""Hold invoices and credit notes to the receipts that they stand beside, offline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exchange.invoice import CREDIT_NOTE_BODY_FORMAT, INVOICE_BODY_FORMAT, InvoiceLine
from policies.errors import N_
from policies.evidence.bundle import BundledKey, SignedReceipt
from policies.evidence.signing_key import KeyPurpose
from policies.evidence.trust import is_signed_by
from policies.evidence.verification import Check, CheckName, failed, passed

_UNREADABLE: Final = (ValueError, KeyError, TypeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Recounted:
    """What the receipts of a file come to."""

    consumers: set[str]
    receipts: int
    receipts_sha256: str
    lines: Sequence[InvoiceLine]
    charges: Mapping[str, int]
    """By receipt."""


def invoices_check(
    keys: Mapping[str, BundledKey], invoices: Sequence[SignedReceipt], recounted: Recounted
) -> Check:
    """Whether the first is the signed invoice of these receipts, the others its credit notes.

    These take off no more of any receipt than it charged.
    """
    number = ""
    taken_off: Counter[str] = Counter()
    for place, signed in enumerate(invoices):
        try:
            told = json.loads(signed.body)
            is_right = (
                _says_what_receipts_say(told, recounted)
                if place == 0
                else _takes_off_within(told, number, taken_off, recounted)
            )
            number = number or str(told["number"])
        except _UNREADABLE:
            is_right = False
        if not is_right or not is_signed_by(
            keys, signed.kid, KeyPurpose.RECEIPT, signed.body, signed.signature
        ):
            message = N_("Invoice {number} is not what the receipts come to, or not signed.")
            return failed(CheckName.INVOICES, message, number=number or "?")
    message = N_(
        "Invoice {number} is what the receipts come to; {microcredits} micro-credits remain after "
        "{credit_notes} credit notes."
    )
    left = sum(line.charge for line in recounted.lines) - taken_off.total()
    return passed(
        CheckName.INVOICES,
        message,
        number=number,
        microcredits=left,
        credit_notes=len(invoices) - 1,
    )


def _says_what_receipts_say(told: Mapping[str, object], recounted: Recounted) -> bool:
    lines = told["lines"]
    if not isinstance(lines, list):
        return False
    without_titles = [
        {name: value for name, value in line.items() if name != "title"} for line in lines
    ]
    return (
        told["format"] == INVOICE_BODY_FORMAT
        and recounted.consumers == {told["organization_id"]}
        and told["receipts"] == recounted.receipts
        and told["receipts_sha256"] == recounted.receipts_sha256
        and without_titles == [line.as_json() for line in recounted.lines]
        and told["charge_microcredits"] == sum(line.charge for line in recounted.lines)
    )


def _takes_off_within(
    told: Mapping[str, object], number: str, taken_off: Counter[str], recounted: Recounted
) -> bool:
    lines = told["lines"]
    if not isinstance(lines, list):
        return False
    amounts = [(str(line["receipt_id"]), int(line["amount_microcredits"])) for line in lines]
    for receipt_id, amount in amounts:
        taken_off[receipt_id] += amount
        if amount <= 0 or taken_off[receipt_id] > recounted.charges.get(receipt_id, 0):
            return False
    return (
        told["format"] == CREDIT_NOTE_BODY_FORMAT
        and told["invoice"] == number
        and told["amount_microcredits"] == sum(amount for _, amount in amounts)
    )
