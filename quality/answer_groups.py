"""Answer small groups, and let the gate say anew whether the version may go on."""

from __future__ import annotations

from datetime import datetime

from catalog.find import stored_version
from catalog.publish import admit
from catalog.version import VersionState
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId
from quality.groups.declare import answer_counted
from quality.groups.group import CountState, GroupAnswer
from quality.plead import verdict_in_force
from quality.store import reports as report_store
from quality.store import sensitive as sensitive_store


def answer_groups(
    tx: Tx, version_id: VersionId, said: GroupAnswer, reason: str, *, by: Actor, at: datetime
) -> CountState:
    """Answer what was counted in a version.

    Raises: NothingCounted, GroupReasonNeeded.
    """
    sensitive_store.lock_answers_of(tx, stored_version(tx, version_id).distribution.id)
    answered = answer_counted(tx, version_id, said, reason, by=by, at=at)
    look_again(tx, version_id, at=at)
    return answered


def look_again(tx: Tx, version_id: VersionId, *, at: datetime) -> None:
    """Tell the catalogue what the gate says now; what is out already stays as it was judged."""
    stored = report_store.newest_report(tx, version_id)
    if stored is None or stored_version(tx, version_id).version.state is not VersionState.CREATED:
        return
    findings = sensitive_store.finding_states(tx, version_id)
    verdict = verdict_in_force(tx, version_id, findings, stored.report)
    admit(tx, version_id, verdict=verdict, report_id=stored.id, at=at)
