"""Answer what was found in a version, so that the answer holds for every offer of the dataset."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from catalog.find import stored_version
from exchange.errors import OfferShowsColumn
from exchange.store import listings as store
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId
from quality import answer_sensitive
from quality.sensitive import FindingState


def answer(
    tx: Tx, version_id: VersionId, body: Mapping[str, str], *, by: Actor, at: datetime
) -> list[FindingState]:
    """Answer one finding. What is said to be masked or dropped may stand in no offer as it is:
    offers made later hide it by themselves, those that show it must be withdrawn before.

    Raises: OfferShowsColumn; the refusals of `quality.answer_sensitive.answer`.
    """
    findings = answer_sensitive.answer(tx, version_id, body, by=by, at=at)
    dataset_id = stored_version(tx, version_id).dataset.id
    column = body.get("column", "")
    if column not in answer_sensitive.masks_of(tx, dataset_id):
        return findings
    for listing in store.listings_of_dataset(tx, dataset_id):
        if answer_sensitive.is_shown(listing.view, column):
            raise OfferShowsColumn(column, listing.regime.value)
    return findings
