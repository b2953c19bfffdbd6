"""Find datasets and read their records, each caller only what exists for them.

What may not be seen is not found, and is neither counted nor listed among a page's neighbours.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from catalog.audience import (
    audience_of,
    is_member,
    may_approve_for,
    may_publish_for,
    sees_dataset,
    sees_version,
    visible,
)
from catalog.dataset import DISTRIBUTIONS_MAX, Dataset, DatasetState, Distribution, DistributionId
from catalog.document import Document
from catalog.documents import documents_of, newest_document
from catalog.errors import (
    DistributionNotFound,
    MalformedPageMark,
    UploadNotFound,
    VersionNotFound,
)
from catalog.folders import Folders
from catalog.search.labels import labels_for
from catalog.search.live import LiveIndex
from catalog.search.query import START_MAX, Query, Search, Value, Words
from catalog.store import datasets as store
from catalog.store import records as record_store
from catalog.store import search as search_store
from catalog.store import uploads as upload_store
from catalog.store import versions as version_store
from catalog.tables import check_files
from catalog.version import Upload, UploadId, Version, VersionFile
from policies.database import Tx
from policies.identity.people import organization_with_id
from policies.party import SLUG, Actor, Organization, Role
from policies.terms import DatasetId, OrganizationId, VersionId

PAGE_MAX = 100
VERSIONS_SHOWN_MAX = 200
UPLOADS_SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A page of datasets that the caller may see."""

    datasets: tuple[Dataset, ...]
    count: int
    """Of all pages together."""
    next_cursor: str | None
    """None on the last page."""


@dataclass(frozen=True, slots=True)
class DistributionOverview:
    """A distribution with what of its history exists for the caller."""

    distribution: Distribution
    newest: Version | None
    """The newest version that exists for the caller; None where there is none."""
    versions: tuple[Version, ...]
    """Newest first."""
    uploads: tuple[Upload, ...]
    """Newest first; empty for everybody but the publisher's own people."""
    documents: tuple[Document, ...] = ()
    """Where it is no table: what the caller is told of its versions, newest first."""
    document: Document | None = None
    """The one that the caller has, where it is no table."""

    @property
    def held(self) -> Version | None:
        """The newest version that exists for the caller, be it of a table or a document."""
        return self.document.version if self.document else self.newest


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that a page about a dataset shows, for one caller."""

    dataset: Dataset
    publisher: Organization
    distributions: tuple[DistributionOverview, ...]
    inputs: tuple[Dataset, ...]
    """The datasets that it was made from, as far as they exist for the caller."""
    is_own: bool
    """The caller is one of the publisher's own people."""
    may_change: bool
    may_approve: bool


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version with the record around it and its files."""

    dataset: Dataset
    distribution: Distribution
    version: Version
    files: tuple[VersionFile, ...]
    """In the order of the rows."""

    @property
    def key(self) -> tuple[str, ...]:
        """The declared key's columns that this version has."""
        names = {column.name for column in self.version.columns}
        return tuple(name for name in self.distribution.key_columns if name in names)

    def checked_paths(self, folders: Folders) -> list[Path]:
        """Its files in order, each compared with its recorded digest.

        Raises: FileDamaged, StorageAway.
        """
        table = folders.table_of(self.distribution.id)
        return check_files(table, self.files, storage=folders.storage)


