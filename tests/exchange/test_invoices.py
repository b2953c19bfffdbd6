"""Invoices: numbered without gaps, never changed, worked out again from receipts, corrected."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest

from exchange.errors import (
    InvoiceNotFound,
    InvoiceStands,
    MonthGoesOn,
    NothingCharged,
    NothingGivenBack,
    NotYourPart,
)
from exchange.examine import examine
from exchange.invoice import Invoice
from exchange.issue_invoice import (
    credit_invoice,
    invoice_file,
    invoice_numbered,
    invoices_of,
    issue_invoice,
    month_bounds,
)
from exchange.payments.give_back import confirm_refund, propose_refund
from exchange.statement_file import verify_statement
from policies.evidence.verification import CheckName
from policies.party import Actor
from policies.terms import MicroCredits, OrganizationId
from tests.exchange.city import City

MARCH = date(2026, 3, 1)
APRIL = datetime(2026, 4, 1, 8, tzinfo=UTC)
CHARGE = 10 * 1_000


def sold(city: City) -> list[UUID]:
    """Two charged receipts of March, and one that was free."""
    city.open_stops()
    city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    city.query("SELECT * FROM stops LIMIT 2", city.buyer)
    receipts = [
        city.query(f"SELECT * FROM sold_stops LIMIT {rows}", city.buyer).receipt_id
        for rows in (7, 3)
    ]
    city.at = APRIL
    return receipts


def issue(city: City, owner: OrganizationId | None = None, *, by: Actor | None = None) -> Invoice:
    with city.pool.connection() as tx:
        return issue_invoice(
            tx, city.parts.keys, owner or city.acme.id, MARCH, by=by or city.finance, at=city.at
        )


def credit(city: City, invoice: Invoice) -> Invoice:
    with city.pool.connection() as tx:
        return credit_invoice(
            tx, city.parts.keys, invoice.number, reason="stale rows", by=city.finance, at=city.at
        )


def give_back(city: City, receipt_id: UUID, amount: int) -> None:
    with city.pool.connection() as tx:
        refund = propose_refund(
            tx, receipt_id, MicroCredits(amount), reason="stale", by=city.seller_head, at=city.at
        )
        confirm_refund(tx, refund.id, by=city.finance, at=city.at)


def file_of(city: City, invoice: Invoice) -> list[bytes]:
    with city.pool.connection() as tx:
        return list(invoice_file(tx, city.parts.keys, invoice.number, by=city.buyer, at=city.at))


def failing(lines: list[bytes]) -> set[CheckName]:
    return {check.name for check in verify_statement(iter(lines)).checks if not check.is_passed}


def test_an_invoice_is_recomputed_offline_from_its_receipts(city: City) -> None:
    sold(city)

    invoice = issue(city)

    found = verify_statement(iter(file_of(city, invoice)))
    assert [str(check) for check in found.checks if not check.is_passed] == []
    (told,) = [check for check in found.checks if check.name is CheckName.INVOICES]
    assert told.facts == {"number": "2026-000001", "microcredits": CHARGE, "credit_notes": 0}
    (line,) = json.loads(invoice.body)["lines"]
    assert (line["deliveries"], line["units"], line["charge_microcredits"]) == (2, 10, CHARGE)


def test_a_credit_note_takes_off_what_was_given_back_and_each_refund_once(city: City) -> None:
    first, second = sold(city)
    give_back(city, first, 2_000)
    invoice = issue(city)

    note = credit(city, invoice)
    with pytest.raises(NothingGivenBack):
        credit(city, invoice)
    give_back(city, second, 500)
    later = credit(city, invoice)

    assert (str(note.number), note.amount) == ("2026-000002", 2_000)
    assert (str(later.number), later.amount) == ("2026-000003", 500)
    found = verify_statement(iter(file_of(city, invoice)))
    (told,) = [check for check in found.checks if check.name is CheckName.INVOICES]
    assert (told.is_passed, told.facts["microcredits"]) == (True, CHARGE - 2_500)
    with city.pool.connection() as tx:
        kept, notes = invoice_numbered(tx, invoice.number, by=city.buyer)
        assert (kept, notes) == (invoice, [note, later])
        assert [found for _, found in examine(tx) if found] == []


def cheaper(body: dict[str, object]) -> None:
    body["charge_microcredits"] = 1


def of_fewer_units(body: dict[str, object]) -> None:
    lines = body["lines"]
    assert isinstance(lines, list)
    lines[0]["units"] -= 1


def of_another(body: dict[str, object]) -> None:
    body["organization_id"] = "018f0000-0000-7000-8000-000000000000"


def renamed(body: dict[str, object]) -> None:
    body["buyer"] = {"zh": "", "en": "somebody"}


@pytest.mark.parametrize("change", [cheaper, of_fewer_units, of_another, renamed])
def test_whatever_is_changed_in_an_invoice_is_found(
    city: City, change: Callable[[dict[str, object]], None]
) -> None:
    sold(city)
    lines = file_of(city, issue(city))
    told = json.loads(lines[-1])
    body = json.loads(told["invoice"]["body"])
    change(body)
    told["invoice"]["body"] = json.dumps(body, ensure_ascii=False, sort_keys=True)

    lines[-1] = json.dumps(told).encode() + b"\n"

    assert failing(lines) == {CheckName.INVOICES}


def test_a_receipt_left_out_is_found_by_the_invoice_too(city: City) -> None:
    sold(city)
    lines = file_of(city, issue(city))

    assert CheckName.INVOICES in failing([*lines[:2], *lines[3:]])


def test_a_month_has_one_invoice_and_a_refused_one_leaves_no_gap(city: City) -> None:
    sold(city)
    issue(city)

    with pytest.raises(InvoiceStands):
        issue(city)
    with pytest.raises(NothingCharged):
        issue(city, city.health.id)

    with city.pool.connection() as tx:
        rows = tx.execute("SELECT last_serial FROM exchange.invoice_years").fetchall()
    assert [row["last_serial"] for row in rows] == [1]


def test_one_month_asked_for_at_once_is_invoiced_once(city: City) -> None:
    sold(city)

    def ask(_: int) -> bool:
        try:
            issue(city)
        except InvoiceStands:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(ask, range(4)))

    assert sum(made) == 1
    with city.pool.connection() as tx:
        assert [str(one.number) for one in invoices_of(tx, city.acme.id, by=city.buyer)] == [
            "2026-000001"
        ]


def test_no_invoice_before_its_month_is_over_in_china(city: City) -> None:
    sold(city)
    city.at = datetime(2026, 3, 31, 16, 59, tzinfo=UTC)

    with pytest.raises(MonthGoesOn):
        issue(city)

    city.at = datetime(2026, 3, 31, 17, tzinfo=UTC)
    assert issue(city).amount == CHARGE


def test_only_finance_issues_and_only_the_buyer_and_supervisors_read(city: City) -> None:
    sold(city)
    for actor in (city.buyer, city.seller_head, city.bureau):
        with pytest.raises(NotYourPart):
            issue(city, by=actor)
    invoice = issue(city)

    with city.pool.connection() as tx:
        for actor in (city.seller_head, city.head):
            with pytest.raises(InvoiceNotFound):
                invoice_numbered(tx, invoice.number, by=actor)
            with pytest.raises(NotYourPart):
                invoices_of(tx, city.acme.id, by=actor)
        for actor in (city.buyer, city.finance, city.bureau, city.regulator):
            assert invoice_numbered(tx, invoice.number, by=actor) == (invoice, [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE exchange.invoices SET amount_microcredits = 1",
        "DELETE FROM exchange.invoices",
        "DELETE FROM exchange.credited_refunds",
    ],
)
def test_the_database_changes_no_invoice(city: City, statement: str) -> None:
    first, _ = sold(city)
    give_back(city, first, 1)
    credit(city, issue(city))

    with pytest.raises(psycopg.Error), city.pool.connection() as tx:
        tx.execute(statement.encode())


def test_months_begin_at_midnight_in_china_also_across_a_year() -> None:
    since, until = month_bounds(date(2026, 12, 31))

    assert since.astimezone(UTC) == datetime(2026, 11, 30, 16, tzinfo=UTC)
    assert until.astimezone(UTC) == datetime(2026, 12, 31, 16, tzinfo=UTC)
