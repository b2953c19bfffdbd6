"""Merge small files in the background, and settle what was fed.

Merging changes no row. A settled version is what the gate checks, what is published and what
serving copies are built of; whoever feeds the table reads the newest step all the while.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from catalog.dataset import DatasetState, DistributionId
from catalog.errors import VersionNotFound
from catalog.steps import store
from catalog.steps.errors import TableNotFound
from catalog.steps.feed import merged
from catalog.steps.table import Doing, runs_of
from catalog.steps.take_step import Place, held_table, take_step, working
from catalog.store import datasets as dataset_store
from catalog.store import versions as version_store
from catalog.tables import shorten_log
from catalog.version import Version, VersionFile, VersionKind, VersionState
from policies.database import Tx
from policies.events import Event, EventKind
from policies.record import record
from policies.roles import SYSTEM
from policies.terms import VersionId

QUIET_S: Final = 10
"""A table that was not fed for so long is settled."""
UNSETTLED_S_MAX: Final = 300
"""One that is fed all the time is settled as often as this."""
TABLES_AT_ONCE_MAX: Final = 100


def merge_small_files(
    tx: Tx, place: Place, distribution_id: DistributionId, *, at: datetime
) -> Version | None:
    """Put small files together; None where there are none or the table is gone."""
    return _settle(tx, place, distribution_id, kind=VersionKind.STEP, at=at)


def settle(
    tx: Tx, place: Place, distribution_id: DistributionId, *, at: datetime
) -> Version | None:
    """Settle the newest step; None where there is none. The caller asks for the check of it."""
    return _settle(tx, place, distribution_id, kind=VersionKind.SETTLED, at=at)


def due(tx: Tx, *, at: datetime) -> list[DistributionId]:
    """Tables that are to be settled now."""
    return store.unsettled(
        tx,
        quiet_since=at - timedelta(seconds=QUIET_S),
        settled_before=at - timedelta(seconds=UNSETTLED_S_MAX),
        limit=TABLES_AT_ONCE_MAX,
    )


def may_be_offered(tx: Tx, distribution_id: DistributionId) -> bool:
    """Whether readers may see what is fed now before its check: nothing of the table is published
    yet, and nothing that the new rows join was held back or is unchecked and not offered itself.

    The table is the caller's until the transaction ends, so that no check ends in between.
    """
    dataset_store.lock_distribution(tx, distribution_id)
    return not store.has_published(tx, distribution_id) and store.is_fit_to_offer(
        tx, distribution_id
    )


def publish_settled(
    tx: Tx, version_id: VersionId, *, profile_id: str, is_direct: bool, at: datetime
) -> Version | None:
    """Publish a settled version that the gate let pass, the profile being the decider.

    Of a table of which an approver has published a version before, everybody reads the newest one
    that passed; `is_direct` needs no approver. None where it is not to be published.

    Raises: VersionNotFound.
    """
    version = version_store.lock_version(tx, version_id)
    if version is None:
        raise VersionNotFound
    distribution = dataset_store.get_distribution(tx, version.distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    if (
        version.kind is not VersionKind.SETTLED
        or version.state is not VersionState.CREATED
        or version.is_dropped
        or not version.lets_pass
        or dataset.state is not DatasetState.PUBLISHED
        or not (is_direct or store.has_published(tx, distribution.id))
    ):
        return None
    published = version.published(by=None, under=profile_id, at=at)
    version_store.update_version(tx, published)
    version_store.take_back_offers(tx, distribution.id)
    record(
        tx,
        Event(
            kind=EventKind.DATASET_PUBLISHED,
            at=at,
            actor=SYSTEM,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=dataset.id,
            facts={
                "versions": [
                    {"id": str(version.id), "number": version.number, "digest": version.digest}
                ],
                "profile_id": profile_id,
            },
        ),
    )
    return published


def _settle(
    tx: Tx, place: Place, distribution_id: DistributionId, *, kind: VersionKind, at: datetime
) -> Version | None:
    try:
        table = held_table(tx, distribution_id)
    except TableNotFound:
        return None
    assert table.version is not None
    if table.version.kind is not VersionKind.STEP:
        return None
    runs = runs_of(table.files)
    if len(runs) == len(table.files) and kind is VersionKind.STEP:
        return None
    doing = Doing(SYSTEM, at, table.version.offered_under)
    with working(place, table) as work:
        files: list[VersionFile] = list(table.files)
        after = files if len(runs) == len(files) else merged(place, work, table, runs)
        version = take_step(tx, place, table, after, table.fields, kind=kind, doing=doing)
    shorten_log(place.folders.table_of(distribution_id), storage=place.folders.storage)
    return version
