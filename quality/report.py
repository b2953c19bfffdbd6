"""The quality report of one version: a verdict, a score, and a sentence for every rule.

Its examples are masked as they are made; the raw values exist only while the suite runs.

How a cell is masked (`mask`):
- an empty cell and true/false are shown: that is what such a rule is about;
- a number of at most six digits is shown, so that a reader can see what is out of range; a longer
  one may be a telephone or identity number and is masked like a text;
- a date or time keeps its year;
- any other text keeps its first and last character, or only the first if it has just two;
- in a column named as sensitive nothing is shown but that there is a value.
Only the columns that a rule speaks about are in its examples, with the row's number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast
from uuid import UUID

from catalog.version import Verdict
from catalog.view import Json
from policies.terms import DatasetId, Text, VersionId
from quality.beside import Against
from quality.dimension import Dimension
from quality.outcome import Cell, ExampleRow, RuleOutcome, Status, SuiteOutcome
from quality.rule import Gate, Severity
from quality.score import DimensionScore, Score, ScoreGrade, score_of
from quality.wording import sentence_for, sentence_of

MASK = "•"
SHOWN_DIGITS_MAX = 6
MASKED_CHARACTERS_MAX = 12

_DATE_LIKE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[ T]\d{2}:\d{2}.*)?")


@dataclass(frozen=True, slots=True)
class MaskedRow:
    """A failing row, as far as it may be shown."""

    row_number: int | None
    """Counted from 1, without the header; None where it is not known."""
    cells: tuple[tuple[str, str | None], ...]
    """Column and masked value; None is an empty cell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one rule, for readers."""

    rule_id: str
    columns: tuple[str, ...]
    title: Text
    explanation: Text
    dimension: Dimension
    clause: str
    severity: Severity
    gate: Gate
    status: Status
    element_count: int
    unexpected_count: int
    unexpected_permille: int
    sentence: Text
    """What was found; empty for a rule that passed."""
    fix: Text
    """What to do; empty where nothing failed or the rule gives no hint."""
    examples: tuple[MaskedRow, ...]
    against: Against | None = None
    """The other table's version that the rule looked at, for those who may know of it."""

    @property
    def rule_key(self) -> str:
        """That of the drawn rule: its id with the columns it was asked of."""
        return ":".join((self.rule_id, *self.columns))


@dataclass(frozen=True, slots=True)
class Report:
    """The quality report of one version."""

    verdict: Verdict
    score: Score
    row_count: int
    findings: tuple[Finding, ...]
    """Blocking failures first, then warnings, then what passed."""
    engine: str
    suite_sha256: str
    gx_result_sha256: str
    started_at: datetime
    finished_at: datetime

    @property
    def failures(self) -> tuple[Finding, ...]:
        """What failed or could not be asked."""
        return tuple(
            finding for finding in self.findings if finding.status in (Status.FAILED, Status.ERROR)
        )

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The failures that hold the version back."""
        return tuple(finding for finding in self.failures if finding.gate is not Gate.WARN)

    @property
    def others(self) -> frozenset[DatasetId]:
        """The other datasets that its rules looked at."""
        return frozenset(one.against.dataset_id for one in self.findings if one.against)

    @property
    def is_whole(self) -> bool:
        """Whether every rule was asked; of a large table the first report may come early."""
        return not any(
            finding.status is Status.NOT_CHECKED and finding.sentence.en
            for finding in self.findings
        )


def verdict_of(outcomes: Sequence[RuleOutcome]) -> Verdict:
    """What the gate says. A rule that could not be asked counts as failed.

    Where no rule was checked the version is blocked: the gate never lets pass what it has not seen.
    """
    held = [outcome for outcome in outcomes if outcome.status in (Status.FAILED, Status.ERROR)]
    seen = any(outcome.status in (Status.PASSED, Status.FAILED) for outcome in outcomes)
    if not seen or any(outcome.rule.gate is not Gate.WARN for outcome in held):
        return Verdict.BLOCKED
    return Verdict.PASSED_WITH_WARNINGS if held else Verdict.PASSED


def report_of(
    suite: SuiteOutcome,
    *,
    started_at: datetime,
    finished_at: datetime,
    sensitive_columns: frozenset[str] = frozenset(),
) -> Report:
    """The report of a suite's run, with every example masked."""
    findings = [_finding(outcome, sensitive_columns) for outcome in suite.outcomes]
    return Report(
        verdict=verdict_of(suite.outcomes),
        score=score_of(suite.outcomes),
        row_count=suite.row_count,
        findings=tuple(sorted(findings, key=_urgency)),
        engine=suite.engine,
        suite_sha256=suite.suite_sha256,
        gx_result_sha256=suite.gx_result_sha256,
        started_at=started_at,
        finished_at=finished_at,
    )


