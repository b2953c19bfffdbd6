"""A dataset's contract as the Open Data Contract Standard 3.1 writes it, and the rules in it.

What a contract asks of the data becomes rules where one of our checks says the same; what none of
them says is kept word for word and told as not checked. Fields that are not read here stay as they
are, so that a contract that was taken in goes out whole.

Source: Open Data Contract Standard 3.1, Data quality (library metrics nullValues, missingValues,
invalidValues, duplicateValues, rowCount; types text, sql, custom), Schema (required, unique).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

from catalog.view import Json
from policies.errors import Refusal
from quality.check import Column
from quality.errors import MalformedContract
from quality.rule import Rule, RuleId
from quality.rule_format import rule_as_json, rule_from_json
from quality.sight import ENGINE

API_VERSION = "v3.1.0"
KIND = "DataContract"
ITEMS_MAX = 500


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing that a contract asks of the data."""

    path: str
    """Where it stands in the contract, such as `schema[0].properties[2].quality[0]`."""
    words: str
    """Its own name or description; empty where it gives none."""
    body: Mapping[str, object] | None
    """The rule that says it, as `rule_from_json` reads it; None where none does."""

    @property
    def told(self) -> str:
        """Where it stands, with its words."""
        return f"{self.path}: {self.words}" if self.words else self.path


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that was taken in for a dataset."""

    body: Mapping[str, Json]
    rule_ids: tuple[RuleId, ...]
    """The rules that it became."""
    unchecked: tuple[str, ...]
    """What it asks and nothing checks, by its path and words."""


def asks_of(body: Mapping[str, object]) -> list[Ask]:
    """What a contract asks of the data, in its order. Raises: MalformedContract."""
    if body.get("kind") != KIND or not str(body.get("apiVersion", "")).startswith("v3."):
        raise MalformedContract(KIND, API_VERSION)
    found = [
        ask for at, table in _items(body, "schema") for ask in _of_table(table, f"schema[{at}]")
    ]
    if len(found) > ITEMS_MAX:
        raise MalformedContract(KIND, API_VERSION)
    return found


def rules_in(
    asks: Sequence[Ask], schema: tuple[Column, ...], rule_ids: Iterator[RuleId]
) -> tuple[list[Rule], list[str]]:
    """The rules that the asks become, and what nothing checks: none says it, or it does not fit."""
    rules, unchecked = [], []
    for ask in asks:
        rule = None
        if ask.body is not None:
            try:
                rule = rule_from_json(ask.body, schema, rule_id=str(next(rule_ids)))
            except Refusal:
                rule = None
        if rule is None:
            unchecked.append(ask.told)
            continue
        rules.append(rule)
    return rules, unchecked


def contract_of(
    name: str, schema: tuple[Column, ...], rules: Sequence[Rule], taken_in: Contract | None
) -> dict[str, Json]:
    """The dataset's contract: the one that was taken in, with the rules that came since."""
    known = set(taken_in.rule_ids) if taken_in else set()
    if taken_in is not None:
        body = deepcopy(dict(taken_in.body))
    else:
        body = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "id": name,
            "version": "1.0.0",
            "status": "active",
            "schema": [
                {
                    "name": name,
                    "logicalType": "object",
                    "properties": [
                        {"name": column.name, "physicalType": column.type} for column in schema
                    ],
                }
            ],
        }
    tables = cast("list[dict[str, Json]]", body.setdefault("schema", [{"name": name}]))
    own: list[Json] = [_as_item(rule) for rule in rules if str(rule.id) not in map(str, known)]
    if tables and own:
        held = cast("list[Json]", tables[0].get("quality") or [])
        tables[0]["quality"] = [*held, *own]
    return body


def _as_item(rule: Rule) -> dict[str, Json]:
    body = {key: value for key, value in rule_as_json(rule).items() if key != "id"}
    return {
        "name": rule.title.en or rule.title.zh,
        "type": "custom",
        "engine": ENGINE,
        "implementation": body,
        "dimension": rule.dimension.value,
        "severity": rule.severity.value,
    }


def _of_table(table: Mapping[str, object], path: str) -> Iterator[Ask]:
    for at, item in _items(table, "quality"):
        yield _of_item(item, None, f"{path}.quality[{at}]")
    for at, column in _items(table, "properties"):
        name, where = str(column.get("name", "")), f"{path}.properties[{at}]"
        if column.get("required") is True:
            yield Ask(f"{where}.required", name, _rule({"kind": "not_null"}, name))
        if column.get("unique") is True:
            yield Ask(f"{where}.unique", name, _rule({"kind": "unique"}, name))
        for number, item in _items(column, "quality"):
            yield _of_item(item, name, f"{where}.quality[{number}]")


def _of_item(item: Mapping[str, object], column: str | None, path: str) -> Ask:
    words = str(item.get("name") or item.get("description") or item.get("metric") or "")
    implementation = item.get("implementation")
    if item.get("type") == "custom" and item.get("engine") == ENGINE:
        is_rule = isinstance(implementation, Mapping)
        return Ask(path, words, cast("Mapping[str, object]", implementation) if is_rule else None)
    if item.get("type", "library") != "library" or item.get("unit", "rows") != "rows":
        return Ask(path, words, None)
    return Ask(path, words, _of_metric(item, column))


def _of_metric(item: Mapping[str, object], column: str | None) -> dict[str, object] | None:
    metric = item.get("metric") or item.get("rule")
    if metric == "rowCount":
        bounds = _bounds(item)
        return {"expect": {"kind": "row_count_between", **bounds}} if bounds else None
    if column is None or item.get("mustBe") != 0:
        return None
    given = item.get("arguments")
    arguments = given if isinstance(given, Mapping) else {}
    match metric:
        case "nullValues":
            return _rule({"kind": "not_null"}, column)
        case "duplicateValues" if not arguments:
            return _rule({"kind": "unique"}, column)
        case "invalidValues" if isinstance(arguments.get("validValues"), list):
            return _rule({"kind": "in_set", "values": arguments["validValues"]}, column)
        case "invalidValues" if "pattern" in arguments:
            return _rule({"kind": "regex", "pattern": arguments["pattern"]}, column)
        case _:
            return None


def _bounds(item: Mapping[str, object]) -> dict[str, object]:
    """Of a whole number, as both ends included."""
    between = item.get("mustBeBetween")
    if isinstance(between, list) and len(between) == 2:
        return {"at_least": between[0], "at_most": between[1]}
    exact, above, least = (
        item.get(f"mustBe{end}") for end in ("", "GreaterThan", "GreaterOrEqualTo")
    )
    below, most = item.get("mustBeLessThan"), item.get("mustBeLessOrEqualTo")
    bounds: dict[str, object] = {}
    if isinstance(exact, int):
        bounds |= {"at_least": exact, "at_most": exact}
    if isinstance(above, int):
        bounds["at_least"] = above + 1
    if isinstance(least, int):
        bounds["at_least"] = least
    if isinstance(below, int):
        bounds["at_most"] = below - 1
    if isinstance(most, int):
        bounds["at_most"] = most
    return bounds


def _rule(expect: dict[str, object], column: str) -> dict[str, object]:
    return {"expect": expect, "columns": [column]}


def _items(body: Mapping[str, object], field: str) -> list[tuple[int, Mapping[str, object]]]:
    held = body.get(field)
    if held is None:
        return []
    if not isinstance(held, list) or not all(isinstance(one, Mapping) for one in held):
        raise MalformedContract(KIND, API_VERSION)
    return list(enumerate(held))