def listed(
    tx: Tx,
    *,
    by: Actor,
    publisher_id: OrganizationId | None = None,
    state: DatasetState | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> Found:
    """All datasets, or those of one publisher or in one state, newest first.

    Raises: MalformedPageMark.
    """
    audience, limit = audience_of(by), min(max(limit, 1), PAGE_MAX)
    after = None if cursor is None else DatasetId(_read_cursor(cursor, UUID))
    datasets = search_store.listed(
        tx, audience, publisher_id=publisher_id, state=state, after=after, limit=limit + 1
    )
    count = search_store.count(tx, audience, publisher_id=publisher_id, state=state)
    page = datasets[:limit]
    more = len(datasets) > len(page)
    return Found(tuple(page), count, _cursor(page[-1].id) if more else None)


def search(
    tx: Tx,
    live: LiveIndex,
    words: str,
    *,
    by: Actor,
    publisher_id: OrganizationId | None = None,
    state: DatasetState | None = None,
    cursor: str | None = None,
    limit: int = 20,
    is_unfinished: bool = False,
) -> Found:
    """Datasets that hold all `words` (none: all datasets), best first, then newest.

    `is_unfinished`: the last word is still being typed.

    Raises: MalformedPageMark, IndexNotReady.
    """
    if not words.strip():
        return listed(tx, by=by, publisher_id=publisher_id, state=state, cursor=cursor, limit=limit)
    limit = min(max(limit, 1), PAGE_MAX)
    start = 0 if cursor is None else _read_cursor(cursor, int)
    filters: list[Query] = []
    if publisher_id is not None:
        filters.append(Value("owner_org", str(publisher_id)))
    if state is not None:
        filters.append(Value("workflow", state.value))
    page = live.search(
        tx,
        Search(
            labels_for(by),
            Words(words, is_unfinished=is_unfinished),
            tuple(filters),
            start=start,
            rows=limit,
        ),
    )
    # The database has the last word on who sees what.
    datasets = record_store.datasets_in(tx, page.ids, audience_of(by))
    gone = len(page.ids) - len(datasets)
    end = start + len(page.ids)
    more = end < page.count and page.ids
    return Found(tuple(datasets), page.count - gone, _cursor(end) if more else None)


def datasets_with_ids(tx: Tx, dataset_ids: Sequence[DatasetId], *, by: Actor) -> list[Dataset]:
    """Those of these datasets that exist for the caller, in the order asked for."""
    return record_store.datasets_in(tx, dataset_ids, audience_of(by)) if dataset_ids else []


def dataset_named(tx: Tx, slug: str, *, by: Actor) -> Dataset:
    """The dataset of that name.

    Raises: DatasetNotFound.
    """
    found = store.find_dataset(tx, slug) if SLUG.fullmatch(slug) else None
    return visible(found, slug, by)


def dataset_with_id(tx: Tx, dataset_id: DatasetId, *, by: Actor) -> Dataset:
    """The dataset of that id.

    Raises: DatasetNotFound.
    """
    return visible(store.get_dataset(tx, dataset_id), str(dataset_id), by)


def submissions(tx: Tx, *, by: Actor) -> list[Dataset]:
    """What waits for `by` to publish or return it, the longest waiting first.

    The bureau may decide for everybody, but only what comes from its own people comes to it here.
    """
    own = [
        held.organization_id
        for held in by.memberships
        if held.role is Role.APPROVER and held.organization_id is not None
    ]
    deciding = [publisher_id for publisher_id in own if may_approve_for(by, publisher_id)]
    if not deciding:
        return []
    return store.with_submitted_versions(tx, deciding, limit=PAGE_MAX)


def distribution_named(tx: Tx, dataset: Dataset, slug: str) -> Distribution:
    """The distribution of that name in a dataset that the caller may see.

    Raises: DistributionNotFound.
    """
    found = store.find_distribution(tx, dataset.id, slug) if SLUG.fullmatch(slug) else None
    if found is None:
        raise DistributionNotFound(slug)
    return found


def distributions_of(tx: Tx, dataset: Dataset) -> list[Distribution]:
    """The distributions of a dataset that the caller may see."""
    return store.distributions_of(tx, dataset.id)


def inputs_of(tx: Tx, dataset_id: DatasetId) -> list[Dataset]:
    """The datasets that one was made from, whoever sees them: the standards look at all of them."""
    return store.inputs_of(tx, dataset_id)


def overview(tx: Tx, slug: str, *, by: Actor) -> Overview:
    """Everything that a page about a dataset shows.

    Raises: DatasetNotFound.
    """
    dataset = dataset_named(tx, slug, by=by)
    is_own = is_member(by, dataset.publisher_id)
    distributions = store.distributions_of(tx, dataset.id)
    ids = [distribution.id for distribution in distributions]
    versions = versions_of(tx, dataset, ids, by=by)
    documents = documents_of(tx, dataset, ids, by=by) if ids else []
    uploads = upload_store.uploads_of(tx, ids, limit=UPLOADS_SHOWN_MAX) if is_own and ids else []
    return Overview(
        dataset=dataset,
        publisher=organization_with_id(tx, dataset.publisher_id),
        distributions=tuple(
            _distribution_overview(
                distribution,
                versions,
                uploads,
                documents,
                newest_document(tx, dataset, distribution, by=by) if documents else None,
            )
            for distribution in distributions
        ),
        inputs=tuple(one for one in store.inputs_of(tx, dataset.id) if sees_dataset(by, one)),
        is_own=is_own,
        may_change=may_publish_for(by, dataset.publisher_id),
        may_approve=may_approve_for(by, dataset.publisher_id),
    )


def versions_of(
    tx: Tx, dataset: Dataset, distribution_ids: list[DistributionId], *, by: Actor
) -> list[Version]:
    """Versions of these distributions of `dataset` that exist for the caller, newest first."""
    assert len(distribution_ids) <= DISTRIBUTIONS_MAX
    return _versions(tx, dataset, distribution_ids, by, limit=VERSIONS_SHOWN_MAX)


def versions_told_of(
    tx: Tx, dataset: Dataset, distribution_ids: list[DistributionId], *, by: Actor
) -> list[Version]:
    """The same, and those that were published and are withdrawn by themselves: gaps are told."""
    versions = versions_of(tx, dataset, distribution_ids, by=by)
    known = {version.id for version in versions}
    gone = [
        version
        for version in withdrawn_versions_of(tx, distribution_ids)
        if version.id not in known
    ]
    told = sorted([*versions, *gone], key=lambda one: (one.created_at, one.number), reverse=True)
    return told[:VERSIONS_SHOWN_MAX]


def newest_readable(tx: Tx, distribution: Distribution, *, by: Actor) -> Version | None:
    """The newest version of a distribution that exists for the caller; None where none does.

    The publisher's own people read each version at once, all others what was published last.
    """
    dataset = store.get_dataset(tx, distribution.dataset_id)
    if dataset is None or not sees_dataset(by, dataset):
        return None
    return _newest(tx, dataset, distribution, by)


def newest_stored(
    tx: Tx, dataset: Dataset, distribution: Distribution, *, by: Actor
) -> StoredVersion | None:
    """The newest version that exists for the caller, with its files; None where there is none.

    `dataset` is one that the caller may see, read in this transaction.
    """
    version = _newest(tx, dataset, distribution, by)
    if version is None:
        return None
    files = tuple(version_store.files_of(tx, version.id))
    return StoredVersion(dataset, distribution, version, files)


def withdrawn_versions_of(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int = VERSIONS_SHOWN_MAX
) -> list[Version]:
    """Versions that were published and taken back by themselves, newest first.

    The caller may see their dataset.
    """
    return version_store.withdrawn_versions_of(tx, distribution_ids, limit=limit)


def newest_published(tx: Tx, distribution_id: DistributionId) -> Version | None:
    """The version that everybody else reads; None where none is published."""
    versions = version_store.published_versions_of(tx, [distribution_id], limit=1)
    return versions[0] if versions else None


def published_rows_of(tx: Tx, dataset_id: DatasetId) -> list[StoredVersion]:
    """What is published last of each distribution, for the installation's own work on it."""
    dataset = store.get_dataset(tx, dataset_id)
    if dataset is None:
        return []
    found = []
    for distribution in store.distributions_of(tx, dataset_id):
        version = newest_published(tx, distribution.id)
        if version is not None:
            files = tuple(version_store.files_of(tx, version.id))
            found.append(StoredVersion(dataset, distribution, version, files))
    return found


def version_with_id(tx: Tx, version_id: VersionId, *, by: Actor) -> tuple[Version, Dataset]:
    """The version of that id, and its dataset.

    Raises: VersionNotFound.
    """
    version = version_store.get_version(tx, version_id)
    dataset = None if version is None else _dataset_of(tx, version.distribution_id)
    if version is None or dataset is None or not sees_version(by, dataset, version):
        raise VersionNotFound
    return version, dataset


def stored_version(tx: Tx, version_id: VersionId) -> StoredVersion:
    """A version and where its rows are, for the installation's own work on it.

    Raises: VersionNotFound.
    """
    version = version_store.get_version(tx, version_id)
    if version is None:
        raise VersionNotFound
    distribution = store.get_distribution(tx, version.distribution_id)
    assert distribution is not None
    dataset = store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    files = tuple(version_store.files_of(tx, version_id))
    return StoredVersion(dataset, distribution, version, files)


def held_version(tx: Tx, version_id: VersionId) -> StoredVersion:
    """The same, its bytes kept until the transaction ends.

    Raises: VersionNotFound.
    """
    version_store.hold_version(tx, version_id)
    return stored_version(tx, version_id)


def upload_with_id(tx: Tx, upload_id: UploadId, *, by: Actor) -> Upload:
    """The upload of that id; only the publisher's own people know of it.

    Raises: UploadNotFound.
    """
    upload = upload_store.get_upload(tx, upload_id)
    dataset = None if upload is None else _dataset_of(tx, upload.distribution_id)
    if upload is None or dataset is None or not is_member(by, dataset.publisher_id):
        raise UploadNotFound
    return upload


def version_of_upload(tx: Tx, upload: Upload) -> Version | None:
    """The version that an upload became; None until it has been read."""
    return version_store.version_of_upload(tx, upload.id)


def _newest(tx: Tx, dataset: Dataset, distribution: Distribution, by: Actor) -> Version | None:
    """Its own people's newest; else the newest published one, and before there is any, the newest
    that a profile lets be read unchecked.
    """
    if is_member(by, dataset.publisher_id):
        return version_store.newest_left(tx, distribution.id)
    published = newest_published(tx, distribution.id)
    if published is not None:
        return published
    if version_store.withdrawn_versions_of(tx, [distribution.id], limit=1):
        # What was taken back may lie in it unchanged.
        return None
    return version_store.newest_offered(tx, distribution.id)


def _versions(
    tx: Tx,
    dataset: Dataset,
    distribution_ids: list[DistributionId],
    by: Actor,
    *,
    limit: int,
) -> list[Version]:
    of = (
        version_store.versions_of
        if is_member(by, dataset.publisher_id)
        else version_store.published_versions_of
    )
    return of(tx, distribution_ids, limit=limit)


def _distribution_overview(
    distribution: Distribution,
    versions: list[Version],
    uploads: list[Upload],
    documents: list[Document],
    document: Document | None,
) -> DistributionOverview:
    own = tuple(version for version in versions if version.distribution_id == distribution.id)
    return DistributionOverview(
        distribution,
        next((version for version in own if version.is_left), None),
        own,
        tuple(upload for upload in uploads if upload.distribution_id == distribution.id),
        tuple(one for one in documents if one.version.distribution_id == distribution.id),
        document,
    )


def _dataset_of(tx: Tx, distribution_id: DistributionId) -> Dataset | None:
    distribution = store.get_distribution(tx, distribution_id)
    return None if distribution is None else store.get_dataset(tx, distribution.dataset_id)


def _cursor(place: DatasetId | int) -> str:
    return base64.urlsafe_b64encode(json.dumps([str(place)]).encode()).decode()


_Place = TypeVar("_Place", UUID, int)


def _read_cursor(cursor: str, of: type[_Place]) -> _Place:
    """Where the last page ended: at a dataset, or after so many hits."""
    try:
        (place,) = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        read = of(place)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise MalformedPageMark from None
    if isinstance(read, int) and not 0 <= read <= START_MAX:
        raise MalformedPageMark
    return read
