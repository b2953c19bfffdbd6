from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from exchange.credit import Statement, StatementLine
from policies.terms import Language, MicroCredits, OrganizationId
from portal.pages.buy.usage import microcredits_of
from portal.pages.buy.usage_view import forecast, month_choices, month_of
from portal.verify import run
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser

AT = datetime(2026, 11, 10, 4, tzinfo=UTC)


def used(city: City) -> None:
    """The buyer bought, paid and read ten rows of forty."""
    city.pay_in(50_000_000)
    token = city.token(city.buy(city.sold_stops()))
    city.query('SELECT * FROM "sold-stops" LIMIT 10', token)


def test_balance_use_and_receipts_of_the_month(city: City, browser_of: OpenBrowser) -> None:
    used(city)

    page = browser_of(city.buyer).page("/my/usage")

    assert "49.99" in page
    assert "/receipt/" in page
    assert "Bus stops" in page


def test_the_provider_sees_what_it_earned(city: City, browser_of: OpenBrowser) -> None:
    used(city)

    page = browser_of(city.seller).page("/my/usage")

    assert "Earned in the month" in page
    assert "Read by others, by dataset" in page


def test_the_statement_as_csv_has_a_line_for_each_receipt(
    city: City, browser_of: OpenBrowser
) -> None:
    used(city)

    text = browser_of(city.buyer).get("/my/usage.csv?month=2026-03").text
    (line,) = csv.DictReader(io.StringIO(text))

    assert line["kind"] == "spent"
    assert line["dataset"] == "sold-stops"
    assert line["charge_microcredits"] == "10000"


def test_another_month_is_empty_and_a_malformed_one_is_the_present(
    city: City, browser_of: OpenBrowser
) -> None:
    used(city)
    buyer = browser_of(city.buyer)

    assert "Nothing used yet" in buyer.page("/my/usage?month=2025-12")
    assert "/receipt/" in buyer.page("/my/usage?month=nope")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1000", 1_000_000_000),
        ("12.5", 12_500_000),
        ("0.000001", 1),
        ("1,000", 1_000_000_000),
        ("0.0000001", None),
        ("-1", None),
        ("1e3", None),
        ("", None),
        ("٣", None),
    ],
)
def test_amounts_are_exact_or_refused(text: str, amount: int | None) -> None:
    assert microcredits_of(text) == amount


def test_a_month_begins_and_ends_at_midnight_in_china() -> None:
    since, until = month_of("2026-12", AT)

    assert since.isoformat() == "2026-12-01T00:00:00+08:00"
    assert until.isoformat() == "2027-01-01T00:00:00+08:00"
    assert month_of("", AT)[0].date() == date(2026, 11, 1)
    assert month_choices(AT)[1][0] == "2026-10"


def test_a_forecast_waits_for_some_days_and_is_for_the_present_month_only() -> None:
    since, until = month_of("2026-11", AT)
    line = StatementLine(
        uuid4(), AT, uuid4(), None, 1, MicroCredits(10_000_000), MicroCredits(0), "0" * 64
    )
    told = Statement(OrganizationId(uuid4()), since, until, spent=(line,), earned=())

    assert forecast(told, AT) == 30_000_000
    assert forecast(told, since + timedelta(hours=1)) is None
    assert forecast(told, until) is None


def test_a_budget_is_set_told_of_and_stops_a_program_with_words(
    city: City, browser_of: OpenBrowser
) -> None:
    used(city)
    buyer = browser_of(city.buyer)

    kept = buyer.submit(
        "/my/usage/budget", on="/my/usage", cap="0.0125", is_hard_stop="yes", step="set"
    )
    page = buyer.page(kept.headers["location"])
    refused = buyer.get("/api/v1/datasets/sold-stops/rows?limit=5")

    assert "0.01 of 0.0125 credits spent this month" in page
    assert refused.status_code == 402
    assert "monthly cap" in refused.json()["detail"]
    assert refused.json()["type"].endswith("cap-reached")


def test_a_cap_that_is_no_amount_keeps_what_was_typed(city: City, browser_of: OpenBrowser) -> None:
    answer = browser_of(city.buyer).submit(
        "/my/usage/budget", on="/my/usage", cap="much", step="set"
    )

    assert answer.status_code == 400
    assert 'value="much"' in answer.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_is_told_in_both_languages(
    city: City, browser_of: OpenBrowser, language: str
) -> None:
    used(city)

    page = browser_of(city.buyer).page(f"/my/usage?lang={language}")

    assert ("用到五成、八成和全部时提醒" in page) == (language == "zh")


def test_the_statement_with_its_proofs_holds_without_us(
    city: City, browser_of: OpenBrowser, tmp_path: Path
) -> None:
    used(city)
    answer = browser_of(city.buyer).get("/my/usage.jsonl?month=2026-03")
    whole, altered = tmp_path / "statement.jsonl", tmp_path / "altered.jsonl"
    whole.write_bytes(answer.content)
    altered.write_bytes(answer.content.replace(b'row_count\\":10', b'row_count\\":11'))
    said = io.StringIO()

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert run(whole, language=Language.ZH, out=said) == 0
    assert "10000微积分" in said.getvalue()
    assert altered.read_bytes() != whole.read_bytes()
    assert run(altered, language=Language.EN, out=io.StringIO()) == 1


def test_who_acts_for_no_organisation_has_no_statement(city: City, browser_of: OpenBrowser) -> None:
    assert browser_of(city.regulator).get("/my/usage.jsonl").status_code in (403, 409)
