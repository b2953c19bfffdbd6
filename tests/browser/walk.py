"""Look at a page as its readers do: with eyes, keyboard, screen reader, phone, at night."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response

from portal.frontend.install import NODE_MODULES

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
SCREENSHOTS = Path(__file__).resolve().parent.parent.parent / "screenshots"
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
NARROWEST = {"width": 320, "height": 720}

_RUN_AXE = """
async (rules) => {
  const found = await axe.run(document, {
    resultTypes: ["violations"],
    ...(rules ? { runOnly: { type: "rule", values: rules } } : {}),
  });
  return found.violations.map((violation) =>
    `${violation.impact}: ${violation.id}: ${violation.help}\\n` +
    violation.nodes.slice(0, 4).map((node) => `      ${node.html.slice(0, 200)}\\n      ${
      node.any.concat(node.all, node.none).map((check) => check.message).join("; ")}`).join("\\n"));
}
"""
_AXE_RUNS: list[tuple[Literal["light", "dark"], list[str] | None]] = [
    ("light", None),
    ("dark", ["color-contrast"]),  # by night only the colours differ
]
_OVERFLOW = """
() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > room + 1
      && !element.parentElement.closest(".scroll, pre, .hidden") && !element.closest(".hidden"))
    .slice(0, 5).map((element) => element.outerHTML.slice(0, 160));
}
"""
_FOCUS = """
() => {
  const element = document.activeElement, style = getComputedStyle(element);
  return {
    text: element.textContent.trim(), href: element.getAttribute("href"),
    isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}
"""
_SMALL_TARGETS = """
() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
  .filter((element) => {
    const box = element.getBoundingClientRect();
    if (!box.width || element.closest(".hidden, svg, p, td, th, dd, .digest")) return false;
    return box.height < 24 || box.width < 24;
  }).map((element) => element.outerHTML.slice(0, 140))
"""


@dataclass
class Walker:
    """One browser window that writes down everything that goes wrong in it."""

    context: BrowserContext
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)
    host: str = ""

    def __post_init__(self) -> None:
        self.page = self.context.new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", self._on_failure)
        self.page.on("response", self._on_response)

    def visit(self, url: str, *, status: int = 200) -> Page:
        """Open a page and check everything that holds for every page."""
        page = self.page
        self.host = urlsplit(url).netloc
        self.complaints.clear()
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        response = page.goto(url, wait_until="load")

        assert response is not None
        assert response.status == status, f"{url}: {response.status}"
        self._check_frame(url)
        self._check_first_stop(url)
        self.check_axe(url)
        for width in (PHONE, NARROWEST):
            page.set_viewport_size(width)  # type: ignore[arg-type]
            too_wide = page.evaluate(_OVERFLOW)
            assert not too_wide, f"{url} scrolls sideways at {width['width']} px: {too_wide}"
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        small = page.evaluate(_SMALL_TARGETS)
        assert not small, f"{url}: targets under 24 px: {small}"
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        assert not self.complaints, f"{url}: {self.complaints}"
        return page

    def check_axe(self, name: str) -> None:
        """axe finds nothing wrong with what is on the screen, by day and by night."""
        # Evaluated, not injected as a script, so that the content policy stays as it is.
        self.page.evaluate(AXE.read_text("utf-8"))
        for scheme, rules in _AXE_RUNS:
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            violations = self.page.evaluate(_RUN_AXE, rules)
            assert not violations, f"{name} ({scheme}):\n" + "\n".join(violations)
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")

    def screenshots(self, url: str, name: str) -> None:
        """Pictures of a page for people to look at: wide and narrow, by day and by night."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for width in (DESKTOP, PHONE):
            self.page.set_viewport_size(width)  # type: ignore[arg-type]
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                self.page.goto(url, wait_until="networkidle")
                path = SCREENSHOTS / f"{name}-{width['width']}-{scheme}.png"
                self.page.screenshot(path=path, full_page=True)

    def _check_frame(self, url: str) -> None:
        page = self.page
        assert page.title().strip(), f"{url} has no title"
        assert page.locator("h1").count() == 1, f"{url}: {page.locator('h1').count()} h1"
        assert page.locator("main").count() == 1, f"{url} has no one main landmark"
        assert page.locator("html").get_attribute("lang") in ("zh-Hans", "en"), url
        undefined = page.get_by_text("Undefined", exact=False).count()
        assert not undefined, f"{url} shows an undefined value"

    def _check_first_stop(self, url: str) -> None:
        autofocused = self.page.evaluate("document.activeElement !== document.body")
        if autofocused:  # an error list takes the focus first, as it should
            return
        self.page.keyboard.press("Tab")
        first = self.page.evaluate(_FOCUS)
        assert first["href"] == "#main", f"{url}: the first stop is {first}"
        assert first["isSeen"], f"{url}: the skip link shows no focus"

    def _on_console(self, message: ConsoleMessage) -> None:
        is_expected = "Failed to load resource" in message.text and "status of 4" in message.text
        if message.type in ("error", "warning") and not is_expected:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob") and address.netloc != self.host:
            self.complaints.append(f"foreign request: {request.url}")

    def _on_failure(self, request: Request) -> None:
        self.complaints.append(f"failed request: {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.complaints.append(f"{response.status}: {response.url}")
