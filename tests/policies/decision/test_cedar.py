from __future__ import annotations

import pytest

from policies.canonical import Plain
from policies.decision.cedar import BROKEN_RULE, Verdict, evaluate, read_rules, shipped_rules
from policies.errors import MalformedRules

SCHEMA = """
type Access = { at: Long, flag: Bool, name?: String };
entity Party;
entity Dataset;
action query appliesTo { principal: Party, resource: Dataset, context: Access };
"""
SAID = '@source("a") @zh("甲") @en("b")'
ALLOW = f'@id("all") {SAID} permit (principal, action, resource);'


def _ask(policies: str, context: dict[str, Plain]) -> Verdict:
    return evaluate(
        read_rules(policies, SCHEMA),
        principal_id="p",
        action="query",
        resource_id="d",
        context=context,
    )


def test_the_shipped_rules_fit_their_schema_and_say_what_they_mean_in_both_languages() -> None:
    rules = shipped_rules()

    assert {rule_id for rule_id, rule in rules.by_id.items() if rule.is_permit} == {
        "open-granted",
        "open-unconditional",
        "owner-reads",
        "share-at-once",
        "share-granted",
        "trade",
    }
    for rule in rules.by_id.values():
        assert rule.text.zh
        assert rule.text.en
        assert rule.source


def test_rules_read_again_from_their_texts_have_the_same_fingerprint() -> None:
    rules = shipped_rules()

    assert read_rules(rules.policies, rules.schema).fingerprint == rules.fingerprint
    assert read_rules(rules.policies + "\n// .", rules.schema).fingerprint != rules.fingerprint


def test_every_forbid_beats_every_permit_and_is_named() -> None:
    rules = (
        f'{ALLOW} @id("no") {SAID} forbid (principal, action, resource) when {{ context.flag }};'
    )

    assert _ask(rules, {"at": 1, "flag": True}) == Verdict(is_allowed=False, rule_ids=("no",))
    assert _ask(rules, {"at": 1, "flag": False}) == Verdict(is_allowed=True, rule_ids=("all",))


def test_without_a_permit_nothing_is_allowed() -> None:
    rules = f'@id("a") {SAID} permit (principal, action, resource) when {{ context.flag }};'

    assert _ask(rules, {"at": 1, "flag": False}) == Verdict(is_allowed=False, rule_ids=())


def test_a_rule_that_fails_while_it_is_evaluated_refuses() -> None:
    rules = (
        f'{ALLOW} @id("sum") {SAID} forbid (principal, action, resource) '
        "when { context.at + 9223372036854775807 < 0 };"
    )

    assert _ask(rules, {"at": 1, "flag": False}) == Verdict(
        is_allowed=False, rule_ids=(BROKEN_RULE,)
    )


@pytest.mark.parametrize(
    "policies",
    [
        "permit (principal",
        f'@id("a") {SAID} permit (principal, action, resource) when {{ context.flagg }};',
        f'@id("a") {SAID} permit (principal, action, resource) when {{ context.at == "x" }};',
        f'@id("a") {SAID} permit (principal, action, resource) when {{ context.name == "x" }};',
        f'@id("a") {SAID} permit (principal, action == Action::"fly", resource);',
        f"{SAID} permit (principal, action, resource);",
        '@id("a") @source("a") @en("b") permit (principal, action, resource);',
        f"{ALLOW} {ALLOW}",
    ],
    ids=[
        "does not parse",
        "a misspelt attribute",
        "a wrong type",
        "an optional attribute that is not asked for first",
        "an unknown action",
        "no id",
        "no Chinese text",
        "an id twice",
    ],
)
def test_wrong_rules_are_refused_when_they_are_loaded(policies: str) -> None:
    with pytest.raises(MalformedRules):
        read_rules(policies, SCHEMA)
