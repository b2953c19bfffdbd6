"""Find and judge in two minutes: from the start page to the reasons behind a dataset's quality."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from portal.app import create_app
from portal.wiring import Wiring
from tests.browser.serving import serving
from tests.browser.walk import DESKTOP, PHONE, Walker
from tests.exchange.city import City
from tests.exchange.conftest import exchange_zygote  # noqa: F401  a fixture
from tests.portal.pages.conftest import (  # noqa: F401  fixtures
    OpenBrowser,
    browser_of,
    city,
    stocked,
    wiring,
)

OpenWindow = Callable[..., Walker]
PICTURES = os.environ.get("WEIR_FINDING_PICTURES")
SHOWN = {
    "start": "/",
    "find": "/dataset",
    "hits": "/dataset?q=停车场&compare=lots&compare=metro",
    "rows": "/dataset?view=rows&tag=交通",
    "nothing": "/dataset?q=飞碟",
    "spelling": "/dataset?q=wether&cycle=yearly",
    "compare": "/compare?dataset=lots&dataset=sold-stops&dataset=metro",
}


@pytest.fixture
def address(
    stocked: City,  # noqa: F811
    wiring: Wiring,  # noqa: F811
    browser_of: OpenBrowser,  # noqa: F811
) -> Iterator[str]:
    """Where the city's portal is served."""
    browser_of()
    with serving(create_app(wiring)) as served:
        yield served


def suggested(page: Page, typed: str) -> None:
    """Type into the search of the start page."""
    box = page.get_by_role("combobox")
    box.fill("")
    box.press_sequentially(typed, delay=20)


def test_a_newcomer_finds_and_judges_a_dataset(walk_as: OpenWindow, address: str) -> None:
    walker = walk_as("en-GB")
    page = walker.visit(f"{address}/?lang=en")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()

    for typed in ("停车", "tcc", "parking"):
        suggested(page, typed)
        option = page.get_by_role("option").filter(has_text="臺北市停車場資訊").first
        expect(option).to_be_visible()
        expect(page.get_by_role("group", name="Datasets")).to_be_visible()
    walker.check_axe("suggestions")
    box.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    suggested(page, "transp")
    expect(page.get_by_role("group", name="Departments")).to_be_visible()

    box.fill("")
    box.press("Enter")
    page.wait_for_url(re.compile(r"/dataset"))
    expect(page.locator(".bar strong")).to_have_text("4 datasets")

    csv = page.locator(".facet a", has_text="CSV")
    csv.focus()
    csv.press("Enter")
    expect(page.locator(".bar strong")).to_have_text("2 datasets")
    expect(page.locator(".facet a", has_text="CSV")).to_be_focused()
    expect(page.locator("#live")).to_contain_text("2 datasets")
    page.locator(".facet a[href*=organization]").first.click()
    expect(page.locator(".bar strong")).to_have_text("1 dataset")
    expect(page.locator(".chips a.chip")).to_have_count(2)
    assert "format=CSV" in page.url
    assert "organization=" in page.url
    walker.check_axe("filtered")

    page.go_back()
    expect(page.locator(".bar strong")).to_have_text("2 datasets")
    expect(page.locator(".chips a.chip")).to_have_count(1)
    page.go_back()
    expect(page.locator(".bar strong")).to_have_text("4 datasets")
    expect(page.locator(".chips a.chip")).to_have_count(0)

    page.locator("h3 a", has_text="臺北市停車場資訊").click()
    page.wait_for_url(re.compile(r"/dataset/lots"))
    for judged in ("Price", "Licence", "Quality", "Freshness"):
        expect(page.locator(".terms dt", has_text=judged).first).to_be_in_viewport()
    page.get_by_role("link", name="Quality", exact=True).first.click()
    expect(page.locator("h1")).to_contain_text("臺北市停車場資訊")
    assert not walker.complaints


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_of_finding_are_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow, address: str, language: str
) -> None:
    walker = walk_as()
    for name, path in SHOWN.items():
        url = f"{address}{path}{'&' if '?' in path else '?'}lang={language}"
        page = walker.visit(url)
        if PICTURES is None:
            continue
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            picture = Path(PICTURES) / f"{name}-{language}-{size['width']}.png"
            page.screenshot(path=picture, full_page=True)


def test_filters_fold_on_a_phone_and_are_open_where_there_is_room(
    walk_as: OpenWindow, address: str
) -> None:
    page = walk_as("en-GB").page
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{address}/dataset?lang=en")
    choice = page.locator(".facet a", has_text="CSV")
    expect(choice).to_be_hidden()

    page.get_by_text("Filters", exact=True).first.click()
    choice.click()

    expect(page.locator(".bar strong")).to_have_text("2 datasets")
    expect(page.locator(".facet a", has_text="CSV")).to_be_visible()
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.goto(f"{address}/dataset?lang=en")
    expect(page.locator(".facet a", has_text="CSV")).to_be_visible()


def test_finding_and_comparing_need_no_script(walk_as: OpenWindow, address: str) -> None:
    page = walk_as("en-GB", has_script=False).page
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.goto(f"{address}/?lang=en")

    page.locator("main [name=q]").fill("tcc")
    page.locator("main [name=q]").press("Enter")
    expect(page.locator(".bar strong")).to_have_text("1 dataset")
    page.goto(f"{address}/dataset")
    page.locator(".facet a", has_text="CSV").click()
    expect(page.locator(".bar strong")).to_have_text("2 datasets")
    page.get_by_role("link", name=re.compile("^Compare")).first.click()
    page.get_by_role("link", name=re.compile("^Compare")).first.click()
    page.get_by_role("link", name="Put side by side").click()

    expect(page.locator("h1")).to_have_text("Compare datasets")
    assert page.url.count("dataset=") == 2
