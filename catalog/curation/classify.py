"""Put a dataset under themes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from catalog.curation.classify_errors import UnknownTheme
from catalog.curation.describe import owned_dataset
from catalog.curation.themes import listed_themes, themes_of_dataset
from catalog.dataset import DatasetState
from catalog.errors import TooManyEntries, WrongState
from catalog.store import classified as store
from catalog.theme import Theme
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.terms import DatasetId

THEMES_MAX: Final = 30
OFFERED_MAX: Final = 1_000


def themes_to_choose(tx: Tx) -> list[Theme]:
    """Every theme that a dataset can be put under, by name."""
    return listed_themes(tx, limit=OFFERED_MAX)


def name_themes(
    tx: Tx, dataset_id: DatasetId, slugs: Sequence[str], *, by: Actor, at: datetime
) -> list[Theme]:
    """Put a dataset under just these themes.

    Raises: DatasetNotFound, PublisherNeeded, WrongState, TooManyEntries, UnknownTheme.
    """
    dataset = owned_dataset(tx, dataset_id, by=by)
    wanted = list(dict.fromkeys(slugs))
    if len(wanted) > THEMES_MAX:
        raise TooManyEntries("themes", THEMES_MAX)
    offered = {theme.slug: theme for theme in themes_to_choose(tx)}
    before = themes_of_dataset(tx, dataset_id)
    for slug in wanted:
        if slug not in offered:
            raise UnknownTheme(slug)
    chosen = [offered[slug] for slug in wanted]
    if {theme.id for theme in chosen} == {theme.id for theme in before}:
        return chosen
    if dataset.state not in (DatasetState.DRAFT, DatasetState.PUBLISHED):
        raise WrongState(dataset.slug, dataset.state, DatasetState.DRAFT)
    store.clear_themes(tx, dataset_id)
    store.put_under(tx, dataset_id, [theme.id for theme in chosen])
    record(
        tx,
        Event(
            kind=EventKind.DATASET_CHANGED,
            at=at,
            actor=by,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=dataset.id,
            facts={
                "themes": {
                    "before": [theme.slug for theme in before],
                    "after": sorted(wanted),
                }
            },
        ),
    )
    return chosen
