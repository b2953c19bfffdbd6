"""Journey 2: look inside and take a view along; and charts, maps and dictionary, to the eye."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.flights import open_flights, open_lines
from tests.browser.serving import serving
from tests.browser.test_real_pages import signed_in
from tests.browser.walk import DESKTOP, Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    wiring,
)

OpenWindow = Callable[..., Walker]
ROWS = 3_000


@dataclass
class Site:
    """A served city with flights and bus lines."""

    address: str
    city: City
    wiring: Wiring


@pytest.fixture
def site(wiring: Wiring, city: City, browser_of: OpenBrowser) -> Iterator[Site]:  # noqa: F811
    open_flights(city, rows=ROWS)
    open_flights(city, "planes", rows=50)
    open_lines(city)
    browser_of()
    app = create_app(wiring)
    with serving(app) as address:
        # Snippets name the site, and are run against it.
        app.state.wiring = replace(wiring, settings=replace(wiring.settings, site_url=address))
        yield Site(address, city, app.state.wiring)


def test_look_inside_and_take_a_view_along(site: Site, walk_as: OpenWindow, tmp_path: Path) -> None:
    page = opened(walk_as("en"), f"{site.address}/dataset/flights/data?lang=en")

    expect(page.get_by_role("heading", name="3,000 rows")).to_be_visible()
    assert page.locator("#rows thead .picture").count() == 13
    assert page.locator("#rows tbody tr").count() == 100

    bar = page.locator("#rows th", has_text="carrier").locator("svg a").first
    told = bar.locator("title").text_content() or ""
    value, _, count = told.partition(": ")
    bar.click()
    expect(page.get_by_role("heading", name=f"{count} rows")).to_be_visible()
    expect(page.locator(".chip", has_text=f"carrier = {value}")).to_be_visible()

    page.locator(".picker > summary").click()
    for name in ("flight_id", "note", "distance", "lon", "lat"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_role("button", name="Show these columns").click()
    page.locator("#rows thead a", has_text="delay").first.click()
    expect(page.locator("#rows th[aria-sort=ascending]")).to_contain_text("delay")
    assert page.locator("#rows thead th").count() == 8
    assert "sort=delay" in page.url
    assert "columns=day" in unquote(page.url)
    shown = page.locator("#rows tbody tr").first.inner_text()

    page.locator(".take > summary", has_text="Take this view along").click()
    number = int(count.replace(",", ""))
    files = {}
    for label in ("CSV", "Excel"):
        with page.expect_download() as coming:
            page.get_by_role("link", name=label, exact=True).click()
        path = tmp_path / coming.value.suggested_filename
        coming.value.save_as(path)
        assert path.stem == "航班准点明细"
        files[label] = path
    rows = list(csv.DictReader(io.StringIO(files["CSV"].read_text("utf-8"))))
    assert len(rows) == number
    assert {row["carrier"] for row in rows} == {value}
    assert [row["delay"] for row in rows if row["delay"]] == sorted(
        (row["delay"] for row in rows if row["delay"]), key=int
    )
    sheet = openpyxl.load_workbook(files["Excel"]).active
    assert sheet is not None
    head, *cells = sheet.iter_rows(values_only=True)
    assert head == ("day", "计划时间", "carrier", "code", "出发地", "delay", "是否准点", "serial")
    assert len(cells) == number
    assert [str(row[7]) for row in cells] == [row["serial"] for row in rows]
    assert [row[3] for row in cells] == [row["code"] for row in rows]

    page.locator(".take > summary", has_text="Link to this view").click()
    link = page.locator("#view-url").inner_text()
    again = opened(walk_as("en"), link)
    assert again.locator("#rows tbody tr").first.inner_text() == shown
    expect(again.get_by_role("heading", name=f"{count} rows")).to_be_visible()

    page.get_by_role("link", name="For a program").click()
    page.evaluate("document.querySelectorAll('.snippet').forEach((one) => (one.open = true))")
    python = page.locator("#snippet-python").inner_text()
    assert value in python
    assert run_outside([sys.executable, "-c", python]) == count.replace(",", "")
    pandas = page.locator("#snippet-pandas").inner_text()
    assert run_outside([sys.executable, "-c", pandas]) == count.replace(",", "")
    ckanapi = page.locator("#snippet-ckanapi").inner_text()
    assert run_outside([sys.executable, "-c", ckanapi]) == count.replace(",", "")
    curl = page.locator("#snippet-curl").inner_text()
    subprocess.run(["sh", "-c", curl], check=True, cwd=tmp_path, timeout=60)
    fetched = list(csv.DictReader(io.StringIO((tmp_path / "flights.csv").read_text("utf-8"))))
    assert fetched == rows


def test_charts_are_drawn_and_taken_along(site: Site, walk_as: OpenWindow, tmp_path: Path) -> None:
    page = opened(walk_as("en"), f"{site.address}/dataset/flights/explore?lang=en")

    expect(page.locator(".suggested a[aria-current]")).to_be_visible()
    assert page.locator("svg.drawing").count() == 1
    page.select_option("[name=kind]", "bars")
    page.select_option("[name=by]", "carrier")
    page.select_option("[name=measure]", "mean")
    page.select_option("[name=of]", "delay")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#chart-head")).to_have_text("Mean · delay by carrier")
    assert page.locator("svg.drawing .bar").count() == 3
    for label, ending in (("SVG", ".svg"), ("CSV", ".csv"), ("PNG", ".png")):
        with page.expect_download() as coming:
            page.locator(".section-head").get_by_text(label, exact=True).click()
        path = tmp_path / f"chart{ending}"
        coming.value.save_as(path)
        assert path.stat().st_size > 50
        assert coming.value.suggested_filename.endswith(ending)
    assert "<svg" in (tmp_path / "chart.svg").read_text("utf-8")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.reader(io.StringIO((tmp_path / "chart.csv").read_text("utf-8"))))
    assert rows[0] == ["carrier", "Mean: delay"]
    assert len(rows) == 4


@pytest.mark.parametrize("has_script", [True, False])
def test_maps_move_with_and_without_script(
    site: Site, walk_as: OpenWindow, *, has_script: bool
) -> None:
    walker = walk_as("en", has_script=has_script)
    page = opened(walker, f"{site.address}/dataset/lines/explore/map?lang=en")

    if has_script:
        expect(page.locator("#map-live canvas")).to_be_visible()
        with page.expect_response(re.compile(r"map\.geojson")) as coming:
            page.locator(".leaflet-control-zoom-in").click()
        assert len(coming.value.body()) <= 200_000
    else:
        assert page.locator("svg.map path.line").count() == 24
        wide = page.locator("svg.map path.line").first.get_attribute("d")
        page.get_by_role("link", name="Closer").click()
        assert page.locator("svg.map path.line").first.get_attribute("d") != wide
        expect(page.locator("figcaption")).to_contain_text("lie in this window")
    assert walker.complaints == []


def test_the_dictionary_is_written_and_offers_joins(site: Site, walk_as: OpenWindow) -> None:
    walker = walk_as("en")
    signed_in(walker, site.wiring, site.address, site.city.publisher)
    for slug in ("planes", "flights"):
        page = opened(walker, f"{site.address}/publish/{slug}/columns?lang=en")
        carrier = page.get_by_role("group", name="carrier")
        carrier.get_by_label("Title in English").fill("Airline")
        carrier.get_by_label("Meaning in Chinese").fill("承运航空公司的二字代码")
        carrier.get_by_label("Code list").fill("IATA airlines")
        page.get_by_role("group", name="delay").get_by_label("Unit").fill("min")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").first).to_contain_text("The dictionary is kept")

    page = opened(walk_as("en"), f"{site.address}/dataset/flights/columns?lang=en")

    row = page.get_by_role("row", name=re.compile("carrier"))
    expect(row).to_contain_text("Airline")
    expect(row).to_contain_text("承运航空公司的二字代码")
    expect(row).to_contain_text("Codes of IATA airlines")
    expect(row.get_by_role("link")).to_have_text("Flights and their delays · carrier")
    expect(page.get_by_role("row", name=re.compile("^delay"))).to_contain_text("min")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_of_looking_inside_are_right_to_the_eye(
    site: Site, walk_as: OpenWindow, language: str
) -> None:
    walker = walk_as("zh-CN" if language == "zh" else "en")
    chosen = '?filters=[{"column":"carrier","operator":"=","value":"UA"}]&sort=delay desc'
    for name, path in (
        ("data", f"/dataset/flights/data{chosen}&columns=day,carrier,delay,出发地"),
        ("columns", "/dataset/flights/columns"),
        ("explore", "/dataset/flights/explore"),
        ("bars", "/dataset/flights/explore?kind=bars&by=出发地&measure=mean&of=delay"),
        ("spread", "/dataset/flights/explore?kind=histogram&by=delay"),
        ("pairs", "/dataset/flights/explore?kind=scatter&by=delay&of=distance"),
        ("map", "/dataset/flights/explore/map"),
        ("lines", "/dataset/lines/explore/map"),
        ("use", f"/dataset/flights/use{chosen}"),
    ):
        url = f"{site.address}{path}{'&' if '?' in path else '?'}lang={language}"
        walker.visit(url)
        if os.environ.get("WEIR_PICTURES"):
            walker.screenshots(url, f"{name}-{language}")
        # What a map still asks for when it is left is broken off here, and not on the next page.
        walker.page.goto("about:blank")
    signed_in(walker, site.wiring, site.address, site.city.publisher)
    walker.visit(f"{site.address}/publish/flights/columns?lang={language}")
    if os.environ.get("WEIR_PICTURES"):
        walker.screenshots(
            f"{site.address}/publish/flights/columns?lang={language}", f"write-{language}"
        )


def opened(walker: Walker, url: str) -> Page:
    """The page at an address, in a wide window."""
    walker.host = url.split("/")[2]
    walker.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    walker.page.goto(url)
    return walker.page


def run_outside(command: list[str]) -> str:
    """What a snippet prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
