"""Declare and answer small groups, so that the answer holds for every offer of the dataset."""

from __future__ import annotations

from datetime import datetime

from catalog.find import stored_version
from catalog.folders import Folders
from catalog.view import View
from exchange.store import listings as store
from policies.database import Pool, Tx
from policies.party import Actor
from policies.terms import VersionId
from quality import answer_groups as quality_answer
from quality.groups.declare import count_declared, declare_groups
from quality.groups.errors import OfferShowsGroups
from quality.groups.group import CountState, Declared, GroupAnswer


def declare_and_count(
    pool: Pool,
    folders: Folders,
    version_id: VersionId,
    declared: Declared,
    *,
    by: Actor,
    at: datetime,
) -> CountState | None:
    """Declare what tells persons apart in a version, count it at once, and let the gate look again.

    Raises: MalformedGroups, FileDamaged.
    """
    with pool.connection() as tx:
        declare_groups(tx, version_id, declared, by=by, at=at)
        held = stored_version(tx, version_id)
    counted = count_declared(pool, version_id, held.checked_paths(folders), at=at)
    with pool.connection() as tx:
        quality_answer.look_again(tx, version_id, at=at)
    return counted


def answer_groups(
    tx: Tx, version_id: VersionId, said: GroupAnswer, reason: str, *, by: Actor, at: datetime
) -> CountState:
    """Answer small groups. Where they are left empty, no offer may show them any more.

    Raises: OfferShowsGroups; the refusals of `quality.answer_groups.answer_groups`.
    """
    answered = quality_answer.answer_groups(tx, version_id, said, reason, by=by, at=at)
    if said is GroupAnswer.BLANKED:
        declared = answered.counted.declared
        for listing in store.listings_of_dataset(tx, stored_version(tx, version_id).dataset.id):
            if _shows(listing.view, declared):
                raise OfferShowsGroups(listing.regime.value, declared.least)
    return answered


def _shows(view: View, declared: Declared) -> bool:
    """Whether a view lets all the declared columns out in groups that may be too small."""
    shown = set(declared.columns) if view.columns is None else set(view.columns)
    if not set(declared.columns) <= shown - set(view.masks):
        return False
    held = view.suppression
    return (
        held is None
        or held.least < declared.least
        or not (set(declared.columns) <= set(held.columns))
    )
