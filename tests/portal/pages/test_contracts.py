"""A data contract goes in and out over HTTP, for those who may."""

from __future__ import annotations

from quality.yaml_text import read_document
from tests.exchange.city import City
from tests.portal.pages.conftest import OpenBrowser
from tests.quality.test_contract import CONTRACT

PATH = "/api/v1/datasets/stops/contract"
STOPS = CONTRACT | {
    "schema": [
        {
            "name": "stops",
            "properties": [{"name": "id", "unique": True}, {"name": "gone", "required": True}],
        }
    ]
}


def test_a_contract_is_taken_in_and_given_out(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    publisher, buyer = browser_of(city.publisher), browser_of(city.buyer)
    token = {"X-CSRF-Token": publisher.form_token("/publish/stops/sensitive")}

    told = publisher.put(PATH, json=STOPS, headers=token)
    refused = publisher.put(PATH, json={"kind": "x"}, headers=token)

    assert told.json() == {"rules": 1, "unchecked": ["schema[0].properties[1].required: gone"]}
    assert (refused.status_code, "DataContract" in refused.json()["detail"]) == (400, True)
    assert buyer.get(PATH).json() == STOPS
    assert buyer.get(f"{PATH}/coverage").json() == told.json()
    other = {"X-CSRF-Token": buyer.form_token("/my")}
    assert buyer.put(PATH, json=STOPS, headers=other).status_code == 403


ADDRESS = "/publish/stops/contract"
TEXT = """
apiVersion: v3.1.0
kind: DataContract
x-our-own: {since: 2024-01-01, kept: [1, null, 因此]}
schema:
  - name: stops
    quality:
      - {type: sql, name: Totals, query: SELECT 1, mustBe: 1}
    properties:
      - {name: name, required: true}
"""


def test_a_contract_is_looked_at_before_it_is_taken_in(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    publisher = browser_of(city.publisher)

    plan = publisher.submit(ADDRESS, on=ADDRESS, contract=TEXT)
    for told in ("“name” is never empty", "schema[0].quality[0]: Totals"):
        assert told in plan.text
    assert "“name” is never empty" not in publisher.page("/publish/stops?lang=en")

    assert publisher.submit(ADDRESS, on=ADDRESS, contract=TEXT, said="take").status_code == 303
    assert "“name” is never empty" in publisher.page("/publish/stops?lang=en")
    page = publisher.page(f"{ADDRESS}?lang=zh")
    assert "有1条规则来自已导入的合约" in page
    assert "schema[0].quality[0]: Totals" in page
    for ending in ("yaml", "json"):
        told = publisher.get(f"/dataset/stops/contract.{ending}")
        assert "attachment" in told.headers["Content-Disposition"]
        kept = read_document(told.text)
        assert kept["x-our-own"] == {"since": "2024-01-01", "kept": [1, None, "因此"]}
    again = publisher.submit(ADDRESS, on=ADDRESS, contract=TEXT)
    assert "规则没有增减。" in again.text


def test_a_text_that_is_no_contract_is_told_in_place(city: City, browser_of: OpenBrowser) -> None:
    city.open_stops()
    publisher, buyer = browser_of(city.publisher), browser_of(city.buyer)

    for text in (
        "",
        "{",
        "[1]",
        "a: &a [1]\nb: *a",
        "kind: Other",
        "x: .nan",
        "\x00",
        "a: !!set {b}",
    ):
        told = publisher.submit(ADDRESS, on=ADDRESS, contract=text)
        assert told.status_code == 400, text
        assert 'name="contract"' in told.text
    assert buyer.get(ADDRESS).status_code in (403, 404)
