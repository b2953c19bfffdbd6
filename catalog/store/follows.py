"""Table `catalog.follows`: who follows which person, dataset, theme or organisation."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from policies.database import Tx
from policies.terms import UserId


def insert_follow(tx: Tx, user_id: UserId, kind: str, object_id: UUID, *, at: datetime) -> None:
    """Follow something; following it twice is following it."""
    tx.execute(
        """
        INSERT INTO catalog.follows (user_id, kind, object_id, followed_at)
        VALUES (%(user_id)s, %(kind)s, %(object_id)s, %(at)s)
        ON CONFLICT DO NOTHING
        """,
        {"user_id": user_id, "kind": kind, "object_id": object_id, "at": at},
    )


def delete_follow(tx: Tx, user_id: UserId, kind: str, object_id: UUID) -> bool:
    """Follow it no longer; False where the user did not."""
    taken = tx.execute(
        """
        DELETE FROM catalog.follows
         WHERE user_id = %(user_id)s
           AND kind = %(kind)s
           AND object_id = %(object_id)s
        """,
        {"user_id": user_id, "kind": kind, "object_id": object_id},
    )
    return taken.rowcount == 1


def delete_followers(tx: Tx, kind: str, object_id: UUID) -> None:
    """Forget who followed what is purged."""
    tx.execute(
        "DELETE FROM catalog.follows WHERE kind = %(kind)s AND object_id = %(object_id)s",
        {"kind": kind, "object_id": object_id},
    )


def followed_at(tx: Tx, user_id: UserId, kind: str, object_id: UUID) -> datetime | None:
    """Since when the user follows it; None where they do not."""
    row = tx.execute(
        """
        SELECT followed_at
          FROM catalog.follows
         WHERE user_id = %(user_id)s
           AND kind = %(kind)s
           AND object_id = %(object_id)s
        """,
        {"user_id": user_id, "kind": kind, "object_id": object_id},
    ).fetchone()
    return row["followed_at"] if row else None


def followers_of(tx: Tx, kind: str, object_id: UUID, *, limit: int) -> list[UserId]:
    """Open accounts that follow it, the first to follow first."""
    rows = tx.execute(
        """
        SELECT followed.user_id
          FROM catalog.follows AS followed
          JOIN policies.users AS person ON person.id = followed.user_id
         WHERE followed.kind = %(kind)s
           AND followed.object_id = %(object_id)s
           AND person.is_active
         ORDER BY followed.followed_at, followed.user_id
         LIMIT %(limit)s
        """,
        {"kind": kind, "object_id": object_id, "limit": limit},
    )
    return [row["user_id"] for row in rows]


def count_followers(tx: Tx, kind: str, object_id: UUID) -> int:
    """How many open accounts follow it."""
    row = tx.execute(
        """
        SELECT count(*) AS followers
          FROM catalog.follows AS followed
          JOIN policies.users AS person ON person.id = followed.user_id
         WHERE followed.kind = %(kind)s
           AND followed.object_id = %(object_id)s
           AND person.is_active
        """,
        {"kind": kind, "object_id": object_id},
    ).fetchone()
    assert row is not None
    number: int = row["followers"]
    return number


def followed_by(tx: Tx, user_id: UserId, kind: str, *, limit: int) -> list[UUID]:
    """What of a kind the user follows, the first followed first."""
    rows = tx.execute(
        """
        SELECT object_id
          FROM catalog.follows
         WHERE user_id = %(user_id)s
           AND kind = %(kind)s
         ORDER BY followed_at, object_id
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "kind": kind, "limit": limit},
    )
    return [row["object_id"] for row in rows]


def count_followed(tx: Tx, user_id: UserId) -> int:
    """How many things the user follows."""
    row = tx.execute(
        """
        SELECT count(*) AS followed
          FROM catalog.follows
         WHERE user_id = %(user_id)s
        """,
        {"user_id": user_id},
    ).fetchone()
    assert row is not None
    number: int = row["followed"]
    return number


def seen_at(tx: Tx, user_id: UserId) -> datetime | None:
    """Up to when the user saw what is new; None where they never looked."""
    row = tx.execute(
        "SELECT seen_at FROM catalog.dashboards WHERE user_id = %(user_id)s", {"user_id": user_id}
    ).fetchone()
    return row["seen_at"] if row else None


def set_seen_at(tx: Tx, user_id: UserId, at: datetime) -> None:
    """Note that the user saw what is new; it never goes back."""
    tx.execute(
        """
        INSERT INTO catalog.dashboards AS held (user_id, seen_at)
        VALUES (%(user_id)s, %(at)s)
            ON CONFLICT (user_id)
            DO UPDATE SET seen_at = greatest(held.seen_at, EXCLUDED.seen_at)
        """,
        {"user_id": user_id, "at": at},
    )
