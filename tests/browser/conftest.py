"""A real Chromium over a served application. BROWSER=no leaves these tests out, and says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from portal.frontend.install import NotInstalled, install
from tests.browser.chromium import ARGUMENTS, NoChromium, chromium
from tests.browser.sample_site import sample_site
from tests.browser.serving import serving
from tests.browser.walk import Walker

HERE = Path(__file__).parent
IS_LEFT_OUT = os.environ.get("BROWSER", "yes").lower() in ("no", "0", "false")
_left_out: list[int] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and leave it out where asked to."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
    if IS_LEFT_OUT and ours:
        _left_out.append(len(ours))
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested."""
    if _left_out:
        terminalreporter.section("BROWSER=no")
        terminalreporter.line(f"{_left_out[0]} browser tests were left out; no page was looked at.")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver, once a worker."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium a worker."""
    try:
        install()
        program = chromium()
    except (NoChromium, NotInstalled) as problem:
        pytest.fail(str(problem), pytrace=False)
    started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
    yield started
    started.close()


@pytest.fixture
def walk_as(browser: Browser) -> Iterator[Callable[..., Walker]]:
    """Open a fresh window with a language and, where asked, without script."""
    contexts = []

    def open_window(locale: str = "zh-CN", *, has_script: bool = True) -> Walker:
        context = browser.new_context(
            locale=locale, java_script_enabled=has_script, reduced_motion="reduce"
        )
        contexts.append(context)
        return Walker(context)

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def samples() -> Iterator[str]:
    """Address of the pages with made-up contents, which need no database."""
    with serving(sample_site()) as address:
        yield address
