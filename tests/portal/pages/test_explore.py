"""Charts, maps, profiles of views, the dictionary and one's own queries, as pages and the API."""

from __future__ import annotations

import json
import re

import pytest

from catalog.find import distributions_of
from catalog.mask import Mask, MaskKind
from catalog.summarize import map_layer
from catalog.summary import Box, SummaryKind, Window
from catalog.version import Column, ColumnType
from catalog.view import Condition, Operator, View
from catalog.warehouse import Warehouse
from exchange.list_product import Proposal
from policies.terms import Regime, Text
from portal.pages.dataset.suggest_charts import places_in, suggested_charts
from portal.pages.drawing.charts import nice_ticks
from portal.wiring import Wiring
from quality.profile import Bin, ColumnProfile, Profile
from tests.browser.flights import open_flights, open_lines
from tests.catalog.conftest import BuildCopy, build_copy
from tests.exchange.city import LAWFUL, City, entry
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_dataset import main_of, receipts
from tests.portal.visitor import Visitor

__all__ = ["build_copy"]


def test_a_chart_counts_what_the_rows_say(city: City, browser_of: OpenBrowser) -> None:
    open_flights(city, rows=600)
    visitor = browser_of()
    place = "/dataset/flights/explore"

    bars = visitor.get(f"{place}.csv?kind=bars&by=carrier").text.splitlines()
    days = visitor.get(f"{place}.csv?kind=time&by=day&step=month").text.splitlines()
    spread = visitor.get(f"{place}.csv?kind=histogram&by=delay").text.splitlines()
    filters = json.dumps([{"column": "carrier", "operator": "=", "value": "AA"}])
    mean = visitor.get(
        f"{place}.csv", params={"kind": "bars", "by": "carrier", "measure": "max", "of": "delay",
                                "filters": filters}
    ).text.splitlines()  # fmt: skip

    assert bars == ["carrier,Rows", "UA,300.0", "AA,200.0", "MU,100.0"]
    assert sum(float(line.split(",")[1]) for line in days[1:]) == 600
    assert sum(int(line.split(",")[2]) for line in spread[1:]) == 600 - 15
    assert len(mean) == 2
    assert mean[1].startswith("AA,1")


@pytest.mark.parametrize(
    "query",
    [
        "kind=bars&by=nothing",
        "kind=histogram&by=carrier",
        "kind=time&by=carrier",
        "kind=scatter&by=delay",
        "kind=bars&by=carrier&measure=sum",
        "kind=bars&by=carrier&measure=sum&of=note",
        'kind=bars&by=carrier&filters=[{"column":"day","operator":"=","value":"x"}]',
    ],
)
def test_a_chart_that_makes_no_sense_is_refused_in_words(
    city: City, browser_of: OpenBrowser, query: str
) -> None:
    open_flights(city, rows=50)
    visitor = browser_of()

    text = main_of(visitor.page(f"/dataset/flights/explore?{query}", status=400))

    assert "No chart to show" in text
    assert visitor.get(f"/dataset/flights/explore.csv?{query}").status_code == 400


def test_what_costs_is_not_drawn(city: City, browser_of: OpenBrowser, wiring: Wiring) -> None:
    city.buy(city.sold_stops())
    city.pay_in(1_000_000)
    visitor = browser_of(city.buyer)

    text = main_of(visitor.page("/dataset/sold-stops/explore?kind=bars&by=name"))

    assert "Ask in SQL instead" in text
    assert "站点3" not in text
    assert receipts(wiring) == 0


def test_a_masked_view_has_a_profile_of_its_own(city: City, browser_of: OpenBrowser) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    view = View(
        rows=(Condition("line", Operator.EQUAL, 1),),
        masks={"name": Mask(MaskKind.PARTIAL, keep_first=2)},
    )
    proposal = Proposal(Regime.OPEN, view=view, declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)
    visitor = browser_of()
    visitor.page("/dataset/stops/data")

    text = main_of(visitor.page("/dataset/stops/columns"))

    assert "站点**" in text
    assert "站点1" not in text
    assert "10 values" in text
    assert "40 values" not in text


