"""Tables `catalog.themes` and `catalog.terms`, and which datasets they hold."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow

from catalog.theme import Term, Theme
from policies.database import Tx
from policies.terms import DatasetId, Text


def themes_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[tuple[DatasetId, Theme]]:
    """Each dataset's themes, by name."""
    rows = tx.execute(
        """
        SELECT held.dataset_id, theme.id, theme.slug, theme.title, theme.description,
               theme.image_url, theme.kind, theme.extras, theme.is_removed, theme.created_by,
               theme.created_at
          FROM catalog.dataset_themes AS held
          JOIN catalog.themes AS theme ON theme.id = held.theme_id
         WHERE held.dataset_id = ANY (%(dataset_ids)s)
           AND NOT theme.is_removed
         ORDER BY held.dataset_id, theme.slug
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [(row["dataset_id"], theme_of(row)) for row in rows]


def terms_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[tuple[DatasetId, Term]]:
    """Each dataset's controlled terms, by vocabulary and name."""
    rows = tx.execute(
        """
        SELECT held.dataset_id, term.id, term.vocabulary_id, term.name
          FROM catalog.dataset_terms AS held
          JOIN catalog.terms AS term ON term.id = held.term_id
         WHERE held.dataset_id = ANY (%(dataset_ids)s)
         ORDER BY held.dataset_id, term.vocabulary_id, term.name
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [(row["dataset_id"], Term(row["id"], row["vocabulary_id"], row["name"])) for row in rows]


def theme_of(row: DictRow) -> Theme:
    """The theme in a row that has all its columns."""
    return Theme(
        id=row["id"],
        slug=row["slug"],
        title=Text.from_map(row["title"]),
        created_at=row["created_at"],
        description=Text.from_map(row["description"]),
        image_url=row["image_url"],
        kind=row["kind"],
        extras=tuple((pair["key"], pair["value"]) for pair in row["extras"]),
        is_removed=row["is_removed"],
        created_by=row["created_by"],
    )
