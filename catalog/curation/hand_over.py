"""Leave the datasets of an organisation that goes to nobody: they stay in the catalogue, unowned.

What is withdrawn stays with an organisation that is only hidden, and goes along when it is purged.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from catalog.curation.theme_errors import CodesCollide
from catalog.store import ownership as store
from policies.database import Tx
from policies.errors import NotAdministrator
from policies.events import Event, EventKind
from policies.party import UNOWNED, Actor
from policies.record import record
from policies.roles import can_administer_organization, check_person
from policies.terms import DatasetId, OrganizationId


def datasets_in_use(tx: Tx, publisher_id: OrganizationId) -> list[DatasetId]:
    """Datasets of the organisation that are not withdrawn, whoever sees them."""
    return store.datasets_of(tx, publisher_id, with_withdrawn=False)


def leave_unowned(
    tx: Tx,
    publisher_id: OrganizationId,
    dataset_ids: Sequence[DatasetId],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Have nobody answer for these datasets of the organisation any more.

    Raises: PersonNeeded, NotAdministrator, CodesCollide.
    """
    check_person(by)
    if not can_administer_organization(by, publisher_id):
        raise NotAdministrator
    if not store.move(tx, dataset_ids, to=UNOWNED, at=at):
        raise CodesCollide
    for dataset_id in dataset_ids:
        record(
            tx,
            Event(
                kind=EventKind.DATASET_CHANGED,
                at=at,
                actor=by,
                organization_id=publisher_id,
                dataset_id=dataset_id,
                facts={"publisher_id": {"before": publisher_id, "after": UNOWNED}},
            ),
        )


def all_datasets(tx: Tx, publisher_id: OrganizationId) -> list[DatasetId]:
    """Every dataset of the organisation, withdrawn ones too."""
    return store.datasets_of(tx, publisher_id, with_withdrawn=True)
