"""What people ran from the page, for themselves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from exchange.own_query import OwnQuery
from policies.database import Tx
from policies.terms import MicroCredits, UserId


def insert_query(tx: Tx, user_id: UserId, statement: str, receipt_id: UUID, at: datetime) -> None:
    """Keep a statement; one that was kept with the same receipt stays as it is."""
    tx.execute(
        """
        INSERT INTO exchange.own_queries (user_id, statement, receipt_id, asked_at)
        VALUES (%(user_id)s, %(statement)s, %(receipt_id)s, %(at)s)
            ON CONFLICT (user_id, receipt_id) DO NOTHING
        """,
        {"user_id": user_id, "statement": statement, "receipt_id": receipt_id, "at": at},
    )


def delete_older(tx: Tx, user_id: UserId, *, keep: int) -> None:
    """Forget all but the newest."""
    tx.execute(
        """
        DELETE FROM exchange.own_queries
         WHERE user_id = %(user_id)s
           AND id NOT IN (SELECT id
                            FROM exchange.own_queries
                           WHERE user_id = %(user_id)s
                           ORDER BY id DESC
                           LIMIT %(keep)s)
        """,
        {"user_id": user_id, "keep": keep},
    )


def queries_of(tx: Tx, user_id: UserId, *, limit: int) -> list[OwnQuery]:
    """The newest first, with what each gave and cost."""
    rows = tx.execute(
        """
        SELECT asked.id, asked.statement, asked.asked_at, asked.receipt_id,
               receipts.row_count, receipts.charge_microcredits
          FROM exchange.own_queries AS asked
          JOIN exchange.receipts AS receipts ON receipts.id = asked.receipt_id
         WHERE asked.user_id = %(user_id)s
         ORDER BY asked.id DESC
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit},
    )
    return [
        OwnQuery(
            row["id"],
            row["statement"],
            row["asked_at"],
            row["receipt_id"],
            row["row_count"],
            MicroCredits(row["charge_microcredits"]),
        )
        for row in rows
    ]
