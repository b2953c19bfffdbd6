"""Judge facts by every clause of a profile that is in force at their stage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from policies.calendar import china_day
from policies.decision.checks.finding import Given
from policies.decision.checks.run import run_check
from policies.decision.clause import Clause, ClauseResult, Judgement, Outcome, Profile
from policies.decision.facts import Facts
from policies.terms import Text

MOST_NAMED = 20
"""How many things a message names before it says how many more there are."""


def judge(profile: Profile, facts: Facts, *, at: datetime) -> Judgement:
    """Test `facts` by the clauses of their stage and regimes that are in force at `at`.

    The results stand in the order of clause ids. A clause that is not in force or is of another
    regime is left out; one that has nothing to test is `not_applicable`. Equal profile, facts and
    moment give an equal judgement, so an old one can be replayed.
    """
    day = china_day(at)
    results = tuple(
        _test(clause, facts, Given(at, day, clause.parameters, profile))
        for clause in sorted(profile.clauses, key=lambda clause: clause.id)
        if clause.stage is facts.stage
        and clause.is_in_force(day)
        and clause.regimes & facts.regimes
    )
    return Judgement(results, profile.id, profile.fingerprint)


def _test(clause: Clause, facts: Facts, given: Given) -> ClauseResult:
    finding = run_check(clause.test, facts, given)
    message = clause.message if finding.outcome is Outcome.FAILED else Text()
    return ClauseResult(
        clause_id=clause.id,
        outcome=finding.outcome,
        severity=clause.severity,
        facts=finding.facts,
        message=_fill(message, finding.named, given.profile.words),
        source=clause.source.title,
        article=clause.article,
    )


def _fill(message: Text, named: tuple[str, ...], words: Mapping[str, Text]) -> Text:
    """The message with the things it names, by the words of the language where there are any."""
    shown = [words.get(name, Text(name, name)) for name in named[:MOST_NAMED]]
    more = len(named) - len(shown)
    zh = "、".join(text.zh for text in shown) + (f"等{len(named)}项" if more else "")
    en = ", ".join(text.en for text in shown) + (f" and {more} more" if more else "")
    return Text(message.zh.replace("{named}", zh), message.en.replace("{named}", en))
