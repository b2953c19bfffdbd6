from __future__ import annotations

import json
import re

from catalog.view import View
from exchange.list_product import Proposal
from exchange.price import Price, PriceModel, Tier
from exchange.settle import funds_of
from policies.freeze import place
from policies.freeze_order import FreezeTarget
from policies.terms import MicroCredits, Regime
from portal.wiring import Wiring
from tests.exchange.city import LAWFUL, City, entry
from tests.portal.pages.conftest import VALUES, OpenBrowser

TABS = ("", "/data", "/columns", "/quality", "/explore", "/versions", "/lineage", "/use", "/terms")


def main_of(page: str) -> str:
    """What stands between head and foot, without markup."""
    inside = page.split("<main")[1].partition("</main")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", inside).split())


def receipts(wiring: Wiring) -> int:
    with wiring.pool.connection() as tx:
        row = tx.execute("SELECT count(*) AS number FROM exchange.receipts").fetchone()
    assert row is not None
    return int(row["number"])


def test_anybody_reads_every_part_of_open_data(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    pages = {tab: main_of(visitor.page(f"/dataset/stops{tab}")) for tab in TABS}

    assert "Download" in pages[""]
    assert "The first 14 of 40 rows" in pages[""]
    assert "站点3" in pages[""]
    assert VALUES in pages["/columns"]
    assert "97 of 100" in pages["/quality"]


def test_pages_of_open_data_write_no_receipt(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    city.open_stops()
    visitor = browser_of()

    for tab in TABS:
        visitor.page(f"/dataset/stops{tab}")

    assert receipts(wiring) == 0


def test_what_was_not_bought_shows_neither_rows_nor_values_nor_counts_of_values(
    city: City, browser_of: OpenBrowser
) -> None:
    city.sold_stops()

    for actor in (None, city.buyer, city.officer):
        visitor = browser_of(actor)
        for tab in TABS:
            text = visitor.page(f"/dataset/sold-stops{tab}")
            assert "站点3" not in text
            assert VALUES not in text
            assert "40 values" not in text


def test_the_button_says_what_this_reader_can_do(city: City, browser_of: OpenBrowser) -> None:
    listing = city.sold_stops()
    city.shared_stops()

    assert "Buy access" in browser_of(city.buyer).page("/dataset/sold-stops")
    assert "cannot ask for this" in browser_of(city.officer).page("/dataset/sold-stops")
    assert "Request access" in browser_of(city.officer).page("/dataset/shared-stops")
    assert "Work on this dataset" in browser_of(city.seller).page("/dataset/sold-stops")
    city.buy(listing)
    assert "You have access until" in browser_of(city.buyer).page("/dataset/sold-stops")


def test_what_costs_is_read_only_when_the_reader_says_so(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    visitor = browser_of(city.buyer)

    asked = main_of(visitor.page("/dataset/sold-stops/data"))
    assert "costs at most 0.10 credits" in asked
    assert "站点3" not in asked
    assert receipts(wiring) == 0

    read = visitor.submit(
        "/dataset/sold-stops/data", on="/dataset/sold-stops/data", filters="", sort="", cursor=""
    )
    assert read.status_code == 200
    assert "站点3" in read.text
    assert "It cost 0.04 credits." in read.text
    with wiring.pool.connection() as tx:
        assert funds_of(tx, city.acme.id) == 960_000


def test_a_purse_that_is_empty_is_told_at_once(city: City, browser_of: OpenBrowser) -> None:
    city.buy(city.sold_stops())
    visitor = browser_of(city.buyer)

    answer = visitor.submit("/dataset/sold-stops/data", on="/dataset/sold-stops/data")

    assert answer.status_code == 402
    assert "站点3" not in answer.text


def test_columns_outside_the_view_are_nowhere(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    proposal = Proposal(Regime.OPEN, view=View(columns=("id",)), declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)
    visitor = browser_of()

    columns = main_of(visitor.page("/dataset/stops/columns"))
    assert "1 column" in columns
    for tab in TABS:
        text = main_of(visitor.page(f"/dataset/stops{tab}"))
        assert VALUES not in text
        assert "站点3" not in text
    assert visitor.get("/dataset/stops/data?sort=name").status_code == 400


def test_a_dataset_that_is_not_public_is_not_found(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        tx.execute("UPDATE catalog.datasets SET state = 'withdrawn' WHERE id = %s", (dataset.id,))
    visitor = browser_of()

    for tab in TABS:
        visitor.page(f"/dataset/stops{tab}", status=404)


def test_a_freeze_is_said_and_nothing_is_read(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        place(tx, FreezeTarget.DATASET, dataset.id, reason="A leak", by=city.regulator, at=city.at)
    visitor = browser_of()

    text = visitor.page("/dataset/stops")

    assert "Stopped by a supervisor" in text
    assert "站点3" not in text


def test_a_filter_becomes_an_address_that_can_be_kept(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    moved = visitor.get("/dataset/stops/data?column=line&operator=%3D&value=2")
    page = main_of(visitor.page(moved.headers["Location"]))

    assert moved.status_code == 303
    assert "line = 2" in page
    assert "10 rows" in page


def test_filters_and_orders_that_make_no_sense_are_refused_in_words(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    visitor = browser_of()
    unknown = json.dumps([{"column": "nope", "operator": "=", "value": 1}])

    for query in ("filters=[{", "filters={}", f"filters={unknown}", "sort=nope desc", "cursor=x"):
        assert visitor.get(f"/dataset/stops/data?{query}").status_code == 400, query


def test_sql_shows_its_price_first_and_runs_once_however_often_it_is_sent(
    city: City, browser_of: OpenBrowser, wiring: Wiring
) -> None:
    city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    visitor = browser_of(city.buyer)
    on, sql = "/dataset/sold-stops/use", "SELECT id, line FROM sold_stops"

    told = visitor.submit(on, on=on, sql=sql, step="price")
    assert "at most 0.04 credits" in told.text
    assert receipts(wiring) == 0

    key = re.findall(r'name="key" value="([^"]+)"', told.text)[0]
    for _ in range(2):
        run = visitor.submit(on, on=on, sql=sql, step="run", key=key)
        assert run.status_code == 200
        assert "40 of 40 rows" in run.text
    assert receipts(wiring) == 1


def test_sql_that_is_wrong_comes_back_with_what_is_wrong(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    visitor = browser_of()
    on = "/dataset/stops/use"

    answer = visitor.submit(on, on=on, sql="DROP TABLE stops", step="run")

    assert answer.status_code == 400
    assert "DROP TABLE stops" in answer.text
    assert "has to be a SELECT" in answer.text


def test_price_and_terms_work_out_a_month_of_the_stated_use(
    city: City, browser_of: OpenBrowser
) -> None:
    price = Price(PriceModel.PER_ROW, MicroCredits(1_000), monthly=MicroCredits(50_000_000))
    city.sold_stops(price=price)

    supposed = browser_of(city.buyer).page("/dataset/sold-stops/terms")
    own = browser_of(city.buyer).page("/dataset/sold-stops/terms?deliveries=10&rows=7")

    assert "3,000 deliveries a day of 100 rows each, 30 days" in supposed
    assert "9,050" in supposed
    assert "<strong>52.10</strong>" in own


def test_a_use_without_measure_is_no_use(city: City, browser_of: OpenBrowser) -> None:
    city.sold_stops()

    answer = browser_of(city.buyer).get("/dataset/sold-stops/terms?deliveries=-1")

    assert answer.status_code == 422


def test_every_part_of_a_price_is_told_in_both_languages(
    city: City, browser_of: OpenBrowser
) -> None:
    price = Price(
        PriceModel.PER_ROW,
        MicroCredits(1_000),
        monthly=MicroCredits(50_000_000),
        included=1_000_000,
        tiers=(Tier(5_000_000, MicroCredits(500)),),
        aging_basis_points=50,
        aging_basis_points_max=3_000,
    )
    city.sold_stops(price=price)

    english = browser_of(city.buyer).page("/dataset/sold-stops/terms?lang=en")
    chinese = browser_of(city.buyer).page("/dataset/sold-stops/terms?lang=zh")

    assert "0.5 % less for each day of the version’s age, at most 30 %" in english
    assert "每旧一天降价0.5%，最多降30%" in chinese
    assert "每天3,000次" in chinese