def known_to(report: Report, dataset_ids: frozenset[DatasetId]) -> Report:
    """The report for somebody who knows of these datasets alone, naming no others."""
    findings = tuple(
        finding
        if finding.against is None or finding.against.dataset_id in dataset_ids
        else replace(finding, against=None)
        for finding in report.findings
    )
    return replace(report, findings=findings)


def mask(value: Cell, *, is_sensitive: bool) -> str | None:
    """A cell as a report may show it; None for an empty one."""
    if value is None:
        return None
    if is_sensitive:
        return MASK * 3
    if isinstance(value, bool):
        return "true" if value else "false"
    text = _plain(value) if isinstance(value, float) else str(value)
    if isinstance(value, int | float) and sum(map(str.isdigit, text)) <= SHOWN_DIGITS_MAX:
        return text
    if _DATE_LIKE.fullmatch(text):
        return f"{text[:4]}-{MASK * 2}-{MASK * 2}"
    if len(text) <= 2:
        return text[:1] + MASK if len(text) == 2 else MASK * len(text)
    return text[0] + MASK * min(len(text) - 2, MASKED_CHARACTERS_MAX) + text[-1]


def masked(row: ExampleRow, sensitive_columns: frozenset[str]) -> MaskedRow:
    """A row that breaks a rule, as it may be shown."""
    return MaskedRow(
        row_number=row.row_number,
        cells=tuple(
            (name, mask(value, is_sensitive=name in sensitive_columns)) for name, value in row.cells
        ),
    )


def part_for(report: Report, *, hidden: Collection[str], seen: Collection[str]) -> Report:
    """The report for one reader: nothing about hidden columns, rows only of those that are seen.

    Verdict and score stay those of the whole table.
    """
    return replace(
        report,
        findings=tuple(
            finding
            if finding.columns and set(finding.columns) <= set(seen)
            else replace(finding, examples=())
            for finding in report.findings
            if not set(finding.columns) & set(hidden)
        ),
    )


def report_as_json(report: Report) -> dict[str, Json]:
    """The report as APIs and the store hold it."""
    return {
        "verdict": report.verdict.value,
        "score": _score_as_json(report.score),
        "row_count": report.row_count,
        "findings": [_finding_as_json(finding) for finding in report.findings],
        "engine": report.engine,
        "suite_sha256": report.suite_sha256,
        "gx_result_sha256": report.gx_result_sha256,
        "started_at": report.started_at.isoformat(),
        "finished_at": report.finished_at.isoformat(),
    }


def report_from_json(body: Mapping[str, object]) -> Report:
    """Read what `report_as_json` wrote."""
    findings = cast("list[Mapping[str, object]]", body["findings"])
    return Report(
        verdict=Verdict(str(body["verdict"])),
        score=_score_from_json(cast("Mapping[str, object]", body["score"])),
        row_count=cast("int", body["row_count"]),
        findings=tuple(_finding_from_json(finding) for finding in findings),
        engine=str(body["engine"]),
        suite_sha256=str(body["suite_sha256"]),
        gx_result_sha256=str(body["gx_result_sha256"]),
        started_at=datetime.fromisoformat(str(body["started_at"])),
        finished_at=datetime.fromisoformat(str(body["finished_at"])),
    )


def _plain(value: float) -> str:
    return repr(int(value)) if value.is_integer() else repr(value)


def _urgency(finding: Finding) -> tuple[bool, bool, int]:
    held = finding.status in (Status.FAILED, Status.ERROR)
    return (not held, finding.gate is Gate.WARN, -finding.unexpected_permille)


