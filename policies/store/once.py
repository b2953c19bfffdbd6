"""Idempotency keys."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from policies.canonical import Plain
from policies.database import Tx


def insert_key(tx: Tx, owner: str, key: str, *, request_sha256: str, at: datetime) -> bool:
    """Take a key; False where it is taken. Waits for a transaction that is taking it."""
    inserted = tx.execute(
        """
        INSERT INTO policies.idempotency_keys (owner, key, request_sha256, created_at)
        VALUES (%(owner)s, %(key)s, %(request_sha256)s, %(at)s)
        ON CONFLICT DO NOTHING
        """,
        {"owner": owner, "key": key, "request_sha256": request_sha256, "at": at},
    )
    return inserted.rowcount == 1


def lock_key(tx: Tx, owner: str, key: str) -> DictRow | None:
    """What is known of a key, held until the transaction ends; None where it was never taken."""
    return tx.execute(
        """
        SELECT request_sha256, response, created_at
          FROM policies.idempotency_keys
         WHERE owner = %(owner)s
           AND key = %(key)s
           FOR UPDATE
        """,
        {"owner": owner, "key": key},
    ).fetchone()


def restart_key(tx: Tx, owner: str, key: str, *, at: datetime) -> None:
    """Let another attempt begin where the first one was never heard of again."""
    tx.execute(
        """
        UPDATE policies.idempotency_keys
           SET created_at = %(at)s
         WHERE owner = %(owner)s
           AND key = %(key)s
        """,
        {"owner": owner, "key": key, "at": at},
    )


def store_response(tx: Tx, owner: str, key: str, response: Plain) -> bool:
    """Keep the answer; False where one is kept already, or the key was never taken."""
    updated = tx.execute(
        """
        UPDATE policies.idempotency_keys
           SET response = %(response)s
         WHERE owner = %(owner)s
           AND key = %(key)s
           AND response IS NULL
        """,
        {"owner": owner, "key": key, "response": Jsonb(response)},
    )
    return updated.rowcount == 1


def delete_open_key(tx: Tx, owner: str, key: str) -> None:
    """Drop a key that has no answer."""
    tx.execute(
        """
        DELETE FROM policies.idempotency_keys
         WHERE owner = %(owner)s
           AND key = %(key)s
           AND response IS NULL
        """,
        {"owner": owner, "key": key},
    )


def delete_unanswered_key(tx: Tx, owner: str, key: str) -> None:
    """Drop a key that has no answer yet."""
    tx.execute(
        """
        DELETE FROM policies.idempotency_keys
         WHERE owner = %(owner)s
           AND key = %(key)s
           AND response IS NULL
        """,
        {"owner": owner, "key": key},
    )


def delete_keys(tx: Tx, before: datetime, *, limit: int) -> int:
    """Drop at most `limit` keys that were taken before that moment; return how many."""
    deleted = tx.execute(
        """
        DELETE FROM policies.idempotency_keys
         WHERE (owner, key) IN (SELECT owner, key
                                  FROM policies.idempotency_keys
                                 WHERE created_at < %(before)s
                                 ORDER BY created_at
                                 LIMIT %(limit)s
                                   FOR UPDATE SKIP LOCKED)
        """,
        {"before": before, "limit": limit},
    )
    return deleted.rowcount
