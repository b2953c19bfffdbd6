"""Reading rules from JSON and YAML, and writing them back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quality import check as checks
from quality.check import Column, Kind
from quality.dimension import Dimension
from quality.errors import (
    EmptyBounds,
    MissingRuleField,
    RuleDoesNotFit,
    UnknownColumn,
    UnknownRuleField,
    UnsupportedPattern,
    WrongNumberOfColumns,
    WrongRuleValue,
)
from quality.packs import load_standard_packs
from quality.rule import Gate, Named, Severity
from quality.rule_format import offered_checks, parse_rule, rule_as_json, rule_from_json

AIR = (
    Column("PM2.5", "DOUBLE"),
    Column("PM10", "DOUBLE"),
    Column("wd", "VARCHAR"),
    Column("seen", "TIMESTAMP"),
)


def test_a_short_rule_gets_its_title_dimension_gate_and_severity_from_its_check() -> None:
    rule = parse_rule({"expect": {"kind": "not_null"}, "columns": ["PM2.5"]}, rule_id="1")

    assert rule.title.en == "“PM2.5” is never empty"
    assert rule.title.zh == "“PM2.5”不为空"
    assert (rule.dimension, rule.gate, rule.severity) == (
        Dimension.COMPLETENESS,
        Gate.WARN,
        Severity.WARNING,
    )
    assert rule.applies_to == Named(("PM2.5",))


@pytest.mark.parametrize("rule", load_standard_packs(), ids=lambda rule: rule.id)
def test_a_rule_of_a_pack_reads_back_as_it_was_written(rule: object) -> None:
    assert isinstance(rule, type(load_standard_packs()[0]))

    assert parse_rule(rule_as_json(rule)) == rule


def test_decimals_and_dates_read_back_exactly() -> None:
    rule = parse_rule(
        {"expect": {"kind": "between", "at_least": 0.1, "at_most": 2}, "columns": ["PM10"]},
        rule_id="1",
    )
    dated = parse_rule(
        {"expect": {"kind": "between", "at_least": "2013-03-01"}, "columns": ["seen"]}, rule_id="2"
    )

    assert rule.check == checks.Between(Decimal("0.1"), 2)
    assert dated.check == checks.Between(date(2013, 3, 1), None)
    assert parse_rule(rule_as_json(rule)) == rule
    assert parse_rule(rule_as_json(dated)) == dated


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({}, MissingRuleField),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "colums": 1}, UnknownRuleField),
        ({"expect": {"kind": "unique", "pattern": "x"}, "columns": ["a"]}, UnknownRuleField),
        ({"expect": {"kind": "magic"}, "columns": ["a"]}, WrongRuleValue),
        ({"expect": {}, "columns": ["a"]}, MissingRuleField),
        ({"expect": "unique", "columns": ["a"]}, WrongRuleValue),
        ({"expect": {"kind": "unique"}, "columns": [1]}, WrongRuleValue),
        ({"expect": {"kind": "unique"}, "columns": ["a", "a"]}, WrongRuleValue),
        ({"expect": {"kind": "unique"}}, WrongNumberOfColumns),
        ({"expect": {"kind": "pair_greater"}, "columns": ["a"]}, WrongNumberOfColumns),
        ({"expect": {"kind": "row_count_between", "at_least": 1}, "columns": ["a"]},
         WrongNumberOfColumns),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "weight": 0}, WrongRuleValue),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "weight": True}, WrongRuleValue),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "gate": "discard"}, WrongRuleValue),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "mostly_permille": 99.5},
         WrongRuleValue),
        ({"expect": {"kind": "has_values"}, "columns": ["a"], "mostly_permille": 900},
         WrongRuleValue),
        ({"expect": {"kind": "between"}, "columns": ["a"]}, EmptyBounds),
        ({"expect": {"kind": "between", "at_least": 2, "at_most": 1}, "columns": ["a"]},
         EmptyBounds),
        ({"expect": {"kind": "between", "at_least": float("nan")}, "columns": ["a"]},
         WrongRuleValue),
        ({"expect": {"kind": "between", "at_least": 1, "at_most": "2020-01-01"},
          "columns": ["a"]}, WrongRuleValue),
        ({"expect": {"kind": "between", "at_least": 9007199254740993}, "columns": ["a"]},
         WrongRuleValue),
        ({"expect": {"kind": "in_set", "values": []}, "columns": ["a"]}, WrongRuleValue),
        ({"expect": {"kind": "regex", "pattern": "(?=a)"}, "columns": ["a"]}, UnsupportedPattern),
        ({"expect": {"kind": "regex", "pattern": r"(a)\1"}, "columns": ["a"]}, UnsupportedPattern),
        ({"expect": {"kind": "regex", "pattern": "a++"}, "columns": ["a"]}, UnsupportedPattern),
        ({"expect": {"kind": "regex", "pattern": "("}, "columns": ["a"]}, UnsupportedPattern),
        ({"expect": {"kind": "unique"}, "columns": ["a"], "title": {"fr": "x"}},
         UnknownRuleField),
    ],
)  # fmt: skip
def test_every_mistake_has_its_refusal(body: dict[str, object], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        parse_rule(body, rule_id="1")


@pytest.mark.parametrize("pattern", [r"\++", "[*+]+", r"^(?:a|b)$", "(?i)x", "(?s:.*)", "[)(?=]"])
def test_ordinary_patterns_are_not_mistaken_for_unsupported_ones(pattern: str) -> None:
    rule = parse_rule(
        {"expect": {"kind": "regex", "pattern": pattern}, "columns": ["a"]}, rule_id="1"
    )

    assert rule.check == checks.Regex(pattern)


def test_a_publishers_rule_must_fit_the_columns() -> None:
    not_null = {"expect": {"kind": "not_null"}, "columns": ["PM25"]}
    regex = {"expect": {"kind": "regex", "pattern": "x"}, "columns": ["PM10"]}
    dates = {"expect": {"kind": "between", "at_least": "2013-01-01"}, "columns": ["PM10"]}
    mixed = {"expect": {"kind": "pair_greater"}, "columns": ["PM10", "seen"]}

    with pytest.raises(UnknownColumn):
        rule_from_json(not_null, AIR, rule_id="1")
    for body in (regex, dates, mixed):
        with pytest.raises(RuleDoesNotFit):
            rule_from_json(body, AIR, rule_id="1")


def test_a_publisher_cannot_choose_the_id_of_a_rule() -> None:
    body = {"id": "core.some_rows", "expect": {"kind": "unique"}, "columns": ["wd"]}

    with pytest.raises(UnknownRuleField):
        rule_from_json(body, AIR, rule_id="1")


def test_every_check_is_offered_with_a_name_in_both_languages() -> None:
    offered = offered_checks()

    assert {check["kind"] for check in offered} == {kind.value for kind in Kind}
    assert all(set(check["label"]) == {"zh", "en"} for check in offered)  # type: ignore[arg-type]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_whatever_stands_where_a_check_should_is_refused_and_nothing_else(value: object) -> None:
    with pytest.raises((MissingRuleField, UnknownRuleField, WrongRuleValue)):
        parse_rule({"expect": value, "columns": ["a"]}, rule_id="1")
