"""Declare which columns tell persons apart, count them in each version, and answer small groups.

An unanswered count holds publication back through the verdict, like any other sensitive data. An
answer holds for later versions whose groups are no worse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from catalog.find import stored_version
from policies.database import Pool, Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import VersionId
from quality.groups import store
from quality.groups.count import count_groups
from quality.groups.errors import GroupReasonNeeded, MalformedGroups, NothingCounted
from quality.groups.group import (
    COLUMNS_MAX,
    LEAST_MAX,
    LEAST_MIN,
    REASON_CHARACTERS_MAX,
    CountState,
    Declared,
    GroupAnswer,
)


def declare_groups(
    tx: Tx, version_id: VersionId, declared: Declared, *, by: Actor, at: datetime
) -> None:
    """Write down what is declared, after it was seen to fit the version. The caller may publish it.

    Raises: MalformedGroups.
    """
    held = stored_version(tx, version_id)
    known = {column.name for column in held.version.columns}
    named = set(declared.columns)
    fits = (
        1 <= len(declared.columns) <= COLUMNS_MAX
        and len(named) == len(declared.columns)
        and named <= known
        and LEAST_MIN <= declared.least <= LEAST_MAX
        and (not declared.about or declared.about in known - named)
    )
    if not fits:
        raise MalformedGroups(COLUMNS_MAX, LEAST_MIN, LEAST_MAX)
    assert by.user_id is not None, "a publisher is a person"
    store.put_declared(tx, held.distribution.id, declared, by=by.user_id, at=at)
    _record(tx, version_id, {"groups_declared": list(declared.columns)}, by=by, at=at)


def count_declared(
    pool: Pool,
    version_id: VersionId,
    paths: Sequence[Path],
    *,
    at: datetime,
) -> CountState | None:
    """Count what is declared in a version's files; None where nothing is, or it is not there."""
    with pool.connection() as tx:
        distribution_id = stored_version(tx, version_id).distribution.id
        declared = store.get_declared(tx, distribution_id)
    counted = None if declared is None else count_groups(paths, declared)
    if counted is None:
        return None
    state = CountState(version_id, counted)
    with pool.connection() as tx:
        earlier = store.newest_answered(tx, distribution_id)
        if earlier is not None and counted.is_no_worse_than(earlier.counted):
            state = replace(earlier, version_id=version_id, counted=counted)
        store.put_counted(tx, state, at=at)
    return state


def counted_of(tx: Tx, version_id: VersionId) -> CountState | None:
    """What was counted in a version; None where nothing was declared."""
    return store.get_counted(tx, version_id)


def answer_counted(
    tx: Tx, version_id: VersionId, said: GroupAnswer, reason: str, *, by: Actor, at: datetime
) -> CountState:
    """Say what becomes of small groups. The caller lets the gate look again.

    Raises: NothingCounted, GroupReasonNeeded.
    """
    held = store.get_counted(tx, version_id)
    if held is None or not held.counted.is_finding:
        raise NothingCounted
    words = reason.strip()
    is_needed = said is GroupAnswer.KEPT and not words
    if is_needed or len(words) > REASON_CHARACTERS_MAX or "\0" in words:
        raise GroupReasonNeeded(REASON_CHARACTERS_MAX)
    answered = replace(held, answer=said, reason=words, answered_by=by.user_id, answered_at=at)
    store.put_counted(tx, answered, at=at)
    _record(tx, version_id, {"groups_answered": said.value, "reason": words}, by=by, at=at)
    return answered


def is_waiting(tx: Tx, version_id: VersionId) -> bool:
    """Whether small groups of a version wait for an answer."""
    state = store.get_counted(tx, version_id)
    return state is not None and state.is_waiting


def _record(
    tx: Tx, version_id: VersionId, facts: dict[str, str | list[str]], *, by: Actor, at: datetime
) -> None:
    held = stored_version(tx, version_id)
    record(
        tx,
        Event(
            kind=EventKind.DATASET_CHANGED,
            at=at,
            actor=by,
            organization_id=held.dataset.publisher_id,
            dataset_id=held.dataset.id,
            subject_id=version_id,
            facts=facts,
        ),
    )
