"""A statement with its proofs: every receipt of a period as it was signed, and the signed total.

Whoever holds the file works the charges out again from price and units, adds them up, and sees
whether a receipt was changed, left out or put in; with no account and no connection.

Source: exchange design, usage statement; X122, invariant 17.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from exchange.errors import MalformedPrice
from exchange.invoice import Billed
from exchange.invoice_check import Recounted, invoices_check
from exchange.price import FRESH_MONTH, MonthUse, Price, charge, fee_of, parts_of
from policies.canonical import Plain, canonical_text
from policies.errors import N_
from policies.events import moment_text
from policies.evidence.bundle import HeadFile, SignedReceipt, read_statement
from policies.evidence.signing_key import KeyPurpose
from policies.evidence.trust import head_check, is_signed_by, keys_check, trust_check
from policies.evidence.verification import Check, CheckName, Verification, failed, passed

STATEMENT_BODY_FORMAT: Final = "weir-statement-body/1"
EDGE: Final = timedelta(hours=1)
"""Two deliveries at once may be receipted in another order than they began in: so near to the ends
of the period, the receipt before may be of the neighbouring one."""


@dataclass(slots=True)
class Sums:
    """What the receipts of a statement come to, one after the other."""

    receipts: int = 0
    charge: int = 0
    fee: int = 0
    _digest: bytes = field(default=b"")

    def add(self, body: str, charged: int, fee: int) -> None:
        """Go on with one more receipt."""
        self.receipts += 1
        self.charge += charged
        self.fee += fee
        self._digest = sha256(self._digest + sha256(body.encode()).digest()).digest()

    @property
    def digest(self) -> str:
        """Stands for all of them, word for word and in their order."""
        return self._digest.hex()

    def body(self, organization_id: str, since: datetime, until: datetime) -> str:
        """The canonical text of the statement, which is signed."""
        told: dict[str, Plain] = {
            "format": STATEMENT_BODY_FORMAT,
            "organization_id": organization_id,
            "since": moment_text(since),
            "until": moment_text(until),
            "receipts": self.receipts,
            "receipts_sha256": self.digest,
            "charge_microcredits": self.charge,
            "fee_microcredits": self.fee,
        }
        return canonical_text(told)


def verify_statement(lines: Iterator[bytes], *, trusted_kid: str | None = None) -> Verification:
    """Work a statement out again from its receipts alone.

    Raises: UnreadableProof.
    """
    file, told = read_statement(lines)
    recount = _Recount(file)
    for name, signed in told:
        if name == "receipt":
            recount.take(signed)
        elif name == "invoice":
            recount.invoices.append(signed)
        else:
            recount.ends.append(signed)
    head = file.signed_head.head
    invoices = (
        (invoices_check(file.keys, recount.invoices, recount.facts),) if recount.invoices else ()
    )
    checks = (
        keys_check(file.keys, head.log_id, {file.signed_head.kid} | recount.kids),
        trust_check(file.keys, file.signed_head, None, trusted_kid),
        head_check(file.keys, file.signed_head),
        recount.receipts_check(),
        recount.charges_check(),
        recount.chain_check(),
        recount.total_check(),
        *invoices,
    )
    return Verification(head.log_id, head.tree_size, checks)


@dataclass(slots=True)
class _Link:
    """One receipt's place in the chain of an agreement."""

    receipt_id: str
    at: str
    previous: str | None


