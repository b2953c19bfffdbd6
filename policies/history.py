"""Read the log: the audit trail, the activity of one thing, lineage edges, and the feed of changes.

All four are readings of the same rows. Bodies hold ids and facts about data that may not be public:
whoever shows them to others than `check_may_audit` lets through has to choose what to show.

Source: docs/decisions/0006-one-log-four-readings.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from policies.database import Tx
from policies.errors import AuditTrailClosed
from policies.events import RecordedEdge, RecordedEvent
from policies.party import Actor, Role
from policies.store import events as store

PAGE_EVENTS_MAX = 1000
EDGES_MAX = 10_000


def check_may_audit(actor: Actor) -> None:
    """See that the actor may read every event, as supervisors may.

    Raises: AuditTrailClosed.
    """
    if not (actor.holds_anywhere(Role.REGULATOR) or actor.holds_anywhere(Role.BUREAU)):
        raise AuditTrailClosed


def events_of_dataset(
    tx: Tx, dataset_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[RecordedEvent]:
    """What happened to a dataset, newest first; `before` is the id of the last event seen."""
    return store.events_of_dataset(tx, dataset_id, before=before, limit=_bounded(limit))


def events_of_record(
    tx: Tx, dataset_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[RecordedEvent]:
    """What was done to a dataset's record, without its data and deliveries, newest first."""
    return store.events_of_record(tx, dataset_id, before=before, limit=_bounded(limit))


def events_of_organization(
    tx: Tx, organization_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[RecordedEvent]:
    """What concerned an organisation, newest first; `before` is the id of the last event seen."""
    return store.events_of_organization(tx, organization_id, before=before, limit=_bounded(limit))


def events_of_subject(
    tx: Tx, subject_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[RecordedEvent]:
    """What is told of one version, listing, agreement, receipt, user ..., newest first."""
    return store.events_of_subject(tx, subject_id, before=before, limit=_bounded(limit))


def events_of_actor(
    tx: Tx, actor_id: UUID, *, before: int | None = None, limit: int = 50
) -> list[RecordedEvent]:
    """What one person did, newest first; `before` is the id of the last event seen."""
    return store.events_of_actor(tx, actor_id, before=before, limit=_bounded(limit))


def changes_from(tx: Tx, leaf_index: int, *, limit: int = PAGE_EVENTS_MAX) -> list[RecordedEvent]:
    """The feed of changes from leaf `leaf_index` on, in the order of the log.

    Leaves are dense and never change, so whoever goes on at the last index plus one misses nothing.
    """
    return store.events_from_leaf(tx, leaf_index, limit=_bounded(limit))


def edges_from(tx: Tx, assets: Sequence[str]) -> list[RecordedEdge]:
    """What was made of any of `assets`; at most `EDGES_MAX` edges, oldest first."""
    return store.edges_from(tx, assets, limit=EDGES_MAX)


def edges_into(tx: Tx, assets: Sequence[str]) -> list[RecordedEdge]:
    """What any of `assets` was made of; at most `EDGES_MAX` edges, oldest first."""
    return store.edges_into(tx, assets, limit=EDGES_MAX)


def _bounded(limit: int) -> int:
    return max(0, min(limit, PAGE_EVENTS_MAX))
