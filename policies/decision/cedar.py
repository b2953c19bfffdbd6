"""Cedar: the rules of `rules/*.cedar`, parsed and checked against their schema once.

Cedar leaves out a rule that fails while it is evaluated. A forbid left out would let data go, so
any failure is a refusal here. Requests are not checked against the schema again, which would take
about as long as deciding: `decide` builds them from typed facts, and its tests check that they fit.

Source: docs/decisions/0004-cedar-decides-clauses-check-views-enforce.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cedarpy

from policies.canonical import Plain, fingerprint_of
from policies.errors import MalformedRules
from policies.terms import Text

RULES = Path(__file__).parent.parent / "rules"

BROKEN_RULE = "rule-failed"
"""Stands for a rule that could not be evaluated."""

_NOTHING = cedarpy.Entities.from_json_str("[]")
"""All facts travel in the context, so there are no entities to look up."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One permit or forbid, with what it says to people."""

    id: str
    is_permit: bool
    source: str
    text: Text


@dataclass(frozen=True, slots=True)
class Rules:
    """A set of rules, ready to evaluate.

    `policies` and `schema` are texts; store both once per fingerprint to replay a decision.
    """

    policies: str
    schema: str
    by_id: Mapping[str, Rule]
    fingerprint: str
    parsed: cedarpy.PolicySet = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say: for a permission the permits, for a refusal the forbids that matched."""

    is_allowed: bool
    rule_ids: tuple[str, ...]


@cache
def shipped_rules() -> Rules:
    """The rules of this release.

    Raises: MalformedRules.
    """
    texts = [path.read_text(encoding="utf-8") for path in sorted(RULES.glob("*.cedar"))]
    schema = (RULES / "schema.cedarschema").read_text(encoding="utf-8")
    return read_rules("\n".join(texts), schema)


def read_rules(policies: str, schema: str) -> Rules:
    """Parse rules and check them against their schema.

    Raises: MalformedRules where they do not parse, do not fit, or lack @id, @source, @zh or @en.
    """
    try:
        parsed = cedarpy.PolicySet.from_str(policies)
        checked = cedarpy.validate_policies(policies, schema)
    except ValueError as fault:
        raise MalformedRules(str(fault)) from fault
    if not checked.validation_passed:
        raise MalformedRules("; ".join(str(error) for error in checked.errors))
    rules = _rules(policies)
    return Rules(
        policies=policies,
        schema=schema,
        by_id={rule.id: rule for rule in rules},
        fingerprint=fingerprint_of({"policies": policies, "schema": schema}),
        parsed=parsed,
    )


def evaluate(
    rules: Rules, *, principal_id: str, action: str, resource_id: str, context: dict[str, Plain]
) -> Verdict:
    """Ask the rules about one access; the ids that matched stand in alphabetical order."""
    result = cedarpy.is_authorized(
        {
            "principal": {"type": "Party", "id": principal_id},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "Dataset", "id": resource_id},
            "context": context,
        },
        rules.parsed,
        _NOTHING,
    )
    if result.diagnostics.errors or result.decision is cedarpy.Decision.NoDecision:
        return Verdict(is_allowed=False, rule_ids=(BROKEN_RULE,))
    matched = result.diagnostics.id_annotations_by_reason.values()
    return Verdict(is_allowed=result.allowed, rule_ids=tuple(sorted(matched)))


def _rules(policies: str) -> list[Rule]:
    """What each rule's annotations say.

    Raises: MalformedRules.
    """
    rules: list[Rule] = []
    for policy in json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"].values():
        said = policy.get("annotations", {})
        missing = [name for name in ("id", "source", "zh", "en") if not said.get(name)]
        if missing:
            raise MalformedRules(f"{said.get('id', 'a rule')} lacks @{', @'.join(missing)}")
        text = Text(zh=said["zh"], en=said["en"])
        rules.append(Rule(said["id"], policy["effect"] == "permit", said["source"], text))
    if len({rule.id for rule in rules}) < len(rules):
        raise MalformedRules("an @id stands there twice")
    return rules
