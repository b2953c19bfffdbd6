"""Run the detectors on what a view lets out: a mask that lets identifiers through holds nothing.

Every masked copy is looked at once, before its first row leaves; the worker does it as soon as a
listing is proposed and whenever a version is published, so that a reader seldom waits for it.

Source: quality design 4.3 (after masking the detector runs again on the output).
"""

from __future__ import annotations

from datetime import datetime

from catalog.serving_copy import PARQUET_NAME, ServingCopy
from catalog.view import View
from policies.database import Pool, Tx
from policies.terms import VersionId
from quality.detecting import detect
from quality.errors import MasksLeak
from quality.masks import store
from quality.masks.leak import Leak

SOUND_REMEMBERED_MAX = 100_000
_sound: dict[tuple[VersionId, str], bool] = {}
"""Copies whose masks were seen to hold; that never changes, and reads ask for it each time."""


def check_masks(
    pool: Pool, version_id: VersionId, view: View, copy: ServingCopy, *, at: datetime
) -> tuple[Leak, ...]:
    """What the masked columns of a built copy still tell; looked at once for a version and view."""
    if not view.masks:
        return ()
    fingerprint = view.fingerprint()
    if (version_id, fingerprint) in _sound:
        return ()
    with pool.connection() as tx:
        known = store.leaks_of(tx, version_id, fingerprint)
    if known is not None:
        if not known:
            _remember(version_id, fingerprint)
        return known
    found = tuple(
        Leak(finding.column, finding.kind, finding.valid_count)
        for finding in detect([copy.path(PARQUET_NAME)])
        if finding.column in view.masks
    )
    with pool.connection() as tx:
        store.insert_leaks(tx, version_id, fingerprint, found, at=at)
    return found


def leaks_known(tx: Tx, version_id: VersionId, view: View) -> tuple[Leak, ...]:
    """What was found so far; nothing where nobody looked yet, since no row has left then."""
    return (store.leaks_of(tx, version_id, view.fingerprint()) or ()) if view.masks else ()


def refuse_leaks(leaks: tuple[Leak, ...]) -> None:
    """Raises: MasksLeak, where there are any."""
    for leak in leaks:
        raise MasksLeak(leak.column, leak.kind.value)


def _remember(version_id: VersionId, fingerprint: str) -> None:
    if len(_sound) >= SOUND_REMEMBERED_MAX:
        _sound.clear()
    _sound[version_id, fingerprint] = True
