from __future__ import annotations

import csv
import io

from catalog.misfit import Misfit, SetAside, SetAsideBy
from catalog.quarantine import keep_aside, quarantine
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_dataset import main_of

PAGE = "/dataset/stops/versions/1/quarantine"
API = "/api/v1/datasets/stops/distributions/data/versions/1/quarantine"
VALUE = "约莫二十"


def with_values_set_aside(city: City, count: int = 120) -> None:
    """Open data of which values were set aside."""
    city.open_stops()
    misfits = [SetAside(row, "id", f"{VALUE}{row}", Misfit.NOT_INTEGER) for row in range(1, count)]
    formula = SetAside(count, "name", "=1+1", Misfit.NOT_DATE)
    kept = keep_aside(city.parts.folders, [*misfits, formula])
    with city.pool.connection() as tx:
        row = tx.execute("SELECT id FROM catalog.versions").fetchone()
        assert row is not None
        quarantine(tx, row["id"], kept, by=SetAsideBy.READING, at=city.at)


def test_its_own_people_read_the_values_and_take_them_with_them(
    city: City, browser_of: OpenBrowser
) -> None:
    with_values_set_aside(city)
    visitor = browser_of(city.publisher)

    first, last = visitor.page(PAGE), visitor.page(f"{PAGE}?start=100")
    table = list(csv.reader(io.StringIO(visitor.get(f"{PAGE}.csv").text)))

    assert f"{VALUE}1 " in main_of(first)
    assert "Not a whole number" in first
    assert f"{PAGE}?start=100" in first
    assert f"{VALUE}119 " in main_of(last)
    assert "101 to 120 of 120" in main_of(last)
    assert table[0] == ["row_number", "column", "value", "reason", "rule_id"]
    assert table[1] == ["1", "id", f"{VALUE}1", "not_integer", ""]
    assert table[-1][2] == "'=1+1"
    assert len(table) == 121
    assert f'href="{PAGE}"' in visitor.page("/dataset/stops/versions")
    assert f'href="{PAGE}"' in visitor.page("/dataset/stops/quality")


def test_others_learn_how_many_and_never_which(city: City, browser_of: OpenBrowser) -> None:
    with_values_set_aside(city)

    for visitor in (browser_of(), browser_of(city.buyer), browser_of(city.regulator)):
        quality, versions = (
            visitor.page(f"/dataset/stops/{tab}") for tab in ("quality", "versions")
        )
        assert "120 values did not fit their columns" in quality
        assert "120" in main_of(versions)
        told = visitor.get("/api/v1/datasets/stops/versions").json()["items"][0]
        assert told["set_aside"] == 120
        refused = [visitor.get(path) for path in (PAGE, f"{PAGE}.csv", API, f"{API}.csv")]
        assert {answer.status_code for answer in refused} <= {303, 401, 404}
        assert VALUE not in quality + versions + "".join(answer.text for answer in refused)
        assert "/quarantine" not in quality + versions


def test_a_program_reads_them_page_by_page(city: City, browser_of: OpenBrowser) -> None:
    with_values_set_aside(city)
    visitor = browser_of(city.publisher)

    body = visitor.get(f"{API}?offset=118&limit=5").json()

    assert body["count"] == 120
    assert [item["value"] for item in body["items"]] == [f"{VALUE}119", "=1+1"]
    assert body["items"][0] == {
        "row_number": 119,
        "column": "id",
        "value": f"{VALUE}119",
        "reason": "not_integer",
        "rule_id": None,
    }
    assert visitor.get(f"{API}?offset=-1").status_code == 422
    assert visitor.get(f"{API.replace('/1/', '/7/')}").status_code == 404
