"""The rule packs of the house: YAML files beside this module, read once per process.

A rule of a pack says more than a publisher's own must: every field that a reader of a report is
shown, in both languages. `check_packs` makes sure of it when the portal starts.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import cast

from quality.errors import MissingRuleField, UnknownPack, WrongRuleValue
from quality.rule import Rule
from quality.rule_format import parse_rule
from quality.yaml_text import read_yaml

STANDARD_PACKS = (
    *("core", "time", "identity-cn"),
    *("geo", "money", "transport", "air", "open-data", "drift"),
)
"""The packs that every table is asked; a rule that fits no column of it asks nothing."""

_STATED = frozenset(
    {
        *("id", "title", "explanation", "dimension", "clause", "severity", "gate", "weight"),
        "fix",
    }
)


@cache
def load_pack(name: str) -> tuple[Rule, ...]:
    """The rules of one pack, in the order of the file.

    Raises: UnknownPack; MissingRuleField, WrongRuleValue or a refusal of `parse_rule` where the
        file is wrong.
    """
    source = files("quality").joinpath("packs", f"{name}.yaml")
    if not name.replace("-", "").isalnum() or not source.is_file():
        raise UnknownPack(name)
    bodies = cast("list[dict[str, object]]", read_yaml(source.read_text(encoding="utf-8")))
    return tuple(_stated_rule(name, body) for body in bodies)


def load_standard_packs() -> tuple[Rule, ...]:
    """The rules that every table is asked."""
    return tuple(rule for name in STANDARD_PACKS for rule in load_pack(name))


def check_packs() -> int:
    """Read every pack, so that a broken one stops the start and not the first check of a table.

    Returns the number of rules. Raises: the refusals of `load_pack`.
    """
    ids = [rule.id for rule in load_standard_packs()]
    for rule_id in ids:
        if ids.count(rule_id) > 1:
            raise WrongRuleValue("id", f"used once: {rule_id}")
    return len(ids)


def _stated_rule(pack: str, body: dict[str, object]) -> Rule:
    rule = parse_rule(body)
    for field in sorted(_STATED - set(body)):
        raise MissingRuleField(f"{rule.id}: {field}")
    if not rule.id.startswith(f"{pack}."):
        raise WrongRuleValue("id", f"{pack}.…")
    for field, text in (
        ("title", rule.title),
        ("explanation", rule.explanation),
        ("fix", rule.fix),
    ):
        if not (text.zh and text.en):
            raise MissingRuleField(f"{rule.id}: {field}")
    return rule