def test_ones_own_queries_are_found_again_and_nobody_elses(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    on, sql = "/dataset/stops/use", "SELECT max(id) AS highest_of_all FROM stops"
    visitor = browser_of(city.buyer)
    visitor.submit(on, on=on, sql=sql, step="run")

    again = re.findall(r'href="(/dataset/stops/use\?again=[^"#]+)', visitor.page(on))

    assert len(again) == 1
    assert sql in visitor.page(again[0]).split("<textarea")[1].partition("</textarea")[0]
    for other in (None, city.officer):
        stranger = browser_of(other)
        assert sql not in stranger.page(on)
        assert sql not in stranger.page(again[0])


def test_a_dictionary_is_written_by_its_publisher_alone(
    city: City, browser_of: OpenBrowser
) -> None:
    open_flights(city, rows=50)
    on = "/publish/flights/columns"
    publisher = browser_of(city.publisher)
    fields = {"title_zh.6": "延误", "unit.6": "分钟", "meaning_en.6": "Minutes late on arrival"}

    kept = publisher.submit(on, on=on, **fields)
    long = publisher.submit(on, on=on, **{"unit.6": "x" * 101})
    strange = browser_of(city.officer).submit(on, on="/dataset/flights/data", **fields)

    assert kept.status_code == 303
    assert long.status_code == 400
    assert "x" * 101 in long.text
    assert strange.status_code in (403, 404)
    shown = main_of(browser_of().page("/dataset/flights/columns"))
    assert "Minutes late on arrival" in shown
    assert "分钟" in shown
    assert "Meaning of columns" in main_of(publisher.page("/dataset/flights/history"))


def test_clients_of_the_datastore_read_the_dictionary_without_hidden_columns(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    view = View(columns=("id", "line"))
    city.list(
        dataset,
        Proposal(Regime.OPEN, view=view, declared=LAWFUL),
        by=city.publisher,
        opener=city.approver,
    )
    on, publisher = "/publish/stops/columns", browser_of(city.publisher)
    publisher.submit(
        on,
        on=on,
        **{
            "title_zh.0": "编号",
            "title_en.0": "Number",
            "meaning_en.0": "As painted on the post",
            "meaning_en.1": "Never told to strangers",
            "unit.2": "条",
            "code_list.2": "GB/T 2260",
        },
    )
    with city.pool.connection() as tx:
        place = distributions_of(tx, dataset)[0].id

    def fields(visitor: Visitor) -> dict[str, dict[str, str]]:
        told = visitor.get(f"/api/3/action/datastore_info?id={place}").json()["result"]["fields"]
        return {one["id"]: one.get("info", {}) for one in told}

    stranger, own = fields(browser_of()), fields(publisher)

    assert list(stranger) == ["id", "line"]
    assert stranger["id"]["label"] == "编号"
    assert stranger["id"]["notes"] == "As painted on the post"
    assert stranger["line"] == {"unit": "条", "code_list": "GB/T 2260"}
    assert list(own) == ["id", "name", "line"]
    assert own["name"] == {"notes": "Never told to strangers"}


def test_a_map_layer_is_small_counts_all_and_keeps_to_its_window(
    city: City, browser_of: OpenBrowser
) -> None:
    open_flights(city, rows=3_000)
    open_lines(city)
    visitor = browser_of()
    place = "/api/v1/datasets/flights/map.geojson"

    far = visitor.get(f"{place}?zoom=3")
    near = visitor.get(f"{place}?bbox=121.3,31.1,121.4,31.2&zoom=16")
    lines = visitor.get("/api/v1/datasets/lines/map.geojson?zoom=4")

    for answer in (far, near, lines):
        assert answer.headers["content-type"] == "application/geo+json"
        assert len(answer.content) <= 200_000
    assert far.json()["shown"] == far.json()["total"] == 3_000
    assert len(far.json()["features"]) < 20
    seen = near.json()
    assert 0 < seen["shown"] < 3_000
    for feature in seen["features"]:
        x, y = feature["geometry"]["coordinates"]
        assert 121.3 <= x <= 121.4
        assert 31.1 <= y <= 31.2
    assert len(lines.json()["features"]) == 24
    assert visitor.get(f"{place}?bbox=1,2,0,3").status_code == 400
    assert visitor.get(f"{place}?bbox=x").status_code == 400


@pytest.mark.parametrize("zoom", [0, 8, 18])
def test_many_shapes_fit_into_one_answer(build_copy: BuildCopy, zoom: int) -> None:
    copy = build_copy(
        """
        SELECT '{"type":"Polygon","coordinates":[[' || array_to_string([
                   '[' || (100 + range / 40.0 + cos(i / 30.0) / 3) || ',' ||
                   (30 + sin(i / 30.0) / 3) || ']' FOR i IN range(400)], ',') || ']]}' AS geometry
          FROM range(300)
        UNION ALL VALUES ('not json'), ('{"type":"Point","coordinates":[500,1]}'), ('[]'), (NULL)
        """
    )
    warehouse = Warehouse()

    layer = map_layer(warehouse, copy, Window(zoom, shapes="geometry"))
    part = map_layer(warehouse, copy, Window(zoom, shapes="geometry", box=Box(100, 29, 101, 31)))

    warehouse.close()
    assert layer["inside"] == 300
    assert len(json.dumps(layer["features"], separators=(",", ":"))) <= 200_100
    assert layer["total"] == 304
    if zoom < 18:
        assert layer["shown"] == 300
    assert isinstance(part["shown"], int)
    assert 0 < part["shown"] < 100


def test_the_whole_layer_is_looked_at_and_what_is_left_out_is_told(build_copy: BuildCopy) -> None:
    # Twelve thousand specks in the west, and after them one large area in the east.
    copy = build_copy(
        """
        SELECT '{"type":"Point","coordinates":[' || (100 + (range % 100) / 1000.0) || ',' ||
               (30 + (range // 100) / 1000.0) || ']}' AS geometry
          FROM range(12000)
        UNION ALL VALUES
        ('{"type":"Polygon","coordinates":[[[120,30],[125,30],[125,35],[120,35],[120,30]]]}')
        """
    )
    warehouse = Warehouse()

    far = map_layer(warehouse, copy, Window(5, shapes="geometry"))
    near = map_layer(warehouse, copy, Window(18, shapes="geometry"))

    warehouse.close()
    for layer in (far, near):
        features = layer["features"]
        assert isinstance(features, list)
        assert layer["inside"] == layer["total"] == 12_001
        assert layer["extent"] == [100, 30, 125, 35]
        assert "Polygon" in {one["geometry"]["type"] for one in features}
        assert len(json.dumps(features, separators=(",", ":"))) <= 200_100
        told = sum(one["properties"].get("count", 1) for one in features)
        assert told == layer["shown"]
    assert far["shown"] == 12_001
    assert isinstance(near["shown"], int)
    assert 0 < near["shown"] <= 12_001


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("lon", "lat"), ("lon", "lat")),
        (("start_lng", "start_lat"), ("start_lng", "start_lat")),
        (("经度", "纬度"), ("经度", "纬度")),
        (("GCJ02经度", "GCJ02纬度"), ("GCJ02经度", "GCJ02纬度")),
        (("x", "y"), None),
        (("along", "flat"), None),
    ],
)
def test_places_are_found_by_name(names: tuple[str, str], found: tuple[str, str] | None) -> None:
    columns = [Column(name, ColumnType.DOUBLE) for name in names]

    places = places_in(columns, None)

    assert (places and (places.longitude, places.latitude)) == found
    assert not places or places.is_shifted == ("GCJ" in names[0])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-20, 159), (3, 3), (0, 1e12), (0.001, 0.002)])
