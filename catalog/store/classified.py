"""Which themes a dataset is put under; the themes themselves are in `catalog/store/themes.py`."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.theme import ThemeId
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


def clear_themes(tx: Tx, dataset_id: DatasetId) -> None:
    """Take a dataset out of every theme."""
    tx.execute(
        """
        DELETE FROM catalog.dataset_themes
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    )


def put_under(tx: Tx, dataset_id: DatasetId, theme_ids: Sequence[ThemeId]) -> None:
    """Put a dataset under these themes too."""
    tx.execute(
        """
        INSERT INTO catalog.dataset_themes (dataset_id, theme_id)
        SELECT %(dataset_id)s, unnest(%(theme_ids)s::uuid[])
            ON CONFLICT DO NOTHING
        """,
        {"dataset_id": dataset_id, "theme_ids": list(theme_ids)},
    )


def neighbours_of(
    tx: Tx, publisher_id: OrganizationId, dataset_id: DatasetId
) -> tuple[list[str], list[str]]:
    """Titles and codes of a publisher's other records that are not withdrawn."""
    rows = tx.execute(
        """
        SELECT title ->> 'zh' AS zh, title ->> 'en' AS en, directory ->> 'gov_code' AS code
          FROM catalog.datasets
         WHERE publisher_id = %(publisher_id)s
           AND id <> %(dataset_id)s
           AND state <> 'withdrawn'
         ORDER BY id
        """,
        {"publisher_id": publisher_id, "dataset_id": dataset_id},
    ).fetchall()
    titles = [title for row in rows for title in (row["zh"], row["en"]) if title]
    return titles, [row["code"] for row in rows if row["code"]]


def claim_code(tx: Tx, publisher_id: OrganizationId, gov_code: str, dataset_id: DatasetId) -> bool:
    """Whether no other record of the publisher has the code; nobody else claims it meanwhile."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(claim)s, 0))",
        {"claim": f"gov_code {publisher_id} {gov_code}"},
    )
    row = tx.execute(
        """
        SELECT 1
          FROM catalog.datasets
         WHERE publisher_id = %(publisher_id)s
           AND directory ->> 'gov_code' = %(gov_code)s
           AND state <> 'withdrawn'
           AND id <> %(dataset_id)s
         LIMIT 1
        """,
        {"publisher_id": publisher_id, "gov_code": gov_code, "dataset_id": dataset_id},
    ).fetchone()
    return row is None
