"""Reading records in batches: one statement for a whole page of datasets."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.audience import Audience
from catalog.dataset import Dataset, Distribution, DistributionId
from catalog.store.datasets import dataset_of, distribution_of
from catalog.store.versions import version_of
from catalog.version import Version
from policies.database import Tx
from policies.terms import DatasetId


def datasets_in(tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience) -> list[Dataset]:
    """Those of these datasets that the audience sees, in the order asked for."""
    rows = tx.execute(
        """
        SELECT dataset.*
          FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS asked (id, position)
          JOIN catalog.datasets AS dataset ON dataset.id = asked.id
         WHERE catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY asked.position
        """,
        {"ids": list(dataset_ids), **_of(audience)},
    )
    return [dataset_of(row) for row in rows]


def seen_ids(tx: Tx, audience: Audience, *, after: DatasetId | None, limit: int) -> list[DatasetId]:
    """Ids of the datasets that the audience sees, in their order, those after `after`."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.datasets AS dataset
         WHERE (%(after)s::uuid IS NULL OR dataset.id > %(after)s)
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.id
         LIMIT %(limit)s
        """,
        {"after": after, "limit": limit, **_of(audience)},
    )
    return [row["id"] for row in rows]


def distributions_in(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[Distribution]:
    """The distributions of these datasets in their order, without removed ones."""
    rows = tx.execute(
        """
        SELECT id, dataset_id, slug, title, key_columns, created_at, modified_at, description,
               access_url, format, media_type, kind, position, details, is_removed
          FROM catalog.distributions
         WHERE dataset_id = ANY (%(ids)s)
           AND NOT is_removed
         ORDER BY dataset_id, position, created_at, id
        """,
        {"ids": list(dataset_ids)},
    )
    return [distribution_of(row) for row in rows]


def newest_versions_in(
    tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience
) -> list[tuple[DistributionId, Version, str | None, str]]:
    """Each distribution's newest version that exists for the audience, with its file's digest
    and name; steps have neither.
    """
    rows = tx.execute(
        """
        SELECT DISTINCT ON (version.distribution_id)
               version.*, upload.blob_sha256, upload.file_name
          FROM catalog.versions AS version
          JOIN catalog.distributions AS distribution ON distribution.id = version.distribution_id
          JOIN catalog.datasets AS dataset ON dataset.id = distribution.dataset_id
          LEFT JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE dataset.id = ANY (%(ids)s)
           AND NOT version.is_dropped
           AND version.kind <> 'document'
           AND version.withdrawn_at IS NULL
           AND version.removed_at IS NULL
           AND (dataset.publisher_id = ANY (%(member_of)s)
                OR version.state = 'published'
                OR version.offered_under IS NOT NULL)
         ORDER BY version.distribution_id,
                  (version.state = 'published'
                   AND dataset.publisher_id <> ALL (%(member_of)s)) DESC,
                  version.number DESC
        """,
        {"ids": list(dataset_ids), "member_of": list(audience.member_of)},
    )
    return [
        (row["distribution_id"], version_of(row), row["blob_sha256"], row["file_name"] or "")
        for row in rows
    ]


def inputs_in(
    tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience
) -> list[tuple[DatasetId, DatasetId]]:
    """Pairs of a dataset and one that it was made from, which the audience sees."""
    rows = tx.execute(
        """
        SELECT made.dataset_id, made.input_id
          FROM catalog.dataset_inputs AS made
          JOIN catalog.datasets AS dataset ON dataset.id = made.input_id
         WHERE made.dataset_id = ANY (%(ids)s)
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY made.dataset_id, made.input_id
        """,
        {"ids": list(dataset_ids), **_of(audience)},
    )
    return [(row["dataset_id"], row["input_id"]) for row in rows]


def _of(audience: Audience) -> dict[str, object]:
    return {
        "member_of": list(audience.member_of),
        "oversees": audience.oversees,
        "departments": audience.is_department,
        "reader": audience.user_id,
    }
