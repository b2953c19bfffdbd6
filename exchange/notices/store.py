"""Tables `exchange.notices`, `notice_mark` and `notice_preferences`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from exchange.notices.notice import Notice, Preferences, Topic
from policies.database import Tx
from policies.terms import Language, UserId

CONSUMERS_MAX = 1_000


def lock_mark(tx: Tx) -> int:
    """The next leaf to read; whoever holds it reads alone."""
    row = tx.execute("SELECT next_leaf FROM exchange.notice_mark FOR UPDATE").fetchone()
    assert row is not None, "the migration wrote it"
    return int(row["next_leaf"])


def set_mark(tx: Tx, next_leaf: int) -> None:
    """Go on from here."""
    tx.execute(
        "UPDATE exchange.notice_mark SET next_leaf = %(next_leaf)s", {"next_leaf": next_leaf}
    )


def insert_notice(
    tx: Tx,
    *,
    event_id: int,
    user_id: UserId,
    kind: str,
    topic: Topic,
    at: datetime,
    dataset_id: UUID | None,
    subject_id: UUID | None,
    facts: Mapping[str, object],
    is_shown: bool,
    mail_at: datetime | None,
) -> None:
    """Tell one person of one event; a second time nothing happens."""
    tx.execute(
        """
        INSERT INTO exchange.notices
               (event_id, user_id, kind, topic, at, dataset_id, subject_id, facts, is_shown,
                mail_state, mail_next_at)
        VALUES (%(event_id)s, %(user_id)s, %(kind)s, %(topic)s, %(at)s, %(dataset_id)s,
                %(subject_id)s, %(facts)s, %(is_shown)s, %(mail_state)s, %(mail_at)s)
            ON CONFLICT (event_id, user_id) DO NOTHING
        """,
        {
            "event_id": event_id,
            "user_id": user_id,
            "kind": kind,
            "topic": topic,
            "at": at,
            "dataset_id": dataset_id,
            "subject_id": subject_id,
            "facts": Jsonb(dict(facts)),
            "is_shown": is_shown,
            "mail_state": "due" if mail_at else "none",
            "mail_at": mail_at,
        },
    )


def drop_mails(tx: Tx, subject_id: UUID, kind: str) -> None:
    """Send no mail of what was undone, where none went out yet."""
    tx.execute(
        """
        UPDATE exchange.notices
           SET mail_state = 'dropped',
               mail_next_at = NULL
         WHERE subject_id = %(subject_id)s
           AND kind = %(kind)s
           AND mail_state = 'due'
        """,
        {"subject_id": subject_id, "kind": kind},
    )


def notices_of(tx: Tx, user_id: UserId, *, before: UUID | None, limit: int) -> list[Notice]:
    """A person's notices, the newest first."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.notices
         WHERE user_id = %(user_id)s
           AND is_shown
           AND (%(before)s::uuid IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "before": before, "limit": limit},
    )
    return [_notice(row) for row in rows]


def get_notice(tx: Tx, notice_id: UUID, user_id: UserId) -> Notice | None:
    """One notice of a person; None where there is none."""
    row = tx.execute(
        "SELECT * FROM exchange.notices WHERE id = %(id)s AND user_id = %(user_id)s",
        {"id": notice_id, "user_id": user_id},
    ).fetchone()
    return _notice(row) if row else None


def count_unread(tx: Tx, user_id: UserId, *, most: int) -> int:
    """How many of a person's notices were not read, up to `most`."""
    row = tx.execute(
        """
        SELECT count(*) AS unread
          FROM (SELECT 1
                  FROM exchange.notices
                 WHERE user_id = %(user_id)s
                   AND is_shown
                   AND read_at IS NULL
                 LIMIT %(most)s) AS counted
        """,
        {"user_id": user_id, "most": most},
    ).fetchone()
    return int(row["unread"]) if row else 0


def mark_read(tx: Tx, user_id: UserId, notice_ids: Sequence[UUID] | None, at: datetime) -> int:
    """Mark these notices of a person as read, or (None) all of them; how many it were."""
    return tx.execute(
        """
        UPDATE exchange.notices
           SET read_at = %(at)s
         WHERE user_id = %(user_id)s
           AND read_at IS NULL
           AND (%(ids)s::uuid[] IS NULL OR id = ANY(%(ids)s))
        """,
        {
            "user_id": user_id,
            "ids": None if notice_ids is None else list(notice_ids),
            "at": at,
        },
    ).rowcount


