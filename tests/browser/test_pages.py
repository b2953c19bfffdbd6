"""Every page, with made-up contents, in both languages: what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.samples import PAGES
from tests.browser.walk import Walker

SHOWN = [path for path in PAGES if path != "/styleguide-parts"]
OpenWindow = Callable[..., Walker]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", [*SHOWN, "/styleguide"])
def test_a_page_is_right_for_eyes_keyboard_phone_and_night(
    walk_as: OpenWindow, samples: str, path: str, language: str
) -> None:
    walker = walk_as()

    status = PAGES[path].status if path in PAGES else 200
    page = walker.visit(f"{samples}{path}?lang={language}", status=status)

    assert page.locator("html").get_attribute("lang") == {"zh": "zh-Hans", "en": "en"}[language]
