"""Chinese pages are Chinese: a walk over every page that a person can reach, in their language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from exchange import apply
from policies.party import Actor
from tests.exchange.city import City, request
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_audit import delivered, signed
from tests.portal.visitor import Visitor

PAGES_MAX = 120
SENTENCE = re.compile(r"[A-Za-z][a-z_]+(?:[ ,;:.]+[A-Za-z][a-z_]+)+|^[a-z_.]{4,}$")
"""Two words in a row, or one that stands alone in the writing of programs."""


class Words(HTMLParser):
    """What a page says: text and names of its parts, without code and quoted data."""

    QUOTED = frozenset({"script", "style", "code", "pre", "kbd", "samp", "svg", "bdi"})
    VOID = frozenset({"input", "meta", "link", "br", "hr", "img", "source", "wbr", "use", "path"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.links: list[str] = []
        self._quoted: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in named:
            self.links.append(named["href"])
        is_quoted = any(self._quoted[-1:]) or tag in self.QUOTED or named.get("lang") == "en"
        if not is_quoted:
            self.said += [named[name] for name in ("aria-label", "title", "placeholder", "alt")
                          if named.get(name)]  # fmt: skip
        if tag not in self.VOID:
            self._quoted.append(is_quoted)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self._quoted:
            self._quoted.pop()

    def handle_data(self, data: str) -> None:
        if not any(self._quoted[-1:]) and data.strip():
            self.said.append(" ".join(data.split()))


NAMES = (
    *("id, name, line", "name", "line", "data", "stops", "stops.csv", "csv, json, parquet"),
    *("ping", "jian", "trade secret", "shift_jis", "oai_dc", "Delta Sharing", "names"),
    *("weir verify", "weir doctor", "curl", "pandas", "ckanapi", "Excel Power Query"),
    *("Data Package", "NULL, null, N/A, n/a, #N/A, NaN, nan, None"),
    *("Parquet, Arrow", "JSON Web Token", "Standard Webhooks", "webhook-signature"),
    *("GTFS Schedule, field type Time", "GTFS Schedule, trips.txt, direction_id"),
)
"""What has one name in every language: data, people and their words, formats, commands."""
RAW = "/audit/event/"
"""Entries of the log as they were signed keep the names that programs gave them."""


def english_in(page: str) -> list[str]:
    words = Words()
    words.feed(page)
    return [said for said in words.said if SENTENCE.search(without_names(said))]


def without_names(said: str) -> str:
    for name in sorted(NAMES, key=len, reverse=True):
        said = re.sub(rf"\b{re.escape(name)}\b", "", said)
    return said


def walked(visitor: Visitor, starts: list[str]) -> Iterator[tuple[str, str]]:
    """Pages that links lead to, each kind of address a few times."""
    visitor.headers["Accept-Language"] = "zh-CN"
    waiting, seen = list(starts), set(starts)
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.pop(0)
        answer = visitor.get(path)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield path, answer.text
        words = Words()
        words.feed(answer.text)
        for link in words.links:
            address = urlsplit(unescape(link))
            if address.netloc or "lang=" in link or not address.path.startswith("/"):
                continue
            if address.path not in seen and len(seen) < PAGES_MAX:
                seen.add(address.path)
                waiting.append(address.path)


@pytest.mark.parametrize("name", ["nobody", "publisher", "approver", "buyer", "regulator"])
def test_no_page_says_in_english_what_it_can_say_in_chinese(
    city: City, browser_of: OpenBrowser, name: str
) -> None:
    city.open_stops()
    receipt_id = delivered(city)
    listing = city.shared_stops()
    with city.pool.connection() as tx:
        wish = request(duty="急救条例第四项", scenario="规划救护车路线")
        asked = apply.submit(tx, city.parts.keys, listing.id, wish, by=city.officer, at=city.at)
        apply.grant(tx, city.parts.keys, asked.id, by=city.approver, at=city.at)
    signed(city)
    person: Actor | None = getattr(city, name, None)
    starts = ["/", "/dataset", f"/receipt/{receipt_id}", f"/audit/receipt/{receipt_id}", "/audit"]
    starts += ["/inbox", "/my", "/my/usage", "/publish", "/finance", "/audit/freezes"]

    said = {
        (path, english)
        for path, page in walked(browser_of(person), starts)
        if not path.startswith(RAW)
        for english in english_in(page)
    }

    assert said == set()


def test_english_is_found_where_it_stands() -> None:
    page = '<p title="what you see here">都是中文</p><p>working days: 0</p><code>a b c d</code>'

    assert english_in(page) == ["what you see here", "working days: 0"]