def _finding(outcome: RuleOutcome, sensitive_columns: frozenset[str]) -> Finding:
    rule = outcome.rule
    sentence, fix = Text(), Text()
    if outcome.reason is not None:
        sentence = sentence_for(outcome.reason, rule.columns)
        fix = rule.fix if outcome.status is Status.ERROR else Text()
    elif outcome.status is Status.FAILED:
        sentence, fix = sentence_of(outcome), rule.fix
    return Finding(
        rule_id=rule.id,
        columns=rule.columns,
        title=rule.title,
        explanation=rule.explanation,
        dimension=rule.dimension,
        clause=rule.clause,
        severity=rule.severity,
        gate=rule.gate,
        status=outcome.status,
        element_count=outcome.element_count,
        unexpected_count=outcome.unexpected_count,
        unexpected_permille=outcome.unexpected_permille,
        sentence=sentence,
        fix=fix,
        examples=tuple(masked(row, sensitive_columns) for row in outcome.examples),
        against=outcome.against,
    )


def _score_as_json(score: Score) -> dict[str, Json]:
    return {
        "total": score.total,
        "grade": None if score.grade is None else score.grade.value,
        "checked": score.checked,
        "rules": score.rules,
        "coverage_permille": score.coverage_permille,
        "dimensions": [
            {
                "dimension": item.dimension.value,
                "score": item.score,
                "checked": item.checked,
                "rules": item.rules,
            }
            for item in score.dimensions
        ],
    }


def _score_from_json(body: Mapping[str, object]) -> Score:
    dimensions = cast("list[Mapping[str, object]]", body["dimensions"])
    grade = body["grade"]
    return Score(
        total=cast("int | None", body["total"]),
        grade=None if grade is None else ScoreGrade(str(grade)),
        dimensions=tuple(
            DimensionScore(
                dimension=Dimension(str(item["dimension"])),
                score=cast("int | None", item["score"]),
                checked=cast("int", item["checked"]),
                rules=cast("int", item["rules"]),
            )
            for item in dimensions
        ),
        checked=cast("int", body["checked"]),
        rules=cast("int", body["rules"]),
    )


def _finding_as_json(finding: Finding) -> dict[str, Json]:
    return {
        "rule_id": finding.rule_id,
        "columns": list(finding.columns),
        "title": dict(finding.title.as_map()),
        "explanation": dict(finding.explanation.as_map()),
        "dimension": finding.dimension.value,
        "clause": finding.clause,
        "severity": finding.severity.value,
        "gate": finding.gate.value,
        "status": finding.status.value,
        "element_count": finding.element_count,
        "unexpected_count": finding.unexpected_count,
        "unexpected_permille": finding.unexpected_permille,
        "sentence": dict(finding.sentence.as_map()),
        "fix": dict(finding.fix.as_map()),
        "examples": [
            {
                "row_number": row.row_number,
                "cells": [{"column": name, "value": value} for name, value in row.cells],
            }
            for row in finding.examples
        ],
        "against": finding.against.as_json() if finding.against else None,
    }


def _finding_from_json(body: Mapping[str, object]) -> Finding:
    examples = cast("list[Mapping[str, object]]", body["examples"])
    return Finding(
        rule_id=str(body["rule_id"]),
        columns=tuple(cast("list[str]", body["columns"])),
        title=_text(body["title"]),
        explanation=_text(body["explanation"]),
        dimension=Dimension(str(body["dimension"])),
        clause=str(body["clause"]),
        severity=Severity(str(body["severity"])),
        gate=Gate(str(body["gate"])),
        status=Status(str(body["status"])),
        element_count=cast("int", body["element_count"]),
        unexpected_count=cast("int", body["unexpected_count"]),
        unexpected_permille=cast("int", body["unexpected_permille"]),
        sentence=_text(body["sentence"]),
        fix=_text(body["fix"]),
        examples=tuple(_row_from_json(row) for row in examples),
        against=_against_from_json(body.get("against")),
    )


def _against_from_json(body: object) -> Against | None:
    """None also for reports that were kept before rules could look at other tables."""
    if not isinstance(body, Mapping):
        return None
    return Against(
        table=str(body["table"]),
        dataset_id=DatasetId(UUID(str(body["dataset_id"]))),
        version_id=VersionId(UUID(str(body["version_id"]))),
        number=cast("int", body["number"]),
        digest=str(body["digest"]),
    )


def _row_from_json(body: Mapping[str, object]) -> MaskedRow:
    cells = cast("list[Mapping[str, object]]", body["cells"])
    return MaskedRow(
        row_number=cast("int | None", body["row_number"]),
        cells=tuple((str(cell["column"]), cast("str | None", cell["value"])) for cell in cells),
    )


def _text(value: object) -> Text:
    return Text.from_map(cast("dict[str, str]", value))
