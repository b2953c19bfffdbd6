"""Tables `catalog.questions`, `catalog.answers` and `catalog.reuses`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow

from catalog.talk.talk import (
    Answer,
    AnswerId,
    Picture,
    Question,
    QuestionId,
    Reuse,
    ReuseId,
)
from policies.database import Tx
from policies.terms import DatasetId, UserId


def insert_question(
    tx: Tx, dataset_id: DatasetId, body: str, *, by: UserId, at: datetime
) -> QuestionId:
    """Add a question."""
    row = tx.execute(
        """
        INSERT INTO catalog.questions (dataset_id, body, asked_by, asked_at)
        VALUES (%(dataset_id)s, %(body)s, %(by)s, %(at)s)
        RETURNING id
        """,
        {"dataset_id": dataset_id, "body": body, "by": by, "at": at},
    ).fetchone()
    assert row is not None
    return QuestionId(row["id"])


def insert_answer(
    tx: Tx, question_id: QuestionId, body: str, *, is_official: bool, by: UserId, at: datetime
) -> AnswerId:
    """Add an answer."""
    row = tx.execute(
        """
        INSERT INTO catalog.answers (question_id, body, is_official, answered_by, answered_at)
        VALUES (%(question_id)s, %(body)s, %(is_official)s, %(by)s, %(at)s)
        RETURNING id
        """,
        {
            "question_id": question_id,
            "body": body,
            "is_official": is_official,
            "by": by,
            "at": at,
        },
    ).fetchone()
    assert row is not None
    return AnswerId(row["id"])


def insert_reuse(tx: Tx, reuse: Reuse, picture: Picture | None) -> ReuseId | None:
    """Add a reuse; None where the dataset has one of that address."""
    row = tx.execute(
        """
        INSERT INTO catalog.reuses
               (dataset_id, title, link, maker, picture, picture_type, added_by, added_at)
        VALUES (%(dataset_id)s, %(title)s, %(link)s, %(maker)s, %(picture)s, %(picture_type)s,
                %(added_by)s, %(added_at)s)
            ON CONFLICT (dataset_id, link) DO NOTHING
        RETURNING id
        """,
        {
            "dataset_id": reuse.dataset_id,
            "title": reuse.title,
            "link": reuse.link,
            "maker": reuse.maker,
            "picture": picture.content if picture else None,
            "picture_type": picture.media_type if picture else None,
            "added_by": reuse.added_by,
            "added_at": reuse.added_at,
        },
    ).fetchone()
    return None if row is None else ReuseId(row["id"])


def get_question(tx: Tx, question_id: QuestionId) -> Question | None:
    """The question without its answers; None where there is none."""
    row = tx.execute(
        """
        SELECT id, dataset_id, body, asked_by, asked_at, hidden_reason
          FROM catalog.questions
         WHERE id = %(id)s
        """,
        {"id": question_id},
    ).fetchone()
    return None if row is None else _question(row)


def questions_of(tx: Tx, dataset_id: DatasetId, *, with_hidden: bool, limit: int) -> list[Question]:
    """The questions about a dataset without their answers, newest first."""
    rows = tx.execute(
        """
        SELECT id, dataset_id, body, asked_by, asked_at, hidden_reason
          FROM catalog.questions
         WHERE dataset_id = %(dataset_id)s
           AND (%(with_hidden)s OR hidden_reason = '')
         ORDER BY asked_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "with_hidden": with_hidden, "limit": limit},
    )
    return [_question(row) for row in rows]


def answers_of(
    tx: Tx, question_ids: Sequence[QuestionId], *, with_hidden: bool
) -> list[tuple[QuestionId, Answer]]:
    """The answers to these questions, oldest first."""
    rows = tx.execute(
        """
        SELECT id, question_id, body, is_official, answered_by, answered_at, hidden_reason
          FROM catalog.answers
         WHERE question_id = ANY (%(question_ids)s)
           AND (%(with_hidden)s OR hidden_reason = '')
         ORDER BY answered_at, id
        """,
        {"question_ids": list(question_ids), "with_hidden": with_hidden},
    )
    return [
        (
            QuestionId(row["question_id"]),
            Answer(
                id=AnswerId(row["id"]),
                body=row["body"],
                is_official=row["is_official"],
                answered_by=row["answered_by"],
                answered_at=row["answered_at"],
                hidden_reason=row["hidden_reason"],
            ),
        )
        for row in rows
    ]


