"""Tables `catalog.vocabularies` and `catalog.terms`, and the free keywords of datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from catalog.audience import Audience
from catalog.store.themes import audience_values
from catalog.theme import Term, TermId, Vocabulary, VocabularyId
from policies.database import Tx
from policies.terms import DatasetId


def insert_vocabulary(tx: Tx, name: str) -> VocabularyId | None:
    """The id of a new vocabulary; None where another one has the name."""
    row = tx.execute(
        """
        INSERT INTO catalog.vocabularies (name)
        VALUES (%(name)s)
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        {"name": name},
    ).fetchone()
    return row["id"] if row else None


def update_vocabulary(tx: Tx, vocabulary_id: VocabularyId, name: str) -> None:
    """Rename a vocabulary; that the name is free was checked before."""
    tx.execute(
        """
        UPDATE catalog.vocabularies
           SET name = %(name)s
         WHERE id = %(id)s
        """,
        {"id": vocabulary_id, "name": name},
    )


def delete_vocabulary(tx: Tx, vocabulary_id: VocabularyId) -> None:
    """Remove a vocabulary, whose terms are gone."""
    tx.execute("DELETE FROM catalog.vocabularies WHERE id = %(id)s", {"id": vocabulary_id})


def vocabularies(tx: Tx, *, limit: int) -> list[Vocabulary]:
    """Every vocabulary with its terms, by name."""
    rows = tx.execute(
        """
        SELECT vocabulary.id, vocabulary.name,
               (SELECT array_agg(ARRAY[term.id::text, term.name] ORDER BY term.name)
                  FROM catalog.terms AS term
                 WHERE term.vocabulary_id = vocabulary.id) AS terms
          FROM catalog.vocabularies AS vocabulary
         ORDER BY vocabulary.name
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [_vocabulary(row) for row in rows]


def get_vocabulary(tx: Tx, vocabulary_id: VocabularyId) -> Vocabulary | None:
    """The vocabulary of that id with its terms."""
    row = tx.execute(
        """
        SELECT vocabulary.id, vocabulary.name,
               (SELECT array_agg(ARRAY[term.id::text, term.name] ORDER BY term.name)
                  FROM catalog.terms AS term
                 WHERE term.vocabulary_id = vocabulary.id) AS terms
          FROM catalog.vocabularies AS vocabulary
         WHERE vocabulary.id = %(id)s
        """,
        {"id": vocabulary_id},
    ).fetchone()
    return _vocabulary(row) if row else None


def find_vocabulary(tx: Tx, name: str) -> Vocabulary | None:
    """The vocabulary of that name with its terms."""
    row = tx.execute(
        """
        SELECT vocabulary.id, vocabulary.name,
               (SELECT array_agg(ARRAY[term.id::text, term.name] ORDER BY term.name)
                  FROM catalog.terms AS term
                 WHERE term.vocabulary_id = vocabulary.id) AS terms
          FROM catalog.vocabularies AS vocabulary
         WHERE vocabulary.name = %(name)s
        """,
        {"name": name},
    ).fetchone()
    return _vocabulary(row) if row else None


def insert_term(tx: Tx, vocabulary_id: VocabularyId, name: str) -> Term | None:
    """A new term; None where the vocabulary has it."""
    row = tx.execute(
        """
        INSERT INTO catalog.terms (vocabulary_id, name)
        VALUES (%(vocabulary_id)s, %(name)s)
        ON CONFLICT DO NOTHING
        RETURNING id
        """,
        {"vocabulary_id": vocabulary_id, "name": name},
    ).fetchone()
    return Term(row["id"], vocabulary_id, name) if row else None


def get_term(tx: Tx, term_id: TermId) -> Term | None:
    """The term of that id."""
    row = tx.execute(
        """
        SELECT id, vocabulary_id, name
          FROM catalog.terms
         WHERE id = %(id)s
        """,
        {"id": term_id},
    ).fetchone()
    return Term(row["id"], row["vocabulary_id"], row["name"]) if row else None


def delete_terms(tx: Tx, term_ids: Sequence[TermId]) -> None:
    """Remove terms, also from the datasets that carry them."""
    tx.execute(
        "DELETE FROM catalog.dataset_terms WHERE term_id = ANY (%(ids)s)", {"ids": list(term_ids)}
    )
    tx.execute("DELETE FROM catalog.terms WHERE id = ANY (%(ids)s)", {"ids": list(term_ids)})


def datasets_with_terms(tx: Tx, term_ids: Sequence[TermId]) -> list[DatasetId]:
    """Every dataset that carries one of these terms, whoever sees it, by id."""
    rows = tx.execute(
        """
        SELECT DISTINCT dataset_id
          FROM catalog.dataset_terms
         WHERE term_id = ANY (%(ids)s)
         ORDER BY dataset_id
        """,
        {"ids": list(term_ids)},
    )
    return [row["dataset_id"] for row in rows]


def published_with_term(
    tx: Tx, term_id: TermId, audience: Audience, *, limit: int
) -> list[DatasetId]:
    """Published datasets that carry the term and the audience sees, the last changed first."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.dataset_terms AS held
          JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
         WHERE held.term_id = %(term_id)s
           AND dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.modified_at DESC, dataset.id
         LIMIT %(limit)s
        """,
        {"term_id": term_id, "limit": limit, **audience_values(audience)},
    )
    return [row["id"] for row in rows]


def published_with_keyword(
    tx: Tx, keyword: str, audience: Audience, *, limit: int
) -> list[DatasetId]:
    """Published datasets that have the keyword and the audience sees, the last changed first."""
    rows = tx.execute(
        """
        SELECT dataset.id
          FROM catalog.datasets AS dataset
         WHERE %(keyword)s = ANY (dataset.keywords)
           AND dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.modified_at DESC, dataset.id
         LIMIT %(limit)s
        """,
        {"keyword": keyword, "limit": limit, **audience_values(audience)},
    )
    return [row["id"] for row in rows]


def keywords(tx: Tx, audience: Audience, *, containing: Sequence[str], limit: int) -> list[str]:
    """Keywords of published datasets that the audience sees, by name, that hold all these texts."""
    rows = tx.execute(
        """
        SELECT DISTINCT keyword COLLATE "C" AS keyword
          FROM catalog.datasets AS dataset, unnest(dataset.keywords) AS keyword
         WHERE dataset.state = 'published'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
           AND NOT EXISTS (SELECT FROM unnest(%(containing)s::text[]) AS part
                            WHERE strpos(lower(keyword), lower(part)) = 0)
         ORDER BY keyword
         LIMIT %(limit)s
        """,
        {"containing": list(containing), "limit": limit, **audience_values(audience)},
    )
    return [row["keyword"] for row in rows]


def _vocabulary(row: dict[str, Any]) -> Vocabulary:
    return Vocabulary(
        id=row["id"],
        name=row["name"],
        terms=tuple(Term(TermId(UUID(pair[0])), row["id"], pair[1]) for pair in row["terms"] or ()),
    )
