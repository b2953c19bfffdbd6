"""Arrange the views of a file; whoever keeps its dataset does, whoever sees it reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from catalog.audience import visible
from catalog.curation.deposit_errors import AdministratorNeeded, ViewNotFound
from catalog.curation.describe import owned_dataset
from catalog.dataset import Distribution, DistributionId
from catalog.errors import DistributionNotFound, TooManyEntries
from catalog.resource_view import VIEWS_MAX, ResourceView
from catalog.store import datasets as dataset_store
from catalog.store import relationships as store
from policies.database import Tx
from policies.party import Actor
from policies.roles import can_administer


def add_view(tx: Tx, view: ResourceView, *, by: Actor) -> ResourceView:
    """Add a view as the last one.

    Raises: DistributionNotFound, DatasetNotFound, PublisherNeeded, TooManyEntries.
    """
    _kept(tx, view.distribution_id, by)
    held = store.views_of(tx, view.distribution_id, limit=VIEWS_MAX)
    if len(held) >= VIEWS_MAX:
        raise TooManyEntries("views", VIEWS_MAX)
    placed = replace(view, position=max((one.position for one in held), default=-1) + 1)
    store.insert_view(tx, placed)
    return placed


def change_view(tx: Tx, view: ResourceView, *, by: Actor) -> None:
    """Replace what a view shows.

    Raises: ViewNotFound, DatasetNotFound, PublisherNeeded.
    """
    view_with_id(tx, view.id, by=by)
    _kept(tx, view.distribution_id, by)
    store.update_view(tx, view)


def drop_view(tx: Tx, view_id: UUID, *, by: Actor) -> None:
    """Take a view away.

    Raises: ViewNotFound, DatasetNotFound, PublisherNeeded.
    """
    view = view_with_id(tx, view_id, by=by)
    _kept(tx, view.distribution_id, by)
    store.delete_view(tx, view_id)


def clear_views(tx: Tx, kinds: Sequence[str], *, by: Actor) -> None:
    """Take every view of these kinds away, or of every kind.

    Raises: AdministratorNeeded.
    """
    if not can_administer(by):
        raise AdministratorNeeded
    if not kinds:
        store.delete_views_of_kinds(tx, [])
    elif known := [kind for kind in kinds if "\0" not in kind]:
        store.delete_views_of_kinds(tx, known)


def order_views(
    tx: Tx, distribution_id: DistributionId, order: Sequence[UUID], *, by: Actor
) -> list[ResourceView]:
    """Put views first in this order; the others follow in theirs.

    Raises: DistributionNotFound, DatasetNotFound, PublisherNeeded, ViewNotFound.
    """
    _kept(tx, distribution_id, by)
    held = {view.id: view for view in store.views_of(tx, distribution_id, limit=VIEWS_MAX)}
    if any(view_id not in held for view_id in order):
        raise ViewNotFound
    first = [held.pop(view_id) for view_id in dict.fromkeys(order)]
    ordered = [
        replace(view, position=position) for position, view in enumerate([*first, *held.values()])
    ]
    for view in ordered:
        store.update_view(tx, view)
    return ordered


def view_with_id(tx: Tx, view_id: UUID, *, by: Actor) -> ResourceView:
    """The view, where its dataset exists for the caller.

    Raises: ViewNotFound, DatasetNotFound.
    """
    view = store.get_view(tx, view_id)
    if view is None:
        raise ViewNotFound
    _seen(tx, view.distribution_id, by)
    return view


def is_view_id_taken(tx: Tx, view_id: UUID) -> bool:
    """Whether a view, seen by the caller or not, has this id."""
    return store.get_view(tx, view_id) is not None


def views_of(tx: Tx, distribution_id: DistributionId, *, by: Actor) -> list[ResourceView]:
    """The views of a distribution in their order.

    Raises: DistributionNotFound, DatasetNotFound.
    """
    _seen(tx, distribution_id, by)
    return store.views_of(tx, distribution_id, limit=VIEWS_MAX)


def _seen(tx: Tx, distribution_id: DistributionId, by: Actor) -> Distribution:
    found = dataset_store.get_distribution(tx, distribution_id)
    if found is None or found.is_removed:
        raise DistributionNotFound(str(distribution_id))
    dataset = dataset_store.get_dataset(tx, found.dataset_id)
    visible(dataset, str(found.dataset_id), by)
    return found


def _kept(tx: Tx, distribution_id: DistributionId, by: Actor) -> None:
    found = _seen(tx, distribution_id, by)
    owned_dataset(tx, found.dataset_id, by=by)
