"""Contracts of the Open Data Contract Standard, in and out, with nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from policies.database import Tx
from quality.check import Column
from quality.contract import asks_of
from quality.errors import MalformedContract
from quality.rules import add_rule, list_rules
from quality.take_in_contract import contract_taken_in, give_out_contract, take_in_contract
from tests.people import AT
from tests.quality.conftest import Made

MakeVersion = Callable[[Tx], Made]
SCHEMA = (Column("id", "BIGINT"), Column("kind", "VARCHAR"), Column("plate", "VARCHAR"))
CONTRACT: dict[str, Any] = {
    "apiVersion": "v3.1.0",
    "kind": "DataContract",
    "id": "53581432",
    "status": "active",
    "price": {"priceAmount": 9.95, "priceCurrency": "CNY"},
    "x-our-own": {"kept": [1, None, "因此"]},
    "schema": [
        {
            "name": "vehicles",
            "businessName": "车辆",
            "quality": [
                {"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0},
                {"type": "sql", "name": "Totals", "query": "SELECT 1", "mustBe": 1},
                {"type": "text", "description": "Reviewed by the fleet office"},
            ],
            "properties": [
                {"name": "id", "required": True, "unique": True, "logicalType": "integer"},
                {
                    "name": "kind",
                    "quality": [
                        {
                            "metric": "invalidValues",
                            "arguments": {"validValues": ["bus", "car"]},
                            "mustBe": 0,
                        },
                        {"metric": "nullValues", "mustBeLessThan": 5, "unit": "percent"},
                    ],
                },
                {
                    "name": "plate",
                    "quality": [
                        {
                            "metric": "invalidValues",
                            "arguments": {"pattern": "^B[0-9]+$"},
                            "mustBe": 0,
                        },
                        {"metric": "invalidValues", "arguments": {"pattern": "(?=x)"}, "mustBe": 0},
                    ],
                },
            ],
        }
    ],
}


def test_what_can_be_checked_becomes_rules_and_the_rest_is_told(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)

    taken = take_in_contract(tx, made.dataset_id, CONTRACT, SCHEMA, by=made.publisher, at=AT)

    titles = [own.rule.title.en for own in list_rules(tx, made.dataset_id)]
    assert sorted(titles) == [
        "Rows: at least 1",
        "“id” is never empty",
        "“id” is unique",
        "“kind” is one of bus, car",
        "“plate” matches ^B[0-9]+$",
    ]
    assert taken.unchecked == (
        "schema[0].quality[1]: Totals",
        "schema[0].quality[2]: Reviewed by the fleet office",
        "schema[0].properties[1].quality[1]: nullValues",
        "schema[0].properties[2].quality[1]: invalidValues",
    )
    assert contract_taken_in(tx, made.dataset_id) == taken


def test_a_contract_goes_out_as_it_came_in_with_the_rules_since(
    tx: Tx, make_version: MakeVersion
) -> None:
    made, other = make_version(tx), make_version(tx)
    take_in_contract(tx, made.dataset_id, CONTRACT, SCHEMA, by=made.publisher, at=AT)

    as_it_came = give_out_contract(tx, made.dataset_id, "vehicles", SCHEMA)
    body = {"expect": {"kind": "length_between", "at_most": 9}, "columns": ["plate"], "weight": 7}
    add_rule(tx, made.dataset_id, body, SCHEMA, by=made.publisher, at=AT)
    since: Any = give_out_contract(tx, made.dataset_id, "vehicles", SCHEMA)
    take_in_contract(tx, other.dataset_id, since, SCHEMA, by=other.publisher, at=AT)

    assert as_it_came == CONTRACT
    assert len(since["schema"][0]["quality"]) == 4
    kept = [own.rule for own in list_rules(tx, other.dataset_id)]
    assert [rule.weight for rule in kept if rule.check.kind.value == "length_between"] == [7]
    assert len(kept) == 6


def test_a_new_contract_takes_the_place_of_the_one_before(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)
    take_in_contract(tx, made.dataset_id, CONTRACT, SCHEMA, by=made.publisher, at=AT)

    bare = CONTRACT | {"schema": [{"name": "vehicles"}]}
    take_in_contract(tx, made.dataset_id, bare, SCHEMA, by=made.publisher, at=AT)

    assert list_rules(tx, made.dataset_id) == []


def test_without_a_contract_one_is_written_of_what_is_there(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)
    body = {"expect": {"kind": "unique"}, "columns": ["id"]}
    add_rule(tx, made.dataset_id, body, SCHEMA, by=made.publisher, at=AT)

    written: Any = give_out_contract(tx, made.dataset_id, "vehicles", SCHEMA)

    assert (written["kind"], written["apiVersion"]) == ("DataContract", "v3.1.0")
    assert [one["name"] for one in written["schema"][0]["properties"]] == ["id", "kind", "plate"]
    (ask,) = asks_of(written)
    assert ask.body is not None


@pytest.mark.parametrize(
    "body",
    [
        {},
        CONTRACT | {"kind": "Contract"},
        CONTRACT | {"apiVersion": "v2.2.2"},
        CONTRACT | {"schema": {"name": "x"}},
        CONTRACT | {"schema": [{"quality": ["x"]}]},
        CONTRACT | {"schema": [{"properties": [{"name": "a", "required": True}] * 501}]},
    ],
)
def test_what_is_no_contract_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(MalformedContract):
        asks_of(body)
