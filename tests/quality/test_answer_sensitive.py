"""Findings hold a version back until each is answered; the answers hold for later versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from catalog.find import stored_version
from catalog.mask import MaskKind
from catalog.version import Verdict
from catalog.view import EVERYTHING, View
from policies.database import Tx
from quality.answer_sensitive import answer, findings_of, hidden_view
from quality.errors import ReasonNeeded, UnknownAnswer, UnknownFinding
from quality.sensitive import Finding, SensitiveKind
from quality.store import sensitive as sensitive_store
from tests.people import AT
from tests.quality.conftest import Made

MakeVersion = Callable[[Tx], Made]
PHONE = Finding("phone", SensitiveKind.MOBILE, 10, 9, 9)
MAIL = Finding("mail", SensitiveKind.EMAIL, 10, 5, 5)
REPORT = """
    INSERT INTO quality.reports (id, version_id, verdict, body, suite_sha256, gx_result,
                                 gx_result_sha256, started_at, finished_at)
    VALUES (%(id)s, %(version)s, 'passed', %(body)s, '', '', '', %(at)s, %(at)s)
"""
BODY = (
    '{"verdict": "passed", "score": {"total": 100, "grade": "A", "dimensions": [], "checked": 1, '
    '"rules": 1}, "row_count": 1, "findings": [], "engine": "", "suite_sha256": "", '
    '"gx_result_sha256": "", "started_at": "2026-03-02T08:00:00+00:00", '
    '"finished_at": "2026-03-02T08:00:00+00:00"}'
)


def found(tx: Tx, made: Made, *findings: Finding) -> None:
    values = {"id": uuid4(), "version": made.version_id, "body": BODY, "at": AT}
    tx.execute(REPORT, values)
    sensitive_store.put_findings(tx, made.version_id, findings, at=AT)


def said(column: str, kind: str, word: str, reason: str = "") -> dict[str, str]:
    return {"column": column, "kind": kind, "answer": word, "reason": reason}


def verdict(tx: Tx, made: Made) -> Verdict | None:
    return stored_version(tx, made.version_id).version.verdict


def test_a_version_goes_on_once_every_finding_is_answered(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)
    found(tx, made, PHONE, MAIL)

    answer(tx, made.version_id, said("phone", "mobile", "masked"), by=made.publisher, at=AT)
    after_first = verdict(tx, made)
    reason = "Office addresses only"
    kept = said("mail", "email", "kept", reason)
    states = answer(tx, made.version_id, kept, by=made.publisher, at=AT)

    assert after_first is Verdict.BLOCKED
    assert verdict(tx, made) is Verdict.PASSED
    assert [one.answered.reason for one in states if one.answered] == [reason, ""]
    event = tx.execute(
        """
        SELECT body::jsonb -> 'facts' AS facts
          FROM policies.events
         WHERE dataset_id = %s
         ORDER BY id DESC
         LIMIT 1
        """,
        [made.dataset_id],
    ).fetchone()
    assert event
    assert event["facts"] | {"answer": "kept", "column": "mail", "reason": reason} == event["facts"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (said("phone", "mobile", "kept"), ReasonNeeded),
        (said("phone", "mobile", "kept", " \n "), ReasonNeeded),
        (said("phone", "mobile", "masked", "x" * 501), ReasonNeeded),
        (said("phone", "mobile", "forgotten"), UnknownAnswer),
        (said("phone", "email", "masked"), UnknownFinding),
        (said("phone", "nonsense", "masked"), UnknownFinding),
        ({}, UnknownFinding),
    ],
)
def test_an_answer_that_says_nothing_is_refused(
    tx: Tx, make_version: MakeVersion, body: dict[str, str], refusal: type[Exception]
) -> None:
    made = make_version(tx)
    found(tx, made, PHONE)

    with pytest.raises(refusal):
        answer(tx, made.version_id, body, by=made.publisher, at=AT)

    assert findings_of(tx, made.version_id)[0].answered is None


def test_a_later_answer_replaces_the_earlier_one_which_stays_on_record(
    tx: Tx, make_version: MakeVersion
) -> None:
    made = make_version(tx)
    found(tx, made, PHONE)
    for day, word in enumerate(("masked", "dropped")):
        at = AT + timedelta(days=day)
        answer(tx, made.version_id, said("phone", "mobile", word), by=made.publisher, at=at)

    (state,) = findings_of(tx, made.version_id)
    held = tx.execute("SELECT answer FROM quality.sensitive_answers ORDER BY answered_at")

    assert state.answered
    assert state.answered.answer.value == "dropped"
    assert [row["answer"] for row in held] == ["masked", "dropped"]


def test_answers_become_masks_of_every_later_offer(tx: Tx, make_version: MakeVersion) -> None:
    made = make_version(tx)
    found(tx, made, PHONE, MAIL)
    answer(tx, made.version_id, said("phone", "mobile", "masked"), by=made.publisher, at=AT)
    answer(tx, made.version_id, said("mail", "email", "dropped"), by=made.publisher, at=AT)

    view = hidden_view(tx, made.dataset_id, EVERYTHING, ("id", "phone", "mail"))
    narrow = hidden_view(tx, made.dataset_id, View(columns=("id",)), ("id", "phone", "mail"))
    before = hidden_view(tx, made.dataset_id, EVERYTHING, ("id", "phone"))

    assert {name: mask.kind for name, mask in view.masks.items()} == {
        "phone": MaskKind.PARTIAL,
        "mail": MaskKind.DROP,
    }
    assert view.visible(("id", "phone", "mail")) == ("id", "phone")
    assert narrow == View(columns=("id",))
    assert before.columns == ("id", "phone"), "a column that comes later is not let out"
