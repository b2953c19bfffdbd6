"""Finding rows of `catalog.datasets` by words, for one audience."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.audience import Audience
from catalog.dataset import Dataset, DatasetState
from catalog.store.datasets import dataset_of
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


@dataclass(frozen=True, slots=True)
class Hit:
    """A dataset that was found, and how well it fits."""

    dataset: Dataset
    rank: float


def find(
    tx: Tx,
    words: str,
    audience: Audience,
    *,
    publisher_id: OrganizationId | None,
    state: DatasetState | None,
    after: tuple[float, DatasetId] | None,
    limit: int,
) -> list[Hit]:
    """Datasets that hold all `words` (a `tsquery`; empty: all), best first, then newest."""
    rank, last_id = after if after is not None else (None, None)
    rows = tx.execute(
        """
        WITH found AS (
            SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis,
                   open_type, open_basis, update_cycle, licence, keywords, state, state_reason,
                   created_by, created_at, modified_at, issued, audience, directory, reader_ids,
                   editor_ids, submitted_by, reviewed_by, reviewed_at, is_purged,
                   CASE WHEN %(words)s = '' THEN 0::real
                        ELSE ts_rank('{0.05, 0.2, 0.5, 1}', search_words, %(words)s::tsquery, 1)
                   END AS rank
              FROM catalog.datasets
             WHERE (%(words)s = '' OR search_words @@ %(words)s::tsquery)
               AND catalog.is_seen(datasets, %(member_of)s, %(oversees)s, %(departments)s,
                                   %(user_id)s)
               AND (%(publisher_id)s::uuid IS NULL OR publisher_id = %(publisher_id)s)
               AND (%(state)s::text IS NULL OR state = %(state)s)
        )
        SELECT id, slug, title, summary, publisher_id, grade, share_type, share_basis, open_type,
               open_basis, update_cycle, licence, keywords, state, state_reason, created_by,
               created_at, modified_at, issued, audience, directory, reader_ids, editor_ids,
               submitted_by, reviewed_by, reviewed_at, is_purged, rank
          FROM found
         WHERE %(last_id)s::uuid IS NULL
            OR (rank, id) < (%(rank)s::real, %(last_id)s::uuid)
         ORDER BY rank DESC, id DESC
         LIMIT %(limit)s
        """,
        {
            "words": words,
            "oversees": audience.oversees,
            "member_of": list(audience.member_of),
            "departments": audience.is_department,
            "user_id": audience.user_id,
            "publisher_id": publisher_id,
            "state": state,
            "rank": rank,
            "last_id": last_id,
            "limit": limit,
        },
    )
    return [Hit(dataset_of(row), row["rank"]) for row in rows]


def count(
    tx: Tx,
    words: str,
    audience: Audience,
    *,
    publisher_id: OrganizationId | None,
    state: DatasetState | None,
) -> int:
    """How many datasets `find` would give on all its pages."""
    row = tx.execute(
        """
        SELECT count(*) AS datasets
          FROM catalog.datasets
         WHERE (%(words)s = '' OR search_words @@ %(words)s::tsquery)
           AND catalog.is_seen(datasets, %(member_of)s, %(oversees)s, %(departments)s,
                                   %(user_id)s)
           AND (%(publisher_id)s::uuid IS NULL OR publisher_id = %(publisher_id)s)
           AND (%(state)s::text IS NULL OR state = %(state)s)
        """,
        {
            "words": words,
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
