"""A statement is worked out again from its receipts alone, and tells of every altered one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from exchange.allow import Ask
from exchange.attest_statement import statement_file
from exchange.deliver import deliver_page
from exchange.delivery import PageQuestion
from exchange.price import Price, PriceModel, Tier
from exchange.settle import statement
from exchange.statement_file import verify_statement
from policies.calendar import CHINA
from policies.evidence.verification import CheckName
from policies.terms import MicroCredits
from tests.counts import examples
from tests.exchange.city import City

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=CHINA), datetime(2026, 4, 1, tzinfo=CHINA)
PRICE = Price(
    PriceModel.PER_ROW,
    MicroCredits(1_000),
    fee_basis_points=333,
    monthly=MicroCredits(70_000),
    included=7,
    tiers=(Tier(20, MicroCredits(10)),),
)


@pytest.fixture
def lines(city: City) -> list[bytes]:
    """A month in which free data, queries and pages of a many-tiered price were taken."""
    city.open_stops()
    buyer = city.token(city.buy(city.sold_stops(price=PRICE)))
    city.pay_in(10_000_000)
    city.query("SELECT * FROM stops LIMIT 2", city.buyer)
    for rows in range(1, examples(6, long=40)):
        city.at += timedelta(minutes=1)
        city.query(f"SELECT * FROM sold_stops LIMIT {rows % 40}", buyer)
        deliver_page(
            city.parts, "sold-stops", PageQuestion(limit=rows % 40, offset=rows // 40), Ask(buyer)
        )
    city.at += timedelta(hours=1)
    with city.pool.connection() as tx:
        return list(statement_file(tx, city.parts.keys, SINCE, UNTIL, by=city.buyer, at=city.at))


def test_a_month_is_recomputed_to_the_last_micro_credit(city: City, lines: list[bytes]) -> None:
    found = verify_statement(iter(lines))

    assert [str(check) for check in found.checks if not check.is_passed] == []
    (total,) = [check for check in found.checks if check.name is CheckName.TOTAL]
    with city.pool.connection() as tx:
        told = statement(tx, city.acme.id, SINCE, UNTIL)
    assert total.facts["microcredits"] == told.spent_total > 0
    assert total.facts["receipts"] == len({line.receipt_id for line in told.spent})


def changed(line: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    """A receipt's line with something in its body changed."""
    told = json.loads(line)
    body = json.loads(told["receipt"]["body"])
    change(body)
    told["receipt"]["body"] = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps(told).encode() + b"\n"


def dearer(body: dict[str, object]) -> None:
    body["charge_microcredits"] = int(str(body["charge_microcredits"])) + 1


def of_another(body: dict[str, object]) -> None:
    body["consumer_id"] = "018f0000-0000-7000-8000-000000000000"


def of_fewer_units(body: dict[str, object]) -> None:
    items = body["items"]
    assert isinstance(items, list)
    items[0]["units"] -= 1


@pytest.mark.parametrize("change", [dearer, of_another, of_fewer_units])
@pytest.mark.parametrize("place", [3, -2])
def test_one_altered_receipt_is_found(
    lines: list[bytes], place: int, change: Callable[[dict[str, object]], None]
) -> None:
    lines[place] = changed(lines[place], change)

    failed = failing(lines)

    assert {CheckName.RECEIPTS, CheckName.TOTAL} <= failed


def test_a_receipt_left_out_put_in_twice_or_moved_is_found(lines: list[bytes]) -> None:
    assert {CheckName.TOTAL} <= failing(lines[:-2] + lines[-1:])
    assert {CheckName.TOTAL} <= failing(lines[:5] + lines[6:])
    assert {CheckName.RECEIPTS, CheckName.TOTAL} <= failing([*lines[:4], lines[3], *lines[4:]])
    assert {CheckName.TOTAL} <= failing([*lines[:3], lines[4], lines[3], *lines[5:]])
    assert {CheckName.TOTAL} <= failing(lines[:-1])


def test_a_changed_total_is_no_longer_signed(lines: list[bytes]) -> None:
    lines[-1] = lines[-1].replace(b'charge_microcredits\\":', b'charge_microcredits\\":1')

    assert failing(lines) == {CheckName.TOTAL}


def failing(lines: list[bytes]) -> set[CheckName]:
    return {check.name for check in verify_statement(iter(lines)).checks if not check.is_passed}