def reuses_of(tx: Tx, dataset_id: DatasetId, *, with_hidden: bool, limit: int) -> list[Reuse]:
    """The reuses of a dataset without their pictures, newest first."""
    rows = tx.execute(
        """
        SELECT id, dataset_id, title, link, maker, picture IS NOT NULL AS has_picture, added_by,
               added_at, hidden_reason
          FROM catalog.reuses
         WHERE dataset_id = %(dataset_id)s
           AND (%(with_hidden)s OR hidden_reason = '')
         ORDER BY added_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "with_hidden": with_hidden, "limit": limit},
    )
    return [
        Reuse(
            id=ReuseId(row["id"]),
            dataset_id=row["dataset_id"],
            title=row["title"],
            link=row["link"],
            maker=row["maker"],
            has_picture=row["has_picture"],
            added_by=row["added_by"],
            added_at=row["added_at"],
            hidden_reason=row["hidden_reason"],
        )
        for row in rows
    ]


def picture_of(
    tx: Tx, dataset_id: DatasetId, reuse_id: ReuseId, *, with_hidden: bool
) -> Picture | None:
    """The picture of a reuse of that dataset; None where there is none."""
    row = tx.execute(
        """
        SELECT picture, picture_type
          FROM catalog.reuses
         WHERE id = %(id)s
           AND dataset_id = %(dataset_id)s
           AND picture IS NOT NULL
           AND (%(with_hidden)s OR hidden_reason = '')
        """,
        {"id": reuse_id, "dataset_id": dataset_id, "with_hidden": with_hidden},
    ).fetchone()
    return None if row is None else Picture(row["picture_type"], bytes(row["picture"]))


def posts_since(tx: Tx, author: UserId, since: datetime) -> int:
    """How much somebody wrote after `since`, about any dataset."""
    row = tx.execute(
        """
        SELECT (SELECT count(*) FROM catalog.questions
                 WHERE asked_by = %(author)s AND asked_at > %(since)s)
             + (SELECT count(*) FROM catalog.answers
                 WHERE answered_by = %(author)s AND answered_at > %(since)s)
             + (SELECT count(*) FROM catalog.reuses
                 WHERE added_by = %(author)s AND added_at > %(since)s) AS posts
        """,
        {"author": author, "since": since},
    ).fetchone()
    assert row is not None
    posts: int = row["posts"]
    return posts


def count_questions(tx: Tx, dataset_id: DatasetId) -> int:
    """How many questions a dataset has, hidden ones too."""
    row = tx.execute(
        """
        SELECT count(*) AS questions
          FROM catalog.questions
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    assert row is not None
    questions: int = row["questions"]
    return questions


def count_reuses(tx: Tx, dataset_id: DatasetId) -> int:
    """How many reuses a dataset has, hidden ones too."""
    row = tx.execute(
        """
        SELECT count(*) AS reuses
          FROM catalog.reuses
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    assert row is not None
    reuses: int = row["reuses"]
    return reuses


def hide_question(
    tx: Tx, dataset_id: DatasetId, question_id: QuestionId, hidden_reason: str
) -> bool:
    """Hide a question of that dataset, or (empty reason) show it; False where there is none."""
    changed = tx.execute(
        """
        UPDATE catalog.questions
           SET hidden_reason = %(hidden_reason)s
         WHERE id = %(id)s
           AND dataset_id = %(dataset_id)s
        """,
        {"id": question_id, "dataset_id": dataset_id, "hidden_reason": hidden_reason},
    )
    return changed.rowcount == 1


def hide_answer(tx: Tx, dataset_id: DatasetId, answer_id: AnswerId, hidden_reason: str) -> bool:
    """Hide an answer about that dataset, or (empty reason) show it; False where there is none."""
    changed = tx.execute(
        """
        UPDATE catalog.answers AS answer
           SET hidden_reason = %(hidden_reason)s
          FROM catalog.questions AS question
         WHERE answer.id = %(id)s
           AND question.id = answer.question_id
           AND question.dataset_id = %(dataset_id)s
        """,
        {"id": answer_id, "dataset_id": dataset_id, "hidden_reason": hidden_reason},
    )
    return changed.rowcount == 1


def hide_reuse(tx: Tx, dataset_id: DatasetId, reuse_id: ReuseId, hidden_reason: str) -> bool:
    """Hide a reuse of that dataset, or (empty reason) show it; False where there is none."""
    changed = tx.execute(
        """
        UPDATE catalog.reuses
           SET hidden_reason = %(hidden_reason)s
         WHERE id = %(id)s
           AND dataset_id = %(dataset_id)s
        """,
        {"id": reuse_id, "dataset_id": dataset_id, "hidden_reason": hidden_reason},
    )
    return changed.rowcount == 1


def _question(row: DictRow) -> Question:
    return Question(
        id=QuestionId(row["id"]),
        dataset_id=row["dataset_id"],
        body=row["body"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        hidden_reason=row["hidden_reason"],
    )
