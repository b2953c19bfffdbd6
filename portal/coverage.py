"""What of the standards this product covers: proven by its tests, asked with the facts it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from exchange.clauses import is_given
from policies.decision.clause import Clause, Profile
from policies.decision.coverage import proofs_of


@dataclass(frozen=True, slots=True)
class CoveredClause:
    """One clause, and whether this product covers it."""

    clause: Clause
    is_proven: bool
    """Its test tells the facts that must pass from those that must fail."""
    needs: tuple[str, ...]
    is_given: bool
    """The exchange asks it, and gives the facts that it needs."""
    is_in_force: bool

    @property
    def is_covered(self) -> bool:
        """Whether it may be counted on."""
        return self.is_proven and self.is_given


def coverage_of(profile: Profile, day: date) -> list[CoveredClause]:
    """Every clause of a profile, in the order of ids."""
    proofs = proofs_of(profile.fingerprint)
    return [
        CoveredClause(
            clause=clause,
            is_proven=proofs[clause.id].is_proven,
            needs=proofs[clause.id].needs,
            is_given=is_given(clause.stage, proofs[clause.id].needs),
            is_in_force=clause.is_in_force(day),
        )
        for clause in sorted(profile.clauses, key=lambda one: one.id)
    ]
