"""Ask that a version which the gate holds back may go on, and answer it: always two people.

A publisher appeals, or asks to publish with a known issue; an approver who is somebody else grants
or refuses it, by name and with words that stay on the version's report. Who may do either is
decided by the caller, before.

Source: GB/T 40094.1-2021 (disputes about data in a transaction); the clocks are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import uuid4

from catalog.find import StoredVersion, stored_version
from catalog.publish import admit
from catalog.version import Verdict, VersionState
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId, VersionId
from quality.errors import (
    NothingToPlead,
    PleaIsOpen,
    PleaIsOwn,
    PleaOutdated,
    PleaReasonNeeded,
    UnknownPlea,
    UnknownPleaKind,
    WrongEndOfIssue,
)
from quality.groups.declare import is_waiting
from quality.plea import (
    KNOWN_ISSUE_DAYS_MAX,
    REASON_CHARACTERS_MAX,
    Plea,
    PleaId,
    PleaKind,
    PleaState,
    verdict_with,
)
from quality.report import Report
from quality.sensitive import FindingState
from quality.store import pleas as plea_store
from quality.store import reports as report_store
from quality.store import sensitive as sensitive_store

OPEN_PLEAS_MAX = 1_000


def verdict_in_force(
    tx: Tx, version_id: VersionId, findings: list[FindingState], report: Report
) -> Verdict:
    """What the gate says of a version now.

    An unanswered finding of sensitive data or of small groups blocks, whatever the rules and the
    pleas say.
    """
    if any(one.answered is None for one in findings) or is_waiting(tx, version_id):
        return Verdict.BLOCKED
    return verdict_with(report, granted_pleas(tx, version_id))


def pleas_of(tx: Tx, version_id: VersionId) -> list[Plea]:
    """What was asked for a version, the newest first."""
    return plea_store.pleas_of(tx, version_id)


def open_pleas(tx: Tx) -> list[tuple[Plea, DatasetId]]:
    """All pleas that wait for an answer, with the dataset each is about, the oldest first."""
    return plea_store.open_pleas(tx, limit=OPEN_PLEAS_MAX)


def plea_of(tx: Tx, plea_id: PleaId) -> Plea:
    """One plea. Raises: UnknownPlea."""
    plea = plea_store.get_plea(tx, plea_id)
    if plea is None:
        raise UnknownPlea
    return plea


def plead(
    tx: Tx, version_id: VersionId, body: Mapping[str, str], *, by: Actor, at: datetime
) -> Plea:
    """Ask that the version may go on in spite of what its newest report says.

    `body` has `kind`, `reason` and, for a known issue, `ends_on`.
    Raises: VersionNotFound, NothingToPlead, PleaIsOpen, UnknownPleaKind, PleaReasonNeeded,
        WrongEndOfIssue.
    """
    held = _locked(tx, version_id)
    stored = report_store.newest_report(tx, version_id)
    is_held_back = held.version.state is VersionState.CREATED and not held.version.lets_pass
    if stored is None or not is_held_back or not stored.report.is_whole:
        raise NothingToPlead
    rule_keys = tuple(sorted(finding.rule_key for finding in stored.report.blocking))
    if not rule_keys or verdict_with(stored.report, granted_pleas(tx, version_id)).lets_pass:
        raise NothingToPlead
    if any(one.state is PleaState.OPEN for one in plea_store.pleas_of(tx, version_id)):
        raise PleaIsOpen
    assert by.user_id is not None, "a publisher is a person"
    kind = _kind(body)
    plea = Plea(
        id=PleaId(uuid4()),
        version_id=version_id,
        report_id=stored.id,
        kind=kind,
        rule_keys=rule_keys,
        reason=_reason(body.get("reason", "")),
        ends_on=_end(body, at) if kind is PleaKind.KNOWN_ISSUE else None,
        asked_by=by.user_id,
        asked_at=at,
    )
    plea_store.insert_plea(tx, plea)
    _record(tx, held, plea, {"quality_plea": plea.kind.value}, by=by, at=at)
    return plea


def decide_plea(
    tx: Tx, plea_id: PleaId, *, is_granted: bool, answer: str, by: Actor, at: datetime
) -> Plea:
    """Grant or refuse a plea, saying why; a version whose plea is granted may be submitted.

    Raises: UnknownPlea, PleaIsOwn, PleaOutdated, PleaReasonNeeded.
    """
    asked = plea_of(tx, plea_id)
    held = _locked(tx, asked.version_id)
    if by.user_id is None or by.user_id == asked.asked_by:
        raise PleaIsOwn
    why = _reason(answer)
    stored = report_store.newest_report(tx, asked.version_id)
    assert stored is not None, "a plea is about a report"
    if held.version.state is not VersionState.CREATED:
        raise PleaOutdated
    if is_granted:
        failing = {finding.rule_key for finding in stored.report.blocking}
        if not failing <= set(asked.rule_keys) or asked.is_overdue(at):
            raise PleaOutdated
    state = PleaState.GRANTED if is_granted else PleaState.REFUSED
    decided = plea_store.decide_plea(tx, plea_id, state, answer=why, by=by.user_id, at=at)
    if decided is None:
        raise PleaOutdated
    findings = sensitive_store.finding_states(tx, asked.version_id)
    verdict = verdict_in_force(tx, asked.version_id, findings, stored.report)
    admit(tx, asked.version_id, verdict=verdict, report_id=stored.id, at=at)
    facts = {"quality_plea_decided": state.value, "answer": why, "verdict": verdict.value}
    _record(tx, held, decided, facts, by=by, at=at)
    return decided


def granted_pleas(tx: Tx, version_id: VersionId) -> list[Plea]:
    """What two people let go of a version, the newest first."""
    return [one for one in plea_store.pleas_of(tx, version_id) if one.state is PleaState.GRANTED]


def _locked(tx: Tx, version_id: VersionId) -> StoredVersion:
    """The version, for which nobody else answers, pleads or admits meanwhile."""
    sensitive_store.lock_answers_of(tx, stored_version(tx, version_id).distribution.id)
    return stored_version(tx, version_id)


def _kind(body: Mapping[str, str]) -> PleaKind:
    try:
        return PleaKind(body.get("kind", ""))
    except ValueError:
        raise UnknownPleaKind from None


def _reason(text: str) -> str:
    reason = text.strip()
    if not 1 <= len(reason) <= REASON_CHARACTERS_MAX or "\0" in reason:
        raise PleaReasonNeeded(REASON_CHARACTERS_MAX)
    return reason


def _end(body: Mapping[str, str], at: datetime) -> date:
    latest = at.date() + timedelta(days=KNOWN_ISSUE_DAYS_MAX)
    try:
        ends_on = date.fromisoformat(body.get("ends_on", ""))
    except ValueError:
        raise WrongEndOfIssue(KNOWN_ISSUE_DAYS_MAX) from None
    if not at.date() < ends_on <= latest:
        raise WrongEndOfIssue(KNOWN_ISSUE_DAYS_MAX)
    return ends_on


def _record(
    tx: Tx, held: StoredVersion, plea: Plea, facts: Mapping[str, str], *, by: Actor, at: datetime
) -> None:
    more = {"plea_id": str(plea.id), "report_id": str(plea.report_id), "reason": plea.reason}
    if plea.ends_on is not None:
        more["ends_on"] = plea.ends_on.isoformat()
    record(
        tx,
        Event(
            kind=EventKind.DATASET_CHANGED,
            at=at,
            actor=by,
            organization_id=held.dataset.publisher_id,
            dataset_id=held.dataset.id,
            subject_id=held.version.id,
            facts={**facts, **more, "rules": list(plea.rule_keys)},
        ),
    )
