"""Names and formats as whole lists, each caller those that exist for them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from uuid import UUID

from catalog.audience import audience_of, sees_dataset
from catalog.curation.deposit_errors import DatasetNotYours
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId
from catalog.errors import DatasetNotFound, DistributionNotFound
from catalog.store import datasets as dataset_store
from catalog.store import deposits as store
from policies.database import Tx
from policies.party import SLUG, Actor
from policies.terms import DatasetId

FORMATS_MAX = 1_000


def dataset_names(
    tx: Tx,
    *,
    by: Actor,
    states: Sequence[DatasetState] = (DatasetState.PUBLISHED,),
    with_private: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[str]:
    """Names of datasets in these states, sorted; without a limit all of them.

    Names are short, so that even a large catalogue's fit into one answer.
    """
    return store.names(
        tx,
        audience_of(by),
        states=[state.value for state in states],
        with_private=with_private,
        limit=limit,
        offset=offset,
    )


def formats_like(tx: Tx, containing: str, *, limit: int) -> list[str]:
    """Formats in use that contain a text, in small letters, the most frequent first."""
    return store.formats(tx, containing.replace("\0", ""), limit=min(limit, FORMATS_MAX))


def is_name_taken(tx: Tx, slug: str) -> bool:
    """Whether a dataset has this name, seen by the caller or not; a withdrawn one lets go of it."""
    holder = dataset_store.find_dataset(tx, slug)
    return holder is not None and holder.state is not DatasetState.WITHDRAWN


def known_dataset(tx: Tx, wanted: str, *, by: Actor) -> Dataset:
    """The dataset of that id or name, told apart from one that the caller may know of but not read.

    Clients of CKAN make a new dataset where they hear that there is none.

    Raises: DatasetNotFound, also for classified ones; DatasetNotYours.
    """
    found: Dataset | None = None
    with contextlib.suppress(ValueError):
        found = dataset_store.get_dataset(tx, DatasetId(UUID(wanted)))
    if found is None and SLUG.fullmatch(wanted):
        found = dataset_store.find_dataset(tx, wanted)
    if found is None or found.is_purged:
        raise DatasetNotFound(wanted.replace("\0", ""))
    if sees_dataset(by, found):
        return found
    if found.entry.directory.is_classified:
        raise DatasetNotFound(wanted)
    raise DatasetNotYours(found.id)


def known_distribution(
    tx: Tx, distribution_id: DistributionId, *, by: Actor
) -> tuple[Dataset, Distribution]:
    """The distribution of that id with its dataset.

    Raises: DistributionNotFound, DatasetNotFound, DatasetNotYours.
    """
    found = dataset_store.get_distribution(tx, distribution_id)
    if found is None or found.is_removed:
        raise DistributionNotFound(str(distribution_id))
    return known_dataset(tx, str(found.dataset_id), by=by), found
