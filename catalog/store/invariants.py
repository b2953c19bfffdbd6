"""What must always hold in the catalogue, as queries for the rows for which it does not."""

from __future__ import annotations

from policies.database import Tx

FOUND_MAX = 20


def published_past_the_gate(tx: Tx) -> list[str]:
    """Published versions that the gate did not let pass."""
    rows = tx.execute(
        """
        SELECT id::text AS found
          FROM catalog.versions
         WHERE state = 'published'
           AND kind <> 'document'
           AND (verdict IS NULL OR verdict NOT IN ('passed', 'passed_with_warnings', 'known_issue'))
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"limit": FOUND_MAX},
    )
    return [row["found"] for row in rows]


def approved_by_their_submitter(tx: Tx) -> list[str]:
    """Versions published by the one who submitted them."""
    rows = tx.execute(
        """
        SELECT id::text AS found
          FROM catalog.versions
         WHERE published_by = submitted_by
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"limit": FOUND_MAX},
    )
    return [row["found"] for row in rows]


def told_though_hidden(tx: Tx) -> list[str]:
    """Datasets that harvesters are told of, though not everybody may know of them."""
    rows = tx.execute(
        """
        SELECT told.dataset_id::text AS found
          FROM catalog.public_records AS told
          LEFT JOIN catalog.datasets AS dataset ON dataset.id = told.dataset_id
         WHERE told.is_public
           AND (dataset.id IS NULL OR NOT catalog.is_public(dataset))
         ORDER BY told.dataset_id
         LIMIT %(limit)s
        """,
        {"limit": FOUND_MAX},
    )
    return [row["found"] for row in rows]


def blobs(tx: Tx) -> list[tuple[str, int]]:
    """SHA-256 and size of every blob whose bytes are kept."""
    rows = tx.execute(
        """
        SELECT sha256, size_bytes
          FROM catalog.blobs
         WHERE removed_at IS NULL
         ORDER BY sha256
        """
    )
    return [(row["sha256"], row["size_bytes"]) for row in rows]


def files_of_versions(tx: Tx) -> list[tuple[str, str, str]]:
    """Distribution, path and SHA-256 of every file of every version."""
    rows = tx.execute(
        """
        SELECT v.distribution_id::text AS distribution, f.path, f.sha256
          FROM catalog.version_files f
          JOIN catalog.versions v ON v.id = f.version_id
         ORDER BY v.distribution_id, f.path
        """
    )
    return [(row["distribution"], row["path"], row["sha256"]) for row in rows]
