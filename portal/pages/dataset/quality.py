"""The quality tab: what the gate found in words, scores by dimension, how the promise is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from catalog.dataset import Dataset
from catalog.holdings import Holding
from catalog.version import Version
from policies.calendar import china_day
from portal.pages.drawing.table import DataTable, TableColumn
from portal.pages.speech import Speech
from quality.drift import Drift
from quality.outcome import Status
from quality.promise import is_at_risk, next_due
from quality.report import Finding, MaskedRow, Report
from quality.rule import Gate, Severity

_SEVERITIES: Final = {
    Severity.CRITICAL: "to_look_at",
    Severity.WARNING: "changed",
    Severity.INFO: "noted",
}
_GOOD_SCORE: Final = 90
_FAIR_SCORE: Final = 60


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What became of one rule."""

    sentence: str
    dimension: str
    state: str
    broken: int
    rows: int
    note: str
    examples: DataTable | None
    examples_href: str | None = None


@dataclass(frozen=True, slots=True)
class DimensionLine:
    """The score within one dimension."""

    name: str
    score: int | None
    """None where nothing of it was checked."""
    state: str
    coverage: str
    """How many of its rules were asked."""


@dataclass(frozen=True, slots=True)
class Promise:
    """How often new data was promised, and whether it came."""

    words: str
    state: str
    note: str
    due: date | None


def rules_of(
    report: Report,
    shown_columns: frozenset[str],
    say: Speech,
    *,
    known: frozenset[str] = frozenset(),
) -> list[RuleLine]:
    """Every rule in words, what passed in one line a rule whatever columns it was asked of.

    Examples are only of columns whose values the reader may see. Failures that two people let go
    are `known`, by the keys of their rules.
    """
    held = [finding for finding in report.findings if finding.status is not Status.PASSED]
    passed: dict[str, list[Finding]] = {}
    for finding in report.findings:
        if finding.status is Status.PASSED:
            passed.setdefault(finding.rule_id, []).append(finding)
    return [
        *(_rule(finding, shown_columns, say, known) for finding in held),
        *(_passed(findings, say) for findings in passed.values()),
    ]


def drift_lines(
    drift: Drift | None, shown_columns: frozenset[str], say: Speech
) -> dict[str, object] | None:
    """What changed since the version before, without columns that the reader may not see."""
    if drift is None:
        return None
    return {
        "since": drift.since,
        "compared": drift.compared,
        "changes": [
            {"sentence": say.text(change.sentence), "state": _SEVERITIES[change.severity]}
            for change in drift.changes
            if set(change.columns) <= shown_columns
        ],
    }


def dimensions_of(report: Report, say: Speech) -> list[DimensionLine]:
    """All dimensions of the standard, those of which nothing was checked among them."""
    return [
        DimensionLine(
            say.text(item.dimension.label),
            item.score,
            "unrated" if item.score is None else _score_state(item.score),
            _asked(item.checked, item.rules, say),
        )
        for item in report.score.dimensions
    ]


def coverage_of(report: Report, say: Speech) -> str:
    """How many of the rules were asked; what was not asked is no part of the score."""
    return _asked(report.score.checked, report.score.rules, say)


def _asked(checked: int, rules: int, say: Speech) -> str:
    return say.gettext(
        "{checked} of {rules} rules asked", checked=say.number(checked), rules=say.number(rules)
    )


def to_do_of(report: Report, say: Speech, *, known: frozenset[str]) -> list[dict[str, str]]:
    """What failed and nobody let go, the worst first, with what mends it."""
    return [
        {
            "sentence": say.text(finding.sentence) or say.text(finding.title),
            "fix": say.text(finding.fix)
            or say.gettext("Correct these rows at the source and send the file again."),
            "state": _state(finding),
        }
        for finding in report.failures
        if finding.rule_key not in known
    ]