@dataclass(slots=True)
class _Recount:
    """What reading the receipts found."""

    file: HeadFile
    sums: Sums = field(default_factory=Sums)
    kids: set[str] = field(default_factory=set)
    ends: list[SignedReceipt] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    consumers: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)
    chains: dict[str, list[_Link]] = field(default_factory=dict)
    billed: Billed = field(default_factory=Billed)
    charges: dict[str, int] = field(default_factory=dict)
    invoices: list[SignedReceipt] = field(default_factory=list)

    @property
    def facts(self) -> Recounted:
        """What invoices are held to."""
        return Recounted(
            self.consumers, self.sums.receipts, self.sums.digest, self.billed.lines(), self.charges
        )

    def take(self, signed: SignedReceipt) -> None:
        """Look at one receipt by itself, and keep what ties it to the others."""
        self.kids.add(signed.kid)
        hashed = sha256(signed.body.encode()).hexdigest()
        try:
            told = json.loads(signed.body)
            receipt_id, at = str(told["id"]), str(told["at"])
            items = [dict(item) for item in told["items"]]
            charged, fee = _counted(items)
            for item in items:
                if item["agreement_id"] is not None:
                    link = _Link(receipt_id, at, item["previous_sha256"])
                    self.chains.setdefault(str(item["agreement_id"]), []).append(link)
            is_right = charged == told["charge_microcredits"]
            self.consumers.add(str(told["consumer_id"]))
            self.billed.add(items)
            self.charges[receipt_id] = charged
        except (ValueError, KeyError, TypeError, RecursionError, MalformedPrice):
            self.altered.append(hashed)
            self.sums.add(signed.body, 0, 0)
            return
        if not is_signed_by(
            self.file.keys, signed.kid, KeyPurpose.RECEIPT, signed.body, signed.signature
        ):
            self.altered.append(receipt_id)
        if not is_right:
            self.miscounted.append(receipt_id)
        if hashed in self.hashes:
            self.twice.append(receipt_id)
        self.hashes.add(hashed)
        self.moments.append(at)
        self.sums.add(signed.body, charged, fee)

    def receipts_check(self) -> Check:
        """Whether the exchange signed each of them, word for word, and each stands here once."""
        wrong = [*self.altered, *self.twice]
        if wrong:
            message = N_("{count} receipts are altered or stand here twice, such as {first}.")
            return failed(CheckName.RECEIPTS, message, count=len(wrong), first=wrong[0])
        message = N_("The exchange signed each of the {count} receipts, word for word.")
        return passed(CheckName.RECEIPTS, message, count=self.sums.receipts)

    def charges_check(self) -> Check:
        """Whether each charge is what its price and units make."""
        if self.miscounted:
            message = N_(
                "{count} receipts charge something else than their price, such as {first}."
            )
            return failed(
                CheckName.CHARGES, message, count=len(self.miscounted), first=self.miscounted[0]
            )
        return passed(CheckName.CHARGES, N_("Each charge is what its price and units make."))

    def chain_check(self) -> Check:
        """Whether each agreement's receipts follow one on the other, so that none was left out."""
        for links in self.chains.values():
            receipts = {link.receipt_id: link for link in links}
            starts = [one for one in receipts.values() if one.previous not in self.hashes]
            starts.sort(key=lambda one: one.at)
            gaps = [one for one in starts[1:] if not self._is_at_the_edge(one.at)]
            if gaps:
                message = N_("Before receipt {first}, a receipt of its agreement is missing.")
                return failed(CheckName.CHAIN, message, first=gaps[0].receipt_id)
        return passed(
            CheckName.CHAIN, N_("The receipts of each agreement follow one on the other.")
        )

    def total_check(self) -> Check:
        """Whether the signed statement says what the receipts come to."""
        facts = {"receipts": self.sums.receipts, "microcredits": self.sums.charge}
        if len(self.ends) == 1 and self._is_of_these_receipts(self.ends[0]):
            message = N_(
                "The signed total is what the {receipts} receipts come to: {microcredits} "
                "micro-credits."
            )
            return passed(CheckName.TOTAL, message, **facts)
        message = N_(
            "The signed total is not what these {receipts} receipts come to, {microcredits} "
            "micro-credits."
        )
        return failed(CheckName.TOTAL, message, **facts)

    def _is_of_these_receipts(self, end: SignedReceipt) -> bool:
        if not is_signed_by(self.file.keys, end.kid, KeyPurpose.RECEIPT, end.body, end.signature):
            return False
        try:
            told = json.loads(end.body)
            organization_id = str(told["organization_id"])
            since, until = (datetime.fromisoformat(told[name]) for name in ("since", "until"))
            body = self.sums.body(organization_id, since, until)
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        inside = all(moment_text(since) <= at < moment_text(until) for at in self.moments)
        return body == end.body and inside and self.consumers <= {organization_id}

    def _is_at_the_edge(self, at: str) -> bool:
        try:
            told = json.loads(self.ends[0].body)
            ends = [datetime.fromisoformat(told[name]) for name in ("since", "until")]
            return any(abs(datetime.fromisoformat(at) - end) < EDGE for end in ends)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return False


def _counted(items: list[dict[str, object]]) -> tuple[int, int]:
    """Charge and fee of a receipt's items, worked out from price and units; -1 where not as told.

    Raises: KeyError, TypeError, ValueError, MalformedPrice.
    """
    charged = fees = 0
    for item in items:
        price = Price.from_json(item["price"])
        amount = charge(price, _whole(item["units"]), _month(item.get("month")))
        fee = fee_of(price, amount)
        if (amount, fee) != (item["charge_microcredits"], item["fee_microcredits"]):
            return -1, 0
        if [one.as_json() for one in parts_of(price, amount)] != item.get("parts", []):
            return -1, 0
        charged, fees = charged + amount, fees + fee
    return charged, fees


def _month(told: object) -> MonthUse:
    if told is None:
        return FRESH_MONTH
    if not isinstance(told, dict):
        raise TypeError
    names = ("deliveries_before", "units_before", "days_covered", "days")
    deliveries, units, covered, days = (_whole(told[name]) for name in names)
    if days == 0:
        raise ValueError
    return MonthUse(deliveries, units, covered, days)


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value
