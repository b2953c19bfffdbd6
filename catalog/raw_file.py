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
from catalog.curation.deposit_errors import FileNotOpen, FileStopped
from catalog.curation.names import known_distribution
from catalog.dataset import Dataset, DatasetState, Distribution, DistributionId
from catalog.documents import newest_document
from catalog.errors import DistributionNotFound
from catalog.kept_file import FILE_KEY, KeptFile, kept_file_of
from catalog.publish import may_be_published_directly
from catalog.store import records as store
from catalog.store.documents import is_file_ended
from catalog.way_in import Way
from policies.database import Tx
from policies.events import Event, EventKind
from policies.freeze import frozen_targets
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

    Raises: DistributionNotFound, DatasetNotFound, DatasetNotYours, FileNotOpen, FileStopped.
    """
    dataset, distribution = known_distribution(tx, distribution_id, by=by)
    is_own = may_keep(by, dataset) or is_member(by, dataset.publisher_id)
    is_let_in = not by.is_program and by.user_id in dataset.reader_ids | dataset.editor_ids
    is_open = dataset.state is DatasetState.PUBLISHED and may_be_published_directly(dataset)
    document = newest_document(tx, dataset, distribution, by=by)
    kept = None if document else _file_of_table(tx, dataset, distribution, by=by)
    sent = _sent_file(tx, distribution)
    if document is not None:
        sha256, file_name = document.sha256, document.file_name
    elif sent is not None and (
        is_own or is_let_in or is_direct or _was_approved(dataset, distribution)
    ):
        sha256, file_name = sent.sha256, sent.file_name
    elif kept is not None:
        sha256, file_name = kept
    else:
        raise DistributionNotFound(str(distribution_id))
    if not (is_own or is_let_in or is_open):
        raise FileNotOpen
    if frozen_targets(tx, [dataset.id, dataset.publisher_id], at):
        raise FileStopped
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


def is_document_for(tx: Tx, distribution_id: DistributionId, *, by: Actor) -> bool:
    """Whether a distribution that the caller may see holds a document for them.

    Raises: DistributionNotFound, DatasetNotFound, DatasetNotYours.
    """
    dataset, distribution = known_distribution(tx, distribution_id, by=by)
    return newest_document(tx, dataset, distribution, by=by) is not None


def _file_of_table(
    tx: Tx, dataset: Dataset, distribution: Distribution, *, by: Actor
) -> tuple[str, str] | None:
    """The file that the newest version for the caller was read from, where that is all of it."""
    for held_id, version, sha256, name in store.newest_versions_in(
        tx, [dataset.id], audience_of(by)
    ):
        is_whole = version.change is None or version.change.way is Way.REPLACE
        # A file that was added to others is not the whole of the table.
        if held_id == distribution.id and sha256 is not None and is_whole:
            return sha256, name
    return None


def _sent_file(tx: Tx, distribution: Distribution) -> KeptFile | None:
    """The file that a client of CKAN sent for the distribution; None where there is none, where it
    is a document, which has versions, and where what was read from it was taken back.
    """
    sent = kept_file_of(distribution)
    if sent is None or sent.media_type:
        return None
    return None if is_file_ended(tx, distribution.id, sent.sha256) else sent


def _was_approved(dataset: Dataset, distribution: Distribution) -> bool:
    """Whether the file was there when the record was published first."""
    sent = distribution.details[FILE_KEY]
    assert isinstance(sent, Mapping)
    came = datetime.fromisoformat(str(sent["at"]))
    return dataset.issued is not None and came <= dataset.issued
