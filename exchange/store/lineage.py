"""What the nodes of the lineage graph are, read from the tables of all packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exchange.lineage import LineageEdge
from policies.database import Tx

Row = dict[str, Any]

RECEIPTS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of one node, with what decides who may see it."""

    id: str
    label: str
    at: datetime
    dataset_id: UUID | None
    provider_id: UUID | None
    consumer_id: UUID | None
    """The organisation that a receipt was written for; None for everything else."""
    is_public: bool
    """Its record is there for everybody."""
    detail: str
    number: int
    """Version number, or rows, or bytes, as the kind has it."""
    by_organization_id: UUID | None
    by_user_id: UUID | None


def datasets(tx: Tx, ids: Sequence[UUID]) -> list[Described]:
    """Datasets by id."""
    return _described(
        tx,
        """
        SELECT 'dataset:' || id AS id, slug AS label, modified_at AS at, id AS dataset_id,
               publisher_id AS provider_id, NULL::uuid AS consumer_id,
               state = 'published' AS is_public, state AS detail, grade::bigint AS number,
               publisher_id AS by_organization_id, created_by AS by_user_id
          FROM catalog.datasets
         WHERE id = ANY(%(ids)s)
         ORDER BY id
        """,
        ids,
    )


def versions(tx: Tx, ids: Sequence[UUID]) -> list[Described]:
    """Versions by id."""
    return _described(
        tx,
        """
        SELECT 'version:' || version.id AS id,
               dataset.slug || ' v' || version.number AS label, version.created_at AS at,
               dataset.id AS dataset_id, dataset.publisher_id AS provider_id,
               NULL::uuid AS consumer_id,
               dataset.state = 'published' AND version.state = 'published' AS is_public,
               version.digest AS detail, version.row_count AS number,
               dataset.publisher_id AS by_organization_id, version.published_by AS by_user_id
          FROM catalog.versions AS version
          JOIN catalog.distributions AS held ON held.id = version.distribution_id
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE version.id = ANY(%(ids)s)
         ORDER BY version.id
        """,
        ids,
    )


def uploads(tx: Tx, ids: Sequence[UUID]) -> list[Described]:
    """Uploads by id."""
    return _described(
        tx,
        """
        SELECT 'upload:' || upload.id AS id, upload.file_name AS label, upload.uploaded_at AS at,
               dataset.id AS dataset_id, dataset.publisher_id AS provider_id,
               NULL::uuid AS consumer_id, false AS is_public, upload.blob_sha256 AS detail,
               blob.size_bytes AS number, dataset.publisher_id AS by_organization_id,
               upload.uploaded_by AS by_user_id
          FROM catalog.uploads AS upload
          JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
          JOIN catalog.distributions AS held ON held.id = upload.distribution_id
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE upload.id = ANY(%(ids)s)
         ORDER BY upload.id
        """,
        ids,
    )


def reports(tx: Tx, ids: Sequence[UUID]) -> list[Described]:
    """Quality reports by id."""
    return _described(
        tx,
        """
        SELECT 'report:' || report.id AS id,
               coalesce(report.grade, '') || ' ' || report.verdict AS label,
               report.finished_at AS at, dataset.id AS dataset_id,
               dataset.publisher_id AS provider_id, NULL::uuid AS consumer_id,
               dataset.state = 'published' AND version.state = 'published' AS is_public,
               report.suite_sha256 AS detail, coalesce(report.score, 0)::bigint AS number,
               dataset.publisher_id AS by_organization_id, NULL::uuid AS by_user_id
          FROM quality.reports AS report
          JOIN catalog.versions AS version ON version.id = report.version_id
          JOIN catalog.distributions AS held ON held.id = version.distribution_id
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE report.id = ANY(%(ids)s)
         ORDER BY report.id
        """,
        ids,
    )


def receipts(tx: Tx, ids: Sequence[UUID]) -> list[Described]:
    """Receipts by id; a receipt over several providers' data is each one's."""
    return _described(
        tx,
        """
        SELECT DISTINCT ON (receipt.id)
               'receipt:' || receipt.id AS id, receipt.action AS label,
               receipt.created_at AS at, item.dataset_id,
               dataset.publisher_id AS provider_id, receipt.consumer_id, false AS is_public,
               receipt.body_sha256 AS detail, receipt.row_count AS number,
               receipt.consumer_id AS by_organization_id, receipt.user_id AS by_user_id
          FROM exchange.receipts AS receipt
          JOIN exchange.receipt_items AS item ON item.receipt_id = receipt.id
          JOIN catalog.datasets AS dataset ON dataset.id = item.dataset_id
         WHERE receipt.id = ANY(%(ids)s)
         ORDER BY receipt.id, item.dataset_id
        """,
        ids,
    )


def blobs(tx: Tx, sha256s: Sequence[str]) -> list[Described]:
    """Stored bytes by SHA-256, as the first upload that brought them."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (blob.sha256)
               'blob:' || blob.sha256 AS id, left(blob.sha256, 12) AS label,
               blob.stored_at AS at, dataset.id AS dataset_id,
               dataset.publisher_id AS provider_id, NULL::uuid AS consumer_id,
               false AS is_public, blob.sha256 AS detail, blob.size_bytes AS number,
               NULL::uuid AS by_organization_id, NULL::uuid AS by_user_id
          FROM catalog.blobs AS blob
          JOIN catalog.uploads AS upload ON upload.blob_sha256 = blob.sha256
          JOIN catalog.distributions AS held ON held.id = upload.distribution_id
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE blob.sha256 = ANY(%(sha256s)s)
         ORDER BY blob.sha256, upload.uploaded_at
        """,
        {"sha256s": list(sha256s)},
    )
    return [Described(**row) for row in rows]


def versions_of_dataset(tx: Tx, dataset_id: UUID) -> list[LineageEdge]:
    """The versions that a dataset consists of, as edges into it."""
    rows = tx.execute(
        """
        SELECT version.id
          FROM catalog.versions AS version
          JOIN catalog.distributions AS held ON held.id = version.distribution_id
         WHERE held.dataset_id = %(dataset_id)s
         ORDER BY version.created_at, version.id
        """,
        {"dataset_id": dataset_id},
    )
    return [
        LineageEdge(f"version:{row['id']}", f"dataset:{dataset_id}", "catalog.publish")
        for row in rows
    ]


def _described(tx: Tx, statement: str, ids: Sequence[UUID]) -> list[Described]:
    return [Described(**row) for row in tx.execute(statement.encode(), {"ids": list(ids)})]
