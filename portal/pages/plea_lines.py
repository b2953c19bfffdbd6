"""Pleas in words, for whoever asks, decides or reads the data."""

from __future__ import annotations

from typing import Final

from policies.database import Tx
from policies.errors import N_
from policies.identity.people import user_with_id
from portal.pages.speech import Speech
from quality.plea import Plea, PleaKind, PleaState

PLEA_KINDS: Final = {
    PleaKind.KNOWN_ISSUE: N_("Publish it with a known issue"),
    PleaKind.APPEAL: N_("Appeal: the data is right, the rule is wrong here"),
}
_STATES: Final = {
    PleaState.OPEN: "waiting",
    PleaState.GRANTED: "approved",
    PleaState.REFUSED: "refused",
}


def plea_line(tx: Tx, plea: Plea, say: Speech, *, is_overdue: bool) -> dict[str, object]:
    """One plea in words, with the names of those who asked and answered."""
    decider = "" if plea.decided_by is None else user_with_id(tx, plea.decided_by).name
    return {
        "kind": say.gettext(PLEA_KINDS[plea.kind]),
        "is_known_issue": plea.kind is PleaKind.KNOWN_ISSUE,
        "reason": plea.reason,
        "ends_on": plea.ends_on,
        "is_overdue": is_overdue,
        "asked_by": user_with_id(tx, plea.asked_by).name,
        "asked_at": plea.asked_at,
        "state": _STATES[plea.state],
        "answer": plea.answer,
        "decided_by": decider,
        "decided_at": plea.decided_at,
    }
