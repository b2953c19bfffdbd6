from __future__ import annotations

import re

from catalog.result import ResultFormat
from exchange.allow import Ask
from exchange.deliver import deliver_file
from exchange.delivery import FileQuestion
from policies.party import ANONYMOUS
from tests.exchange.city import City, entry
from tests.portal.pages.conftest import OpenBrowser


def figures(page: str) -> dict[str, str]:
    """The city's numbers by name."""
    return dict(re.findall(r"<div><dt>([^<]+)</dt><dd>([^<]+)</dd></div>", page))


def test_an_empty_city_says_what_to_do_first(city: City, browser_of: OpenBrowser) -> None:
    page = browser_of().page("/")

    assert "No dataset is published yet" in page
    assert figures(page)["Datasets"] == "0"


def test_the_numbers_of_the_city_count_what_is_public_and_delivered(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()
    city.sold_stops()
    deliver_file(city.parts, "stops", FileQuestion(ResultFormat.CSV), Ask(ANONYMOUS))

    page = browser_of(city.publisher).page("/")

    assert figures(page) == {
        "Datasets": "2",
        "Publishing departments": "2",
        "Rows": "80",
        "Deliveries, 30 days": "1",
    }


def test_hits_are_paged_without_gap_or_repeat(city: City, browser_of: OpenBrowser) -> None:
    for number in range(23):
        city.publish(f"stops-{number}", by=city.publisher, approver=city.approver, entry=entry())
    visitor = browser_of()

    first = visitor.page("/dataset?q=stops")
    assert "/dataset?q=stops&page=2" in first
    second = visitor.page("/dataset?q=stops&page=2")

    names = re.findall(r'href="/dataset/(stops-\d+)"', first)
    more = re.findall(r'href="/dataset/(stops-\d+)"', second)
    assert len(names) == 20
    assert len(set(names) | set(more)) == 23
    assert "21 to 23 of 23" in second


def test_nothing_found_says_what_else_there_is(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()

    page = browser_of().page("/dataset?q=飞碟")

    assert "Nothing found" in page
    assert "All datasets" in page


def test_suggestions_name_datasets_and_departments(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    assert "/dataset/stops" in visitor.page("/dataset/suggest?q=stops")
    assert "/organization/transport" in visitor.page("/dataset/suggest?q=transp")
    assert "href" not in visitor.page("/dataset/suggest?q=")


def test_a_department_shows_what_it_publishes(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    assert "/organization/transport" in visitor.page("/organization")
    page = visitor.page("/organization/transport")
    assert "/dataset/stops" in page
    assert "1 dataset" in page
    visitor.page("/organization/nobody", status=404)
