"""What the small modules do, and that nothing needs them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.samples import PAGES
from tests.browser.walk import DESKTOP, Walker

OpenWindow = Callable[..., Walker]


def test_the_browsers_language_is_spoken_and_the_other_one_is_a_link_away(
    walk_as: OpenWindow, samples: str
) -> None:
    page = walk_as("en-GB").visit(f"{samples}/dataset/air/data?page=2")
    assert page.locator("html").get_attribute("lang") == "en"

    page.get_by_role("link", name="中文", exact=True).click()

    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert "page=2" in page.url
    page.goto(f"{samples}/dataset")
    assert page.locator("html").get_attribute("lang") == "zh-Hans"


def test_dark_is_pinned_without_loading_the_page_again_and_remembered(
    walk_as: OpenWindow, samples: str
) -> None:
    page = walk_as("en-GB").visit(samples + "/dataset")
    light = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")

    page.locator("details[data-menu] summary").first.click()
    page.get_by_role("link", name="Dark").click()

    dark = page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")
    assert dark != light
    page.goto(samples + "/dataset")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert dark == page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor")


def test_dark_can_be_pinned_without_script(walk_as: OpenWindow, samples: str) -> None:
    page = walk_as("en-GB", has_script=False).page
    page.goto(samples + "/dataset")

    page.locator("details[data-menu] summary").first.click()
    page.get_by_role("link", name="Dark").click()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.goto(samples + "/user/login")
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/styleguide-parts"])
def test_a_page_says_the_same_without_script(walk_as: OpenWindow, samples: str, path: str) -> None:
    with_script, without = walk_as().page, walk_as(has_script=False).page
    with_script.goto(samples + path)
    without.goto(samples + path)

    heading = without.locator("h1").inner_text()

    assert heading == with_script.locator("h1").inner_text()
    assert without.locator("main").inner_text().strip()


def test_slash_goes_to_the_search_box_unless_keys_are_off(
    walk_as: OpenWindow, samples: str
) -> None:
    page = walk_as("en-GB").visit(samples + "/dataset/air")
    search = page.get_by_role("combobox", name="Search datasets")
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("/")
    expect(search).to_be_focused()

    page.evaluate("localStorage.setItem('weir.shortcuts.off', '1'); document.activeElement.blur()")
    page.keyboard.press("/")
    expect(search).not_to_be_focused()


def test_the_list_of_keys_opens_by_question_mark_and_has_no_fault(
    walk_as: OpenWindow, samples: str
) -> None:
    walker = walk_as("en-GB")
    page = walker.visit(samples + "/dataset/air")
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("?")

    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    walker.check_axe("keyboard dialog")


def test_j_and_k_move_along_the_inbox_and_enter_opens(walk_as: OpenWindow, samples: str) -> None:
    page = walk_as("en-GB").visit(samples + "/inbox")
    page.evaluate("document.activeElement.blur()")

    for key in "jjk":
        page.keyboard.press(key)
    page.keyboard.press("Enter")

    page.wait_for_url(re.compile("/inbox/request"))


def test_suggestions_come_while_typing_and_are_reached_by_arrows(
    walk_as: OpenWindow, samples: str
) -> None:
    walker = walk_as("en-GB")
    page = walker.visit(samples + "/dataset/air")
    search = page.get_by_role("combobox", name="Search datasets")

    search.press_sequentially("tcc", delay=20)
    expect(page.get_by_role("option").first).to_be_visible()
    search.press("ArrowDown")
    search.press("ArrowDown")

    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_contain_text("停车场名录")
    assert search.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    walker.check_axe("suggestions")
    assert not walker.complaints


def test_what_htmx_brings_is_announced_and_keeps_the_page_clean(
    walk_as: OpenWindow, samples: str
) -> None:
    walker = walk_as("en-GB")
    page = walker.visit(samples + "/publish/progress?lang=en")

    expect(page.locator("#live")).to_have_text("The file is read and checked.")

    expect(page.get_by_role("link", name="Go on")).to_be_visible()
    walker.check_axe("after the swap")
    assert not walker.complaints


def test_the_keyboard_is_seen_on_every_stop(walk_as: OpenWindow, samples: str) -> None:
    page = walk_as("en-GB").page
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.goto(samples + "/dataset/air/data")

    unseen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        stop = page.evaluate(
            """() => {
              const element = document.activeElement, style = getComputedStyle(element);
              const box = element.getBoundingClientRect();
              const rect = element.querySelector?.("rect");
              const drawn = rect && getComputedStyle(rect);
              return { html: element.outerHTML.slice(0, 120), isBody: element === document.body,
                isSeen: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
                  || (drawn && parseFloat(drawn.strokeWidth) > 3),
                isInView: box.bottom > 0 && box.top < innerHeight }; }"""
        )
        if stop["isBody"]:
            break
        if not (stop["isSeen"] and stop["isInView"]):
            unseen.append(stop["html"])

    assert not unseen


def test_what_a_publisher_typed_shows_as_text(walk_as: OpenWindow, samples: str) -> None:
    walker = walk_as()

    page = walker.visit(samples + "/dataset/air/data")

    assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert not walker.complaints


def test_inline_code_is_refused_by_the_content_policy(walk_as: OpenWindow, samples: str) -> None:
    walker = walk_as()
    page = walker.visit(samples + "/dataset")

    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.reached = true'}))"
    )

    assert page.evaluate("window.reached") is None
    assert any("Content Security Policy" in complaint for complaint in walker.complaints)


@pytest.mark.parametrize("path", ["/dataset/air", "/my/usage", "/audit/receipt", "/audit/lineage"])
def test_paper_carries_the_title_and_no_controls(
    walk_as: OpenWindow, samples: str, path: str
) -> None:
    page = walk_as().page
    page.goto(samples + path)

    page.emulate_media(media="print")

    assert page.locator("h1").is_visible()
    assert not page.locator(".main-nav").is_visible()
    assert not page.get_by_role("search").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_page_is_light_on_the_wire(walk_as: OpenWindow, samples: str) -> None:
    page = walk_as().page
    sizes: dict[str, int] = {}
    page.on(
        "response",
        lambda response: sizes.update({response.url: response.request.sizes()["responseBodySize"]}),
    )

    page.goto(samples + "/dataset/air", wait_until="networkidle")

    scripts = sum(size for url, size in sizes.items() if "/js/" in url)
    styles = sum(size for url, size in sizes.items() if "/css/" in url)
    assert 0 < scripts < 12 * 1024
    assert 0 < styles < 20 * 1024
