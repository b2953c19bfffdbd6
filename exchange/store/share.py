"""Tables `exchange.share_heads` and `exchange.duty_needs`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from policies.database import Tx
from policies.terms import DatasetId, OrganizationId, UserId


def share_head(tx: Tx, organization_id: OrganizationId) -> UserId | None:
    """Who was named to release an organisation's answers; None where nobody was."""
    row = tx.execute(
        "SELECT user_id FROM exchange.share_heads WHERE organization_id = %(organization_id)s",
        {"organization_id": organization_id},
    ).fetchone()
    return UserId(row["user_id"]) if row else None


def delete_share_head(tx: Tx, organization_id: OrganizationId) -> None:
    """Name nobody."""
    tx.execute(
        "DELETE FROM exchange.share_heads WHERE organization_id = %(organization_id)s",
        {"organization_id": organization_id},
    )


def insert_share_head(
    tx: Tx,
    organization_id: OrganizationId,
    user_id: UserId,
    *,
    named_by: UserId | None,
    at: datetime,
) -> None:
    """Name somebody."""
    tx.execute(
        """
        INSERT INTO exchange.share_heads (organization_id, user_id, named_by, named_at)
        VALUES (%(organization_id)s, %(user_id)s, %(named_by)s, %(at)s)
        """,
        {
            "organization_id": organization_id,
            "user_id": user_id,
            "named_by": named_by,
            "at": at,
        },
    )


def needs_of(
    tx: Tx, organization_id: OrganizationId, *, limit: int
) -> list[tuple[str, DatasetId, tuple[str, ...] | None]]:
    """Duties of a department with the data and columns that they need."""
    rows = tx.execute(
        """
        SELECT duty, dataset_id, columns
          FROM exchange.duty_needs
         WHERE organization_id = %(organization_id)s
         ORDER BY duty, dataset_id
         LIMIT %(limit)s
        """,
        {"organization_id": organization_id, "limit": limit},
    )
    return [
        (
            row["duty"],
            DatasetId(row["dataset_id"]),
            tuple(row["columns"]) if row["columns"] else None,
        )
        for row in rows
    ]


def columns_needed(
    tx: Tx, organization_id: OrganizationId, duty: str, dataset_id: DatasetId
) -> frozenset[str] | None:
    """The columns that a duty needs of a dataset; None where no such list is kept."""
    row = tx.execute(
        """
        SELECT columns
          FROM exchange.duty_needs
         WHERE organization_id = %(organization_id)s
           AND duty = %(duty)s
           AND dataset_id = %(dataset_id)s
        """,
        {"organization_id": organization_id, "duty": duty, "dataset_id": dataset_id},
    ).fetchone()
    return frozenset(row["columns"]) if row and row["columns"] else None


def put_need(
    tx: Tx,
    organization_id: OrganizationId,
    duty: str,
    dataset_id: DatasetId,
    columns: Sequence[str] | None,
) -> None:
    """Say what a duty needs of a dataset."""
    tx.execute(
        """
        INSERT INTO exchange.duty_needs (organization_id, duty, dataset_id, columns)
        VALUES (%(organization_id)s, %(duty)s, %(dataset_id)s, %(columns)s)
            ON CONFLICT (organization_id, duty, dataset_id) DO UPDATE
           SET columns = excluded.columns
        """,
        {
            "organization_id": organization_id,
            "duty": duty,
            "dataset_id": dataset_id,
            "columns": list(columns) if columns else None,
        },
    )


def delete_need(tx: Tx, organization_id: OrganizationId, duty: str, dataset_id: DatasetId) -> None:
    """Forget what a duty needs of a dataset."""
    tx.execute(
        """
        DELETE FROM exchange.duty_needs
         WHERE organization_id = %(organization_id)s
           AND duty = %(duty)s
           AND dataset_id = %(dataset_id)s
        """,
        {"organization_id": organization_id, "duty": duty, "dataset_id": dataset_id},
    )


def delete_needs(tx: Tx, organization_id: OrganizationId) -> None:
    """Forget what all duties of a department need."""
    tx.execute(
        "DELETE FROM exchange.duty_needs WHERE organization_id = %(organization_id)s",
        {"organization_id": organization_id},
    )
