"""The league table of quality: for supervisors alone, each score with its reasons."""

from __future__ import annotations

import csv
import io

from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.portal.pages.test_reports import CHECKED, UNRATED, keep


def test_a_score_stands_with_its_reasons_and_links(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    supervisor = browser_of(city.regulator)
    keep(city, CHECKED)

    page = supervisor.page("/audit/quality?lang=en")
    for told in ("88", "3 of 5", "id has gaps", "/dataset/stops/versions/1/report"):
        assert told in page
    assert "部门质量排名" in supervisor.page("/audit/quality?lang=zh")
    (row,) = csv.DictReader(io.StringIO(supervisor.get("/audit/quality.csv").text.lstrip("\ufeff")))
    (department,) = supervisor.get("/audit/quality.json").json()["departments"]
    assert (row["place"], row["score"], row["grade"]) == ("1", "88", "B")
    assert department["score"] == 88
    assert [one["dataset"] for one in department["datasets"]] == ["stops"]
    assert "/audit/quality" in supervisor.page("/audit")


def test_what_was_not_rated_has_no_place(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    supervisor = browser_of(city.regulator)
    keep(city, UNRATED)

    (department,) = supervisor.get("/audit/quality.json").json()["departments"]

    assert (department["place"], department["score"], department["rated"]) == (None, None, 0)
    assert "Not rated" in supervisor.page("/audit/quality?lang=en")


def test_only_supervisors_read_it(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()

    for who in (city.publisher, city.buyer, city.approver):
        visitor = browser_of(who)
        for path in ("/audit/quality", "/audit/quality.csv", "/audit/quality.json"):
            assert visitor.get(path).status_code == 403
    assert browser_of().get("/audit/quality.json").status_code in (303, 401)
