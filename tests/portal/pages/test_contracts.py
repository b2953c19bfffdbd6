"""A data contract goes in and out over HTTP, for those who may."""

from __future__ import annotations

from catalog.mask import Mask, MaskKind
from catalog.view import View
from exchange.list_product import Proposal
from policies.terms import Regime
from quality.yaml_text import read_document
from tests.exchange.city import LAWFUL, City, entry
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


def test_what_was_never_taken_in_is_given_out_in_both_forms(
    city: City, browser_of: OpenBrowser
) -> None:
    city.open_stops()

    for reader in (browser_of(city.buyer), browser_of(city.publisher)):
        forms = [reader.get(f"/dataset/stops/contract.{ending}") for ending in ("yaml", "json")]
        assert [form.status_code for form in forms] == [200, 200]
        in_yaml, in_json = (read_document(form.text) for form in forms)
        assert in_yaml == in_json
        assert in_json["schema"][0]["properties"][0]["physicalType"] == "integer"  # type: ignore


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


RULES = "/api/v1/datasets/stops/rules"
FILE = "/dataset/stops/contract"
WIDE = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "servers": [{"server": "warehouse-of-ours", "type": "postgres"}],
    "slaProperties": [{"property": "retention", "value": 3, "element": "stops.name_"}],
    "schema": [
        {
            "name": "stops",
            "quality": [{"type": "sql", "name": "name_ by line", "query": "SELECT name_"}],
            "properties": [
                {"name": "id", "unique": True, "transformLogic": "hash of name_"},
                {"name": "name", "required": True, "description": "name_ of the stop"},
            ],
        }
    ],
}


def test_rules_and_contract_name_no_column_that_the_reader_may_not_see(
    city: City, browser_of: OpenBrowser
) -> None:
    dataset = city.publish(
        "stops", by=city.publisher, approver=city.approver, entry=entry(licence="CC-BY-4.0")
    )
    view = View(
        columns=("id", "line"),
        masks={"line": Mask(MaskKind.HASH)},
    )
    proposal = Proposal(Regime.OPEN, view=view, declared=LAWFUL)
    city.list(dataset, proposal, by=city.publisher, opener=city.approver)
    publisher, reader = browser_of(city.publisher), browser_of(city.officer)
    buyer = browser_of(city.buyer)
    token = {"X-CSRF-Token": publisher.form_token("/publish/stops/sensitive")}
    asked = (
        {"expect": {"kind": "not_null"}, "columns": ["id"]},
        {"expect": {"kind": "not_blank"}, "columns": ["name"]},
        {"expect": {"kind": "in_set", "values": [0, 1, 2, 777]}, "columns": ["line"]},
        {"expect": {"kind": "unique_together"}, "columns": ["id", "name"]},
        {"expect": {"kind": "not_null"}, "columns": {"named": "^na"}},
    )
    sent = publisher.put(PATH, json=WIDE, headers=token)
    assert sent.status_code == 200, sent.text
    for rule in asked:
        assert publisher.post(RULES, json=rule, headers=token).status_code == 201

    addresses = (PATH, f"{PATH}/coverage", RULES, f"{FILE}.yaml", f"{FILE}.json")
    for visitor in (reader, buyer):
        told = [visitor.get(address) for address in addresses]
        assert {answer.status_code for answer in told} == {200}
        text = "".join(answer.text for answer in told)
        for hidden in ("name_", "“name”", '"name"]', "- name\n", "warehouse-of-ours", "777", "^na"):
            assert hidden not in text, hidden
        expects = [one["rule"]["expect"] for one in told[2].json()]
        assert all(set(expect) == {"kind"} for expect in expects)
        assert sorted(one["kind"] for one in expects) == ["in_set", "not_null", "unique"]
        assert [one["name"] for one in told[0].json()["schema"][0]["properties"]] == ["id"]
        assert told[1].json() == {"rules": 1, "unchecked": []}
    whole = publisher.get(PATH).json()
    assert len(whole["schema"][0]["quality"]) == 1 + len(asked)
    assert whole["servers"] == WIDE["servers"]
    assert len(publisher.get(RULES).json()) == 2 + len(asked)
    assert publisher.get(f"{PATH}/coverage").json() == {
        "rules": 2,
        "unchecked": ["schema[0].quality[0]: name_ by line"],
    }
