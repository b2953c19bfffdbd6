"""The bytes of a distribution as they came, and who may have them without an agreement.

Its keepers, those let in by name and the publisher's own people get them; everybody gets those of
general data that is open without condition. Where people approve what is published, that is the
file of what they approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from catalog.audience import audience_of, is_member, may_keep
from catalog.curation.deposit_errors import FileNotOpen
from catalog.curation.names import known_distribution
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId
from catalog.errors import DistributionNotFound
from catalog.kept_file import FILE_KEY
from catalog.publish import may_be_published_directly
from catalog.store import records as store
from catalog.way_in import Way
from policies.database import Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file as it came."""

    dataset: Dataset
    distribution: Distribution
    sha256: str
    file_name: str
    is_open: bool
    """Everybody may have it."""


def raw_file(
    tx: Tx, distribution_id: DistributionId, *, by: Actor, is_direct: bool, at: datetime
) -> RawFile:
    """The file, if the caller may have it. `is_direct`: nobody approves what is published.

    What is not for everybody is taken down before its first byte leaves.

    Raises: DistributionNotFound, DatasetNotFound, DatasetNotYours, FileNotOpen.
    """
    dataset, distribution = known_distribution(tx, distribution_id, by=by)
    is_own = may_keep(by, dataset) or is_member(by, dataset.publisher_id)
    is_let_in = not by.is_program and by.user_id in dataset.reader_ids | dataset.editor_ids
    published = store.newest_versions_in(tx, [dataset.id], audience_of(by))
    versions = {
        held_id: (sha256, name)
        for held_id, version, sha256, name in published
        # A file that was added to others is not the whole of the table.
        if sha256 is not None and (version.change is None or version.change.way is Way.REPLACE)
    }
    sent = distribution.details.get(FILE_KEY)
    is_open = dataset.state is DatasetState.PUBLISHED and may_be_published_directly(dataset)
    if isinstance(sent, Mapping) and (
        is_own or is_let_in or is_direct or _was_approved(dataset, sent)
    ):
        sha256, file_name = str(sent["sha256"]), str(sent["file_name"])
    elif distribution_id in versions:
        sha256, file_name = versions[distribution_id]
    else:
        raise DistributionNotFound(str(distribution_id))
    if not (is_own or is_let_in or is_open):
        raise FileNotOpen
    if not is_open and not is_member(by, dataset.publisher_id):
        record(
            tx,
            Event(
                kind=EventKind.AUDIT_VIEWED,
                at=at,
                actor=by,
                organization_id=dataset.publisher_id,
                dataset_id=dataset.id,
                subject_id=distribution_id,
                facts={"what": "file", "sha256": sha256},
            ),
        )
    return RawFile(dataset, distribution, sha256, file_name, is_open)


def _was_approved(dataset: Dataset, sent: Mapping[str, object]) -> bool:
    """Whether the file was there when the record was published first."""
    came = datetime.fromisoformat(str(sent["at"]))
    return dataset.issued is not None and came <= dataset.issued
