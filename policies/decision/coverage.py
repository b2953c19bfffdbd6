"""Which clauses are covered: tested here and now, on facts that must pass and facts that must fail.

The tests of this release and the page of the standards ask the very same function, so the page says
nothing that the tests do not.

Source: docs/decisions/0023-standards-in-versions.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from policies.calendar import china_day
from policies.decision.cases import AT, cases_of
from policies.decision.checks.finding import Given
from policies.decision.checks.run import facts_needed, run_check
from policies.decision.clause import Clause, Outcome, Profile
from policies.decision.facts import Facts
from policies.decision.profile import profiles


@dataclass(frozen=True, slots=True)
class Proof:
    """What the test of one clause gave for its two cases."""

    clause_id: str
    has_passed: bool
    """The facts that must pass did."""
    has_failed: bool
    """The facts that must fail did."""
    needs: tuple[str, ...]
    """The facts without which it says nothing."""

    @property
    def is_proven(self) -> bool:
        """Whether the test tells right from wrong."""
        return self.has_passed and self.has_failed


@cache
def proofs_of(fingerprint: str) -> dict[str, Proof]:
    """The proofs of a profile of this release, by clause; empty for a profile of another."""
    for profile in profiles():
        if profile.fingerprint == fingerprint:
            return {clause.id: _proof(profile, clause) for clause in profile.clauses}
    return {}


def _proof(profile: Profile, clause: Clause) -> Proof:
    pair = cases_of(profile).get(clause.id)
    needs = facts_needed(clause.stage, clause.test)
    if pair is None:
        return Proof(clause.id, has_passed=False, has_failed=False, needs=needs)
    passing, failing = (_outcome(profile, clause, facts) for facts in pair)
    return Proof(clause.id, passing is Outcome.PASSED, failing is Outcome.FAILED, needs)


def _outcome(profile: Profile, clause: Clause, facts: Facts) -> Outcome:
    given = Given(AT, china_day(AT), clause.parameters, profile)
    if facts.stage is not clause.stage or not clause.regimes & facts.regimes:
        return Outcome.NOT_APPLICABLE
    return run_check(clause.test, facts, given).outcome