def test_ticks_are_round_and_span_what_is_drawn(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)

    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len(ticks) <= 8


def test_titles_stay_texts(city: City, browser_of: OpenBrowser) -> None:
    select = (
        "SELECT '<script>alert(1)</script>' AS \"<b>\", CAST(range AS BIGINT) AS n FROM range(3)"
    )
    columns = (Column("<b>", ColumnType.TEXT), Column("n", ColumnType.INTEGER))
    city.open_table("odd", Text("怪", "Odd"), select=select, columns=columns)

    page = browser_of().get("/dataset/odd/explore?kind=bars&by=<b>").text
    picture = browser_of().get("/dataset/odd/explore.svg?kind=bars&by=<b>")

    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "<script>alert" not in picture.text
    assert picture.headers["content-disposition"].startswith("attachment")


def test_no_chart_is_suggested_of_numbers_that_measure_nothing() -> None:
    numbers = ("month", "adcode", "flights", "station_id", "pm25")
    profile = Profile(
        100, tuple(_numbers(name, "DOUBLE" if name == "pm25" else "BIGINT") for name in numbers)
    )

    charts = suggested_charts(profile)

    assert [(chart.kind, chart.by, chart.of) for chart in charts] == [
        (SummaryKind.HISTOGRAM, "pm25", None),
        (SummaryKind.HISTOGRAM, "flights", None),
        (SummaryKind.SCATTER, "pm25", "flights"),
    ]


def _numbers(name: str, engine_type: str) -> ColumnProfile:
    bins = (Bin("0", "50", 50), Bin("50", "100", 50))
    return ColumnProfile(name, engine_type, 0, 90, "0", "100", None, None, bins, ())
