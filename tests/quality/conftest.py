"""A dataset with a version, as rows, for tests of rules and of the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from policies.database import Tx
from policies.party import Actor, Role
from policies.terms import DatasetId, OrganizationId, VersionId
from tests.people import AT, acting, found


@dataclass(frozen=True, slots=True)
class Made:
    """What was made, by whom."""

    dataset_id: DatasetId
    version_id: VersionId
    organization_id: OrganizationId
    publisher: Actor


@pytest.fixture
def make_version() -> Callable[[Tx], Made]:
    """Makes a dataset with one version that nobody has checked."""

    def make(tx: Tx) -> Made:
        slug = uuid4().hex
        organization = found(tx, f"org-{slug}")
        publisher = acting(tx, f"user-{slug}", (Role.PUBLISHER, organization))
        dataset, distribution, upload, version = (uuid4() for _ in range(4))
        _insert(tx, dataset, distribution, upload, version, organization.id, slug)
        return Made(DatasetId(dataset), VersionId(version), organization.id, publisher)

    return make


def _insert(
    tx: Tx, dataset: UUID, distribution: UUID, upload: UUID, version: UUID, owner: UUID, slug: str
) -> None:
    values = {
        "dataset": dataset,
        "distribution": distribution,
        "upload": upload,
        "version": version,
        "owner": owner,
        "slug": slug,
        "digest": uuid4().hex * 2,
        "at": AT,
    }
    for statement in (
        """INSERT INTO catalog.datasets
               (id, slug, title, summary, publisher_id, grade, share_type, open_type,
                update_cycle, state, created_at, modified_at)
           VALUES (%(dataset)s, %(slug)s, '{"en": "A"}', '{}', %(owner)s, 1, 'unconditional',
                   'unconditional', 'daily', 'draft', %(at)s, %(at)s)""",
        """INSERT INTO catalog.distributions
               (id, dataset_id, slug, title, created_at, modified_at)
           VALUES (%(distribution)s, %(dataset)s, 'table', '{"en": "A"}', %(at)s, %(at)s)""",
        """INSERT INTO catalog.blobs (sha256, size_bytes, stored_at)
           VALUES (%(digest)s, 1, %(at)s)""",
        """INSERT INTO catalog.uploads
               (id, distribution_id, file_name, blob_sha256, uploaded_at, state)
           VALUES (%(upload)s, %(distribution)s, 'a.csv', %(digest)s, %(at)s, 'ingested')""",
        """INSERT INTO catalog.versions
               (id, distribution_id, number, upload_id, delta_version, digest, columns, reading,
                row_count, size_bytes, created_at, state)
           VALUES (%(version)s, %(distribution)s, 1, %(upload)s, 0, %(digest)s, '[]',
                   '{"encoding": "utf-8", "delimiter": ",", "quote": "", "has_header": true}',
                   3, 1, %(at)s, 'created')""",
    ):
        tx.execute(statement, values)