def rule_table(report: Report, say: Speech, *, known: frozenset[str]) -> list[dict[str, object]]:
    """Every rule with every column that it was asked of, as the report counts them."""
    return [
        {
            "title": say.text(finding.title),
            "columns": ", ".join(finding.columns),
            "dimension": say.text(finding.dimension.label),
            "clause": finding.clause,
            "rule_id": finding.rule_id,
            "state": "known_issue" if finding.rule_key in known else _state(finding),
            "rows": finding.element_count,
            "broken": finding.unexpected_count,
        }
        for finding in report.findings
    ]


def missing_of(dataset: Dataset, say: Speech) -> tuple[int, list[str]]:
    """How complete the description is, of 100, and what it lacks."""
    entry = dataset.entry
    asked = [
        (entry.title.zh, say.gettext("Title in Chinese")),
        (entry.title.en, say.gettext("Title in English")),
        (entry.summary.zh, say.gettext("Summary in Chinese")),
        (entry.summary.en, say.gettext("Summary in English")),
        (entry.licence, say.gettext("Licence")),
        (entry.keywords, say.gettext("Keywords")),
    ]
    missing = [label for given, label in asked if not given]
    return 100 * (len(asked) - len(missing)) // len(asked), missing


def promise_of(
    dataset: Dataset, newest: Version | Holding | None, words: str, *, at: datetime, say: Speech
) -> Promise:
    """Whether new data came by the day on which its update cycle makes it due."""
    if newest is None:
        return Promise(words, "unchecked", say.gettext("No data yet."), None)
    due = next_due(dataset.entry.update_cycle, newest.created_at)
    if due is None:
        return Promise(words, "kept", say.gettext("No day is promised."), None)
    if due.is_breached_on(china_day(at)):
        return Promise(words, "broken", say.gettext("Was due"), due.day)
    is_soon = is_at_risk(dataset.entry.update_cycle, newest.created_at, at)
    return Promise(words, "at_risk" if is_soon else "kept", say.gettext("Next by"), due.day)


def _rule(
    finding: Finding, shown_columns: frozenset[str], say: Speech, known: frozenset[str]
) -> RuleLine:
    is_shown = bool(finding.columns) and set(finding.columns) <= shown_columns
    sentence = say.text(finding.sentence) or say.text(finding.title)
    return RuleLine(
        sentence=sentence,
        dimension=say.text(finding.dimension.label),
        state="known_issue" if finding.rule_key in known else _state(finding),
        broken=finding.unexpected_count if finding.element_count > 1 else 0,
        rows=finding.element_count if finding.element_count > 1 else 0,
        note=say.text(finding.fix) if finding.status is not Status.PASSED else "",
        examples=examples_table(finding.examples, say) if is_shown and finding.examples else None,
    )


def _passed(findings: list[Finding], say: Speech) -> RuleLine:
    first = findings[0]
    columns = list(dict.fromkeys(name for finding in findings for name in finding.columns))
    sentence = say.text(first.title)
    rows = max(finding.element_count for finding in findings)
    return RuleLine(
        sentence=f"{sentence} ({', '.join(columns)})" if columns else sentence,
        dimension=say.text(first.dimension.label),
        state="passed",
        broken=0,
        rows=rows if rows > 1 else 0,
        note="",
        examples=None,
    )


def examples_table(examples: Sequence[MaskedRow], say: Speech) -> DataTable:
    """Some rows that break a rule; there is at least one."""
    names = [name for name, _ in examples[0].cells]
    return DataTable(
        say.gettext("Some of the rows, masked"),
        (
            TableColumn(say.gettext("Row"), is_number=True),
            *(TableColumn(name) for name in names),
        ),
        tuple(
            (
                None if row.row_number is None else say.number(row.row_number),
                *(value for _, value in row.cells),
            )
            for row in examples
        ),
    )


def _state(finding: Finding) -> str:
    match finding.status:
        case Status.PASSED:
            return "passed"
        case Status.NOT_CHECKED:
            return "unchecked"
        case Status.FAILED | Status.ERROR:
            return "failed" if finding.gate is not Gate.WARN else "warned"


def _score_state(score: int) -> str:
    if score >= _GOOD_SCORE:
        return "passed"
    return "warned" if score >= _FAIR_SCORE else "failed"
