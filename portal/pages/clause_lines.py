"""What the clauses of the standards said, in words: sentence, source, the facts that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policies.decision.clause import ClauseResult, Judgement, Outcome, Severity
from policies.decision.profile import profile_named
from policies.errors import ProfileNotFound
from policies.terms import Text
from portal.pages.fact_words import name_of_fact, value_of_fact
from portal.pages.speech import Speech

_ORDER = {"not_met": 0, "unclear": 1, "met": 2, "not_covered": 3}


@dataclass(frozen=True, slots=True)
class ClauseLine:
    """One clause, as pages show it."""

    id: str
    sentence: str
    """What to do where it failed; for one that holds, where it stands."""
    source: str
    facts: str
    state: str
    """`met`, `not_met` (it stops the act), `unclear` (shown and recorded) or `not_covered` (a fact
    that it needs is one that nobody can give)."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What all clauses together say."""

    verdict: str
    """`allowed`, `depends` or `refused`."""
    sentence: str
    clauses: tuple[ClauseLine, ...]
    """What failed first; those that do not apply are left out."""
    profile: str


def advice_of(judgement: Judgement | None, say: Speech) -> Advice:
    """The judgement in words; None where no clause was asked yet."""
    if judgement is None:
        return Advice("depends", say.gettext("No clause was asked yet."), (), "")
    words = _words(judgement.profile_id)
    lines = [
        _line(result, words, say)
        for result in judgement.results
        if result.outcome is not Outcome.NOT_APPLICABLE
    ]
    lines.sort(key=lambda line: (_ORDER[line.state], line.id))
    return Advice(*_verdict(lines, say), tuple(lines), judgement.profile_id)


def failed_clauses(failed: Sequence[dict[str, object]], say: Speech) -> dict[str, str]:
    """What a refusal by clauses says, by the id of each clause."""
    told = {}
    for clause in failed:
        message = clause["message"]
        assert isinstance(message, dict)
        text = Text.from_map(message)
        told[str(clause["clause_id"])] = f"{say.text(text)} ({clause['clause_id']})"
    return told


def _verdict(lines: Sequence[ClauseLine], say: Speech) -> tuple[str, str]:
    states = {line.state for line in lines}
    if "not_met" in states:
        return "refused", say.gettext("Clauses stand against it.")
    if "unclear" in states:
        return "depends", say.gettext("Nothing stands against it; some points are on record.")
    return "allowed", say.gettext("Every clause that applies is met.")


def _line(result: ClauseResult, words: dict[str, Text], say: Speech) -> ClauseLine:
    place = f"{say.text(result.source)} {say.text(result.article)}".strip()
    has_failed = result.outcome is Outcome.FAILED
    facts = [
        say.gettext(
            "{thing}: {name}",
            thing=say.text(words[name]) if name in words else name_of_fact(name, say),
            name=value_of_fact(name, value, say) or "—",
        )
        for name, value in result.facts.items()
    ]
    return ClauseLine(
        id=result.clause_id,
        sentence=say.text(result.message) if has_failed else place,
        source=place if has_failed else "",
        facts=say.gettext("; ").join(facts),
        state=_state(result),
    )


def _state(result: ClauseResult) -> str:
    if result.outcome is Outcome.UNKNOWN:
        return "not_covered"
    if result.outcome is not Outcome.FAILED:
        return "met"
    return "not_met" if result.severity in (Severity.BLOCK, Severity.HOLD) else "unclear"


def _words(profile_id: str) -> dict[str, Text]:
    try:
        return dict(profile_named(profile_id).words)
    except ProfileNotFound:
        return {}
