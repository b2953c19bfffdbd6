"""Tests of the exchange as a whole: of each kind of thing that must not be outstanding, none is.

They are one sentence about many countable things, so they are made and not written; each has a
name of its own, which says what it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from policies.decision.checks.finding import Check, Finding, Given, holds
from policies.decision.facts import AuditFacts


def nothing_is_outstanding(facts: AuditFacts, counted: str) -> Finding:
    """Of what is counted, nothing is outstanding."""
    count = getattr(facts, counted)
    return holds(is_met=count == 0, **{counted: count})


def _none(counted: str) -> Check[AuditFacts]:
    def test(facts: AuditFacts, _given: Given) -> Finding:
        return nothing_is_outstanding(facts, counted)

    return Check(test, needs=(counted,))


AUDIT_CHECKS: Mapping[str, Check[AuditFacts]] = {
    f"no_{field.name}": _none(field.name) for field in fields(AuditFacts) if field.name != "regimes"
}
