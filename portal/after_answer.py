"""Whose it is to answer what holds a version back, and what the answer sets going."""

from __future__ import annotations

from catalog import find, publish
from catalog.audience import may_approve_for
from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.version import Version
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId
from portal.jobs import Queue, enqueue
from portal.settings import Publication
from portal.wiring import Wiring
from quality.errors import UnknownPlea
from quality.plea import Plea, PleaId
from quality.plead import plea_of


def newest_owned(tx: Tx, slug: str, *, by: Actor) -> tuple[Dataset, Version | None]:
    """A dataset with its newest version, for those who publish it.

    Raises: DatasetNotFound, PublisherNeeded.
    """
    overview = find.overview(tx, slug, by=by)
    dataset = describe.owned_dataset(tx, overview.dataset.id, by=by)
    newest = overview.distributions[0].newest if overview.distributions else None
    return dataset, newest


def publish_if_it_waited(tx: Tx, wiring: Wiring, dataset: Dataset, version_id: VersionId) -> None:
    """Ask for the publication that the findings held back, where no person decides about it."""
    if wiring.settings.publication is not Publication.DIRECT:
        return
    version = find.stored_version(tx, version_id).version
    if version.lets_pass and publish.may_be_published_directly(dataset):
        enqueue(tx, "publish_directly", queue=Queue.WORK, dataset_id=str(dataset.id))


def plea_to_decide(tx: Tx, plea_id: PleaId, *, by: Actor) -> tuple[Dataset, Version, Plea]:
    """A plea with what it is about, for those who may approve for the publisher.

    Raises: UnknownPlea, also where there is one that is not the caller's to answer.
    """
    plea = plea_of(tx, plea_id)
    held = find.stored_version(tx, plea.version_id)
    if not may_approve_for(by, held.dataset.publisher_id):
        raise UnknownPlea
    return held.dataset, held.version, plea
