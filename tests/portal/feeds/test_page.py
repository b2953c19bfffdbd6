from __future__ import annotations

import json
import re

import extruct
import pytest

from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_of_a_dataset_tells_search_engines_exactly_one_dataset(
    city: City, browser_of: OpenBrowser, language: str
) -> None:
    city.open_stops()
    visitor = browser_of()

    page = visitor.get(f"/dataset/stops?lang={language}").text
    found = extruct.extract(page, base_url="http://testserver", syntaxes=["json-ld"])["json-ld"]

    (one,) = [item for item in found if item["@type"] == "Dataset"]
    assert one["name"] == {"zh": "公交站点", "en": "Bus stops"}[language]
    assert len(one["description"]) >= 50
    assert one["license"] == "https://creativecommons.org/licenses/by/4.0/"
    assert one["creator"]["name"]
    assert one["url"] == "http://testserver/dataset/stops"
    (file,) = one["distribution"]
    assert visitor.get(file["contentUrl"]).status_code == 200


def test_the_page_of_a_dataset_links_its_other_forms(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    visitor = browser_of()

    page = visitor.page("/dataset/stops")
    links = dict(re.findall(r'<link rel="alternate" type="([^"]+)" href="([^"]+)">', page))

    assert set(links) >= {"text/turtle", "application/rdf+xml", "application/ld+json"}
    for media_type, address in links.items():
        assert visitor.get(address).headers["Content-Type"].startswith(media_type)


def test_words_of_a_record_cannot_leave_the_script_element(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.open_stops()
    with city.pool.connection() as tx:
        tx.execute(
            "UPDATE catalog.datasets SET title = %s WHERE id = %s",
            (json.dumps({"en": "</script><script>alert(1)</script>"}), dataset.id),
        )

    page = browser_of().get("/dataset/stops").text

    assert "<script>alert" not in page
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(text)["name"] == "</script><script>alert(1)</script>"