def claim_mails(tx: Tx, at: datetime, *, until: datetime, limit: int) -> list[Notice]:
    """Take mails that are due, for one sender; those of a killed one come back after `until`."""
    rows = tx.execute(
        """
        UPDATE exchange.notices
           SET mail_state = 'sending',
               mail_attempts = mail_attempts + 1,
               mail_next_at = %(until)s
         WHERE id IN (SELECT id
                        FROM exchange.notices
                       WHERE mail_state IN ('due', 'sending')
                         AND mail_next_at <= %(at)s
                       ORDER BY mail_next_at, id
                       LIMIT %(limit)s
                         FOR UPDATE SKIP LOCKED)
        RETURNING *
        """,
        {"at": at, "until": until, "limit": limit},
    )
    return sorted((_notice(row) for row in rows), key=lambda one: one.id)


def settle_mail(
    tx: Tx, notice_id: UUID, *, state: str, next_at: datetime | None, error: str
) -> None:
    """Write how a mail went."""
    tx.execute(
        """
        UPDATE exchange.notices
           SET mail_state = %(state)s,
               mail_next_at = %(next_at)s,
               mail_error = %(error)s
         WHERE id = %(id)s
           AND mail_state = 'sending'
        """,
        {"id": notice_id, "state": state, "next_at": next_at, "error": error},
    )


def preferences_of(tx: Tx, user_id: UserId) -> Preferences:
    """How a person wants to be told."""
    row = tx.execute(
        """
        SELECT language, shown_topics, mailed_topics
          FROM exchange.notice_preferences
         WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    ).fetchone()
    if row is None:
        return Preferences()
    return Preferences(
        Language(row["language"]),
        frozenset(map(Topic, row["shown_topics"])),
        frozenset(map(Topic, row["mailed_topics"])),
    )


def put_preferences(tx: Tx, user_id: UserId, preferences: Preferences) -> None:
    """Keep how a person wants to be told."""
    tx.execute(
        """
        INSERT INTO exchange.notice_preferences (user_id, language, shown_topics, mailed_topics)
        VALUES (%(user_id)s, %(language)s, %(shown)s, %(mailed)s)
            ON CONFLICT (user_id) DO UPDATE
           SET language = excluded.language,
               shown_topics = excluded.shown_topics,
               mailed_topics = excluded.mailed_topics
        """,
        {
            "user_id": user_id,
            "language": preferences.language.value,
            "shown": sorted(preferences.shown),
            "mailed": sorted(preferences.mailed),
        },
    )


def publisher_of(tx: Tx, dataset_id: UUID) -> UUID | None:
    """Who publishes a dataset; None where it is gone."""
    row = tx.execute(
        "SELECT publisher_id FROM catalog.datasets WHERE id = %(id)s", {"id": dataset_id}
    ).fetchone()
    return row["publisher_id"] if row else None


def consumers_of(tx: Tx, dataset_id: UUID, at: datetime) -> list[UUID]:
    """Who has an agreement in force on a dataset."""
    rows = tx.execute(
        """
        SELECT DISTINCT consumer_id
          FROM policies.agreements
         WHERE dataset_id = %(dataset_id)s
           AND state = 'active'
           AND starts_at <= %(at)s
           AND ends_at > %(at)s
         ORDER BY consumer_id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "at": at, "limit": CONSUMERS_MAX},
    )
    return [row["consumer_id"] for row in rows]


def _notice(row: dict[str, Any]) -> Notice:
    return Notice(
        id=row["id"],
        event_id=row["event_id"],
        user_id=UserId(row["user_id"]),
        kind=row["kind"],
        topic=Topic(row["topic"]),
        at=row["at"],
        dataset_id=row["dataset_id"],
        subject_id=row["subject_id"],
        facts=row["facts"],
        read_at=row["read_at"],
        mail_attempts=row["mail_attempts"],
    )
