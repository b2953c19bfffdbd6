"""Lists of `catalog.datasets` for one audience; words are looked for in the index instead."""

from __future__ import annotations

from catalog.audience import Audience
from catalog.dataset import Dataset, DatasetState
from catalog.store.datasets import dataset_of
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


def listed(
    tx: Tx,
    audience: Audience,
    *,
    publisher_id: OrganizationId | None,
    state: DatasetState | None,
    after: DatasetId | None,
    limit: int,
) -> list[Dataset]:
    """Datasets, newest first: their ids sort by time."""
    rows = tx.execute(
        """
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged
          FROM catalog.datasets
         WHERE catalog.is_seen(datasets, %(member_of)s, %(oversees)s, %(departments)s,
                               %(user_id)s)
           AND (%(publisher_id)s::uuid IS NULL OR publisher_id = %(publisher_id)s)
           AND (%(state)s::text IS NULL OR state = %(state)s)
           AND (%(after)s::uuid IS NULL OR id < %(after)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {
            "oversees": audience.oversees,
            "member_of": list(audience.member_of),
            "departments": audience.is_department,
            "user_id": audience.user_id,
            "publisher_id": publisher_id,
            "state": state,
            "after": after,
            "limit": limit,
        },
    )
    return [dataset_of(row) for row in rows]


def count(
    tx: Tx,
    audience: Audience,
    *,
    publisher_id: OrganizationId | None,
    state: DatasetState | None,
) -> int:
    """How many datasets `listed` would give on all its pages."""
    row = tx.execute(
        """
        SELECT count(*) AS datasets
          FROM catalog.datasets
         WHERE catalog.is_seen(datasets, %(member_of)s, %(oversees)s, %(departments)s,
                               %(user_id)s)
           AND (%(publisher_id)s::uuid IS NULL OR publisher_id = %(publisher_id)s)
           AND (%(state)s::text IS NULL OR state = %(state)s)
        """,
        {
            "oversees": audience.oversees,
            "member_of": list(audience.member_of),
            "departments": audience.is_department,
            "user_id": audience.user_id,
            "publisher_id": publisher_id,
            "state": state,
        },
    ).fetchone()
    assert row is not None
    number: int = row["datasets"]
    return number
