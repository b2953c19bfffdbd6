"""What a publisher asks for a version that the gate holds back, and what another person answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType
from uuid import UUID

from catalog.version import ReportId, Verdict
from policies.terms import UserId, VersionId
from quality.report import Report

PleaId = NewType("PleaId", UUID)

REASON_CHARACTERS_MAX: Final = 1_000
KNOWN_ISSUE_DAYS_MAX: Final = 366


class PleaKind(StrEnum):
    """What is asked for."""

    KNOWN_ISSUE = "known_issue"
    """The data is faulty, and is to go out all the same, said to be so, until it is mended."""
    APPEAL = "appeal"
    """The data is right, and the rule is wrong about it."""


class PleaState(StrEnum):
    """What became of it."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Plea:
    """One plea about one report of a version."""

    id: PleaId
    version_id: VersionId
    report_id: ReportId
    kind: PleaKind
    rule_keys: tuple[str, ...]
    """The failures that it is about; others hold the version back as before."""
    reason: str
    ends_on: date | None
    """By when a known issue is to be mended; None for an appeal."""
    asked_by: UserId
    asked_at: datetime
    state: PleaState = PleaState.OPEN
    answer: str = ""
    decided_by: UserId | None = None
    decided_at: datetime | None = None

    def is_overdue(self, at: datetime) -> bool:
        """Whether the issue was to be mended by now."""
        return self.ends_on is not None and self.ends_on < at.date()


def verdict_with(report: Report, granted: list[Plea]) -> Verdict:
    """The rules' verdict, as far as granted pleas bear on it.

    They cover the failures that were looked at and no others, so that a newer rule blocks anew.
    Where nothing was checked there is nothing to plead for.
    """
    if report.verdict is not Verdict.BLOCKED:
        return report.verdict
    failing = {finding.rule_key for finding in report.blocking}
    covered = {key for plea in granted for key in plea.rule_keys}
    if not failing or not failing <= covered or not report.is_whole:
        return Verdict.BLOCKED
    known = {key for plea in granted if plea.kind is PleaKind.KNOWN_ISSUE for key in plea.rule_keys}
    return Verdict.KNOWN_ISSUE if failing & known else Verdict.PASSED_WITH_WARNINGS
