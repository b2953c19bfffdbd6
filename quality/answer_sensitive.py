"""Answer what was found: a version goes on to its approver once every finding has an answer.

An unanswered finding blocks a version through the verdict that the catalogue keeps, so that no
way to publication leads around it, whichever face it is asked through. Who may answer is decided
by the caller, before.

Source: 个人信息保护法 art. 51, 55 (classification, masking, assessment before publication).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from catalog.find import stored_version
from catalog.mask import Mask, MaskKind, Suppression
from catalog.publish import admit
from catalog.view import View
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId, VersionId
from quality.errors import ReasonNeeded, UnknownAnswer, UnknownFinding
from quality.groups.store import blanked_of_dataset
from quality.plead import verdict_in_force
from quality.sensitive import (
    REASON_CHARACTERS_MAX,
    Answer,
    Answered,
    FindingState,
    SensitiveKind,
)
from quality.store import reports as report_store
from quality.store import sensitive as sensitive_store


def findings_of(tx: Tx, version_id: VersionId) -> list[FindingState]:
    """What was found in a version, unanswered findings first."""
    return sensitive_store.finding_states(tx, version_id)


def answer(
    tx: Tx, version_id: VersionId, body: Mapping[str, str], *, by: Actor, at: datetime
) -> list[FindingState]:
    """Answer one finding, and let the version go on where it was the last one.

    `body` has `column`, `kind`, `answer` and, for data that is kept, `reason`. Answering again
    replaces the answer; what came before stays on record.
    Raises: VersionNotFound, UnknownFinding, UnknownAnswer, ReasonNeeded.
    """
    held = stored_version(tx, version_id)
    distribution_id = held.distribution.id
    sensitive_store.lock_answers_of(tx, distribution_id)
    assert by.user_id is not None, "a publisher is a person"
    answered = _read(tx, version_id, body, by=by, at=at)
    sensitive_store.replace_answer(tx, distribution_id, version_id, answered)
    record(
        tx,
        Event(
            kind=EventKind.DATASET_CHANGED,
            at=at,
            actor=by,
            organization_id=held.dataset.publisher_id,
            dataset_id=held.dataset.id,
            subject_id=version_id,
            facts={
                "sensitive_data_answered": answered.kind.value,
                "column": answered.column,
                "answer": answered.answer.value,
                "reason": answered.reason,
            },
        ),
    )
    findings = sensitive_store.finding_states(tx, version_id)
    stored = report_store.newest_report(tx, version_id)
    if stored is not None:
        verdict = verdict_in_force(tx, version_id, findings, stored.report)
        admit(tx, version_id, verdict=verdict, report_id=stored.id, at=at)
    return findings


def hidden_view(tx: Tx, dataset_id: DatasetId, view: View, available: Sequence[str]) -> View:
    """The view with the masks that answers ask for; a stricter mask of its own stays.

    `available` are the columns that the dataset's published versions have in common. Where an
    answer is about a column that comes with a later version, the view is held to these.
    """
    hidden = masks_of(tx, dataset_id)
    if view.columns is None and set(hidden) - set(available):
        view = replace(view, columns=tuple(available))
    masks = dict(view.masks)
    for column, mask in hidden.items():
        if is_shown(view, column) or (mask.kind is MaskKind.DROP and column in masks):
            masks[column] = mask
    return _blanking(tx, dataset_id, replace(view, masks=masks), available)


def _blanking(tx: Tx, dataset_id: DatasetId, view: View, available: Sequence[str]) -> View:
    """The view with small groups left empty where an answer asks for that; a stricter one stays."""
    for declared in blanked_of_dataset(tx, dataset_id):
        shown = available if view.columns is None else view.columns
        dropped = {name for name, mask in view.masks.items() if mask.kind is MaskKind.DROP}
        columns = [name for name in declared.columns if name in shown and name not in dropped]
        held = view.suppression
        if not columns or (
            held and held.least >= declared.least and set(columns) <= set(held.columns)
        ):
            continue
        least = max(declared.least, held.least if held else 0)
        named = tuple(dict.fromkeys([*columns, *(held.columns if held else ())]))
        view = replace(view, suppression=Suppression(named, least))
    return view


def is_shown(view: View, column: str) -> bool:
    """Whether a view lets a column out as it is."""
    return column not in view.masks and (view.columns is None or column in view.columns)


def masks_of(tx: Tx, dataset_id: DatasetId) -> dict[str, Mask]:
    """How each column that is answered as masked or dropped must be masked; dropping wins."""
    masks: dict[str, Mask] = {}
    for column, kind, said in sensitive_store.hidden_columns_of(tx, dataset_id):
        if said is Answer.DROPPED:
            masks[column] = Mask(MaskKind.DROP)
        elif column not in masks:
            masks[column] = kind.mask
    return masks


def _read(
    tx: Tx, version_id: VersionId, body: Mapping[str, str], *, by: Actor, at: datetime
) -> Answered:
    column, reason = body.get("column", ""), body.get("reason", "").strip()
    found = next(
        (
            one.finding
            for one in sensitive_store.finding_states(tx, version_id)
            if one.finding.column == column and one.finding.kind.value == body.get("kind")
        ),
        None,
    )
    if found is None:
        raise UnknownFinding(column[:100])
    try:
        said = Answer(body.get("answer", ""))
    except ValueError:
        raise UnknownAnswer from None
    is_needed = said is Answer.KEPT and not reason
    if is_needed or len(reason) > REASON_CHARACTERS_MAX or "\0" in reason:
        raise ReasonNeeded(REASON_CHARACTERS_MAX)
    assert by.user_id is not None, "a publisher is a person"
    return Answered(column, SensitiveKind(found.kind), said, reason, by.user_id, at)
