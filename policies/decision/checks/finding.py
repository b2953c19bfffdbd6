"""What a test returns, and what it may read besides the facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Generic, TypeVar

from policies.decision.clause import Outcome, Parameter, Profile

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Given:
    """The moment, the clause's parameters and the profile's closed lists."""

    at: datetime
    day: date
    """The day in China of `at`."""
    parameters: Mapping[str, Parameter]
    profile: Profile

    def number(self, name: str) -> int:
        """A parameter that is a number; its unit stands in its name."""
        value = self.parameters[name]
        assert isinstance(value, int), name
        return value

    def words(self, name: str) -> frozenset[str]:
        """A parameter that is a list of words."""
        value = self.parameters[name]
        assert isinstance(value, tuple), name
        return frozenset(value)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one test saw."""

    outcome: Outcome
    facts: Mapping[str, str] = field(default_factory=dict)
    named: tuple[str, ...] = ()
    """What the clause's message is to name: fields, datasets, columns."""


@dataclass(frozen=True, slots=True)
class Check(Generic[F]):
    """A test with the parameters that a clause must set for it."""

    test: Callable[[F, Given], Finding]
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Facts without which the test says nothing; None in one of them is "nobody can tell"."""

    def run(self, facts: F, given: Given) -> Finding:
        """What the test sees, or that it cannot see."""
        missing = [name for name in self.needs if getattr(facts, name) is None]
        if missing:
            return Finding(Outcome.UNKNOWN, dict.fromkeys(missing, ""))
        return self.test(facts, given)


def of_facts(test: Callable[[F], Finding], *needs: str) -> Check[F]:
    """A test that reads nothing but the facts."""
    return Check(lambda facts, _given: test(facts), needs=needs)


NOT_APPLICABLE = Finding(Outcome.NOT_APPLICABLE)


def holds(*, is_met: bool, named: Iterable[str] = (), **facts: object) -> Finding:
    """Passed where `is_met`; `facts` are what the test read."""
    return Finding(
        Outcome.PASSED if is_met else Outcome.FAILED,
        {name: _text(value) for name, value in facts.items()},
        tuple(named),
    )


def given_all(**fields: object) -> Finding:
    """Passed where every field was given; names those that were not."""
    return none_of((name for name, value in fields.items() if not value), **fields)


def none_of(faults: Iterable[str], **facts: object) -> Finding:
    """Passed where there is no fault; names each."""
    named = tuple(faults)
    return holds(is_met=not named, named=named, **facts)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(map(str, value)))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
