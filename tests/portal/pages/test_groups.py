"""The publisher declares what tells persons apart, sees the sizes, and answers."""

from __future__ import annotations

from tests.exchange.city import City
from tests.exchange.test_small_groups import with_version
from tests.portal.pages.conftest import OpenBrowser

PAGE = "/publish/stops/groups"


def test_small_groups_are_told_by_size_and_answered(city: City, browser_of: OpenBrowser) -> None:
    with_version(city)
    visitor = browser_of(city.publisher)
    assert PAGE in visitor.page("/publish/stops/sensitive?lang=en")

    wrong = visitor.submit(PAGE, on=PAGE, least="5")
    declared = visitor.submit(PAGE, on=PAGE, columns="line", about="name", least="11")
    page = visitor.page(f"{PAGE}?lang=en")

    assert (wrong.status_code, declared.status_code) == (400, 303)
    assert "40 rows fall into 4 groups; the smallest has 10." in page
    assert "4 groups have fewer than 11 rows, 40 rows in all." in page
    assert "最小的一组有 10 行" in visitor.page(f"{PAGE}?lang=zh")
    assert visitor.submit("/publish/stops/submit", on="/publish/stops").status_code == 409
    assert visitor.submit(f"{PAGE}/answer", on=PAGE, said="kept").status_code == 400
    assert visitor.submit(f"{PAGE}/answer", on=PAGE, said="kept", reason="Stops").status_code == 303
    assert visitor.submit("/publish/stops/submit", on="/publish/stops").status_code == 303
    assert browser_of(city.buyer).get(PAGE).status_code in (403, 404)


def test_the_same_by_api(city: City, browser_of: OpenBrowser) -> None:
    with_version(city)
    visitor = browser_of(city.publisher)
    token = {"X-CSRF-Token": visitor.form_token(PAGE)}
    path = "/api/v1/datasets/stops/groups"

    before = visitor.get(path)
    wrong = visitor.put(path, json={"columns": ["line"], "least": 1}, headers=token)
    counted = visitor.put(path, json={"columns": ["line"], "least": 11}, headers=token)
    answered = visitor.post(
        f"{path}/answer", json={"answer": "kept", "reason": "Stops"}, headers=token
    )

    assert (before.status_code, wrong.status_code) == (404, 400)
    assert counted.json()["smallest"] == 10
    assert counted.json()["is_waiting"]
    assert not answered.json()["is_waiting"]
    assert browser_of(city.buyer).get(path).status_code in (403, 404)
