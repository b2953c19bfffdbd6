"""What the answer to a finding sets going: under direct publication the version goes out."""

from __future__ import annotations

from catalog import find, publish
from catalog.curation import describe
from catalog.dataset import Dataset
from catalog.version import Version
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId
from portal.jobs import Queue, enqueue
from portal.settings import Publication
from portal.wiring import Wiring


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
