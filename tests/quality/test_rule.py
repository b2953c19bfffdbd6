"""Drawing a suite for a table."""

from __future__ import annotations

from quality.check import Column, Family, InSet, NotBlank, NotNull, RowCountBetween, UniqueTogether
from quality.packs import load_pack, load_standard_packs
from quality.rule import Named, Rule, Selected, draw_suite
from quality.rule_format import parse_rule

SCHEMA = (
    Column("id", "BIGINT"),
    Column("name", "VARCHAR"),
    Column("手机", "VARCHAR"),
    Column("seen", "TIMESTAMP WITH TIME ZONE"),
    Column("tags", "VARCHAR[]"),
)


def own(expect: dict[str, object], columns: object, **more: object) -> Rule:
    return parse_rule({"expect": expect, "columns": columns, **more}, rule_id="own")


def test_a_selecting_rule_becomes_one_rule_for_each_column_it_fits() -> None:
    rule = own({"kind": "not_blank"}, {"families": ["text", "number"]})

    drawn = draw_suite((), (rule,), SCHEMA)

    assert [item.columns for item in drawn] == [("name",), ("手机",)]
    assert {item.check for item in drawn} == {NotBlank()}


def test_a_rule_that_names_several_columns_is_asked_of_each() -> None:
    drawn = draw_suite((), (own({"kind": "not_null"}, ["id", "seen"]),), SCHEMA)

    assert [item.key for item in drawn] == ["own:id", "own:seen"]


def test_columns_are_selected_by_name_without_regard_to_case() -> None:
    drawn = draw_suite((), (own({"kind": "unique"}, {"named": "^NAME$|手机"}),), SCHEMA)

    assert [item.columns for item in drawn] == [("name",), ("手机",)]


def test_a_rule_for_whole_rows_takes_all_columns_and_needs_two() -> None:
    rule = own({"kind": "unique_together"}, {})

    assert [item.columns for item in draw_suite((), (rule,), SCHEMA)] == [
        ("id", "name", "手机", "seen", "tags")
    ]
    assert draw_suite((), (rule,), SCHEMA[:1]) == ()


def test_a_rule_about_a_missing_column_stays_so_that_the_gate_can_tell() -> None:
    drawn = draw_suite((), (own({"kind": "unique"}, ["gone"]),), SCHEMA)

    assert [item.columns for item in drawn] == [("gone",)]


def test_blocking_rules_come_first() -> None:
    warn = own({"kind": "not_null"}, ["id"])
    block = own({"kind": "not_null"}, ["name"], gate="block")

    drawn = draw_suite((warn,), (block,), SCHEMA)

    assert [item.columns for item in drawn] == [("name",), ("id",)]


def test_the_packs_of_the_house_ask_each_column_what_fits_it() -> None:
    drawn = {rule.key for rule in draw_suite(load_standard_packs(), (), SCHEMA)}

    assert {"core.some_rows", "core.column_not_empty:tags", "time.not_in_future:seen"} <= drawn
    assert "identity-cn.mobile:手机" in drawn
    assert "identity-cn.mobile:name" not in drawn


def test_every_rule_of_the_packs_speaks_both_languages_and_says_what_to_do() -> None:
    for rule in load_standard_packs():
        for text in (rule.title, rule.explanation, rule.fix):
            assert text.zh, rule.id
            assert text.en, rule.id


def test_ids_of_rules_are_unique() -> None:
    ids = [rule.id for rule in load_standard_packs()]

    assert len(set(ids)) == len(ids)
    assert len(load_pack("core")) >= 10


def test_families_follow_the_type() -> None:
    families = {
        "DECIMAL(10,2)": Family.NUMBER,
        "decimal": Family.NUMBER,
        "INTEGER[]": Family.OTHER,
        "STRUCT(a INTEGER)": Family.OTHER,
        "TIMESTAMP_NS": Family.TIME,
        "instant": Family.TIME,
        "text": Family.TEXT,
        "BOOLEAN": Family.BOOLEAN,
    }

    assert {name: Column("x", name).family for name in families} == families


def test_values_of_a_list_must_be_of_the_columns_kind() -> None:
    texts = own({"kind": "in_set", "values": ["a"]}, {})

    assert [rule.columns for rule in draw_suite((), (texts,), SCHEMA)] == [("name",), ("手机",)]
    assert texts.check == InSet(("a",))
    assert texts.applies_to == Selected()


def test_a_check_about_the_whole_table_names_no_column() -> None:
    rule = own({"kind": "row_count_between", "at_least": 1}, None)

    assert draw_suite((), (rule,), SCHEMA) == (rule,)
    assert (rule.check, rule.applies_to) == (RowCountBetween(1, None), Named())
    assert not RowCountBetween.kind.is_counted
    assert NotNull.kind.is_counted
    assert UniqueTogether.kind.is_counted
