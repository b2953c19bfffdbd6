"""An invoice 结算单: what a buyer was charged in a month, by dataset and agreement, under a number.

It is never changed; a credit note 冲减单, numbered in the same row, takes off what was given back.

Source: exchange design, 6.3 (17).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from exchange.errors import InvoiceNotFound
from policies.canonical import Plain, canonical_text
from policies.terms import MicroCredits, OrganizationId, Text, UserId

INVOICE_BODY_FORMAT: Final = "weir-invoice-body/1"
CREDIT_NOTE_BODY_FORMAT: Final = "weir-credit-note-body/1"
INVOICES_SHOWN_MAX: Final = 200
_NUMBER: Final = re.compile(r"(\d{4})-(\d{6,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class InvoiceNumber:
    """A place in the one row of numbers of a year."""

    year: int
    serial: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.serial:06}"

    @classmethod
    def read(cls, text: str) -> InvoiceNumber:
        """The number as it stands on an invoice.

        Raises: InvoiceNotFound.
        """
        told = _NUMBER.fullmatch(text.strip())
        if told is None:
            raise InvoiceNotFound
        return cls(int(told[1]), int(told[2]))


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """What one dataset cost under one agreement."""

    dataset_id: str
    agreement_id: str
    """Empty where none was needed."""
    deliveries: int
    units: int
    charge: int

    def as_json(self) -> dict[str, Plain]:
        """The line as it is signed, but for the name of the dataset."""
        return {
            "dataset_id": self.dataset_id,
            "agreement_id": self.agreement_id,
            "deliveries": self.deliveries,
            "units": self.units,
            "charge_microcredits": self.charge,
        }


@dataclass(slots=True)
class Billed:
    """The lines that receipts come to; what costs nothing makes none."""

    _lines: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)

    def add(self, items: Sequence[Mapping[str, object]]) -> None:
        """Go on with the items of one more receipt.

        Raises: KeyError, ValueError.
        """
        for item in items:
            charge = int(str(item["charge_microcredits"]))
            if charge == 0:
                continue
            key = (str(item["dataset_id"]), str(item["agreement_id"] or ""))
            deliveries, units, sum_before = self._lines.get(key, (0, 0, 0))
            units += int(str(item["units"]))
            self._lines[key] = (deliveries + 1, units, sum_before + charge)

    def lines(self) -> list[InvoiceLine]:
        """One line for each dataset and agreement, in the order of their ids."""
        return [InvoiceLine(*key, *told) for key, told in sorted(self._lines.items())]


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund that a credit note takes off."""

    refund_id: UUID
    receipt_id: UUID
    amount: MicroCredits

    def as_json(self) -> dict[str, Plain]:
        """The refund as it is signed."""
        return {
            "refund_id": str(self.refund_id),
            "receipt_id": str(self.receipt_id),
            "amount_microcredits": self.amount,
        }


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice, or a credit note that corrects one, as it was signed."""

    id: UUID
    number: InvoiceNumber
    organization_id: OrganizationId
    month: date
    """Its first day, in China."""
    corrects_id: UUID | None
    """The invoice that a credit note corrects; None for an invoice."""
    amount: MicroCredits
    body: str
    kid: str
    signature: bytes
    issued_by: UserId
    issued_at: datetime


def invoice_body(
    told: Mapping[str, Plain], lines: Sequence[InvoiceLine], titles: Mapping[str, Text]
) -> str:
    """The canonical text of an invoice; `told` is who, which period and which receipts."""
    return canonical_text(
        {
            "format": INVOICE_BODY_FORMAT,
            **told,
            "lines": [
                {**line.as_json(), "title": text_as_json(titles.get(line.dataset_id, Text()))}
                for line in lines
            ],
            "charge_microcredits": sum(line.charge for line in lines),
        }
    )


def credit_note_body(told: Mapping[str, Plain], given_back: Sequence[GivenBack]) -> str:
    """The canonical text of a credit note; `told` is who, why and which invoice."""
    return canonical_text(
        {
            "format": CREDIT_NOTE_BODY_FORMAT,
            **told,
            "lines": [one.as_json() for one in given_back],
            "amount_microcredits": sum(one.amount for one in given_back),
        }
    )


def text_as_json(text: Text) -> dict[str, Plain]:
    """A text in both languages."""
    return {"zh": text.zh, "en": text.en}
