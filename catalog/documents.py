"""Which documents exist for whom, and what a distribution tells of the one that its readers have.

    newest_document(tx, dataset, distribution, by=...)      for one caller
    tell_of_document(tx, distribution_id)                   after one was published or withdrawn

What a distribution tells goes out on every face, so it is of the version that everybody reads;
before the dataset is published, of the newest one, which only its own people see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from catalog.audience import is_member, may_keep
from catalog.dataset import DISTRIBUTIONS_MAX, Dataset, DatasetState, Distribution, DistributionId
from catalog.document import Document
from catalog.files.media import FORMATS
from catalog.kept_file import FILE_KEY, is_document
from catalog.store import datasets as dataset_store
from catalog.store import documents as store
from catalog.view import Json
from policies.database import Tx
from policies.party import Actor
from policies.terms import VersionId

DOCUMENTS_SHOWN_MAX: Final = 200
_TOLD: Final = frozenset({FILE_KEY, "size", "hash", "url_type"})


def newest_document(
    tx: Tx, dataset: Dataset, distribution: Distribution, *, by: Actor
) -> Document | None:
    """The newest document of a distribution that exists for the caller, who may see the dataset.

    Its own people and its keepers have the newest one, all others what was published last.
    """
    if _is_own(dataset, by):
        return store.newest_left(tx, distribution.id)
    if dataset.state is not DatasetState.PUBLISHED:
        return None
    return store.newest_published(tx, distribution.id)


def documents_of(
    tx: Tx, dataset: Dataset, distribution_ids: Sequence[DistributionId], *, by: Actor
) -> list[Document]:
    """Versions of documents that the caller is told of, newest first.

    Those that were published and taken back by themselves are told: gaps are.
    """
    assert len(distribution_ids) <= DISTRIBUTIONS_MAX
    found = store.documents_of(tx, distribution_ids, limit=DOCUMENTS_SHOWN_MAX)
    if _is_own(dataset, by):
        return found
    return [one for one in found if one.version.published_at is not None]


def published_document(tx: Tx, distribution_id: DistributionId) -> Document | None:
    """The document that everybody else reads; None where none is published."""
    return store.newest_published(tx, distribution_id)


def document_with_id(tx: Tx, version_id: VersionId) -> Document | None:
    """The document of a version that was found for its caller; None where it is a table's."""
    return store.document_with_id(tx, version_id)


def tell_of_document(tx: Tx, distribution_id: DistributionId) -> None:
    """Have the distribution tell of the document that its readers have now, or of none."""
    distribution = dataset_store.lock_distribution(tx, distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    match dataset.state:
        case DatasetState.PUBLISHED:
            told = store.newest_published(tx, distribution_id)
        case DatasetState.DRAFT | DatasetState.SUBMITTED | DatasetState.REVIEWED:
            told = store.newest_left(tx, distribution_id)
        case DatasetState.WITHDRAWN:
            told = None
    if told is None and not is_document(distribution):
        return
    kept = {name: value for name, value in distribution.details.items() if name not in _TOLD}
    changed = replace(
        distribution,
        details=kept if told is None else {**kept, **_told(told)},
        format="" if told is None else FORMATS.get(told.media_type, told.media_type),
        media_type="" if told is None else told.media_type,
        modified_at=distribution.modified_at if told is None else told.version.created_at,
    )
    dataset_store.update_distribution(tx, changed)


def _told(document: Document) -> dict[str, Json]:
    return {
        "size": document.version.size_bytes,
        "hash": document.sha256,
        "url_type": "upload",
        FILE_KEY: {
            "sha256": document.sha256,
            "size_bytes": document.version.size_bytes,
            "file_name": document.file_name,
            "media_type": document.media_type,
            "at": document.version.created_at.isoformat(),
        },
    }


def _is_own(dataset: Dataset, by: Actor) -> bool:
    is_let_in = not by.is_program and by.user_id in dataset.reader_ids | dataset.editor_ids
    return is_member(by, dataset.publisher_id) or may_keep(by, dataset) or is_let_in
