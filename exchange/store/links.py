"""Links to delivered files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from exchange.link import Link
from policies.database import Tx
from policies.terms import Purpose


def insert_link(tx: Tx, link: Link) -> None:
    """Keep a new link."""
    tx.execute(
        """
        INSERT INTO exchange.links
               (id, receipt_id, user_id, organization_id, token_id, purpose, made_at, first_use_by,
                bytes_most)
        VALUES (%(id)s, %(receipt_id)s, %(user_id)s, %(organization_id)s, %(token_id)s,
                %(purpose)s, %(made_at)s, %(first_use_by)s, %(bytes_most)s)
        """,
        {
            "id": link.id,
            "receipt_id": link.receipt_id,
            "user_id": link.user_id,
            "organization_id": link.organization_id,
            "token_id": link.token_id,
            "purpose": link.purpose,
            "made_at": link.made_at,
            "first_use_by": link.first_use_by,
            "bytes_most": link.bytes_most,
        },
    )


def get_link(tx: Tx, link_id: UUID) -> Link | None:
    """The link of that id, whatever became of it."""
    row = tx.execute(
        """
        SELECT link.id, link.receipt_id, receipt.result_sha256, link.user_id, link.organization_id,
               link.token_id, link.purpose, link.made_at, link.first_use_by, link.first_used_at,
               link.bytes_most
          FROM exchange.links AS link
          JOIN exchange.receipts AS receipt ON receipt.id = link.receipt_id
         WHERE link.id = %(id)s
        """,
        {"id": link_id},
    ).fetchone()
    if row is None:
        return None
    return Link(
        id=row["id"],
        receipt_id=row["receipt_id"],
        file_sha256=row["result_sha256"],
        user_id=row["user_id"],
        organization_id=row["organization_id"],
        token_id=row["token_id"],
        purpose=Purpose(row["purpose"]) if row["purpose"] else None,
        made_at=row["made_at"],
        first_use_by=row["first_use_by"],
        first_used_at=row["first_used_at"],
        bytes_most=row["bytes_most"],
    )


def use_link(tx: Tx, link_id: UUID, *, size_bytes: int, at: datetime) -> bool:
    """Note that so many bytes are fetched now; False where they are more than is left."""
    used = tx.execute(
        """
        UPDATE exchange.links
           SET first_used_at = COALESCE(first_used_at, %(at)s),
               bytes_sent = bytes_sent + %(size_bytes)s
         WHERE id = %(id)s
           AND bytes_sent + %(size_bytes)s <= bytes_most
        """,
        {"id": link_id, "size_bytes": size_bytes, "at": at},
    )
    return used.rowcount == 1


def delete_old_links(tx: Tx, before: datetime) -> int:
    """Forget links made before a moment; how many."""
    return tx.execute(
        """
        DELETE FROM exchange.links
         WHERE made_at < %(before)s
        """,
        {"before": before},
    ).rowcount
