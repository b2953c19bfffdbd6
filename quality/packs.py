"""The rule packs of the house: YAML files beside this module, read once per process."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from quality.errors import UnknownPack
from quality.rule import Rule
from quality.rule_format import parse_rule

STANDARD_PACKS = ("core", "time", "identity-cn")
"""The packs that every table is asked; a rule that fits no column of it asks nothing."""


@cache
def load_pack(name: str) -> tuple[Rule, ...]:
    """The rules of one pack, in the order of the file.

    Raises: UnknownPack; a refusal of `parse_rule` where the file is wrong, which tests exclude.
    """
    source = files("quality").joinpath("packs", f"{name}.yaml")
    if not name.replace("-", "").isalnum() or not source.is_file():
        raise UnknownPack(name)
    return tuple(parse_rule(body) for body in yaml.safe_load(source.read_text(encoding="utf-8")))


def load_standard_packs() -> tuple[Rule, ...]:
    """The rules that every table is asked."""
    return tuple(rule for name in STANDARD_PACKS for rule in load_pack(name))
